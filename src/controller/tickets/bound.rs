//! A ticket that is there. What Jira says of it comes with the [follower](super::follower): a wake of its object asks
//! Jira nothing, unless a comment is to be made, its place in the portal is not known, or its time is over.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    comments,
    conclude::TicketOutcome,
    context::{TicketContext, TicketSession},
    latest_comments,
    look::{SOON, known},
    phase,
    shown::{read, read_marked, shown},
    steps::{self, RETRY},
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, FieldsApplied, PeopleMatched},
            Finding,
        },
        integration::JiraIntegration,
        issue::{JiraIssue, JiraIssueStatus},
        reason::Reason,
    },
    atlassian::ticket_models::{CreatedIssue, MarkedIssue},
    sync::phase::Phases,
    tickets::{
        FieldsDue, Lifetime, Loss, Reach, Said, ShownTicket, Standing, TicketNews, TicketStore, WritePermit, lifetime,
        set_in_jira, standing,
    },
};

/// Longest wait that is asked of the queue.
const LONGEST: Duration = Duration::from_hours(24 * 7);

/// What is said of a ticket that is there where its integration lets nothing be written: what was said before stands.
#[must_use]
pub fn kept(object: &JiraIssue, valid: Finding) -> TicketOutcome {
    let conditions = object
        .status
        .as_ref()
        .map_or(&[][..], |status| status.conditions.as_slice());
    let carried = [Created, PeopleMatched, FieldsApplied].map(|type_| Finding::carried(type_, conditions));
    let mut outcome = TicketOutcome::of(valid);
    if is_bound(object) {
        outcome.findings.extend(carried.into_iter().flatten());
        outcome
            .findings
            .extend(phase::carried(object).into_iter().chain(comments::carried(object)));
    }
    outcome
}

/// Whether an object has its ticket.
#[must_use]
pub fn is_bound(object: &JiraIssue) -> bool {
    object.status.as_ref().is_some_and(|status| !status.id.is_empty())
}

/// What is said of a ticket that is there.
pub async fn examine(
    (object, store): (&JiraIssue, &TicketStore),
    ctx: &TicketContext,
    (integration, permit): (&JiraIntegration, &WritePermit),
    news: &TicketNews,
) -> TicketOutcome {
    let tickets = integration.spec.tickets.clone().unwrap_or_default();
    let projects = ctx.projects_of(&object.namespace().unwrap_or_default(), &object.spec.integration);
    let reach = Reach::new(&tickets, &projects, Phases::new(&integration.spec.status_mapping));
    let mut found = standing(object, news, &reach);
    let mut wait = None;
    let is_over = |found: &Standing| lifetime(&object.spec, &found.issue, Timestamp::now()) == Lifetime::Over;
    let is_told = matches!(news.said, Some(Said::Shown(_)));
    if found.is_unread || (is_over(&found) && !is_told && Loss::of(found.created.reason).is_none()) {
        // Somebody may have opened it again since it was read.
        match reread(object, ctx, (integration, permit)).await {
            Some(shown) => {
                let said = Some(Said::Shown(Box::new(shown)));
                let duplicates = news.duplicates.clone();
                found = standing(object, &TicketNews { said, duplicates }, &reach);
            }
            None => wait = Some(RETRY),
        }
    }
    let wait = follow_people((object, store), &found, permit).await.or(wait);
    let ticket = CreatedIssue {
        id: found.issue.id.clone(),
        key: found.issue.key.clone(),
        portal_url: object.status.as_ref().and_then(|status| status.portal_url.clone()),
    };
    let mut outcome = TicketOutcome {
        ticket: Some(ticket),
        is_over: wait.is_none() && is_over(&found),
        findings: vec![found.valid, found.created],
        issue: Some(found.issue),
        duplicates: Some(found.duplicates),
        ..TicketOutcome::default()
    };
    let (of, place) = ((integration, permit), (&reach, projects.as_slice()));
    Box::pin(steps::take(&mut outcome, (object, store), ctx, of, place)).await;
    Box::pin(latest_comments::read(&mut outcome, object, ctx, of)).await;
    let wait = wait.or_else(|| lasts(object, &outcome));
    outcome.requeue = [outcome.requeue, wait].into_iter().flatten().min();
    outcome
}

/// Writes down whom somebody set in Jira for a person of the spec who had not the role: no comment names them any more.
/// Says after how long it is tried again.
async fn follow_people(
    (object, store): (&JiraIssue, &TicketStore),
    found: &Standing,
    permit: &WritePermit,
) -> Option<Duration> {
    let live = store.latest(object);
    let before = live.status.clone().unwrap_or_default();
    let people = set_in_jira(&before, &found.issue, &permit.account)?;
    let status = JiraIssueStatus {
        people: Some(people),
        ..before
    };
    store.write(&live, &status).await.is_err().then_some(SOON)
}

/// How long the object is kept, where that ends.
fn lasts(object: &JiraIssue, outcome: &TicketOutcome) -> Option<Duration> {
    match lifetime(&object.spec, outcome.issue.as_ref()?, Timestamp::now()) {
        Lifetime::For(left) => Some(left.min(LONGEST)),
        // It is done by what was written just now.
        Lifetime::Over if !outcome.is_over => Some(SOON),
        Lifetime::Over | Lifetime::Unbounded => None,
    }
}

async fn reread(
    object: &JiraIssue,
    ctx: &TicketContext,
    (integration, permit): (&JiraIntegration, &WritePermit),
) -> Option<ShownTicket> {
    let id = object.status.as_ref().map(|status| status.id.clone())?;
    let session = ctx.session(object, integration, permit).await.ok()?;
    match read(&session, integration, permit, &id).await {
        Ok(shown) => shown,
        Err(error) => {
            tracing::debug!(object = object.name_any(), %error, "a ticket could not be read");
            None
        }
    }
}

/// What is said of a ticket that was created or found.
#[must_use]
pub fn there(reason: Reason, ticket: &CreatedIssue) -> TicketOutcome {
    let what = format!("The ticket is {}.", ticket.key);
    TicketOutcome {
        ticket: Some(ticket.clone()),
        ..TicketOutcome::of(Finding::with_remedy(Created, reason, &what))
    }
}

/// Adds what Jira says of the ticket. Where it does not answer, the status keeps what it has.
pub async fn fill(
    outcome: &mut TicketOutcome,
    (object, store): (&JiraIssue, &TicketStore),
    session: &TicketSession,
    integration: &JiraIntegration,
    permit: &WritePermit,
) {
    let Some(ticket) = &outcome.ticket else {
        return;
    };
    // A look-up may have read it just now.
    let found = match outcome.found.take() {
        Some(issue) => Ok(Some(MarkedIssue {
            issue,
            properties: BTreeMap::new(),
        })),
        None => read_marked(session, &ticket.id).await,
    };
    match found {
        Ok(found) => {
            let description = found.as_ref().map(|found| found.issue.fields.description.clone());
            let shown = found.and_then(|found| shown(found, integration, &permit.site_url));
            let issue = shown.map(|shown| shown.status);
            let is_as_wanted = issue.as_ref().filter(|issue| {
                let (object, status) = (store.latest(object), known(&store.latest(object), (*issue).clone()));
                let fields = FieldsDue {
                    spec: &object.spec,
                    status: &status,
                    description: description.as_ref(),
                };
                fields.is_as_wanted()
            });
            outcome.compared = is_as_wanted.map(|issue| issue.updated.clone());
            outcome.issue = issue;
        }
        Err(error) => tracing::debug!(key = ticket.key, %error, "a ticket could not be read"),
    }
}
