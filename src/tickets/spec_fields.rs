//! What a spec says of the fields of its ticket, by their places in it. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    fields::{FieldConversion, TextForm, find},
    judge::{fields_but_for_moves, refused},
    metadata::TicketMetadata,
    people::People,
    text::{self, TextError},
    values::digest,
};
use crate::api::{
    condition::Finding,
    issue::{AppliedField, JiraIssueSpec, TicketApplied, WritePolicy, WrittenFields},
};

/// Where a spec has the labels, and what Jira calls them.
pub const LABELS: &str = "labels";
/// The same of who works on it.
pub const ASSIGNEE: &str = "assignee";
/// How the places of further fields begin.
pub const FURTHER: &str = "fields.";

/// A field of a spec, as Jira takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedField {
    /// Its place in the spec.
    pub place: String,
    /// Jira's id of it.
    pub id: String,
    /// Digest of what the spec says.
    pub digest: String,
    /// What is to be written; none where nothing can be, such as an assignee who has no account.
    pub value: Option<Value>,
}

/// Digests of what a spec says of each field.
#[must_use]
pub fn digests(spec: &JiraIssueSpec) -> BTreeMap<String, String> {
    let texts = [
        ("summary", &spec.summary),
        ("description", &spec.description),
        ("priority", &spec.priority),
        ("parent", &spec.parent),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(place, text)| Some((place.to_owned(), json!(text.as_ref()?))));
    let mut labels = spec.labels.clone();
    labels.sort();
    let labels = (!labels.is_empty()).then(|| (LABELS.to_owned(), json!(labels)));
    let assignee = spec.assignee.as_ref().map(|who| (ASSIGNEE.to_owned(), json!(who)));
    let further = spec
        .fields
        .iter()
        .map(|(name, value)| (format!("{FURTHER}{name}"), value.clone()));
    texts
        .chain(labels)
        .chain(assignee)
        .chain(further)
        .map(|(place, value)| (place, digest(&value.to_string())))
        .collect()
}

/// The fields that the spec has of its own and that need no question to Jira, as Jira takes them. Who works on it is not
/// among them.
///
/// # Errors
/// Where a text cannot be converted.
pub fn own_fields(spec: &JiraIssueSpec) -> Result<Vec<WantedField>, TextError> {
    let digests = digests(spec);
    let mut all = Vec::new();
    let mut add = |place: &str, value: Value| {
        all.push(WantedField {
            place: place.to_owned(),
            id: place.to_owned(),
            digest: digests.get(place).cloned().unwrap_or_default(),
            value: Some(value),
        });
    };
    if let Some(summary) = &spec.summary {
        text::check_summary(summary)?;
        add("summary", json!(summary));
    }
    if let Some(description) = &spec.description {
        add("description", text::markdown_to_adf(description)?);
    }
    if let Some(priority) = &spec.priority {
        add("priority", json!({"name": priority}));
    }
    if let Some(parent) = &spec.parent {
        add("parent", json!({"key": parent}));
    }
    Ok(all)
}

/// What `spec.fields` says, as Jira takes it.
///
/// # Errors
/// What is wrong with it.
pub fn further_fields(
    spec: &JiraIssueSpec,
    metadata: &TicketMetadata,
    people: &People,
) -> Result<Vec<WantedField>, Finding> {
    let conversion = FieldConversion {
        metadata,
        text_form: TextForm::Document,
        accounts: people.accounts(),
    };
    let (values, problems) = conversion.all(&fields_but_for_moves(spec, metadata));
    if let Some(finding) = refused(problems) {
        return Err(finding);
    }
    let digests = digests(spec);
    let all = spec.fields.keys().map(|name| {
        let id = find(metadata, name).map_or(name, |field| &field.id);
        let place = format!("{FURTHER}{name}");
        WantedField {
            digest: digests.get(&place).cloned().unwrap_or_default(),
            place,
            id: id.clone(),
            value: values.get(id).cloned(),
        }
    });
    Ok(all.collect())
}

/// What is written of a ticket that is created as its spec says.
#[must_use]
pub fn written_of(spec: &JiraIssueSpec) -> WrittenFields {
    let of_field = |wanted: String| AppliedField {
        wanted,
        ..AppliedField::default()
    };
    let fields = digests(spec).into_iter();
    WrittenFields {
        fields: fields.map(|(place, digest)| (place, of_field(digest))).collect(),
        labels: spec.labels.clone(),
        ..WrittenFields::default()
    }
}

/// The places of the fields of which the spec says something else than what was written.
#[must_use]
pub fn outstanding(spec: &JiraIssueSpec, applied: &TicketApplied) -> Vec<String> {
    let is_once = spec.policy().fields == WritePolicy::Once;
    let digests = digests(spec);
    let is_other = |(place, digest): &(&String, &String)| match applied.written.fields.get(*place) {
        Some(written) => !is_once && written.wanted != **digest,
        None => true,
    };
    let mut places: Vec<String> = digests
        .iter()
        .filter(is_other)
        .map(|(place, _)| place.clone())
        .collect();
    let is_gone = !digests.contains_key(LABELS) && !applied.written.labels.is_empty() && !is_once;
    places.extend(is_gone.then(|| LABELS.to_owned()));
    places
}

/// The places of fields that left the spec.
#[must_use]
pub fn have_left(spec: &JiraIssueSpec, applied: &TicketApplied) -> bool {
    let digests = digests(spec);
    applied.written.fields.keys().any(|place| !digests.contains_key(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::issue::{PersonReference, TicketPolicy};

    fn spec() -> JiraIssueSpec {
        JiraIssueSpec {
            summary: Some("Slow".into()),
            labels: vec!["b".into(), "a".into()],
            assignee: Some(PersonReference {
                email: Some("dana@acme.example".into()),
                account_id: None,
            }),
            fields: BTreeMap::from([("Severity".into(), json!("High"))]),
            ..JiraIssueSpec::default()
        }
    }

    fn applied(spec: &JiraIssueSpec) -> TicketApplied {
        TicketApplied {
            written: written_of(spec),
            ..TicketApplied::default()
        }
    }

    #[test]
    fn what_was_written_is_not_outstanding_and_what_is_new_is() {
        let before = applied(&spec());
        assert_eq!(outstanding(&spec(), &before), Vec::<String>::new());
        let reordered = JiraIssueSpec {
            labels: vec!["a".into(), "b".into()],
            ..spec()
        };
        assert_eq!(outstanding(&reordered, &before), Vec::<String>::new());
        let other = JiraIssueSpec {
            summary: Some("Slower".into()),
            priority: Some("High".into()),
            labels: Vec::new(),
            fields: BTreeMap::new(),
            ..spec()
        };
        assert_eq!(outstanding(&other, &before), ["priority", "summary", "labels"]);
        assert!(have_left(&other, &before) && !have_left(&spec(), &before));
        let once = JiraIssueSpec {
            policy: Some(TicketPolicy {
                fields: WritePolicy::Once,
                ..TicketPolicy::default()
            }),
            ..other
        };
        assert_eq!(
            outstanding(&once, &before),
            ["priority"],
            "what was never written is once"
        );
    }
}
