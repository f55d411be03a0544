//! A problem on the harness: produced in Jira or in the spec, read from what is said of it, fixed.
//! Every condition of every object and every event is counted, so that what is said of a problem is
//! all that is said, and nothing of it stays.

use std::{collections::BTreeMap, time::Duration};

use devkit::sandbox::Command;
use futures::StreamExt;
use jira_operator::api::{
    integration::JiraIntegration,
    reason::{Holds, Reason, WAYS_TO_CONNECT},
};
use k8s_openapi::{api::events::v1::Event, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Api, ResourceExt,
    api::ListParams,
    runtime::{WatchStreamExt, watcher},
};
use serde_json::Value;

use super::{Harness, assertions::assert_is};

/// Events are published right after the status is written.
const EVENTS_COME_WITHIN: Duration = Duration::from_secs(10);
/// Conditions that follow from the others.
const SUMMARIES: [&str; 3] = ["Ready", "Reconciling", "Stalled"];

/// Conditions of all objects, by object and type.
type Conditions = BTreeMap<(String, String), Condition>;
/// Events on all objects, by object and reason: how often they came.
type Events = BTreeMap<(String, String), i32>;

/// What produces a problem, or fixes it.
#[derive(Clone)]
pub enum Change {
    /// A person does something in Jira.
    Jira(Vec<Command>),
    /// A person changes the spec.
    Spec(Value),
}

impl From<Command> for Change {
    fn from(command: Command) -> Self {
        Self::Jira(vec![command])
    }
}

/// What one condition says of a problem.
#[derive(Clone, Copy)]
pub struct Expectation<'a> {
    object: &'a str,
    condition: &'a str,
    reason: &'a str,
    named: &'a [&'a str],
    with_event: bool,
}

/// A condition that says it, and an event with it.
pub fn expect<'a>(object: &'a str, condition: &'a str, reason: &'a str, named: &'a [&'a str]) -> Expectation<'a> {
    Expectation {
        object,
        condition,
        reason,
        named,
        with_event: true,
    }
}

/// A condition that follows from another: no event comes of it.
pub fn follows<'a>(object: &'a str, condition: &'a str, reason: &'a str) -> Expectation<'a> {
    Expectation {
        with_event: false,
        ..expect(object, condition, reason, &[])
    }
}

impl<'a> Expectation<'a> {
    /// The same, naming other things.
    pub fn naming(self, named: &'a [&'a str]) -> Self {
        Self { named, ..self }
    }
}

/// A problem that lasts.
pub struct Problem {
    healthy: Conditions,
    events: Vec<(String, String)>,
    /// The integration in problem.
    pub integration: JiraIntegration,
}

impl Harness {
    /// Produces a problem. The next reconciliation reports it with these conditions and their events, and of
    /// nothing else.
    pub async fn broken_by(&self, change: impl Into<Change>, reported: &[Expectation<'_>]) -> Problem {
        let (healthy, mut events) = (self.every_condition().await, self.every_event().await);
        self.make(change.into()).await;
        let integration = self.request("acme").await;
        let now = self.every_condition().await;
        let mut expected = reasons(&healthy);
        for reported in reported {
            let key = (reported.object.to_owned(), reported.condition.to_owned());
            expected.insert(key.clone(), reported.reason.to_owned());
            says(now.get(&key), reported);
            // Issues of what cannot be read are not checked; no event comes of it.
            let synced = (reported.object.to_owned(), "Synced".to_owned());
            if reported.condition == "Accessible" && healthy.contains_key(&synced) {
                expected.insert(synced, "SkippedAfterAccessible".to_owned());
            }
            if reported.with_event {
                *events
                    .entry((reported.object.into(), reported.reason.into()))
                    .or_default() += 1;
            }
        }
        assert_eq!(reasons(&now), expected, "conditions in problem");
        self.until_every_event(&events).await;
        let with_event = reported.iter().filter(|reported| reported.with_event);
        let events = with_event.map(|reported| (reported.object.to_owned(), reported.condition.to_owned()));
        Problem {
            healthy,
            events: events.collect(),
            integration,
        }
    }

    /// Fixes it. The next reconciliation finds everything as it was, with one event for each that reported it.
    pub async fn fixed_by(&self, problem: Problem, change: impl Into<Change>) -> JiraIntegration {
        let mut events = self.every_event().await;
        self.make(change.into()).await;
        let integration = self.request("acme").await;
        let healthy = reasons(&problem.healthy);
        assert_eq!(reasons(&self.every_condition().await), healthy, "conditions when fixed");
        for (object, condition) in problem.events {
            let reason = healthy[&(object.clone(), condition)].clone();
            *events.entry((object, reason)).or_default() += 1;
        }
        self.until_every_event(&events).await;
        integration
    }

    /// Makes a change.
    pub async fn make(&self, change: Change) {
        match change {
            Change::Jira(commands) => commands.into_iter().for_each(|command| self.jira(command)),
            Change::Spec(spec) => self.change("acme", spec).await,
        }
    }

    async fn every_condition(&self) -> Conditions {
        let (integrations, projects) = (self.integrations(), self.projects());
        let params = ListParams::default();
        let integrations = integrations.list(&params).await.expect("the API server answers");
        let projects = projects.list(&params).await.expect("the API server answers");
        let integrations = integrations
            .into_iter()
            .map(|i| (i.name_any(), i.status.unwrap_or_default().conditions));
        let projects = projects
            .into_iter()
            .map(|p| (p.name_any(), p.status.unwrap_or_default().conditions));
        let all = integrations.chain(projects);
        all.flat_map(|(name, conditions)| {
            conditions
                .into_iter()
                .map(move |c| ((name.clone(), c.type_.clone()), c))
        })
        .filter(|((_, type_), _)| !SUMMARIES.contains(&type_.as_str()))
        .collect()
    }

    async fn every_event(&self) -> Events {
        let listed = self.all::<Event>().list(&ListParams::default()).await;
        let mut counts = Events::new();
        for event in listed.expect("the API server answers") {
            let object = event.regarding.and_then(|r| r.name).unwrap_or_default();
            let count = event.series.map_or(1, |series| series.count);
            *counts.entry((object, event.reason.unwrap_or_default())).or_default() += count;
        }
        counts
    }

    async fn until_every_event(&self, expected: &Events) {
        let api: Api<Event> = self.all();
        let mut changes = watcher(api, watcher::Config::default())
            .default_backoff()
            .touched_objects()
            .boxed();
        let come = async {
            while self.every_event().await != *expected {
                changes.next().await;
            }
        };
        if tokio::time::timeout(EVENTS_COME_WITHIN, come).await.is_err() {
            assert_eq!(self.every_event().await, *expected, "events");
        }
    }
}

fn reasons(conditions: &Conditions) -> BTreeMap<(String, String), String> {
    let reason = |(key, condition): (&(String, String), &Condition)| (key.clone(), condition.reason.clone());
    conditions.iter().map(reason).collect()
}

/// The condition says what is reported, and what to do about it.
fn says(condition: Option<&Condition>, reported: &Expectation<'_>) {
    let found = condition.unwrap_or_else(|| panic!("{} of {} is absent", reported.condition, reported.object));
    let reason = Reason::parse(reported.reason).expect("a reason");
    let entry = reason.entry();
    let status = match entry.holds {
        Holds::True => "True",
        Holds::False => "False",
        Holds::Unknown => "Unknown",
    };
    assert_is(found, status, reported.reason, reported.named);
    // Where several things are summed up and there is one, its own remedy stands for the general one.
    let summed_up = Reason::ALL.iter().filter(|r| found.message.contains(&format!("({r})")));
    let mut remedies = summed_up.map(|r| r.entry().remedy).chain([entry.remedy]);
    // Which way there is to connect stands in place of the ways that there may be.
    let begin = |remedy: &'static str| remedy.strip_suffix(WAYS_TO_CONNECT).unwrap_or(remedy);
    let says_what_to_do = remedies.any(|remedy| found.message.contains(begin(remedy)));
    assert!(
        reason.entry().is_consequence || says_what_to_do,
        "{} lacks a remedy",
        found.message
    );
}
