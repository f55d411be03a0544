//! Tickets in trouble: `JiraIssue` objects that people applied for an integration and that are not Ready.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, ResourceExt, api::ListParams};

use super::lists::{all, refused};
use crate::{
    api::{
        condition::{ConditionType, find, is_true},
        integration::JiraIntegration,
        issue::JiraIssue,
        names::ORIGIN_LABEL,
        reason::Reason,
    },
    cli::context::{CheckReason, CheckedObject, ClusterContext, ReportLine},
    cluster::time::after,
};

/// Most tickets that are told of one by one.
const NAMED: usize = 10;
/// How long the operator may take to look at a ticket.
const NEW: Duration = Duration::from_mins(1);
/// What only sums the other conditions up.
const SUMS: [ConditionType; 3] = [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled];

/// Adds the tickets of an integration that are not Ready. They hold nothing of it back.
pub async fn add(cluster: &ClusterContext, integration: &JiraIntegration, subject: &mut CheckedObject) {
    match tickets(cluster, integration).await {
        Ok(tickets) => attach(subject, tickets, Timestamp::now()),
        Err(error) if integration.spec.tickets.is_some() => {
            let namespace = integration.namespace().unwrap_or_default();
            let why = refused("jiraissues", &namespace, &error);
            subject
                .closing
                .push(format!("Note: tickets were not looked at, because {why}."));
        }
        Err(_) => {}
    }
}

pub(super) async fn tickets(cluster: &ClusterContext, integration: &JiraIntegration) -> kube::Result<Vec<JiraIssue>> {
    let namespace = integration.namespace().unwrap_or_default();
    let api: Api<JiraIssue> = Api::namespaced(cluster.client.clone(), &namespace);
    // What is mirrored is labelled, and there may be thousands of it.
    let applied = ListParams::default().labels(&format!("!{ORIGIN_LABEL}"));
    let mut tickets = all(&api, applied).await?.items;
    tickets.retain(|ticket| ticket.spec.is_ticket() && ticket.spec.integration == integration.name_any());
    Ok(tickets)
}

/// The gravest first, of these the oldest.
fn attach(subject: &mut CheckedObject, tickets: Vec<JiraIssue>, now: Timestamp) {
    let mut troubled: Vec<JiraIssue> = tickets.into_iter().filter(|ticket| is_troubled(ticket, now)).collect();
    troubled.sort_by_key(|ticket| {
        let ready = find(conditions(ticket), ConditionType::Ready);
        let is_unknown = ready.is_none_or(|ready| ready.status != "False");
        (
            is_unknown,
            ready.map(|ready| ready.last_transition_time.0),
            ticket.name_any(),
        )
    });
    subject.parts.extend(troubled.iter().take(NAMED).map(part));
    let more = match troubled.len().saturating_sub(NAMED) {
        0 => return,
        1 => "Another ticket is not Ready".to_owned(),
        more => format!("{more} more tickets are not Ready"),
    };
    subject
        .closing
        .push(format!("{more}: kubectl get jissue -n {}.", subject.namespace));
}

fn conditions(ticket: &JiraIssue) -> &[Condition] {
    ticket
        .status
        .as_ref()
        .map_or(&[], |status| status.conditions.as_slice())
}

/// Whether a ticket is not Ready, or was not looked at in time.
fn is_troubled(ticket: &JiraIssue, now: Timestamp) -> bool {
    let conditions = conditions(ticket);
    match find(conditions, ConditionType::Ready) {
        Some(_) => !is_true(conditions, ConditionType::Ready),
        None => ticket
            .creation_timestamp()
            .is_some_and(|created| after(created.0, NEW) < now),
    }
}

fn part(ticket: &JiraIssue) -> CheckedObject {
    let mut part = CheckedObject::new("JiraIssue", &ticket.namespace().unwrap_or_default(), &ticket.name_any());
    let told = conditions(ticket).iter().filter(|condition| {
        let is_sum = SUMS.iter().any(|sum| sum.as_str() == condition.type_);
        let follows = Reason::parse(&condition.reason).is_some_and(|reason| reason.entry().is_consequence);
        condition.status != "True" && !is_sum && !follows
    });
    part.lines = told.map(ReportLine::written).collect();
    if part.lines.is_empty() {
        let ready = find(conditions(ticket), ConditionType::Ready).map(ReportLine::written);
        part.lines.push(ready.unwrap_or_else(unobserved));
    }
    part.lines = part.lines.into_iter().map(ReportLine::holding_nothing_back).collect();
    part
}

fn unobserved() -> ReportLine {
    let what = "The operator has not looked at it yet. Is it running? See jira-operator check --operator.";
    ReportLine::local("Observed", CheckReason::NotLookedAt, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::context::{CheckReport, PageLayout, Severity, text};

    fn ticket(name: &str, conditions: &[(&str, &str, &str)], at: &str) -> JiraIssue {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(type_, status, reason)| {
                json!({"type": type_, "status": status, "reason": reason, "message": format!("About {reason}."),
                    "lastTransitionTime": at})
            })
            .collect();
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue",
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-03-01T12:00:00Z"},
            "spec": {"integration": "acme", "project": "SUP", "type": "Bug", "summary": "x"},
            "status": {"conditions": conditions},
        }))
        .unwrap()
    }

    fn told(tickets: Vec<JiraIssue>, at: &str) -> CheckedObject {
        let mut subject = CheckedObject::new("JiraIntegration", "shop", "acme");
        attach(&mut subject, tickets, at.parse().unwrap());
        subject
    }

    const SOON: &str = "2026-03-01T12:00:30Z";
    const LATE: &str = "2026-03-01T12:05:00Z";

    #[test]
    fn a_ticket_that_is_not_ready_is_told_with_its_causes_and_no_more() {
        let refused = [
            ("Valid", "False", "FieldRequired"),
            ("PeopleMatched", "Unknown", "NotChecked"),
            ("Ready", "False", "FieldRequired"),
            ("Stalled", "True", "FieldRequired"),
        ];
        let noted = [
            ("PeopleMatched", "False", "ReporterUnknown"),
            ("Ready", "True", "InSync"),
        ];
        let tickets = vec![
            ticket("fine", &noted, SOON),
            ticket("wrong", &refused, SOON),
            ticket("new", &[], SOON),
        ];
        let subject = told(tickets.clone(), SOON);
        let names: Vec<&str> = subject.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["wrong"]);
        let lines: Vec<&str> = subject.parts[0].lines.iter().map(|line| line.reason.as_str()).collect();
        assert_eq!(lines, ["FieldRequired"]);
        assert_eq!(subject.severity(), Severity::Warning);
        let late = told(tickets, LATE);
        assert_eq!(late.parts.len(), 2, "one that nobody looks at");
        let page = PageLayout {
            width: 80,
            colour: false,
        };
        let said = text(&CheckReport::of(vec![late]), page);
        for part in [
            "‼ JiraIssue shop/wrong",
            "About FieldRequired.",
            "explain FieldRequired",
            "has not looked at it",
        ] {
            assert!(said.contains(part), "{part} is not in:\n{said}");
        }
    }

    #[test]
    fn of_many_the_gravest_and_oldest_are_named() {
        let waiting = [
            ("Created", "Unknown", "CreationPending"),
            ("Ready", "Unknown", "CreationPending"),
        ];
        let wrong = [
            ("Created", "False", "CreationRefused"),
            ("Ready", "False", "CreationRefused"),
        ];
        let mut tickets: Vec<JiraIssue> = (10..30)
            .map(|n| ticket(&format!("w{n}"), &waiting, &format!("2026-03-01T12:00:{n}Z")))
            .collect();
        tickets.push(ticket("late", &wrong, "2026-03-01T12:00:50Z"));
        tickets.push(ticket("early", &wrong, "2026-03-01T12:00:40Z"));
        let subject = told(tickets, LATE);
        let names: Vec<&str> = subject.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names[..3], ["early", "late", "w10"]);
        assert_eq!(names.len(), NAMED);
        assert_eq!(
            subject.closing,
            ["12 more tickets are not Ready: kubectl get jissue -n shop."]
        );
    }
}
