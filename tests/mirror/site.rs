//! A sandbox, the engine beside it, and the clock of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use devkit::sandbox::{Command, Sandbox};
use jiff::{SignedDuration, Timestamp};
use jira_operator::{
    api::{
        condition::{ConditionType, find},
        integration::{JiraIntegrationSpec, MirrorMode, RemovedIssues, StatusMapping, SyncStatus},
        issue::JiraIssueStatus,
        project::{IssueTypeEntry, JiraProjectStatus, ProjectIssues},
        reason::Reason,
    },
    atlassian::{
        client::AtlassianClient,
        endpoints::{Endpoints, http_client},
        jira::Session,
        secret::Secret,
    },
    sync::{
        issues::{
            ClaimedIssues, MappingContext, MirrorError, MirrorSettings, MirrorState, RunContext, SyncReport,
            project_status::{StatusInputs, status},
            restore, run, scope,
        },
        phase::Phases,
    },
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::{
    memory_mirror::Memory,
    model::{
        command,
        visible::{self, Found, Issues, Wanted},
        write_distance::distance,
    },
    project_status::{Standing, replaced},
};

/// Address of the site.
const SITE_URL: &str = "https://acme.atlassian.net";

/// What statuses carry over a restart.
#[derive(Clone, Default)]
pub struct Written {
    cursor: Option<String>,
    last_sweep: Option<Timestamp>,
    removed: RemovedIssues,
    /// Of each project, by its id.
    pub issues: BTreeMap<String, ProjectIssues>,
}

pub struct Site {
    pub sandbox: Sandbox,
    pub jira: Session,
    pub memory: Memory,
    pub state: MirrorState,
    pub mode: MirrorMode,
    pub max: usize,
    /// jql by declared key of the project.
    pub jql: BTreeMap<String, String>,
    /// Phases of statuses.
    pub mapping: Vec<StatusMapping>,
    pub overlap: SignedDuration,
    /// How far the operator's clock is off.
    pub skew: SignedDuration,
    pub written: Written,
    pub last: SyncReport,
    /// Ids of projects that are not in scope.
    pub excluded: BTreeSet<String>,
    /// The key under which each project was found first, by its id.
    pub declared: BTreeMap<String, String>,
    /// What each project was last known to have, by its id.
    pub issue_types: BTreeMap<String, Vec<IssueTypeEntry>>,
    /// How many reconciliations came to their end, and how many failed.
    pub passes: (usize, usize),
}

impl Site {
    pub async fn new(mode: MirrorMode) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start().await.unwrap();
        let app = sandbox.app(None).unwrap();
        let site = Self {
            jira: session(&sandbox, &app.client_id, 400_000_000),
            sandbox,
            memory: Memory::new(),
            state: MirrorState::default(),
            mode,
            max: 5000,
            jql: BTreeMap::new(),
            mapping: Vec::new(),
            overlap: SignedDuration::from_mins(10),
            skew: SignedDuration::ZERO,
            written: Written::default(),
            last: SyncReport::default(),
            excluded: BTreeSet::new(),
            declared: BTreeMap::new(),
            issue_types: BTreeMap::new(),
            passes: (0, 0),
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

    pub fn try_command(&self, asked: Value) -> Result<(), String> {
        command(&self.sandbox, asked).map(drop)
    }

    pub fn advance(&self, seconds: i64) {
        self.command(json!({"command": "advanceClock", "seconds": seconds}));
    }

    pub fn id_of(&self, key: &str) -> u64 {
        let issues = self.sandbox.readable_issues(None);
        let found = issues.iter().find(|(_, (of, _))| of == key);
        found.map_or(0, |(id, _)| *id)
    }

    /// Goes on with a new access token that lives for so long.
    pub fn give_token(&mut self, seconds: u64) {
        let app = self.sandbox.app(None).unwrap();
        self.jira = session(&self.sandbox, &app.client_id, seconds);
    }

    /// Id of an issue that nobody may read.
    pub fn id_of_hidden(&self, key: &str) -> u64 {
        self.sandbox
            .state(|world| world.site("acme").unwrap().issue(key).unwrap().1.id)
    }

    pub fn now(&self) -> Timestamp {
        self.sandbox.state(devkit::sandbox::World::now) + self.skew
    }

    /// What a person declared.
    pub fn spec(&self) -> JiraIntegrationSpec {
        let projects = self.declared.values().map(|key| match self.jql.get(key) {
            Some(jql) => json!({"key": key, "jql": jql}),
            None => json!({"key": key}),
        });
        let spec = json!({
            "site": SITE_URL, "secretRef": {"name": "acme-oauth"}, "projects": projects.collect::<Vec<_>>(),
            "issues": {"mirror": self.mode, "maxObjects": self.max}, "statusMapping": self.mapping,
        });
        serde_json::from_value(spec).unwrap()
    }

    /// One reconciliation with the projects as they stand.
    pub async fn pass(&mut self, requested: bool) -> Result<(), MirrorError> {
        let standing = self.standing();
        self.pass_over(&standing, requested, false).await
    }

    /// One reconciliation. What was found before a failure counts, as it does in a status.
    pub async fn pass_over(&mut self, standing: &Standing, requested: bool, slice: bool) -> Result<(), MirrorError> {
        self.pass_until(standing, requested, slice, &|| false).await
    }

    /// One reconciliation that ends at this deadline.
    pub async fn pass_until(
        &mut self,
        standing: &Standing,
        requested: bool,
        slice: bool,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), MirrorError> {
        if requested && !slice {
            self.look_at_types(standing);
        }
        let known = self.known(standing);
        let spec = self.spec();
        let scope = scope(&spec, SITE_URL, &known, standing.diagnosed);
        let phases = Phases::new(&spec.status_mapping);
        let settings = MirrorSettings {
            mapping: MappingContext {
                site_url: SITE_URL,
                phases: &phases,
                projects: &scope.followed,
            },
            mode: self.mode,
            max: self.max,
            followed: &scope.followed,
            held: &scope.held,
            archived: &scope.archived,
            claimed: &ClaimedIssues::default(),
            is_whole: scope.is_whole,
            overlap: self.overlap,
            confirm_after: SignedDuration::from_mins(5),
            sweep_every: SignedDuration::from_hours(1),
        };
        let moment = RunContext {
            now: self.now(),
            is_over,
            requested,
            slice,
        };
        let mut state = std::mem::take(&mut self.state);
        scope.review(&mut state);
        let (before, raw) = (self.memory.objects(), self.memory.raw.load(Ordering::SeqCst));
        self.memory.log.lock().unwrap().clear();
        let (began, waiting) = (self.now(), self.sandbox.waiting_for_index());
        let (report, ended) = run(&self.jira, &self.memory, &settings, moment, &mut state).await;
        scope.note_filters(&mut state);
        let reported = StatusInputs {
            scope: &scope,
            state: &state,
            report: &report,
            failed: ended.is_err(),
            mirrors: self.mode != MirrorMode::None,
            now: moment.now,
        };
        let statuses = known.iter().filter_map(|project| {
            let before = project.status.as_ref()?;
            Some((before.id.clone()?, status(before, &project.spec.key, &reported)))
        });
        let statuses: Vec<(String, JiraProjectStatus)> = statuses.collect();
        for (id, status) in &statuses {
            let is_fetched = self.mode == MirrorMode::None || !state.projects.phase(id).is_initial();
            let reason = find(&status.conditions, ConditionType::Synced).map(|found| found.reason.as_str());
            let says_so = reason == Some(Reason::SyncSucceeded.as_str());
            assert!(is_fetched || !says_so, "{id} was not fetched");
        }
        let issues = statuses
            .into_iter()
            .filter_map(|(id, status)| Some((id, status.issues?)));
        let cursor = state.scan.cursor().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        self.written = Written {
            issues: issues.collect(),
            cursor: cursor.map(|at| format!("{at:.3}")),
            last_sweep: state.listing.last_sweep(),
            removed: state.objects.removed,
        };
        self.state = state;
        self.last = report;
        let ends = if ended.is_ok() {
            &mut self.passes.0
        } else {
            &mut self.passes.1
        };
        *ends += 1;
        let written = self.memory.raw.load(Ordering::SeqCst) - raw;
        let necessary = distance(&before, &self.memory.objects());
        let log = self.memory.log.lock().unwrap();
        assert!(written >= necessary, "{written} writes cannot do {necessary}: {log:#?}");
        // Where there is not room for all, what one step of a reconciliation keeps a later one may push out; what
        // changes in the middle of a reconciliation may be seen as it was before and as it is; and what the index
        // does not know yet is written as a search has it, and as it is by id.
        let is_exact = self.state.objects.index().len() < self.max && self.now() == began;
        assert!(
            written <= necessary + 3 * waiting + 2 * replaced(&log, &before, standing) || !is_exact,
            "{written} writes of a pass that ended with {ended:?}, where {necessary} do: {log:#?}"
        );
        drop(log);
        ended
    }

    /// A reconciliation that is killed after so many writes, and a new start.
    pub async fn killed_after(&mut self, writes: usize) {
        self.memory.died = Arc::default();
        self.memory.dies_after.store(writes, Ordering::SeqCst);
        let (standing, died) = (self.standing(), Arc::clone(&self.memory.died));
        tokio::select! {
            _ = self.pass_over(&standing, false, false) => {}
            () = died.notified() => {}
        }
        self.memory.dies_after.store(usize::MAX, Ordering::SeqCst);
        self.restart();
    }

    /// The process was killed and starts anew: what it knew is gone, but for what was written.
    pub fn restart(&mut self) {
        let sync = SyncStatus {
            cursor: self.written.cursor.clone(),
            last_sweep_time: self.written.last_sweep.map(Time),
            removed: Some(self.written.removed),
            ..SyncStatus::default()
        };
        let standing = self.standing();
        let known = self.known(&standing);
        self.state = restore(Some(&sync), &known, self.memory.read());
    }

    /// What a perfect mirror holds, without what belongs to projects that cannot be read.
    pub fn expected(&self) -> Issues {
        let wanted = Wanted {
            mode: self.mode,
            declared: &self.declared,
            jql: &self.jql,
            mapping: &self.mapping,
        };
        let projects = self.standing().projects;
        let mut all = visible::expected(&self.sandbox, &projects, &wanted);
        // What nobody can tell anything of stays, and takes up room.
        let kept = self.kept().into_iter();
        for (id, status) in kept.filter(|(_, status)| is_held(&projects, status)) {
            all.entry(id).or_insert(status);
        }
        let mut newest = visible::newest(all, self.max);
        newest.retain(|_, status| !is_held(&projects, status));
        newest
    }

    /// What is mirrored, in the same form.
    pub fn mirrored(&self) -> Issues {
        let projects = self.standing().projects;
        let mut kept = self.kept();
        kept.retain(|_, status| !is_held(&projects, status));
        kept
    }

    fn kept(&self) -> Issues {
        let kept = self.memory.kept.lock().unwrap();
        kept.iter().map(|(id, kept)| (*id, kept.status.clone())).collect()
    }
}

fn is_held(projects: &BTreeMap<String, Found>, status: &JiraIssueStatus) -> bool {
    projects.get(&status.project_id).is_some_and(Found::is_held)
}

fn session(sandbox: &Sandbox, client_id: &str, seconds: u64) -> Session {
    sandbox
        .command(serde_json::from_value::<Command>(json!({"command": "setExpiresIn", "seconds": seconds})).unwrap())
        .unwrap();
    let tokens = sandbox.mint(client_id, None).unwrap();
    let address: url::Url = sandbox.url().parse().unwrap();
    let endpoints = Endpoints {
        auth: address.clone(),
        api: address.clone(),
        site: Some(address),
    };
    let token = Secret::new(tokens.access_token);
    let client = AtlassianClient::new(http_client().unwrap(), Arc::new(endpoints), token);
    let cloud_id = sandbox.state(|world| world.site("acme").unwrap().cloud_id.clone());
    Session::new(&client, &cloud_id)
}
