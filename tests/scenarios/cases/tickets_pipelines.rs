//! The manifests of `examples/argo/`: what workflows and sensors apply becomes tickets, with the rights that they bind.

use std::{fs, sync::Arc, time::Instant};

use devkit::sandbox::Operation;
use jira_operator::api::{
    condition::ConditionType::PhaseReached,
    issue::{JiraIssue, JiraIssueStatus},
};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, actions::connected, observe::PATIENCE},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("tickets::argo_goes_on_or_fails_by_a_ticket", workflow),
        scenario("tickets::argo_makes_a_ticket_of_each_event", events),
        scenario(
            "tickets::argo_closes_and_opens_the_one_ticket_of_an_alert_group",
            alerts,
        ),
    ]
}

const ALEX: &str = "alex@acme.example";

/// The manifests of an example, in the namespace of the story, and those applied whose kinds the API server knows.
async fn example(harness: &Harness, file: &str) -> Vec<Value> {
    let path = format!("{}/examples/argo/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("the example is there");
    let here = format!("namespace: {}", harness.namespace);
    let all: Vec<Value> =
        serde_saphyr::from_multiple(&text.replace("namespace: support", &here)).expect("the example is YAML");
    for manifest in &all {
        assert_eq!(manifest["metadata"]["namespace"], json!(harness.namespace));
        if manifest["apiVersion"] != "argoproj.io/v1alpha1" {
            let applied = harness.cluster.apply(&manifest.to_string()).await;
            applied.expect("the API server takes it");
        }
    }
    all
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> &'a Value {
    let found = all.iter().find(|manifest| manifest["kind"] == kind);
    found.unwrap_or_else(|| panic!("the example has a {kind}"))
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    let found = value.pointer(path).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{path} of {value:#}"))
}

/// Runs kubectl as a service account of the namespace. The API server learns of its rights a moment later.
async fn run_as(harness: &Harness, account: &str, arguments: &[&str], object: &Value) -> String {
    let user = format!("--as=system:serviceaccount:{}:{account}", harness.namespace);
    let whole = [&["-n", &harness.namespace, &user], arguments].concat();
    let started = Instant::now();
    loop {
        match harness.cluster.kubectl_with(&whole, &object.to_string()).await {
            Ok(said) => return said,
            Err(said) => assert!(
                said.contains("forbidden") && started.elapsed() < PATIENCE,
                "{arguments:?}: {said}\n{object:#}"
            ),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// The object of the only trigger of a sensor, whose event source and parameters are there.
fn triggered(all: &[Value]) -> Value {
    let (sensor, source, service) = (
        of_kind(all, "Sensor"),
        of_kind(all, "EventSource"),
        of_kind(all, "Service"),
    );
    let dependency = &sensor["spec"]["dependencies"][0];
    assert_eq!(dependency["eventSourceName"], source["metadata"]["name"]);
    let event = &source["spec"]["webhook"][text(dependency, "/eventName")];
    assert_eq!(
        service["spec"]["selector"]["eventsource-name"],
        source["metadata"]["name"]
    );
    let port = service["spec"]["ports"][0]["targetPort"].to_string();
    assert_eq!(text(event, "/port"), port);
    let trigger = &sensor["spec"]["triggers"][0]["template"]["k8s"];
    let object = trigger["source"]["resource"].clone();
    for parameter in trigger["parameters"].as_array().expect("it has parameters") {
        assert_eq!(parameter["src"]["dependencyName"], dependency["name"]);
        text(&object, &format!("/{}", text(parameter, "/dest").replace('.', "/")));
    }
    object
}

/// Whether a condition such as `status.phase == Done` of a workflow's step is met by an object.
fn is_met(condition: &str, object: &JiraIssue) -> bool {
    let (place, wanted) = condition.split_once(" == ").expect("it compares");
    let object = serde_json::to_value(object).expect("it is JSON");
    let found = object.pointer(&format!("/{}", place.replace('.', "/")));
    found.and_then(Value::as_str) == Some(wanted)
}

async fn workflow(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "tickets-workflow", json!({"tickets": {}})).await;
    let all = example(&harness, "workflow-approval").await;
    let spec = &of_kind(&all, "WorkflowTemplate")["spec"];
    let templates = spec["templates"].as_array().expect("it has templates");
    let step = templates.iter().find(|template| template["resource"].is_object());
    let step = &step.expect("a step applies something")["resource"];
    let parameter = &spec["arguments"]["parameters"][0];
    let placeholder = format!("{{{{workflow.parameters.{}}}}}", text(parameter, "/name"));
    let manifest = text(step, "/manifest").replace(&placeholder, text(parameter, "/value"));
    assert!(!manifest.contains("{{"), "{manifest}");
    let manifest: Value = serde_saphyr::from_str(&manifest).expect("the manifest is YAML");
    let name = text(&manifest, "/metadata/name");
    let apply = [text(step, "/action"), "-f", "-"];
    run_as(&harness, text(spec, "/serviceAccountName"), &apply, &manifest).await;
    let key = harness.until_created(name).await.key;
    let conditions = ["/successCondition", "/failureCondition"].map(|place| text(step, place));
    let met = |object: &JiraIssue| conditions.map(|condition| is_met(condition, object));
    for (status, expected) in [
        (None, [false, false]),
        (Some("Resolved"), [true, false]),
        (Some("Closed"), [true, true]),
    ] {
        if let Some(to) = status {
            harness.command(json!({"command": "transitionIssue", "issue": key, "account": ALEX, "to": to}));
            harness.request("acme").await;
            let is_there = |found: &JiraIssueStatus| found.status == to;
            harness.until_ticket(name, to, is_there).await;
        }
        let object = harness.issues().get(name).await.expect("it is there");
        assert_eq!(met(&object), expected, "{status:?}");
    }
    // A step that is run again finds the ticket that it had.
    run_as(&harness, text(spec, "/serviceAccountName"), &apply, &manifest).await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 1);
    harness.close().await;
}

async fn events(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "tickets-events", json!({"tickets": {}})).await;
    let all = example(&harness, "events-request").await;
    let object = triggered(&all);
    let account = text(of_kind(&all, "Sensor"), "/spec/template/serviceAccountName");
    for number in 1..=2 {
        let said = run_as(&harness, account, &["create", "-f", "-", "-o", "name"], &object).await;
        let (_, name) = said.trim().split_once('/').expect("it says the name");
        harness.until_created(name).await;
        assert_eq!(harness.written_tickets(Operation::Create).len(), number);
    }
    harness.close().await;
}

/// What a sensor does with `operation: patch`: it creates the object where there is none.
async fn notify(harness: &Harness, account: &str, object: &Value, change: Value) {
    let mut object = object.clone();
    for (name, value) in change.as_object().expect("the change is an object") {
        object["spec"][name] = value.clone();
    }
    let name = text(&object, "/metadata/name");
    let known = harness.issues().get_opt(name).await.expect("the API server answers");
    if known.is_none() {
        run_as(harness, account, &["create", "-f", "-"], &object).await;
        return;
    }
    let body = object.to_string();
    let patch = ["patch", "jissue", name, "--type=merge", "-p", &body];
    run_as(harness, account, &patch, &Value::Null).await;
}

async fn alerts(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "tickets-alerts", json!({"tickets": {}})).await;
    let all = example(&harness, "alertmanager").await;
    let object = triggered(&all);
    let account = text(of_kind(&all, "Sensor"), "/spec/template/serviceAccountName");
    let name = text(&object, "/metadata/name");
    let created = || harness.written_tickets(Operation::Create).len();
    let in_phase = |phase: &'static str| move |status: &JiraIssueStatus| status.phase == phase;
    notify(&harness, account, &object, json!({})).await;
    let first = harness.until_created(name).await;
    assert_eq!(
        first.phase, "InProgress",
        "the phase of a new request is the wanted one"
    );
    assert_eq!(harness.written_tickets(Operation::Transition).len(), 0);
    // It is told again while the group fires, and what fires has changed.
    notify(&harness, account, &object, json!({"description": "Another alert too"})).await;
    // It is resolved, and fires again while the object is there.
    notify(&harness, account, &object, json!({"phase": "Done"})).await;
    harness.until_ticket(name, "closed", in_phase("Done")).await;
    notify(&harness, account, &object, json!({})).await;
    let again = harness.until_ticket(name, "open again", in_phase("InProgress")).await;
    assert_eq!((again.key, created()), (first.key.clone(), 1));
    harness.until_ticket_reason(name, PhaseReached, "Reached").await;
    // It is resolved, and fires again once the object is gone.
    let gone = || harness.until_object::<JiraIssue>(name, "deleted", |object| object.is_none());
    notify(
        &harness,
        account,
        &object,
        json!({"phase": "Done", "ttlSecondsAfterDone": 0}),
    )
    .await;
    gone().await;
    notify(&harness, account, &object, json!({"ttlSecondsAfterDone": 0})).await;
    let second = harness.until_created(name).await;
    assert_ne!(second.key, first.key);
    assert_eq!((created(), harness.written_tickets(Operation::IssueLink).len()), (2, 1));
    // A person resolves it, the object goes, and then the group is resolved: none is created to be closed.
    harness.command(json!({"command": "transitionIssue", "issue": second.key, "account": ALEX, "to": "Resolved"}));
    harness.request("acme").await;
    gone().await;
    notify(
        &harness,
        account,
        &object,
        json!({"phase": "Done", "ttlSecondsAfterDone": 0}),
    )
    .await;
    gone().await;
    assert_eq!(created(), 2);
    harness.close().await;
}
