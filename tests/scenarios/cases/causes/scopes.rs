//! Scopes that only service projects need, and articles that Jira refuses.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Row, jira, row};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        assertions::{assert_absent, assert_condition},
        problem::{expect, follows},
    },
};

const READING: &str = "read:servicedesk-request";
const WRITING: &str = "write:servicedesk-request";

/// Takes a scope out of the grants of the integration's app, or puts it back.
pub(super) fn scope(scope: &str, held: bool) -> Value {
    json!({"command": if held { "addScope" } else { "dropScope" }, "scope": scope})
}

pub(super) fn rows() -> Vec<Row> {
    [of_desks(), of_articles()].concat()
}

fn of_desks() -> Vec<Row> {
    let missing = |named| expect("acme", "ScopesGranted", "ScopesMissing", named);
    let skipped = "SkippedAfterScopesGranted";
    let without = |lost, says: &[_]| row(jira([scope(lost, false)]), says, jira([scope(lost, true)]));
    vec![
        without(
            READING,
            &[
                missing(&[
                    "The grant lacks the classic scope read:servicedesk-request (to read service desks, request types and articles).",
                    "developer console",
                ]),
                follows("acme", "ServiceDesksReady", skipped),
                follows("acme-sup", "ServiceDeskReady", skipped),
                follows("acme-its", "ServiceDeskReady", skipped),
            ],
        )
        .shows(("acme", "Ready", "False", "ScopesMissing", &[READING]))
        .shows(("acme", "Stalled", "True", "ScopesMissing", &[]))
        .proves("desk-reading-scope-missing"),
        // What only reads goes on without the scope for writing.
        without(
            WRITING,
            &[missing(&[
                "lacks the classic scope write:servicedesk-request (to raise requests and write internal comments",
            ])],
        )
        .shows(("acme", "Ready", "False", "ScopesMissing", &[WRITING]))
        .proves("desk-writing-scope-missing"),
    ]
}

/// Requests are not affected by articles that cannot be read.
fn of_articles() -> Vec<Row> {
    let licensed = |licensed: bool| jira([json!({"command": "setKnowledgeBase", "licensed": licensed})]);
    let says = |named| {
        let reason = "KnowledgeBaseUnreadable";
        [
            expect("acme", "ServiceDesksReady", reason, named),
            expect("acme-sup", "ServiceDeskReady", reason, named),
            expect("acme-its", "ServiceDeskReady", reason, named),
        ]
    };
    let body = json!({"code": 401, "message": "Unauthorized; scope does not match"}).to_string();
    let refused = json!({"path": "/knowledgebase/article", "action": {"kind": "status", "code": 401, "body": body}});
    vec![
        row(
            licensed(false),
            &says(&["refuses the account", "articles.", "Confluence access"]),
            licensed(true),
        )
        .stays_ready(&["articles"])
        .shows(("acme-sup", "Ready", "True", "Usable", &[]))
        .proves("articles-licence"),
        row(
            jira([json!({"command": "addFault", "rule": refused})]),
            &says(&["articles for want of a scope.", "connect again"]),
            jira([json!({"command": "clearFaults"})]),
        )
        .shows(("acme", "ScopesGranted", "True", "AllScopesGranted", &[]))
        .proves("articles-scope"),
        // Having none is no finding.
        row(
            jira([json!({"command": "setArticles", "project": "SUP"})]),
            &[],
            jira([]),
        ),
    ]
}

/// A harness where the dedicated account connected, and the id of its app.
async fn with_app(cluster: &Arc<Cluster>, name: &str, spec: Value) -> (Harness, String) {
    let harness = Harness::open(cluster, name).await;
    let app = harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    (harness, app.client_id)
}

/// The grant is older than the app's permission. Only consenting again helps, and it does.
pub(super) async fn added_later(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "added-later").await;
    let app = harness.sandbox.create_app().unwrap();
    let before = Command::MintGrant {
        client_id: Some(app.client_id.clone()),
        account: None,
        sites: None,
        scopes: Some(
            ["read:jira-user", "read:jira-work", "write:jira-work"]
                .map(str::to_owned)
                .into(),
        ),
        online: false,
    };
    let tokens = harness.sandbox.mint_as(before).unwrap();
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    harness.integrate("acme", "acme-oauth", json!({"tickets": {}})).await;
    harness.until_reason("acme", "ScopesGranted", "ScopesMissing").await;
    let named = [
        READING,
        WRITING,
        "connect again: a scope added later does not reach an existing grant",
    ];
    let missing = harness.integration("acme").await;
    assert_condition(&missing, "ScopesGranted", "False", "ScopesMissing", &named);
    assert_condition(&missing, "Ready", "False", "ScopesMissing", &[]);
    assert_condition(
        &missing,
        "ServiceDesksReady",
        "Unknown",
        "SkippedAfterScopesGranted",
        &[],
    );
    harness.until_events("acme", &["ScopesMissing"]).await;

    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    let ready = harness.until_ready("acme").await;
    assert_condition(&ready, "ServiceDesksReady", "True", "AllServiceDesksReady", &[]);
    harness
        .until_events("acme", &["ScopesMissing", "AllScopesGranted"])
        .await;
    coverage::caused("scope-added-later");
    harness.close().await;
}

pub(super) async fn not_needed(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}], "tickets": {}});
    let (harness, app) = with_app(&cluster, "no-desks", spec).await;
    for lost in [READING, WRITING] {
        let (client_id, scope) = (Some(app.clone()), lost.to_owned());
        let lost = harness.broken_by(Command::DropScope { client_id, scope }, &[]).await;
        assert_condition(&lost.integration, "ScopesGranted", "True", "AllScopesGranted", &[]);
        assert_condition(&lost.integration, "Ready", "True", "Connected", &[]);
        assert_absent(&lost.integration, "ServiceDesksReady");
    }
    // With the first service project they are needed.
    harness
        .change("acme", json!({"projects": [{"key": "ENG"}, {"key": "SUP"}]}))
        .await;
    let needed = harness.until_reason("acme", "Ready", "ScopesMissing").await;
    assert!(
        needed.message.contains(READING) && needed.message.contains(WRITING),
        "{}",
        needed.message
    );
    harness.change("acme", json!({"projects": [{"key": "ENG"}]})).await;
    assert_absent(&harness.until_ready("acme").await, "ServiceDesksReady");
    harness.close().await;
}
