//! Tells a history step by step, and claims what must hold after each.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use jira_operator::{api::integration::MirrorMode, sync::issues::state::State};
use serde_json::json;

use super::{
    model::{
        life::{Life, calm, on_issue, project_id},
        steps::Step,
    },
    site::Site,
    standing::Standing,
};

/// Below this the mirror may be full.
const ROOMY: usize = 1000;

pub struct Telling {
    pub site: Site,
    /// Where the projects stood one pass ago: what a pass knows of them may be that old.
    earlier: Standing,
    life: Life,
    /// The spec is another one than a pass has seen.
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

    pub async fn tell(&mut self, step: &Step) {
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
            Step::Sliced { until, slices } => self.sliced(usize::from(*until), *slices).await,
            Step::Killed { writes } => self.killed(usize::from(*writes)).await,
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
            _ => {}
        }
    }

    async fn pass(&mut self, requested: bool, diagnosed: bool) {
        let mut standing = self.site.standing();
        standing.diagnosed = diagnosed;
        // A changed spec always has a full look, and everything listed.
        let respecified = std::mem::take(&mut self.respecified);
        standing.diagnosed |= respecified;
        let _ = self.site.pass_over(&standing, requested || respecified, false).await;
        self.earlier = standing;
    }

    /// A pass that ends when its time is asked for so many times, and some of the slices that follow.
    async fn sliced(&mut self, until: usize, slices: u8) {
        let mut standing = self.site.standing();
        for slice in 0..=slices {
            let asked = AtomicUsize::new(0);
            let is_over = || asked.fetch_add(1, Ordering::SeqCst) >= until;
            let _ = self.site.pass_until(&standing, false, slice > 0, &is_over).await;
            self.earlier.clone_from(&standing);
            if !self.site.last.unfinished {
                return;
            }
            // Jira goes on, and nobody looks where the projects stand.
            standing.diagnosed = false;
            self.site.advance(20);
            on_issue(
                &self.site.sandbox,
                slice,
                |id| json!({"command": "changeIssues", "ids": [id]}),
            );
        }
    }

    /// The process is killed after so many writes.
    async fn killed(&mut self, writes: usize) {
        self.site.memory.dies_after.store(writes, Ordering::SeqCst);
        let standing = self.site.standing();
        let pass = self.site.pass_over(&standing, false, false);
        let _ = tokio::time::timeout(Duration::from_millis(250), pass).await;
        self.site.memory.dies_after.store(usize::MAX, Ordering::SeqCst);
        self.site.restart();
    }

    /// What was removed did not live: it is not what the mirror is to hold. Where it is full, what was
    /// updated longer ago makes room.
    pub fn claim_no_loss(&self) -> Result<(), String> {
        let removed: Vec<_> = self.site.memory.removed.lock().unwrap().drain(..).collect();
        if self.site.max < ROOMY {
            return Ok(());
        }
        let expected = self.site.expected();
        for (id, status) in removed {
            // Its last state may have changed back since: then it is known and comes again.
            if let Some((key, _, updated)) = expected.get(&id) {
                let seen = status.updated.parse::<jiff::Timestamp>().unwrap().as_millisecond();
                if *updated == seen && *key == status.key {
                    let counts = self.site.state.removed;
                    return Err(format!("{key} was removed, and lives as it was seen: {counts:?}"));
                }
            }
        }
        Ok(())
    }

    /// Nothing fails and nothing lags any more; the passes go on for a while.
    pub async fn quiet(&mut self) -> Result<(), String> {
        calm(&self.site.sandbox);
        for round in 0..5 {
            self.site.advance(360);
            let pass = self.site.pass(round == 0 || round == 2).await;
            pass.map_err(|error| format!("after quiet: {error}"))?;
        }
        let before = self.site.memory.raw.load(Ordering::SeqCst);
        self.site.advance(360);
        let pass = self.site.pass(true).await;
        pass.map_err(|error| format!("after quiet: {error}"))?;
        let after = self.site.memory.raw.load(Ordering::SeqCst);
        if before != after {
            return Err(format!("a second pass wrote: {before} became {after}"));
        }
        let (mirrored, expected) = (self.site.mirrored(), self.site.expected());
        if mirrored != expected {
            let lacking: Vec<_> = expected
                .iter()
                .filter(|(id, issue)| mirrored.get(id) != Some(issue))
                .collect();
            let surplus: Vec<_> = mirrored.iter().filter(|(id, _)| !expected.contains_key(id)).collect();
            let State {
                lanes, cursor, missing, ..
            } = &self.site.state;
            let beside = format!("lanes {lanes:?}, cursor {cursor:?}, missing {missing:?}");
            return Err(format!("the mirror lacks {lacking:?}, and has {surplus:?}; {beside}"));
        }
        let writes = *self.site.memory.writes.lock().unwrap();
        let exact = 2 * (writes.created + writes.discarded) + writes.changed + writes.removed;
        if after != exact {
            return Err(format!("{after} writes where {exact} were needed: {writes:?}"));
        }
        Ok(())
    }
}
