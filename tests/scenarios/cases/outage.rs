//! The token endpoint misbehaves: what is Atlassian's fault, what is the client secret's, and what
//! is nobody's are distinguished, no consent is asked for, and nothing is lost.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, When};
use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        assertions::{assert_absent, assert_condition},
        fleet::Fleet,
        observe::{condition, has, is_ready},
    },
};

/// How long after its token expired an integration may take to say so.
const PROMPT: SignedDuration = SignedDuration::from_secs(4);

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("outage::nobody_can_connect_while_it_lasts", at_first),
        waiting("outage::the_access_token_is_good_until_it_expires", while_it_lasts),
        waiting("outage::answers_that_are_not_quite_right_lose_nothing", not_quite_right),
        scenario("outage::a_wrong_client_secret_is_no_outage", wrong_secret),
    ]
}

fn status(code: u16, retry_after: Option<u32>) -> FaultAction {
    let headers = retry_after.map(|seconds| ("Retry-After".to_owned(), seconds.to_string()));
    FaultAction::Status {
        code,
        headers: headers.into_iter().collect::<BTreeMap<_, _>>(),
        body: r#"{"error":"server_error"}"#.to_owned(),
    }
}

/// The ways of an outage, and what the message says of each.
fn outages() -> Vec<(FaultRule, &'static str)> {
    let before = |action| FaultRule::token_endpoint(When::Before, action);
    let after = |action| FaultRule::token_endpoint(When::After, action);
    let objection = FaultAction::Status {
        code: 400,
        headers: BTreeMap::new(),
        body: r#"{"error":"invalid_scope"}"#.to_owned(),
    };
    vec![
        (before(status(500, None)), "HTTP status 500"),
        (before(FaultAction::Html { code: 503 }), "HTTP status 503"),
        (before(FaultAction::Html { code: 200 }), "something other than tokens"),
        (before(FaultAction::Hold), "did not answer in time"),
        (after(FaultAction::DropConnection), "connection to the token endpoint"),
        (after(FaultAction::GarbledBody), "could not be read"),
        (before(status(503, Some(8))), "HTTP status 503"),
        (before(objection), "the error invalid_scope (HTTP status 400)"),
    ]
}

/// New integrations, each with another kind of outage.
async fn at_first(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "outage").await;
    let outages = outages();
    let fleet = Fleet::prepare(&harness, &harness.namespace, outages.len(), 3600).await;
    for (app, (rule, _)) in fleet.apps.iter().zip(&outages) {
        let _ = harness.sandbox.fault(rule.clone().for_client(&app.client_id));
    }
    for n in 0..outages.len() {
        fleet.integrate(&harness, n).await;
    }
    for (n, (_, words)) in outages.iter().enumerate() {
        let name = Fleet::name(n);
        let found = harness
            .until(&name, "unavailable", |o| has(o, "Authorized", "AuthServerUnavailable"))
            .await;
        let named = [*words, "nothing needs to be connected again"];
        assert_condition(&found, "Authorized", "Unknown", "AuthServerUnavailable", &named);
        assert_condition(&found, "Ready", "Unknown", "AuthServerUnavailable", &[words]);
        assert_absent(&found, "Stalled");
        assert_eq!(condition(&found, "Reconciling").status, "True", "it is tried again");
        assert!(
            harness.secret(&format!("{name}-jira-token")).await.is_none(),
            "there is nothing to publish"
        );
    }
    assert_retry_after(&harness, &fleet.apps[6].client_id).await;
    harness.jira(Command::ClearFaults);
    fleet.until_ready(&harness).await;
    assert_nothing_refused(&fleet, &harness);
    for n in 0..outages.len() {
        let events = harness.events(&Fleet::name(n)).await;
        assert!(
            !events.iter().any(|e| e == "ReconnectRequired" || e == "NotConnected"),
            "{events:?}"
        );
    }
    harness.close().await;
}

/// `Retry-After` is respected between two tries.
async fn assert_retry_after(harness: &Harness, client: &str) {
    let tries = |all: &[devkit::sandbox::Request]| -> Vec<Timestamp> {
        let ours = all
            .iter()
            .filter(|r| r.path == "/oauth/token" && r.client_id.as_deref() == Some(client));
        ours.map(|r| r.at).collect()
    };
    let start = harness.sandbox.requests();
    if tries(&start).len() < 2 {
        harness
            .sandbox
            .wait_for_requests(harness.sandbox.mark(), |new| !tries(new).is_empty())
            .await;
    }
    let at = tries(&harness.sandbox.requests());
    let waited = at[1].duration_since(at[0]);
    assert!(
        waited >= SignedDuration::from_secs(8),
        "it was asked again after {waited:#}"
    );
}

/// Tokens and clients are refused by 401 and 403; a 400 is what one of the outages answers itself.
fn assert_nothing_refused(fleet: &Fleet, harness: &Harness) {
    let all = fleet.exchanges(harness).into_iter().flatten();
    let refused: Vec<u16> = all.filter(|s| (401..500).contains(s)).collect();
    assert!(refused.is_empty(), "refresh tokens were refused: {refused:?}");
}

fn expires(object: &JiraIntegration) -> Timestamp {
    let token = object.status.as_ref().and_then(|s| s.token.as_ref());
    token.expect("a token is published").expires_at.0
}

/// A refresh fails: as long as the access token works nothing is wrong, and the message says that
/// the refresh failed. When it has expired, that is said at once, and what is published stays.
async fn while_it_lasts(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "lasts").await;
    let fleet = Fleet::launch(&harness, &harness.namespace, 1, 45).await;
    let ready = harness.until_ready("acme-0").await;
    let until = expires(&ready);
    let before = harness.secret("acme-0-jira-token").await;
    let fault = harness
        .sandbox
        .fault(FaultRule::token_endpoint(When::Before, status(500, None)));

    let tells = |o: &JiraIntegration| condition(o, "Authorized").message.contains("could not be refreshed");
    let reported = harness.until("acme-0", "troubled", tells).await;
    assert_condition(
        &reported,
        "Authorized",
        "True",
        "TokenFresh",
        &["good until", "HTTP status 500"],
    );
    assert_condition(&reported, "Ready", "True", "Connected", &[]);
    assert!(Timestamp::now() < until, "it was refreshed before it expired");

    let dark = harness
        .until("acme-0", "unavailable", |o| {
            has(o, "Authorized", "AuthServerUnavailable")
        })
        .await;
    let said = condition(&dark, "Authorized").last_transition_time.0;
    assert_condition(
        &dark,
        "Authorized",
        "Unknown",
        "AuthServerUnavailable",
        &["nothing needs to be connected again"],
    );
    assert_condition(&dark, "Ready", "Unknown", "AuthServerUnavailable", &[]);
    assert_absent(&dark, "Stalled");
    let late = said.duration_since(until);
    assert!(
        late >= -SignedDuration::from_secs(1) && late < PROMPT,
        "it was said {late:#} after the token expired"
    );
    assert_eq!(
        harness.secret("acme-0-jira-token").await,
        before,
        "what is published stays"
    );

    harness.sandbox.release(fault).expect("it was up");
    let recovered = harness
        .until("acme-0", "recovered", |o| {
            is_ready(o) && has(o, "Authorized", "TokenFresh")
        })
        .await;
    assert!(expires(&recovered) > until);
    assert_nothing_refused(&fleet, &harness);
    let events = harness.events("acme-0").await;
    assert_eq!(
        events,
        ["Connected", "AuthServerUnavailable"],
        "no event asks for consent"
    );
    harness.close().await;
}

/// A refresh is answered without a new refresh token, and another with a body that is cut off:
/// the grant goes on in both cases.
async fn not_quite_right(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "quite").await;
    let fleet = Fleet::launch(&harness, &harness.namespace, 2, 30).await;
    fleet.until_ready(&harness).await;
    let fault = |n: usize, action, times| {
        let rule = FaultRule::token_endpoint(When::After, action).times(times);
        harness.sandbox.fault(rule.for_client(&fleet.apps[n].client_id))
    };
    let _ = fault(0, FaultAction::OmitRefreshToken, 1);
    let _ = fault(1, FaultAction::GarbledBody, 2);

    let unread = |o: &JiraIntegration| condition(o, "Authorized").message.contains("could not be read");
    let omitted = |o: &JiraIntegration| has(o, "Authorized", "OfflineAccessMissing");
    let (warned, reported) = futures::join!(
        harness.until("acme-0", "warned", omitted),
        harness.until("acme-1", "troubled", unread)
    );
    assert_condition(
        &warned,
        "Authorized",
        "True",
        "OfflineAccessMissing",
        &["no new refresh token", "offline_access"],
    );
    assert_condition(&warned, "Ready", "True", "Connected", &["no new refresh token"]);
    assert_condition(
        &reported,
        "Authorized",
        "True",
        "TokenFresh",
        &["good until", "is stored"],
    );
    assert_condition(&reported, "Ready", "True", "Connected", &[]);

    let well = |o: &JiraIntegration| {
        let authorized = condition(o, "Authorized");
        authorized.reason == "TokenFresh" && authorized.message.ends_with("works.")
    };
    fleet.until(&harness, "well again", well).await;
    fleet.assert_alive(&harness).await;
    let uses = harness.sandbox.state(|world| world.oauth.token_uses());
    let read = uses.iter().filter(|token| token.client_id == fleet.apps[1].client_id);
    assert!(
        read.clone().all(|token| token.uses <= 1),
        "every token that was found was used once"
    );
    harness.close().await;
}

/// The client secret is wrong from the start, or from one day on: that is said, asked for once,
/// and fixed in the Secret; the grant is unharmed.
async fn wrong_secret(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "secret").await;
    let fleet = Fleet::prepare(&harness, &harness.namespace, 2, 10).await;
    let rotate = |n: usize| {
        harness.jira(Command::RotateClientSecret {
            client_id: Some(fleet.apps[n].client_id.clone()),
        });
    };
    rotate(0);
    fleet.integrate(&harness, 0).await;
    fleet.integrate(&harness, 1).await;
    harness.until_ready("acme-1").await;
    rotate(1);
    for n in [0, 1] {
        let (name, client) = (Fleet::name(n), &fleet.apps[n].client_id);
        let found = harness
            .until(&name, "rejected", |o| has(o, "Authorized", "ClientSecretRejected"))
            .await;
        let named = [
            Fleet::credentials(n),
            "client-secret".to_owned(),
            "developer console".to_owned(),
        ];
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        assert_condition(&found, "Authorized", "False", "ClientSecretRejected", &named);
        assert_condition(&found, "Ready", "False", "ClientSecretRejected", &[]);
        assert_condition(&found, "Stalled", "True", "ClientSecretRejected", &[]);
        harness.request(&name).await;
        let all = harness.sandbox.requests();
        let refused = all
            .iter()
            .filter(|r| r.client_id.as_ref() == Some(client) && r.status == Some(401));
        assert_eq!(
            refused.count(),
            2,
            "it is asked once, and once more because a person asked"
        );
        let grant = harness
            .secret(&format!("{}-grant", Fleet::credentials(n)))
            .await
            .expect("the grant's Secret");
        assert_eq!(
            grant.contains_key("refresh-token"),
            n == 1,
            "the grant is kept as it was"
        );

        let fixed = harness.sandbox.app(Some(client)).expect("the app");
        let credentials = harness.secret(&Fleet::credentials(n)).await.expect("the credentials");
        let token = credentials.get("refresh-token").map(String::as_str);
        harness
            .put_credentials(&harness.namespace, &Fleet::credentials(n), &fixed, token)
            .await;
        harness
            .until(&name, "fixed", |o| is_ready(o) && has(o, "Authorized", "TokenFresh"))
            .await;
    }
    let uses = harness.sandbox.state(|world| world.oauth.token_uses());
    assert!(
        uses.iter().all(|token| token.uses <= 1 && !token.revoked),
        "nothing was lost: {uses:?}"
    );
    coverage::caused("client-secret-wrong");
    harness.close().await;
}
