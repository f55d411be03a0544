//! A ticket for a person fails: the command tells why, and that it does not any more once that is
//! mended.

use std::sync::Arc;

use devkit::sandbox::{AccountType, Command, NewAccount, NewRequestType};
use jira_operator::diagnose::judge::person::PersonReason::{
    self, PersonEmailHidden, PersonInactive, PersonNotAsked, PersonNotAssignable, PersonNotFound, PersonNotLookedUp,
    PersonProjectNotVisible, PersonUsable, RequestsForOthersDenied,
};
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{Stage, hands::connected},
};

const ALEX: &str = "alex@acme.example";
const NINA: &str = "nina@acme.example";
const OLGA: &str = "olga@acme.example";
const CASEY: &str = "casey@customer.example";

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::a_ticket_for_somebody_who_is_not_found", not_found),
        story("causes::a_ticket_for_somebody_without_the_rights", not_entitled),
        story(
            "causes::a_ticket_by_an_account_without_the_rights",
            account_not_entitled,
        ),
    ]
}

/// The person is of no use for a ticket in SUP for this reason, until it is mended.
async fn told(stage: &Stage, email: &str, reason: PersonReason, named: &[&str], mend: Vec<Command>) {
    stage.check_person(email, "SUP", reason, named).await;
    for command in mend {
        stage.jira(command);
    }
    fine(stage, email).await;
}

async fn fine(stage: &Stage, email: &str) {
    let named = ["Issues of SUP can be assigned to", email, "the operator's account"];
    stage.check_person(email, "SUP", PersonUsable, &named).await;
}

fn in_team(email: &str) -> Command {
    Command::AddToRole {
        site: None,
        project: "SUP".into(),
        role: "Service Desk Team".into(),
        account: Some(email.into()),
    }
}

async fn not_found(plane: Arc<Plane>) {
    let stage = connected(&plane, "persons", json!({})).await;
    fine(&stage, ALEX).await;
    let invite = Command::AddAccount(NewAccount {
        email: NINA.into(),
        display_name: None,
        account_type: AccountType::Atlassian,
        app_type: None,
        sites: None,
        agent: true,
    });
    let named = [NINA, "No account of the site shows"];
    told(&stage, NINA, PersonNotFound, &named, vec![invite, in_team(NINA)]).await;
    ledger::caused("person-not-in-directory");

    let (account, keep_grants) = (Some(ALEX.into()), true);
    stage.jira(Command::DeactivateAccount { account, keep_grants });
    let account = Some(ALEX.into());
    let mend = vec![Command::ReactivateAccount { account }];
    told(&stage, ALEX, PersonInactive, &[ALEX, "is deactivated"], mend).await;
    ledger::caused("person-inactive");

    let (account, hidden) = (Some(ALEX.into()), true);
    stage.jira(Command::HideEmail { account, hidden });
    let id = stage
        .sandbox
        .state(|world| world.account(ALEX).expect("an account").account_id.clone());
    let named = [ALEX, id.as_str(), "hides its address"];
    stage.check_person(ALEX, "SUP", PersonEmailHidden, &named).await;
    let pinned = json!({"users": {"pinned": [{"email": ALEX, "accountId": id}]}});
    stage.change("acme", pinned).await;
    fine(&stage, ALEX).await;
    ledger::caused("person-email-hidden");

    stage
        .check_person(ALEX, "SPU", PersonProjectNotVisible, &["no project SPU"])
        .await;
    stage.close().await;
}

async fn not_entitled(plane: Arc<Plane>) {
    let stage = connected(&plane, "assignees", json!({})).await;
    let grant = Command::GrantProductAccess {
        site: None,
        account: Some(OLGA.into()),
        agent: true,
    };
    let named = ["Issues of SUP cannot be assigned to", OLGA];
    told(&stage, OLGA, PersonNotAssignable, &named, vec![grant, in_team(OLGA)]).await;
    ledger::caused("person-not-assignable");

    // A customer works on nothing, and has tickets all the same.
    stage
        .check_person(CASEY, "SUP", PersonUsable, &[CASEY, "is a portal customer"])
        .await;
    stage.close().await;
}

async fn account_not_entitled(plane: Arc<Plane>) {
    let stage = connected(&plane, "raisers", json!({})).await;
    let (site, account, project) = (None, None, "SUP".to_owned());
    let permission = "SERVICEDESK_AGENT".to_owned();
    stage.jira(Command::RevokePermission {
        site: site.clone(),
        project: project.clone(),
        permission: permission.clone(),
        account: account.clone(),
        holder: None,
    });
    let mend = Command::GrantPermission {
        site,
        project,
        permission,
        account,
        holder: None,
    };
    let named = ["Jira was asked about the operator's account", ALEX];
    told(&stage, ALEX, RequestsForOthersDenied, &named, vec![mend]).await;
    ledger::caused("person-may-not-be-raised-for");

    let picker = |held| Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held,
    };
    stage.jira(picker(false));
    let named = [ALEX, "may not browse users"];
    told(&stage, ALEX, PersonNotLookedUp, &named, vec![picker(true)]).await;
    ledger::caused("person-not-looked-up");

    let types = |request_types| Command::SetRequestTypes {
        site: None,
        project: "SUP".into(),
        request_types,
    };
    stage.jira(types(Vec::new()));
    let one = NewRequestType {
        name: "Ask a question".into(),
        ..NewRequestType::default()
    };
    let named = ["cannot be told: it sees no request type there"];
    told(&stage, ALEX, PersonNotAsked, &named, vec![types(vec![one])]).await;
    stage.close().await;
}
