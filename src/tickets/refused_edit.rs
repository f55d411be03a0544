//! What Jira's refusal of an edit means: what it is sent without, or that it is over. Pure.

use super::{edit_plan::EditPlan, refused_creation::is_unreadable};
use crate::atlassian::write_error::Refusal;

/// Somebody else changed the ticket in the same moment.
const CONFLICT: u16 = 409;
/// It is not there any more, or was moved out of sight.
const GONE: u16 = 404;

/// A field that Jira refused, by its place in the spec, with its words.
pub type RefusedField = (String, String);

/// What follows from the refusal of an edit.
#[derive(Clone, Debug, PartialEq)]
pub enum RefusedEdit {
    /// The ticket seems not to be what it was read as: it is read again.
    Outdated,
    /// This is left of it: with plain paragraphs in the place of documents, or without the fields that Jira named.
    Reduced(Box<EditPlan>, Vec<RefusedField>),
    /// Jira names none of the fields: it is refused as a whole.
    Whole,
}

impl RefusedEdit {
    /// That of an edit.
    #[must_use]
    pub fn of(plan: &EditPlan, refusal: &Refusal) -> Self {
        if matches!(refusal.status, CONFLICT | GONE) {
            return Self::Outdated;
        }
        let unformatted = is_unreadable(refusal).then(|| plan.clone().unformatted()).flatten();
        if let Some(unformatted) = unformatted {
            return Self::Reduced(Box::new(unformatted), Vec::new());
        }
        let (reduced, refused) = plan.clone().without_refused(refusal);
        if refused.is_empty() {
            return Self::Whole;
        }
        Self::Reduced(Box::new(reduced), refused)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;
    use crate::tickets::WantedField;
    use serde_json::json;

    fn field(place: &str, value: serde_json::Value) -> WantedField {
        WantedField {
            place: place.into(),
            id: place.into(),
            digest: "d".into(),
            value: Some(value),
        }
    }

    fn plan() -> EditPlan {
        let bold = json!({"type": "doc", "version": 1, "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "strong"}]}]},
        ]});
        EditPlan {
            set: vec![field("summary", json!("Slow")), field("description", bold)],
            ..EditPlan::default()
        }
    }

    fn refusal(status: u16, fields: &[(&str, &str)]) -> Refusal {
        let fields = fields.iter().map(|(id, words)| ((*id).to_owned(), (*words).to_owned()));
        Refusal {
            status,
            fields: fields.collect(),
            ..Refusal::default()
        }
    }

    #[test]
    fn what_jira_names_is_left_out_and_what_it_cannot_read_becomes_plain() {
        let of = |refusal: &Refusal| RefusedEdit::of(&plan(), refusal);
        let RefusedEdit::Reduced(left, refused) = of(&refusal(400, &[("summary", "No.")])) else {
            panic!("something is left");
        };
        assert_eq!(left.places(), ["description"]);
        assert_eq!(refused, [("summary".to_owned(), "No.".to_owned())]);
        let unread = refusal(400, &[("description", "Operation value must be an Atlassian Document")]);
        let RefusedEdit::Reduced(left, refused) = of(&unread) else {
            panic!("something is left");
        };
        assert_eq!(left.places(), ["summary", "description"]);
        assert!(
            refused.is_empty() && !format!("{left:?}").contains("strong"),
            "{left:?}"
        );
        // What is plain already is refused for good.
        let RefusedEdit::Reduced(left, refused) = RefusedEdit::of(&left, &unread) else {
            panic!("something is left");
        };
        assert_eq!((left.places(), refused.len()), (vec!["summary"], 1));
    }

    #[test]
    fn what_names_no_field_of_ours_is_refused_as_a_whole_or_is_outdated() {
        let of = |refusal: &Refusal| RefusedEdit::of(&plan(), refusal);
        assert_eq!(of(&refusal(400, &[])), RefusedEdit::Whole);
        assert_eq!(of(&refusal(403, &[("priority", "No.")])), RefusedEdit::Whole);
        assert_eq!(of(&refusal(409, &[])), RefusedEdit::Outdated);
        assert_eq!(of(&refusal(404, &[("summary", "No.")])), RefusedEdit::Outdated);
    }
}
