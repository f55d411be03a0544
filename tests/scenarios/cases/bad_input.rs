//! What people get wrong in a manifest and the API server can see: refused at apply, in words that
//! read plainly; and how kubectl explains and lists what is right.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{Harness, SITE, actions::connected, manifest, observe::is_ready},
};

/// Specs that the API server refuses, each with a part of what kubectl then says.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        r#"{"site": "http://acme.atlassian.net"}"#,
        "spec.site must begin with https://",
    ),
    (
        r#"{"site": "https://acme.atlassian.net/jira"}"#,
        "without a path, query or user",
    ),
    (
        r#"{"site": "https://acme.atlassian.net?a=b"}"#,
        "without a path, query or user",
    ),
    (
        r#"{"site": "https://me@acme.atlassian.net"}"#,
        "without a path, query or user",
    ),
    (r#"{"site": null}"#, "spec.site: Required value"),
    (
        r#"{"syncInterval": "abc"}"#,
        "spec.syncInterval must be a duration such as 5m",
    ),
    (
        r#"{"syncInterval": "5s"}"#,
        "spec.syncInterval must be between 1m and 24h",
    ),
    (
        r#"{"syncInterval": "48h"}"#,
        "spec.syncInterval must be between 1m and 24h",
    ),
    (r#"{"secretRef": {}}"#, "spec.secretRef.name: Required value"),
    (
        r#"{"secretRef": {"name": ""}}"#,
        "spec.secretRef.name must be the name of a Secret",
    ),
    (
        r#"{"projects": [{"key": "sup"}]}"#,
        "must be a Jira project key such as SUP",
    ),
    (
        r#"{"projects": [{"key": "1AB"}]}"#,
        "must be a Jira project key such as SUP",
    ),
    (r#"{"projects": [{"key": "SUP"}, {"key": "SUP"}]}"#, "Duplicate value"),
    (r#"{"projects": []}"#, "spec.projects must not be empty: leave it out"),
    (r#"{"mode": "Watch"}"#, "supported values: \"Enforce\", \"Observe\""),
    (r#"{"account": {}}"#, "spec.account needs an email or an accountId"),
    (
        r#"{"account": {"email": "bot"}}"#,
        "spec.account.email must be an e-mail address",
    ),
    (
        r#"{"tokenSecretName": "acme-oauth"}"#,
        "must differ from spec.secretRef.name",
    ),
    (
        r#"{"tokenSecretName": "acme-oauth-grant"}"#,
        "must differ from spec.secretRef.name",
    ),
    (r#"{"tokenSecretName": "Token"}"#, "must be a valid name of a Secret"),
    (
        r#"{"statusMapping": [{"phase": "on hold", "statuses": ["Done"]}]}"#,
        "spec.statusMapping[].phase must begin with an upper-case letter and have letters and digits only, such as Waiting",
    ),
    (
        r#"{"statusMapping": [{"statuses": ["Done"]}]}"#,
        "spec.statusMapping[0].phase: Required value",
    ),
    (
        r#"{"statusMapping": [{"phase": "Waiting"}]}"#,
        "spec.statusMapping[0].statuses: Required value",
    ),
    (
        r#"{"statusMapping": [{"phase": "Waiting", "statuses": []}]}"#,
        "spec.statusMapping[0].statuses in body should have at least 1 items",
    ),
    (
        r#"{"statusMapping": [{"phase": "Waiting", "statuses": [""]}]}"#,
        "spec.statusMapping[0].statuses[0] in body should be at least 1 chars long",
    ),
    (
        r#"{"statusMapping": [{"phase": "", "statuses": ["Done"]}]}"#,
        "spec.statusMapping[].phase must begin with an upper-case letter",
    ),
    (
        r#"{"statusMapping": [{"phase": "Waiting", "statuses": ["Done", "To Do", "Done"]}]}"#,
        "spec.statusMapping[].statuses must not name a status twice",
    ),
    (
        r#"{"issues": {"mirror": "Open", "maxObjects": 0}}"#,
        "spec.issues.maxObjects in body should be greater than or equal to 1",
    ),
    (
        r#"{"issues": {"mirror": "Open", "maxObjects": 1000000}}"#,
        "spec.issues.maxObjects in body should be less than or equal to 5000",
    ),
    (
        r#"{"issues": {"mirror": "Closed"}}"#,
        "supported values: \"None\", \"Open\", \"All\"",
    ),
    (
        r#"{"projects": [{"key": "SUP", "jql": ""}]}"#,
        "spec.projects[0].jql in body should be at least 1 chars long",
    ),
    (
        r#"{"users": {"pinned": [{"email": "dana", "accountId": "712020:x"}]}}"#,
        "spec.users.pinned[].email must be an e-mail address",
    ),
    (
        r#"{"users": {"pinned": [{"email": "Dana@acme.example", "accountId": "712020:x"}]}}"#,
        "spec.users.pinned[].email must be an e-mail address in lower case",
    ),
    (
        r#"{"secretRef": {"name": "acme..oauth"}}"#,
        "spec.secretRef.name must be the name of a Secret",
    ),
    (
        r#"{"tokenSecretName": "acme.-token"}"#,
        "spec.tokenSecretName must be a valid name of a Secret",
    ),
    (
        r#"{"users": {"pinned": [{"email": "dana@acme.example"}]}}"#,
        "spec.users.pinned[0].accountId: Required value",
    ),
    (
        r#"{"users": {"pinned": [{"email": "dana@acme.example", "accountId": ""}]}}"#,
        "spec.users.pinned[0].accountId in body should be at least 1 chars long",
    ),
    (
        r#"{"users": {"pinned": [{"email": "dana@acme.example", "accountId": "712020:x"}, {"email": "dana@acme.example", "accountId": "712020:y"}]}}"#,
        "spec.users.pinned[1]: Duplicate value",
    ),
];

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "bad_input::what_the_schema_forbids_is_refused_at_apply",
            refused_at_apply,
        ),
        waiting("bad_input::a_bad_change_leaves_what_runs_as_it_is", bad_change),
        scenario("bad_input::kubectl_explains_what_it_lists", kubectl_explains),
        scenario("bad_input::kubectl_lists_everything", kubectl_lists),
    ]
}

/// All of them, with those that are too long to be written down.
fn forbidden() -> Vec<(Value, &'static str)> {
    let parsed = |text: &str| serde_json::from_str(text).expect("JSON");
    let mut all: Vec<_> = FORBIDDEN
        .iter()
        .map(|(spec, reported)| (parsed(spec), *reported))
        .collect();
    let many: Vec<Value> = (1..=501).map(|n| json!({"key": format!("P{n}")})).collect();
    all.push((json!({"projects": many}), "must have at most 500 items"));
    let person = |n: usize| json!({"email": format!("p{n}@acme.example"), "accountId": "712020:x"});
    let many: Vec<Value> = (0..=1000).map(person).collect();
    all.push((
        json!({"users": {"pinned": many}}),
        "spec.users.pinned: Too many: 1001: must have at most 1000 items",
    ));
    let mapped = |count: usize, statuses: usize, length: usize| {
        let rule = json!({"phase": "Waiting", "statuses": vec!["a".repeat(length); statuses]});
        json!({"statusMapping": vec![rule; count]})
    };
    all.extend([
        (
            mapped(101, 1, 9),
            "spec.statusMapping: Too many: 101: must have at most 100 items",
        ),
        (
            mapped(1, 21, 9),
            "spec.statusMapping[0].statuses: Too many: 21: must have at most 20 items",
        ),
        (
            mapped(1, 1, 65),
            "spec.statusMapping[0].statuses[0]: Too long: may not be more than 64 bytes",
        ),
    ]);
    all
}

async fn refused_at_apply(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "refused").await;
    harness.connect("acme-oauth").await;
    for (number, (spec, reported)) in forbidden().into_iter().enumerate() {
        let bad = manifest(&format!("bad-{number}"), "acme-oauth", spec);
        let said = harness.apply_refused(&bad).await;
        assert!(
            said.contains(reported),
            "\"{reported}\" is not in what kubectl says: {said}"
        );
    }
    let said = harness
        .apply_refused(&manifest(&"a".repeat(64), "acme-oauth", json!({})))
        .await;
    assert!(said.contains("metadata.name must have at most 63 characters"), "{said}");
    let said = harness
        .apply_refused(&manifest("default", "default-jira-token", json!({})))
        .await;
    assert!(
        said.contains("spec.tokenSecretName must differ"),
        "the default name of the token Secret counts too: {said}"
    );
    assert!(harness.sandbox.requests().is_empty(), "nothing of it reached Atlassian");

    let longest = "a".repeat(63);
    for name in ["abc", longest.as_str()] {
        let fixed = manifest(
            name,
            "acme-oauth",
            json!({"syncInterval": "1h30m", "projects": [{"key": "SUP"}]}),
        );
        harness.apply(&fixed).await.expect("the fixed manifest is accepted");
        harness.until_ready(name).await;
    }
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn bad_change(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "bad-change").await;
    harness.connect("acme-oauth").await;
    let good = manifest("acme", "acme-oauth", json!({"projects": [{"key": "SUP"}]}));
    harness.apply(&good).await.expect("the first manifest is accepted");
    let before = harness.until_ready("acme").await;
    let published = harness.secret("acme-jira-token").await;

    for (spec, reported) in forbidden() {
        let said = harness.apply_refused(&manifest("acme", "acme-oauth", spec)).await;
        assert!(said.contains(reported), "{said}");
    }
    let after = harness.request("acme").await;
    assert_eq!(
        (&after.spec, after.metadata.generation),
        (&before.spec, before.metadata.generation)
    );
    assert!(is_ready(&after));
    assert_eq!(harness.secret("acme-jira-token").await, published);
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}

async fn kubectl_explains(cluster: Arc<Cluster>) {
    let site = cluster
        .kubectl(&["explain", "ji.spec.site"])
        .await
        .expect("kubectl explains");
    let site = site.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        site.contains("Address of the Jira Cloud site, such as https://your-site.atlassian.net"),
        "{site}"
    );
    assert!(
        site.contains("a renamed site is followed, another site is refused"),
        "{site}"
    );
    let all = cluster
        .kubectl(&["explain", "jiraintegration", "--recursive"])
        .await
        .expect("kubectl explains");
    for field in [
        "secretRef",
        "syncInterval",
        "tokenSecretName",
        "suspend",
        "grantIdleExpiresAt",
        "lastSyncTime",
    ] {
        assert!(all.contains(field), "{field} is not explained:\n{all}");
    }
    for field in ["ji.spec", "ji.status", "jp.spec", "jp.status"] {
        let explained = cluster.kubectl(&["explain", field]).await.expect("kubectl explains");
        assert!(!explained.contains("<no description>"), "{explained}");
    }
}

async fn kubectl_lists(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "kubectl", json!({"projects": [{"key": "SUP"}]})).await;

    let columns = |table: &str| {
        table
            .lines()
            .next()
            .unwrap_or_default()
            .split("  ")
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let listed = harness.kubectl(&["get", "ji"]).await.expect("kubectl lists");
    assert_eq!(
        columns(&listed),
        ["NAME", "READY", "REASON", "SITE", "USABLE", "LAST SYNC", "AGE"]
    );
    let row: Vec<&str> = listed.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!(row[..5], ["acme", "True", "Connected", SITE, "1/1"]);
    let wide = harness
        .kubectl(&["get", "ji", "-o", "wide"])
        .await
        .expect("kubectl lists");
    assert!(
        wide.contains("ACCOUNT") && wide.contains("NEXT SYNC") && wide.contains("Jira Bot"),
        "{wide}"
    );
    assert!(
        wide.contains("SUSPENDED") && wide.contains("The site is connected."),
        "{wide}"
    );
    let listed = harness.kubectl(&["get", "jp"]).await.expect("kubectl lists");
    assert_eq!(
        columns(&listed),
        ["NAME", "KEY", "NAME", "TYPE", "READY", "REASON", "AGE"]
    );
    let all = harness
        .kubectl(&["get", "jira"])
        .await
        .expect("the category lists integrations and projects");
    assert!(
        all.contains("jiraintegration.jira-operator.dev/acme")
            && all.contains("jiraproject.jira-operator.dev/acme-sup"),
        "{all}"
    );
    let wide = harness
        .kubectl(&["get", "jp", "-o", "wide"])
        .await
        .expect("kubectl lists");
    assert!(
        wide.contains("MESSAGE") && wide.contains("The project can be used."),
        "{wide}"
    );
    harness.close().await;
}
