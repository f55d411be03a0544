//! No secret value shows anywhere but in Secrets, not even when everything is logged.

use std::{fs, sync::Arc};

use devkit::sandbox::{AppCredentials, Command, FaultAction, FaultRule, When};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{Harness, Setup, assertions::assert_condition, commands::revoke},
};

/// Everything but Secrets that a reader of the namespace can list.
const KINDS: &str = "jiraintegrations,jiraprojects,events,configmaps,serviceaccounts,roles,rolebindings";

pub fn scenarios() -> Vec<Scenario> {
    vec![scenario(
        "secrets::nothing_secret_shows_even_at_trace_level",
        nothing_shows,
    )]
}

async fn nothing_shows(cluster: Arc<Cluster>) {
    let setup = Setup {
        level: "trace",
        ..Setup::default()
    };
    let mut harness = Harness::set_up(&cluster, "trace", setup).await;
    let app = harness.connect("acme-oauth").await;
    harness.jira(Command::SetExpiresIn {
        seconds: 3,
        client_id: Some(app.client_id.clone()),
    });
    harness.integrate("acme", "acme-oauth", json!({})).await;
    harness.until_ready("acme").await;
    let mark = harness.sandbox.mark();
    let refreshes =
        |requests: &[devkit::sandbox::Request]| requests.iter().filter(|r| r.path == "/oauth/token").count();
    harness
        .sandbox
        .wait_for_requests(mark, |requests| refreshes(requests) >= 2)
        .await;
    harness.jira(Command::SetExpiresIn {
        seconds: 3600,
        client_id: Some(app.client_id.clone()),
    });

    refused_account(&harness).await;
    bad_answers(&harness, &app).await;
    dead_grant(&mut harness, &app).await;
    search(&harness).await;
    harness.close().await;
}

/// The account is refused, and the token taken back.
async fn refused_account(harness: &Harness) {
    harness
        .change("acme", json!({"account": {"email": "somebody@acme.example"}}))
        .await;
    harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
    harness
        .until_secret("acme-jira-token", "taken back", std::collections::BTreeMap::is_empty)
        .await;
    harness.change("acme", json!({"account": null})).await;
    harness.until_ready("acme").await;
}

/// A grant Secret that is deleted, a grant that is revoked, and a new start.
async fn dead_grant(harness: &mut Harness, app: &AppCredentials) {
    harness.delete::<Secret>("acme-oauth-grant").await;
    harness
        .until_secret("acme-oauth-grant", "written back", |data| {
            data.contains_key("refresh-token")
        })
        .await;
    harness.jira(revoke(&app.client_id));
    assert_condition(
        &harness.request("acme").await,
        "Authorized",
        "False",
        "ReconnectRequired",
        &[],
    );
    harness.until_event("acme", "ReconnectRequired").await;
    harness.kill_operators().await;
    harness.start_operator();
    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    harness.until_ready("acme").await;
}

/// An answer that holds the tokens and does not parse, one in HTML, one that lacks the refresh token,
/// and a refusal of the client secret.
async fn bad_answers(harness: &Harness, app: &AppCredentials) {
    for action in [
        FaultAction::GarbledBody,
        FaultAction::Html { code: 502 },
        FaultAction::OmitRefreshToken,
    ] {
        let when = if matches!(action, FaultAction::Html { .. }) {
            When::Before
        } else {
            When::After
        };
        let fault = harness.sandbox.fault(FaultRule::token_endpoint(when, action).times(1));
        harness.age_token("acme-oauth-grant").await;
        harness.until_ready("acme").await;
        harness.sandbox.release(fault).unwrap();
    }
    let spoilt = json!({"stringData": {"client-secret": "a-secret-that-is-wrong"}});
    harness.patch_secret("acme-oauth", spoilt).await;
    // A reconciliation that had read the right one still would spend the token with it.
    harness.request("acme").await;
    harness.run_out("acme-oauth-grant").await;
    harness.until_reason("acme", "Authorized", "ClientSecretRejected").await;
    harness
        .patch_secret(
            "acme-oauth",
            json!({"stringData": {"client-secret": app.client_secret}}),
        )
        .await;
    harness.until_ready("acme").await;
}

/// Searches what is shown for each secret value, as it is and as Secrets encode it.
async fn search(harness: &Harness) {
    let log = fs::read_to_string(harness.log()).expect("the log");
    assert!(log.contains("TRACE"), "the log is not at trace level");
    let metrics = harness.until_served("/metrics", |status, _| status == 200).await;
    assert!(
        metrics.contains("jira_operator_token_exchanges_total") || metrics.contains("exchange"),
        "{metrics}"
    );
    let objects = harness
        .kubectl(&["get", KINDS, "-o", "json"])
        .await
        .expect("kubectl lists");
    assert!(objects.contains("ReconnectRequired"), "the events are among them");
    let mut secrets = harness.sandbox.secrets();
    assert!(secrets.len() > 10, "few secrets were made: {}", secrets.len());
    secrets.push("a-secret-that-is-wrong".to_owned());
    secrets.push(service_account_token(harness));
    for (place, text) in [("the log", &log), ("the metrics", &metrics), ("objects", &objects)] {
        let leaked = secrets
            .iter()
            .filter(|secret| text.contains(secret.as_str()) || text.contains(&encoded(secret)));
        assert_eq!(leaked.count(), 0, "secrets show in {place}");
    }
}

/// A value as it stands in a Secret; without the padding, which depends on what follows.
fn encoded(secret: &str) -> String {
    let value = serde_json::to_value(ByteString(secret.as_bytes().to_vec())).expect("a text");
    let text = value.as_str().unwrap_or_default().trim_end_matches('=');
    assert!(text.len() > 10, "it would be found anywhere");
    text.to_owned()
}

/// The operator's own way into the cluster.
fn service_account_token(harness: &Harness) -> String {
    let path = harness.log().with_file_name("operator.kubeconfig");
    let kubeconfig: Value =
        serde_json::from_str(&fs::read_to_string(path).expect("the kubeconfig")).unwrap_or(Value::Null);
    let token = kubeconfig["users"][0]["user"]["token"].as_str().unwrap_or_default();
    assert!(token.len() > 100, "the kubeconfig holds a token");
    token.to_owned()
}
