//! What a diagnosis costs, counted where it is paid: in the sandbox's journal.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, Mark, NewRequestType, Request, RequestTypeChange};
use jira_operator::api::integration::JiraIntegration;
use serde_json::{Value, json};

use super::{Story, lasting, story};
use crate::{
    plane::Plane,
    stage::{BOT, Stage, claim::claim, look::condition},
};

/// Most calls for all of a healthy site with a hundred projects, twenty of them service desks.
pub(super) const WHOLE: usize = 30;
/// Most calls more for each project in trouble.
pub(super) const EACH_TROUBLE: usize = 3;
/// Most calls of a pass that the clock brings and that finds nothing changed.
const PLAIN: usize = 2;

pub fn stories() -> Vec<Story> {
    vec![
        story("cost::a_hundred_healthy_projects", healthy),
        lasting("cost::discovered_projects_in_trouble", |plane| {
            troubled(plane, "found", false)
        }),
        lasting("cost::named_projects_in_trouble", |plane| {
            troubled(plane, "named", true)
        }),
    ]
}

/// A hundred projects: the four of the seed, 78 more for developers and 18 more desks.
pub(super) async fn hundred(plane: &Arc<Plane>, name: &str) -> Stage {
    let stage = Stage::open(plane, name).await;
    for (count, prefix, template) in [(78, "P", "software"), (18, "D", "service")] {
        stage.jira(Command::CreateProjects {
            site: None,
            count,
            prefix: Some(prefix.into()),
            template: Some(template.into()),
        });
    }
    stage.connect("acme-oauth").await;
    stage
}

/// A spec that asks everything there is to ask.
pub(super) fn spec(stage: &Stage, keys: Option<Vec<String>>) -> Value {
    let id = |email: &str| {
        let read = stage
            .sandbox
            .state(|world| world.account(email).map(|a| a.account_id.clone()));
        read.expect("the account")
    };
    let people = ["dana@acme.example", "devin@acme.example", "alex@acme.example"];
    let pinned = people.map(|email| json!({"email": email, "accountId": id(email)}));
    let mut spec = json!({
        "account": {"email": BOT},
        "syncInterval": "1m",
        "users": {"pinned": pinned},
        "statusMapping": [{"phase": "Waiting", "statuses": ["Waiting for customer"]}],
    });
    match keys {
        Some(keys) => {
            let named = keys.iter().map(|key| json!({"key": key}));
            spec["projects"] = named.collect();
        }
        None => {
            let of_one = json!({"phase": "Review", "statuses": ["In Review"], "projects": ["ENG"]});
            spec["statusMapping"].as_array_mut().unwrap().push(of_one);
        }
    }
    spec
}

/// Calls by what they ask, ids left out.
fn by_endpoint(calls: &[Request]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        let path = call
            .path
            .find("/rest/")
            .map_or(call.path.as_str(), |at| &call.path[at..]);
        let is_id = |part: &str| part.parse::<u64>().is_ok();
        let parts = path.split('/').map(|part| if is_id(part) { "{id}" } else { part });
        let endpoint = format!("{} {}", call.method, parts.collect::<Vec<_>>().join("/"));
        *counts.entry(endpoint).or_default() += 1;
    }
    counts
}

/// Claims that a pass made no more than so many calls since a place in the journal, and that the status
/// says how many, with those of the slices that followed.
pub(super) fn claim_cost(stage: &Stage, what: &str, mark: Mark, most: usize, status: &JiraIntegration) -> usize {
    let calls = stage.calls_since(mark);
    let endpoints = by_endpoint(&calls);
    println!("{what}: {} calls, at most {most}", calls.len());
    assert!(
        calls.len() <= most,
        "{what}: {} calls, not {most}: {endpoints:#?}",
        calls.len()
    );
    let told = status
        .status
        .as_ref()
        .and_then(|s| s.api.as_ref())
        .map(|a| a.calls_last_sync);
    let all = stage.all_calls_since(mark).len();
    assert_eq!(told, i64::try_from(all).ok(), "{what}: {endpoints:#?}");
    calls.len()
}

/// A full pass that is asked for, and the calls it made.
pub(super) async fn full(stage: &Stage) -> (JiraIntegration, Mark) {
    let mark = stage.sandbox.mark();
    (stage.request("acme").await, mark)
}

async fn healthy(plane: Arc<Plane>) {
    let stage = hundred(&plane, "cost").await;
    let mark = stage.sandbox.mark();
    stage.integrate("acme", "acme-oauth", spec(&stage, None)).await;
    let first = stage.until_ready("acme").await;
    for type_ in ["ProjectsAccessible", "DirectoryReadable", "ServiceDesksReady"] {
        assert_eq!(condition(&first, type_).status, "True", "{type_}");
    }
    claim(&first, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    claim(&first, "Synced", "True", "SyncSucceeded", &["100 projects"]);
    claim_cost(&stage, "the first pass", mark, WHOLE, &first);
    let (again, mark) = full(&stage).await;
    claim_cost(&stage, "a pass asked for", mark, WHOLE, &again);
    // What projects are made of is asked for in slices, and nothing besides.
    claim(&again, "StatusMappingValid", "True", "MappingMatchesWorkflows", &[]);
    // Jira may leave out of its lists whether requests can be raised.
    stage.jira(Command::ShowCanCreate {
        site: None,
        shown: false,
    });
    let (again, mark) = full(&stage).await;
    claim(&again, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    claim_cost(&stage, "a pass with less told", mark, WHOLE, &again);

    let mut last = again;
    for pass in ["a plain pass", "a plain pass on which much is unwell"] {
        if pass.contains("unwell") {
            // Nobody named these projects.
            stage.jira(Command::SetPortalLens {
                in_permissions_check: true,
                in_project_search: true,
            });
            for (_, spoil, _) in troubles() {
                stage.jira(spoil);
            }
            last = full(&stage).await.0;
        }
        let mark = stage.sandbox.mark();
        let time = |o: &JiraIntegration| o.status.as_ref()?.sync.as_ref()?.last_sync_time.clone();
        last = stage
            .until("acme", "synchronised again", |o| time(o) != time(&last))
            .await;
        claim_cost(&stage, pass, mark, PLAIN, &last);
    }
    stage.close().await;
}

/// Trouble of every kind, each with another project: the reason that the project gives, what
/// happens to it, and what undoes that.
fn troubles() -> Vec<(&'static str, Command, Command)> {
    let hide = |groups: &[&str]| {
        let ids = groups.iter().map(ToString::to_string).collect();
        change("D2", Some(ids), Some(!groups.is_empty()))
    };
    let close = |creatable| change("D3", None, Some(creatable));
    vec![
        ("ProjectArchived", archive("P1"), restore("P1")),
        ("ProjectInTrash", trash("P2"), restore("P2")),
        // Under its new key it can be used.
        ("Usable", rename("P3", "Q3"), rename("Q3", "P3")),
        ("ProjectNotVisible", private("P4", true), private("P4", false)),
        ("NoRequestTypes", types("D1", Vec::new()), types("D1", vec![ask()])),
        ("RequestTypesHidden", hide(&[]), hide(&["1"])),
        ("RequestTypesNotCreatable", close(false), close(true)),
        ("BrowseDenied", agents("D4", false), agents("D4", true)),
        ("ServiceDeskMissing", desk("D5", false), desk("D5", true)),
    ]
}

/// A full pass on a site in trouble, which tells the trouble and costs no more than it may.
async fn claim_trouble(stage: &Stage, what: &str, reason: &str, most: usize) {
    let (unwell, mark) = full(stage).await;
    claim_cost(stage, &format!("{what} {reason}"), mark, most, &unwell);
    let reasons = stage.project_reasons().await;
    let unlike = reasons.values().filter(|found| *found != "Usable").count();
    assert_eq!(unlike, usize::from(reason != "Usable"), "{reasons:?}");
    assert!(reasons.values().any(|found| found == reason), "{reason}: {reasons:?}");
}

/// Each kind of trouble alone, and then all of it together.
async fn troubled(plane: Arc<Plane>, name: &'static str, named: bool) {
    let stage = hundred(&plane, name).await;
    // Jira answers about service projects as from the portal, so that the portal has to be told.
    stage.jira(Command::SetPortalLens {
        in_permissions_check: true,
        in_project_search: true,
    });
    let keys = named.then(|| {
        let (software, desks) = ((1..=78).map(|n| format!("P{n}")), (1..=18).map(|n| format!("D{n}")));
        let seeded = ["ENG", "OPS", "SUP", "ITS"].map(str::to_owned);
        software.chain(desks).chain(seeded).collect()
    });
    let mut spec = spec(&stage, keys);
    // No clock between the passes that are counted.
    spec["syncInterval"] = json!("1h");
    stage.integrate("acme", "acme-oauth", spec).await;
    stage.until_ready("acme").await;
    let (well, mark) = full(&stage).await;
    let healthy = claim_cost(&stage, "a healthy pass", mark, WHOLE, &well);
    for (reason, spoil, mend) in troubles() {
        stage.jira(spoil);
        claim_trouble(&stage, "new", reason, healthy + EACH_TROUBLE).await;
        // What stays is no dearer than what is new.
        claim_trouble(&stage, "still", reason, healthy + EACH_TROUBLE).await;
        stage.jira(mend);
        full(&stage).await;
    }
    let (mended, mark) = full(&stage).await;
    claim(&mended, "ProjectsAccessible", "True", "AllProjectsAccessible", &["100"]);
    claim(
        &mended,
        "ServiceDesksReady",
        "True",
        "AllServiceDesksReady",
        &["All 20"],
    );
    claim_cost(&stage, "all mended", mark, healthy, &mended);

    let count = troubles().len();
    for (_, spoil, _) in troubles() {
        stage.jira(spoil);
    }
    let (unwell, mark) = full(&stage).await;
    let most = healthy + count * EACH_TROUBLE;
    claim_cost(&stage, "all at once", mark, most, &unwell);
    stage.close().await;
}

fn archive(key: &str) -> Command {
    let (site, project) = (None, key.into());
    Command::ArchiveProject { site, project }
}

fn trash(key: &str) -> Command {
    let (site, project) = (None, key.into());
    Command::TrashProject { site, project }
}

fn restore(key: &str) -> Command {
    let (site, project) = (None, key.into());
    Command::RestoreProject { site, project }
}

fn rename(project: &str, key: &str) -> Command {
    let (site, project, key) = (None, project.into(), key.into());
    Command::RenameProjectKey { site, project, key }
}

fn private(key: &str, private: bool) -> Command {
    let (site, project) = (None, key.into());
    Command::SetProjectPrivate { site, project, private }
}

fn ask() -> NewRequestType {
    NewRequestType {
        name: "Ask a question".into(),
        ..NewRequestType::default()
    }
}

fn types(key: &str, request_types: Vec<NewRequestType>) -> Command {
    let (site, project) = (None, key.into());
    Command::SetRequestTypes {
        site,
        project,
        request_types,
    }
}

/// Changes all request types of a desk.
fn change(key: &str, group_ids: Option<Vec<String>>, creatable: Option<bool>) -> Command {
    Command::ChangeRequestType(RequestTypeChange {
        site: None,
        project: key.into(),
        request_type: None,
        group_ids,
        restricted: None,
        creatable,
    })
}

fn desk(key: &str, is: bool) -> Command {
    let (site, project) = (None, key.into());
    if is {
        return Command::RestoreDesk { site, project };
    }
    Command::RemoveDesk { site, project }
}

/// The group through which the account is an agent plays that role in the project, or does not.
fn agents(key: &str, play: bool) -> Command {
    let (site, project, role, group) = (None, key.into(), "Service Desk Team".into(), "integrations".to_owned());
    if play {
        return Command::AddGroupToRole {
            site,
            project,
            role,
            group,
        };
    }
    let (account, group) = (None, Some(group));
    Command::RemoveFromRole {
        site,
        project,
        role,
        account,
        group,
    }
}
