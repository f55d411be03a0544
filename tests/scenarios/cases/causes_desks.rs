//! Why request types or forms do not load: each cause is named with its remedy, and goes when it is
//! fixed in Jira.

use std::sync::Arc;

use devkit::sandbox::{Command, FormField, Holder, NewRequestType, RequestTypeChange};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        actions::connected,
        assertions::assert_condition,
        problem::{Change, Problem, expect},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::no_request_type_can_be_used", none_usable),
        scenario("causes::every_request_type_is_restricted", restricted),
        scenario("causes::no_request_can_be_raised", not_creatable),
        scenario("causes::jira_leaves_out_whether_one_can", unknown_creatable),
        scenario("causes::a_form_requires_what_nobody_sees", hidden_field),
        scenario("causes::the_service_desk_is_missing", desk_missing),
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

fn administrator(harness: &Harness) {
    harness.jira(Command::GrantPermission {
        site: None,
        project: "SUP".into(),
        permission: "ADMINISTER_PROJECTS".into(),
        account: None,
        holder: None,
    });
}

/// The desk of SUP cannot be used; everything else goes on.
async fn unhealthy(harness: &Harness, breaking: Command, reason: &str, named: &[&str]) -> Problem {
    let entry = format!("SUP ({reason})");
    let problem = harness
        .broken_by(
            breaking,
            &[
                expect("acme-sup", "ServiceDeskReady", reason, named),
                expect(
                    "acme",
                    "ServiceDesksReady",
                    "SomeServiceDesksBlocked",
                    &["1 of 2 service desks", &entry],
                ),
            ],
        )
        .await;
    harness
        .assert_project("acme-sup", "Ready", "False", reason, named)
        .await;
    harness.assert_project("acme-its", "Ready", "True", "Usable", &[]).await;
    assert_condition(&problem.integration, "Ready", "True", "Connected", &[&entry]);
    problem
}

/// And back.
async fn fixed(harness: &Harness, problem: Problem, fix: impl Into<Change>) {
    let integration = harness.fixed_by(problem, fix).await;
    assert_condition(&integration, "Ready", "True", "Connected", &[]);
    harness.assert_project("acme-sup", "Ready", "True", "Usable", &[]).await;
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

async fn none_usable(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-types", json!({})).await;
    let none = Command::SetRequestTypes {
        site: None,
        project: "SUP".into(),
        request_types: Vec::new(),
    };
    let named = ["SUP", "none is published", "Publish a request type"];
    let problem = unhealthy(&harness, none, "NoRequestTypes", &named).await;
    fixed(&harness, problem, add("Get help", None)).await;
    coverage::caused("request-types-none");

    let named = ["SUP", "Get help", "in no portal group", "Put a request type"];
    let hide = change(Some(&[]), None, Some(false));
    let problem = unhealthy(&harness, hide, "RequestTypesHidden", &named).await;
    // What Jira says may be raised can be, whether or not the portal shows it.
    fixed(&harness, problem, change(None, None, Some(true))).await;
    harness.jira(change(Some(&["1"]), None, None));
    coverage::caused("request-types-hidden");

    // Some that are hidden beside one that is not are how a desk is meant to be.
    let fine = harness.broken_by(add("By mail", Some(Vec::new())), &[]).await;
    assert_condition(
        &fine.integration,
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &["All 2"],
    );
    harness.close().await;
}

async fn restricted(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "restricted", json!({})).await;
    // Restricted ones are not shown to who is no administrator: that is said as a possible cause.
    let named = [
        "SUP",
        "none is published, or all are restricted",
        "open one that is restricted",
    ];
    let problem = unhealthy(&harness, change(None, Some(true), None), "NoRequestTypes", &named).await;
    fixed(&harness, problem, change(None, Some(false), None)).await;
    coverage::caused("request-types-maybe-restricted");

    administrator(&harness);
    harness.request("acme").await;
    let named = ["SUP", "(restricted)", "Ask a question", "Open a request type"];
    let restrict = change(None, Some(true), Some(false));
    let problem = unhealthy(&harness, restrict, "RequestTypesRestricted", &named).await;
    // Whom the project lets in is not hindered by a restriction to others.
    fixed(&harness, problem, change(None, None, Some(true))).await;
    coverage::caused("request-types-restricted");
    harness.close().await;
}

/// Whether lists tell it, or only the check of permissions.
async fn not_creatable(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "not-creatable", json!({})).await;
    let named = [
        "SUP",
        "Ask a question",
        "not open to the account",
        "Customer permissions",
    ];
    let breaking = change(None, None, Some(false));
    let problem = unhealthy(&harness, breaking, "RequestTypesNotCreatable", &named).await;
    fixed(&harness, problem, change(None, None, Some(true))).await;
    coverage::caused("request-types-not-creatable");
    harness.close().await;
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
async fn unknown_creatable(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "not-told", json!({})).await;
    harness.jira(Command::ShowCanCreate {
        site: None,
        shown: false,
    });
    let problem = harness
        .broken_by(
            creating(false),
            &[
                expect("acme-sup", "Permitted", "CreateDenied", &[]),
                expect("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["1 of 4"]),
                expect(
                    "acme-sup",
                    "ServiceDeskReady",
                    "RequestTypesNotCreatable",
                    &["not open to the account, which lacks Create issues"],
                ),
                expect("acme", "ServiceDesksReady", "SomeServiceDesksBlocked", &["SUP"]),
            ],
        )
        .await;
    harness.fixed_by(problem, creating(true)).await;
    harness.close().await;
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
async fn hidden_field(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "form", json!({})).await;
    let nobody_told = harness.broken_by(field(true), &[]).await;
    harness.fixed_by(nobody_told, field(false)).await;

    administrator(&harness);
    for other in ["Emailed request", "Plan a change"] {
        harness.jira(never_raised("SUP", other));
    }
    harness.request("acme").await;
    let named = [
        "Ask a question, Report a problem (the form requires Cost centre, hidden from the account)",
        "Show the required fields",
    ];
    let problem = unhealthy(&harness, field(true), "RequestTypesNotCreatable", &named).await;
    let desk = harness.project("acme-sup").await;
    let said = &crate::harness::assertions::project_condition(&desk, "ServiceDeskReady").message;
    assert!(!said.contains("not open"), "Jira says otherwise: {said}");
    fixed(&harness, problem, field(false)).await;

    // One form that can be filled in is enough.
    let of_one = |required| {
        let mut command = field(required);
        if let Command::SetFormField { request_type, .. } = &mut command {
            *request_type = Some("Ask a question".into());
        }
        command
    };
    let fine = harness.broken_by(of_one(true), &[]).await;
    harness.fixed_by(fine, of_one(false)).await;
    coverage::caused("form-field-hidden");
    harness.close().await;
}

async fn desk_missing(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-desk", json!({})).await;
    let (site, project) = (None, "SUP".to_owned());
    let named = [
        "SUP is a service project",
        "lists no service desk",
        "as its administrator",
    ];
    let breaking = Command::RemoveDesk { site, project };
    let problem = unhealthy(&harness, breaking, "ServiceDeskMissing", &named).await;
    let (site, project) = (None, "SUP".to_owned());
    fixed(&harness, problem, Command::RestoreDesk { site, project }).await;
    coverage::caused("service-desk-missing");
    harness.close().await;
}
