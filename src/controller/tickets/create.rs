//! Creates the ticket of an object, or goes on with a creation that began before.

use std::time::{Duration, Instant};

use kube::ResourceExt;

use super::{bound::there, conclude::TicketOutcome, context::TicketContext};
use crate::{
    api::{
        condition::{ConditionType::Created, Finding},
        issue::{JiraIssue, TicketCreation},
        names,
        reason::Reason,
    },
    atlassian::{error::JiraError, ticket_models::CreatedIssue, write_error::Refusal},
    cluster::error::describe,
    tickets::{Creation, Flight, Found, PROPERTY, Room, Sent, Settled},
};

/// The number by which a person says that none of the issues in question is the ticket.
const NEXT: &str = "2";
/// How long a question that failed is put off.
const RETRY: Duration = Duration::from_secs(10);
/// How soon a creation that another reconciliation sends is looked at again.
const SOON: Duration = Duration::from_secs(1);
/// How long what Jira refused is left alone, unless the spec changes.
const REFUSED: Duration = Duration::from_mins(30);

/// Creates the ticket, exactly once.
pub async fn create(object: &JiraIssue, ctx: &TicketContext, creation: Creation) -> TicketOutcome {
    let live = match creation.store.live(object).await {
        Ok(Some(live)) => live,
        Ok(None) => return TicketOutcome::default(),
        Err(error) => return pending(&describe(&error)).after(RETRY),
    };
    let status = live.status.clone().unwrap_or_default();
    if !status.id.is_empty() {
        let ticket = CreatedIssue {
            id: status.id,
            key: status.key,
        };
        return there(Reason::TicketCreated, &ticket);
    }
    match (status.creation, ctx.outbox.flight(&creation.marker)) {
        (_, Some(Flight::UnderWay)) => pending("It is being sent").after(SOON),
        (_, Some(Flight::Created(ticket, _))) => bind(&live, ctx, &creation, &ticket, Reason::TicketFound).await,
        (Some(mark), None) if mark.holder == ctx.outbox.holder && mark.uncertain_since.is_none() => {
            // Nothing was sent under it: the API server answered late, or the task never began.
            send(live, ctx, creation, mark.floor).await
        }
        (Some(mark), _) => settle(&live, ctx, &creation, Some(&mark)).await,
        // The object was deleted and applied again meanwhile.
        (None, Some(Flight::Uncertain)) => settle(&live, ctx, &creation, None).await,
        (None, None) => Box::pin(first(live, ctx, creation)).await,
    }
}

/// Nothing is known of a creation: the ticket is looked for, and created where there is none.
async fn first(live: JiraIssue, ctx: &TicketContext, creation: Creation) -> TicketOutcome {
    match creation.look_up().await {
        Ok((Found::Nothing, highest)) => send(live, ctx, creation, highest).await,
        Ok((Found::Ticket { id, key, .. }, _)) => {
            bind(&live, ctx, &creation, &CreatedIssue { id, key }, Reason::TicketFound).await
        }
        Ok((Found::Unclear(keys), highest)) => match chosen(&live, &keys) {
            Choice::Adopt(key) => adopt(&live, ctx, &creation, key).await,
            Choice::CreateAnyway => send(live, ctx, creation, highest).await,
            Choice::None => uncertain(&keys),
        },
        Err(error) => unanswered(&error),
    }
}

async fn send(live: JiraIssue, ctx: &TicketContext, creation: Creation, floor: i64) -> TicketOutcome {
    match room(&live, ctx, &creation).await {
        Ok(Room::Free) => {}
        Ok(Room::FullFor(wait)) => return limited(creation.max_per_hour, wait),
        Ok(Room::Unknown) => return pending("The tickets of the last hour are counted").after(SOON),
        Err(error) => return unanswered(&error),
    }
    let (began, project, object) = (Instant::now(), creation.draft.project.clone(), live.clone());
    let marked = match ctx.outbox.mark(&live, &creation, floor).await {
        Ok(marked) => marked,
        Err(error) => {
            ctx.hourly.give_back(&integration_of(&object));
            return pending(&describe(&error)).after(SOON);
        }
    };
    let sent = ctx.outbox.send(marked, creation, began).await;
    // What Jira did not create takes no place in the hour.
    if matches!(sent, None | Some(Sent::Refused(_) | Sent::NotDone(_))) {
        ctx.hourly.give_back(&integration_of(&object));
    }
    match sent {
        None => pending("It is being sent").after(SOON),
        Some(Sent::Created(ticket)) => claimed(&object, ctx, there(Reason::TicketCreated, &ticket)),
        Some(Sent::Refused(refusal)) => {
            ctx.creatable.forget(&project, &object.spec);
            refused(&refusal)
        }
        Some(Sent::NotDone(why)) => pending(&why).after(RETRY),
        Some(Sent::Uncertain(why)) => pending(&format!(
            "The answer to the creation is lost ({why}); the ticket is looked for"
        ))
        .after(Duration::ZERO),
    }
}

/// Whether the hour has room for another ticket. After a restart Jira is asked how many there were.
async fn room(live: &JiraIssue, ctx: &TicketContext, creation: &Creation) -> Result<Room, JiraError> {
    let integration = integration_of(live);
    let take = || ctx.hourly.take(&integration, creation.max_per_hour, Instant::now());
    match take() {
        Room::Unknown => {
            let within_the_hour = "creator = currentUser() AND created >= -60m";
            let created = creation.session.approximate_count(within_the_hour).await?;
            ctx.hourly.seed(&integration, created, Instant::now());
            Ok(take())
        }
        known => Ok(known),
    }
}

/// Names the integration of an object.
fn integration_of(object: &JiraIssue) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.spec.integration)
}

fn limited(most: usize, wait: Duration) -> TicketOutcome {
    let minutes = wait.as_secs().div_ceil(60);
    let what = format!("{most} tickets were created within an hour; it goes on in {minutes} minutes.");
    TicketOutcome::of(Finding::with_remedy(Created, Reason::TicketLimitReached, &what)).after(wait)
}

/// Looks for the ticket of a creation whose answer is lost.
async fn settle(
    live: &JiraIssue,
    ctx: &TicketContext,
    creation: &Creation,
    mark: Option<&TicketCreation>,
) -> TicketOutcome {
    let uid = live.uid().unwrap_or_default();
    let mut settling = ctx.settling(&uid);
    let times = ctx.outbox.times;
    // Another process may still send it.
    let grace = if mark.is_none_or(|mark| mark.uncertain_since.is_some()) {
        Duration::ZERO
    } else {
        times.deadline()
    };
    let Some(elapsed) = settling.elapsed_after(grace) else {
        let wait = grace.saturating_sub(settling.since.elapsed());
        return pending("Another process began to create it").after(wait);
    };
    let found = match mark {
        Some(mark) => creation.look_up_after(mark).await,
        None => creation.look_up().await.map(|(found, _)| found),
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => return unanswered(&error),
    };
    let settled = settling.lookups.note(found, elapsed, times);
    ctx.keep_settling(&uid, settling);
    match settled {
        Settled::Again(wait) => pending("The answer to the creation is lost; the ticket is looked for").after(wait),
        Settled::Found(Found::Ticket { id, key, .. }) => {
            ctx.settled(&uid);
            bind(live, ctx, creation, &CreatedIssue { id, key }, Reason::TicketCreated).await
        }
        Settled::Unclear(keys) => match chosen(live, &keys) {
            Choice::Adopt(key) => adopt(live, ctx, creation, key).await,
            Choice::CreateAnyway => not_created(live, ctx, creation).await,
            Choice::None => uncertain(&keys).after(RETRY),
        },
        Settled::Found(_) | Settled::NotCreated => not_created(live, ctx, creation).await,
    }
}

/// Jira did nothing, or a person says so: it is sent again.
async fn not_created(live: &JiraIssue, ctx: &TicketContext, creation: &Creation) -> TicketOutcome {
    ctx.settled(&live.uid().unwrap_or_default());
    match ctx.outbox.clear(&creation.store, live, &creation.marker).await {
        Ok(()) => pending("It was not created, and is sent again").after(Duration::ZERO),
        Err(error) => pending(&describe(&error)).after(RETRY),
    }
}

/// What a person said of issues of which it cannot be told whether one is the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice<'k> {
    /// This one is.
    Adopt(&'k str),
    /// None is.
    CreateAnyway,
    /// Nothing yet.
    None,
}

/// Only a key that is in question is taken over, and only the creation that is in question is repeated.
fn chosen<'k>(object: &JiraIssue, keys: &'k [String]) -> Choice<'k> {
    let said = object.annotations();
    let adopted = said
        .get(names::ADOPT)
        .and_then(|key| keys.iter().find(|known| *known == key.trim()));
    let repeats = said
        .get(names::CREATE_ANYWAY)
        .is_some_and(|number| number.trim() == NEXT);
    match (adopted, repeats) {
        (Some(key), _) => Choice::Adopt(key),
        (None, true) => Choice::CreateAnyway,
        (None, false) => Choice::None,
    }
}

async fn adopt(live: &JiraIssue, ctx: &TicketContext, creation: &Creation, key: &str) -> TicketOutcome {
    match creation
        .session
        .fetch_marked(&[key.to_owned()], PROPERTY)
        .await
        .map(|found| found.issues)
    {
        Ok(issues) => match issues.into_iter().next() {
            Some(found) => {
                ctx.settled(&live.uid().unwrap_or_default());
                let (id, key) = (found.issue.id, found.issue.key);
                bind(live, ctx, creation, &CreatedIssue { id, key }, Reason::TicketFound).await
            }
            None => pending(&format!("{key} is gone")).after(RETRY),
        },
        Err(error) => unanswered(&error),
    }
}

async fn bind(
    live: &JiraIssue,
    ctx: &TicketContext,
    creation: &Creation,
    ticket: &CreatedIssue,
    reason: Reason,
) -> TicketOutcome {
    match ctx.outbox.bind(creation, live, ticket).await {
        Ok(()) => claimed(live, ctx, there(reason, ticket)),
        Err(why) => pending(&why).after(RETRY),
    }
}

/// The mirror makes no other object of it, also before the watch has told.
fn claimed(object: &JiraIssue, ctx: &TicketContext, outcome: TicketOutcome) -> TicketOutcome {
    let id = outcome.ticket.as_ref().and_then(|ticket| ticket.id.parse().ok());
    if let Some(id) = id {
        let claimed = ctx
            .ctx
            .claims
            .of(&object.namespace().unwrap_or_default(), &object.spec.integration);
        claimed.insert(&object.name_any(), id);
    }
    outcome
}

fn pending(why: &str) -> TicketOutcome {
    let what = format!("{}.", why.trim_end_matches('.'));
    TicketOutcome::of(Finding::with_remedy(Created, Reason::CreationPending, &what))
}

fn unanswered(error: &JiraError) -> TicketOutcome {
    pending(&format!("Jira could not be asked for the ticket: {error}")).after(error.retry_after().unwrap_or(RETRY))
}

fn uncertain(keys: &[String]) -> TicketOutcome {
    let what = format!(
        "It cannot be told whether the ticket is one of {}; jira-operator.dev/create-anyway takes the number {NEXT}.",
        keys.join(", ")
    );
    TicketOutcome::of(Finding::with_remedy(Created, Reason::CreationUncertain, &what))
}

fn refused(refusal: &Refusal) -> TicketOutcome {
    let what = format!(
        "Jira refused to create the ticket: {}.",
        refusal.text().trim_end_matches('.')
    );
    TicketOutcome::of(Finding::with_remedy(Created, Reason::CreationRefused, &what)).after(REFUSED)
}
