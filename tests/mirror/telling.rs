//! Tells a history step by step, and claims what must hold after each.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use jira_operator::{api::integration::MirrorMode, sync::issues::state::State};
use serde_json::{Value, json};

use super::{site::Site, standing::Standing, steps::Step};

/// Below this the mirror may be full.
const ROOMY: usize = 1000;

pub struct Telling {
    pub site: Site,
    /// Where the projects stood one pass ago: what a pass knows of them may be that old.
    earlier: Standing,
    /// Ids of issues that are hidden or archived.
    unseen: Vec<u64>,
    /// The spec is another one than a pass has seen.
    respecified: bool,
    named: usize,
}

impl Telling {
    pub fn new(site: Site) -> Self {
        Self {
            earlier: site.standing(),
            site,
            unseen: Vec::new(),
            respecified: false,
            named: 0,
        }
    }

    fn on_issue(&mut self, number: u8, command: impl Fn(u64) -> Value) -> Option<u64> {
        let issues = self.site.sandbox.readable_issues(None);
        let id = *issues.keys().nth(usize::from(number) % issues.len().max(1))?;
        // It may be refused, for a project that is archived meanwhile for example.
        self.site.try_command(command(id)).ok().map(|()| id)
    }

    fn project(&self, number: usize) -> String {
        let projects: Vec<u64> = self
            .site
            .sandbox
            .state(|world| world.site("acme").unwrap().projects.keys().copied().collect());
        projects[number % projects.len()].to_string()
    }

    fn on_project(&self, command: &str, project: usize) {
        let command = json!({"command": command, "project": self.project(project)});
        let _ = self.site.try_command(command);
    }

    pub async fn tell(&mut self, step: &Step) {
        // No two changes fall into the same moment.
        self.site.advance(1);
        match step {
            Step::Lag { seconds } => self.site.command(json!({"command": "setIndexLag", "seconds": seconds})),
            Step::Fault { skip, code } => self.site.command(json!({"command": "addFault", "rule": {
                "path": "/rest/api/3/", "skip": skip, "times": 1, "action": {"kind": "status", "code": code}
            }})),
            Step::PageFault { kind, page } => self.page_fault(*kind, *page),
            Step::Wait { seconds } => self.site.advance(i64::from(*seconds)),
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
            step => self.change(step),
        }
    }

    /// Something happens in Jira.
    fn change(&mut self, step: &Step) {
        let edited = |issue: u64, what: Value| {
            let mut command = json!({"command": "updateIssue", "issue": issue.to_string()});
            command
                .as_object_mut()
                .unwrap()
                .extend(what.as_object().unwrap().clone());
            command
        };
        match step.clone() {
            Step::Edit { issue } => self.on_issue(issue, |id| json!({"command": "changeIssues", "ids": [id]})),
            Step::Close { issue } => self.on_issue(issue, |id| edited(id, json!({"status": "Done"}))),
            Step::Reopen { issue } => self.on_issue(issue, |id| edited(id, json!({"status": "To Do"}))),
            Step::Label { issue, on } => {
                let labels: &[&str] = if on { &["k8s"] } else { &[] };
                self.on_issue(issue, |id| edited(id, json!({"labels": labels})))
            }
            Step::Move { issue, to } => {
                let to = self.project(to);
                self.on_issue(
                    issue,
                    |id| json!({"command": "moveIssue", "issue": id.to_string(), "project": to}),
                )
            }
            Step::Delete { issue } => {
                self.on_issue(issue, |id| json!({"command": "deleteIssue", "issue": id.to_string()}))
            }
            Step::HideIssue { issue } => self.unsee("hideIssue", "hidden", issue),
            Step::ArchiveIssue { issue } => self.unsee("archiveIssue", "archived", issue),
            other => {
                self.change_projects(other);
                None
            }
        };
    }

    fn unsee(&mut self, command: &str, how: &str, issue: u8) -> Option<u64> {
        let id = self.on_issue(
            issue,
            |id| json!({"command": command, "issue": id.to_string(), how: true}),
        );
        self.unseen.extend(id);
        id
    }

    fn change_projects(&mut self, step: Step) {
        match step {
            Step::Create {
                project,
                count,
                labelled,
            } => {
                let labels: &[&str] = if labelled { &["k8s"] } else { &[] };
                let _ = self.site.try_command(json!({
                    "command": "addIssues", "project": self.project(project), "count": count, "varied": true,
                    "spreadSeconds": 1, "set": {"labels": labels}
                }));
            }
            Step::ShowIssues => {
                for id in std::mem::take(&mut self.unseen) {
                    let issue = id.to_string();
                    for (command, how) in [("hideIssue", "hidden"), ("archiveIssue", "archived")] {
                        let _ = self
                            .site
                            .try_command(json!({"command": command, "issue": issue, how: false}));
                    }
                }
            }
            Step::Archive { project } => self.on_project("archiveProject", project),
            Step::Trash { project } => self.on_project("trashProject", project),
            Step::Restore { project } => self.on_project("restoreProject", project),
            Step::Hide { project, hidden } => {
                let project = self.project(project);
                let _ = self
                    .site
                    .try_command(json!({"command": "setProjectPrivate", "project": project, "private": hidden}));
            }
            Step::Rename { project } => {
                self.named += 1;
                let (project, key) = (self.project(project), format!("R{}", self.named));
                let _ = self
                    .site
                    .try_command(json!({"command": "renameProjectKey", "project": project, "key": key}));
            }
            Step::NewProject if self.named < 3 => {
                self.named += 1;
                let key = format!("N{}", self.named);
                self.site.command(json!({"command": "createProject", "key": key}));
                self.site
                    .command(json!({"command": "addIssues", "project": key, "count": 4, "spreadSeconds": 1}));
            }
            other => self.declare(&other),
        }
    }

    /// A person declares something else.
    fn declare(&mut self, step: &Step) {
        self.respecified = true;
        match *step {
            Step::Scope { project, out } => {
                let project = self.project(project);
                if out {
                    self.site.excluded.insert(project);
                } else {
                    self.site.excluded.remove(&project);
                }
            }
            Step::Narrow { project, on } => {
                if let Some(key) = self.site.declared.get(&self.project(project)).cloned() {
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

    fn page_fault(&self, kind: u8, page: u8) {
        let trouble = match kind {
            0 => json!({"kind": "repeatToken"}),
            1 => json!({"kind": "shortPage", "issues": 1}),
            2 => json!({"kind": "emptyPage"}),
            3 => json!({"kind": "omitIsLast"}),
            4 => json!({"kind": "claimLast"}),
            5 => json!({"kind": "nullToken"}),
            6 => json!({"kind": "loseToken"}),
            7 => json!({"kind": "extraPage"}),
            _ => json!({"kind": "warn", "truncateTo": 1}),
        };
        let fault = json!({"page": page, "times": 1, "trouble": trouble});
        self.site.command(json!({"command": "addPageFault", "fault": fault}));
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
            self.on_issue(slice, |id| json!({"command": "changeIssues", "ids": [id]}));
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
        for command in ["setIndexLag", "releaseIndex", "clearPageFaults", "clearFaults"] {
            self.site.command(json!({"command": command}));
        }
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
