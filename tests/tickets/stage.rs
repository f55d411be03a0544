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
            people::People,
            steps::{History, Step},
        },
    },
    process::Process,
    surroundings::Surroundings,
};

/// After which time a ticket that is not found was not created.
pub const SETTLE: Duration = Duration::from_secs(1);
/// What takes effect late, or becomes known to search late, does so well before that.
const LATEST: Duration = Duration::from_millis(200);
/// How long all has to be still to count as still.
const STILL: Duration = Duration::from_millis(2);
/// Longest time that is waited for that after a step.
const STEP: Duration = Duration::from_millis(20);
/// Each so many steps nothing is waited for.
const HASTE: usize = 3;
/// Longest time until all is as it should be once nothing goes wrong.
const CALM_WITHIN: Duration = Duration::from_secs(30);
/// After so long one process is left: two that are woken at once can keep each other from writing.
const ALONE_AFTER: Duration = Duration::from_secs(6);
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
        let around = Surroundings::around(&sandbox).await;
        let objects = Api::namespaced(around.api.client(&Eyes::default()), NAMESPACE);
        Self {
            people: People::begin(objects, (&sandbox, SETTLE), history),
            processes: [Process::start(&around), Process::start(&around)],
            around,
            sandbox,
            played: 0,
            late_since: None,
        }
    }

    /// Plays a step.
    pub async fn play(&mut self, step: Step) {
        match step {
            Step::Wake => self.around.api.wake("acme"),
            Step::Blind { process, is_blind } => {
                self.process(process).eyes.close(is_blind);
                self.around.api.changed();
            }
            Step::Kill { process } => self.kill(process),
            Step::Rebuild => {
                self.kill(0);
                self.kill(1);
                self.people.happens(&self.sandbox, step).await;
            }
            Step::Wait { thirtieths } => self.wait(SETTLE * u32::from(thirtieths) / 30).await,
            Step::Fault { call, skip, trouble } => {
                for rule in rules(call, skip, trouble) {
                    let _ = self.sandbox.fault(rule);
                }
            }
            Step::ClusterFault { skip, trouble } => self.around.api.trouble(skip, trouble),
            Step::ClusterDown { is_down } => self.around.api.down(is_down),
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
    }

    fn process(&self, number: u8) -> &Process {
        &self.processes[usize::from(number) % self.processes.len()]
    }

    fn kill(&mut self, process: u8) {
        let process = usize::from(process) % self.processes.len();
        self.processes[process] = Process::start(&self.around);
    }

    /// What came to the API server and to Jira.
    fn traffic(&self) -> (usize, Mark) {
        (self.around.api.requests(), self.sandbox.mark())
    }

    /// Waits until nothing is asked any more.
    async fn until_still(&self, longest: Duration) {
        let began = Instant::now();
        loop {
            let before = self.traffic();
            tokio::time::sleep(STILL).await;
            if before == self.traffic() || began.elapsed() > longest {
                return;
            }
        }
    }

    /// What takes effect late does so before it counts as never done.
    fn in_time(&mut self) {
        let is_late = self.holding() > 0 || self.people.is_search_late();
        self.late_since = is_late.then(|| self.late_since.unwrap_or_else(Instant::now));
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
        self.sandbox.command(Command::ClearFaults).unwrap();
        self.around.api.release();
        self.late_since = None;
    }

    /// Nothing goes wrong any more, and both processes reconcile everything until nothing more is to be expected. What
    /// must not be, and what is not as it should be.
    pub async fn calm(&mut self) -> Vec<String> {
        self.release();
        self.around.api.calm();
        for process in &self.processes {
            process.eyes.close(false);
        }
        self.people.catch_up(&self.sandbox);
        self.people.happens(&self.sandbox, Step::Show).await;
        let (began, mut settled, mut wrong) = (Instant::now(), 0, Vec::new());
        while settled < LOOKS {
            if began.elapsed() > ALONE_AFTER {
                self.processes[1].stop();
            }
            self.around.api.wake("acme");
            tokio::time::sleep(SETTLE / 10).await;
            self.until_still(SETTLE).await;
            wrong.extend(self.people.judge(&self.sandbox));
            settled += 1;
            if let Err(why) = is_settled(&self.people, &self.sandbox).await {
                settled = 0;
                if began.elapsed() > CALM_WITHIN {
                    wrong.push(why);
                    break;
                }
            }
        }
        wrong
    }
}
