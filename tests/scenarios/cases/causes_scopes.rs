//! Scopes that only service projects need, and articles that Jira refuses.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, When};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        actions::connected,
        assertions::{assert_absent, assert_condition},
        problem::{expect, follows},
    },
};

const READING: &str = "read:servicedesk-request";
const WRITING: &str = "write:servicedesk-request";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::a_scope_for_service_desks_is_missing", desk_scopes),
        scenario("causes::the_scope_was_added_after_the_consent", added_later),
        scenario(
            "causes::a_site_without_service_projects_needs_no_scope_for_them",
            not_needed,
        ),
        scenario("causes::articles_are_refused", articles),
    ]
}

/// Takes a scope out of the app's grants, or puts it back.
fn scope(client_id: &str, scope: &str, held: bool) -> Command {
    let (client_id, scope) = (Some(client_id.to_owned()), scope.to_owned());
    if held {
        Command::AddScope { client_id, scope }
    } else {
        Command::DropScope { client_id, scope }
    }
}

/// A harness where the dedicated account connected, and the id of its app.
async fn with_app(cluster: &Arc<Cluster>, name: &str, spec: Value) -> (Harness, String) {
    let harness = Harness::open(cluster, name).await;
    let app = harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    (harness, app.client_id)
}

async fn desk_scopes(cluster: Arc<Cluster>) {
    let (harness, app) = with_app(&cluster, "desk-scopes", json!({})).await;
    let named = [
        "The grant lacks the classic scope read:servicedesk-request (to read service desks, request types and articles).",
        "developer console",
    ];
    let skipped = "SkippedAfterScopesGranted";
    let problem = harness
        .broken_by(
            scope(&app, READING, false),
            &[
                expect("acme", "ScopesGranted", "ScopesMissing", &named),
                follows("acme", "ServiceDesksReady", skipped),
                follows("acme-sup", "ServiceDeskReady", skipped),
                follows("acme-its", "ServiceDeskReady", skipped),
            ],
        )
        .await;
    assert_condition(&problem.integration, "Ready", "False", "ScopesMissing", &[READING]);
    assert_condition(&problem.integration, "Stalled", "True", "ScopesMissing", &[]);
    harness.fixed_by(problem, scope(&app, READING, true)).await;
    coverage::caused("desk-reading-scope-missing");

    // What only reads goes on without the scope for writing.
    let named = ["lacks the classic scope write:servicedesk-request (to raise requests and write internal comments"];
    let says = expect("acme", "ScopesGranted", "ScopesMissing", &named);
    let problem = harness.broken_by(scope(&app, WRITING, false), &[says]).await;
    assert_condition(&problem.integration, "Ready", "False", "ScopesMissing", &[WRITING]);
    harness.fixed_by(problem, scope(&app, WRITING, true)).await;
    coverage::caused("desk-writing-scope-missing");
    harness.close().await;
}

/// The grant is older than the app's permission. Only consenting again helps, and it does.
async fn added_later(cluster: Arc<Cluster>) {
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
    harness.integrate("acme", "acme-oauth", json!({})).await;
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

async fn not_needed(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}]});
    let (harness, app) = with_app(&cluster, "no-desks", spec).await;
    for lost in [READING, WRITING] {
        let lost = harness.broken_by(scope(&app, lost, false), &[]).await;
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

async fn articles(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "articles", json!({})).await;
    let licensed = |licensed| Command::SetKnowledgeBase { site: None, licensed };
    let named = ["refuses the account", "articles.", "Confluence access"];
    let reason = "KnowledgeBaseUnreadable";
    let all = [
        expect("acme", "ServiceDesksReady", reason, &named),
        expect("acme-sup", "ServiceDeskReady", reason, &named),
        expect("acme-its", "ServiceDeskReady", reason, &named),
    ];
    let problem = harness.broken_by(licensed(false), &all).await;
    // Requests are not affected.
    assert_condition(&problem.integration, "Ready", "True", "Connected", &["articles"]);
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    harness.fixed_by(problem, licensed(true)).await;
    coverage::caused("articles-licence");

    let refusal = FaultAction::Status {
        code: 401,
        headers: BTreeMap::new(),
        body: json!({"code": 401, "message": "Unauthorized; scope does not match"}).to_string(),
    };
    let rule = FaultRule::path("/knowledgebase/article", When::Before, refusal);
    let named = ["articles for want of a scope.", "connect again"];
    let all = all.map(|says| says.naming(&named));
    let problem = harness.broken_by(Command::AddFault { rule }, &all).await;
    assert_condition(&problem.integration, "ScopesGranted", "True", "AllScopesGranted", &[]);
    harness.fixed_by(problem, Command::ClearFaults).await;
    coverage::caused("articles-scope");

    // Having none is no finding.
    let none = Command::SetArticles {
        site: None,
        project: "SUP".into(),
        articles: None,
    };
    harness.broken_by(none, &[]).await;
    harness.close().await;
}
