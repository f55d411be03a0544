//! A service desk that is to be asked about, and how much doubt the list of its request types leaves.

use std::collections::BTreeSet;

use crate::{
    api::requirements::{ADMINISTER, CREATE},
    atlassian::desk_models::RequestType,
    diagnose::{
        evidence::DeskEvidence,
        request_type::{creatable, is_open},
    },
};

/// A service project whose desk is asked about.
// Each of its flags is an answer to another question.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub struct DeskQuery {
    /// Id of the project.
    pub project_id: String,
    /// Whether tickets are written there.
    pub is_for_tickets: bool,
    /// Whether the account may create issues in the project, which lets it raise requests of every
    /// type of which Jira does not say otherwise.
    pub creates: bool,
    /// Whether the account administers the project. Only to administrators Jira tells the fields that a
    /// form does not show.
    pub administers: bool,
    /// Whether no request could be raised there when it was looked at last.
    pub was_closed: bool,
}

/// How much doubt there is whether requests can be raised on a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A form may require what nobody can fill in, and nothing speaks for it.
    Slight,
    /// No request can be raised, as far as is known, or none could.
    Grave,
}

impl DeskQuery {
    /// The project with this id, in which these permissions are held.
    #[must_use]
    pub fn of(project_id: &str, is_for_tickets: bool, held: &BTreeSet<String>) -> Self {
        Self {
            project_id: project_id.to_owned(),
            is_for_tickets,
            creates: held.contains(CREATE),
            administers: held.contains(ADMINISTER),
            was_closed: false,
        }
    }

    /// The same, on which a request could be raised when it was looked at last, or not.
    #[must_use]
    pub fn that_was_closed(self, was_closed: bool) -> Self {
        Self { was_closed, ..self }
    }
}

/// Request types against which nothing is known but what their forms may require.
pub fn open_types(evidence: &DeskEvidence) -> impl Iterator<Item = &RequestType> {
    evidence.request_types.iter().flatten().filter(|kind| is_open(kind))
}

/// Those of them that the account may use, as far as that is known.
pub fn usable_types<'e>(asked: &'e DeskQuery, evidence: &'e DeskEvidence) -> impl Iterator<Item = &'e RequestType> {
    let checked = evidence.creatable.as_ref().and_then(|answer| answer.as_ref().ok());
    open_types(evidence).filter(move |kind| creatable(kind, checked).unwrap_or(asked.creates))
}

/// What is in doubt about a desk whose request types were asked for; none where nothing is, or where
/// no form could tell.
#[must_use]
pub fn doubt(asked: &DeskQuery, evidence: &DeskEvidence) -> Option<Doubt> {
    if !asked.is_for_tickets || open_types(evidence).next().is_none() {
        return None;
    }
    let mut usable = usable_types(asked, evidence).peekable();
    if asked.was_closed || usable.peek().is_none() {
        return Some(Doubt::Grave);
    }
    let untold = usable.all(|kind| kind.fields.is_none());
    (asked.administers || untold).then_some(Doubt::Slight)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn desk(differs: &[(&str, Value)]) -> DeskEvidence {
        let mut kind = json!({
            "id": "1", "name": "Ask", "groupIds": ["1"], "canCreateRequest": true, "fields": {"requestTypeFields": []},
        });
        for (key, value) in differs {
            kind.as_object_mut().unwrap().insert((*key).to_owned(), value.clone());
        }
        DeskEvidence {
            request_types: Ok(vec![serde_json::from_value(kind).unwrap()]),
            creatable: None,
            forms: Vec::new(),
        }
    }

    fn asked(held: &[&str], is_for_tickets: bool) -> DeskQuery {
        DeskQuery::of("1", is_for_tickets, &held.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn a_form_is_in_doubt_where_more_may_be_told_of_it() {
        let (agent, administrator) = (asked(&[CREATE], true), asked(&[CREATE, ADMINISTER], true));
        assert_eq!(doubt(&agent, &desk(&[])), None);
        assert_eq!(doubt(&administrator, &desk(&[])), Some(Doubt::Slight));
        assert_eq!(doubt(&agent, &desk(&[("fields", Value::Null)])), Some(Doubt::Slight));
        assert_eq!(
            doubt(&agent, &desk(&[("canCreateRequest", json!(false))])),
            Some(Doubt::Grave)
        );
        assert_eq!(
            doubt(&agent.clone().that_was_closed(true), &desk(&[])),
            Some(Doubt::Grave)
        );
    }

    #[test]
    fn no_form_is_asked_for_in_vain() {
        let administrator = asked(&[CREATE, ADMINISTER], true);
        let hidden = [("groupIds", json!([])), ("canCreateRequest", Value::Null)];
        assert_eq!(doubt(&administrator, &desk(&hidden)), None);
        let reader = asked(&[CREATE, ADMINISTER], false);
        assert_eq!(doubt(&reader, &desk(&[("fields", Value::Null)])), None);
    }
}
