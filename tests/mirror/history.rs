//! Random histories: a site lives, Jira fails and lags, the operator is killed and its clock is off.

use std::time::Duration;

use jiff::SignedDuration;
use jira_operator::api::integration::MirrorMode;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::{Value, json};

use super::{keep::Writes, site::Site, standing::Standing};

/// Projects of the histories.
const PROJECTS: [&str; 4] = ["ENG", "OPS", "SUP", "ITS"];

/// A step of a history.
#[derive(Clone, Debug)]
enum Step {
    Create { project: usize, count: u8, labelled: bool },
    Edit { issue: u8 },
    Close { issue: u8 },
    Reopen { issue: u8 },
    Label { issue: u8, on: bool },
    Move { issue: u8, to: usize },
    Delete { issue: u8 },
    Archive { project: usize },
    Trash { project: usize },
    Restore { project: usize },
    Hide { project: usize, hidden: bool },
    Lag { seconds: u16 },
    Fault { skip: u8, code: u16 },
    PageFault { kind: u8, page: u8 },
    Wait { seconds: u16 },
    Pass,
    PassLate,
    Sweep,
    Killed { writes: u8 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let project = || 0..PROJECTS.len();
    prop_oneof![
        4 => (project(), 1..6_u8, any::<bool>()).prop_map(|(project, count, labelled)| Step::Create { project, count, labelled }),
        6 => any::<u8>().prop_map(|issue| Step::Edit { issue }),
        3 => any::<u8>().prop_map(|issue| Step::Close { issue }),
        2 => any::<u8>().prop_map(|issue| Step::Reopen { issue }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(issue, on)| Step::Label { issue, on }),
        2 => (any::<u8>(), project()).prop_map(|(issue, to)| Step::Move { issue, to }),
        2 => any::<u8>().prop_map(|issue| Step::Delete { issue }),
        1 => project().prop_map(|project| Step::Archive { project }),
        1 => project().prop_map(|project| Step::Trash { project }),
        2 => project().prop_map(|project| Step::Restore { project }),
        2 => (project(), any::<bool>()).prop_map(|(project, hidden)| Step::Hide { project, hidden }),
        1 => prop_oneof![Just(0_u16), 1..300_u16].prop_map(|seconds| Step::Lag { seconds }),
        2 => (0..4_u8, prop_oneof![Just(503_u16), Just(500), Just(429)]).prop_map(|(skip, code)| Step::Fault { skip, code }),
        2 => (0..7_u8, 1..3_u8).prop_map(|(kind, page)| Step::PageFault { kind, page }),
        5 => (1..900_u16).prop_map(|seconds| Step::Wait { seconds }),
        10 => Just(Step::Pass),
        2 => Just(Step::PassLate),
        2 => Just(Step::Sweep),
        2 => (0..6_u8).prop_map(|writes| Step::Killed { writes }),
        1 => Just(Step::Restart),
    ]
}

/// A history: whether the operator's clock is off, and by how much, what is mirrored, and the steps.
#[derive(Clone, Debug)]
struct History {
    skew: i64,
    all: bool,
    steps: Vec<Step>,
}

fn history(steps: usize) -> impl Strategy<Value = History> {
    let steps = prop::collection::vec(step(), steps / 2..=steps);
    (prop_oneof![Just(0_i64), Just(3600), Just(-3600)], any::<bool>(), steps).prop_map(|(skew, all, steps)| History {
        skew,
        all,
        steps,
    })
}

struct Telling {
    site: Site,
    /// Where the projects stood one pass ago: what a pass knows of them may be that old.
    earlier: Standing,
}

impl Telling {
    fn pick(&self, number: u8) -> Option<String> {
        let issues = self.site.sandbox.readable_issues(None);
        let keys: Vec<&String> = issues.values().map(|(key, _)| key).collect();
        keys.get(usize::from(number) % keys.len().max(1))
            .map(|key| (*key).clone())
    }

    fn to_issue(&self, number: u8, command: impl Fn(String) -> Value) {
        if let Some(key) = self.pick(number) {
            // It may be refused, for a project that is archived meanwhile for example.
            let _ = self.site.try_command(command(key));
        }
    }

    fn to_project(&self, command: &str, project: usize) {
        let _ = self
            .site
            .try_command(json!({"command": command, "project": PROJECTS[project]}));
    }

    async fn tell(&mut self, step: &Step) {
        // No two changes fall into the same moment.
        self.site.advance(1);
        match step.clone() {
            Step::Create {
                project,
                count,
                labelled,
            } => {
                let labels: &[&str] = if labelled { &["k8s"] } else { &[] };
                let _ = self.site.try_command(json!({
                    "command": "addIssues", "project": PROJECTS[project], "count": count, "varied": true,
                    "set": {"labels": labels}
                }));
            }
            Step::Edit { issue } => self.to_issue(
                issue,
                |key| json!({"command": "changeIssues", "ids": [self.site.id_of(&key)]}),
            ),
            Step::Close { issue } => self.to_issue(
                issue,
                |key| json!({"command": "updateIssue", "issue": key, "status": "Done"}),
            ),
            Step::Reopen { issue } => self.to_issue(
                issue,
                |key| json!({"command": "updateIssue", "issue": key, "status": "To Do"}),
            ),
            Step::Label { issue, on } => self.to_issue(issue, |key| {
                let labels: &[&str] = if on { &["k8s"] } else { &[] };
                json!({"command": "updateIssue", "issue": key, "labels": labels})
            }),
            Step::Move { issue, to } => self.to_issue(
                issue,
                |key| json!({"command": "moveIssue", "issue": key, "project": PROJECTS[to]}),
            ),
            Step::Delete { issue } => self.to_issue(issue, |key| json!({"command": "deleteIssue", "issue": key})),
            Step::Archive { project } => self.to_project("archiveProject", project),
            Step::Trash { project } => self.to_project("trashProject", project),
            Step::Restore { project } => self.to_project("restoreProject", project),
            Step::Hide { project, hidden } => {
                let command = json!({"command": "setProjectPrivate", "project": PROJECTS[project], "private": hidden});
                let _ = self.site.try_command(command);
            }
            Step::Lag { seconds } => self.site.command(json!({"command": "setIndexLag", "seconds": seconds})),
            Step::Fault { skip, code } => self.site.command(json!({"command": "addFault", "rule": {
                "path": "/rest/api/3/", "skip": skip, "times": 1, "action": {"kind": "status", "code": code}
            }})),
            Step::PageFault { kind, page } => self.page_fault(kind, page),
            Step::Wait { seconds } => self.site.advance(i64::from(seconds)),
            Step::Pass => self.pass(false).await,
            Step::Sweep => self.pass(true).await,
            Step::PassLate => {
                let earlier = self.earlier.clone();
                let _ = self.site.pass_over(&earlier, false, false).await;
            }
            Step::Killed { writes } => self.killed(usize::from(writes)).await,
            Step::Restart => self.site.restart(),
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
            _ => json!({"kind": "warn", "truncateTo": 1}),
        };
        let fault = json!({"page": page, "times": 1, "trouble": trouble});
        self.site.command(json!({"command": "addPageFault", "fault": fault}));
    }

    async fn pass(&mut self, requested: bool) {
        let standing = self.site.standing();
        let _ = self.site.pass_over(&standing, requested, false).await;
        self.earlier = standing;
    }

    /// The process is killed after so many writes.
    async fn killed(&mut self, writes: usize) {
        self.site
            .memory
            .dies_after
            .store(writes, std::sync::atomic::Ordering::SeqCst);
        let standing = self.site.standing();
        let pass = self.site.pass_over(&standing, false, false);
        let _ = tokio::time::timeout(Duration::from_millis(400), pass).await;
        self.site
            .memory
            .dies_after
            .store(usize::MAX, std::sync::atomic::Ordering::SeqCst);
        self.site.restart();
    }

    /// What was removed did not live: it is not what the mirror is to hold.
    fn claim_no_loss(&self) -> Result<(), String> {
        let removed: Vec<_> = self.site.memory.removed.lock().unwrap().drain(..).collect();
        let expected = self.site.expected();
        for (id, status) in removed {
            // Its last state may have changed back since: then it is known and comes again.
            if let Some((key, _, updated)) = expected.get(&id) {
                let seen = status.updated.parse::<jiff::Timestamp>().unwrap().as_millisecond();
                if *updated == seen && *key == status.key {
                    return Err(format!(
                        "{key} was removed, and lives as it was seen: {:?}",
                        self.site.state.removed
                    ));
                }
            }
        }
        Ok(())
    }

    /// Nothing fails and nothing lags any more; the passes go on for a while.
    async fn quiet(&mut self) -> Result<(), String> {
        self.site.command(json!({"command": "setIndexLag"}));
        self.site.command(json!({"command": "releaseIndex"}));
        self.site.command(json!({"command": "clearPageFaults"}));
        self.site.command(json!({"command": "clearFaults"}));
        for round in 0..4 {
            self.site.advance(360);
            self.site
                .pass(round == 0)
                .await
                .map_err(|error| format!("after quiet: {error}"))?;
        }
        let before = *self.site.memory.writes.lock().unwrap();
        self.site.advance(360);
        self.site
            .pass(true)
            .await
            .map_err(|error| format!("after quiet: {error}"))?;
        let after = *self.site.memory.writes.lock().unwrap();
        if before != after {
            return Err(format!("a second pass wrote: {before:?} became {after:?}"));
        }
        let (mirrored, expected) = (self.site.mirrored(), self.site.expected());
        if mirrored != expected {
            let lacking: Vec<_> = expected
                .iter()
                .filter(|(id, issue)| mirrored.get(id) != Some(issue))
                .collect();
            let surplus: Vec<_> = mirrored.iter().filter(|(id, _)| !expected.contains_key(id)).collect();
            return Err(format!("the mirror lacks {lacking:?}, and has {surplus:?}"));
        }
        Ok(())
    }
}

async fn live(history: History) -> Result<Writes, String> {
    let mode = if history.all { MirrorMode::All } else { MirrorMode::Open };
    let mut site = Site::new(mode).await;
    site.skew = SignedDuration::from_secs(history.skew);
    site.jql.insert("OPS".into(), "labels = k8s".into());
    let earlier = site.standing();
    let mut telling = Telling { site, earlier };
    for (index, step) in history.steps.iter().enumerate() {
        telling.tell(step).await;
        if matches!(step, Step::PassLate) {
            // It acts on what is no longer so, and may let go of what came back meanwhile.
            telling.site.memory.removed.lock().unwrap().clear();
        }
        telling
            .claim_no_loss()
            .map_err(|why| format!("step {index}, {step:?}: {why}"))?;
    }
    telling.quiet().await?;
    let writes = *telling.site.memory.writes.lock().unwrap();
    Ok(writes)
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn the_mirror_equals_the_site_after_any_history() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let steps = number("MIRROR_STEPS", 250);
    let chosen = std::env::var("MIRROR_SEED")
        .ok()
        .and_then(|text| text.parse::<usize>().ok());
    let seeds = chosen.map_or_else(|| (0..number("MIRROR_SEEDS", 20)).collect(), |seed| vec![seed]);
    for seed in seeds {
        let mut bytes = [0_u8; 32];
        bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
        let config = Config {
            cases: 1,
            max_shrink_iters: 150,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let told = runner.run(&history(steps), |history| {
            let writes = runtime.block_on(live(history)).map_err(TestCaseError::fail)?;
            println!("seed {seed}: {writes:?}");
            Ok(())
        });
        match told {
            Ok(()) => {}
            Err(TestError::Fail(why, history)) => panic!("MIRROR_SEED={seed}: {why}\n{history:#?}"),
            Err(error) => panic!("MIRROR_SEED={seed}: {error}"),
        }
    }
}
