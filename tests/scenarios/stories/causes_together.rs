//! Two causes at once: both are shown, the root leads, and what follows from it is no noise.

use std::sync::Arc;

use devkit::sandbox::{Command, RequestTypeChange};
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        Stage,
        claim::{claim, project_condition},
        hands::connected,
        look::condition,
        trouble::{Change, follows, told},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::two_that_are_independent", independent),
        story("causes::two_in_one_project", in_one_project),
        story("causes::the_root_leads_and_what_follows_is_no_noise", root_leads),
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
    claim(integration, "Ready", status, reason, named);
    let message = &condition(integration, "Ready").message;
    for noise in unsaid {
        assert!(!message.contains(noise), "Ready says \"{noise}\": {message}");
    }
}

async fn independent(plane: Arc<Plane>) {
    let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}, {"key": "ITS"}]});
    let stage = connected(&plane, "independent", spec).await;
    let trouble = stage
        .suffers(
            Change::Jira(vec![archive("ENG"), creatable(false), picker(false)]),
            &[
                told(
                    "acme",
                    "ProjectsAccessible",
                    "SomeProjectsBlocked",
                    &["ENG (ProjectArchived)"],
                ),
                told(
                    "acme",
                    "ServiceDesksReady",
                    "SomeServiceDesksBlocked",
                    &["SUP (RequestTypesNotCreatable)"],
                ),
                told("acme", "DirectoryReadable", "UserBrowsingDenied", &[]),
                told("acme-eng", "Accessible", "ProjectArchived", &["ENG is archived"]),
                follows("acme-eng", "Permitted", "SkippedAfterAccessible"),
                told("acme-sup", "ServiceDeskReady", "RequestTypesNotCreatable", &[]),
            ],
        )
        .await;
    let also = "Also: UserBrowsingDenied, SomeServiceDesksBlocked.";
    let leads = ["1 of 3 projects cannot be read: ENG (ProjectArchived).", also];
    ready_says(&trouble.integration, "SomeProjectsBlocked", &leads, &["Skipped"]);
    let mend = Change::Jira(vec![restore("ENG"), creatable(true), picker(true)]);
    let healed = stage.heals(trouble, mend).await;
    ready_says(&healed, "Connected", &[], &["Also"]);
    stage.close().await;
}

async fn in_one_project(plane: Arc<Plane>) {
    let stage = connected(&plane, "in-one", json!({})).await;
    // No agent, and no request type that could be used: the desk says both.
    let trouble = stage
        .suffers(
            Change::Jira(vec![agent(false), creatable(false)]),
            &[
                told("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["2 of 4"]),
                follows("acme", "ServiceDesksReady", "SomeServiceDesksBlocked"),
                told("acme-sup", "Permitted", "InternalCommentDenied", &[]),
                told("acme-its", "Permitted", "InternalCommentDenied", &[]),
                follows("acme-its", "ServiceDeskReady", "NotAnAgent"),
                follows("acme-sup", "ServiceDeskReady", "NotAnAgent"),
            ],
        )
        .await;
    let both = ["no agent of SUP.", "No request type of SUP can be used"];
    stage
        .claim_project("acme-sup", "ServiceDeskReady", "False", "NotAnAgent", &both)
        .await;
    stage
        .heals(trouble, Change::Jira(vec![agent(true), creatable(true)]))
        .await;

    // An archived project with a desk that cannot be used: of the desk nothing is claimed.
    let trouble = stage
        .suffers(
            Change::Jira(vec![archive("SUP"), creatable(false)]),
            &[
                told(
                    "acme",
                    "ProjectsAccessible",
                    "SomeProjectsBlocked",
                    &["SUP (ProjectArchived)"],
                ),
                told("acme-sup", "Accessible", "ProjectArchived", &[]),
                follows("acme-sup", "Permitted", "SkippedAfterAccessible"),
                follows("acme-sup", "ServiceDeskReady", "SkippedAfterAccessible"),
            ],
        )
        .await;
    let looked_at = [
        "The one service desk",
        "Not looked at, because the project cannot be accessed: SUP.",
    ];
    claim(
        &trouble.integration,
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &looked_at,
    );
    let sup = stage.project("acme-sup").await;
    let ready = project_condition(&sup, "Ready");
    assert!(!ready.message.contains("Also"), "{}", ready.message);
    stage
        .heals(trouble, Change::Jira(vec![restore("SUP"), creatable(true)]))
        .await;
    stage.close().await;
}

async fn root_leads(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "root").await;
    let app = stage.connect("acme-oauth").await;
    stage
        .integrate("acme", "acme-oauth", json!({"account": {"email": crate::stage::BOT}}))
        .await;
    stage.until_ready("acme").await;
    let (client_id, scope) = (Some(app.client_id.clone()), "write:jira-work".to_owned());
    let trouble = stage
        .suffers(
            Change::Jira(vec![Command::DropScope { client_id, scope }, archive("ENG")]),
            &[
                told("acme", "ScopesGranted", "ScopesMissing", &["write:jira-work"]),
                told(
                    "acme",
                    "ProjectsAccessible",
                    "SomeProjectsBlocked",
                    &["ENG (ProjectArchived)"],
                ),
                told("acme-eng", "Accessible", "ProjectArchived", &[]),
                follows("acme-eng", "Permitted", "SkippedAfterAccessible"),
            ],
        )
        .await;
    let leads = [
        "The grant lacks the classic scope write:jira-work",
        "Also: SomeProjectsBlocked.",
    ];
    ready_says(&trouble.integration, "ScopesMissing", &leads, &[]);

    // With the wrong account nothing further is asked, and what was told of projects is not repeated.
    let other = json!({"account": {"email": "dana@acme.example"}});
    stage.change("acme", other).await;
    stage.until_reason("acme", "AccountEligible", "WrongAccount").await;
    let wrong = stage.integration("acme").await;
    ready_says(
        &wrong,
        "ScopesMissing",
        &["Also: WrongAccount"],
        &["Skipped", "SomeProjectsBlocked"],
    );
    stage.close().await;
}
