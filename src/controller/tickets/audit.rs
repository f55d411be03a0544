//! Tells of what is written to Jira for a ticket: by a line of the audit log and a count each, and by an event where
//! something changed. Names of fields are told, and no values.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::ObjectReference,
    apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time},
};
use kube::{Resource, ResourceExt};
use tracing::info;

use crate::{
    api::{issue::JiraIssue, reason::Reason},
    atlassian::write_report::{OnWrite, WriteOperation, WriteOutcome, WriteReport},
    cluster::events::Notice,
    controller::context::Context,
};

/// Target of the lines of the audit log.
pub const TARGET: &str = "jira_operator::audit";

/// The event of a ticket that somebody moved on: the condition says how it stands, the event what happened.
const MOVED_IN_JIRA: &str = "MovedInJira";

/// The object that something is written for.
struct Author {
    reference: ObjectReference,
    generation: i64,
    /// Field manager of the last change of the spec, where it is known.
    manager: Option<String>,
    /// When that was, to the second.
    changed: Option<Timestamp>,
    /// Key of the ticket, once it is known.
    key: OnceLock<String>,
}

/// Tells of what is written for an object.
pub fn reporter(ctx: &Arc<Context>, object: &JiraIssue) -> Arc<OnWrite> {
    let last = last_change(object.managed_fields());
    let author = Arc::new(Author {
        reference: object.object_ref(&()),
        generation: object.meta().generation.unwrap_or_default(),
        manager: last.and_then(|entry| entry.manager.clone()),
        changed: last.and_then(|entry| entry.time.as_ref()).map(|Time(at)| *at),
        key: OnceLock::new(),
    });
    let known = object.status.as_ref().map(|status| status.key.clone());
    if let Some(key) = known
        .filter(|key| !key.is_empty())
        .or_else(|| object.spec.ticket.clone())
    {
        author.key.set(key).ok(); // It was just made.
    }
    let ctx = Arc::clone(ctx);
    Arc::new(move |report| author.tell(&ctx, report))
}

impl Author {
    fn tell(&self, ctx: &Arc<Context>, report: &WriteReport) {
        if let (WriteOperation::Create, Some(key)) = (report.operation, &report.issue) {
            self.key.set(key.clone()).ok(); // It is the one that is known already.
        }
        let ticket = self.key.get().or(report.issue.as_ref()).map(String::as_str);
        let (operation, outcome) = (report.operation.as_str(), report.outcome.as_str());
        let fields = report.fields.join(",");
        info!(
            target: TARGET,
            operation,
            outcome,
            namespace = self.reference.namespace,
            object = self.reference.name,
            generation = self.generation,
            manager = self.manager,
            ticket,
            fields,
            "written to Jira"
        );
        ctx.metrics.tickets.wrote(operation, outcome);
        // That a comment was made is told already.
        if report.outcome != WriteOutcome::Done || report.operation == WriteOperation::MarkComment {
            return;
        }
        if let (WriteOperation::Create, Some(changed)) = (report.operation, self.changed) {
            let seconds = Timestamp::now().duration_since(changed).as_secs_f64();
            ctx.metrics.tickets.created_after(seconds.max(0.0));
        }
        let notice = self.notice(report, ticket.unwrap_or("the ticket"));
        let ctx = Arc::clone(ctx);
        // What is told must not hold up what is done.
        tokio::spawn(async move { ctx.events.publish_anew(&notice).await });
    }

    fn notice(&self, report: &WriteReport, ticket: &str) -> Notice {
        let (reason, done) = match report.operation {
            WriteOperation::Create => (Reason::TicketCreated.as_str(), "Created"),
            WriteOperation::Edit | WriteOperation::Other => ("TicketUpdated", "Changed"),
            WriteOperation::Transition => ("TicketMoved", "Moved"),
            WriteOperation::Comment => ("CommentAdded", "Commented on"),
            WriteOperation::EditComment | WriteOperation::MarkComment => ("CommentUpdated", "Changed a comment of"),
            WriteOperation::DeleteComment => ("CommentDeleted", "Deleted a comment of"),
            WriteOperation::Link => ("LinkAdded", "Linked"),
            WriteOperation::Unlink => ("LinkRemoved", "Removed a link of"),
            WriteOperation::AddParticipants => ("ParticipantsAdded", "Added participants to"),
        };
        let manager = self.manager.iter().map(|manager| format!(" by {manager}"));
        let fields = report.fields.join(", ");
        let which = if fields.is_empty() {
            fields
        } else {
            format!(": {fields}")
        };
        Notice {
            object: self.reference.clone(),
            is_warning: false,
            reason: reason.to_owned(),
            note: format!(
                "{done} {ticket} for generation {}{}{which}",
                self.generation,
                manager.collect::<String>()
            ),
        }
    }
}

/// An event of a condition as it is told. None where another one tells it: that the ticket was created, by this very
/// reconciliation unless the object had a mark of an earlier one; or that something is to be written, which is told once
/// it is.
pub fn to_publish(mut notice: Notice, object: &JiraIssue) -> Option<Notice> {
    let is_settled = object.status.as_ref().is_some_and(|status| status.creation.is_some());
    let is_to_follow = notice.reason == Reason::ChangesPending.as_str();
    if is_to_follow || notice.reason == Reason::TicketCreated.as_str() && !is_settled {
        return None;
    }
    if notice.reason == Reason::MovedOn.as_str() {
        MOVED_IN_JIRA.clone_into(&mut notice.reason);
    }
    Some(notice)
}

/// The latest of those that own a part of the spec.
fn last_change(fields: &[ManagedFieldsEntry]) -> Option<&ManagedFieldsEntry> {
    let owns_spec = |entry: &&ManagedFieldsEntry| {
        let fields = entry.fields_v1.as_ref();
        entry.subresource.is_none() && fields.is_some_and(|fields| fields.0.get("f:spec").is_some())
    };
    let time = |entry: &&ManagedFieldsEntry| entry.time.as_ref().map(|Time(at)| *at);
    fields.iter().filter(owns_spec).max_by_key(time)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::{Value, json};

    fn object(managed: &Value) -> JiraIssue {
        let object = json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue",
            "metadata": {"name": "a", "managedFields": managed}, "spec": {"integration": "acme"},
        });
        serde_json::from_value(object).unwrap()
    }

    fn entry(manager: &str, time: &str, fields: &Value, subresource: Option<&str>) -> Value {
        let mut entry = json!({"manager": manager, "operation": "Apply", "time": time, "fieldsV1": fields});
        if let Some(subresource) = subresource {
            entry["subresource"] = subresource.into();
        }
        entry
    }

    #[test]
    fn of_the_managed_fields_it_is_told_who_changed_the_spec_last() {
        let spec = json!({"f:spec": {"f:summary": {}}});
        let issue = object(&json!([
            entry("alerts", "2026-11-30T10:00:00Z", &spec, None),
            entry("argocd", "2026-11-30T10:05:00Z", &spec, None),
            entry("kubectl", "2026-11-30T10:06:00Z", &json!({"f:metadata": {}}), None),
            entry(
                "jira-operator",
                "2026-11-30T10:07:00Z",
                &json!({"f:status": {}}),
                Some("status")
            ),
        ]));
        assert_eq!(
            last_change(issue.managed_fields()).unwrap().manager.as_deref(),
            Some("argocd")
        );
        assert!(last_change(object(&json!([])).managed_fields()).is_none());
    }

    #[test]
    fn what_follows_by_itself_is_no_event_and_a_move_of_somebody_else_is_one() {
        let told = |reason: Reason| {
            let notice = Notice::warning(ObjectReference::default(), reason.as_str(), String::new());
            to_publish(notice, &object(&json!([]))).map(|notice| notice.reason)
        };
        assert_eq!(told(Reason::ChangesPending), None);
        assert_eq!(told(Reason::TicketCreated), None);
        assert_eq!(told(Reason::MovedOn).as_deref(), Some("MovedInJira"));
        assert_eq!(told(Reason::NoTransition).as_deref(), Some("NoTransition"));
    }

    #[test]
    fn an_event_names_who_wants_it_and_no_value() {
        let author = Author {
            reference: ObjectReference::default(),
            generation: 4,
            manager: Some("argocd".into()),
            changed: None,
            key: OnceLock::new(),
        };
        let mut report = WriteReport {
            operation: WriteOperation::Edit,
            issue: None,
            fields: vec!["labels".into(), "summary".into()],
            outcome: WriteOutcome::Done,
        };
        let note = author.notice(&report, "SUP-5").note;
        assert_eq!(note, "Changed SUP-5 for generation 4 by argocd: labels, summary");
        (report.operation, report.fields) = (WriteOperation::Comment, Vec::new());
        let notice = author.notice(&report, "SUP-5");
        assert_eq!(
            (notice.reason.as_str(), notice.note.as_str()),
            ("CommentAdded", "Commented on SUP-5 for generation 4 by argocd")
        );
    }
}
