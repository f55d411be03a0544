//! Tickets that are moved to where their spec wants them, and why not.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::{
    condition::ConditionType::{Created, PhaseReached},
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, fleet::until_hit, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::moves_once_and_lets_stand_what_people_do_then", moved),
        scenario("tickets::moves_hop_by_hop_and_says_where_no_way_leads", ways),
        scenario("tickets::moves_never_to_where_it_is", looped),
        scenario("tickets::moves_with_what_a_screen_demands_or_names_it", screens),
        scenario("tickets::moves_once_it_is_approved", approval),
        scenario("tickets::moves_not_where_jira_refuses_it_and_says_why", refused),
        scenario("tickets::moves_once_though_the_answer_is_lost", lost),
        scenario("tickets::moves_not_where_a_person_was_faster", overtaken),
        scenario("tickets::moves_back_three_times_and_names_who_fights", kept),
        scenario("tickets::moves_nothing_in_a_rebuilt_cluster", rebuilt),
    ]
}

const DANA: &str = "dana@acme.example";

fn bug(wish: Value) -> Value {
    let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "Slow"});
    if let (Some(spec), Value::Object(wish)) = (spec.as_object_mut(), wish) {
        spec.extend(wish);
    }
    spec
}

fn workflow(harness: &Harness, transitions: &Value) {
    harness.command(json!({"command": "setTransitions", "project": "ENG", "transitions": transitions}));
}

/// How many moves the app made.
fn moves(harness: &Harness) -> usize {
    harness.written_tickets(Operation::Transition).len()
}

async fn until_phase(harness: &Harness, name: &str, reason: &str, status: &str) -> JiraIssueStatus {
    harness.until_ticket_reason(name, PhaseReached, reason).await;
    let is_there = |found: &JiraIssueStatus| found.status == status;
    harness.until_ticket(name, &format!("in {status}"), is_there).await
}

async fn moved(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-moved").await;
    harness.apply_ticket("bug", bug(json!({"phase": "InProgress"}))).await;
    let status = until_phase(&harness, "bug", "Reached", "In Progress").await;
    harness.until_created("bug").await;
    assert_eq!(
        (status.phase.as_str(), status.transitions, status.moving),
        ("InProgress", None, None)
    );
    let effects = harness.written_tickets(Operation::Transition);
    assert_eq!(effects.len(), 1);
    let history = effects[0].history_metadata.clone().unwrap_or_default();
    let cause = history["cause"]["id"].as_str().unwrap_or_default().to_owned();
    assert!(cause.ends_with("/bug@1"), "{cause}");
    let event = harness.until_event("bug", "TicketMoved").await;
    let note = event.note.unwrap_or_default();
    assert!(
        note.contains(&format!("Moved {} for generation 1", status.key)),
        "{note}"
    );
    // Somebody moves it on, and that is told once, and stands, also for another process.
    let mark = harness.sandbox.mark();
    harness.command(json!({"command": "transitionIssue", "issue": status.key, "account": DANA, "to": "Done"}));
    harness.request("acme").await;
    until_phase(&harness, "bug", "MovedOn", "Done").await;
    harness.until_created("bug").await;
    harness.until_event("bug", "MovedOn").await;
    harness.kill_operators().await;
    harness.start_operator();
    harness.request("acme").await;
    until_phase(&harness, "bug", "MovedOn", "Done").await;
    assert_eq!(harness.calls_to(mark, "/transitions"), 0);
    // What is there already is no move; what is new is one.
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(harness.calls_to(mark, "/transitions"), 0);
    harness.apply_ticket("bug", bug(json!({"status": "to do"}))).await;
    until_phase(&harness, "bug", "Reached", "To Do").await;
    assert_eq!(moves(&harness), 2);
    // Where nothing is wanted any more, nothing is said; and the same is then wanted anew.
    harness.apply_ticket("bug", bug(json!({}))).await;
    let has_none = |status: &JiraIssueStatus| !status.conditions.iter().any(|found| found.type_ == "PhaseReached");
    harness.until_ticket("bug", "without a wish", has_none).await;
    harness.command(json!({"command": "transitionIssue", "issue": status.key, "account": DANA, "to": "Done"}));
    harness.request("acme").await;
    harness.apply_ticket("bug", bug(json!({"status": "to do"}))).await;
    until_phase(&harness, "bug", "Reached", "To Do").await;
    assert_eq!(moves(&harness), 3);
    // Suspended, it stays.
    harness
        .apply_ticket("bug", bug(json!({"phase": "Done", "suspend": true})))
        .await;
    harness.until_ticket_reason("bug", PhaseReached, "ChangesPending").await;
    assert_eq!(moves(&harness), 3);
    harness.close().await;
}

async fn ways(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-ways").await;
    workflow(
        &harness,
        &json!([
            {"name": "Start", "to": "In Progress", "from": ["To Do"]},
            {"name": "Show", "to": "In Review", "from": ["In Progress"]},
            {"name": "Accept", "to": "Done", "from": ["In Review"]},
        ]),
    );
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    let told = harness.until_ticket_reason("bug", PhaseReached, "NoTransition").await;
    let status = harness
        .until_ticket("bug", "told", |status| status.transitions.is_some())
        .await;
    let expected = format!(
        "Done is wanted, {} is To Do. From there this account can move it to In Progress.",
        status.key
    );
    assert!(told.message.starts_with(&expected), "{}", told.message);
    let known = status.transitions.expect("it is there");
    assert_eq!(
        (known.from.as_str(), known.available.as_slice()),
        ("To Do", &["In Progress".to_owned()][..])
    );
    let namespace = harness.namespace.clone();
    let table = harness.kubectl(&["get", "jissue", "bug", "-n", &namespace]).await;
    let table = table.expect("kubectl answers");
    let columns: Vec<&str> = table.split_whitespace().take(8).collect();
    assert_eq!(
        columns,
        ["NAME", "KEY", "READY", "REASON", "PHASE", "WANTED", "ASSIGNEE", "AGE"]
    );
    assert!(
        table.contains("NoTransition") && table.contains("Todo") && table.contains("Done"),
        "{table}"
    );
    let mark = harness.sandbox.mark();
    harness.request("acme").await;
    assert_eq!(
        harness.calls_to(mark, "/transitions"),
        0,
        "it rests until something changes"
    );
    harness
        .apply_ticket("bug", bug(json!({"phase": "Done", "via": ["In Progress", "show"]})))
        .await;
    until_phase(&harness, "bug", "Reached", "Done").await;
    harness.until_created("bug").await;
    let changed: Vec<_> = harness
        .written_tickets(Operation::Transition)
        .into_iter()
        .map(|effect| effect.changed)
        .collect();
    assert_eq!(changed, [vec!["status"], vec!["status"], vec!["resolution", "status"]]);
    harness.apply_ticket("bug", bug(json!({"phase": "Waiting"}))).await;
    let told = harness.until_ticket_reason("bug", PhaseReached, "PhaseUnknown").await;
    assert!(
        told.message.contains("stand for Done, InProgress, Todo"),
        "{}",
        told.message
    );
    harness.apply_ticket("bug", bug(json!({"status": "Nowhere"}))).await;
    harness
        .until_ticket("bug", "told of statuses", |status| {
            status
                .conditions
                .iter()
                .any(|found| found.message.contains("Its statuses are Done, In Progress"))
        })
        .await;
    assert_eq!(moves(&harness), 3);
    harness.close().await;
}

async fn looped(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-looped").await;
    workflow(
        &harness,
        &json!([
            {"name": "Remind", "from": ["To Do"]},
            {"name": "Reset", "to": "To Do"},
            {"name": "Finish", "to": "Done", "from": ["In Progress"]},
        ]),
    );
    harness.apply_ticket("here", bug(json!({"phase": "Todo"}))).await;
    until_phase(&harness, "here", "Reached", "To Do").await;
    harness
        .apply_ticket("there", bug(json!({"phase": "Done", "via": ["Remind", "Reset"]})))
        .await;
    let told = harness.until_ticket_reason("there", PhaseReached, "NoTransition").await;
    assert!(told.message.contains("can move it nowhere"), "{}", told.message);
    assert_eq!(moves(&harness), 0, "watchers hear of such moves too");
    harness.close().await;
}

async fn screens(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-screens").await;
    let field = harness.add_field(json!({
        "name": "Root cause", "kind": "select", "options": ["Code", "Network"], "projects": ["ENG"],
    }));
    workflow(
        &harness,
        &json!([{"name": "Finish", "to": "Done", "screen": ["resolution", field], "required": ["resolution", field]}]),
    );
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    let told = harness
        .until_ticket_reason("bug", PhaseReached, "TransitionNeedsFields")
        .await;
    for part in [
        "Resolution (spec.resolution), one of: Done, Won't Do, Duplicate, Fixed.",
        &format!("Root cause (spec.fields.{field}), one of: Code, Network."),
    ] {
        assert!(told.message.contains(part), "{}", told.message);
    }
    let filled = json!({"phase": "Done", "resolution": "fixed", "fields": {"Root cause": "Network"}});
    harness.apply_ticket("bug", bug(filled)).await;
    let done = until_phase(&harness, "bug", "Reached", "Done").await;
    let issue = |key: &str| {
        harness.sandbox.state(|world| {
            let site = world.site("acme").expect("the site");
            let (_, issue) = site.issue(key).expect("the issue");
            (
                issue.fields["resolution"]["name"].clone(),
                issue.fields.get(&field).cloned(),
            )
        })
    };
    let (resolution, cause) = issue(&done.key);
    assert_eq!(
        (resolution, cause.map(|cause| cause["value"].clone())),
        (json!("Fixed"), Some(json!("Network")))
    );
    // A resolution that no list tells of is sent once Jira asks for it.
    workflow(
        &harness,
        &json!([{"name": "Finish", "to": "Done", "unlisted": ["resolution"], "required": ["resolution"]}]),
    );
    harness.apply_ticket("unlisted", bug(json!({"phase": "Done"}))).await;
    let told = harness
        .until_ticket_reason("unlisted", PhaseReached, "TransitionNeedsFields")
        .await;
    assert!(told.message.contains("spec.resolution"), "{}", told.message);
    harness
        .apply_ticket("unlisted", bug(json!({"phase": "Done", "resolution": "Duplicate"})))
        .await;
    let done = until_phase(&harness, "unlisted", "Reached", "Done").await;
    assert_eq!(issue(&done.key).0, "Duplicate");
    assert_eq!(moves(&harness), 2);
    harness.close().await;
}

async fn approval(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-approval").await;
    workflow(
        &harness,
        &json!([{"name": "Approve", "to": "Done", "condition": false}]),
    );
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    let told = harness
        .until_ticket_reason("bug", PhaseReached, "TransitionConditional")
        .await;
    assert!(told.message.contains("Approve to Done"), "{}", told.message);
    let key = harness
        .until_ticket("bug", "there", |status| !status.key.is_empty())
        .await
        .key;
    harness.command(json!({"command": "meetCondition", "project": "ENG", "transition": "Approve", "met": true}));
    harness.command(json!({"command": "commentOnIssue", "issue": key, "account": DANA, "text": "Approved"}));
    harness.request("acme").await;
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 1);
    harness.close().await;
}

async fn refused(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-unmoved").await;
    let finish = |refusal: Value| json!([{"name": "Finish", "to": "Done", "refusal": refusal}]);
    workflow(&harness, &finish(json!("All checks must have passed.")));
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    let told = harness
        .until_ticket_reason("bug", PhaseReached, "TransitionRefused")
        .await;
    assert!(
        told.message.contains("All checks must have passed."),
        "{}",
        told.message
    );
    workflow(&harness, &finish(Value::Null));
    let permission = |command: &str| json!({"command": command, "project": "ENG", "permission": "TRANSITION_ISSUES"});
    harness.command(permission("revokePermission"));
    harness
        .apply_ticket("bug", bug(json!({"phase": "Done", "labels": ["x"]})))
        .await;
    harness
        .until_ticket_reason("bug", PhaseReached, "TransitionDenied")
        .await;
    harness.command(permission("grantPermission"));
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 1);
    harness.close().await;
}

async fn lost(cluster: Arc<Cluster>) {
    let mut harness = writing(&cluster, "tickets-lost-moves").await;
    let drop = |when: &str| {
        json!({"command": "addFault", "rule": {
            "method": "POST", "path": "/transitions", "times": 1, "when": when, "action": {"kind": "dropConnection"},
        }})
    };
    // It was made, and a person moves it on before that is known.
    harness.apply_ticket("after", bug(json!({}))).await;
    let key = harness.until_created("after").await.key;
    harness.command(drop("after"));
    harness.apply_ticket("after", bug(json!({"status": "In Review"}))).await;
    harness
        .until_ticket("after", "being moved", |status| status.moving.is_some())
        .await;
    harness.kill_operators().await;
    harness.command(json!({"command": "transitionIssue", "issue": key, "account": DANA, "to": "Done"}));
    harness.start_operator();
    until_phase(&harness, "after", "MovedOn", "Done").await;
    assert_eq!(moves(&harness), 1);
    // It was not made.
    harness.command(drop("before"));
    harness.apply_ticket("before", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "before", "Reached", "Done").await;
    assert_eq!(moves(&harness), 2);
    // The others of its status were not asked to wait.
    harness.until_ticket_reason("before", Created, "TicketCreated").await;
    harness.close().await;
}

async fn overtaken(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-overtaken").await;
    workflow(&harness, &json!([{"name": "Finish", "to": "Done", "from": ["To Do"]}]));
    let held = |action: Value, when: &str| {
        let rule = json!({"method": "POST", "path": "/transitions", "times": 1, "when": when, "action": action});
        let rule = serde_json::from_value(rule).expect("a rule");
        match harness.sandbox.command(devkit::sandbox::Command::AddFault { rule }) {
            Ok(devkit::sandbox::Answer::Fault { id }) => id,
            _ => panic!("the sandbox answers with a fault"),
        }
    };
    let fault = held(json!({"kind": "hold"}), "before");
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    until_hit(&harness, &[fault]).await;
    let key = harness
        .until_ticket("bug", "being moved", |status| status.moving.is_some())
        .await
        .key;
    harness.command(json!({"command": "transitionIssue", "issue": key, "account": DANA, "to": "Done"}));
    harness.command(json!({"command": "removeFault", "id": fault}));
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 0, "the person had done it");
    // Another change in the same moment.
    let conflict = json!({"errorMessages": ["The issue was changed meanwhile."]}).to_string();
    held(json!({"kind": "status", "code": 409, "body": conflict}), "before");
    harness.apply_ticket("next", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "next", "Reached", "Done").await;
    assert_eq!(moves(&harness), 1);
    harness.close().await;
}

async fn kept(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-kept").await;
    harness.apply_ticket("bug", bug(json!({}))).await;
    let key = harness.until_created("bug").await.key;
    let revert = |off: bool| json!({"command": "revertField", "issue": key, "field": "status", "off": off});
    harness.command(revert(false));
    let wish = json!({"phase": "Done", "policy": {"phase": "Keep"}});
    harness.apply_ticket("bug", bug(wish)).await;
    let told = harness.until_ticket_reason("bug", PhaseReached, "KeepSuspended").await;
    assert!(
        told.message.starts_with("Automation for Jira moved"),
        "{}",
        told.message
    );
    assert_eq!(moves(&harness), 4, "once, and back three times");
    harness.until_event("bug", "KeepSuspended").await;
    let mark = harness.sandbox.mark();
    harness.command(json!({"command": "commentOnIssue", "issue": key, "account": DANA, "text": "?"}));
    harness.request("acme").await;
    harness.until_ticket_reason("bug", PhaseReached, "KeepSuspended").await;
    assert_eq!(harness.calls_to(mark, "/transitions"), 0);
    // The rule is changed, and so is the spec.
    harness.command(revert(true));
    let wish = json!({"phase": "Done", "policy": {"phase": "Keep"}, "labels": ["kept"]});
    harness.apply_ticket("bug", bug(wish)).await;
    until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 5);
    harness.close().await;
}

async fn rebuilt(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-rebuilt-moves").await;
    for (name, wish) in [("moved", "Done"), ("there", "Todo")] {
        harness.apply_ticket(name, bug(json!({"phase": wish}))).await;
        let status = harness.until_created(name).await;
        harness.until_ticket_reason(name, PhaseReached, "Reached").await;
        harness.command(json!({
            "command": "transitionIssue", "issue": status.key, "account": DANA, "to": "In Review",
        }));
    }
    for name in ["moved", "there"] {
        harness.delete::<JiraIssue>(name).await;
        harness
            .until_object::<JiraIssue>(name, "gone", |object| object.is_none())
            .await;
    }
    let written = harness.sandbox.effects().len();
    for (name, wish) in [("moved", "Done"), ("there", "Todo")] {
        harness.apply_ticket(name, bug(json!({"phase": wish}))).await;
        until_phase(&harness, name, "MovedOn", "In Review").await;
    }
    assert_eq!(harness.sandbox.effects().len(), written, "not one write");
    // What is new is wanted again.
    harness.apply_ticket("there", bug(json!({"phase": "Done"}))).await;
    until_phase(&harness, "there", "Reached", "Done").await;
    assert_eq!(moves(&harness), 2);
    harness.close().await;
}
