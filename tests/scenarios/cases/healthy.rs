//! Sites on which nothing is wrong, of several shapes: each gives no finding at all. A false alarm
//! is as bad as a miss.

use std::{collections::BTreeSet, sync::Arc};

use devkit::sandbox::{Command, RequestTypeChange};
use jira_operator::api::{integration::JiraIntegration, project::JiraProject, reason::Reason};
use k8s_openapi::{api::events::v1::Event, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{ResourceExt, api::ListParams};
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{BOT, Harness, actions::connected},
};

/// Who does not show the address, on the site as it is seeded.
const DEVIN: &str = "devin@acme.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("healthy::projects_of_every_kind", every_kind),
        scenario("healthy::renamed_roles_held_through_groups_and_in_person", roles),
        scenario("healthy::business_projects_only", business_only),
        scenario("healthy::one_project", one_project),
        scenario("healthy::five_hundred_projects", five_hundred),
        scenario("healthy::hidden_addresses_everywhere", hidden_addresses),
        scenario("healthy::another_language", another_language),
        scenario("healthy::desks_of_all_sorts", desks_of_all_sorts),
        scenario("healthy::observing_as_a_reader", observing),
    ]
}

/// The site has its shape before the dedicated account connects.
async fn shaped(cluster: &Arc<Cluster>, name: &str, shape: Vec<Command>, spec: Value) -> Harness {
    let harness = Harness::open(cluster, name).await;
    for command in shape {
        harness.jira(command);
    }
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    harness
}

/// Neither the first reconciliation nor one that a person asked for found anything to report.
async fn nothing_is_found(harness: &Harness, projects: usize, desks: bool) {
    well(harness, &harness.integration("acme").await, projects, desks).await;
    well(harness, &harness.request("acme").await, projects, desks).await;
}

async fn well(harness: &Harness, integration: &JiraIntegration, projects: usize, desks: bool) {
    let status = integration.status.as_ref().expect("it has a status");
    all_true("acme", &status.conditions, Reason::Connected);
    let types: BTreeSet<&str> = status.conditions.iter().map(|c| c.type_.as_str()).collect();
    let mut expected = BTreeSet::from([
        "Authorized",
        "SiteReachable",
        "ScopesGranted",
        "AccountEligible",
        "ProjectsAccessible",
        "DirectoryReadable",
        "StatusMappingValid",
        "Synced",
        "Ready",
    ]);
    expected.extend(desks.then_some("ServiceDesksReady"));
    assert_eq!(types, expected);
    let counts = status.projects.as_ref().expect("they were counted");
    let all = i64::try_from(projects).unwrap();
    assert_eq!((counts.visible, counts.readable, counts.blocked), (all, Some(all), 0));
    let listed = harness.projects().list(&ListParams::default()).await;
    let listed = listed.expect("the API server answers").items;
    assert_eq!(listed.len(), projects);
    for project in &listed {
        well_project(project);
    }
    no_warning(harness).await;
}

fn well_project(project: &JiraProject) {
    let (name, status) = (project.name_any(), project.status.clone().unwrap_or_default());
    all_true(&name, &status.conditions, Reason::Usable);
    let renamed = |c: &Condition| c.reason == Reason::ProjectKeyRenamed.as_str();
    assert!(!status.conditions.iter().any(renamed), "{name} is said to be renamed");
    let has_desk = status.conditions.iter().any(|c| c.type_ == "ServiceDeskReady");
    let is_service = status.project_type.as_deref() == Some("service_desk");
    assert_eq!(has_desk, is_service, "ServiceDeskReady of {name}");
}

/// Every condition is True, and `Ready` has nothing to add to its plain words.
fn all_true(name: &str, conditions: &[Condition], when_ready: Reason) {
    for condition in conditions {
        assert_eq!(condition.status, "True", "{name}: {condition:?}");
    }
    let ready = conditions.iter().find(|c| c.type_ == "Ready").expect("Ready is there");
    let plain = (when_ready.as_str(), when_ready.entry().meaning);
    assert_eq!((ready.reason.as_str(), ready.message.as_str()), plain, "{name}");
}

async fn no_warning(harness: &Harness) {
    let events = harness.all::<Event>().list(&ListParams::default()).await;
    let mut events = events.expect("the API server answers").items;
    events.retain(|event| event.type_.as_deref() == Some("Warning"));
    assert!(events.is_empty(), "{events:#?}");
}

fn create(template: &str, key: &str) -> Command {
    Command::CreateProject {
        site: None,
        key: key.into(),
        name: None,
        template: Some(template.into()),
    }
}

fn create_many(template: &str, prefix: &str, count: u32) -> Command {
    Command::CreateProjects {
        site: None,
        count,
        prefix: Some(prefix.into()),
        template: Some(template.into()),
    }
}

fn keep_only(project: &str) -> Command {
    let project = project.into();
    Command::KeepOnlyProject { site: None, project }
}

fn account_id(harness: &Harness, email: &str) -> String {
    let read = harness
        .sandbox
        .state(|world| world.account(email).map(|a| a.account_id.clone()));
    read.expect("the account")
}

/// Company-managed and team-managed, a desk that is open to everybody, and kinds of projects that
/// the operator does not know.
async fn every_kind(cluster: Arc<Cluster>) {
    let shape = vec![
        create("team-managed", "TEAM"),
        create("team-managed-service", "TMS"),
        create("open-service", "OPEN"),
        create("product-discovery", "IDEA"),
        create("customer-service", "CARE"),
    ];
    let harness = shaped(&cluster, "every-kind", shape, json!({})).await;
    nothing_is_found(&harness, 9, true).await;
    harness.close().await;
}

fn rename_role(role: &str, name: &str) -> Command {
    let (role, name) = (role.into(), name.into());
    Command::RenameRole {
        site: None,
        project: None,
        role,
        name,
    }
}

/// Gives the dedicated account a role in person.
fn to_role(project: &str, role: &str) -> Command {
    Command::AddToRole {
        site: None,
        project: project.into(),
        role: role.into(),
        account: None,
    }
}

/// Roles have other names than Jira gives them, and the account has them through a group, but for
/// one that it was given in person.
async fn roles(cluster: Arc<Cluster>) {
    let in_group = |project: &str, role: &str| {
        let (project, role, group) = (project.into(), role.into(), "robots".into());
        let site = None;
        Command::AddGroupToRole {
            site,
            project,
            role,
            group,
        }
    };
    let shape = vec![
        rename_role("Developers", "Makers"),
        rename_role("Users", "Folk"),
        rename_role("Service Desk Team", "Heroes"),
        rename_role("Service Desk Customers", "Guests"),
        rename_role("Administrators", "Keepers"),
        Command::RemoveFromGroup {
            site: None,
            group: "integrations".into(),
            account: None,
        },
        Command::AddToGroup {
            site: None,
            group: "robots".into(),
            account: None,
        },
        in_group("ENG", "Makers"),
        in_group("SUP", "Heroes"),
        in_group("ITS", "Heroes"),
        to_role("OPS", "Folk"),
    ];
    let harness = shaped(&cluster, "roles", shape, json!({})).await;
    nothing_is_found(&harness, 4, true).await;
    harness.close().await;
}

async fn business_only(cluster: Arc<Cluster>) {
    let shape = vec![keep_only("OPS"), create_many("business", "B", 2)];
    let harness = shaped(&cluster, "business", shape, json!({})).await;
    nothing_is_found(&harness, 3, false).await;
    harness.close().await;
}

/// One project on the site, a desk; found, and then named.
async fn one_project(cluster: Arc<Cluster>) {
    let harness = shaped(&cluster, "one", vec![keep_only("SUP")], json!({})).await;
    nothing_is_found(&harness, 1, true).await;
    harness.change("acme", json!({"projects": [{"key": "SUP"}]})).await;
    harness.until_ready("acme").await;
    nothing_is_found(&harness, 1, true).await;
    harness.close().await;
}

async fn five_hundred(cluster: Arc<Cluster>) {
    let shape = vec![
        create_many("software", "P", 450),
        create_many("service", "D", 30),
        create_many("team-managed-service", "T", 16),
    ];
    let harness = shaped(&cluster, "five-hundred", shape, json!({})).await;
    nothing_is_found(&harness, 500, true).await;
    harness.close().await;
}

/// No profile shows its address, the dedicated account's neither, which is named by its id.
async fn hidden_addresses(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "hidden-mails").await;
    harness.jira(Command::HideAllEmails { hidden: true });
    let (bot, devin) = (account_id(&harness, BOT), account_id(&harness, DEVIN));
    let pinned = json!([{"email": DEVIN, "accountId": devin}]);
    let spec = json!({"account": {"email": BOT, "accountId": bot}, "users": {"pinned": pinned}});
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    nothing_is_found(&harness, 4, true).await;
    harness.close().await;
}

/// Jira speaks German; statuses are named as the account sees them, in another case, and by id.
async fn another_language(cluster: Arc<Cluster>) {
    let language = Command::SetLanguage {
        site: None,
        language: "de".into(),
    };
    let spec = json!({"statusMapping": [
        {"phase": "Waiting", "statuses": ["Warten auf Kunden"]},
        {"phase": "Review", "statuses": ["IN ÜBERPRÜFUNG"], "projects": ["ENG"]},
        {"phase": "Done", "statuses": ["gelöst", "id:10014"], "projects": ["SUP", "ITS"]},
    ]});
    let harness = shaped(&cluster, "german", vec![language], spec).await;
    nothing_is_found(&harness, 4, true).await;
    harness.close().await;
}

/// A desk without a knowledge base, desks with hidden and restricted request types beside usable
/// ones, and lists that do not say what may be created. The account administers no project, and
/// then does, so that it sees what is restricted.
async fn desks_of_all_sorts(cluster: Arc<Cluster>) {
    let change = |project: &str, kind: &str, groups: Option<Vec<String>>, restricted| {
        Command::ChangeRequestType(RequestTypeChange {
            site: None,
            project: project.into(),
            request_type: Some(kind.into()),
            group_ids: groups,
            restricted,
            creatable: None,
        })
    };
    let harness = connected(&cluster, "desks", json!({})).await;
    let no_articles = Command::SetArticles {
        site: None,
        project: "SUP".into(),
        articles: None,
    };
    harness.jira(no_articles);
    harness.jira(change("SUP", "Report a problem", Some(Vec::new()), None));
    harness.jira(change("ITS", "Report a problem", None, Some(true)));
    let held = harness.project("acme-sup").await.status.unwrap().permissions;
    assert!(!held.iter().any(|p| p == "ADMINISTER_PROJECTS"), "{held:?}");
    nothing_is_found(&harness, 4, true).await;

    harness.jira(Command::ShowCanCreate {
        site: None,
        shown: false,
    });
    for project in ["SUP", "ITS"] {
        harness.jira(to_role(project, "Administrators"));
    }
    nothing_is_found(&harness, 4, true).await;
    let held = harness.project("acme-sup").await.status.unwrap().permissions;
    assert!(held.iter().any(|p| p == "ADMINISTER_PROJECTS"), "{held:?}");
    harness.close().await;
}

/// An account that may read, is no agent and holds no writing permission anywhere; Jira answers
/// about service projects as from the portal.
async fn observing(cluster: Arc<Cluster>) {
    let take = |project: &str, permission: &str| Command::RevokePermission {
        site: None,
        project: project.into(),
        permission: permission.into(),
        account: None,
        holder: None,
    };
    let mut shape = vec![
        Command::RemoveAgentLicence {
            site: None,
            account: None,
        },
        Command::SetPortalLens {
            in_permissions_check: true,
            in_project_search: true,
        },
    ];
    let writing = ["CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"];
    for project in ["ENG", "OPS", "SUP", "ITS"] {
        shape.extend(writing.map(|permission| take(project, permission)));
    }
    let harness = shaped(&cluster, "reader", shape, json!({"mode": "Observe"})).await;
    nothing_is_found(&harness, 4, true).await;
    harness.close().await;
}
