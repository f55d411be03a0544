//! A random history of tickets that two operators live through, on the real API server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use devkit::{
    proxy::{Action, Rule, RuleHandle},
    sandbox::Command,
};
use serde_json::json;

use super::{CREATION_SETTLE, Harness, Setup};
use crate::{
    cluster::Cluster,
    model::tickets::{
        end::is_settled,
        faults::rules,
        people::People,
        steps::{History, Step, Trouble},
    },
};

/// How long an operator is left alone after a step.
const STEP: Duration = Duration::from_millis(60);
/// After which time a ticket that is not found was not created.
const SETTLE: Duration = Duration::from_secs(CREATION_SETTLE as u64);
/// What takes effect late, or becomes known to search late, does so well before it counts as never done.
const LATEST: Duration = Duration::from_secs(CREATION_SETTLE as u64 / 5);
/// Longest time until all is as it should be once nothing goes wrong.
const CALM_WITHIN: Duration = Duration::from_mins(3);
/// How often that is looked at, and how often in a row it has to be.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: usize = 5;
/// As many writes as are refused while all are.
const DOWN: usize = 5;

/// See the module.
pub struct TicketHistory {
    harness: Harness,
    pub people: People,
    /// What stands between the operators and the API server.
    rules: Vec<RuleHandle>,
    is_down: Option<RuleHandle>,
    late_since: Option<Instant>,
}

impl TicketHistory {
    /// Two operators run, the dedicated account is connected, and nothing is applied.
    pub async fn begin(cluster: &Arc<Cluster>, history: &History) -> Self {
        let mut harness = Harness::set_up(cluster, "ticket-history", Setup::proxied(true)).await;
        for setting in ["setBurst", "setQuota", "setIssueLimit"] {
            harness.command(json!({"command": setting, "off": true}));
        }
        harness.connect("acme-oauth").await;
        let spec = json!({"projects": [{"key": "ENG"}, {"key": "SUP"}], "tickets": {"maxPerHour": 1000}});
        harness.integrate("acme", "acme-oauth", spec).await;
        harness.until_ready("acme").await;
        harness.start_operator();
        let people = People::begin(harness.issues(), (&harness.sandbox, SETTLE), history);
        Self {
            harness,
            people,
            rules: Vec::new(),
            is_down: None,
            late_since: None,
        }
    }

    /// Plays a step. What must not be.
    pub async fn play(&mut self, step: Step) -> Vec<String> {
        match step {
            // The operators wake by themselves.
            Step::Wake | Step::Blind { .. } => {}
            Step::Follow => {
                self.harness.request("acme").await;
            }
            Step::Kill { process } => {
                self.kill(usize::from(process)).await;
                self.harness.start_operator();
            }
            Step::Rebuild => {
                self.harness.kill_operators().await;
                self.people.happens(&self.harness.sandbox, step).await;
                self.harness.start_operator();
                self.harness.start_operator();
            }
            Step::Wait { thirtieths } => tokio::time::sleep(STEP * u32::from(thirtieths)).await,
            Step::Fault { call, skip, trouble } => {
                for rule in rules(call, skip, trouble) {
                    let _ = self.harness.sandbox.fault(rule);
                }
                self.is_late_from_now();
            }
            Step::ClusterFault { skip, trouble } => {
                self.people.edits.mishaps += 1;
                self.rules.extend(self.rule(action(trouble), Some(skip)));
                self.is_late_from_now();
            }
            Step::ClusterDown { is_down } => {
                self.people.edits.mishaps += DOWN;
                if let Some(rule) = self.is_down.take() {
                    rule.remove();
                }
                if is_down {
                    self.is_down = self.rule(refuse(503), None);
                }
            }
            Step::Release => self.release(),
            step => {
                self.people.happens(&self.harness.sandbox, step).await;
                if matches!(step, Step::Lag { .. }) {
                    self.is_late_from_now();
                }
            }
        }
        tokio::time::sleep(STEP).await;
        if self.late_since.is_some_and(|since| since.elapsed() > LATEST) {
            self.release();
            self.people.catch_up(&self.harness.sandbox);
        }
        self.people.judge(&self.harness.sandbox)
    }

    fn is_late_from_now(&mut self) {
        self.late_since = self.late_since.or_else(|| Some(Instant::now()));
    }

    async fn kill(&mut self, process: usize) {
        let process = process % self.harness.operators.len();
        self.harness.operators.remove(process).kill().await;
    }

    /// Writes of statuses of tickets meet this, after so many, or each.
    fn rule(&self, action: Action, skip: Option<u8>) -> Option<RuleHandle> {
        let rule =
            Rule::new(action).when_write(|write| write.resource == "jiraissues" && write.subresource == "status");
        let rule = match skip {
            Some(skip) => rule.skip(skip.into()).times(1),
            None => rule,
        };
        Some(self.harness.proxy.as_ref()?.add(rule))
    }

    /// What waits is let go, and nothing goes wrong any more.
    fn release(&mut self) {
        self.harness.jira(Command::ClearFaults);
        for rule in self.rules.drain(..) {
            rule.release();
            rule.remove();
        }
        self.late_since = None;
    }

    /// Nothing goes wrong any more, until nothing more is to be expected. What must not be, and what is not as it should
    /// be.
    pub async fn calm(&mut self) -> Vec<String> {
        self.release();
        if let Some(rule) = self.is_down.take() {
            rule.remove();
        }
        let sandbox = Arc::clone(&self.harness.sandbox);
        self.people.catch_up(&sandbox);
        self.people.happens(&sandbox, Step::Show).await;
        let (began, mut settled, mut wrong) = (Instant::now(), 0, Vec::new());
        while settled < LOOKS {
            tokio::time::sleep(LOOK).await;
            wrong.extend(self.people.judge(&sandbox));
            self.harness.request("acme").await;
            settled += 1;
            if let Err(why) = is_settled(&self.people, &sandbox).await {
                settled = 0;
                if began.elapsed() > CALM_WITHIN {
                    wrong.push(format!("{why}\n{}", self.harness.log_tail()));
                    break;
                }
            }
        }
        wrong
    }

    /// The end.
    pub async fn close(self) {
        self.harness.close().await;
    }
}

fn refuse(code: u16) -> Action {
    Action::Refuse {
        status: StatusCode::from_u16(code).expect("a status"),
        reason: "InternalError".to_owned(),
        message: "it was refused once".to_owned(),
    }
}

fn action(trouble: Trouble) -> Action {
    match trouble {
        Trouble::Refused(code) => refuse(code),
        Trouble::Failed(code) => Action::ReplaceAnswer {
            status: StatusCode::from_u16(code).expect("a status"),
            reason: "Timeout".to_owned(),
            message: "it took too long".to_owned(),
        },
        Trouble::LostBefore => Action::DropRequest,
        Trouble::LostAfter | Trouble::LostAndLate | Trouble::Garbled => Action::DropAnswer,
        Trouble::Late | Trouble::Held => Action::HoldRequest,
        Trouble::AnswerHeld => Action::HoldAnswer,
    }
}
