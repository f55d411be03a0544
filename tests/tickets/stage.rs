//! Where a history is played: a site, objects, and two processes that share them.

use std::time::{Duration, Instant};

use devkit::sandbox::{Answer, Command, Mark, Sandbox};
use kube::Api;
use serde_json::json;

use super::{
    api_server::{Eyes, NAMESPACE},
    model::{
        command,
        tickets::{
            end::is_settled,
            faults::rules,
            objects::{GUEST, LAST},
            people::People,
            steps::{Call, History, Step, Trouble},
        },
    },
    process::Process,
    surroundings::Surroundings,
    trace::Trace,
};

/// After which time a ticket that is not found was not created.
pub const SETTLE: Duration = Duration::from_secs(1);
/// What takes effect late, or becomes known late to a search by which keys are found, does so well before that: a call
/// that Jira carries out after the operator believes it undone makes a second ticket, which nobody could prevent.
const LATEST: Duration = Duration::from_millis(350);
/// On a machine that is too busy it does not. What follows then is nobody's fault.
const TOO_LATE: Duration = Duration::from_millis(700);
/// What a creation says that was not sent soon enough after it was written down: here that is less than a tenth of a second.
const NOT_IN_TIME: &str = "it came too late to be sent";
/// How long all has to be still to count as still.
const STILL: Duration = Duration::from_millis(2);
/// Longest time that is waited for that after a step.
const STEP: Duration = Duration::from_millis(20);
/// Each so many steps nothing is waited for.
const HASTE: usize = 3;
/// Longest time until all is as it should be once nothing goes wrong.
const CALM_WITHIN: Duration = Duration::from_mins(1);
/// After so long one process is left: two that are woken at once can keep each other from writing.
const ALONE_AFTER: Duration = Duration::from_secs(6);
/// As many writes as are refused while all are.
const DOWN: usize = 5;
/// Within this Jira is looked at, where that is asked for.
const FOLLOWED: Duration = Duration::from_millis(1200);
/// How often in a row it has to be.
const LOOKS: usize = 3;

/// See the module.
pub struct Stage {
    pub sandbox: Sandbox,
    around: Surroundings,
    processes: [Process; 2],
    pub people: People,
    played: usize,
    /// Since when something may take effect late.
    late_since: Option<Instant>,
    /// When it was looked last whether something waits.
    looked: Instant,
    /// Something took effect too late, or all stood still for so long.
    pub is_too_slow: bool,
    pub trace: Trace,
}

impl Stage {
    /// Sets it.
    pub async fn set(history: &History) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start().await.unwrap();
        for setting in [
            json!({"command": "setBurst", "off": true}),
            json!({"command": "setQuota", "off": true}),
            json!({"command": "setIssueLimit", "off": true}),
            json!({"command": "setExpiresIn", "seconds": 40_000_000}),
        ] {
            command(&sandbox, setting).unwrap();
        }
        let trace = Trace::default();
        let around = Surroundings::around(&sandbox, trace.clone()).await;
        let objects = Api::namespaced(around.api.client(&Eyes::default()), NAMESPACE);
        Self {
            people: People::begin(objects, (&sandbox, SETTLE), history),
            processes: [Process::start(&around), Process::start(&around)],
            around,
            sandbox,
            played: 0,
            late_since: None,
            looked: Instant::now(),
            is_too_slow: false,
            trace,
        }
    }

    /// Plays a step.
    pub async fn play(&mut self, step: Step) {
        self.trace.note(format!("step {}: {step:?}", self.played));
        match step {
            Step::Wake => self.around.api.wake("acme"),
            Step::Follow => self.around.api.request("acme"),
            Step::Blind { process, is_blind } => {
                self.process(process).eyes.close(is_blind);
                self.around.api.changed();
            }
            Step::Kill { process } => {
                self.process(process).stop();
                self.start(process);
            }
            Step::Rebuild => {
                // The operator begins in a cluster that has its objects.
                self.process(0).stop();
                self.process(1).stop();
                self.people.happens(&self.sandbox, step).await;
                self.start(0);
                self.start(1);
            }
            Step::Wait { thirtieths } => self.wait(SETTLE * u32::from(thirtieths) / 30).await,
            Step::Fault { call, skip, trouble } => {
                for rule in rules(call, skip, trouble) {
                    let _ = self.sandbox.fault(rule);
                }
            }
            Step::ClusterFault { skip, trouble } => {
                self.people.edits.mishaps += 1;
                self.around.api.trouble(skip, trouble);
            }
            Step::ClusterDown { is_down } => {
                self.people.edits.mishaps += DOWN;
                self.around.api.down(is_down);
            }
            Step::Release => self.release(),
            step => {
                self.people.happens(&self.sandbox, step).await;
            }
        }
        self.played += 1;
        if !self.played.is_multiple_of(HASTE) {
            self.until_still(STEP).await;
        }
        self.in_time();
        self.trace.effects(&self.sandbox);
    }

    fn process(&mut self, number: u8) -> &mut Process {
        let count = self.processes.len();
        &mut self.processes[usize::from(number) % count]
    }

    fn start(&mut self, process: u8) {
        let started = Process::start(&self.around);
        *self.process(process) = started;
    }

    /// What came to the API server and to Jira.
    fn traffic(&self) -> (usize, Mark) {
        (self.around.api.requests(), self.sandbox.mark())
    }

    /// Waits until nothing is asked any more.
    async fn until_still(&mut self, longest: Duration) {
        let began = Instant::now();
        loop {
            let before = self.traffic();
            tokio::time::sleep(STILL).await;
            if self.looked.elapsed() > STEP {
                self.in_time();
            }
            if before == self.traffic() || began.elapsed() > longest {
                return;
            }
        }
    }

    /// What takes effect late does so before it counts as never done.
    fn in_time(&mut self) {
        let is_late = self.holding() > 0 || self.people.is_search_late();
        let looked = std::mem::replace(&mut self.looked, Instant::now());
        self.is_too_slow |= looked.elapsed() >= TOO_LATE;
        // It may wait since then.
        self.late_since = is_late.then(|| self.late_since.unwrap_or(looked));
        if self.late_since.is_some_and(|since| since.elapsed() >= LATEST) {
            self.release();
            if self.people.is_search_late() {
                self.people.catch_up(&self.sandbox);
            }
        }
    }

    /// How many calls and writes wait.
    fn holding(&self) -> usize {
        let Ok(Answer::Faults { faults }) = self.sandbox.command(Command::ListFaults) else {
            return 0;
        };
        let of_jira: usize = faults.iter().map(|fault| fault.holding as usize).sum();
        of_jira + self.around.api.holding()
    }

    async fn wait(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            tokio::time::sleep((end - Instant::now()).min(LATEST / 4)).await;
            self.in_time();
        }
    }

    /// What waits is let go.
    fn release(&mut self) {
        self.is_too_slow |= self.late_since.is_some_and(|since| since.elapsed() >= TOO_LATE);
        self.sandbox.command(Command::ClearFaults).unwrap();
        self.around.api.release();
        self.late_since = None;
    }

    /// Nothing goes wrong any more, and both processes reconcile everything until nothing more is to be expected; so it is
    /// with a ticket that is created in quiet, and with one whose marking goes wrong once. What must not be, and what is not
    /// as it should be.
    pub async fn calm(&mut self) -> Vec<String> {
        self.trace.note("quiet".to_owned());
        self.release();
        self.around.api.calm();
        for process in &self.processes {
            process.eyes.close(false);
        }
        self.people.catch_up(&self.sandbox);
        self.people.happens(&self.sandbox, Step::Show).await;
        self.people.begins(&self.sandbox, GUEST).await;
        let mut wrong = self.settle().await;
        if wrong.is_empty() {
            for rule in rules(Call::Edit, 0, Trouble::LostBefore) {
                let _ = self.sandbox.fault(rule);
            }
            self.people.begins(&self.sandbox, LAST).await;
            wrong = self.settle().await;
        }
        if wrong.is_empty() {
            wrong = self.rest().await;
        }
        wrong
    }

    /// Further looks at Jira, after one of which nothing is written any more. What is, where there is no such look.
    async fn rest(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for _ in 0..LOOKS {
            let before = self.sandbox.effects().len();
            self.around.api.request("acme");
            self.wait(FOLLOWED).await;
            self.until_still(SETTLE).await;
            let effects = self.sandbox.effects();
            let new = effects.iter().skip(before).filter(|effect| effect.client_id.is_some());
            let new = new.map(|effect| format!("all was settled, and this is written: {effect:?}"));
            wrong = new.collect();
            if wrong.is_empty() {
                break;
            }
        }
        wrong
    }

    async fn settle(&mut self) -> Vec<String> {
        let (began, mut settled, mut wrong) = (Instant::now(), 0, Vec::new());
        while settled < LOOKS {
            if began.elapsed() > ALONE_AFTER {
                self.processes[1].stop();
            }
            self.around.api.request("acme");
            self.wait(SETTLE / 10).await;
            self.until_still(SETTLE).await;
            wrong.extend(self.people.judge(&self.sandbox));
            settled += 1;
            if let Err(why) = is_settled(&self.people, &self.sandbox).await {
                settled = 0;
                if began.elapsed() > CALM_WITHIN {
                    self.is_too_slow |= why.contains(NOT_IN_TIME);
                    wrong.push(why);
                    break;
                }
            }
        }
        wrong
    }
}
