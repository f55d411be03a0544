//! Writes what a spec says of the fields of its ticket: it is read afresh, compared three-way, and changed by one call,
//! which says in the ticket's marker what was written.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};

use super::{
    conclude::EditStep,
    context::TicketContext,
    look::{SOON, known},
    phase::{Mover, REFUSED},
    rested::Moment,
    shown::shown,
    wanted_fields::WantedFields,
};
use crate::{
    api::{
        condition::{ConditionType::FieldsApplied, Finding},
        integration::JiraIntegration,
        issue::{AppliedField, JiraIssue, JiraIssueStatus, TicketApplied, TicketDrift},
        reason::Reason,
        requirements::EDIT,
    },
    atlassian::{jira::PermissionQueries, rate_limit::waits_after_429::RETRY, write_error::WriteError},
    cluster::{error::describe, events::Notice},
    tickets::{
        ASSIGNEE, Comparison, EditPlan, FieldsDue, History, Identity, Marker, PROPERTY, Unwritten, digests,
        is_unreadable, outstanding, put_fields, unassignable,
    },
};

/// How long a field that both sides changed is left alone, unless something changes.
const IN_CONFLICT: Duration = Duration::from_hours(24);
/// Somebody else changed the ticket in the same moment.
const CONFLICT: u16 = 409;
const GONE: u16 = 404;
/// Most changes that Jira's history answers at once.
const WHOLE: usize = 100;
/// How often a call is made once more without what Jira refused of it.
const ATTEMPTS: usize = 8;

/// What ends early is said or waits.
type Early<T> = Result<T, Box<EditStep>>;

/// Whether the fields of a ticket are to be compared.
#[derive(Default)]
pub struct DueEdit {
    /// Whether Jira is to be asked.
    pub is_due: bool,
    /// What was said of it before, where that stands.
    pub findings: Vec<Finding>,
    /// After how long Jira may be asked.
    pub rests: Option<Duration>,
}

impl DueEdit {
    /// Nothing can be said of a ticket that is not shown, or is out of reach: what was said before stands.
    pub fn carried(object: &JiraIssue) -> Self {
        let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        Self {
            findings: Finding::carried(FieldsApplied, conditions).into_iter().collect(),
            ..Self::default()
        }
    }
}

/// Whether the fields of a ticket are to be compared, as far as is known.
pub fn due(object: &JiraIssue, issue: &JiraIssueStatus, ctx: &TicketContext, integration: &JiraIntegration) -> DueEdit {
    let (status, now) = (known(object, issue.clone()), Timestamp::now());
    let fields = FieldsDue {
        spec: &object.spec,
        status: &status,
        generation: object.meta().generation.unwrap_or_default(),
        description: None,
    };
    if !fields.is_due(now) {
        let until = fields.suspended(now);
        return DueEdit {
            rests: until.and_then(|until| Duration::try_from(until.duration_since(now)).ok()),
            ..DueEdit::default()
        };
    }
    match ctx
        .rested_edits
        .left(object, &Moment::of(object, integration, &issue.updated))
    {
        Some(left) => DueEdit {
            findings: ctx.rested_edits.said(object),
            rests: Some(left),
            ..DueEdit::default()
        },
        None => DueEdit {
            is_due: true,
            ..DueEdit::default()
        },
    }
}

/// What is said of fields that are not written because nothing is to be sent, and what would be.
pub fn withheld(object: &JiraIssue, reason: Reason) -> (Option<Finding>, Option<String>) {
    let status = object.status.clone().unwrap_or_default();
    let fields = outstanding(&object.spec, &status.applied.unwrap_or_default()).join(", ");
    if fields.is_empty() {
        return (None, None);
    }
    let what = format!("Fields that are not written yet: {fields}.");
    let finding = Finding::with_remedy(FieldsApplied, reason, &what);
    let planned = (reason == Reason::Planned).then(|| format!("PUT /rest/api/3/issue/{{id}}, of {fields}"));
    (Some(finding), planned)
}

/// A ticket whose fields were read.
struct Read {
    live: JiraIssue,
    status: JiraIssueStatus,
    marker: Option<Marker>,
    plan: EditPlan,
}

impl Read {
    const fn unwritten(&self) -> Unwritten<'_> {
        Unwritten {
            spec: &self.live.spec,
            status: &self.status,
        }
    }
}

/// What was sent of a plan.
struct Sent {
    plan: EditPlan,
    /// What Jira refused, by its place in the spec, with its words.
    refused: Vec<(String, String)>,
    stopped: Option<WriteError>,
}

/// Writes the fields of tickets of one integration.
pub struct Editor<'a>(pub &'a Mover<'a>);

impl Editor<'_> {
    /// Compares the fields of a ticket, and writes what is to be written.
    pub async fn step(&self, object: &JiraIssue) -> EditStep {
        let live = self.0.store.latest(object);
        Box::pin(self.go(live)).await.unwrap_or_else(|early| *early)
    }

    async fn go(&self, live: JiraIssue) -> Early<EditStep> {
        let wanted = match WantedFields::of(self.0, &live).await {
            Ok(wanted) => wanted,
            Err(early) if early.findings.is_empty() => return Err(early),
            Err(early) => {
                let updated = live.status.clone().unwrap_or_default().updated;
                self.rest((&live, &updated), REFUSED, &early.findings);
                return Err(Box::new(EditStep {
                    wait: Some(REFUSED),
                    ..*early
                }));
            }
        };
        let read = Box::new(self.read(live, &wanted).await?);
        let read = self.keep_people(read, &wanted).await?;
        if read.plan.has_writes() {
            Box::pin(self.write(read)).await
        } else {
            self.compared(read).await
        }
    }

    /// Reads the ticket, and compares it.
    async fn read(&self, live: JiraIssue, wanted: &WantedFields) -> Early<Read> {
        let (later, before) = (
            |wait| Box::new(EditStep::later(wait)),
            live.status.clone().unwrap_or_default(),
        );
        let ids: Vec<String> = wanted.fields.iter().map(|field| field.id.clone()).collect();
        let jira = self.0.jira();
        let found = jira.fetch_fields(&before.id, PROPERTY, &ids).await;
        let found = found.map_err(|error| later(error.retry_after_or(RETRY)))?;
        let found = found.ok_or_else(|| later(RETRY))?;
        let shown = shown(found.marked, self.0.integration, &self.0.permit.site_url).ok_or_else(|| later(RETRY))?;
        let own = before.identity.as_deref().map(Identity::read);
        let is_ours = |marker: &Marker| Some(&marker.identity) == own.as_ref();
        let status = known(&live, self.0.reach.mapped(shown.status));
        // It may have been moved, or taken over, since it was judged.
        if !self.0.reach.has(&status) || !shown.marker.as_ref().is_none_or(is_ours) {
            return Err(later(RETRY));
        }
        let applied = before.applied.unwrap_or_default();
        let kept = shown
            .marker
            .as_ref()
            .map(|marker| marker.kept.clone())
            .unwrap_or_default();
        let comparison = Comparison {
            spec: &live.spec,
            wanted: &wanted.fields,
            applied: &applied,
            marked: &kept,
            live: &found.fields,
            generation: live.meta().generation.unwrap_or_default(),
            since: live.creation_timestamp().map(|Time(at)| at),
            now: Timestamp::now(),
        };
        let changes = if comparison.needs_history() {
            let changes = jira.newest_changes(&before.id).await;
            changes.map_err(|error| later(error.retry_after_or(RETRY)))?
        } else {
            Vec::new()
        };
        let history = History {
            is_whole: changes.len() < WHOLE,
            changes: &changes,
            account: &self.0.permit.account,
        };
        let plan = comparison.plan(&history);
        Ok(Read {
            status,
            marker: shown.marker,
            plan,
            live,
        })
    }

    /// Writes down who works on the ticket, where the spec names somebody else.
    async fn keep_people(&self, read: Box<Read>, wanted: &WantedFields) -> Early<Box<Read>> {
        let Some(assignee) = &wanted.assignee else {
            return Ok(read);
        };
        self.change(read, |status| {
            status.people.get_or_insert_default().assignee = Some(assignee.clone());
        })
        .await
    }

    /// Nothing is to be written: what was found is written down.
    async fn compared(&self, read: Box<Read>) -> Early<EditStep> {
        let (plan, before) = (read.plan.clone(), read.status.drift.clone());
        let applied = plan.compared(&read.status.updated);
        let read = self.note(read, &applied, &plan.drift).await?;
        for new in plan.drift.iter().filter(|drift| !before.contains(drift)) {
            self.tell(&read.live, new).await;
        }
        let findings: Vec<Finding> = read.unwritten().in_conflict(&plan.conflicts).into_iter().collect();
        if !findings.is_empty() {
            self.rest((&read.live, &read.status.updated), IN_CONFLICT, &findings);
        }
        Ok(EditStep {
            findings,
            issue: Some(Box::new(read.status)),
            wait: None,
        })
    }

    async fn write(&self, read: Box<Read>) -> Early<EditStep> {
        let generation = read.live.meta().generation.unwrap_or_default();
        let read = if read.plan.back.is_empty() {
            read
        } else {
            let begun = read.plan.begun(&read.plan.applied, generation, &Time(Timestamp::now()));
            let plan = EditPlan {
                applied: begun.clone(),
                ..read.plan.clone()
            };
            let (read, drift) = (Box::new(Read { plan, ..*read }), Vec::new());
            let applied = TicketApplied {
                compared: None,
                ..read.live.status.clone().unwrap_or_default().applied.unwrap_or_default()
            };
            let applied = TicketApplied {
                kept_fields: begun.kept_fields,
                ..applied
            };
            self.note(read, &applied, &drift).await?
        };
        let sent = self.send(&read).await;
        if sent.plan.has_writes() && sent.stopped.is_none() {
            return self.written(read, sent).await;
        }
        self.stopped(read, sent).await
    }

    /// Until Jira takes it, or refuses what none of the fields is the cause of.
    async fn send(&self, read: &Read) -> Sent {
        let generation = read.live.meta().generation.unwrap_or_default();
        let mut sent = Sent {
            plan: read.plan.clone(),
            refused: Vec::new(),
            stopped: None,
        };
        for _ in 0..ATTEMPTS {
            if !sent.plan.has_writes() {
                return sent;
            }
            let body = sent.plan.body(read.marker.as_ref(), generation);
            let refusal = match self.0.jira().edit_issue(&read.status.id, &body).await {
                Ok(()) => {
                    sent.stopped = None;
                    return sent;
                }
                Err(WriteError::Refused(refusal)) => refusal,
                Err(error) => {
                    sent.stopped = Some(error);
                    return sent;
                }
            };
            let plain = is_unreadable(&refusal)
                .then(|| sent.plan.clone().unformatted())
                .flatten();
            let (reduced, refused) = sent.plan.clone().without_refused(&refusal);
            sent.stopped = Some(WriteError::Refused(refusal));
            match plain {
                Some(plain) => sent.plan = plain,
                None if refused.is_empty() => return sent,
                None => {
                    sent.plan = reduced;
                    sent.refused.extend(refused);
                }
            }
        }
        sent
    }

    /// What was written is written down. What Jira makes of it is read at once, and what it refused is tried alone then.
    async fn written(&self, read: Box<Read>, sent: Sent) -> Early<EditStep> {
        let (applied, drift) = (sent.plan.written(), sent.plan.drift.clone());
        let read = self.note(read, &applied, &drift).await?;
        if let Some((_, words)) = sent.refused.iter().find(|(place, _)| place == ASSIGNEE) {
            self.unassignable(read, words).await?;
        }
        Ok(EditStep::later(Duration::ZERO))
    }

    /// Jira took nothing.
    async fn stopped(&self, read: Box<Read>, sent: Sent) -> Early<EditStep> {
        match sent.stopped {
            Some(WriteError::NotDone(error) | WriteError::Uncertain(error)) => {
                Ok(EditStep::later(error.retry_after_or(RETRY)))
            }
            Some(WriteError::Refused(refusal)) if matches!(refusal.status, CONFLICT | GONE) => {
                Ok(EditStep::later(SOON))
            }
            Some(WriteError::Refused(refusal)) if sent.plan.has_writes() => {
                let may_edit = self.may_edit(&read.status).await;
                let finding = read.unwritten().refused_all(&sent.plan.places(), &refusal, may_edit);
                Ok(self.say(&read, vec![finding]))
            }
            _ => self.refused(read, &sent.refused).await,
        }
    }

    /// Jira refused single fields. Who cannot be assigned is told among the people.
    async fn refused(&self, read: Box<Read>, refused: &[(String, String)]) -> Early<EditStep> {
        let (of_assignee, others): (Vec<_>, Vec<_>) = refused.iter().cloned().partition(|(place, _)| place == ASSIGNEE);
        let read = match of_assignee.first() {
            Some((_, words)) => self.unassignable(read, words).await?,
            None => read,
        };
        match read.unwritten().refused(&others) {
            Some(finding) => Ok(self.say(&read, vec![finding])),
            None => Ok(EditStep::later(Duration::ZERO)),
        }
    }

    async fn unassignable(&self, read: Box<Read>, words: &str) -> Early<Box<Read>> {
        let (spec, project) = (read.live.spec.clone(), read.status.project.clone());
        let wanted = digests(&spec).remove(ASSIGNEE).unwrap_or_default();
        self.change(read, |status| {
            let people = status.people.get_or_insert_default();
            let person = people.assignee.take().unwrap_or_default();
            people.assignee = Some(unassignable(&spec, person, (&project, words)));
            // It is asked again once the spec names somebody else.
            let written = AppliedField {
                wanted: wanted.clone(),
                ..AppliedField::default()
            };
            let applied = status.applied.get_or_insert_default();
            applied.fields.insert(ASSIGNEE.to_owned(), written);
        })
        .await
    }

    /// Says it, and leaves the ticket alone for a while.
    fn say(&self, read: &Read, findings: Vec<Finding>) -> EditStep {
        self.rest((&read.live, &read.status.updated), REFUSED, &findings);
        EditStep {
            findings,
            issue: Some(Box::new(read.status.clone())),
            wait: Some(REFUSED),
        }
    }

    fn rest(&self, (live, updated): (&JiraIssue, &str), wait: Duration, findings: &[Finding]) {
        let moment = Moment::of(live, self.0.integration, updated);
        let rested = &self.0.ctx.rested_edits;
        rested.note_saying(live, moment, wait, findings.to_vec());
    }

    /// Writes down what is known of the fields.
    async fn note(&self, read: Box<Read>, applied: &TicketApplied, drift: &[TicketDrift]) -> Early<Box<Read>> {
        self.change(read, |status| {
            put_fields(status.applied.get_or_insert_default(), applied.clone());
            status.drift = drift.to_vec();
        })
        .await
    }

    async fn change(&self, read: Box<Read>, change: impl Fn(&mut JiraIssueStatus) + Send + Sync) -> Early<Box<Read>> {
        let changed = |current: &JiraIssue| {
            let mut status = current.status.clone().unwrap_or_default();
            change(&mut status);
            status
        };
        match self.0.store.change(&read.live, changed).await {
            Ok(Some(live)) => Ok(Box::new(Read {
                status: known(&live, read.status),
                live,
                ..*read
            })),
            Ok(None) => Err(Box::default()),
            Err(error) => {
                tracing::debug!(
                    error = describe(&error),
                    "what is known of fields could not be written down"
                );
                Err(Box::new(EditStep::later(SOON)))
            }
        }
    }

    /// Whether the account may edit issues of the project, as Jira says now. Where it does not answer it is believed to.
    async fn may_edit(&self, status: &JiraIssueStatus) -> bool {
        let project = &status.project_id;
        let questions = PermissionQueries {
            projects: vec![(vec![EDIT], vec![project.clone()])],
            ..PermissionQueries::default()
        };
        let held = self.0.jira().permissions(&questions).await;
        held.map_or(true, |held| {
            held.projects.get(project).is_some_and(|held| held.contains(EDIT))
        })
    }

    /// Tells of what somebody changed: which field, and no value.
    async fn tell(&self, live: &JiraIssue, drift: &TicketDrift) {
        let key = live.status.as_ref().map_or("the ticket", |status| &status.key);
        let by = drift.by.as_deref().unwrap_or("Somebody");
        let notice = Notice {
            object: live.object_ref(&()),
            is_warning: false,
            reason: Reason::EditedInJira.as_str().to_owned(),
            note: format!("{by} changed {} of {key} in Jira.", drift.field),
        };
        self.0.ctx.ctx.events.publish(&notice).await;
    }
}
