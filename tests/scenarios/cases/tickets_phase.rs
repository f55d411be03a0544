//! Tickets that are moved to where their spec wants them, and why not.

use std::sync::Arc;

use devkit::sandbox::Operation;
use jira_operator::api::{condition::ConditionType::PhaseReached, issue::JiraIssueStatus};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, tickets::writing},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::moves_once_and_lets_stand_what_people_do_then", moved),
        scenario("tickets::moves_hop_by_hop_and_says_where_no_way_leads", ways),
        scenario("tickets::moves_by_the_names_of_transitions_and_by_ids", names),
        scenario("tickets::moves_never_to_where_it_is", looped),
        scenario("tickets::moves_with_what_a_screen_demands_or_names_it", screens),
        scenario("tickets::moves_once_it_is_approved", approval),
        scenario("tickets::moves_not_where_jira_refuses_it_and_says_why", refused),
        scenario("tickets::moves_not_what_is_suspended_or_planned", withheld),
        scenario("tickets::moves_are_waited_for_by_kubectl", gate),
    ]
}

pub(super) const DANA: &str = "dana@acme.example";

pub(super) fn bug(wish: Value) -> Value {
    let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "Slow"});
    if let (Some(spec), Value::Object(wish)) = (spec.as_object_mut(), wish) {
        spec.extend(wish);
    }
    spec
}

pub(super) fn workflow(harness: &Harness, transitions: &Value) {
    harness.command(json!({"command": "setTransitions", "project": "ENG", "transitions": transitions}));
}

/// How many moves the app made.
pub(super) fn moves(harness: &Harness) -> usize {
    harness.written_tickets(Operation::Transition).len()
}

pub(super) async fn until_phase(harness: &Harness, name: &str, reason: &str, status: &str) -> JiraIssueStatus {
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
    let who = format!("Dana Developer moved {} on to Done, which stands.", status.key);
    let told = harness.until_ticket_reason("bug", PhaseReached, "MovedOn").await;
    assert!(told.message.starts_with(&who), "{}", told.message);
    let event = harness.until_event("bug", "MovedInJira").await;
    let note = event.note.unwrap_or_default();
    assert!(note.contains(&who), "{note}");
    harness.kill_operators().await;
    harness.start_operator();
    harness.request("acme").await;
    harness.command(json!({"command": "commentOnIssue", "issue": status.key, "account": DANA, "text": "Fixed"}));
    harness.request("acme").await;
    let is_read = |found: &JiraIssueStatus| {
        let latest = found.comments.as_ref().map(|comments| comments.latest.as_slice());
        latest.is_some_and(|latest| latest.iter().any(|comment| comment.text == "Fixed"))
    };
    harness.until_ticket("bug", "read once more", is_read).await;
    until_phase(&harness, "bug", "MovedOn", "Done").await;
    assert_eq!(harness.calls_to(mark, "/transitions"), 0);
    assert_eq!(
        harness.calls_to(mark, "/changelog"),
        1,
        "who moved it is asked once, and is known after a restart"
    );
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
    harness.close().await;
}

/// A ticket that is there is suspended, or only a plan is asked for, and is wanted elsewhere.
async fn withheld(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-withheld-moves").await;
    harness.apply_ticket("bug", bug(json!({}))).await;
    harness.until_created("bug").await;
    harness
        .apply_ticket("bug", bug(json!({"phase": "Done", "suspend": true})))
        .await;
    let told = harness
        .until_ticket_reason("bug", PhaseReached, "TicketSuspended")
        .await;
    assert!(told.message.contains("Done is wanted"), "{}", told.message);
    let plan = ["annotate", "jissue", "bug", "jira-operator.dev/plan=true"];
    harness.kubectl(&plan).await.expect("it is annotated");
    harness.apply_ticket("bug", bug(json!({"phase": "Done"}))).await;
    harness.until_ticket_reason("bug", PhaseReached, "Planned").await;
    let has_plan = |status: &JiraIssueStatus| status.plan.iter().any(|line| line.ends_with("/transitions, to Done"));
    harness.until_ticket("bug", "planned", has_plan).await;
    assert_eq!(moves(&harness), 0);
    let act = ["annotate", "jissue", "bug", "jira-operator.dev/plan-"];
    harness.kubectl(&act).await.expect("the annotation is removed");
    let status = until_phase(&harness, "bug", "Reached", "Done").await;
    assert!(status.plan.is_empty(), "{status:?}");
    assert_eq!(moves(&harness), 1);
    harness.close().await;
}

/// A program waits for a ticket, and is not told of an earlier spec.
async fn gate(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-gate").await;
    harness.apply_ticket("gate", bug(json!({"phase": "InProgress"}))).await;
    waited(&harness, "--for=condition=PhaseReached").await;
    assert_eq!(moves(&harness), 1);
    let key = harness.until_created("gate").await.key;
    let person = async {
        harness.command(json!({"command": "transitionIssue", "issue": key, "account": DANA, "to": "Done"}));
        harness.request("acme").await;
    };
    tokio::join!(waited(&harness, "--for=jsonpath={.status.phase}=Done"), person);
    harness.apply_ticket("gate", bug(json!({"status": "In Review"}))).await;
    waited(&harness, "--for=condition=PhaseReached").await;
    let status = harness.issues().get("gate").await.expect("it is there").status;
    assert_eq!(status.expect("it has a status").status, "In Review");
    harness.close().await;
}

async fn waited(harness: &Harness, what: &str) {
    let command = ["wait", "jissue/gate", what, "--timeout=120s"];
    let waited = harness.kubectl(&command).await;
    waited.unwrap_or_else(|error| panic!("{what}: {error}\n{}", harness.log_tail()));
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

/// The way is named by transitions that are there from everywhere, and by ids.
async fn names(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "tickets-way-names").await;
    workflow(
        &harness,
        &json!([
            {"name": "Start", "to": "In Progress"},
            {"name": "Show", "to": "In Review"},
            {"name": "Accept", "to": "Done", "from": ["In Review"]},
        ]),
    );
    let wish = json!({"phase": "Done", "via": ["start", "Show"]});
    harness.apply_ticket("bug", bug(wish)).await;
    let done = until_phase(&harness, "bug", "Reached", "Done").await;
    assert_eq!(moves(&harness), 3);
    harness.apply_ticket("bug", bug(json!({"status": "In Review"}))).await;
    let review = until_phase(&harness, "bug", "Reached", "In Review").await;
    let wish = json!({"status": format!("id:{}", done.status_id), "via": [format!("id:{}", review.status_id)]});
    harness.apply_ticket("by-id", bug(wish)).await;
    until_phase(&harness, "by-id", "Reached", "Done").await;
    assert_eq!(moves(&harness), 6);
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
