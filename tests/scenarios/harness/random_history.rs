//! A random history that the operator lives through: what a person declares meanwhile, reconciliations that are asked
//! for one by one or that the clock brings, and what was written in each.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use jira_operator::api::{integration::JiraIntegration, issue::JiraIssueStatus, names::REQUESTED_AT};
use kube::{
    ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{
    Harness, Setup,
    clock::{Clock, is_next_before, is_under_way, next_sync},
    declaration::Declaration,
    observe::condition,
    written_issues::{WrittenIssues, of_the_issue},
};
use crate::{
    cluster::Cluster,
    model::{
        jira_actions::Life,
        steps::{History, Step},
        visible::{Found, Issues, differences, newest},
        write_distance::{Objects, distance},
    },
};

/// The most reconciliations until one succeeds that writes nothing.
const MOST_PASSES: usize = 12;
/// How often the clock brings a reconciliation, in seconds.
const SYNC_INTERVAL: i64 = 300;
/// When the clock is set on once more, where the reconciliation does not come.
const GOES_ON_AFTER: Duration = Duration::from_secs(5);
/// Below this the mirror may be full, and one step of a reconciliation keeps what a later one pushes out.
const ROOMY: usize = 1000;

/// See the module.
pub struct RandomHistory {
    harness: Harness,
    life: Life,
    /// What happens at this moment, for failures.
    pub now: String,
    declaration: Declaration,
    written: WrittenIssues,
    /// The objects at the last check, by their uid.
    seen: Objects,
    /// The operator was killed since, maybe between the two writes of a creation.
    killed: bool,
    /// At the last check search did not know everything yet.
    was_late: bool,
    writes: usize,
    passes: usize,
}

impl RandomHistory {
    /// The operator has mirrored the site as the history finds it.
    pub async fn begin(cluster: &Arc<Cluster>, history: &History, by_clock: bool) -> Self {
        let setup = Setup {
            deletion_delay: (!by_clock).then_some(0),
            by_clock,
            ..Setup::default()
        };
        let harness = Harness::set_up(cluster, "history", setup).await;
        if let Some(clock) = &harness.clock {
            clock.advance(-history.skew.min(0));
        }
        if !by_clock {
            harness.command(json!({"command": "setExpiresIn", "seconds": 400_000}));
        }
        for command in [
            json!({"command": "stopClock", "stopped": true}),
            json!({"command": "setBurst", "off": true}),
            json!({"command": "setQuota", "off": true}),
            json!({"command": "advanceClock", "seconds": history.skew.max(0)}),
        ] {
            harness.command(command);
        }
        harness.connect("acme-oauth").await;
        let mut random_history = Self {
            written: WrittenIssues::begin(cluster, &harness.namespace),
            harness,
            life: Life::default(),
            now: "the beginning".into(),
            declaration: Declaration::of(history),
            seen: Objects::new(),
            killed: false,
            was_late: false,
            writes: 0,
            passes: 0,
        };
        let mut spec = random_history.declaration.spec(&random_history.harness.sandbox);
        spec["syncInterval"] = json!(if by_clock {
            format!("{SYNC_INTERVAL}s")
        } else {
            "1h".into()
        });
        random_history.harness.integrate("acme", "acme-oauth", spec).await;
        random_history.quiet().await;
        random_history
    }

    /// Something happens in Jira, or a person declares something else.
    pub async fn happens(&mut self, step: &Step) {
        if let (Step::Wait { seconds }, true) = (step, self.harness.clock.is_some()) {
            return self.elapse(i64::from(*seconds)).await;
        }
        // No two changes fall into the same moment.
        self.harness.command(json!({"command": "advanceClock", "seconds": 1}));
        if !self.life.happens(&self.harness.sandbox, step) {
            self.declaration.change(&self.harness.sandbox, step);
        }
    }

    /// A call fails.
    pub fn fault(&self, skip: u8, code: u16) {
        let action = match code {
            429 => json!({"kind": "rateLimit", "reason": "jira-burst-based", "retryAfterSeconds": 1}),
            _ => json!({"kind": "status", "code": code}),
        };
        self.harness.fault("/rest/api/3/", u32::from(skip), Some(1), &action);
    }

    /// Asks for a reconciliation over the spec as it is now. The request, as it will be answered.
    async fn ask(&mut self) -> String {
        let request = Timestamp::now().to_string();
        self.declare(json!({"annotations": {REQUESTED_AT: request}})).await;
        self.passes += 1;
        request
    }

    /// Asks for reconciliations, or lets the clock bring them, until one succeeds and writes nothing more, then
    /// accounts for what was written.
    pub async fn pass(&mut self) {
        let mut before = self.objects().await;
        for _ in 0..MOST_PASSES {
            let answered = if self.harness.clock.is_some() {
                self.declared().await;
                self.next_by_clock(0).await
            } else {
                let request = self.ask().await;
                self.harness.until_answered("acme", &request).await
            };
            let after = self.objects().await;
            if has_succeeded(&answered) && after == before {
                self.account(&after).await;
                return;
            }
            before = after;
        }
        panic!(
            "{}: passes do not come to an end\n{}",
            self.now,
            self.harness.log_tail()
        );
    }

    /// The operator is killed while it answers a request, and starts anew.
    pub async fn killed(&mut self) {
        if self.harness.clock.is_some() {
            self.advance(SYNC_INTERVAL);
            self.harness.wake().await;
        } else {
            self.ask().await;
        }
        self.killed = true;
        self.restarted().await;
    }

    /// The operator is killed, and starts anew.
    pub async fn restarted(&mut self) {
        self.harness.kill_operators().await;
        self.harness.start_operator();
        self.pass().await;
    }

    /// The spec is as a person wants it, and was checked.
    async fn declared(&mut self) {
        let generation = self.declare(json!({})).await.metadata.generation;
        let is_observed = |o: &JiraIntegration| o.status.as_ref().and_then(|s| s.observed_generation) == generation;
        self.harness.until("acme", "observed", is_observed).await;
    }

    /// Writes the spec as it is declared now.
    async fn declare(&mut self, metadata: Value) -> JiraIntegration {
        let patch = json!({"metadata": metadata, "spec": self.declaration.spec(&self.harness.sandbox)});
        let (api, params) = (self.harness.integrations(), PatchParams::default());
        let patched = api.patch("acme", &params, &Patch::Merge(patch)).await;
        patched.expect("the spec is accepted")
    }

    fn advance(&self, seconds: i64) {
        self.harness
            .command(json!({"command": "advanceClock", "seconds": seconds}));
        let clock = self.harness.clock.as_ref().expect("a clock that is set");
        clock.advance(seconds);
    }

    fn time(&self) -> Timestamp {
        self.harness.clock.as_ref().map_or_else(Timestamp::now, Clock::now)
    }

    /// So much time goes by, and the reconciliations that it brings.
    async fn elapse(&mut self, seconds: i64) {
        let due = self.harness.integration("acme").await;
        let is_due = is_next_before(&due, self.time() + SignedDuration::from_secs(seconds));
        if is_due {
            self.next_by_clock(seconds).await;
            self.pass().await;
        } else {
            self.advance(seconds);
            self.harness.wake().await;
        }
    }

    /// Time goes by until the next reconciliation is due, so much at least, and the reconciliation with it.
    async fn next_by_clock(&mut self, least: i64) -> JiraIntegration {
        let object = self.harness.integration("acme").await;
        let left = next_sync(&object).map_or(0, |next| self.time().until(next).map_or(0, |span| span.get_seconds()));
        self.advance(left.max(least) + 1);
        self.passes += 1;
        let has_passed = |o: &JiraIntegration| !is_next_before(o, self.time()) && !is_under_way(o);
        let passed = self.harness.until("acme", "at rest until the next pass", has_passed);
        tokio::pin!(passed);
        let mut waits = tokio::time::interval_at(tokio::time::Instant::now() + GOES_ON_AFTER, GOES_ON_AFTER);
        loop {
            tokio::select! {
                object = &mut passed => return object,
                // A reconciliation that was under way while the clock was set waits from the time that it began.
                _ = waits.tick() => self.advance(SYNC_INTERVAL),
                () = self.harness.wake() => {}
            }
        }
    }

    async fn objects(&self) -> Objects {
        let list = self.harness.issues().list(&ListParams::default()).await;
        let issues = list.expect("the issues").items.into_iter();
        issues
            .map(|issue| (issue.uid().unwrap_or_default(), issue.written().map(of_the_issue)))
            .collect()
    }

    /// What was written since the last check led from what was there then to what is there now, in no
    /// more steps than it takes, and took nothing away that lives.
    async fn account(&mut self, objects: &Objects) {
        let necessary = distance(&self.seen, objects);
        let written = self.written.take(necessary).await;
        // What search does not know yet is written as search has it, and again as it is by id.
        let is_late = self.harness.sandbox.waiting_for_index() > 0;
        let was_late = std::mem::replace(&mut self.was_late, is_late);
        let is_exact = self.declaration.max >= ROOMY && !self.killed && !is_late && !was_late;
        assert!(
            written == necessary || (written > necessary && !is_exact),
            "{}: {written} writes where {necessary} do\n{}",
            self.now,
            self.harness.log_tail()
        );
        self.writes += written;
        self.killed = false;
        let gone = self.seen.iter().filter(|(uid, _)| !objects.contains_key(*uid));
        self.assert_no_loss(gone.filter_map(|(_, status)| status.as_ref()));
        self.seen.clone_from(objects);
    }

    /// What was removed is not what the site shows: where it is full, what was updated longer ago makes room.
    fn assert_no_loss<'s>(&self, gone: impl Iterator<Item = &'s JiraIssueStatus>) {
        if self.declaration.max < ROOMY {
            return;
        }
        let lives = self.declaration.expected(&self.harness.sandbox);
        for status in gone {
            let issue = lives.get(&status.id.parse().unwrap());
            let is_same = issue.is_some_and(|issue| issue.key == status.key && issue.updated == status.updated);
            assert!(
                !is_same,
                "{}: {} was removed, and lives as it was seen",
                self.now, status.key
            );
        }
    }

    /// Nothing fails and nothing lags any more: the mirror equals the site, and one more reconciliation writes
    /// nothing.
    pub async fn quiet(&mut self) {
        self.life.calm(&self.harness.sandbox);
        self.pass().await;
        if self.harness.clock.is_some() {
            self.a_day().await;
        }
        let projects = self.declaration.projects(&self.harness.sandbox);
        let whole = self
            .seen
            .values()
            .map(|status| status.as_ref().expect("a whole object"));
        let is_held = |status: &&JiraIssueStatus| projects.get(&status.project_id).is_some_and(Found::is_held);
        let mut expected = self.declaration.expected(&self.harness.sandbox);
        // What nobody can tell anything of stays, and takes up room.
        expected.extend(whole.clone().filter(is_held).map(kept));
        let expected = newest(expected, self.declaration.max);
        let mirrored: Issues = whole.map(kept).collect();
        let differences = differences(&mirrored, &expected);
        if !differences.is_empty() {
            let spec = self.declaration.spec(&self.harness.sandbox);
            panic!(
                "{}: what the mirror has and the site shows: {differences:?}\nof {projects:?}\nunder {spec}\n{}",
                self.now,
                self.harness.log_tail()
            );
        }
        let (before, writes) = (self.seen.clone(), self.writes);
        self.pass().await;
        assert_eq!(
            (&before, writes),
            (&self.seen, self.writes),
            "{}: a second pass",
            self.now
        );
    }

    /// Time until everything was listed, looked up where it is missing, and verified.
    async fn a_day(&mut self) {
        for _ in 0..26 {
            self.next_by_clock(3600).await;
            self.pass().await;
        }
    }

    /// Ends the scenario, and returns what it took.
    pub async fn end(self) -> String {
        let summary = format!(
            "{} writes of issues in {} passes, room for {}",
            self.writes, self.passes, self.declaration.max
        );
        self.harness.close().await;
        summary
    }
}

/// A reconciliation came to its end, whatever it found.
fn has_succeeded(object: &JiraIntegration) -> bool {
    let synced = condition(object, "Synced");
    synced.status == "True" || synced.reason == "MirrorTruncated"
}

fn kept(status: &JiraIssueStatus) -> (u64, JiraIssueStatus) {
    (status.id.parse().expect("a number"), status.clone())
}
