//! Creates the ticket of an object, or goes on with a creation that began before. How long it waits after a 429:
//! `atlassian/rate_limit/waits_after_429.rs`.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    adopt::managed,
    bound::there,
    choice::{Choice, chosen, uncertain},
    conclude::TicketOutcome,
    context::TicketContext,
    known::integration_of,
    refused_creation::{AfterRefusal, after},
    take_over::{bind, claimed, pending, take_over, unanswered},
};
use crate::{
    api::{
        condition::{ConditionType::Created, Finding},
        issue::{ExistingPolicy, JiraIssue, TicketCreation},
        reason::Reason,
    },
    atlassian::{
        error::JiraError, rate_limit::waits_after_429::RETRY, ticket_models::CreatedIssue, write_error::Refusal,
    },
    cluster::error::describe,
    tickets::{Creation, Flight, Found, FoundTicket, LookedUp, Room, Sent, Settled, Sighting},
};

/// How soon a creation that another reconciliation sends is looked at again.
const SOON: Duration = Duration::from_secs(1);
/// How long what only a person can tell is left alone, unless the object changes.
const UNCLEAR: Duration = Duration::from_mins(1);

/// Creates the ticket of an object that has none, exactly once. The object is as it was read when its reconciliation
/// began: what another process wrote to it since, such as its own mark, makes the marking a conflict, after which nothing is
/// sent and the object is read again.
pub async fn create(live: JiraIssue, ctx: &TicketContext, creation: Creation) -> TicketOutcome {
    let mark = live.status.as_ref().and_then(|status| status.creation.clone());
    let own = creation.marker.identity.clone();
    let creation = match &mark {
        Some(mark) => creation.identified(mark),
        None => creation,
    };
    match (mark, ctx.outbox.flight(&creation.marker)) {
        (_, Some(Flight::UnderWay)) => pending("It is being sent").after(SOON),
        (_, Some(Flight::Created(ticket, n))) => Box::pin(known(live, ctx, creation, (ticket, n))).await,
        (Some(mark), None) if mark.holder == ctx.outbox.holder && mark.uncertain_since.is_none() => {
            // Nothing was sent under it: the API server answered late, or the task never began.
            if creation.marker.identity != own {
                return not_created(&live, ctx, &creation, &mark).await;
            }
            let creation = as_marked(creation, &mark);
            Box::pin(send(live, ctx, creation, mark.floor)).await
        }
        // Without a mark the object was deleted and applied again meanwhile.
        (Some(mark), _) | (None, Some(Flight::Uncertain(mark))) => {
            let outcome = Box::pin(settle(live, ctx, creation, &mark)).await;
            at_once(outcome, !mark.without.is_empty())
        }
        (None, None) => Box::pin(first(live, ctx, creation)).await,
    }
}

/// Goes on as the creation that was written down.
fn as_marked(creation: Creation, mark: &TicketCreation) -> Creation {
    creation.numbered(mark.number, None).without_marked(mark)
}

/// Nothing is known of a creation: the ticket is looked for, and created where there is none.
async fn first(live: JiraIssue, ctx: &TicketContext, creation: Creation) -> TicketOutcome {
    if let Some(wait) = ctx.known.wait(&live, ctx.outbox.times, ctx.ctx.server_clock.now()) {
        return pending("Another process may have begun to create it").after(wait);
    }
    let sighting = match sighted(ctx, &creation, false).await {
        Ok(sighting) if sighting.is_fresh || matches!(sighting.found, Found::Ticket(_)) => Ok(sighting),
        Ok(_) => sighted(ctx, &creation, true).await,
        Err(early) => Err(early),
    };
    match sighting {
        Ok(sighting) => Box::pin(decide(live, ctx, creation, sighting)).await,
        Err(early) => *early,
    }
}

/// Looks for the ticket.
async fn sighted(ctx: &TicketContext, creation: &Creation, afresh: bool) -> Result<Sighting, Box<TicketOutcome>> {
    match ctx.outbox.look_up(creation, afresh).await {
        Ok(LookedUp::Found(sighting)) => Ok(sighting),
        Ok(LookedUp::UnderWay(issues, wait)) => {
            let what = format!("The account's issues in the project are listed, {issues} so far");
            Err(Box::new(pending(&what).after(wait)))
        }
        Err(error) => Err(Box::new(unanswered(&error))),
    }
}

async fn decide(live: JiraIssue, ctx: &TicketContext, creation: Creation, sighting: Sighting) -> TicketOutcome {
    let highest = sighting.highest;
    match sighting.found {
        Found::Nothing => Box::pin(send(live, ctx, creation, highest)).await,
        Found::Ticket(ticket) => {
            let fresh = sighting.is_fresh.then_some(highest);
            Box::pin(existing((live, fresh), ctx, creation, *ticket)).await
        }
        Found::Unclear(doubt) => match chosen(&live, &doubt) {
            Choice::Adopt(key) => {
                let creation = creation.numbered(doubt.number, None);
                Box::pin(adopt(&live, ctx, creation, key, Reason::TicketFound)).await
            }
            Choice::CreateAnyway(number) => Box::pin(send(live, ctx, creation.numbered(number, None), highest)).await,
            Choice::None => uncertain(&doubt),
        },
    }
}

/// The ticket that this process created for an object of this name.
async fn known(live: JiraIssue, ctx: &TicketContext, creation: Creation, of: (CreatedIssue, i64)) -> TicketOutcome {
    let (ticket, n) = of;
    let found = match creation.read(&ticket.id).await {
        // An object of another name took it over.
        Ok(Some(found)) if creation.marker.is_foreign(found.marker.as_ref()) => {
            ctx.outbox.forget(&creation.marker.identity).await;
            return Box::pin(first(live, ctx, creation)).await;
        }
        Ok(Some(found)) => found,
        Ok(None) => return bind(&live, ctx, &creation.numbered(n, None), &ticket, Reason::TicketFound).await,
        Err(error) => return unanswered(&error),
    };
    if creation.existing != ExistingPolicy::AdoptUnresolved {
        // Its marker says what was written to it: the spec may want something else by now.
        let creation = creation.numbered(n, None);
        return Box::pin(take_over(&live, ctx, creation, found, Reason::TicketFound)).await;
    }
    Box::pin(as_it_is((live, None), ctx, creation, found)).await
}

/// A ticket that an object of this name had before, as a look-up found it: what the search index says of it may be old.
/// `fresh` is the highest number of an issue in the project, where the look-up asked for whatever came until now.
async fn existing(
    (live, fresh): (JiraIssue, Option<i64>),
    ctx: &TicketContext,
    creation: Creation,
    ticket: FoundTicket,
) -> TicketOutcome {
    if creation.existing == ExistingPolicy::AdoptUnresolved {
        match creation.read(&ticket.issue.id).await {
            Ok(Some(now)) => return Box::pin(as_it_is((live, fresh), ctx, creation, now)).await,
            Ok(None) => {}
            Err(error) => return unanswered(&error),
        }
    }
    Box::pin(take_over(&live, ctx, creation, ticket, Reason::TicketFound)).await
}

/// One that is followed by another one where it is done: it is taken over unless it is. Whether another one followed
/// already, whoever created it, is asked right before.
async fn as_it_is(
    (live, fresh): (JiraIssue, Option<i64>),
    ctx: &TicketContext,
    creation: Creation,
    now: FoundTicket,
) -> TicketOutcome {
    if !now.is_done() {
        return Box::pin(take_over(&live, ctx, creation, now, Reason::TicketFound)).await;
    }
    let highest = match fresh {
        Some(highest) => highest,
        None => match sighted(ctx, &creation, true).await {
            Ok(sighting) if sighting.is_of(&now) => sighting.highest,
            Ok(sighting) => return Box::pin(decide(live, ctx, creation, sighting)).await,
            Err(early) => return *early,
        },
    };
    let n = now.marker.as_ref().map_or(1, |marker| marker.n) + 1;
    Box::pin(send(live, ctx, creation.numbered(n, Some(now.issue.id)), highest)).await
}

async fn send(live: JiraIssue, ctx: &TicketContext, creation: Creation, floor: i64) -> TicketOutcome {
    if let Err(error) = creation.may_be_sent() {
        return unanswered(&error);
    }
    let lane = ctx.outbox.lane(&creation.place()).await;
    match room(&live, ctx, &creation).await {
        Ok(Room::Free) => {}
        Ok(Room::FullFor(wait)) => return limited(creation.max_per_hour, wait),
        Ok(Room::Unknown) => return pending("The tickets of the last hour are counted").after(SOON),
        Err(error) => return unanswered(&error),
    }
    let (object, creation_again) = (live.clone(), creation.clone());
    let sent = ctx.outbox.send(live, creation, floor).await;
    // What Jira did not create takes no place in the hour.
    if matches!(
        sent,
        None | Some(Sent::NotMarked(_) | Sent::Refused(_) | Sent::NotDone(_))
    ) {
        ctx.hourly.give_back(&integration_of(&object));
    }
    drop(lane);
    match sent {
        None => pending("It, or a request that looks alike, is being sent").after(SOON),
        Some(Sent::Created(ticket)) => claimed(&object, ctx, there(Reason::TicketCreated, &ticket)),
        Some(Sent::NotMarked(why) | Sent::Unfinished(why)) => pending(&why).after(SOON),
        Some(Sent::Refused(refusal)) => refused(&object, ctx, (creation_again, floor), &refusal).await,
        Some(Sent::NotDone(error)) => unanswered(&error),
        Some(Sent::Uncertain(why)) => pending(&format!(
            "The answer to the creation is lost ({why}); the ticket is looked for"
        ))
        .after(Duration::ZERO),
    }
}

/// Whether the hour has room for another ticket. After a restart Jira is asked how many there were.
async fn room(live: &JiraIssue, ctx: &TicketContext, creation: &Creation) -> Result<Room, JiraError> {
    let within_the_hour = "creator = currentUser() AND created >= -60m";
    let count = creation.session.approximate_count(within_the_hour);
    ctx.hourly
        .room(&integration_of(live), creation.max_per_hour, count)
        .await
}

fn limited(most: usize, wait: Duration) -> TicketOutcome {
    let minutes = wait.as_secs().div_ceil(60);
    let what = format!("{most} tickets were created within an hour; it goes on in {minutes} minutes.");
    TicketOutcome::of(Finding::with_remedy(Created, Reason::TicketLimitReached, &what)).after(wait)
}

/// Looks for the ticket of a creation whose answer is lost.
async fn settle(live: JiraIssue, ctx: &TicketContext, creation: Creation, mark: &TicketCreation) -> TicketOutcome {
    let uid = live.uid().unwrap_or_default();
    // Another attempt is looked for from its own beginning.
    let attempt = format!("{} {} {}", mark.holder, mark.attempt, mark.at.0);
    let mut settling = ctx.settling(&uid, &attempt);
    let times = ctx.outbox.times;
    // Another process may still send it.
    let grace = if mark.uncertain_since.is_some() {
        Duration::ZERO
    } else {
        times.deadline()
    };
    let Some(elapsed) = settling.elapsed_after(grace) else {
        let wait = grace.saturating_sub(settling.since.elapsed());
        return pending("Another process began to create it").after(wait);
    };
    let creation = as_marked(creation, mark);
    let looks = creation.draft.second.is_some().then_some(mark.digest.as_str());
    let Ok(alone) = ctx.outbox.alone(looks) else {
        return pending("A request that looks alike is created or looked for").after(SOON);
    };
    let found = match creation.look_up_after(mark).await {
        Ok(found) => found,
        Err(error) => return unanswered(&error),
    };
    let settled = settling.lookups.note(found, elapsed, times);
    ctx.keep_settling(&uid, settling);
    match settled {
        Settled::Again(wait) => pending("The answer to the creation is lost; the ticket is looked for").after(wait),
        Settled::Found(Found::Ticket(ticket)) => {
            ctx.settled(&uid);
            Box::pin(take_over(&live, ctx, creation, *ticket, Reason::TicketCreated)).await
        }
        Settled::Unclear(doubt) => match chosen(&live, &doubt) {
            Choice::Adopt(key) => Box::pin(adopt(&live, ctx, creation, key, Reason::TicketCreated)).await,
            Choice::CreateAnyway(number) => {
                ctx.settled(&uid);
                drop(alone);
                Box::pin(send(live, ctx, creation.numbered(number, None), mark.floor)).await
            }
            Choice::None => uncertain(&doubt).after(UNCLEAR),
        },
        Settled::Found(_) | Settled::NotCreated => not_created(&live, ctx, &creation, mark).await,
    }
}

/// Jira did nothing: it is looked for and sent again.
async fn not_created(
    live: &JiraIssue,
    ctx: &TicketContext,
    creation: &Creation,
    mark: &TicketCreation,
) -> TicketOutcome {
    ctx.settled(&live.uid().unwrap_or_default());
    match ctx.outbox.clear(creation, live, mark).await {
        Ok(()) => pending("It was not created, and is sent again").after(Duration::ZERO),
        Err(error) => pending(&describe(&error)).after(RETRY),
    }
}

async fn adopt(live: &JiraIssue, ctx: &TicketContext, creation: Creation, key: &str, reason: Reason) -> TicketOutcome {
    let Ok(_alone) = ctx.outbox.taking_over(&creation.place().site, key) else {
        return pending(&format!("Another object takes {key} over just now")).after(SOON);
    };
    match creation.read(key).await {
        Ok(Some(ticket)) if creation.marker.is_foreign(ticket.marker.as_ref()) => managed(key),
        Ok(Some(ticket)) => {
            ctx.settled(&live.uid().unwrap_or_default());
            let foreign = FoundTicket { marker: None, ..ticket };
            Box::pin(take_over(live, ctx, creation, foreign, reason)).await
        }
        Ok(None) => pending(&format!("{key} is gone")).after(RETRY),
        Err(error) => unanswered(&error),
    }
}

/// Of a ticket that was created without a part it is seen to at once what a comment has to tell.
fn at_once(outcome: TicketOutcome, lacks_a_part: bool) -> TicketOutcome {
    if lacks_a_part && outcome.ticket.is_some() {
        return outcome.after(Duration::ZERO);
    }
    outcome
}

/// Each time it is sent again a part of it is gone, so that it ends.
async fn refused(
    object: &JiraIssue,
    ctx: &TicketContext,
    (creation, floor): (Creation, i64),
    refusal: &Refusal,
) -> TicketOutcome {
    match after(object, ctx, creation, refusal).await {
        Ok(AfterRefusal::Again(again)) => {
            let live = again.store.latest(object);
            at_once(Box::pin(send(live, ctx, *again, floor)).await, true)
        }
        Ok(AfterRefusal::Changed) => {
            pending("It, or what Jira takes, changed while Jira was asked to create it").after(Duration::ZERO)
        }
        Ok(AfterRefusal::Over(outcome)) => *outcome,
        Err(error) => unanswered(&error),
    }
}
