//! What follows from the results for each condition: what was found, what keeps its last answer, and what was skipped.
//! Pure.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    observe::ObservedState,
    results::{Results, note},
    steps::{StepError, issue_sync::Retry},
};
use crate::{
    api::{
        condition::{ConditionType, Finding, find},
        ready::holds_ready_back,
        reason::{Disposition, Holds, Reason, WAYS_TO_CONNECT},
    },
    atlassian::rate_limit::RateLimit,
    cluster::time::{after, clock},
};

/// The link, and the command besides.
const BY_LINK: &str = "open status.authorizationURL, or run jira-operator connect.";
/// The command alone.
const BY_COMMAND: &str = "run jira-operator connect.";

/// How Jira cut a reconciliation short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutShort {
    /// It asked to slow down.
    RateLimited,
    /// Whether all is as it was could not be asked.
    Unanswered,
}

/// What is said of each condition, and how far that goes.
#[derive(Debug)]
pub struct Verdict {
    /// A finding for each condition of which something is said.
    pub findings: BTreeMap<ConditionType, Finding>,
    /// Where a person connects, while one is needed.
    pub authorization_url: Option<String>,
    /// The wait that Jira asked for.
    pub retry_after: Option<Duration>,
    /// Jira cut it short.
    pub cut_short: Option<CutShort>,
    /// It ended before the spec, as it is now, was judged.
    pub is_unjudged: bool,
    /// What did not succeed is tried again at the next interval, and not before.
    is_patient: bool,
}

impl Verdict {
    /// What follows from the results.
    #[must_use]
    pub fn of(observed: &ObservedState, results: &Results) -> Self {
        let mut findings = results.findings();
        let stopped = results.stopped.as_ref();
        let mut retry_after = wait_asked_for(results);
        match stopped {
            Some(StepError::RateLimited(limit)) => {
                retry_after = limit.wait(results.turn, observed.now);
                note(&mut findings, limited(limit, retry_after, observed.now));
            }
            Some(StepError::Unanswered(error)) => retry_after = error.retry_after(),
            Some(StepError::After(_) | StepError::Quiet) | None => {}
        }
        let is_unjudged = match stopped {
            None | Some(StepError::Quiet) => false,
            Some(StepError::RateLimited(_) | StepError::Unanswered(_)) => results.projects().is_none(),
            Some(StepError::After(cause)) => {
                let found = findings.get(cause);
                found.is_some_and(|finding| finding.reason.entry().holds == Holds::Unknown)
            }
        };
        tell_last_success(&mut findings, observed, results);
        let told = told(observed, results);
        match stopped {
            Some(StepError::After(cause)) => skip(&mut findings, observed, *cause, &told),
            Some(StepError::Quiet) => {}
            None | Some(StepError::RateLimited(_) | StepError::Unanswered(_)) => carry(&mut findings, observed, &told),
        }
        Self {
            findings,
            authorization_url: None,
            retry_after,
            cut_short: match stopped {
                Some(StepError::RateLimited(_)) => Some(CutShort::RateLimited),
                Some(StepError::Unanswered(_)) => Some(CutShort::Unanswered),
                Some(StepError::After(_) | StepError::Quiet) | None => None,
            },
            is_unjudged,
            is_patient: results
                .work
                .issues
                .as_ref()
                .is_some_and(|issues| issues.retry == Retry::NextInterval),
        }
    }

    /// Whether Atlassian asked to slow down.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.cut_short == Some(CutShort::RateLimited)
    }

    /// Whether only a person's consent helps.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        self.findings
            .values()
            .any(|finding| finding.reason.entry().needs_consent)
    }

    /// The same, which says in what was found which way there is to connect: by the link, or without one by the command
    /// alone. That is never longer than what it takes the place of.
    #[must_use]
    pub fn with_link(mut self, link: Option<String>) -> Self {
        for finding in self.findings.values_mut() {
            *finding = match link {
                Some(_) => finding.clone().rewording(WAYS_TO_CONNECT, BY_LINK),
                None => by_command(finding.clone()),
            };
        }
        self.authorization_url = link;
        self
    }

    /// Whether something is tried again before the next interval. What Ready does not depend on is
    /// asked again on the next interval, like everything else.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.findings.values().any(|finding| {
            finding.condition != ConditionType::Authorized
                && finding.reason.entry().disposition == Disposition::Retry
                && ((finding.condition == ConditionType::Synced && !self.is_patient)
                    || holds_ready_back(finding.condition, finding.reason, true))
        })
    }
}

/// The finding of an integration that has no link.
#[must_use]
pub fn by_command(finding: Finding) -> Finding {
    finding.rewording(WAYS_TO_CONNECT, BY_COMMAND)
}

/// Being asked to slow down proves nothing about what was asked.
fn limited(limit: &RateLimit, wait: Option<Duration>, now: Timestamp) -> Finding {
    let until = wait.map(|wait| clock(after(now, wait)));
    let until = until.map(|at| format!(" until {at}")).unwrap_or_default();
    let (reason, so) = if limit.is_quota() {
        (Reason::QuotaExhausted, "no call is made")
    } else {
        (Reason::SyncPartial, "a part was not asked for")
    };
    let what = format!("{limit}, so {so}{until}.");
    Finding::with_remedy(ConditionType::Synced, reason, &what)
}

fn wait_asked_for(results: &Results) -> Option<Duration> {
    let examined = results.examination.as_ref().and_then(|step| step.retry_after);
    let mirrored = results.work.issues.as_ref().and_then(|step| step.retry_after);
    mirrored.or(examined)
}

/// Since when a synchronisation fails follows from when one last succeeded, which stays what it was as
/// long as it fails.
fn tell_last_success(findings: &mut BTreeMap<ConditionType, Finding>, observed: &ObservedState, results: &Results) {
    // One that succeeded as a whole may have left something out: it has moved the time.
    let is_limited = matches!(results.stopped, Some(StepError::RateLimited(_)));
    let fell_short = is_limited || results.has_succeeded() == Some(false);
    let failed = |finding: &&mut Finding| match finding.reason {
        Reason::SyncFailed | Reason::QuotaExhausted => true,
        Reason::SyncPartial => fell_short,
        _ => false,
    };
    let finding = findings.get_mut(&ConditionType::Synced).filter(failed);
    if let (Some(finding), Some(last)) = (finding, observed.last_success()) {
        let note = format!("It last succeeded at {}.", clock(last));
        *finding = finding.clone().noting(&note);
    }
}

/// The conditions that are reported. Of service desks nothing is where there are none, and
/// nothing before it is known that there are some.
fn told(observed: &ObservedState, results: &Results) -> Vec<ConditionType> {
    let desks = ConditionType::ServiceDesksReady;
    let had_desks = find(&observed.status.conditions, desks).is_some();
    let lacks_desks = results.examination.as_ref().is_some_and(|step| step.lacks_desks);
    let steps = ConditionType::STEPS.into_iter();
    steps
        .filter(|step| *step != desks || (had_desks && !lacks_desks))
        .collect()
}

/// What was not checked keeps its last answer.
fn carry(findings: &mut BTreeMap<ConditionType, Finding>, observed: &ObservedState, told: &[ConditionType]) {
    for step in told {
        let before = || observed.status.finding(*step);
        findings
            .entry(*step)
            .or_insert_with(|| before().unwrap_or_else(|| Finding::plain(*step, Reason::NotChecked)));
    }
}

fn skip(
    findings: &mut BTreeMap<ConditionType, Finding>,
    observed: &ObservedState,
    cause: ConditionType,
    told: &[ConditionType],
) {
    let found = findings.get(&cause).cloned();
    for step in told {
        let never = *step == ConditionType::Synced && observed.last_success().is_none();
        findings.entry(*step).or_insert_with(|| match &found {
            _ if never => {
                let what = format!("Nothing was synchronised yet, because {} is not True.", cause.as_str());
                Finding::new(*step, Reason::NeverSynced, what)
            }
            Some(found) => found.skips(*step),
            None => Finding::plain(*step, Reason::skipped_after(cause)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reason: Reason) -> Verdict {
        let finding = Finding::plain(ConditionType::Authorized, reason);
        Verdict {
            findings: [(ConditionType::Authorized, finding)].into(),
            authorization_url: None,
            retry_after: None,
            cut_short: None,
            is_unjudged: false,
            is_patient: false,
        }
    }

    #[test]
    fn a_message_names_no_link_that_is_not_there() {
        let told = |link: Option<&str>| {
            let mut verdict = of(Reason::NotConnected).with_link(link.map(str::to_owned));
            let found = verdict.findings.remove(&ConditionType::Authorized);
            found.map(|finding| finding.message())
        };
        let (with, without) = (told(Some("https://a.example")), told(None));
        let ends = |told: Option<&String>, end: &str| told.is_some_and(|told| told.ends_with(end));
        assert!(ends(
            with.as_ref(),
            "account: open status.authorizationURL, or run jira-operator connect."
        ));
        assert!(ends(without.as_ref(), "account: run jira-operator connect."));
    }
}
