//! The account is no agent: for want of a licence or of a role, whatever the role is called. It is
//! one cause, though it shows in the permissions and in the service desk.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        actions::connected,
        assertions::assert_condition,
        observe::condition,
        problem::{Change, Expectation, Problem, expect, follows},
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

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::no_agent_for_want_of_a_licence", by_licence),
        scenario("causes::no_agent_for_want_of_a_role", by_role),
    ]
}

/// What is told of one project, which has one cause and one event.
fn no_agent(object: &str) -> [Expectation<'_>; 2] {
    let named = &[
        "the account lacks: Service project agent access.",
        "Jira Service Management licence",
        "agent role",
    ];
    [
        expect(object, "Permitted", "InternalCommentDenied", named),
        follows(object, "ServiceDeskReady", "NotAnAgent"),
    ]
}

/// What `Ready` says of it: the cause once.
fn is_said_once(problem: &Problem) {
    assert_condition(&problem.integration, "Ready", "True", "Connected", &[ENTRY]);
    let message = &condition(&problem.integration, "Ready").message;
    let again = message.contains("NotAnAgent") || message.contains("no agent");
    assert!(!again, "it is said twice: {message}");
}

async fn by_licence(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-licence", json!({})).await;
    let breaking = Command::RemoveAgentLicence {
        site: None,
        account: None,
    };
    let mut all = [no_agent("acme-sup"), no_agent("acme-its")].concat();
    all.push(expect(
        "acme",
        "ProjectsAccessible",
        "SomeProjectsBlocked",
        &["2 of 4", ENTRY],
    ));
    all.push(follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"));
    let problem = harness.broken_by(breaking, &all).await;
    is_said_once(&problem);
    let desks = condition(&problem.integration, "ServiceDesksReady");
    assert!(desks.message.contains("2 of 2 service projects: "), "{}", desks.message);

    // A pass that keeps the last answer keeps this one too.
    let again = harness.request("acme").await;
    assert_eq!(condition(&again, "Ready"), condition(&problem.integration, "Ready"));
    let fix = Command::GrantProductAccess {
        site: None,
        account: None,
        agent: true,
    };
    harness.fixed_by(problem, fix).await;
    coverage::caused("no-agent-licence");
    harness.close().await;
}

async fn by_role(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-role", json!({})).await;
    for permission in BUT_AGENT {
        harness.jira(Command::GrantPermission {
            site: None,
            project: "SUP".into(),
            permission: permission.into(),
            account: None,
            holder: None,
        });
    }
    without_role(&harness, "Service Desk Team").await;
    coverage::caused("no-agent-role");

    let name = "Friends of the helpdesk";
    harness.jira(Command::RenameRole {
        site: None,
        project: None,
        role: "Service Desk Team".into(),
        name: name.into(),
    });
    // That alone is no problem.
    harness.broken_by(Change::Jira(Vec::new()), &[]).await;
    without_role(&harness, name).await;
    coverage::caused("no-agent-renamed-role");
    harness.close().await;
}

async fn without_role(harness: &Harness, role: &str) {
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
    all.push(expect(
        "acme",
        "ProjectsAccessible",
        "SomeProjectsBlocked",
        &["1 of 4", ENTRY],
    ));
    all.push(follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"));
    let problem = harness.broken_by(take, &all).await;
    is_said_once(&problem);
    harness.fixed_by(problem, give).await;
}
