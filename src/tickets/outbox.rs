//! Creates tickets, each exactly once. What is about to be sent is written into the status first, by compare-and-swap;
//! then it is sent, once; then what became of it is written. A lost answer is settled by look-ups, never by sending again
//! at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use super::{
    candidates::{Found, FoundTicket},
    creation::Creation,
    draft::FirstCall,
    flights::{Flight, Flights},
    identity::{Identity, Marker},
    marking,
    own_issues::{Listing, Listings, OwnIssues},
    parts::Part,
    settle::CreationTimes,
    shared_lookup::{Place, SharedLookups},
};
use crate::{
    api::issue::{JiraIssue, JiraIssueStatus, TicketApplied, TicketCreation, TicketPeople},
    atlassian::{
        error::JiraError,
        ticket_models::CreatedIssue,
        write_error::{Refusal, WriteError},
    },
    cluster::error::describe,
};

/// How many creations of one site are under way at once: so few that none waits long between its mark and its turn.
const AT_ONCE: usize = 24;

/// What came of sending a creation.
#[derive(Clone, Debug)]
pub enum Sent {
    /// The ticket was created, and the object says so.
    Created(CreatedIssue),
    /// The ticket was created, and the rest is still to be done: it goes on by itself. Why.
    Unfinished(String),
    /// Jira refused it.
    Refused(Refusal),
    /// Nothing was sent: it is tried again.
    NotDone(JiraError),
    /// It may have been created.
    Uncertain(String),
}

/// What a look-up before a creation came to.
#[derive(Clone, Debug)]
pub enum LookedUp {
    /// What was found.
    Found(Sighting),
    /// The issues of the account are listed: so many so far, and it goes on after a while.
    UnderWay(usize, Duration),
}

/// What Jira has of an object.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The ticket, where there is one.
    pub found: Found,
    /// The highest number of an issue in the project.
    pub highest: i64,
    /// Whether nothing of it rests on a listing that was made before: only then may another ticket be created.
    pub is_fresh: bool,
}

impl Sighting {
    /// Whether nothing else was found than a ticket that is known.
    #[must_use]
    pub fn is_of(&self, known: &FoundTicket) -> bool {
        match &self.found {
            Found::Ticket(ticket) => ticket.issue.id == known.issue.id,
            Found::Nothing => true,
            Found::Unclear(_) => false,
        }
    }
}

/// Sends creations, and remembers what became of them.
pub struct Outbox {
    /// Names this process in marks.
    pub holder: String,
    /// The waits.
    pub times: CreationTimes,
    /// Look-ups that objects share.
    pub lookups: SharedLookups,
    /// What the account created before.
    pub listings: Listings,
    flights: Flights,
    lanes: Mutex<HashMap<String, Arc<Semaphore>>>,
    tasks: TaskTracker,
}

impl Outbox {
    /// Nothing is under way.
    #[must_use]
    pub fn new(holder: String, times: CreationTimes) -> Self {
        Self {
            holder,
            times,
            lookups: SharedLookups::new(times),
            listings: Listings::default(),
            flights: Flights::new(times.remembered()),
            lanes: Mutex::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// What this process knows of a creation by its identity.
    #[must_use]
    pub fn flight(&self, marker: &Marker) -> Option<Flight> {
        self.flights.of(&marker.identity)
    }

    /// A mark was seen in the cluster. That of another process is remembered beyond the life of its object.
    pub fn saw(&self, mark: &TicketCreation) {
        if mark.holder != self.holder {
            self.flights.seen(mark);
        }
    }

    /// The ticket that a creation made is gone: an object that is applied again gets another one, and what look-ups
    /// showed of it before is not believed.
    pub async fn forget(&self, identity: &Identity) {
        self.lookups.forget();
        self.listings.forget(identity).await;
        if matches!(self.flights.of(identity), Some(Flight::Created(..))) {
            self.flights.end(identity, None);
        }
    }

    /// Waits for what is under way. Called once, at the end.
    pub async fn shut_down(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Looks for the ticket before it is created, together with others of the project. Where a listing shows some of its
    /// issues, what came since is not asked for, unless it is looked for `afresh`: before another one is created.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn look_up(&self, creation: &Creation, afresh: bool) -> Result<LookedUp, JiraError> {
        let (session, place, identity) = (&creation.session, creation.place(), &creation.marker.identity);
        let listing = if afresh && self.listings.is_complete(&place).await {
            Listing::UpToNow
        } else {
            creation.listing
        };
        let listed = match self.listings.of(session, &place, identity, listing).await? {
            OwnIssues::Known(listed) => listed,
            OwnIssues::UnderWay(issues, wait) => return Ok(LookedUp::UnderWay(issues, wait)),
        };
        let is_fresh = afresh || listed.is_empty();
        let answer = self.lookups.find(session, &place, identity, listed, afresh).await?;
        Ok(LookedUp::Found(Sighting {
            found: creation.pick(&answer.issues, None),
            highest: answer.highest,
            is_fresh,
        }))
    }

    /// Waits until another creation of the site may begin.
    pub async fn lane(&self, place: &Place) -> Option<OwnedSemaphorePermit> {
        let lane = {
            let mut all = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            let lane = all.entry(place.site.clone());
            Arc::clone(lane.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        // It is never closed.
        lane.acquire_owned().await.ok()
    }

    /// Writes down what is about to be sent, onto the version that was read.
    ///
    /// # Errors
    /// A conflict where somebody else wrote meanwhile; or when the API server refuses it or cannot be asked.
    pub async fn mark(&self, object: &JiraIssue, creation: &Creation, floor: i64) -> kube::Result<JiraIssue> {
        let now = Timestamp::now();
        let before = object.status.clone().unwrap_or_default();
        let attempt = before.creation.as_ref().map_or(0, |earlier| earlier.attempt) + 1;
        let deadline = SignedDuration::try_from(self.times.deadline()).unwrap_or(SignedDuration::ZERO);
        let mark = TicketCreation {
            identity: creation.marker.identity.as_str().to_owned(),
            number: creation.marker.n,
            attempt,
            at: Time(now),
            deadline: Time(now + deadline),
            holder: self.holder.clone(),
            floor,
            digest: creation.digest(),
            uncertain_since: None,
            without: creation.draft.without.keys().map(Part::to_string).collect(),
        };
        let status = JiraIssueStatus {
            identity: Some(mark.identity.clone()),
            creation: Some(mark),
            // Who is to be named in a note is known whatever comes after the creation.
            people: people(creation, before.people.as_ref()),
            ..before
        };
        creation.store.write(object, &status).await
    }

    /// Sends a creation that was written down, in a task that outlives the reconciliation and what becomes of the object.
    /// None where one of the same identity, or a request that looks alike, is under way.
    pub async fn send(self: &Arc<Self>, object: JiraIssue, creation: Creation, marked: Instant) -> Option<Sent> {
        if !self
            .flights
            .begin(&creation.marker.identity, creation.looks().as_deref())
        {
            return None;
        }
        let (tell, told) = oneshot::channel();
        let outbox = Arc::clone(self);
        self.tasks
            .spawn(async move { Box::pin(outbox.send_now(&object, &creation, marked, tell)).await });
        // A task that panics leaves the creation uncertain, as its mark says.
        let interrupted = |_| Sent::Uncertain("the creation was interrupted".to_owned());
        Some(told.await.unwrap_or_else(interrupted))
    }

    async fn send_now(&self, object: &JiraIssue, creation: &Creation, marked: Instant, tell: oneshot::Sender<Sent>) {
        let identity = &creation.marker.identity;
        let sent = match self.first_call(creation, marked).await {
            Ok(created) => return self.finish(object, creation, created, tell).await,
            Err(WriteError::Refused(refusal)) => {
                self.flights.end(identity, None);
                Sent::Refused(refusal)
            }
            Err(WriteError::NotDone(error)) => {
                self.flights.end(identity, None);
                Sent::NotDone(error)
            }
            Err(WriteError::Uncertain(error)) => {
                let mark = object.status.as_ref().and_then(|status| status.creation.clone());
                self.flights.end(identity, mark.map(Flight::Uncertain));
                Sent::Uncertain(error.to_string())
            }
        };
        let written = creation
            .store
            .change(object, |current| noted(current, object, &sent))
            .await;
        match written {
            Ok(_) => self.flights.written(identity),
            Err(error) => {
                tracing::warn!(%error, "what became of a creation could not be written; it is found again by its mark");
            }
        }
        let _ = tell.send(sent);
    }

    async fn first_call(&self, creation: &Creation, marked: Instant) -> Result<CreatedIssue, WriteError> {
        let left = self.times.deadline().saturating_sub(marked.elapsed());
        if left < self.times.least_left() {
            return Err(WriteError::NotDone(JiraError::Unavailable {
                detail: "it came too late to be sent".to_owned(),
                retry_after: None,
            }));
        }
        match &creation.draft.first {
            FirstCall::Issue(body) => creation.session.create_issue(body).await,
            FirstCall::Request(body) => creation.session.create_request(body).await,
        }
    }

    /// Does the rest for a ticket that was created: marks a request, links a former ticket, and binds the object. What is
    /// not marked cannot be found again, so that goes on while Jira does not take it, also when the object is gone.
    async fn finish(
        &self,
        object: &JiraIssue,
        creation: &Creation,
        created: CreatedIssue,
        tell: oneshot::Sender<Sent>,
    ) {
        let mut tell = Some(tell);
        let mut began_waiting = |why: &str| {
            let said = Sent::Unfinished(format!("{} was created and is not marked yet: {why}", created.key));
            if let Some(tell) = tell.take() {
                let _ = tell.send(said);
            }
        };
        let creation = &creation.clone().in_portal(created.portal_url.as_deref());
        let mut filled = None;
        if creation.draft.second.is_some() {
            let longest = self.times.remembered();
            filled = marking::until_marked(creation, &created, longest, &mut began_waiting).await;
        }
        let filled = filled.map(|draft| creation.clone().with(draft));
        let creation = filled.as_ref().unwrap_or(creation);
        let (place, identity) = (creation.place(), &creation.marker.identity);
        self.listings.note_created(&place, identity, &created.id).await;
        let known = Flight::Created(created.clone(), creation.marker.n);
        self.flights.end(&creation.marker.identity, Some(known));
        let sent = match self.bind(creation, object, &created).await {
            Ok(()) => Sent::Created(created),
            Err(why) => {
                tracing::warn!(key = created.key, why, "a ticket was created, and is bound later");
                Sent::Unfinished(why)
            }
        };
        if let Some(tell) = tell {
            let _ = tell.send(sent);
        }
    }

    /// Binds an object to its ticket, which is marked.
    ///
    /// # Errors
    /// A sentence, where the API server refuses it or cannot be asked. It can be repeated.
    pub async fn bind(&self, creation: &Creation, object: &JiraIssue, ticket: &CreatedIssue) -> Result<(), String> {
        if let Some(former) = &creation.marker.former {
            marking::link(&creation.session, &ticket.id, former).await;
        }
        let known = Flight::Created(ticket.clone(), creation.marker.n);
        self.flights.end(&creation.marker.identity, Some(known));
        let bound = |current: &JiraIssue| bound(current, creation, ticket);
        let written = creation.store.change(object, bound).await;
        written.map_err(|error| describe(&error))?;
        self.flights.written(&creation.marker.identity);
        Ok(())
    }

    /// Clears a mark, after which nothing was created.
    ///
    /// # Errors
    /// When the API server refuses it or cannot be asked.
    pub async fn clear(&self, creation: &Creation, object: &JiraIssue, mark: &TicketCreation) -> kube::Result<()> {
        self.flights.end(&creation.marker.identity, None);
        let cleared = |current: &JiraIssue| with_mark(current, mark, |_| None);
        creation.store.change(object, cleared).await.map(|_| ())
    }
}

/// The status of an object that has its ticket.
fn bound(current: &JiraIssue, creation: &Creation, ticket: &CreatedIssue) -> JiraIssueStatus {
    let before = current.status.clone().unwrap_or_default();
    let applied = TicketApplied {
        written: creation.marker.kept.written.clone(),
        participants: creation.marker.kept.participants.clone(),
        links: creation.links.clone(),
        ..TicketApplied::default()
    };
    let is_same = before.id.is_empty() || before.id == ticket.id;
    let known = before.people.as_ref().filter(|_| is_same);
    JiraIssueStatus {
        id: ticket.id.clone(),
        key: ticket.key.clone(),
        identity: Some(creation.marker.identity.as_str().to_owned()),
        creation: None,
        portal_url: ticket
            .portal_url
            .clone()
            .or_else(|| before.portal_url.clone().filter(|_| is_same)),
        request_type: creation.request_type().map(str::to_owned),
        people: people(creation, known),
        applied: Some(applied).filter(|applied| *applied != TicketApplied::default()),
        ..before
    }
}

/// Who was found. What is known of a note stays.
fn people(creation: &Creation, before: Option<&TicketPeople>) -> Option<TicketPeople> {
    let found = creation.people.clone().map(|people| people.keeping_note(before));
    found.or_else(|| before.cloned())
}

/// The status after a creation was sent that is not known to have made a ticket. `object` has its mark.
fn noted(current: &JiraIssue, object: &JiraIssue, sent: &Sent) -> JiraIssueStatus {
    let mark = object.status.as_ref().and_then(|status| status.creation.as_ref());
    let Some(mark) = mark else {
        return current.status.clone().unwrap_or_default();
    };
    with_mark(current, mark, |now| match sent {
        Sent::Refused(_) | Sent::NotDone(_) => None,
        Sent::Uncertain(_) => Some(TicketCreation {
            uncertain_since: now.uncertain_since.clone().or_else(|| Some(Time(Timestamp::now()))),
            ..now
        }),
        Sent::Created(_) | Sent::Unfinished(_) => Some(now),
    })
}

/// The status with something else in the place of a mark; the same where another process has begun anew since.
fn with_mark(
    current: &JiraIssue,
    mark: &TicketCreation,
    change: impl FnOnce(TicketCreation) -> Option<TicketCreation>,
) -> JiraIssueStatus {
    let before = current.status.clone().unwrap_or_default();
    let creation = match before.creation.clone() {
        Some(now) if now.is_same(mark) => change(now),
        other => other,
    };
    JiraIssueStatus { creation, ..before }
}
