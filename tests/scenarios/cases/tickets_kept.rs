//! What outlives an object and what does not: the marker in Jira, what people changed there, and whose the app and the account
//! are.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::{
    integration::{JiraIntegration, TicketsStatus},
    issue::JiraIssue,
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, Setup, actions::connected_with_app, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "tickets::what_people_changed_stays_where_the_marker_is_gone",
            without_marker,
        ),
        scenario("tickets::another_app_has_tickets_of_its_own", another_app),
        scenario("tickets::what_another_account_created_is_listed_anew", another_account),
    ]
}

const MARKER: &str = "jira-operator.dev";
const DANA: &str = "dana@acme.example";
const ALEX: &str = "alex@acme.example";

fn bug(summary: &str) -> Value {
    json!({"project": "ENG", "type": "Bug", "summary": summary})
}

async fn remove(harness: &Harness, name: &str) {
    harness.delete::<JiraIssue>(name).await;
    harness
        .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
        .await;
}

/// People edit tickets and take the marker away; then the cluster is built anew. What Jira has is what holds.
async fn without_marker(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-without-marker").await;
    let mut slow = bug("Slow");
    slow["labels"] = json!(["gitops"]);
    let laptop = json!({
        "project": "SUP", "requestType": "Ask a question", "summary": "Laptop", "priority": "High", "labels": ["gitops"],
        "reporter": {"email": "kim@ext.example"},
    });
    let both = [("slow", slow, DANA), ("laptop", laptop, ALEX)];
    let mut keys = Vec::new();
    for (name, spec, assignee) in &both {
        harness.apply_ticket(name, spec.clone()).await;
        if spec["reporter"].is_object() {
            harness.until_noted(name).await;
        }
        let key = harness.until_created(name).await.key;
        let fields = json!({"summary": format!("{name} as edited"), "assignee": assignee, "priority": "4"});
        harness.command(json!({"command": "editIssue", "issue": key, "account": DANA, "fields": fields}));
        harness.command(json!({"command": "labelIssue", "issue": key, "account": DANA, "remove": ["gitops"]}));
        harness.command(json!({"command": "setIssueProperty", "issue": key, "account": DANA, "key": MARKER}));
        keys.push(key);
    }
    harness.kill_operators().await;
    for (name, ..) in &both {
        remove(&harness, name).await;
    }
    let before = harness.sandbox.effects().len();
    harness.start_operator();
    for ((name, spec, _), key) in both.iter().zip(&keys) {
        harness.apply_ticket(name, spec.clone()).await;
        if spec["reporter"].is_object() {
            harness.until_noted(name).await;
        }
        let again = harness.until_created(name).await;
        assert_eq!((&again.key, &again.summary), (key, &format!("{name} as edited")));
        assert!(
            again.assignee.is_some() && !again.labels.contains(&"gitops".to_owned()),
            "{again:?}"
        );
    }
    // It is marked again, and nothing else is written.
    let written = harness.sandbox.effects().split_off(before);
    let ours: Vec<_> = written.iter().filter(|effect| effect.client_id.is_some()).collect();
    assert!(ours.iter().all(|effect| effect.changed.is_empty()), "{ours:#?}");
    for key in &keys {
        let marked =
            |effect: &&&devkit::sandbox::Effect| effect.issue_key == *key && effect.properties.contains_key(MARKER);
        assert!(ours.iter().any(|effect| marked(&effect)), "{key}: {ours:#?}");
    }
    assert_eq!(harness.written_tickets(Operation::Create).len(), 2);
    assert_eq!(harness.written_tickets(Operation::Comment).len(), 1);
    harness.close().await;
}

/// Two clusters apply the same manifests, each with an app of its own. The second one is this one, built anew.
async fn another_app(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-another-app").await;
    harness.apply_ticket("slow", bug("Slow")).await;
    let first = harness.until_created("slow").await.key;
    harness.kill_operators().await;
    remove(&harness, "slow").await;
    harness.delete::<JiraIntegration>("acme").await;
    harness.connect("other-oauth").await;
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {}});
    harness
        .until_object::<JiraIntegration>("acme", "gone", |object| object.is_none())
        .await;
    harness.integrate("acme", "other-oauth", spec).await;
    harness.start_operator();
    harness.until_ready("acme").await;
    harness.apply_ticket("slow", bug("Slow")).await;
    let second = harness.until_created("slow").await;
    assert_ne!(second.key, first);
    assert!(second.duplicates.is_empty(), "{second:?}");
    let made = harness.written_tickets(Operation::Create);
    assert_eq!(made.len(), 2);
    assert_ne!(made[0].properties[MARKER]["K"], made[1].properties[MARKER]["K"]);
    // Nobody touched the ticket of the first.
    let of_first = harness.sandbox.effects().into_iter();
    assert_eq!(of_first.filter(|effect| effect.issue_key == first).count(), 1);
    harness.close().await;
}

fn tickets(integration: &JiraIntegration) -> TicketsStatus {
    let status = integration.status.as_ref();
    status.and_then(|status| status.tickets.clone()).unwrap_or_default()
}

/// Somebody else connects: what that account created is not what was listed.
async fn another_account(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}], "tickets": {}});
    let (harness, app) = connected_with_app(&cluster, "tickets-another-account", Setup::default(), spec).await;
    let is_listed = |integration: &JiraIntegration| {
        let account = integration.status.as_ref().and_then(|status| status.account.clone());
        let tickets = tickets(integration);
        tickets.scanned == ["ENG"] && tickets.scanned_by == account.map(|account| account.account_id)
    };
    harness.apply_ticket("first", bug("First")).await;
    harness.until_created("first").await;
    let before = harness.until("acme", "listed", is_listed).await;
    let hers = harness.sandbox.mint(&app.client_id, Some(DANA)).expect("a grant");
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&hers.refresh_token))
        .await;
    let account = |integration: &JiraIntegration| integration.status.as_ref().and_then(|status| status.account.clone());
    let is_hers = |integration: &JiraIntegration| {
        account(integration).is_some()
            && account(integration) != account(&before)
            && tickets(integration).scanned.is_empty()
    };
    harness
        .until("acme", "another account's, with nothing listed", is_hers)
        .await;
    let mark = harness.sandbox.mark();
    harness.apply_ticket("second", bug("Second")).await;
    harness.until_created("second").await;
    harness.until("acme", "listed anew", is_listed).await;
    let asked = harness
        .sandbox
        .requests_since(mark)
        .into_iter()
        .filter_map(|call| call.body);
    let whole = |body: &String| body.contains("creator = currentUser() ORDER BY key ASC");
    assert_eq!(asked.filter(whole).count(), 1, "all that the account ever created");
    harness.close().await;
}
