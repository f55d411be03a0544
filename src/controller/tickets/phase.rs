//! Moves a ticket to where its spec wants it: it is read afresh, what is sent is written down before, and where the answer
//! is lost Jira's history says whether it was moved.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    context::{TicketContext, TicketSession},
    look::{Look, PhaseStep, SOON, known, phase, with_phase},
    rested::Moment,
    shown::read,
};
use crate::{
    api::{
        condition::{ConditionType::PhaseReached, Finding},
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueStatus, TicketApplied, TicketMove, TicketTransitions},
        project::JiraProject,
        reason::Reason,
    },
    atlassian::{error::JiraError, jira::Session, rate_limit::waits_after_429::RETRY, write_error::WriteError},
    tickets::{Choice, Identity, Itinerary, PROPERTY, Reach, Stand, TicketStore, Way, Wish, WritePermit, note_reached},
};

/// How long a ticket that cannot be moved is left alone, unless something changes.
pub const REFUSED: Duration = Duration::from_mins(30);
/// The same where a condition is not met: Jira tells nobody when it is.
const CONDITIONAL: Duration = Duration::from_mins(5);

/// How long Jira is not asked again for what nothing waits for, after this answer. What it refuses stands until somebody
/// changes it there, which Jira tells nobody.
pub fn wait_after(error: &JiraError) -> Duration {
    match error {
        JiraError::Forbidden(_) | JiraError::NotFound(_) | JiraError::Refused { .. } => REFUSED,
        _ => error.retry_after_or(RETRY),
    }
}

/// Whether a ticket is to be moved.
#[derive(Default)]
pub struct Pending {
    /// Whether Jira is to be asked.
    pub is_due: bool,
    /// What was said of it before, where that stands.
    pub finding: Option<Finding>,
    /// After how long Jira may be asked.
    pub rests: Option<Duration>,
}

impl Pending {
    /// Nothing can be said of a ticket that is not shown, or is out of reach: what was said before stands.
    pub fn carried(object: &JiraIssue) -> Self {
        Self {
            finding: carried(object),
            ..Self::default()
        }
    }
}

/// What was said of a ticket before. That it is where an earlier spec wanted it says nothing of this one.
pub fn carried(object: &JiraIssue) -> Option<Finding> {
    let status = object.status.clone().unwrap_or_default();
    let now = phase(object, &status).finding(Timestamp::now())?;
    let before = Finding::carried(PhaseReached, &status.conditions);
    let stands = before.filter(|before| now.is_true() || !before.is_true());
    Some(stands.unwrap_or(now))
}

/// Whether a ticket is to be moved, as far as is known.
pub fn pending(
    object: &JiraIssue,
    issue: &JiraIssueStatus,
    ctx: &TicketContext,
    integration: &JiraIntegration,
) -> Pending {
    let (status, now) = (known(object, issue.clone()), Timestamp::now());
    let standing = phase(object, &status);
    let rests = || {
        ctx.rested
            .left(object, &Moment::of(object, integration, &issue.updated))
    };
    match standing.stand(now) {
        // It stands where it is: Jira is asked once who moved it there.
        Stand::MovedOn if standing.lacks_who_moved_on(now) => {
            let rests = rests();
            Pending {
                is_due: rests.is_none(),
                rests,
                ..Pending::default()
            }
        }
        Stand::NotWanted | Stand::MovedOn | Stand::Reached { is_written: true } => Pending::default(),
        Stand::Suspended(until) => Pending {
            rests: Duration::try_from(until.duration_since(now)).ok(),
            ..Pending::default()
        },
        Stand::Moving | Stand::Reached { is_written: false } | Stand::Outstanding { .. } => match rests() {
            Some(left) => Pending {
                rests: Some(left),
                ..Pending::carried(object)
            },
            None => Pending {
                is_due: true,
                ..Pending::default()
            },
        },
    }
}

/// What is said of a move that is not made because nothing is to be sent, and what would be sent.
pub fn withheld(object: &JiraIssue, issue: &JiraIssueStatus, why: Reason) -> (Option<Finding>, Option<String>) {
    let status = known(object, issue.clone());
    let finding = phase(object, &status).withheld(Timestamp::now(), why);
    let is_planned = finding
        .as_ref()
        .is_some_and(|finding| finding.reason == Reason::Planned);
    let plan = Wish::of(&object.spec).filter(|_| is_planned).map(|wish| wish.plan());
    (finding, plan)
}

/// Moves tickets of one integration.
pub struct Mover<'a> {
    /// Memory.
    pub ctx: &'a TicketContext,
    /// The way to the object.
    pub store: &'a TicketStore,
    /// The calls to the site.
    pub session: &'a TicketSession,
    /// The integration.
    pub integration: &'a JiraIntegration,
    /// What may be written.
    pub permit: &'a WritePermit,
    /// Where tickets may be.
    pub reach: &'a Reach<'a>,
    /// The projects of the integration.
    pub projects: &'a [Arc<JiraProject>],
}

impl Mover<'_> {
    /// Makes the next step of a ticket that is to be moved, or finds out who moved it on. `issue` is what Jira said last.
    pub async fn step(&self, object: &JiraIssue, issue: Option<&JiraIssueStatus>) -> PhaseStep {
        if !self.permit.writes(object) {
            return PhaseStep::default();
        }
        let said = issue.map(|issue| known(object, issue.clone()));
        let is_moved_on = |status: &JiraIssueStatus| phase(object, status).lacks_who_moved_on(Timestamp::now());
        let mut step = match said.as_ref().filter(|said| is_moved_on(said)) {
            // It is nowhere to be moved.
            Some(_) => PhaseStep::default(),
            None => match self.look(object).await {
                Some(look) => Box::pin(self.go(look)).await.unwrap_or_else(|early| *early),
                None => PhaseStep::later(RETRY),
            },
        };
        let now = step.issue.as_deref().or(said.as_ref());
        if let Some(status) = now.filter(|status| is_moved_on(status)) {
            match self.who_moved_on(object, status).await {
                Ok(moved_on) => step.moved_on = Some(moved_on),
                Err(wait) => step.wait = Some(step.wait.map_or(wait, |before| before.min(wait))),
            }
        }
        step
    }

    /// Reads the ticket. None where that is not possible, or the ticket may not be written where it is.
    pub async fn look(&self, object: &JiraIssue) -> Option<Box<Look>> {
        let wish = Wish::of(&object.spec)?;
        let live = self.store.latest(object);
        let before = live.status.clone()?;
        let read = read(self.session, self.integration, self.permit, &before.id).await;
        let shown = read.ok()??;
        let own = before.identity.as_deref().map(Identity::read);
        let is_ours = shown
            .marker
            .as_ref()
            .is_none_or(|marker| Some(&marker.identity) == own.as_ref());
        let status = known(&live, self.reach.mapped(shown.status));
        (is_ours && self.reach.has(&status)).then(|| {
            Box::new(Look {
                live,
                status,
                marker: shown.marker,
                wish,
            })
        })
    }

    pub const fn jira(&self) -> &Session {
        &self.session.session
    }

    async fn go(&self, look: Box<Look>) -> Result<PhaseStep, Box<PhaseStep>> {
        let look = match look.status.moving.clone() {
            Some(moving) => match self.settled(look, &moving).await? {
                (look, true) => return self.reached(look).await,
                (look, false) => look,
            },
            None => self.as_marked(look).await?,
        };
        match phase(&look.live, &look.status).stand(Timestamp::now()) {
            Stand::Reached { is_written: false } => self.reached(look).await,
            Stand::Outstanding { is_back } => Box::pin(self.towards(look, is_back)).await,
            _ => Ok(look.told()),
        }
    }

    /// In a rebuilt cluster the marker says what the ticket came to before.
    async fn as_marked(&self, look: Box<Look>) -> Result<Box<Look>, Box<PhaseStep>> {
        let applied = look.status.applied.as_ref().and_then(|applied| applied.phase.as_ref());
        let marked = look.marker.as_ref().and_then(|marker| marker.kept.phase.clone());
        match marked {
            Some(marked) if applied.is_none() => self.change(look, |applied, _| applied.phase = Some(marked)).await,
            _ => Ok(look),
        }
    }

    /// Changes what is written down, onto the version that was read before the ticket was. Where somebody else wrote since,
    /// the ticket may have been moved after it was read: then it is read again.
    pub async fn change(
        &self,
        look: Box<Look>,
        change: impl FnOnce(&mut TicketApplied, &mut Option<TicketMove>),
    ) -> Result<Box<Look>, Box<PhaseStep>> {
        let changed = with_phase(&look.live, change);
        if look.live.status.as_ref() == Some(&changed) {
            return Ok(look);
        }
        match self.store.write(&look.live, &changed).await {
            Ok(live) => Ok(Box::new(Look {
                status: known(&live, look.status),
                live,
                ..*look
            })),
            Err(_) => Err(Box::new(look.later(SOON))),
        }
    }

    /// Writes down that the ticket came to where it is wanted: in its marker, for a rebuilt cluster, and here.
    pub async fn reached(&self, look: Box<Look>) -> Result<PhaseStep, Box<PhaseStep>> {
        let wanted = look.wish.written();
        let marker = look
            .marker
            .clone()
            .filter(|marker| marker.kept.phase.as_ref() != Some(&wanted));
        if let Some(mut marker) = marker {
            marker.kept.phase = Some(wanted);
            match self
                .jira()
                .set_property(&look.status.id, PROPERTY, &marker.value())
                .await
            {
                Ok(()) => {}
                Err(WriteError::Refused(refusal)) => {
                    tracing::info!(
                        key = look.status.key,
                        why = refusal.text(),
                        "the marker of a ticket does not name its phase"
                    );
                }
                Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => {
                    return Ok(look.later(error.retry_after_or(RETRY)));
                }
            }
        }
        let wish = look.wish.clone();
        let look = self
            .change(look, |applied, moving| {
                note_reached(applied, &wish);
                *moving = None;
            })
            .await?;
        Ok(look.told())
    }

    /// Picks the transition, and makes it, or says why there is none.
    async fn towards(&self, look: Box<Look>, is_back: bool) -> Result<PhaseStep, Box<PhaseStep>> {
        if let Err(error) = self.jira().may_transition(&look.status.id) {
            return Ok(look.later(error.retry_after_or(RETRY)));
        }
        let transitions = match self.jira().transitions(&look.status.id).await {
            Ok(transitions) => transitions,
            Err(error) => return Ok(look.later(error.retry_after_or(RETRY))),
        };
        let stands_for = |target: &JiraIssueStatus| self.phase_of(&look, target);
        let ways: Vec<Way> = transitions.iter().map(|one| Way::of(one, stands_for)).collect();
        let (live, status, wish) = (look.live.clone(), look.status.clone(), look.wish.clone());
        let itinerary = Itinerary {
            spec: &live.spec,
            wish: &wish,
            status: &status,
            passed: phase(&live, &status).passed(),
        };
        match itinerary.choose(&ways) {
            Choice::Take(step) => self.send(look, &step, is_back).await,
            choice => {
                let available = itinerary.available(&ways);
                if choice == Choice::Nowhere
                    && let Some(finding) = self.unknown(&look).await
                {
                    return Ok(self.rest(look, finding, available));
                }
                let may = !ways.is_empty() || self.may_move(&look).await;
                let finding = Self::unmoved(&look).without_way(&choice, &available, may);
                Ok(self.rest(look, finding, available))
            }
        }
    }

    /// The phase that another status of the ticket's workflow stands for.
    pub fn phase_of(&self, look: &Look, target: &JiraIssueStatus) -> String {
        let there = JiraIssueStatus {
            status: target.status.clone(),
            status_id: target.status_id.clone(),
            category: target.category.clone(),
            ..look.status.clone()
        };
        self.reach.mapped(there).phase
    }

    /// The ticket is not moved, and Jira not asked again for a while.
    pub fn rest(&self, look: Box<Look>, finding: Finding, available: Vec<String>) -> PhaseStep {
        let wait = if finding.reason == Reason::TransitionConditional {
            CONDITIONAL
        } else {
            REFUSED
        };
        let moment = Moment::of(&look.live, self.integration, &look.status.updated);
        self.ctx.rested.note(&look.live, moment, wait);
        PhaseStep {
            finding: Some(finding),
            transitions: Some(TicketTransitions {
                wanted: look.wish.shown().to_owned(),
                from: look.status.status.clone(),
                available,
            }),
            ..look.later(wait)
        }
    }
}
