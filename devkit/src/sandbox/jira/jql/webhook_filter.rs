//! The filter of a dynamic webhook: far less of JQL than search takes, and a value that nothing has is no mistake.

use serde_json::Value;

use super::parser::{Clause, Condition, Operand, Operator, parse};
use crate::sandbox::world::{Issue, Project, Site};

/// The fields that a filter may name, in lower case, beside `issue.property[key].path`.
const FIELDS: [&str; 7] = [
    "issuekey",
    "project",
    "issuetype",
    "status",
    "priority",
    "assignee",
    "reporter",
];
const PROPERTY: &str = "issue.property";

/// A filter that Jira takes.
#[derive(Debug)]
pub(crate) struct WebhookFilter(Condition);

impl WebhookFilter {
    /// Reads a filter; the errors are Jira's.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<String>> {
        let query = parse(text).map_err(|error| vec![error])?;
        let Some(condition) = query.condition else {
            return Err(vec!["The JQL filter must not be empty".to_owned()]);
        };
        let mut errors = Vec::new();
        if !query.order.is_empty() {
            errors.push("The clause order by is unsupported".to_owned());
        }
        check(&condition, &mut errors);
        if errors.is_empty() {
            Ok(Self(condition))
        } else {
            Err(errors)
        }
    }

    /// Whether it lets an issue through, which is or was in this project.
    pub(crate) fn meets(&self, site: &Site, project: &Project, issue: &Issue) -> bool {
        meets(&self.0, &|clause| own_values(site, project, issue, &clause.field))
    }
}

fn check(condition: &Condition, errors: &mut Vec<String>) {
    match condition {
        Condition::And(inner) | Condition::Or(inner) => inner.iter().for_each(|inner| check(inner, errors)),
        Condition::Not(inner) => check(inner, errors),
        Condition::Clause(clause) => check_clause(clause, errors),
    }
}

fn check_clause(clause: &Clause, errors: &mut Vec<String>) {
    let field = clause.field.as_str();
    if !FIELDS.contains(&field) && !field.starts_with(PROPERTY) {
        errors.push(format!("The clause {field} is unsupported"));
    }
    if !matches!(
        clause.operator,
        Operator::Equal | Operator::NotEqual | Operator::In | Operator::NotIn
    ) {
        errors.push(format!("Operator {} is unsupported", clause.operator.sign()));
    }
    for value in &clause.values {
        if let Operand::Function(name) = value {
            errors.push(format!("The function {name} is unsupported"));
        }
    }
}

fn meets(condition: &Condition, own: &impl Fn(&Clause) -> Vec<String>) -> bool {
    match condition {
        Condition::And(inner) => inner.iter().all(|inner| meets(inner, own)),
        Condition::Or(inner) => inner.iter().any(|inner| meets(inner, own)),
        Condition::Not(inner) => !meets(inner, own),
        Condition::Clause(clause) => {
            let own = own(clause);
            let is = |value: &Operand| match value {
                Operand::Text(text) => own.iter().any(|own| own.to_lowercase() == text.to_lowercase()),
                Operand::Empty => own.is_empty(),
                Operand::Function(_) => false,
            };
            let met = clause.values.iter().any(is);
            // As everywhere in JQL: what is empty is not unlike something.
            match clause.operator {
                Operator::NotEqual | Operator::NotIn => !met && !own.is_empty(),
                _ => met,
            }
        }
    }
}

/// What the issue has in a field, by each of its names.
fn own_values(site: &Site, project: &Project, issue: &Issue, field: &str) -> Vec<String> {
    let text = |value: &str| value.to_owned();
    match field {
        "issuekey" => vec![issue.id.to_string(), format!("{}-{}", project.key, issue.number)],
        "project" => {
            let keys = std::iter::once(&project.key).chain(&project.former_keys).cloned();
            keys.chain([project.id.to_string(), project.name.clone()]).collect()
        }
        "issuetype" => {
            let name = project.workflow.issue_type(&issue.type_id).map(|kind| text(&kind.name));
            std::iter::once(text(&issue.type_id)).chain(name).collect()
        }
        "status" => {
            let name = project
                .workflow
                .status(&issue.status_id)
                .map(|status| text(&status.name));
            std::iter::once(text(&issue.status_id)).chain(name).collect()
        }
        "priority" => {
            let id = issue.priority_id.as_deref();
            id.map(text)
                .into_iter()
                .chain(id.and_then(|id| site.priority(id)))
                .collect()
        }
        "assignee" => issue.assignee.iter().cloned().collect(),
        "reporter" => issue.reporter.iter().cloned().collect(),
        property => property_at(issue, property).into_iter().collect(),
    }
}

/// The value at `issue.property[key].path`; the parser has put the whole into lower case.
fn property_at(issue: &Issue, field: &str) -> Option<String> {
    let (key, path) = field.strip_prefix(PROPERTY)?.strip_prefix('[')?.split_once(']')?;
    let own = issue.properties.iter().find(|(own, _)| own.to_lowercase() == key)?.1;
    let mut steps = path.split('.').filter(|step| !step.is_empty());
    let found = steps.try_fold(own, |value, step| {
        let mut parts = value.as_object()?.iter();
        parts
            .find(|(name, _)| name.to_lowercase() == step)
            .map(|(_, part)| part)
    })?;
    match found {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sandbox::world::{SITE, seeded};

    #[test]
    fn a_filter_takes_four_operators_and_few_fields() {
        for text in [
            "project = ENG",
            "project != null",
            "issueKey != NULL-5",
            "project IN (ENG, 10001) AND status = Done",
            "not (priority = High or assignee != 712020:x) and issue.property[a].b = 1",
        ] {
            assert!(WebhookFilter::read(text).is_ok(), "{text}");
        }
        for (text, error) in [
            ("project is not EMPTY", "Operator is not is unsupported"),
            ("watchCount = 1", "The clause watchcount is unsupported"),
            ("updated > -1d", "Operator > is unsupported"),
            ("assignee = currentUser()", "The function currentuser is unsupported"),
            ("project = ENG order by key", "The clause order by is unsupported"),
            ("cf[10010] = a", "The clause cf[10010] is unsupported"),
        ] {
            let errors = WebhookFilter::read(text).unwrap_err();
            assert!(errors.iter().any(|found| found == error), "{text}: {errors:?}");
        }
        assert!(WebhookFilter::read("").is_err() && WebhookFilter::read("project =").is_err());
    }

    #[test]
    fn a_filter_is_held_against_the_issue_of_an_event() {
        let world = seeded().unwrap();
        let site = world.site(SITE).unwrap();
        let (project, issue) = site.issue("ENG-1").unwrap();
        let mut issue = issue.clone();
        issue.properties.insert("A".to_owned(), serde_json::json!({"B": 1}));
        let meets = |text: &str| WebhookFilter::read(text).unwrap().meets(site, project, &issue);
        for text in [
            "project != null",
            "project = eng and issuetype != Nonsense",
            "issueKey in (ENG-1, ENG-2) and not status = Done",
            "issue.property[A].B = 1",
            "priority = Medium or project = NOPE",
        ] {
            assert!(meets(text), "{text}");
        }
        for text in ["project = OPS", "assignee != somebody", "issue.property[A].C = 1"] {
            assert!(!meets(text), "{text}");
        }
    }
}
