//! Sends one move of a ticket, and finds out what became of it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Api, Resource, ResourceExt};
use serde_json::{Map, Value, json};

use super::{
    known::CUT,
    look::{Look, PhaseStep, SOON, with_phase},
    phase::{Mover, REFUSED},
    rested::Moment,
};
use crate::{
    api::{
        condition::Finding,
        issue::{JiraIssue, JiraIssueStatus, TicketMove},
        project::{JiraProject, JiraProjectStatus},
        requirements::TRANSITION,
    },
    atlassian::{
        jira::PermissionQueries,
        rate_limit::waits_after_429::RETRY,
        transition_models::Change,
        write_error::{Refusal, WriteError},
    },
    tickets::{Place, Step, Unmoved, note_moved_back, note_step},
};

/// Somebody else changed the ticket in the same moment.
const CONFLICT: u16 = 409;
const GONE: u16 = 404;
/// What comes to the same for so long is told.
const TOLD: Duration = Duration::from_secs(30);

/// What a move is refused with, or its answer is lost, comes early.
type Stepped = Result<PhaseStep, Box<PhaseStep>>;

impl Mover<'_> {
    /// Writes down which transition is made, and makes it.
    pub async fn send(&self, look: Box<Look>, step: &Step<'_>, is_back: bool) -> Stepped {
        let by = if is_back { self.who_moved(&look).await } else { None };
        let (now, started) = (Time(Timestamp::now()), Instant::now());
        let begun = with_phase(&look.live, |applied, moving| {
            if is_back {
                note_moved_back(applied, look.wish.written(), now.clone(), by);
            }
            *moving = Some(TicketMove {
                wanted: look.wish.written(),
                to: step.way.to.status_id.clone(),
                last: step.is_last,
                passed: i64::try_from(step.passed).unwrap_or(i64::MAX),
                since: look.status.updated.clone(),
                at: now,
                holder: self.ctx.outbox.holder.clone(),
            });
        });
        let Ok(live) = self.store.write(&look.live, &begun).await else {
            // It may be written all the same.
            self.ctx.unmade.note(&look.live, begun.moving);
            return Ok(look.later(SOON));
        };
        let look = Box::new(Look { live, ..*look });
        let times = self.ctx.outbox.times;
        if started.elapsed() > times.deadline().saturating_sub(times.least_left()) {
            return Ok(self.taken_back(look).await?.later(SOON));
        }
        self.ctx.unmade.forget(&look.live);
        match self.post(&look, step).await {
            Ok(()) => self.made(look, step).await,
            Err(WriteError::Refused(refusal)) => {
                let look = self.taken_back(look).await?;
                self.refused(look, step, &refusal).await
            }
            Err(WriteError::NotDone(error)) => {
                let wait = error.retry_after_or(RETRY);
                Ok(self.taken_back(look).await?.later(wait))
            }
            // It may have been made: it is looked for from now on.
            Err(WriteError::Uncertain(_)) => Ok(look.later(SOON)),
        }
    }

    /// What no list told of, and the transition demands, is sent with it the second time.
    async fn post(&self, look: &Look, step: &Step<'_>) -> Result<(), WriteError> {
        let send = async |fields: &Map<String, Value>| {
            let body = body(look, step, fields);
            self.jira().transition(&look.status.id, &body).await
        };
        match send(&step.fields).await {
            Err(WriteError::Refused(refusal)) => match Self::unmoved(look).further(&refusal, &step.fields) {
                Some(more) => send(&more).await,
                None => Err(WriteError::Refused(refusal)),
            },
            answer => answer,
        }
    }

    /// The ticket is read once more: the marker went along, and somebody may have moved the ticket on already.
    async fn made(&self, look: Box<Look>, step: &Step<'_>) -> Stepped {
        let Some(look) = self.look(&look.live).await else {
            return Ok(PhaseStep::later(SOON));
        };
        if step.is_last {
            return self.reached(look).await;
        }
        Ok(self.on_the_way(look).await?.later(Duration::ZERO))
    }

    /// A step of several was made.
    async fn on_the_way(&self, look: Box<Look>) -> Result<Box<Look>, Box<PhaseStep>> {
        let (generation, wanted) = (look.live.meta().generation.unwrap_or_default(), look.wish.written());
        self.change(look, |applied, moving| {
            if let Some(step) = moving.take().filter(|step| step.wanted == wanted) {
                note_step(applied, generation, step);
            }
        })
        .await
    }

    async fn not_moving(&self, look: Box<Look>) -> Result<Box<Look>, Box<PhaseStep>> {
        self.change(look, |_, moving| *moving = None).await
    }

    /// Takes back what was written down of a move that is known not to be made, also where somebody else wrote since:
    /// nothing is sent after it. Where that fails it is known, so that the move is not looked for.
    async fn taken_back(&self, look: Box<Look>) -> Result<Box<Look>, Box<PhaseStep>> {
        let begun = look.live.status.as_ref().and_then(|status| status.moving.clone());
        self.ctx.unmade.note(&look.live, begun.clone());
        let without = |current: &JiraIssue| {
            with_phase(current, |_, moving| {
                if *moving == begun {
                    *moving = None;
                }
            })
        };
        match self.store.change(&look.live, without).await {
            Ok(_) => Ok(look),
            Err(_) => Err(Box::new(look.later(SOON))),
        }
    }

    /// Somebody may have changed the ticket in the same moment: then it is read as it is now. Where it is as it was, again and
    /// again, Jira is asked less and less often, and its words are told.
    fn outdated(&self, look: Box<Look>, step: &Step<'_>, refusal: &Refusal) -> PhaseStep {
        let moment = Moment::of(&look.live, self.integration, &look.status.updated);
        let wait = self.ctx.rested.longer(&look.live, &moment, (SOON, REFUSED));
        self.ctx.rested.note(&look.live, moment, wait);
        let finding = (wait >= TOLD).then(|| Self::unmoved(&look).refused(refusal, step.way, None));
        PhaseStep {
            finding,
            ..look.later(wait)
        }
    }

    async fn refused(&self, look: Box<Look>, step: &Step<'_>, refusal: &Refusal) -> Stepped {
        if matches!(refusal.status, CONFLICT | GONE) {
            return Ok(self.outdated(look, step, refusal));
        }
        let mut may = None;
        if Unmoved::is_unclear(refusal) {
            match self.look(&look.live).await {
                Some(now) if now.status.status_id == look.status.status_id => may = Some(self.may_move(&look).await),
                // Somebody moved it meanwhile, so that the transition is none any more.
                _ => return Ok(look.later(SOON)),
            }
        }
        let finding = Self::unmoved(&look).refused(refusal, step.way, may);
        Ok(self.rest(look, finding, Vec::new()))
    }

    /// What became of a move whose answer is lost: the ticket, and whether it came to where it is wanted.
    pub async fn settled(&self, look: Box<Look>, moving: &TicketMove) -> Result<(Box<Look>, bool), Box<PhaseStep>> {
        let is_last = moving.last && moving.wanted == look.wish.written();
        if look.wish.is_met(&Place::of(&look.status)) {
            return Ok((look, true));
        }
        if look.status.status_id == moving.to {
            return Ok((self.on_the_way(look).await?, false));
        }
        if self.ctx.unmade.has(&look.live, moving) {
            return Ok((self.not_moving(look).await?, false));
        }
        let changes = match self.jira().newest_changes(&look.status.id).await {
            Ok(changes) => changes,
            Err(error) => return Err(Box::new(look.later(error.retry_after_or(RETRY)))),
        };
        if changes.iter().any(|change| self.is_it(change, moving)) {
            if is_last {
                return Ok((look, true));
            }
            return Ok((self.on_the_way(look).await?, false));
        }
        // Jira may still be about to make it, or another process to send it.
        let age = Duration::try_from(Timestamp::now().duration_since(moving.at.0) - CUT).unwrap_or_default();
        if let Some(wait) = self.ctx.outbox.times.next_look(age) {
            return Err(Box::new(look.later(wait)));
        }
        Ok((self.not_moving(look).await?, false))
    }

    /// Whether a change is the move, by our account and since then.
    fn is_it(&self, change: &Change, moving: &TicketMove) -> bool {
        let since: Option<Timestamp> = moving.since.parse().ok();
        let is_ours = change
            .author
            .as_ref()
            .is_some_and(|author| author.account_id == self.permit.account);
        is_ours
            && change.status() == Some(moving.to.as_str())
            && since.is_none_or(|since| change.at().is_some_and(|at| at >= since))
    }

    /// Whether the account may make transitions in the project, as Jira says now. Where it does not answer it is
    /// believed to.
    pub async fn may_move(&self, look: &Look) -> bool {
        let project = &look.status.project_id;
        let questions = PermissionQueries {
            projects: vec![(vec![TRANSITION], vec![project.clone()])],
            ..PermissionQueries::default()
        };
        let held = self.jira().permissions(&questions).await;
        held.map_or(true, |held| {
            held.projects.get(project).is_some_and(|held| held.contains(TRANSITION))
        })
    }

    pub fn unmoved(look: &Look) -> Unmoved<'_> {
        Unmoved {
            spec: &look.live.spec,
            status: &look.status,
            wanted: look.wish.shown(),
        }
    }

    /// What is said where the workflow of the ticket's type is known and none of its statuses is where it is wanted.
    pub async fn unknown(&self, look: &Look) -> Option<Finding> {
        let of_id = |status: &JiraProjectStatus| status.id.as_ref() == Some(&look.status.project_id);
        let known = self
            .projects
            .iter()
            .find(|project| project.status.as_ref().is_some_and(of_id))?;
        let namespace = known.metadata.namespace.clone().unwrap_or_default();
        // Of all projects only a part is kept in memory.
        let objects: Api<JiraProject> = Api::namespaced(self.ctx.ctx.client.clone(), &namespace);
        let project = objects.get_opt(&known.name_any()).await.ok()??;
        let types = project.status?.issue_types;
        let statuses = types
            .into_iter()
            .find(|kind| kind.name == look.status.issue_type)?
            .statuses;
        let places: Vec<Place> = statuses
            .iter()
            .map(|status| {
                let target = JiraIssueStatus {
                    status: status.name.clone(),
                    status_id: status.id.clone(),
                    category: status.category.clone(),
                    ..JiraIssueStatus::default()
                };
                Place {
                    phase: self.phase_of(look, &target),
                    ..Place::of(&target)
                }
            })
            .collect();
        if places.is_empty() || places.iter().any(|place| look.wish.is_met(place)) {
            return None;
        }
        let named = places.iter().map(|place| match look.live.spec.phase {
            Some(_) => place.phase.as_str(),
            None => place.status.as_str(),
        });
        let named: BTreeSet<&str> = named.collect();
        Some(Self::unmoved(look).unknown(&named))
    }
}

/// A transition as Jira takes it. What the ticket came to goes into its marker in the same moment.
fn body(look: &Look, step: &Step<'_>, fields: &Map<String, Value>) -> Value {
    let mut body = json!({"transition": {"id": step.way.id}});
    let Some(parts) = body.as_object_mut() else {
        return body;
    };
    if !fields.is_empty() {
        parts.insert("fields".to_owned(), fields.clone().into());
    }
    if let Some(marker) = &look.marker {
        let generation = look.live.meta().generation.unwrap_or_default();
        parts.insert("historyMetadata".to_owned(), marker.history(generation));
        if step.is_last {
            let mut marker = marker.clone();
            marker.kept.phase = Some(look.wish.written());
            parts.insert("properties".to_owned(), json!([marker.property()]));
        }
    }
    body
}
