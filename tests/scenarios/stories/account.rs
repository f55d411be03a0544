//! Whose grant it is: the wrong account, the wrong kind of account, one that may not use Jira.

use std::sync::Arc;

use devkit::sandbox::{AccountType, Command};
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        BOT, Stage,
        claim::{claim, claim_absent},
        hands::connected,
    },
};

const DANA: &str = "dana@acme.example";

pub fn stories() -> Vec<Story> {
    vec![
        story("account::somebody_else_connected", somebody_else_connected),
        story("account::the_wrong_account_loses_the_token", wrong_account_loses_token),
        story("account::a_managed_service_account", service_account),
        story("account::an_app_account", app_account),
        story("account::a_portal_customer", portal_customer),
        story("account::a_deactivated_account", deactivated),
        story("account::a_hidden_email_address", hidden_email),
        story("account::a_changed_email_address", changed_email),
        story("account::no_product_access", no_product_access),
    ]
}

async fn token_is_taken_back(stage: &Stage) {
    let left = stage.secret("acme-jira-token").await.expect("the Secret itself stays");
    assert!(left.is_empty(), "the token was not taken back");
}

async fn token_is_published(stage: &Stage) {
    let keys: Vec<String> = stage
        .secret("acme-jira-token")
        .await
        .unwrap_or_default()
        .into_keys()
        .collect();
    assert_eq!(keys, ["access-token", "base-url", "expires-at", "site-url"]);
}

/// Something makes the account unfit: that is told, the token is taken back, nothing further is
/// asked and no exchange spent; mended, everything is as before.
async fn unfit_then_mended(stage: &Stage, spoil: Command, reason: &str, named: &[&str], mend: Command) {
    let exchanges = stage.exchanges();
    unfit_and_mended(stage, spoil, reason, named, mend).await;
    assert_eq!(stage.exchanges(), exchanges, "a rotation was spent on it");
}

async fn unfit_and_mended(stage: &Stage, spoil: Command, reason: &str, named: &[&str], mend: Command) {
    let before = stage.project_versions().await;
    stage.jira(spoil);
    let unfit = stage.request("acme").await;
    claim(&unfit, "AccountEligible", "False", reason, named);
    claim(&unfit, "Ready", "False", reason, named);
    claim(&unfit, "Stalled", "True", reason, named);
    for skipped in ["ProjectsAccessible", "Synced"] {
        claim(
            &unfit,
            skipped,
            "Unknown",
            "SkippedAfterAccountEligible",
            &["AccountEligible"],
        );
    }
    token_is_taken_back(stage).await;
    assert!(unfit.status.unwrap().token.is_none(), "the status still shows a token");

    stage.jira(mend);
    let mended = stage.request("acme").await;
    claim(&mended, "Ready", "True", "Connected", &[]);
    claim_absent(&mended, "Stalled");
    token_is_published(stage).await;
    assert_eq!(stage.project_versions().await, before, "projects were rewritten");
}

async fn somebody_else_connected(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "somebody").await;
    let app = stage.sandbox.create_app().unwrap();
    let hers = stage.sandbox.mint(&app.client_id, Some(DANA)).unwrap();
    stage
        .put_credentials(&stage.namespace, "acme-oauth", &app, Some(&hers.refresh_token))
        .await;
    stage
        .integrate("acme", "acme-oauth", json!({"account": {"email": BOT}}))
        .await;
    stage.until_reason("acme", "AccountEligible", "WrongAccount").await;
    let wrong = stage.integration("acme").await;
    claim(
        &wrong,
        "AccountEligible",
        "False",
        "WrongAccount",
        &["Dana Developer", BOT, "private browser window"],
    );
    claim(&wrong, "Stalled", "True", "WrongAccount", &[]);
    claim(&wrong, "Synced", "Unknown", "NeverSynced", &["AccountEligible"]);
    let published = stage.secret("acme-jira-token").await.unwrap_or_default();
    assert!(published.is_empty(), "the token of a refused account was published");
    assert!(stage.project_versions().await.is_empty());

    let tokens = stage.sandbox.mint(&app.client_id, None).unwrap();
    stage.hand_over("acme-oauth", &tokens.refresh_token).await;
    let ready = stage.until_ready("acme").await;
    claim(&ready, "AccountEligible", "True", "StandardAccount", &["Jira Bot"]);
    token_is_published(&stage).await;
    stage.until_events("acme", &["WrongAccount", "StandardAccount"]).await;
    ledger::caused("another-account");
    stage.close().await;
}

async fn wrong_account_loses_token(plane: Arc<Plane>) {
    let stage = connected(&plane, "wrong-account", json!({"account": {"email": BOT}})).await;
    token_is_published(&stage).await;
    let bot = stage
        .integration("acme")
        .await
        .status
        .unwrap()
        .account
        .unwrap()
        .account_id;

    stage.change("acme", json!({"account": {"email": DANA}})).await;
    stage.until_reason("acme", "AccountEligible", "WrongAccount").await;
    stage
        .until_secret("acme-jira-token", "empty", std::collections::BTreeMap::is_empty)
        .await;
    let wrong = stage.integration("acme").await;
    claim(&wrong, "Ready", "False", "WrongAccount", &["Jira Bot", DANA]);
    assert!(wrong.status.unwrap().token.is_none());

    stage
        .change(
            "acme",
            json!({"account": {"email": null, "accountId": "712020:somebody-else"}}),
        )
        .await;
    stage
        .until("acme", "refused by its accountId", |o| {
            crate::stage::look::observed(o)
                && crate::stage::look::condition(o, "AccountEligible")
                    .message
                    .contains("712020:somebody-else")
        })
        .await;
    token_is_taken_back(&stage).await;

    // The id decides alone, whatever the address.
    stage
        .change("acme", json!({"account": {"email": DANA, "accountId": bot}}))
        .await;
    stage.until_ready("acme").await;
    token_is_published(&stage).await;
    stage
        .change(
            "acme",
            json!({"account": {"email": "JIRA-BOT@Acme.example", "accountId": null}}),
        )
        .await;
    stage.until_ready("acme").await;
    stage.close().await;
}

async fn service_account(plane: Arc<Plane>) {
    let stage = connected(&plane, "service-account", json!({})).await;
    let rename = |email: &str| Command::SetEmail {
        account: Some(bot(&stage)),
        email: email.into(),
    };
    let named = ["Jira Bot", "managed service account", "ordinary Atlassian account"];
    let (by_email, back) = (rename("jira-bot@serviceaccount.atlassian.com"), rename(BOT));
    unfit_then_mended(&stage, by_email, "ManagedServiceAccount", &named, back).await;

    let kind = |account_type, app_type: Option<&str>| Command::SetAccountType {
        account: None,
        account_type,
        app_type: app_type.map(str::to_owned),
    };
    let (by_type, back) = (
        kind(AccountType::App, Some("service")),
        kind(AccountType::Atlassian, None),
    );
    unfit_then_mended(&stage, by_type, "ManagedServiceAccount", &named, back).await;
    // The second time is counted on the first time's events, as Kubernetes does.
    let events = stage.event_counts("acme").await;
    let told: Vec<(&str, i32)> = events.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(
        told,
        [("Connected", 1), ("ManagedServiceAccount", 2), ("StandardAccount", 2)]
    );
    ledger::caused("service-account");
    stage.close().await;
}

fn bot(stage: &Stage) -> String {
    stage
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

async fn app_account(plane: Arc<Plane>) {
    let stage = connected(&plane, "app-account", json!({})).await;
    let named = ["Jira Bot", "app's account", "ordinary Atlassian account"];
    let (spoil, mend) = (kind(AccountType::App), kind(AccountType::Atlassian));
    unfit_then_mended(&stage, spoil, "AppAccount", &named, mend).await;
    ledger::caused("app-account");
    stage.close().await;
}

async fn portal_customer(plane: Arc<Plane>) {
    let stage = connected(&plane, "customer", json!({})).await;
    let named = ["Jira Bot", "service portal", "product access"];
    let (spoil, mend) = (kind(AccountType::Customer), kind(AccountType::Atlassian));
    unfit_then_mended(&stage, spoil, "PortalCustomerAccount", &named, mend).await;
    ledger::caused("portal-account");
    stage.close().await;
}

async fn deactivated(plane: Arc<Plane>) {
    let stage = connected(&plane, "deactivated", json!({})).await;
    let spoil = Command::DeactivateAccount {
        account: None,
        keep_grants: true,
    };
    let mend = Command::ReactivateAccount { account: None };
    let named = ["Jira Bot", "deactivated", "Reactivate"];
    unfit_then_mended(&stage, spoil, "AccountInactive", &named, mend).await;
    ledger::caused("inactive-account");
    stage.close().await;
}

async fn hidden_email(plane: Arc<Plane>) {
    let stage = connected(&plane, "hidden", json!({"account": {"email": BOT}})).await;
    stage.jira(Command::HideEmail {
        account: None,
        hidden: true,
    });
    let hidden = stage.request("acme").await;
    let named = ["Jira Bot", "spec.account.accountId"];
    claim(&hidden, "AccountEligible", "Unknown", "EmailHidden", &named);
    claim(&hidden, "Ready", "Unknown", "EmailHidden", &named);
    claim(&hidden, "Stalled", "True", "EmailHidden", &[]);
    // Nothing speaks against the account, so what was published stays.
    token_is_published(&stage).await;
    // The message itself says the id that is to be set.
    let account = hidden.status.unwrap().account.unwrap().account_id;
    claim(
        &stage.integration("acme").await,
        "AccountEligible",
        "Unknown",
        "EmailHidden",
        &[&account],
    );

    stage.change("acme", json!({"account": {"accountId": account}})).await;
    let ready = stage.until_ready("acme").await;
    claim_absent(&ready, "Stalled");
    stage.until_events("acme", &["Connected", "EmailHidden"]).await;

    // One that was hidden from the first is not published before the account is certain.
    stage
        .integrate("new", "acme-oauth", json!({"account": {"email": BOT}}))
        .await;
    stage.until_reason("new", "AccountEligible", "EmailHidden").await;
    assert!(stage.secret("new-jira-token").await.unwrap_or_default().is_empty());
    stage.jira(Command::HideEmail {
        account: None,
        hidden: false,
    });
    stage.request("new").await;
    stage.until_ready("new").await;
    stage.close().await;
}

/// The company's domain changes, and the account with it: it is the same one by its id.
async fn changed_email(plane: Arc<Plane>) {
    let stage = connected(&plane, "moved", json!({"account": {"email": BOT}})).await;
    let moved = "jira-bot@newacme.example";
    stage.jira(Command::SetEmail {
        account: None,
        email: moved.into(),
    });
    // A second look judges no other way than the first.
    for _ in 0..2 {
        let changed = stage.request("acme").await;
        let named = ["Jira Bot", moved, BOT, "Set spec.account.email"];
        claim(&changed, "AccountEligible", "Unknown", "EmailChanged", &named);
        claim(&changed, "Ready", "Unknown", "EmailChanged", &named);
        claim(&changed, "Stalled", "True", "EmailChanged", &[]);
        token_is_published(&stage).await;
    }
    stage.change("acme", json!({"account": {"email": moved}})).await;
    let ready = stage.until_ready("acme").await;
    claim_absent(&ready, "Stalled");
    stage.close().await;
}

async fn no_product_access(plane: Arc<Plane>) {
    let stage = connected(&plane, "no-access", json!({"account": {"email": BOT}})).await;
    for status in [403, 401] {
        let spoil = Command::RemoveProductAccess {
            site: None,
            account: None,
            status: Some(status),
            unlisted: false,
        };
        let mend = Command::GrantProductAccess {
            site: None,
            account: None,
            agent: true,
        };
        let named = ["product access", "Atlassian Administration"];
        let exchanges = stage.exchanges();
        unfit_and_mended(&stage, spoil, "NoProductAccess", &named, mend).await;
        // A 401 may mean the token as well, so a fresh one is tried before the account is blamed.
        let spent = stage.exchanges() - exchanges;
        assert_eq!(spent, usize::from(status == 401), "rotations spent on a {status}");
    }
    ledger::caused("no-product-access");
    stage.close().await;
}
