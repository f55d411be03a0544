//! Whether the fields of a ticket have to be read and compared with its spec: pure, from what the object says. What was
//! compared since Jira updated the ticket last costs no call, nor does one that is seen to be as it was written.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    matched::IN_JIRA,
    spec_fields::{ASSIGNEE, LABELS, digests, have_left, outstanding},
    text,
    values::is_same,
    write_backs::rests_until,
};
use crate::api::issue::{JiraIssueSpec, JiraIssueStatus, TicketApplied, WritePolicy};

/// A ticket whose fields may have to be compared.
pub struct FieldsDue<'a> {
    /// What is wanted.
    pub spec: &'a JiraIssueSpec,
    /// What is known.
    pub status: &'a JiraIssueStatus,
    /// The description, where it was read just now.
    pub description: Option<&'a Value>,
}

impl FieldsDue<'_> {
    /// Whether it has to be read.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let applied = self.applied();
        if is_taken_over(&applied) || !outstanding(self.spec, &applied).is_empty() || have_left(self.spec, &applied) {
            return true;
        }
        let is_kept = self.spec.policy().fields == WritePolicy::Keep;
        if self.is_to_be_written_back(&applied, now) || (!is_kept && !applied.kept_fields.is_empty()) {
            return true;
        }
        let is_compared = applied.compared.as_ref() == Some(&self.status.updated) || self.status.updated.is_empty();
        !is_compared && (!self.status.drift.is_empty() || !self.is_as_wanted())
    }

    fn applied(&self) -> TicketApplied {
        self.status.applied.clone().unwrap_or_default()
    }

    /// Until when the first of the fields rests that were written back too often.
    #[must_use]
    pub fn suspended(&self, now: Timestamp) -> Option<Timestamp> {
        let applied = self.applied();
        let digests = digests(self.spec);
        let all = digests.iter();
        all.filter_map(|(place, wanted)| rests_until(applied.kept_fields.get(place), wanted, now))
            .min()
    }

    fn is_to_be_written_back(&self, applied: &TicketApplied, now: Timestamp) -> bool {
        let digests = digests(self.spec);
        let rests = |place: &str| {
            let wanted = digests.get(place).map_or("", String::as_str);
            rests_until(applied.kept_fields.get(place), wanted, now).is_some()
        };
        let is_kept = self.spec.policy().fields == WritePolicy::Keep;
        is_kept && self.status.drift.iter().any(|drift| !rests(&drift.field))
    }

    /// Whether what is known of the ticket is what the spec says. Of what is not known it is not.
    #[must_use]
    pub fn is_as_wanted(&self) -> bool {
        let (spec, status, applied) = (self.spec, self.status, self.applied());
        if is_taken_over(&applied) || spec.parent.is_some() || !spec.fields.is_empty() {
            return false;
        }
        let is_refused = |field: &str| applied.written.refused.contains_key(field);
        let is_text = |field: &str, wanted: Option<&String>, live: Option<&String>| {
            is_refused(field) || wanted.is_none_or(|wanted| live.is_some_and(|live| live.trim() == wanted.trim()))
        };
        is_text("summary", spec.summary.as_ref(), Some(&status.summary))
            && is_text("priority", spec.priority.as_ref(), status.priority.as_ref())
            && (is_refused("description") || self.is_description_as_wanted())
            && (is_refused(ASSIGNEE) || self.is_assignee_as_wanted())
            && (is_refused(LABELS) || spec.labels.iter().all(|label| status.labels.contains(label)))
    }

    fn is_description_as_wanted(&self) -> bool {
        let Some(wanted) = &self.spec.description else {
            return true;
        };
        let wanted = text::markdown_to_adf(wanted).ok();
        let both = wanted.zip(self.description);
        both.is_some_and(|(wanted, live)| is_same(&wanted, live))
    }

    fn is_assignee_as_wanted(&self) -> bool {
        if self.spec.assignee.is_none() {
            return true;
        }
        let people = self.status.people.as_ref().and_then(|people| people.assignee.as_ref());
        let live = self.status.assignee.as_ref().map(|person| &person.account_id);
        people.is_some_and(|person| {
            person.reason.is_some() || person.matched == IN_JIRA || person.account_id.as_ref() == live
        })
    }
}

/// Whether nothing is known of what was written: the ticket was there before its object, or before the operator wrote that
/// down.
#[must_use]
pub fn is_taken_over(applied: &TicketApplied) -> bool {
    applied.compared.is_none() && applied.written.fields.is_empty() && applied.written.labels.is_empty()
}
