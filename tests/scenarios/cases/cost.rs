//! What a diagnosis costs, counted where it is paid: in the sandbox's log of requests.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, Mark, NewRequestType, Request, RequestTypeChange};
use jira_operator::api::integration::JiraIntegration;
use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        BOT, Harness,
        assertions::assert_condition,
        commands::{archive, private, rename, restore, trash},
        observe::condition,
    },
};

/// Most calls for all of a healthy site with a hundred projects, twenty of them service desks.
pub(super) const WHOLE: usize = 30;
/// Most calls more for each project with problems.
pub(super) const EACH_TROUBLE: usize = 3;
/// Most calls of a reconciliation that the clock brings and that finds nothing changed.
const PLAIN: usize = 2;

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("cost::a_hundred_healthy_projects", healthy),
        waiting("cost::discovered_unhealthy_projects", |cluster| {
            troubled(cluster, "found", false)
        }),
        waiting("cost::named_unhealthy_projects", |cluster| {
            troubled(cluster, "named", true)
        }),
    ]
}

/// A hundred projects: the four of the seed, 78 more for developers and 18 more desks.
pub(super) async fn hundred(cluster: &Arc<Cluster>, name: &str) -> Harness {
    let harness = Harness::open(cluster, name).await;
    for (count, prefix, template) in [(78, "P", "software"), (18, "D", "service")] {
        harness.jira(Command::CreateProjects {
            site: None,
            count,
            prefix: Some(prefix.into()),
            template: Some(template.into()),
        });
    }
    harness.connect("acme-oauth").await;
    harness
}

/// A spec that asks everything there is to ask.
pub(super) fn spec(harness: &Harness, keys: Option<Vec<String>>) -> Value {
    let id = |email: &str| {
        let read = harness
            .sandbox
            .state(|world| world.account(email).map(|a| a.account_id.clone()));
        read.expect("the account")
    };
    let people = ["dana@acme.example", "devin@acme.example", "alex@acme.example"];
    let pinned = people.map(|email| json!({"email": email, "accountId": id(email)}));
    let mut spec = json!({
        "account": {"email": BOT},
        "syncInterval": "1m",
        "tickets": {},
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

/// Asserts that a reconciliation made no more than so many calls since a place in the log of requests, and that the
/// status says how many, with those of the slices that followed.
pub(super) fn assert_cost(harness: &Harness, what: &str, mark: Mark, most: usize, status: &JiraIntegration) -> usize {
    let calls = harness.calls_since(mark);
    let endpoints = by_endpoint(&calls);
    println!("{what}: {} calls, at most {most}", calls.len());
    assert!(
        calls.len() <= most,
        "{what}: {} calls, not {most}: {endpoints:#?}",
        calls.len()
    );
    let reported = status
        .status
        .as_ref()
        .and_then(|s| s.api.as_ref())
        .map(|a| a.calls_last_sync);
    let all = harness.all_calls_since(mark).len();
    assert_eq!(reported, i64::try_from(all).ok(), "{what}: {endpoints:#?}");
    calls.len()
}

/// A full reconciliation that is asked for, and the calls it made.
pub(super) async fn full(harness: &Harness) -> (JiraIntegration, Mark) {
    let mark = harness.sandbox.mark();
    (harness.request("acme").await, mark)
}

async fn healthy(cluster: Arc<Cluster>) {
    let harness = hundred(&cluster, "cost").await;
    let mark = harness.sandbox.mark();
    harness.integrate("acme", "acme-oauth", spec(&harness, None)).await;
    let first = harness.until_ready("acme").await;
    for type_ in ["ProjectsAccessible", "DirectoryReadable", "ServiceDesksReady"] {
        assert_eq!(condition(&first, type_).status, "True", "{type_}");
    }
    assert_condition(&first, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    assert_condition(&first, "Synced", "True", "SyncSucceeded", &["100 projects"]);
    assert_cost(&harness, "the first pass", mark, WHOLE, &first);
    let (again, mark) = full(&harness).await;
    assert_cost(&harness, "a pass asked for", mark, WHOLE, &again);
    // What projects are made of is asked for in slices, and nothing besides.
    assert_condition(&again, "StatusMappingValid", "True", "MappingMatchesWorkflows", &[]);
    // Jira may leave out of its lists whether requests can be raised.
    harness.jira(Command::ShowCanCreate {
        site: None,
        shown: false,
    });
    let (again, mark) = full(&harness).await;
    assert_condition(&again, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    assert_cost(&harness, "a pass with less told", mark, WHOLE, &again);

    let mut last = again;
    for pass in ["a plain pass", "a plain pass on which much is unhealthy"] {
        if pass.contains("unhealthy") {
            // Nobody named these projects.
            harness.jira(Command::SetPortalLens {
                in_permissions_check: true,
                in_project_search: true,
            });
            for (_, breaking, _) in troubles() {
                harness.jira(breaking);
            }
            last = full(&harness).await.0;
        }
        let mark = harness.sandbox.mark();
        let time = |o: &JiraIntegration| o.status.as_ref()?.sync.as_ref()?.last_sync_time.clone();
        last = harness
            .until("acme", "synchronised again", |o| time(o) != time(&last))
            .await;
        assert_cost(&harness, pass, mark, PLAIN, &last);
    }
    harness.close().await;
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

/// A full reconciliation on a site with problems, which reports the problem and costs no more than it may.
async fn assert_problem(harness: &Harness, what: &str, reason: &str, most: usize) {
    let (unhealthy, mark) = full(harness).await;
    assert_cost(harness, &format!("{what} {reason}"), mark, most, &unhealthy);
    let reasons = harness.project_reasons().await;
    let unlike = reasons.values().filter(|found| *found != "Usable").count();
    assert_eq!(unlike, usize::from(reason != "Usable"), "{reasons:?}");
    assert!(reasons.values().any(|found| found == reason), "{reason}: {reasons:?}");
}

/// Each kind of trouble alone, and then all of it together.
async fn troubled(cluster: Arc<Cluster>, name: &'static str, named: bool) {
    let harness = hundred(&cluster, name).await;
    // Jira answers about service projects as from the portal, so that the portal has to be recognised.
    harness.jira(Command::SetPortalLens {
        in_permissions_check: true,
        in_project_search: true,
    });
    let keys = named.then(|| {
        let (software, desks) = ((1..=78).map(|n| format!("P{n}")), (1..=18).map(|n| format!("D{n}")));
        let seeded = ["ENG", "OPS", "SUP", "ITS"].map(str::to_owned);
        software.chain(desks).chain(seeded).collect()
    });
    let mut spec = spec(&harness, keys);
    // No clock between the reconciliations that are counted.
    spec["syncInterval"] = json!("1h");
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    let (well, mark) = full(&harness).await;
    let healthy = assert_cost(&harness, "a healthy pass", mark, WHOLE, &well);
    for (reason, breaking, fix) in troubles() {
        harness.jira(breaking);
        assert_problem(&harness, "new", reason, healthy + EACH_TROUBLE).await;
        // What stays is no dearer than what is new.
        assert_problem(&harness, "still", reason, healthy + EACH_TROUBLE).await;
        harness.jira(fix);
        full(&harness).await;
    }
    let (fixed, mark) = full(&harness).await;
    assert_condition(&fixed, "ProjectsAccessible", "True", "AllProjectsAccessible", &["100"]);
    assert_condition(&fixed, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    assert_cost(&harness, "all fixed", mark, healthy, &fixed);

    let count = troubles().len();
    for (_, breaking, _) in troubles() {
        harness.jira(breaking);
    }
    let (unhealthy, mark) = full(&harness).await;
    let most = healthy + count * EACH_TROUBLE;
    assert_cost(&harness, "all at once", mark, most, &unhealthy);
    harness.close().await;
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
