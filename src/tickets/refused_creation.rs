//! What Jira's refusal of a creation means: what the ticket is tried without, or what is said of it. Pure.
//!
//! A refusal is sorted by its status and by the ids of fields; of the words only those that Jira has for a field that is
//! empty, or not on the screen, in English, which is asked for. Everything else in them is only passed on.

use super::{
    draft::{Draft, FirstCall},
    fields::FieldProblem,
    metadata::{TicketField, TicketMetadata},
    parts::Part,
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        reason::Reason,
    },
    atlassian::write_error::Refusal,
};

/// What Jira says of a field that is empty and must not be.
const EMPTY: [&str; 2] = ["is required", "must specify"];
/// What Jira says of a field that is not on the screen.
const OFF_SCREEN: &str = "cannot be set";
/// What Jira says of a document that it cannot read.
const UNREADABLE: [&str; 3] = ["INVALID_INPUT", "Atlassian Document", "is not valid!"];

/// What Jira calls the reporter of a request.
const ON_BEHALF: [&str; 2] = ["reporter", "raiseOnBehalfOf"];
/// What it says, in words or by a key, of somebody for whom a request cannot be raised.
const BEHALF: &str = "behalf";

/// A creation that Jira refused.
pub struct RefusedCreation<'a> {
    /// What it was refused with.
    pub refusal: &'a Refusal,
    /// What was sent.
    pub draft: &'a Draft,
    /// What the type takes.
    pub metadata: &'a TicketMetadata,
}

impl RefusedCreation<'_> {
    /// The parts that it is tried without. None where that would not help.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let found = match self.draft.first {
            FirstCall::Issue(_) => self.of_issue(),
            FirstCall::Request(_) => self.of_request(),
        };
        found.into_iter().filter(|part| self.draft.has(part)).collect()
    }

    fn of_issue(&self) -> Vec<Part> {
        if self.is_unreadable() {
            return vec![Part::Formatting];
        }
        let of_fields = self.refusal.fields.keys().map(|field| match field.as_str() {
            "labels" => Some(Part::Labels),
            "reporter" => Some(Part::Reporter),
            "assignee" => Some(Part::Assignee),
            _ => None,
        });
        // Another field that is refused keeps the ticket from being created anyway.
        of_fields.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// The people whom Jira's answer is about. An answer that names nobody may have any other cause: the request is not
    /// sent again without its reporter because of that.
    fn of_request(&self) -> Vec<Part> {
        let Refusal { status, fields, .. } = self.refusal;
        let is_of_reporter = |field: &String| ON_BEHALF.contains(&field.as_str());
        if !fields.keys().all(is_of_reporter)
            || !self.refusal.questions.is_empty()
            || !matches!(status, 400 | 401 | 403 | 404)
        {
            return Vec::new();
        }
        let participants = self.draft.participants();
        let words = self.refusal.messages.join(" ");
        let (named, others): (Vec<&str>, Vec<&str>) = participants.into_iter().partition(|id| words.contains(id));
        let participant = |id: &str| Part::Participant(id.to_owned());
        if !named.is_empty() {
            return named.into_iter().map(participant).collect();
        }
        let key = self.refusal.key.as_deref().unwrap_or_default();
        if key.contains("participant") {
            return others.into_iter().map(participant).collect();
        }
        let names_reporter = !fields.is_empty()
            || self.draft.reporter.as_deref().is_some_and(|id| words.contains(id))
            || [key, words.as_str()]
                .iter()
                .any(|said| said.to_lowercase().contains(BEHALF));
        if names_reporter {
            return vec![Part::Reporter];
        }
        Vec::new()
    }

    /// Whether a text of ours could not be read: the one thing that is our own fault.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        is_unreadable(self.refusal)
    }

    /// Whether only the account's permissions tell what it is about.
    #[must_use]
    pub fn needs_permissions(&self) -> bool {
        let Refusal {
            status,
            fields,
            questions,
            ..
        } = self.refusal;
        fields.is_empty() && questions.is_empty() && matches!(status, 400 | 401 | 403 | 404) && !self.is_unreadable()
    }

    /// What is said of it. `may_create`: whether the account holds Create issues, where that was asked.
    #[must_use]
    pub fn finding(&self, may_create: Option<bool>) -> Finding {
        let words = self.refusal.text();
        let words = words.trim_end_matches('.');
        let Self {
            refusal,
            draft,
            metadata,
        } = self;
        let key = &draft.project.key;
        if !refusal.questions.is_empty() {
            let what = format!("Jira asks for answers to the form of {}: {words}.", metadata.type_name);
            return Finding::with_remedy(Valid, Reason::FormRequired, &what);
        }
        let mut problems = refusal.fields.iter().map(|(id, words)| self.problem(id, words));
        if let Some(first) = problems.next() {
            let (reason, mut what) = (first.reason, first.what);
            for problem in problems {
                what = format!("{what} {}", problem.what);
            }
            return Finding::with_remedy(Valid, reason, &what);
        }
        if may_create == Some(false) {
            let what = format!("The account may not create issues in {key} any more; Jira says: {words}.");
            return Finding::with_remedy(Created, Reason::CreateDenied, &what);
        }
        let is_request = matches!(draft.first, FirstCall::Request(_));
        match (is_request, refusal.status) {
            (true, 401 | 403) => {
                let what = format!(
                    "Jira refuses requests of the type {} in {key}: {words}.",
                    metadata.type_name
                );
                Finding::with_remedy(Valid, Reason::RequestTypeRestricted, &what)
            }
            (false, 400 | 422) if !self.is_unreadable() => {
                let what = format!("The workflow of {key} refuses the ticket: {words}.");
                Finding::with_remedy(Created, Reason::WorkflowRefused, &what)
            }
            _ => {
                let what = format!("Jira refused to create the ticket: {words}.");
                Finding::with_remedy(Created, Reason::CreationRefused, &what)
            }
        }
    }

    fn problem(&self, id: &str, words: &str) -> FieldProblem {
        let words = words.trim_end_matches('.');
        let (field, type_name) = (self.metadata.field(id), &self.metadata.type_name);
        let name = field.map_or_else(|| id.to_owned(), |field| format!("{} ({id})", field.name));
        let choices = field.map(TicketField::choices).filter(|choices| !choices.is_empty());
        let choices = choices.map_or_else(String::new, |choices| format!(" It takes one of: {choices}."));
        let key = &self.draft.project.key;
        if words.contains(OFF_SCREEN) {
            return FieldProblem {
                reason: Reason::FieldNotOnScreen,
                what: format!("{name} is not on the create screen of a {type_name} in {key}: {words}."),
            };
        }
        let is_empty = EMPTY.iter().any(|known| words.contains(known));
        FieldProblem {
            reason: if is_empty {
                Reason::FieldRequired
            } else {
                Reason::FieldValueInvalid
            },
            what: format!("{name}: {words}.{choices}"),
        }
    }
}

/// Whether a text of ours could not be read.
#[must_use]
pub fn is_unreadable(refusal: &Refusal) -> bool {
    let mut all = refusal.messages.iter().chain(refusal.fields.values());
    all.any(|words| UNREADABLE.iter().any(|known| words.contains(known)))
}

#[cfg(test)]
mod tests;
