//! Tickets as they are seen from outside: what tells of a write, what the integration says of them, and who may do what.

use std::{fs, sync::Arc, time::Instant};

use devkit::sandbox::Operation;
use jira_operator::api::integration::{JiraIntegration, TicketsStatus};
use jira_operator::api::{condition::ConditionType, issue::JiraIssue};
use kube::ResourceExt;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, observe::PATIENCE, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::every_write_is_told_and_no_value_is", told),
        scenario("tickets::the_integration_counts_its_tickets", counted),
        scenario("tickets::who_edits_them_may_not_write_their_status", roles),
    ]
}

const STRANGER: &str = "kim@ext.example";
const SUMMARY: &str = "Laptop for somebody new";

async fn told(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-told").await;
    let request = json!({
        "project": "SUP", "requestType": "Ask a question", "summary": SUMMARY, "reporter": {"email": STRANGER},
    });
    harness.apply_ticket("laptop", request).await;
    let noted = harness.until_noted("laptop").await;
    harness.apply_ticket("taken", json!({"ticket": "ENG-1"})).await;
    harness.until_created("taken").await;
    until_told(
        &harness,
        "laptop",
        // Updated by what a form does not take, and by the marker, which names the comment from then on.
        &[
            "CommentAdded",
            "ReporterUnknown",
            "TicketCreated",
            "TicketUpdated",
            "TicketUpdated",
        ],
    )
    .await;
    until_told(&harness, "taken", &["TicketUpdated"]).await;
    let log = fs::read_to_string(harness.log()).expect("the log");
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("jira_operator::audit"))
        .collect();
    for (operation, fields) in [
        ("create", "summary"),
        ("edit", "assignee,jira-operator.dev,labels"),
        ("comment", ""),
    ] {
        let parts = [
            format!("operation=\"{operation}\" outcome=\"done\""),
            format!(
                "object=\"laptop\" generation=1 manager=\"kubectl-client-side-apply\" ticket=\"{}\"",
                noted.key
            ),
            format!("fields=\"{fields}\""),
        ];
        let found = lines.iter().filter(|line| parts.iter().all(|part| line.contains(part)));
        assert_eq!(found.count(), 1, "{parts:?} in\n{}", lines.join("\n"));
    }
    let told = lines.join("\n");
    assert!(!told.contains(STRANGER) && !told.contains(SUMMARY), "{told}");
    for line in [
        "jira_operator_ticket_writes_total{operation=\"create\",outcome=\"done\"} 1",
        "jira_operator_ticket_writes_total{operation=\"edit\",outcome=\"done\"} 3",
        "jira_operator_ticket_writes_total{operation=\"comment\",outcome=\"done\"} 1",
        "jira_operator_ticket_creation_seconds_count 1",
    ] {
        harness.until_served("/metrics", |_, text| text.contains(line)).await;
    }
    // Jira's own history says who wanted it, also of what was taken over.
    let edits = harness.written_tickets(Operation::Edit);
    let causes: Vec<_> = edits
        .iter()
        .map(|edit| edit.history_metadata.as_ref().expect("it says who")["cause"]["id"].clone())
        .collect();
    let namespace = &harness.namespace;
    assert_eq!(
        causes,
        [
            json!(format!("{namespace}/laptop@1")),
            json!(format!("{namespace}/taken@1"))
        ]
    );
    harness.close().await;
}

/// Waits until the events on an object are these, whatever their order, each once.
async fn until_told(harness: &Harness, object: &str, expected: &[&str]) {
    let started = Instant::now();
    loop {
        let mut events = harness.event_counts(object).await;
        events.sort();
        if events
            .iter()
            .map(|(reason, count)| (reason.as_str(), *count))
            .eq(expected.iter().map(|reason| (*reason, 1)))
        {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{events:?}\n{}", harness.log_tail());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

fn tickets(integration: &JiraIntegration) -> Option<&TicketsStatus> {
    integration.status.as_ref()?.tickets.as_ref()
}

async fn counted(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-counted").await;
    let bug = |type_: &str| json!({"project": "ENG", "type": type_, "summary": "Broken"});
    harness.apply_ticket("good", bug("Bug")).await;
    harness.until_created("good").await;
    harness.apply_ticket("bad", bug("Bgu")).await;
    harness
        .until_ticket_reason("bad", ConditionType::Valid, "TypeUnknown")
        .await;
    let is_counted = |integration: &JiraIntegration| {
        tickets(integration).is_some_and(|sum| {
            (
                sum.managed,
                sum.pending,
                sum.uncertain,
                sum.blocked,
                sum.created_last_hour,
            ) == (1, 0, 0, 1, 1)
        })
    };
    harness.until("acme", "counted", is_counted).await;
    // A reconciliation of the integration, which writes the status too, leaves it as it is.
    let after = harness.request("acme").await;
    assert!(is_counted(&after), "{:?}", tickets(&after));
    let managers = after.managed_fields().iter().filter_map(|entry| {
        let fields = entry.fields_v1.as_ref()?;
        fields.0.pointer("/f:status/f:tickets").and(entry.manager.as_deref())
    });
    assert_eq!(managers.collect::<Vec<_>>(), ["jira-operator-tickets"]);
    harness.delete::<JiraIssue>("bad").await;
    let one_left = |integration: &JiraIntegration| tickets(integration).is_some_and(|sum| sum.blocked == 0);
    harness.until("acme", "counted anew", one_left).await;
    // Nobody wants tickets any more.
    harness.delete::<JiraIssue>("good").await;
    harness.change("acme", json!({"tickets": null})).await;
    harness
        .until("acme", "without tickets", |integration| tickets(integration).is_none())
        .await;
    harness.close().await;
}

async fn roles(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-roles").await;
    for (account, role) in [
        ("alerts", "jira-operator-jiraissue-editor"),
        ("wall", "jira-operator-jiraissue-viewer"),
        ("team", "edit"),
        ("guest", "view"),
    ] {
        let subject = format!("--serviceaccount={}:{account}", harness.namespace);
        let role = format!("--clusterrole={role}");
        let bound = ["create", "rolebinding", account, &role, &subject];
        harness.kubectl(&bound).await.expect("it is bound");
    }
    for (account, verb, subresource, allowed) in [
        ("alerts", "create", "", true),
        ("alerts", "patch", "", true),
        ("team", "create", "", true),
        ("wall", "watch", "", true),
        ("guest", "list", "", true),
        ("alerts", "patch", "status", false),
        ("team", "update", "status", false),
        ("wall", "create", "", false),
        ("guest", "patch", "", false),
    ] {
        let user = format!("--as=system:serviceaccount:{}:{account}", harness.namespace);
        let what = [
            "auth",
            "can-i",
            verb,
            "jiraissues.jira-operator.dev",
            &format!("--subresource={subresource}"),
            &user,
        ];
        let started = Instant::now();
        // The API server learns of a binding a moment later.
        while harness.kubectl(&what).await.is_ok() != allowed {
            assert!(started.elapsed() < PATIENCE, "{what:?} is to be {allowed}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    harness.close().await;
}
