//! A sandbox, the engine beside it, and the clock of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use devkit::sandbox::{Command, Sandbox};
use jiff::{SignedDuration, Timestamp};
use jira_operator::{
    api::integration::{MirrorMode, RemovedIssues},
    atlassian::{
        endpoints::{Endpoints, http_client},
        jira::Jira,
        secret::Secret,
    },
    sync::{
        issues::{
            engine::{Report, run},
            error::MirrorError,
            observed::Lens,
            query::Followed,
            state::{Counts, Lane, Moment, Settings, State},
        },
        phase::Phases,
    },
};
use serde_json::{Value, json};

use super::keep::Memory;

/// What a status would carry over a restart.
#[derive(Clone, Default)]
struct Written {
    cursor: Option<i64>,
    lanes: BTreeMap<String, Lane>,
    counts: BTreeMap<String, Counts>,
    last_sweep: Option<Timestamp>,
    removed: RemovedIssues,
}

/// Where the projects of the site stand.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub followed: Vec<Followed>,
    pub held: BTreeSet<String>,
    pub archived: BTreeSet<String>,
}

pub struct Site {
    pub sandbox: Sandbox,
    pub jira: Jira,
    pub memory: Memory,
    pub state: State,
    pub mode: MirrorMode,
    pub max: usize,
    /// jql by key of the project.
    pub jql: BTreeMap<String, String>,
    pub overlap: SignedDuration,
    cloud_id: String,
    /// How far the operator's clock is off.
    pub skew: SignedDuration,
    written: Written,
    pub last: Report,
    /// Keys under which projects were mirrored: with another one their issues are fetched anew, as
    /// with other settings.
    keys: BTreeMap<String, String>,
}

impl Site {
    pub async fn new(mode: MirrorMode) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start().await.unwrap();
        let app = sandbox.app(None).unwrap();
        let site = Self {
            jira: jira(&sandbox, &app.client_id),
            cloud_id: sandbox.state(|world| world.site("acme").unwrap().cloud_id.clone()),
            sandbox,
            memory: Memory::new(),
            state: State::default(),
            mode,
            max: 5000,
            jql: BTreeMap::new(),
            overlap: SignedDuration::from_mins(10),
            skew: SignedDuration::ZERO,
            written: Written::default(),
            last: Report::default(),
            keys: BTreeMap::new(),
        };
        site.command(json!({"command": "stopClock", "stopped": true}));
        site.command(json!({"command": "setBurst", "off": true}));
        site.command(json!({"command": "setQuota", "off": true}));
        site
    }

    pub fn command(&self, command: Value) {
        self.try_command(command.clone())
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    pub fn try_command(&self, command: Value) -> Result<(), String> {
        let command: Command = serde_json::from_value(command).expect("a command of the sandbox");
        self.sandbox
            .command(command)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    pub fn advance(&self, seconds: i64) {
        self.command(json!({"command": "advanceClock", "seconds": seconds}));
    }

    pub fn id_of(&self, key: &str) -> u64 {
        let issues = self.sandbox.readable_issues(None);
        let found = issues.iter().find(|(_, (of, _))| of == key);
        found.map_or(0, |(id, _)| *id)
    }

    pub fn now(&self) -> Timestamp {
        self.sandbox.state(devkit::sandbox::World::now) + self.skew
    }

    /// Where the projects stand at this moment.
    pub fn standing(&self) -> Standing {
        let jql = &self.jql;
        self.sandbox.state(|world| {
            let site = world.site("acme").unwrap();
            let bot = world.account("jira-bot@acme.example").unwrap().account_id.clone();
            let mut standing = Standing::default();
            for project in site.projects.values() {
                let id = project.id.to_string();
                if project.archived.is_some() && project.deleted.is_none() {
                    standing.archived.insert(id);
                } else if project.is_live() && site.browses(project, &bot) {
                    standing.followed.push(Followed {
                        id,
                        key: project.key.clone(),
                        declared: project.key.clone(),
                        jql: jql.get(&project.key).cloned(),
                    });
                } else {
                    standing.held.insert(id);
                }
            }
            standing
        })
    }

    /// One pass with the projects as they stand.
    pub async fn pass(&mut self, requested: bool) -> Result<(), MirrorError> {
        let standing = self.standing();
        self.pass_over(&standing, requested, false).await
    }

    /// One pass. What was found before a failure counts, as it does in a status.
    pub async fn pass_over(&mut self, standing: &Standing, requested: bool, slice: bool) -> Result<(), MirrorError> {
        self.pass_until(standing, requested, slice, &|| false).await
    }

    /// One pass that ends at this deadline.
    pub async fn pass_until(
        &mut self,
        standing: &Standing,
        requested: bool,
        slice: bool,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), MirrorError> {
        let phases = Phases::default();
        let settings = Settings {
            cloud_id: &self.cloud_id,
            lens: Lens {
                site_url: "https://acme.atlassian.net",
                phases: &phases,
            },
            mode: self.mode,
            max: self.max,
            followed: &standing.followed,
            held: &standing.held,
            archived: &standing.archived,
            overlap: self.overlap,
            confirm_after: SignedDuration::from_mins(5),
            sweep_every: SignedDuration::from_hours(1),
        };
        let moment = Moment {
            now: self.now(),
            is_over,
            requested,
            slice,
        };
        let mut state = std::mem::take(&mut self.state);
        for project in &standing.followed {
            let before = self.keys.insert(project.id.clone(), project.key.clone());
            if before.is_some_and(|before| before != project.key) {
                state
                    .lanes
                    .insert(project.id.clone(), Lane::Unfilled { resumed: false });
                state.queue.clear();
            }
        }
        let (report, ended) = run(&self.jira, &self.memory, &settings, moment, &mut state).await;
        self.state = state;
        self.last = report;
        self.written = Written {
            cursor: self.state.cursor,
            lanes: self.state.lanes.clone(),
            counts: self.state.counts.clone(),
            last_sweep: self.state.last_sweep,
            removed: self.state.removed,
        };
        ended
    }

    /// The process was killed and starts anew: what it knew is gone, but for what was written.
    pub fn restart(&mut self) {
        let written = self.written.clone();
        self.state = State {
            index: self.memory.index(),
            cursor: written.cursor,
            lanes: written.lanes,
            counts: written.counts,
            last_sweep: written.last_sweep,
            removed: written.removed,
            ..State::default()
        };
        // What was being mirrored for the first time goes on; what was being mirrored anew begins again.
        let never = |id: &String| !self.keys.contains_key(id);
        for (_, lane) in self.state.lanes.iter_mut().filter(|(id, _)| never(id)) {
            if let Lane::Unfilled { resumed } = lane {
                *resumed = true;
            }
        }
        if self.state.cursor.is_none() {
            self.state.lanes.clear();
        }
    }

    /// What a perfect mirror holds: key, summary and update of each issue, by id.
    pub fn expected(&self) -> BTreeMap<u64, (String, String, i64)> {
        let standing = self.standing();
        let followed: BTreeMap<&str, &Followed> = standing.followed.iter().map(|p| (p.key.as_str(), p)).collect();
        let done = self.done_statuses();
        let readable = self.sandbox.readable_issues(None).into_iter();
        readable
            .filter(|(_, (key, issue))| {
                let project = key.rsplit_once('-').map_or("", |(project, _)| project);
                let Some(followed) = followed.get(project) else {
                    return false;
                };
                let open = !done.contains(&issue.status_id);
                let narrowed =
                    followed.jql.as_deref() != Some("labels = k8s") || issue.labels.iter().any(|l| l == "k8s");
                (self.mode == MirrorMode::All || open) && narrowed
            })
            .map(|(id, (key, issue))| (id, (key, issue.summary.clone(), issue.updated.as_millisecond())))
            .collect()
    }

    fn done_statuses(&self) -> BTreeSet<String> {
        self.sandbox.state(|world| {
            let projects = world.site("acme").unwrap().projects.values();
            let statuses = projects.flat_map(|project| project.workflow.statuses.iter());
            statuses
                .filter(|status| status.category.id() == 3)
                .map(|status| status.id.clone())
                .collect()
        })
    }

    /// What is mirrored, in the same form; without what belongs to projects that cannot be read.
    pub fn mirrored(&self) -> BTreeMap<u64, (String, String, i64)> {
        let held = self.standing().held;
        let kept = self.memory.kept.lock().unwrap();
        kept.iter()
            .filter(|(_, kept)| !held.contains(&kept.tracked.project_id))
            .map(|(id, kept)| {
                let status = &kept.status;
                (*id, (status.key.clone(), status.summary.clone(), kept.tracked.updated))
            })
            .collect()
    }
}

fn jira(sandbox: &Sandbox, client_id: &str) -> Jira {
    sandbox
        .command(serde_json::from_value::<Command>(json!({"command": "setExpiresIn", "seconds": 400_000_000})).unwrap())
        .unwrap();
    let tokens = sandbox.mint(client_id, None).unwrap();
    let address: url::Url = sandbox.url().parse().unwrap();
    let endpoints = Endpoints {
        auth: address.clone(),
        api: address.clone(),
        site: Some(address),
    };
    Jira::new(
        http_client().unwrap(),
        Arc::new(endpoints),
        Secret::new(tokens.access_token),
    )
}
