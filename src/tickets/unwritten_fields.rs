//! What is said where fields of a ticket are not as its spec wants them. Pure.

use jiff::Timestamp;

use crate::{
    api::{
        condition::{ConditionType::FieldsApplied, Finding},
        issue::{JiraIssueSpec, JiraIssueStatus, TicketDrift},
        reason::Reason,
    },
    atlassian::write_error::Refusal,
    cluster::time::clock,
};

/// What Jira says of a field that is not on the screen.
const OFF_SCREEN: &str = "cannot be set";
/// Most fields that a message tells of.
const TOLD: usize = 4;

/// A ticket that is not as it is wanted.
pub struct Unwritten<'a> {
    /// Its spec.
    pub spec: &'a JiraIssueSpec,
    /// What is known of it.
    pub status: &'a JiraIssueStatus,
}

impl Unwritten<'_> {
    /// Where both sides changed a field.
    #[must_use]
    pub fn in_conflict(&self, conflicts: &[TicketDrift]) -> Option<Finding> {
        let said = conflicts.iter().take(TOLD).map(|one| {
            let wanted = self
                .wanted(&one.field)
                .map_or_else(String::new, |wanted| format!(" {wanted:?}"));
            format!("{}, and the spec says{wanted} since.", edited(one))
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| finding(Reason::EditedInJira, &said.join(" ")))
    }

    /// What the spec says of a field that is text.
    fn wanted(&self, place: &str) -> Option<String> {
        let text = match place {
            "summary" => self.spec.summary.as_ref(),
            "priority" => self.spec.priority.as_ref(),
            "parent" => self.spec.parent.as_ref(),
            _ => None,
        };
        text.map(|text| crate::tickets::values::shown(&text.as_str().into()))
    }

    /// Where Jira refused single fields, each by its place, with its words.
    #[must_use]
    pub fn refused(&self, refused: &[(String, String)]) -> Option<Finding> {
        let is_off_screen = |words: &String| words.contains(OFF_SCREEN);
        let reason = if refused.iter().all(|(_, words)| is_off_screen(words)) {
            Reason::FieldNotOnScreen
        } else {
            Reason::FieldRefused
        };
        let said = refused.iter().map(|(place, words)| {
            let words = words.trim_end_matches('.');
            format!("spec.{place} could not be written to {}: {words}.", self.status.key)
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty()).then(|| finding(reason, &said.join(" ")))
    }

    /// Where Jira refused the call. `may_edit`: whether the account may edit issues, where that was asked.
    #[must_use]
    pub fn refused_all(&self, places: &[&str], refusal: &Refusal, may_edit: bool) -> Finding {
        let (key, places) = (&self.status.key, places.join(", "));
        let words = refusal.text();
        let words = words.trim_end_matches('.');
        if may_edit {
            let what = format!("Jira refused to change {key} ({places}): {words}.");
            return finding(Reason::FieldRefused, &what);
        }
        let what = format!(
            "The account may not edit issues in {}, so {places} of {key} is left.",
            self.status.project
        );
        finding(Reason::EditDenied, &what)
    }

    /// Of fields that were written back too often: who changes them, and until when they rest.
    #[must_use]
    pub fn suspended(&self, fields: &[(&TicketDrift, Option<&str>)], until: Timestamp) -> Option<Finding> {
        let said = fields.iter().take(TOLD).map(|(one, by)| {
            let by = by.or(one.by.as_deref()).unwrap_or("Somebody whom Jira does not name");
            format!(
                "{by} changed {} again, which was written back {} times within an hour.",
                one.field,
                super::write_backs::MOST
            )
        });
        let said: Vec<String> = said.collect();
        let what = format!("{} It stays as it is until {}.", said.join(" "), clock(until));
        (!said.is_empty()).then(|| finding(Reason::KeepSuspended, &what))
    }
}

/// Who changed a field when, and to what.
#[must_use]
pub fn edited(drift: &TicketDrift) -> String {
    let by = drift.by.as_deref().unwrap_or("Somebody");
    let at = drift
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!(" at {}", clock(at.0)));
    let actual = if drift.actual.is_empty() {
        "nothing".to_owned()
    } else {
        format!("{:?}", drift.actual)
    };
    format!("{by} changed {} to {actual} in Jira{at}", drift.field)
}

fn finding(reason: Reason, what: &str) -> Finding {
    Finding::with_remedy(FieldsApplied, reason, what)
}
