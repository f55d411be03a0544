//! Whose grant it is: the wrong account, the wrong kind of account, one that may not use Jira.

use std::sync::Arc;

use devkit::sandbox::{AccountType, Command};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        BOT, Harness,
        actions::connected,
        assertions::{assert_absent, assert_condition},
        commands::let_in,
    },
};

const DANA: &str = "dana@acme.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("account::somebody_else_connected", somebody_else_connected),
        scenario("account::the_wrong_account_loses_the_token", wrong_account_loses_token),
        scenario("account::a_managed_service_account", service_account),
        scenario("account::an_app_account", app_account),
        scenario("account::a_portal_customer", portal_customer),
        scenario("account::a_deactivated_account", deactivated),
        scenario("account::a_hidden_email_address", hidden_email),
        scenario("account::a_changed_email_address", changed_email),
        scenario("account::no_product_access", no_product_access),
    ]
}

async fn token_is_taken_back(harness: &Harness) {
    let left = harness
        .secret("acme-jira-token")
        .await
        .expect("the Secret itself stays");
    assert!(left.is_empty(), "the token was not taken back");
}

async fn token_is_published(harness: &Harness) {
    let keys: Vec<String> = harness
        .secret("acme-jira-token")
        .await
        .unwrap_or_default()
        .into_keys()
        .collect();
    assert_eq!(keys, ["access-token", "base-url", "expires-at", "site-url"]);
}

/// Something makes the account unfit: that is reported, the token is taken back, nothing further is
/// asked and no exchange spent; fixed, everything is as before.
async fn unfit_then_fixed(harness: &Harness, breaking: Command, reason: &str, named: &[&str], fix: Command) {
    let exchanges = harness.exchanges();
    unfit_and_fixed(harness, breaking, reason, named, fix).await;
    assert_eq!(harness.exchanges(), exchanges, "a rotation was spent on it");
}

async fn unfit_and_fixed(harness: &Harness, breaking: Command, reason: &str, named: &[&str], fix: Command) {
    let before = harness.project_versions().await;
    harness.jira(breaking);
    let unfit = harness.request("acme").await;
    assert_condition(&unfit, "AccountEligible", "False", reason, named);
    assert_condition(&unfit, "Ready", "False", reason, named);
    assert_condition(&unfit, "Stalled", "True", reason, named);
    for skipped in ["ProjectsAccessible", "Synced"] {
        assert_condition(
            &unfit,
            skipped,
            "Unknown",
            "SkippedAfterAccountEligible",
            &["AccountEligible"],
        );
    }
    token_is_taken_back(harness).await;
    assert!(unfit.status.unwrap().token.is_none(), "the status still shows a token");

    harness.jira(fix);
    let fixed = harness.request("acme").await;
    assert_condition(&fixed, "Ready", "True", "Connected", &[]);
    assert_absent(&fixed, "Stalled");
    token_is_published(harness).await;
    assert_eq!(harness.project_versions().await, before, "projects were rewritten");
}

async fn somebody_else_connected(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "somebody").await;
    let app = harness.sandbox.create_app().unwrap();
    let hers = harness.sandbox.mint(&app.client_id, Some(DANA)).unwrap();
    harness
        .put_credentials(&harness.namespace, "acme-oauth", &app, Some(&hers.refresh_token))
        .await;
    harness
        .integrate("acme", "acme-oauth", json!({"account": {"email": BOT}}))
        .await;
    harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
    let wrong = harness.integration("acme").await;
    assert_condition(
        &wrong,
        "AccountEligible",
        "False",
        "WrongAccount",
        &["Dana Developer", BOT, "private browser window"],
    );
    assert_condition(&wrong, "Stalled", "True", "WrongAccount", &[]);
    assert_condition(&wrong, "Synced", "Unknown", "NeverSynced", &["AccountEligible"]);
    let published = harness.secret("acme-jira-token").await.unwrap_or_default();
    assert!(published.is_empty(), "the token of a refused account was published");
    assert!(harness.project_versions().await.is_empty());

    let tokens = harness.sandbox.mint(&app.client_id, None).unwrap();
    harness.hand_over("acme-oauth", &tokens.refresh_token).await;
    let ready = harness.until_ready("acme").await;
    assert_condition(&ready, "AccountEligible", "True", "StandardAccount", &["Jira Bot"]);
    token_is_published(&harness).await;
    harness.until_events("acme", &["WrongAccount", "StandardAccount"]).await;
    coverage::caused("another-account");
    harness.close().await;
}

async fn wrong_account_loses_token(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "wrong-account", json!({"account": {"email": BOT}})).await;
    token_is_published(&harness).await;
    let bot = harness
        .integration("acme")
        .await
        .status
        .unwrap()
        .account
        .unwrap()
        .account_id;

    harness.change("acme", json!({"account": {"email": DANA}})).await;
    harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
    harness
        .until_secret("acme-jira-token", "empty", std::collections::BTreeMap::is_empty)
        .await;
    let wrong = harness.integration("acme").await;
    assert_condition(&wrong, "Ready", "False", "WrongAccount", &["Jira Bot", DANA]);
    assert!(wrong.status.unwrap().token.is_none());

    harness
        .change(
            "acme",
            json!({"account": {"email": null, "accountId": "712020:somebody-else"}}),
        )
        .await;
    harness
        .until("acme", "refused by its accountId", |o| {
            crate::harness::observe::observed(o)
                && crate::harness::observe::condition(o, "AccountEligible")
                    .message
                    .contains("712020:somebody-else")
        })
        .await;
    token_is_taken_back(&harness).await;

    // The id decides alone, whatever the address.
    harness
        .change("acme", json!({"account": {"email": DANA, "accountId": bot}}))
        .await;
    harness.until_ready("acme").await;
    token_is_published(&harness).await;
    harness
        .change(
            "acme",
            json!({"account": {"email": "JIRA-BOT@Acme.example", "accountId": null}}),
        )
        .await;
    harness.until_ready("acme").await;
    harness.close().await;
}

async fn service_account(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "service-account", json!({})).await;
    let rename = |email: &str| Command::SetEmail {
        account: Some(bot(&harness)),
        email: email.into(),
    };
    let named = ["Jira Bot", "managed service account", "ordinary Atlassian account"];
    let (by_email, back) = (rename("jira-bot@serviceaccount.atlassian.com"), rename(BOT));
    unfit_then_fixed(&harness, by_email, "ManagedServiceAccount", &named, back).await;

    let kind = |account_type, app_type: Option<&str>| Command::SetAccountType {
        account: None,
        account_type,
        app_type: app_type.map(str::to_owned),
    };
    let (by_type, back) = (
        kind(AccountType::App, Some("service")),
        kind(AccountType::Atlassian, None),
    );
    unfit_then_fixed(&harness, by_type, "ManagedServiceAccount", &named, back).await;
    // The second time is counted on the first time's events, as Kubernetes does.
    let events = harness.event_counts("acme").await;
    let reported: Vec<(&str, i32)> = events.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(
        reported,
        [("Connected", 1), ("ManagedServiceAccount", 2), ("StandardAccount", 2)]
    );
    coverage::caused("service-account");
    harness.close().await;
}

fn bot(harness: &Harness) -> String {
    harness
        .sandbox
        .state(|world| world.account(BOT).expect("the bot").account_id.clone())
}

fn kind(account_type: AccountType) -> Command {
    Command::SetAccountType {
        account: None,
        account_type,
        app_type: None,
    }
}

async fn app_account(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "app-account", json!({})).await;
    let named = ["Jira Bot", "app's account", "ordinary Atlassian account"];
    let (breaking, fix) = (kind(AccountType::App), kind(AccountType::Atlassian));
    unfit_then_fixed(&harness, breaking, "AppAccount", &named, fix).await;
    coverage::caused("app-account");
    harness.close().await;
}

async fn portal_customer(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "customer", json!({})).await;
    let named = ["Jira Bot", "service portal", "product access"];
    let (breaking, fix) = (kind(AccountType::Customer), kind(AccountType::Atlassian));
    unfit_then_fixed(&harness, breaking, "PortalCustomerAccount", &named, fix).await;
    coverage::caused("portal-account");
    harness.close().await;
}

async fn deactivated(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "deactivated", json!({})).await;
    let breaking = Command::DeactivateAccount {
        account: None,
        keep_grants: true,
    };
    let fix = Command::ReactivateAccount { account: None };
    let named = ["Jira Bot", "deactivated", "Reactivate"];
    unfit_then_fixed(&harness, breaking, "AccountInactive", &named, fix).await;
    coverage::caused("inactive-account");
    harness.close().await;
}

async fn hidden_email(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "hidden", json!({"account": {"email": BOT}})).await;
    harness.jira(Command::HideEmail {
        account: None,
        hidden: true,
    });
    let hidden = harness.request("acme").await;
    let named = ["Jira Bot", "spec.account.accountId"];
    assert_condition(&hidden, "AccountEligible", "Unknown", "EmailHidden", &named);
    assert_condition(&hidden, "Ready", "Unknown", "EmailHidden", &named);
    assert_condition(&hidden, "Stalled", "True", "EmailHidden", &[]);
    // Nothing speaks against the account, so what was published stays.
    token_is_published(&harness).await;
    // The message itself says the id that is to be set.
    let account = hidden.status.unwrap().account.unwrap().account_id;
    assert_condition(
        &harness.integration("acme").await,
        "AccountEligible",
        "Unknown",
        "EmailHidden",
        &[&account],
    );

    harness.change("acme", json!({"account": {"accountId": account}})).await;
    let ready = harness.until_ready("acme").await;
    assert_absent(&ready, "Stalled");
    harness.until_events("acme", &["Connected", "EmailHidden"]).await;

    // One that was hidden from the first is not published before the account is certain.
    harness
        .integrate("new", "acme-oauth", json!({"account": {"email": BOT}}))
        .await;
    harness.until_reason("new", "AccountEligible", "EmailHidden").await;
    assert!(harness.secret("new-jira-token").await.unwrap_or_default().is_empty());
    harness.jira(Command::HideEmail {
        account: None,
        hidden: false,
    });
    harness.request("new").await;
    harness.until_ready("new").await;
    harness.close().await;
}

/// The company's domain changes, and the account with it: it is the same one by its id.
async fn changed_email(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "moved", json!({"account": {"email": BOT}})).await;
    let moved = "jira-bot@newacme.example";
    harness.jira(Command::SetEmail {
        account: None,
        email: moved.into(),
    });
    // A second check judges like the first.
    for _ in 0..2 {
        let changed = harness.request("acme").await;
        let named = ["Jira Bot", moved, BOT, "Set spec.account.email"];
        assert_condition(&changed, "AccountEligible", "Unknown", "EmailChanged", &named);
        assert_condition(&changed, "Ready", "Unknown", "EmailChanged", &named);
        assert_condition(&changed, "Stalled", "True", "EmailChanged", &[]);
        token_is_published(&harness).await;
    }
    harness.change("acme", json!({"account": {"email": moved}})).await;
    let ready = harness.until_ready("acme").await;
    assert_absent(&ready, "Stalled");
    harness.close().await;
}

async fn no_product_access(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-access", json!({"account": {"email": BOT}})).await;
    for status in [403, 401] {
        let breaking = Command::RemoveProductAccess {
            site: None,
            account: None,
            status: Some(status),
            unlisted: false,
        };
        let fix = let_in(None, None, true);
        let named = ["product access", "Atlassian Administration"];
        let exchanges = harness.exchanges();
        unfit_and_fixed(&harness, breaking, "NoProductAccess", &named, fix).await;
        // A 401 may mean the token as well, so a fresh one is tried before the account is blamed.
        let spent = harness.exchanges() - exchanges;
        assert_eq!(spent, usize::from(status == 401), "rotations spent on a {status}");
    }
    coverage::caused("no-product-access");
    harness.close().await;
}
