//! Plays a history step by step, and asserts what must hold after each.

use std::sync::atomic::{AtomicUsize, Ordering};

use jira_operator::{
    api::integration::{MirrorMode, StatusMapping},
    sync::issues::MirrorState,
};
use serde_json::json;

use super::{
    model::{
        jira_actions::{Life, on_issue, project_id},
        steps::Step,
        visible::differences,
    },
    project_status::Standing,
    site::Site,
};

/// Below this the mirror may be full.
const ROOMY: usize = 1000;
/// So many issues' contents are checked with each listing at least.
const VERIFIED: usize = 100;
/// What is missing is looked up after so many seconds, and all is listed within an hour.
const LOOK_UP: i64 = 300;
const HOUR: i64 = 3700;

pub struct Telling {
    pub site: Site,
    /// Where the projects stood one reconciliation ago: what a reconciliation knows of them may be that old.
    earlier: Standing,
    life: Life,
    /// The spec is another one than a reconciliation has seen.
    respecified: bool,
}

impl Telling {
    pub fn new(site: Site) -> Self {
        Self {
            earlier: site.standing(),
            site,
            life: Life::default(),
            respecified: false,
        }
    }

    pub async fn play(&mut self, step: &Step) {
        // No two changes fall into the same moment.
        self.site.advance(1);
        match step {
            Step::Fault { skip, code } => self.site.command(json!({"command": "addFault", "rule": {
                "path": "/rest/api/3/", "skip": skip, "times": 1, "action": {"kind": "status", "code": code}
            }})),
            Step::Pass { diagnosed } => self.pass(false, *diagnosed).await,
            Step::Sweep => self.pass(true, true).await,
            Step::PassLate => {
                let mut earlier = self.earlier.clone();
                earlier.diagnosed = false;
                let _ = self.site.pass_over(&earlier, false, false).await;
            }
            Step::Sliced { until, slices } => self.sliced(usize::from(*until), *slices, None).await,
            Step::SlicedSweep { until, slices } => self.sliced(usize::from(*until), *slices, Some(LOOK_UP)).await,
            Step::Refuse { issue, code } => self.refuse(*issue, *code),
            Step::Accept => self.site.memory.refused.lock().unwrap().clear(),
            Step::Killed { writes } => self.site.killed_after(usize::from(*writes)).await,
            Step::Restart => self.site.restart(),
            step if self.life.happens(&self.site.sandbox, step) => {}
            step => self.declare(step),
        }
    }

    /// A person declares something else.
    fn declare(&mut self, step: &Step) {
        self.respecified = true;
        match *step {
            Step::Scope { project, out } => {
                let project = project_id(&self.site.sandbox, project);
                if out {
                    self.site.excluded.insert(project);
                } else {
                    self.site.excluded.remove(&project);
                }
            }
            Step::Narrow { project, on } => {
                if let Some(key) = self
                    .site
                    .declared
                    .get(&project_id(&self.site.sandbox, project))
                    .cloned()
                {
                    if on {
                        self.site.jql.insert(key, "labels = k8s".into());
                    } else {
                        self.site.jql.remove(&key);
                    }
                }
            }
            Step::Mode { all: true } => self.site.mode = MirrorMode::All,
            Step::Mode { all: false } => self.site.mode = MirrorMode::Open,
            Step::Map { on: true } => self.site.mapping = mapping(),
            Step::Map { on: false } => self.site.mapping.clear(),
            _ => {}
        }
    }

    async fn pass(&mut self, requested: bool, diagnosed: bool) {
        let mut standing = self.site.standing();
        standing.diagnosed = diagnosed;
        // A changed spec always has a full reconciliation, and everything listed.
        let respecified = std::mem::take(&mut self.respecified);
        standing.diagnosed |= respecified;
        let _ = self.site.pass_over(&standing, requested || respecified, false).await;
        self.earlier = standing;
    }

    /// A reconciliation that ends when its time is asked for so many times, and some of the slices that follow: as
    /// soon as may be while work is left, or so far apart.
    async fn sliced(&mut self, until: usize, slices: u8, apart: Option<i64>) {
        let mut standing = self.site.standing();
        for slice in 0..=slices {
            let asked = AtomicUsize::new(0);
            let is_over = || asked.fetch_add(1, Ordering::SeqCst) >= until;
            let requested = apart.is_some() && slice == 0;
            let _ = self.site.pass_until(&standing, requested, slice > 0, &is_over).await;
            self.earlier.clone_from(&standing);
            if !self.site.last.unfinished && apart.is_none() {
                return;
            }
            // Jira goes on, and nobody checks where the projects stand.
            standing.diagnosed = false;
            self.site.advance(apart.unwrap_or(20));
            on_issue(
                &self.site.sandbox,
                slice,
                |id| json!({"command": "changeIssues", "ids": [id]}),
            );
        }
    }

    /// The cluster refuses an object from here on, whether or not there is one yet.
    fn refuse(&self, issue: u8, code: u16) {
        let issues = self.site.sandbox.readable_issues(None);
        let id = issues.keys().nth(usize::from(issue) % issues.len().max(1));
        let mut refused = self.site.memory.refused.lock().unwrap();
        refused.extend(id.map(|id| (*id, code)));
    }

    /// What was removed did not live: it is not what the mirror is to hold. Where it is full, what was
    /// updated longer ago makes room.
    pub fn assert_no_loss(&self) -> Result<(), String> {
        let removed: Vec<_> = self.site.memory.removed.lock().unwrap().drain(..).collect();
        if self.site.max < ROOMY {
            return Ok(());
        }
        let expected = self.site.expected();
        for (id, status) in removed {
            // Its last state may have changed back since: then it is known and comes again.
            if let Some(issue) = expected.get(&id)
                && issue.updated == status.updated
                && issue.key == status.key
            {
                let counts = self.site.state.objects.removed;
                return Err(format!(
                    "{} was removed, and lives as it was seen: {counts:?}",
                    issue.key
                ));
            }
        }
        Ok(())
    }

    /// Nothing fails and nothing lags any more; the reconciliations go on until all that is mirrored was checked
    /// again.
    pub async fn quiet(&mut self) -> Result<(), String> {
        self.life.calm(&self.site.sandbox);
        self.site.memory.refused.lock().unwrap().clear();
        let state = &self.site.state;
        let deferred = &state.objects.deferred;
        let waits = deferred.refused().is_some() || deferred.unanswered() > 0 || state.projects.is_any_refused();
        for round in 0..5 {
            self.quiet_pass(360, round == 0 || round == 2).await?;
        }
        if !waits && self.site.max >= ROOMY {
            // What is new or gone shows before everything was checked again.
            let (mirrored, expected) = (self.site.mirrored(), self.site.expected());
            if !mirrored.keys().eq(expected.keys()) {
                let (mirrored, expected) = (mirrored.keys(), expected.keys());
                return Err(format!(
                    "after half an hour {mirrored:?} are there, and not {expected:?}"
                ));
            }
        }
        // What could not be written or fetched is tried again within the hour.
        self.quiet_pass(HOUR, true).await?;
        for _ in 0..=self.site.mirrored().len().div_ceil(VERIFIED) {
            self.quiet_pass(360, true).await?;
        }
        self.quiet_pass(360, false).await?;
        let before = self.site.memory.raw.load(Ordering::SeqCst);
        self.quiet_pass(360, true).await?;
        let after = self.site.memory.raw.load(Ordering::SeqCst);
        if before != after {
            let log = self.site.memory.log.lock().unwrap().clone();
            return Err(format!("a second pass wrote: {before} became {after}, {log:?}"));
        }
        self.assert_equal()?;
        let writes = *self.site.memory.writes.lock().unwrap();
        let exact = 2 * (writes.created + writes.discarded) + writes.changed + writes.removed;
        if after != exact {
            return Err(format!("{after} writes where {exact} were needed: {writes:?}"));
        }
        Ok(())
    }

    async fn quiet_pass(&mut self, after: i64, requested: bool) -> Result<(), String> {
        self.site.advance(after);
        let pass = self.site.pass(requested).await;
        pass.map_err(|error| format!("after quiet: {error}"))
    }

    /// All that is said of each issue is what the site says.
    fn assert_equal(&self) -> Result<(), String> {
        let (mirrored, expected) = (self.site.mirrored(), self.site.expected());
        let differences = differences(&mirrored, &expected);
        if differences.is_empty() {
            return Ok(());
        }
        let MirrorState {
            projects,
            scan,
            missing,
            ..
        } = &self.site.state;
        let beside = format!("projects {projects:?}, scan {scan:?}, missing {missing:?}");
        Err(format!(
            "what is mirrored and what should be: {differences:#?}; {beside}"
        ))
    }
}

/// Rules of each kind: some name a project, some an issue type, some a status by its id.
fn mapping() -> Vec<StatusMapping> {
    let rules = json!([
        {"phase": "Open", "statuses": ["To Do", "id:10001"]},
        {"phase": "Waiting", "statuses": ["IN PROGRESS"], "projects": ["ENG", "SUP"]},
        {"phase": "Fixing", "statuses": ["In Progress", "Done"], "issueTypes": ["Bug"]},
        {"phase": "Shipped", "statuses": ["Done"], "projects": ["ENG"], "issueTypes": ["bug", "Story"]},
    ]);
    serde_json::from_value(rules).unwrap()
}
