//! Why request types or forms do not load: each cause is named with its remedy, and goes when it is
//! mended in Jira.

use std::sync::Arc;

use devkit::sandbox::{Command, FormField, Holder, NewRequestType, RequestTypeChange};
use serde_json::json;

use super::{Story, story};
use crate::{
    ledger,
    plane::Plane,
    stage::{
        Stage,
        claim::claim,
        hands::connected,
        trouble::{Change, Trouble, told},
    },
};

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::no_request_type_can_be_used", none_usable),
        story("causes::every_request_type_is_restricted", restricted),
        story("causes::no_request_can_be_raised", not_creatable),
        story("causes::jira_leaves_out_whether_one_can", not_told),
        story("causes::a_form_requires_what_nobody_sees", hidden_field),
        story("causes::the_service_desk_is_missing", desk_missing),
    ]
}

/// Changes all request types of SUP.
fn change(group_ids: Option<&[&str]>, restricted: Option<bool>, creatable: Option<bool>) -> Command {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Command::ChangeRequestType(RequestTypeChange {
        site: None,
        project: "SUP".into(),
        request_type: None,
        group_ids: group_ids.map(ids),
        restricted,
        creatable,
    })
}

fn administrator(stage: &Stage) {
    stage.jira(Command::GrantPermission {
        site: None,
        project: "SUP".into(),
        permission: "ADMINISTER_PROJECTS".into(),
        account: None,
        holder: None,
    });
}

/// The desk of SUP cannot be used; everything else goes on.
async fn unwell(stage: &Stage, spoil: Command, reason: &str, named: &[&str]) -> Trouble {
    let entry = format!("SUP ({reason})");
    let trouble = stage
        .suffers(
            spoil,
            &[
                told("acme-sup", "ServiceDeskReady", reason, named),
                told(
                    "acme",
                    "ServiceDesksReady",
                    "SomeServiceDesksBlocked",
                    &["1 of 2 service desks", &entry],
                ),
            ],
        )
        .await;
    stage.claim_project("acme-sup", "Ready", "False", reason, named).await;
    stage.claim_project("acme-its", "Ready", "True", "Usable", &[]).await;
    claim(&trouble.integration, "Ready", "True", "Connected", &[&entry]);
    trouble
}

/// And back.
async fn mended(stage: &Stage, trouble: Trouble, mend: impl Into<Change>) {
    let integration = stage.heals(trouble, mend).await;
    claim(&integration, "Ready", "True", "Connected", &[]);
    stage.claim_project("acme-sup", "Ready", "True", "Usable", &[]).await;
}

fn add(name: &str, group_ids: Option<Vec<String>>) -> Command {
    let request_type = NewRequestType {
        name: name.into(),
        group_ids,
        ..NewRequestType::default()
    };
    Command::AddRequestType {
        site: None,
        project: "SUP".into(),
        request_type,
    }
}

async fn none_usable(plane: Arc<Plane>) {
    let stage = connected(&plane, "no-types", json!({})).await;
    let none = Command::SetRequestTypes {
        site: None,
        project: "SUP".into(),
        request_types: Vec::new(),
    };
    let named = ["SUP", "none is published", "Publish a request type"];
    let trouble = unwell(&stage, none, "NoRequestTypes", &named).await;
    mended(&stage, trouble, add("Get help", None)).await;
    ledger::caused("request-types-none");

    let named = ["SUP", "Get help", "in no portal group", "Put a request type"];
    let hide = change(Some(&[]), None, Some(false));
    let trouble = unwell(&stage, hide, "RequestTypesHidden", &named).await;
    // What Jira says may be raised can be, whether or not the portal shows it.
    mended(&stage, trouble, change(None, None, Some(true))).await;
    stage.jira(change(Some(&["1"]), None, None));
    ledger::caused("request-types-hidden");

    // Some that are hidden beside one that is not are how a desk is meant to be.
    let fine = stage.suffers(add("By mail", Some(Vec::new())), &[]).await;
    claim(
        &fine.integration,
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &["All 2"],
    );
    stage.close().await;
}

async fn restricted(plane: Arc<Plane>) {
    let stage = connected(&plane, "restricted", json!({})).await;
    // Restricted ones are not shown to who is no administrator: that is said as a possible cause.
    let named = [
        "SUP",
        "none is published, or all are restricted",
        "open one that is restricted",
    ];
    let trouble = unwell(&stage, change(None, Some(true), None), "NoRequestTypes", &named).await;
    mended(&stage, trouble, change(None, Some(false), None)).await;
    ledger::caused("request-types-maybe-restricted");

    administrator(&stage);
    stage.request("acme").await;
    let named = ["SUP", "(restricted)", "Ask a question", "Open a request type"];
    let restrict = change(None, Some(true), Some(false));
    let trouble = unwell(&stage, restrict, "RequestTypesRestricted", &named).await;
    // Whom the project lets in is not hindered by a restriction to others.
    mended(&stage, trouble, change(None, None, Some(true))).await;
    ledger::caused("request-types-restricted");
    stage.close().await;
}

/// Whether lists tell it, or only the check of permissions.
async fn not_creatable(plane: Arc<Plane>) {
    let stage = connected(&plane, "not-creatable", json!({})).await;
    let named = [
        "SUP",
        "Ask a question",
        "not open to the account",
        "Customer permissions",
    ];
    let spoil = change(None, None, Some(false));
    let trouble = unwell(&stage, spoil, "RequestTypesNotCreatable", &named).await;
    mended(&stage, trouble, change(None, None, Some(true))).await;
    ledger::caused("request-types-not-creatable");
    stage.close().await;
}

/// Creating issues is taken from the account, in the portal too, or given back.
fn creating(held: bool) -> Change {
    let (site, project, permission) = (None::<String>, "SUP".to_owned(), "CREATE_ISSUES".to_owned());
    let holders = [None, Some(Holder::Portal)];
    let one = |holder| {
        let (site, project, permission) = (site.clone(), project.clone(), permission.clone());
        let account = None;
        if held {
            Command::GrantPermission {
                site,
                project,
                permission,
                account,
                holder,
            }
        } else {
            Command::RevokePermission {
                site,
                project,
                permission,
                account,
                holder,
            }
        }
    };
    Change::Jira(holders.map(one).into())
}

/// Jira leaves out of the list whether a request can be raised: where issues may not be created
/// either, it is asked.
async fn not_told(plane: Arc<Plane>) {
    let stage = connected(&plane, "not-told", json!({})).await;
    stage.jira(Command::ShowCanCreate {
        site: None,
        shown: false,
    });
    let trouble = stage
        .suffers(
            creating(false),
            &[
                told("acme-sup", "Permitted", "CreateDenied", &[]),
                told("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["1 of 4"]),
                told(
                    "acme-sup",
                    "ServiceDeskReady",
                    "RequestTypesNotCreatable",
                    &["not open to the account, which lacks Create issues"],
                ),
                told("acme", "ServiceDesksReady", "SomeServiceDesksBlocked", &["SUP"]),
            ],
        )
        .await;
    stage.heals(trouble, creating(true)).await;
    stage.close().await;
}

fn field(required: bool) -> Command {
    Command::SetFormField {
        site: None,
        project: "SUP".into(),
        request_type: None,
        field: FormField {
            field_id: "customfield_10050".into(),
            name: "Cost centre".into(),
            required,
            visible: false,
            preset_values: Vec::new(),
        },
    }
}

/// A request type of which the account may raise no request.
pub(super) fn never_raised(project: &str, request_type: &str) -> Command {
    Command::ChangeRequestType(RequestTypeChange {
        site: None,
        project: project.into(),
        request_type: Some(request_type.into()),
        group_ids: None,
        restricted: None,
        creatable: Some(false),
    })
}

/// A required field that the form does not show is told to administrators of the desk alone, so that to
/// others nothing of it is claimed. Jira goes on saying that requests can be raised: the field alone
/// closes the desk, and the field alone opens it.
async fn hidden_field(plane: Arc<Plane>) {
    let stage = connected(&plane, "form", json!({})).await;
    let nobody_told = stage.suffers(field(true), &[]).await;
    stage.heals(nobody_told, field(false)).await;

    administrator(&stage);
    for other in ["Emailed request", "Plan a change"] {
        stage.jira(never_raised("SUP", other));
    }
    stage.request("acme").await;
    let named = [
        "Ask a question, Report a problem (the form requires Cost centre, hidden from the account)",
        "Show the required fields",
    ];
    let trouble = unwell(&stage, field(true), "RequestTypesNotCreatable", &named).await;
    let desk = stage.project("acme-sup").await;
    let said = &crate::stage::claim::project_condition(&desk, "ServiceDeskReady").message;
    assert!(!said.contains("not open"), "Jira says otherwise: {said}");
    mended(&stage, trouble, field(false)).await;

    // One form that can be filled in is enough.
    let of_one = |required| {
        let mut command = field(required);
        if let Command::SetFormField { request_type, .. } = &mut command {
            *request_type = Some("Ask a question".into());
        }
        command
    };
    let fine = stage.suffers(of_one(true), &[]).await;
    stage.heals(fine, of_one(false)).await;
    ledger::caused("form-field-hidden");
    stage.close().await;
}

async fn desk_missing(plane: Arc<Plane>) {
    let stage = connected(&plane, "no-desk", json!({})).await;
    let (site, project) = (None, "SUP".to_owned());
    let named = [
        "SUP is a service project",
        "lists no service desk",
        "as its administrator",
    ];
    let spoil = Command::RemoveDesk { site, project };
    let trouble = unwell(&stage, spoil, "ServiceDeskMissing", &named).await;
    let (site, project) = (None, "SUP".to_owned());
    mended(&stage, trouble, Command::RestoreDesk { site, project }).await;
    ledger::caused("service-desk-missing");
    stage.close().await;
}
