//! Whether a ticket is where its spec wants it, and what is still to be done about it: pure, from what the object says.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    transition::{Place, Wish},
    write_backs::{MOST, once_more, rests_until},
};
use crate::{
    api::{
        condition::{ConditionType::PhaseReached, Finding},
        issue::{
            JiraIssueSpec, JiraIssueStatus, TicketApplied, TicketMove, TicketMovedOn, TicketTransitions, TicketWay,
            WritePolicy,
        },
        reason::Reason,
    },
    cluster::time::clock,
};

/// How a ticket stands to what its spec wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// The spec wants nothing.
    NotWanted,
    /// A move was begun, and it is not known what became of it.
    Moving,
    /// It is there.
    Reached {
        /// Whether that is written down.
        is_written: bool,
    },
    /// It was there, and somebody moved it on.
    MovedOn,
    /// It was moved back too often.
    Suspended(Timestamp),
    /// It is to be moved.
    Outstanding {
        /// It was there before.
        is_back: bool,
    },
}

/// A ticket with what its spec wants.
pub struct TicketPhase<'a> {
    /// What is wanted.
    pub spec: &'a JiraIssueSpec,
    /// What is known.
    pub status: &'a JiraIssueStatus,
    /// Generation of the spec.
    pub generation: i64,
}

impl TicketPhase<'_> {
    /// How it stands.
    #[must_use]
    pub fn stand(&self, now: Timestamp) -> Stand {
        let Some(wish) = Wish::of(self.spec) else {
            return Stand::NotWanted;
        };
        let applied = self.status.applied.as_ref();
        let reached = applied.and_then(|applied| applied.phase.as_deref()).unwrap_or_default();
        let is_written = reached == wish.written();
        if self.status.moving.is_some() {
            return Stand::Moving;
        }
        if wish.is_met(&Place::of(self.status)) {
            return Stand::Reached { is_written };
        }
        match self.spec.policy().phase {
            WritePolicy::Keep if is_written => self.kept(now),
            WritePolicy::OnChange if is_written => Stand::MovedOn,
            WritePolicy::Once if !reached.is_empty() => Stand::MovedOn,
            // Somebody moved it away halfway.
            _ if self.way().is_some_and(|way| way.at != self.status.status_id) => self.kept(now),
            _ => Stand::Outstanding { is_back: false },
        }
    }

    /// How far it came on a way of several steps, for this spec.
    fn way(&self) -> Option<&TicketWay> {
        let way = self.status.applied.as_ref()?.way.as_ref();
        way.filter(|way| way.generation == self.generation)
    }

    /// How many of the stops in `spec.via` are behind it.
    #[must_use]
    pub fn passed(&self) -> usize {
        let way = self.way().filter(|way| way.at == self.status.status_id);
        way.and_then(|way| usize::try_from(way.passed).ok()).unwrap_or_default()
    }

    /// Who moved it on to where it is. None where Jira was not asked yet.
    fn moved_on(&self) -> Option<&TicketMovedOn> {
        let moved_on = self.status.applied.as_ref()?.moved_on.as_ref();
        moved_on.filter(|moved_on| moved_on.to == self.status.status_id)
    }

    /// Whether it was moved on, and Jira is to be asked by whom: once for each place where it is moved to.
    #[must_use]
    pub fn lacks_who_moved_on(&self, now: Timestamp) -> bool {
        let is_shown = !self.status.status_id.is_empty();
        is_shown && self.stand(now) == Stand::MovedOn && self.moved_on().is_none()
    }

    /// What was written to it, with who moved it on for as long as that stands, and how often it was moved back for as long
    /// as that is wanted, or it is on a way of several steps.
    #[must_use]
    pub fn applied(&self, now: Timestamp) -> Option<TicketApplied> {
        let stands = self.stand(now) == Stand::MovedOn;
        let is_kept = self.spec.policy().phase == WritePolicy::Keep;
        let is_halfway = self.way().is_some();
        let applied = self.status.applied.clone();
        applied.map(|applied| TicketApplied {
            moved_on: self.moved_on().filter(|_| stands).cloned(),
            kept: applied.kept.filter(|_| is_kept || is_halfway),
            ..applied
        })
    }

    /// Whether it is moved back once more.
    fn kept(&self, now: Timestamp) -> Stand {
        let applied = self.status.applied.as_ref();
        let kept = applied.and_then(|applied| applied.kept.as_ref());
        let wanted = Wish::of(self.spec).map(|wish| wish.written()).unwrap_or_default();
        rests_until(kept, &wanted, now).map_or(Stand::Outstanding { is_back: true }, Stand::Suspended)
    }

    /// What the condition says, without asking Jira. None where the spec wants nothing.
    #[must_use]
    pub fn finding(&self, now: Timestamp) -> Option<Finding> {
        let wish = Wish::of(self.spec)?;
        let (key, here, wanted) = (&self.status.key, &self.status.status, wish.shown());
        let said = |reason, what: &str| Some(Finding::with_remedy(PhaseReached, reason, what));
        match self.stand(now) {
            Stand::NotWanted => None,
            Stand::Reached { is_written: true } => said(Reason::Reached, &format!("{key} is {here}.")),
            // Before that is written down, somebody who moves it on would be taken for what was before.
            Stand::Reached { is_written: false } => said(
                Reason::ChangesPending,
                &format!("{key} is {here}, which is to be written down."),
            ),
            Stand::MovedOn => match self.moved_on().and_then(|moved_on| moved_on.by.as_ref()) {
                Some(by) => said(
                    Reason::MovedOn,
                    &format!("{by} moved {key} on to {here}, which stands."),
                ),
                None => said(Reason::MovedOn, &format!("{key} is {here} by now, which stands.")),
            },
            Stand::Suspended(until) => {
                let applied = self.status.applied.as_ref();
                let by = applied.and_then(|applied| applied.kept.as_ref()?.by.clone());
                let by = by.unwrap_or_else(|| "Somebody whom Jira does not name".to_owned());
                let away = if self.way().is_some() { "on its way to" } else { "from" };
                let what = format!(
                    "{by} moved {key} away {away} {wanted} again, which was moved back {MOST} times within an hour. It \
                     stays in {here} until {}.",
                    clock(until)
                );
                said(Reason::KeepSuspended, &what)
            }
            Stand::Moving | Stand::Outstanding { .. } => said(
                Reason::ChangesPending,
                &format!("{wanted} is wanted, {key} is {here}: it is to be moved."),
            ),
        }
    }

    /// The same where nothing is sent, and why.
    #[must_use]
    pub fn withheld(&self, now: Timestamp, why: Reason) -> Option<Finding> {
        let wish = Wish::of(self.spec)?;
        let (key, here, wanted) = (&self.status.key, &self.status.status, wish.shown());
        match self.stand(now) {
            Stand::Reached { .. } => Some(Finding::with_remedy(
                PhaseReached,
                Reason::Reached,
                &format!("{key} is {here}."),
            )),
            Stand::Moving | Stand::Outstanding { .. } => {
                let what = format!("{wanted} is wanted, {key} is {here}: it is not moved.");
                Some(Finding::with_remedy(PhaseReached, why, &what))
            }
            Stand::NotWanted | Stand::MovedOn | Stand::Suspended(_) => self.finding(now),
        }
    }

    /// Where it can go, as far as that was found out, while it is not where it is wanted.
    #[must_use]
    pub fn transitions(
        &self,
        finding: Option<&Finding>,
        found: Option<&TicketTransitions>,
    ) -> Option<TicketTransitions> {
        let wish = Wish::of(self.spec)?;
        if finding.is_none_or(Finding::is_true) {
            return None;
        }
        let before = found.or(self.status.transitions.as_ref());
        let before = before.filter(|known| known.from == self.status.status);
        Some(TicketTransitions {
            wanted: wish.shown().to_owned(),
            from: self.status.status.clone(),
            available: before.map(|known| known.available.clone()).unwrap_or_default(),
        })
    }
}

/// What was written to a ticket, once it came to where the spec wants it.
pub fn note_reached(applied: &mut TicketApplied, wish: &Wish) {
    (applied.phase, applied.way) = (Some(wish.written()), None);
}

/// The same, once a step of several was made.
pub fn note_step(applied: &mut TicketApplied, generation: i64, step: TicketMove) {
    applied.way = Some(TicketWay {
        generation,
        at: step.to,
        passed: step.passed,
    });
}

/// The same, once it is moved back: from then on that is outstanding like any other move.
pub fn note_moved_back(applied: &mut TicketApplied, wanted: String, now: Time, by: Option<String>) {
    (applied.phase, applied.way) = (Some(String::new()), None);
    applied.kept = Some(once_more(applied.kept.take(), wanted, now, by));
}

/// The same, where the spec wants nothing any more: what it wants next is new, whatever it is.
#[must_use]
pub fn without_wish(applied: Option<TicketApplied>) -> Option<TicketApplied> {
    applied.map(|applied| TicketApplied {
        phase: applied.phase.map(|_| String::new()),
        kept: None,
        way: None,
        ..applied
    })
}

#[cfg(test)]
mod tests;
