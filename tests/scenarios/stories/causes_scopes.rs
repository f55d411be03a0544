//! Scopes that only service projects need, and articles that Jira refuses.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, When};
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, claim_absent},
        hands::connected,
        trouble::{follows, told},
    },
};

const READING: &str = "read:servicedesk-request";
const WRITING: &str = "write:servicedesk-request";

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::a_scope_for_service_desks_is_missing", desk_scopes),
        story("causes::the_scope_was_added_after_the_consent", added_later),
        story(
            "causes::a_site_without_service_projects_needs_no_scope_for_them",
            not_needed,
        ),
        story("causes::articles_are_refused", articles),
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

/// A stage where the dedicated account connected, and the id of its app.
async fn with_app(plane: &Arc<Plane>, name: &str, spec: Value) -> (Stage, String) {
    let stage = Stage::open(plane, name).await;
    let app = stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    (stage, app.client_id)
}

async fn desk_scopes(plane: Arc<Plane>) {
    let (stage, app) = with_app(&plane, "desk-scopes", json!({})).await;
    let named = [
        "The grant lacks the classic scope read:servicedesk-request (to read service desks, request types and articles).",
        "developer console",
    ];
    let skipped = "SkippedAfterScopesGranted";
    let trouble = stage
        .suffers(
            scope(&app, READING, false),
            &[
                told("acme", "ScopesGranted", "ScopesMissing", &named),
                follows("acme", "ServiceDesksReady", skipped),
                follows("acme-sup", "ServiceDeskReady", skipped),
                follows("acme-its", "ServiceDeskReady", skipped),
            ],
        )
        .await;
    claim(&trouble.integration, "Ready", "False", "ScopesMissing", &[READING]);
    claim(&trouble.integration, "Stalled", "True", "ScopesMissing", &[]);
    stage.heals(trouble, scope(&app, READING, true)).await;
    ledger::caused("desk-reading-scope-missing");

    // What only reads goes on without the scope for writing.
    let named = ["lacks the classic scope write:servicedesk-request (to raise requests and write internal comments"];
    let says = told("acme", "ScopesGranted", "ScopesMissing", &named);
    let trouble = stage.suffers(scope(&app, WRITING, false), &[says]).await;
    claim(&trouble.integration, "Ready", "False", "ScopesMissing", &[WRITING]);
    stage.heals(trouble, scope(&app, WRITING, true)).await;
    ledger::caused("desk-writing-scope-missing");
    stage.close().await;
}

/// The grant is older than the app's permission. Only consenting again helps, and it does.
async fn added_later(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "added-later").await;
    let app = stage.sandbox.create_app().unwrap();
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
    let tokens = stage.sandbox.mint_as(before).unwrap();
    stage
        .put_credentials(&stage.namespace, "acme-oauth", &app, Some(&tokens.refresh_token))
        .await;
    stage.integrate("acme", "acme-oauth", json!({})).await;
    stage.until_reason("acme", "ScopesGranted", "ScopesMissing").await;
    let named = [
        READING,
        WRITING,
        "connect again: a scope added later does not reach an existing grant",
    ];
    let missing = stage.integration("acme").await;
    claim(&missing, "ScopesGranted", "False", "ScopesMissing", &named);
    claim(&missing, "Ready", "False", "ScopesMissing", &[]);
    claim(
        &missing,
        "ServiceDesksReady",
        "Unknown",
        "SkippedAfterScopesGranted",
        &[],
    );
    stage.until_events("acme", &["ScopesMissing"]).await;

    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage.hand_over("acme-oauth", &tokens.refresh_token).await;
    let ready = stage.until_ready("acme").await;
    claim(&ready, "ServiceDesksReady", "True", "AllServiceDesksReady", &[]);
    stage.until_events("acme", &["ScopesMissing", "AllScopesGranted"]).await;
    ledger::caused("scope-added-later");
    stage.close().await;
}

async fn not_needed(plane: Arc<Plane>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "OPS"}]});
    let (stage, app) = with_app(&plane, "no-desks", spec).await;
    for lost in [READING, WRITING] {
        let lost = stage.suffers(scope(&app, lost, false), &[]).await;
        claim(&lost.integration, "ScopesGranted", "True", "AllScopesGranted", &[]);
        claim(&lost.integration, "Ready", "True", "Connected", &[]);
        claim_absent(&lost.integration, "ServiceDesksReady");
    }
    // With the first service project they are needed.
    stage
        .change("acme", json!({"projects": [{"key": "ENG"}, {"key": "SUP"}]}))
        .await;
    let needed = stage.until_reason("acme", "Ready", "ScopesMissing").await;
    assert!(
        needed.message.contains(READING) && needed.message.contains(WRITING),
        "{}",
        needed.message
    );
    stage.change("acme", json!({"projects": [{"key": "ENG"}]})).await;
    claim_absent(&stage.until_ready("acme").await, "ServiceDesksReady");
    stage.close().await;
}

async fn articles(plane: Arc<Plane>) {
    let stage = connected(&plane, "articles", json!({})).await;
    let licensed = |licensed| Command::SetKnowledgeBase { site: None, licensed };
    let named = ["refuses the account", "articles.", "Confluence access"];
    let reason = "KnowledgeBaseUnreadable";
    let all = [
        told("acme", "ServiceDesksReady", reason, &named),
        told("acme-sup", "ServiceDeskReady", reason, &named),
        told("acme-its", "ServiceDeskReady", reason, &named),
    ];
    let trouble = stage.suffers(licensed(false), &all).await;
    // Requests are not affected.
    claim(&trouble.integration, "Ready", "True", "Connected", &["articles"]);
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
    stage.heals(trouble, licensed(true)).await;
    ledger::caused("articles-licence");

    let refusal = FaultAction::Status {
        code: 401,
        headers: BTreeMap::new(),
        body: json!({"code": 401, "message": "Unauthorized; scope does not match"}).to_string(),
    };
    let rule = FaultRule::path("/knowledgebase/article", When::Before, refusal);
    let named = ["articles for want of a scope.", "connect again"];
    let all = all.map(|says| says.naming(&named));
    let trouble = stage.suffers(Command::AddFault { rule }, &all).await;
    claim(&trouble.integration, "ScopesGranted", "True", "AllScopesGranted", &[]);
    stage.heals(trouble, Command::ClearFaults).await;
    ledger::caused("articles-scope");

    // Having none is no finding.
    let none = Command::SetArticles {
        site: None,
        project: "SUP".into(),
        articles: None,
    };
    stage.suffers(none, &[]).await;
    stage.close().await;
}
