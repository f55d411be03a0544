//! Two causes at once: both are shown, the root leads, and what follows from it is no noise.

use std::sync::Arc;

use devkit::sandbox::{Command, RequestTypeChange};
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        actions::connected,
        assertions::{assert_condition, project_condition},
        observe::condition,
        problem::{Change, expect, follows},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::two_that_are_independent", independent),
        scenario("causes::two_in_one_project", in_one_project),
        scenario("causes::the_root_leads_and_what_follows_is_no_noise", root_leads),
    ]
}

fn archive(project: &str) -> Command {
    Command::ArchiveProject {
        site: None,
        project: project.into(),
    }
}

fn restore(project: &str) -> Command {
    Command::RestoreProject {
        site: None,
        project: project.into(),
    }
}

fn creatable(creatable: bool) -> Command {
    Command::ChangeRequestType(RequestTypeChange {
        site: None,
        project: "SUP".into(),
        request_type: None,
        group_ids: None,
        restricted: None,
        creatable: Some(creatable),
    })
}

fn agent(licensed: bool) -> Command {
    let (site, account) = (None, None);
    if licensed {
        let agent = true;
        Command::GrantProductAccess { site, account, agent }
    } else {
        Command::RemoveAgentLicence { site, account }
    }
}

fn picker(held: bool) -> Command {
    Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held,
    }
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

async fn independent(cluster: Arc<Cluster>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}, {"key": "ITS"}]});
    let harness = connected(&cluster, "independent", spec).await;
    let problem = harness
        .broken_by(
            Change::Jira(vec![archive("ENG"), creatable(false), picker(false)]),
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
        )
        .await;
    let also = "Also: UserBrowsingDenied, SomeServiceDesksBlocked.";
    let leads = ["1 of 3 projects cannot be read: ENG (ProjectArchived).", also];
    ready_says(&problem.integration, "SomeProjectsBlocked", &leads, &["Skipped"]);
    let fix = Change::Jira(vec![restore("ENG"), creatable(true), picker(true)]);
    let healed = harness.fixed_by(problem, fix).await;
    ready_says(&healed, "Connected", &[], &["Also"]);
    harness.close().await;
}

async fn in_one_project(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "in-one", json!({})).await;
    // No agent, and no request type that could be used: the desk says both.
    let problem = harness
        .broken_by(
            Change::Jira(vec![agent(false), creatable(false)]),
            &[
                expect("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["2 of 4"]),
                follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"),
                expect("acme-sup", "Permitted", "InternalCommentDenied", &[]),
                expect("acme-its", "Permitted", "InternalCommentDenied", &[]),
                follows("acme-its", "ServiceDeskReady", "NotAnAgent"),
                follows("acme-sup", "ServiceDeskReady", "NotAnAgent"),
            ],
        )
        .await;
    let both = ["no agent of SUP.", "No request type of SUP can be used"];
    harness
        .assert_project("acme-sup", "ServiceDeskReady", "False", "NotAnAgent", &both)
        .await;
    harness
        .fixed_by(problem, Change::Jira(vec![agent(true), creatable(true)]))
        .await;

    // An archived project with a desk that cannot be used: of the desk nothing is claimed.
    let problem = harness
        .broken_by(
            Change::Jira(vec![archive("SUP"), creatable(false)]),
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
        )
        .await;
    let looked_at = [
        "The one service desk",
        "Not looked at, because the project cannot be accessed: SUP.",
    ];
    assert_condition(
        &problem.integration,
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &looked_at,
    );
    let sup = harness.project("acme-sup").await;
    let ready = project_condition(&sup, "Ready");
    assert!(!ready.message.contains("Also"), "{}", ready.message);
    harness
        .fixed_by(problem, Change::Jira(vec![restore("SUP"), creatable(true)]))
        .await;
    harness.close().await;
}

async fn root_leads(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "root").await;
    let app = harness.connect("acme-oauth").await;
    harness
        .integrate("acme", "acme-oauth", json!({"account": {"email": crate::harness::BOT}}))
        .await;
    harness.until_ready("acme").await;
    let (client_id, scope) = (Some(app.client_id.clone()), "write:jira-work".to_owned());
    let problem = harness
        .broken_by(
            Change::Jira(vec![Command::DropScope { client_id, scope }, archive("ENG")]),
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

    // With the wrong account nothing further is asked, and what was told of projects is not repeated.
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
