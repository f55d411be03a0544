//! The account is no agent: for want of a licence or of a role, whatever the role is called. It is
//! one cause, though it shows in the permissions and in the service desk.

use serde_json::json;

use super::{Row, jira, row};
use crate::harness::problem::{Expectation, expect, follows};

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
/// What a role is called that was renamed.
const FRIENDS: &str = "Friends of the helpdesk";

/// What is said of one project, which has one cause and one event.
fn no_agent(object: &'static str) -> [Expectation<'static>; 2] {
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

/// `Ready` says the cause once.
fn once(row: Row) -> Row {
    row.stays_ready(&[ENTRY]).leaves_out(&["NotAnAgent", "no agent"])
}

pub(super) fn rows() -> Vec<Row> {
    let all = follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked");
    let blocked = expect("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["2 of 4", ENTRY]);
    let both = [&no_agent("acme-sup")[..], &no_agent("acme-its"), &[blocked, all]].concat();
    let licence = row(
        jira([json!({"command": "removeAgentLicence"})]),
        &both,
        jira([json!({"command": "grantProductAccess", "agent": true})]),
    )
    .shows((
        "acme",
        "ServiceDesksReady",
        "False",
        "SomeServiceDesksBlocked",
        &["2 of 2 service projects: "],
    ))
    .lasts()
    .proves("no-agent-licence");

    let one = [&no_agent("acme-sup")[..], &[blocked.naming(&["1 of 4", ENTRY]), all]].concat();
    let without = |role: &str| {
        let take = json!({"command": "removeFromRole", "project": "SUP", "role": role, "group": "integrations"});
        let give = json!({"command": "addGroupToRole", "project": "SUP", "role": role, "group": "integrations"});
        row(jira([take]), &one, jira([give]))
    };
    let allowed =
        BUT_AGENT.map(|permission| json!({"command": "grantPermission", "project": "SUP", "permission": permission}));
    let renamed = json!({"command": "renameRole", "role": "Service Desk Team", "name": FRIENDS});
    vec![
        once(licence),
        once(without("Service Desk Team"))
            .after(jira(allowed))
            .proves("no-agent-role"),
        // That alone is no problem.
        row(jira([renamed]), &[], jira([])),
        once(without(FRIENDS)).proves("no-agent-renamed-role"),
    ]
}
