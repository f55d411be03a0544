//! Whether the fields of a ticket are to be compared with its spec now, and what is said of them where they are not.

use std::time::Duration;

use jiff::Timestamp;

use super::{context::TicketContext, look::known, rested::Moment};
use crate::{
    api::{
        condition::{ConditionType::FieldsApplied, Finding},
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueStatus},
        reason::Reason,
    },
    tickets::{FieldsDue, outstanding},
};

/// Whether the fields of a ticket are to be compared.
#[derive(Default)]
pub struct DueEdit {
    /// Whether Jira is to be asked.
    pub is_due: bool,
    /// What was said of it before, where that stands.
    pub findings: Vec<Finding>,
    /// After how long Jira may be asked.
    pub rests: Option<Duration>,
}

impl DueEdit {
    /// Nothing can be said of a ticket that is not shown, or is out of reach: what was said before stands.
    pub fn carried(object: &JiraIssue) -> Self {
        let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        Self {
            findings: Finding::carried(FieldsApplied, conditions).into_iter().collect(),
            ..Self::default()
        }
    }
}

/// Whether the fields of a ticket are to be compared, as far as is known.
pub fn due(object: &JiraIssue, issue: &JiraIssueStatus, ctx: &TicketContext, integration: &JiraIntegration) -> DueEdit {
    let (status, now) = (known(object, issue.clone()), Timestamp::now());
    let fields = FieldsDue {
        spec: &object.spec,
        status: &status,
        description: None,
    };
    if !fields.is_due(now) {
        let until = fields.suspended(now);
        return DueEdit {
            rests: until.and_then(|until| Duration::try_from(until.duration_since(now)).ok()),
            ..DueEdit::default()
        };
    }
    match ctx
        .rested_edits
        .left(object, &Moment::of(object, integration, &issue.updated))
    {
        Some(left) => DueEdit {
            findings: ctx.rested_edits.said(object),
            rests: Some(left),
            ..DueEdit::default()
        },
        None => DueEdit {
            is_due: true,
            ..DueEdit::default()
        },
    }
}

/// What is said of fields that are not written because nothing is to be sent, and what would be.
pub fn withheld(object: &JiraIssue, reason: Reason) -> (Option<Finding>, Option<String>) {
    let status = object.status.clone().unwrap_or_default();
    let fields = outstanding(&object.spec, &status.applied.unwrap_or_default()).join(", ");
    if fields.is_empty() {
        return (None, None);
    }
    let what = format!("Fields that are not written yet: {fields}.");
    let finding = Finding::with_remedy(FieldsApplied, reason, &what);
    let planned = (reason == Reason::Planned).then(|| format!("PUT /rest/api/3/issue/{{id}}, of {fields}"));
    (Some(finding), planned)
}
