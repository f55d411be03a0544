//! A ticket for a person fails: the command says why, and that it does not any more once that is
//! fixed.

use std::sync::Arc;

use devkit::sandbox::{AccountType, Command, NewAccount, NewRequestType};
use jira_operator::diagnose::judge::person::PersonReason::{
    self, PersonEmailHidden, PersonInactive, PersonNotAsked, PersonNotAssignable, PersonNotFound, PersonNotLookedUp,
    PersonProjectNotVisible, PersonUsable, RequestsForOthersDenied,
};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{Harness, actions::connected, commands::let_in},
};

const ALEX: &str = "alex@acme.example";
const NINA: &str = "nina@acme.example";
const OLGA: &str = "olga@acme.example";
const CASEY: &str = "casey@customer.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::a_ticket_for_somebody_who_is_not_found", not_found),
        scenario("causes::a_ticket_for_somebody_without_the_rights", not_entitled),
        scenario(
            "causes::a_ticket_by_an_account_without_the_rights",
            account_not_entitled,
        ),
    ]
}

/// The person is of no use for a ticket in SUP for this reason, until it is fixed.
async fn check_reports(harness: &Harness, email: &str, reason: PersonReason, named: &[&str], fix: Vec<Command>) {
    harness.check_person(email, "SUP", reason, named).await;
    for command in fix {
        harness.jira(command);
    }
    fine(harness, email).await;
}

async fn fine(harness: &Harness, email: &str) {
    let named = ["Issues of SUP can be assigned to", email, "the operator's account"];
    harness.check_person(email, "SUP", PersonUsable, &named).await;
}

fn in_team(email: &str) -> Command {
    Command::AddToRole {
        site: None,
        project: "SUP".into(),
        role: "Service Desk Team".into(),
        account: Some(email.into()),
    }
}

async fn not_found(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "persons", json!({})).await;
    fine(&harness, ALEX).await;
    let invite = Command::AddAccount(NewAccount {
        email: NINA.into(),
        display_name: None,
        account_type: AccountType::Atlassian,
        app_type: None,
        sites: None,
        agent: true,
    });
    let named = [NINA, "No account of the site shows"];
    check_reports(&harness, NINA, PersonNotFound, &named, vec![invite, in_team(NINA)]).await;
    coverage::caused("person-not-in-directory");

    let (account, keep_grants) = (Some(ALEX.into()), true);
    harness.jira(Command::DeactivateAccount { account, keep_grants });
    let account = Some(ALEX.into());
    let fix = vec![Command::ReactivateAccount { account }];
    check_reports(&harness, ALEX, PersonInactive, &[ALEX, "is deactivated"], fix).await;
    coverage::caused("person-inactive");

    let (account, hidden) = (Some(ALEX.into()), true);
    harness.jira(Command::HideEmail { account, hidden });
    let id = harness
        .sandbox
        .state(|world| world.account(ALEX).expect("an account").account_id.clone());
    let named = [ALEX, id.as_str(), "hides its address"];
    harness.check_person(ALEX, "SUP", PersonEmailHidden, &named).await;
    let pinned = json!({"users": {"pinned": [{"email": ALEX, "accountId": id}]}});
    harness.change("acme", pinned).await;
    fine(&harness, ALEX).await;
    coverage::caused("person-email-hidden");

    harness
        .check_person(ALEX, "SPU", PersonProjectNotVisible, &["no project SPU"])
        .await;
    harness.close().await;
}

async fn not_entitled(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "assignees", json!({})).await;
    let grant = let_in(None, Some(OLGA), true);
    let named = ["Issues of SUP cannot be assigned to", OLGA];
    check_reports(&harness, OLGA, PersonNotAssignable, &named, vec![grant, in_team(OLGA)]).await;
    coverage::caused("person-not-assignable");

    // A customer works on nothing, and has tickets all the same.
    harness
        .check_person(CASEY, "SUP", PersonUsable, &[CASEY, "is a portal customer"])
        .await;
    harness.close().await;
}

async fn account_not_entitled(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "raisers", json!({})).await;
    let (site, account, project) = (None, None, "SUP".to_owned());
    let permission = "SERVICEDESK_AGENT".to_owned();
    harness.jira(Command::RevokePermission {
        site: site.clone(),
        project: project.clone(),
        permission: permission.clone(),
        account: account.clone(),
        holder: None,
    });
    let fix = Command::GrantPermission {
        site,
        project,
        permission,
        account,
        holder: None,
    };
    let named = ["Jira was asked about the operator's account", ALEX];
    check_reports(&harness, ALEX, RequestsForOthersDenied, &named, vec![fix]).await;
    coverage::caused("person-may-not-be-raised-for");

    let picker = |held| Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held,
    };
    harness.jira(picker(false));
    let named = [ALEX, "may not browse users"];
    check_reports(&harness, ALEX, PersonNotLookedUp, &named, vec![picker(true)]).await;
    coverage::caused("person-not-looked-up");

    let types = |request_types| Command::SetRequestTypes {
        site: None,
        project: "SUP".into(),
        request_types,
    };
    harness.jira(types(Vec::new()));
    let one = NewRequestType {
        name: "Ask a question".into(),
        ..NewRequestType::default()
    };
    let named = ["cannot be told: it sees no request type there"];
    check_reports(&harness, ALEX, PersonNotAsked, &named, vec![types(vec![one])]).await;
    harness.close().await;
}
