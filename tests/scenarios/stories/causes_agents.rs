//! The account is no agent: for want of a licence or of a role, whatever the role is called. It is
//! one cause, though it shows in the permissions and in the service desk.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::claim,
        hands::connected,
        look::condition,
        trouble::{Change, Told, Trouble, follows, told},
    },
};

/// What the account may do in a service project without being its agent.
const BUT_AGENT: [&str; 7] = [
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "TRANSITION_ISSUES",
    "ASSIGN_ISSUES",
    "MODIFY_REPORTER",
];

/// How a list of blocked projects names it.
const ENTRY: &str = "SUP (InternalCommentDenied)";

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::no_agent_for_want_of_a_licence", by_licence),
        story("causes::no_agent_for_want_of_a_role", by_role),
    ]
}

/// What is told of one project, which has one cause and one event.
fn no_agent(object: &str) -> [Told<'_>; 2] {
    let named = &[
        "the account lacks: Service project agent access.",
        "Jira Service Management licence",
        "agent role",
    ];
    [
        told(object, "Permitted", "InternalCommentDenied", named),
        follows(object, "ServiceDeskReady", "NotAnAgent"),
    ]
}

/// What `Ready` says of it: the cause once.
fn is_said_once(trouble: &Trouble) {
    claim(&trouble.integration, "Ready", "True", "Connected", &[ENTRY]);
    let message = &condition(&trouble.integration, "Ready").message;
    let again = message.contains("NotAnAgent") || message.contains("no agent");
    assert!(!again, "it is said twice: {message}");
}

async fn by_licence(plane: Arc<Plane>) {
    let stage = connected(&plane, "no-licence", json!({})).await;
    let spoil = Command::RemoveAgentLicence {
        site: None,
        account: None,
    };
    let mut all = [no_agent("acme-sup"), no_agent("acme-its")].concat();
    all.push(told(
        "acme",
        "ProjectsAccessible",
        "SomeProjectsBlocked",
        &["2 of 4", ENTRY],
    ));
    all.push(follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"));
    let trouble = stage.suffers(spoil, &all).await;
    is_said_once(&trouble);
    let desks = condition(&trouble.integration, "ServiceDesksReady");
    assert!(desks.message.contains("2 of 2 service projects: "), "{}", desks.message);

    // A pass that keeps the last answer keeps this one too.
    let again = stage.request("acme").await;
    assert_eq!(condition(&again, "Ready"), condition(&trouble.integration, "Ready"));
    let mend = Command::GrantProductAccess {
        site: None,
        account: None,
        agent: true,
    };
    stage.heals(trouble, mend).await;
    ledger::caused("no-agent-licence");
    stage.close().await;
}

async fn by_role(plane: Arc<Plane>) {
    let stage = connected(&plane, "no-role", json!({})).await;
    for permission in BUT_AGENT {
        stage.jira(Command::GrantPermission {
            site: None,
            project: "SUP".into(),
            permission: permission.into(),
            account: None,
            holder: None,
        });
    }
    without_role(&stage, "Service Desk Team").await;
    ledger::caused("no-agent-role");

    let name = "Friends of the helpdesk";
    stage.jira(Command::RenameRole {
        site: None,
        project: None,
        role: "Service Desk Team".into(),
        name: name.into(),
    });
    // That alone is no trouble.
    stage.suffers(Change::Jira(Vec::new()), &[]).await;
    without_role(&stage, name).await;
    ledger::caused("no-agent-renamed-role");
    stage.close().await;
}

async fn without_role(stage: &Stage, role: &str) {
    let take = Command::RemoveFromRole {
        site: None,
        project: "SUP".into(),
        role: role.into(),
        account: None,
        group: Some("integrations".into()),
    };
    let give = Command::AddGroupToRole {
        site: None,
        project: "SUP".into(),
        role: role.into(),
        group: "integrations".into(),
    };
    let mut all = no_agent("acme-sup").to_vec();
    all.push(told(
        "acme",
        "ProjectsAccessible",
        "SomeProjectsBlocked",
        &["1 of 4", ENTRY],
    ));
    all.push(follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"));
    let trouble = stage.suffers(take, &all).await;
    is_said_once(&trouble);
    stage.heals(trouble, give).await;
}
