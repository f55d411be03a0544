//! The tables of `docs/reference.md`: the fields of each kind, from the CRDs.

use std::fmt::Write as _;

use jira_operator::api::crd;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};

use super::{blocks, files, read, wrap::fill};

/// The page with its tables written anew.
pub fn page() -> String {
    let kinds = crd::all();
    let of = |crd: &CustomResourceDefinition| (crd.spec.names.kind.clone(), kind(crd));
    let tables: Vec<(String, String)> = kinds.iter().map(of).collect();
    let tables: Vec<(&str, String)> = tables
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    blocks::page("docs/reference.md", &tables)
}

fn kind(crd: &CustomResourceDefinition) -> String {
    let schema = schema(crd);
    let mut text = fill(schema.description.as_deref().unwrap_or_default());
    text.push_str(&names(crd));
    for part in ["spec", "status"] {
        let mut fields = Vec::new();
        descend(part, root(crd, part), &mut fields);
        let _ = write!(text, "\n### {} {part}\n\n{}", crd.spec.names.kind, table(part, &fields));
    }
    let mut rules = Vec::new();
    collect_rules(schema, &mut rules);
    if !rules.is_empty() {
        text.push_str("\nWhat the API server refuses, in its words:\n\n");
        text.extend(
            rules
                .iter()
                .map(|rule| fill(&format!("- {rule}.")).replace('\n', "\n  ").trim_end().to_owned() + "\n"),
        );
    }
    text
}

fn schema(crd: &CustomResourceDefinition) -> &JSONSchemaProps {
    let version = crd.spec.versions.first().unwrap();
    version.schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap()
}

/// The schema of `spec` or `status`.
fn root<'a>(crd: &'a CustomResourceDefinition, part: &str) -> &'a JSONSchemaProps {
    schema(crd).properties.as_ref().unwrap().get(part).unwrap()
}

/// How the kind is called on the command line, and the columns of `kubectl get`.
fn names(crd: &CustomResourceDefinition) -> String {
    let names = &crd.spec.names;
    let short: Vec<String> = names
        .short_names
        .iter()
        .flatten()
        .map(|name| format!("`{name}`"))
        .collect();
    let mut text = format!("\n`kubectl get {}`, in short {}", names.plural, short.join(", "));
    for category in names.categories.iter().flatten() {
        let _ = write!(text, "; among `kubectl get {category}`");
    }
    text.push_str(".\n\n| column | shows | |\n|---|---|---|\n");
    let version = crd.spec.versions.first().unwrap();
    for column in version.additional_printer_columns.iter().flatten() {
        let path = column.json_path.trim_start_matches('.').replace('|', "\\|");
        let wide = if column.priority.unwrap_or(0) > 0 {
            "with `-o wide`"
        } else {
            ""
        };
        let what = column
            .description
            .as_deref()
            .map_or(String::new(), |what| format!(": {what}"));
        let _ = writeln!(text, "| {} | `{path}`{what} | {wide} |", column.name.to_uppercase());
    }
    let selectable: Vec<String> = version
        .selectable_fields
        .iter()
        .flatten()
        .map(|field| format!("`{}`", field.json_path.trim_start_matches('.')))
        .collect();
    if !selectable.is_empty() {
        text.push('\n');
        text.push_str(&fill(&format!(
            "Fields for `--field-selector`: {}.",
            selectable.join(", ")
        )));
    }
    text
}

/// A field: its path, whether its parent requires it, and its schema.
type Field<'a> = (String, bool, &'a JSONSchemaProps);

/// The fields of an object, each before those below it. Conditions are the same in every kind and are described
/// in a page of their own.
fn descend<'a>(path: &str, schema: &'a JSONSchemaProps, into: &mut Vec<Field<'a>>) {
    let required = schema.required.iter().flatten().collect::<Vec<_>>();
    for (name, property) in schema.properties.iter().flatten() {
        let below = format!("{path}.{name}");
        into.push((below.clone(), required.contains(&name), property));
        if name == "conditions" {
            continue;
        }
        match items(property) {
            Some(item) => descend(&format!("{below}[]"), item, into),
            None => descend(&below, property, into),
        }
    }
}

fn items(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => Some(item),
        _ => None,
    }
}

/// The fields of one part, with their defaults where people write them.
fn table(part: &str, fields: &[Field]) -> String {
    let is_written = part == "spec";
    let mut text = String::from(if is_written {
        "| field | type | default | says |\n|---|---|---|---|\n"
    } else {
        "| field | type | says |\n|---|---|---|\n"
    });
    for (path, required, schema) in fields {
        let default = match &schema.default {
            Some(value) => format!("`{}`", value.0.to_string().trim_matches('"')),
            None if *required => "required".to_owned(),
            None => String::new(),
        };
        let default = if is_written {
            format!(" {default} |")
        } else {
            String::new()
        };
        let says = schema.description.as_deref().unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(text, "| `{path}` | {} |{default} {says} |", type_of(path, schema));
    }
    text
}

/// The type with its bounds.
fn type_of(path: &str, schema: &JSONSchemaProps) -> String {
    if path == "status.conditions" {
        return "[conditions](status.md)".to_owned();
    }
    let values: Vec<String> = schema
        .enum_
        .iter()
        .flatten()
        .map(|value| format!("`{}`", value.0.as_str().unwrap_or_default()))
        .collect();
    if let Some((last, others)) = values.split_last() {
        return format!("{} or {last}", others.join(", "));
    }
    let kind = match (schema.format.as_deref(), schema.type_.as_deref()) {
        (Some("date-time"), _) => "time".to_owned(),
        (_, Some("array")) => items(schema).map_or("list".to_owned(), |item| format!("list of {}s", type_of("", item))),
        (_, kind) => kind.unwrap_or("any").to_owned(),
    };
    let bounds = [
        schema.minimum.map(|least| format!("at least {least}")),
        schema.maximum.map(|most| format!("at most {most}")),
        schema
            .max_length
            .filter(|_| !path.is_empty())
            .map(|most| format!("at most {most} characters")),
        schema.min_items.map(|least| format!("at least {least}")),
        schema.max_items.map(|most| format!("at most {most}")),
    ];
    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
    if bounds.is_empty() {
        kind
    } else {
        format!("{kind}, {}", bounds.join(", "))
    }
}

/// The messages of the rules that the schema cannot say.
fn collect_rules(schema: &JSONSchemaProps, into: &mut Vec<String>) {
    for rule in schema.x_kubernetes_validations.iter().flatten() {
        into.extend(rule.message.clone());
    }
    for property in schema.properties.iter().flatten().map(|(_, property)| property) {
        collect_rules(property, into);
    }
    if let Some(item) = items(schema) {
        collect_rules(item, into);
    }
}

#[test]
fn every_field_of_a_kind_has_its_row() {
    for crd in crd::all() {
        let text = kind(&crd);
        for part in ["spec", "status"] {
            let fields = root(&crd, part).properties.iter().flatten();
            for (name, field) in fields {
                let row = format!("| `{part}.{name}` |");
                assert!(field.description.is_some() && text.contains(&row), "{part}.{name}");
            }
        }
    }
}

/// What a guide says of a field by hand: its name or path, its default, and the most that it may be.
struct Said {
    field: String,
    default: String,
    most: Option<String>,
}

impl Said {
    /// From prose, such as: `maxObjects` (500 by default, at most 5,000).
    fn in_prose(text: &str) -> Vec<Self> {
        let numbers = |text: &str| text.replace(',', "");
        let mut all = Vec::new();
        for (at, _) in text.match_indices(" by default") {
            let (before, after) = (&text[..at], &text[at + " by default".len()..]);
            let Some((before, default)) = before.rsplit_once("` (") else {
                continue;
            };
            let is_value = !default.is_empty() && default.chars().all(|one| one.is_alphanumeric() || one == ',');
            if is_value {
                let most = after.strip_prefix(", at most ").and_then(|most| most.split(')').next());
                all.push(Self {
                    field: before.rsplit('`').next().unwrap().to_owned(),
                    default: numbers(default),
                    most: most.map(numbers),
                });
            }
        }
        all
    }

    /// From a table that has the field as its head, and the default among its rows.
    fn in_tables(text: &str) -> Vec<Self> {
        let mut head = None;
        let mut all = Vec::new();
        for line in text.lines() {
            let first = line.strip_prefix("| `").and_then(|line| line.split_once('`'));
            match (first, head) {
                _ if !line.starts_with('|') => head = None,
                (Some((field, " | |")), _) => head = Some(field),
                (Some((value, rest)), Some(field)) if rest.starts_with(" (default)") => all.push(Self {
                    field: field.to_owned(),
                    default: value.to_owned(),
                    most: None,
                }),
                _ => {}
            }
        }
        all
    }

    /// Whether a field is meant, and is so.
    fn is_true_of(&self, (path, _, schema): &Field) -> bool {
        let is_meant = *path == self.field || path.ends_with(&format!(".{}", self.field));
        let default = schema.default.as_ref().map(|value| value.0.to_string());
        let most = schema.maximum.map(|most| most.to_string());
        is_meant
            && default.is_some_and(|default| default.trim_matches('"') == self.default)
            && (self.most.is_none() || self.most == most)
    }
}

#[test]
fn guides_name_the_defaults_and_the_bounds_that_fields_have() {
    let kinds = crd::all();
    let mut fields = Vec::new();
    for kind in &kinds {
        descend("spec", root(kind, "spec"), &mut fields);
    }
    let mut all = Vec::new();
    for guide in files("docs", "md").into_iter().chain(["README.md".into()]) {
        let text = read(&guide);
        for said in Said::in_prose(&text).into_iter().chain(Said::in_tables(&text)) {
            assert!(
                fields.iter().any(|field| said.is_true_of(field)),
                "{} says of {} that its default is {}, and the most {:?}",
                guide.display(),
                said.field,
                said.default,
                said.most
            );
            all.push(said.field);
        }
    }
    for field in ["maxObjects", "spec.issues.mirror"] {
        assert!(
            all.iter().any(|said| said == field),
            "no guide says it of {field}: {all:?}"
        );
    }
}
