//! A manifest that `template` prints: checked, applied, and become a ticket. Tickets in trouble, as `check` tells them.

use std::{fs, sync::Arc};

use devkit::sandbox::Operation;
use jira_operator::api::condition::ConditionType;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        actions::connected,
        tickets::{ticket, writing},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("terminal::a_template_becomes_a_ticket", becomes_a_ticket),
        scenario(
            "terminal::a_template_of_nothing_lists_what_there_is",
            lists_what_there_is,
        ),
        scenario("terminal::manifests_of_tickets_are_judged_against_the_site", judged),
        scenario("terminal::a_ticket_that_is_another_objects_is_told", owned),
        scenario("terminal::tickets_in_trouble_are_told", in_trouble),
    ]
}

/// A field that stories need and that bugs may have.
fn with_team(harness: &Harness) {
    let team = harness.add_field(json!({
        "name": "Team", "kind": "select", "options": ["SRE", "Web"], "projects": ["ENG"],
    }));
    harness.command(json!({
        "command": "changeScreen", "project": "ENG", "issueType": "Story", "field": team, "required": true,
    }));
}

async fn becomes_a_ticket(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "template").await;
    with_team(&harness);
    let ran = harness.runs(&["template", "eng", "Story"]).await;
    ran.assert_exit(
        0,
        &[
            "type: Story",
            "# Needed: one value of these: SRE, Web. Team: \"\"",
            "# assignee:",
        ],
    )
    .fits();
    let file = harness.path("story.yaml");
    fs::write(&file, &ran.out).expect("a file");
    let file = file.to_str().expect("a path");

    // As it is printed the API server takes it, and the operator says what is left to be done; so does the command.
    let offline = harness.runs(&["check", "--offline", "-f", file]).await;
    offline.assert_exit(0, &["FieldsAccepted", "By the schema of the CRD only."]);
    let says = ["FieldRequired", "spec.fields.\"Team\"", "one of: SRE, Web"];
    harness.runs(&["check", "-f", file]).await.assert_exit(1, &says).fits();
    harness.cluster.apply(&ran.out).await.expect("the API server takes it");
    harness
        .until_ticket_reason("eng-story", ConditionType::Valid, "FieldRequired")
        .await;

    let filled = ran
        .out
        .replace("Team: \"\"", "Team: Web")
        .replace("# labels:", "labels:")
        .replace("# links:", "links:")
        .replace("# policy:", "policy:");
    fs::write(harness.path("story.yaml"), &filled).expect("a file");
    let accepted = ["√ Valid SpecAccepted", "√ PeopleMatched AllMatched"];
    harness.runs(&["check", "-f", file]).await.assert_exit(0, &accepted);
    harness.cluster.apply(&filled).await.expect("the API server takes it");
    let created = harness.until_created("eng-story").await;
    assert_eq!(
        (created.issue_type.as_str(), created.summary.as_str()),
        ("Story", "Story")
    );
    assert!(
        created.labels.contains(&"kubernetes".to_owned()),
        "{:?}",
        created.labels
    );
    harness
        .until_ticket("eng-story", "linked", |status| {
            let links = status
                .applied
                .as_ref()
                .map_or(&[][..], |applied| applied.links.as_slice());
            links.len() == 1 && !links[0].pending
        })
        .await;

    let request = harness
        .runs(&["template", "SUP", "Report a problem", "--integration", "acme"])
        .await;
    request
        .assert_exit(0, &["requestType: Report a problem", "# reporter: {email: "])
        .fits();
    harness
        .cluster
        .apply(&request.out)
        .await
        .expect("the API server takes it");
    harness.until_created("sup-report-a-problem").await;
    assert_eq!(harness.written_tickets(Operation::Create).len(), 2);
    harness.close().await;
}

async fn lists_what_there_is(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "templates", json!({})).await;
    let none = harness.runs(&["template", "SPU", "Bug"]).await;
    none.assert_exit(1, &["no project SPU. Did you mean SUP? There are: ENG, ITS, OPS, SUP."]);
    let none = harness.runs(&["template", "SUP", "Report a probelm"]).await;
    none.assert_exit(
        1,
        &[
            "no Report a probelm in SUP. Did you mean Report a problem?",
            "Request types: ",
            "Issue types: ",
        ],
    );
    let none = harness.runs(&["template", "ENG", "Bugg"]).await;
    none.assert_exit(1, &["Did you mean Bug?", "Issue types: "]);
    assert!(!none.err.contains("Request types"), "{}", none.err);
    // Where none are written the manifest says so.
    let exchanges = harness.exchanges();
    let ran = harness.runs(&["template", "ENG", "Bug"]).await;
    ran.assert_exit(0, &["Note: the JiraIntegration acme writes no tickets in ENG yet"])
        .fits();
    assert_eq!(harness.exchanges(), exchanges, "no token is spent");

    let reader = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}]";
    let reader = harness.person("reader", reader, None).await;
    let command = harness.types(&["template", "ENG", "Bug", "-n", &harness.namespace]);
    let refused = harness.ended(command.with(&reader).start()).await;
    refused.assert_exit(
        1,
        &["Jira cannot be asked, because you may not read Secret acme-oauth-grant"],
    );
    harness.close().await;
}

/// Checks a file with one ticket.
async fn check_file(harness: &Harness, name: &str, spec: serde_json::Value, code: i32, says: &[&str]) {
    let mut manifest = ticket(name, spec);
    manifest["metadata"]["namespace"] = json!(harness.namespace);
    let file = harness.path(&format!("{name}.json"));
    fs::write(&file, manifest.to_string()).expect("a file");
    let ran = harness.runs(&["check", "-f", file.to_str().expect("a path")]).await;
    ran.assert_exit(code, says);
}

async fn judged(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "judged").await;
    with_team(&harness);
    let check = async |name: &str, spec: serde_json::Value, code: i32, says: &[&str]| {
        check_file(&harness, name, spec, code, says).await;
    };
    let bug = |more: serde_json::Value| {
        let mut spec = json!({"project": "ENG", "type": "Bug", "summary": "x"});
        spec.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        spec
    };
    check("fine", bug(json!({})), 0, &["√ Valid SpecAccepted"]).await;
    check("key", bug(json!({"project": "OPS"})), 1, &["× Valid ProjectNotInScope"]).await;
    check(
        "type",
        bug(json!({"type": "Bgu"})),
        1,
        &["× Valid TypeUnknown", "There are: Bug"],
    )
    .await;
    check(
        "field",
        bug(json!({"fields": {"Teem": "SRE"}})),
        1,
        &["× Valid FieldUnknown", "Did you mean Team?"],
    )
    .await;
    check(
        "value",
        bug(json!({"fields": {"Team": "Ops"}})),
        1,
        &["× Valid FieldValueInvalid", "SRE, Web"],
    )
    .await;
    let stranger = json!({"reporter": {"email": "nobody@elsewhere.example"}});
    check(
        "people",
        bug(stranger),
        0,
        &["√ Valid SpecAccepted", "‼ PeopleMatched ReporterUnknown"],
    )
    .await;
    check(
        "gone",
        json!({"ticket": "ENG-9999"}),
        1,
        &["× Created TicketNotFound", "no issue ENG-9999"],
    )
    .await;
    harness.command(json!({
        "command": "revokePermission", "project": "ENG", "permission": "ASSIGNABLE_USER", "account": "dana@acme.example",
    }));
    let nobody = json!({"assignee": {"email": "dana@acme.example"}});
    check(
        "assignee",
        bug(nobody),
        0,
        &["√ Valid SpecAccepted", "‼ PeopleMatched AssigneeNotAssignable"],
    )
    .await;
    check("taken", json!({"ticket": "ENG-1"}), 0, &["√ Valid SpecAccepted"]).await;
    let other = json!({"integration": "nobody", "project": "ENG", "type": "Bug", "summary": "x"});
    check("nobody", other, 1, &["× Valid IntegrationNotFound"]).await;
    assert!(harness.written_tickets(Operation::Create).is_empty(), "nothing is sent");

    harness.change("acme", json!({"tickets": null})).await;
    check("off", bug(json!({})), 1, &["× Valid TicketsDisabled"]).await;
    let file = harness.path("fine.json");
    let nowhere = harness.types(&["check", "-f", file.to_str().expect("a path")]);
    let nowhere = harness
        .ended(nowhere.env("KUBECONFIG", &harness.path("none")).start())
        .await;
    nowhere.assert_exit(
        2,
        &[
            "√ Fields FieldsAccepted",
            "were skipped: that takes a cluster",
            "By the schema",
        ],
    );
    harness.close().await;
}

/// As soon as an object has it, an existing ticket is no other one's, and neither where another cluster has it.
async fn owned(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "owned").await;
    harness.apply_ticket("taken", json!({"ticket": "ENG-1"})).await;
    harness.until_created("taken").await;
    check_file(
        &harness,
        "taken",
        json!({"ticket": "ENG-1"}),
        0,
        &["√ Valid SpecAccepted"],
    )
    .await;
    let managed = ["× Created AlreadyManaged", "ENG-1 is the ticket of the JiraIssue taken"];
    check_file(&harness, "again", json!({"ticket": "ENG-1"}), 1, &managed).await;
    let foreign = json!({
        "v": 1, "K": "0123456789abcdef0123", "n": 1, "scope": "other", "namespace": "x", "name": "y", "uid": "z",
    });
    harness.command(json!({
        "command": "setIssueProperty", "issue": "ENG-2", "key": "jira-operator.dev", "value": foreign,
    }));
    let managed = ["× Created AlreadyManaged", "in this cluster or in another one"];
    check_file(&harness, "foreign", json!({"ticket": "ENG-2"}), 1, &managed).await;
    harness.close().await;
}

async fn in_trouble(cluster: Arc<Cluster>) {
    let harness = writing(&cluster, "trouble").await;
    for n in 0..12 {
        let spec = json!({"project": "ENG", "type": "Bgu", "summary": "x"});
        harness.apply_ticket(&format!("wrong-{n:02}"), spec).await;
    }
    for n in 0..12 {
        harness
            .until_ticket_reason(&format!("wrong-{n:02}"), ConditionType::Valid, "TypeUnknown")
            .await;
    }
    let told = harness.runs(&["check", "acme"]).await;
    let says = [
        "‼ 10 JiraIssues",
        "‼ Valid TypeUnknown",
        "There are: Bug",
        "more: jira-operator explain TypeUnknown",
        "2 more tickets are not Ready: kubectl get jissue",
    ];
    told.assert_exit(0, &says).fits();
    harness.runs(&["check", "acme", "--strict"]).await.assert_exit(1, &[]);
    harness.close().await;
}
