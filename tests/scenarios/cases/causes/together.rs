//! Several causes at once: all are shown, the root leads, and what follows from it is no noise.

use std::sync::Arc;

use jira_operator::api::integration::JiraIntegration;
use serde_json::{Value, json};

use super::{Row, jira, people::browsing, row, scopes::scope};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Setup,
        actions::connected_with_app,
        assertions::assert_condition,
        observe::condition,
        problem::{Change, expect, follows},
    },
};

fn archive(project: &str) -> Value {
    json!({"command": "archiveProject", "project": project})
}

fn restore(project: &str) -> Value {
    json!({"command": "restoreProject", "project": project})
}

/// Whether requests of SUP can be raised.
fn creatable(creatable: bool) -> Value {
    json!({"command": "changeRequestType", "project": "SUP", "creatable": creatable})
}

pub(super) fn rows() -> Vec<Row> {
    vec![independent(), in_one_desk(), in_one_project()]
}

fn independent() -> Row {
    row(
        jira([archive("ENG"), creatable(false), browsing(false)]),
        &[
            expect(
                "acme",
                "ProjectsAccessible",
                "SomeProjectsBlocked",
                &["ENG (ProjectArchived)"],
            ),
            expect(
                "acme",
                "ServiceDesksReady",
                "SomeServiceDesksBlocked",
                &["SUP (RequestTypesNotCreatable)"],
            ),
            expect("acme", "DirectoryReadable", "UserBrowsingDenied", &[]),
            expect("acme-eng", "Accessible", "ProjectArchived", &["ENG is archived"]),
            follows("acme-eng", "Permitted", "SkippedAfterAccessible"),
            expect("acme-sup", "ServiceDeskReady", "RequestTypesNotCreatable", &[]),
        ],
        jira([restore("ENG"), creatable(true), browsing(true)]),
    )
    .after(Change::Spec(
        json!({"projects": [{"key": "ENG"}, {"key": "SUP"}, {"key": "ITS"}]}),
    ))
    .shows((
        "acme",
        "Ready",
        "False",
        "SomeProjectsBlocked",
        &[
            "1 of 3 projects cannot be read: ENG (ProjectArchived).",
            "Also: UserBrowsingDenied, SomeServiceDesksBlocked.",
        ],
    ))
    .leaves_out(&["Skipped"])
}

/// No agent, and no request type that could be used: the desk says both.
fn in_one_desk() -> Row {
    row(
        jira([json!({"command": "removeAgentLicence"}), creatable(false)]),
        &[
            expect("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["2 of 4"]),
            follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"),
            expect("acme-sup", "Permitted", "InternalCommentDenied", &[]),
            expect("acme-its", "Permitted", "InternalCommentDenied", &[]),
            follows("acme-its", "ServiceDeskReady", "NotAnAgent"),
            follows("acme-sup", "ServiceDeskReady", "NotAnAgent"),
        ],
        jira([json!({"command": "grantProductAccess", "agent": true}), creatable(true)]),
    )
    .after(Change::Spec(json!({"projects": null})))
    .shows((
        "acme-sup",
        "ServiceDeskReady",
        "False",
        "NotAnAgent",
        &["no agent of SUP.", "No request type of SUP can be used"],
    ))
}

/// An archived project with a desk that cannot be used: of the desk nothing is said.
fn in_one_project() -> Row {
    row(
        jira([archive("SUP"), creatable(false)]),
        &[
            expect(
                "acme",
                "ProjectsAccessible",
                "SomeProjectsBlocked",
                &["SUP (ProjectArchived)"],
            ),
            expect("acme-sup", "Accessible", "ProjectArchived", &[]),
            follows("acme-sup", "Permitted", "SkippedAfterAccessible"),
            follows("acme-sup", "ServiceDeskReady", "SkippedAfterAccessible"),
        ],
        jira([restore("SUP"), creatable(true)]),
    )
    .shows((
        "acme",
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &[
            "The one service desk",
            "Skipped, because the project cannot be accessed: SUP.",
        ],
    ))
    .shows(("acme-sup", "Ready", "False", "ProjectArchived", &[]))
}

/// What `Ready` says, and what it does not.
fn ready_says(integration: &JiraIntegration, reason: &str, named: &[&str], unsaid: &[&str]) {
    let status = if reason == "Connected" { "True" } else { "False" };
    assert_condition(integration, "Ready", status, reason, named);
    let message = &condition(integration, "Ready").message;
    for noise in unsaid {
        assert!(!message.contains(noise), "Ready says \"{noise}\": {message}");
    }
}

/// With the wrong account nothing further is asked.
pub(super) async fn root_leads(cluster: Arc<Cluster>) {
    let (harness, app) = connected_with_app(
        &cluster,
        "root",
        Setup::default(),
        json!({"account": {"email": BOT}, "tickets": {}}),
    )
    .await;
    let mut lost = scope("write:jira-work", false);
    lost["clientId"] = json!(app.client_id);
    let problem = harness
        .broken_by(
            jira([lost, archive("ENG")]),
            &[
                expect("acme", "ScopesGranted", "ScopesMissing", &["write:jira-work"]),
                expect(
                    "acme",
                    "ProjectsAccessible",
                    "SomeProjectsBlocked",
                    &["ENG (ProjectArchived)"],
                ),
                expect("acme-eng", "Accessible", "ProjectArchived", &[]),
                follows("acme-eng", "Permitted", "SkippedAfterAccessible"),
            ],
        )
        .await;
    let leads = [
        "The grant lacks the classic scope write:jira-work",
        "Also: SomeProjectsBlocked.",
    ];
    ready_says(&problem.integration, "ScopesMissing", &leads, &[]);

    // With the wrong account nothing further is asked, and what was said of projects is not repeated.
    let other = json!({"account": {"email": "dana@acme.example"}});
    harness.change("acme", other).await;
    harness.until_reason("acme", "AccountEligible", "WrongAccount").await;
    let wrong = harness.integration("acme").await;
    ready_says(
        &wrong,
        "ScopesMissing",
        &["Also: WrongAccount"],
        &["Skipped", "SomeProjectsBlocked"],
    );
    harness.close().await;
}
