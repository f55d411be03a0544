//! Creates tickets, each exactly once. What is about to be sent is written into the status first, by compare-and-swap;
//! then it is sent, once; then what became of it is written. A lost answer is settled by look-ups, never by sending again
//! at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, TryLockError, oneshot};
use tokio_util::task::TaskTracker;

use super::{
    candidates::{Found, FoundTicket},
    creation::Creation,
    creation_status::{Sent, bound, marked, noted, with_mark},
    draft::FirstCall,
    flights::{Flight, Flights},
    identity::{Identity, Marker},
    marking,
    own_issues::{Listing, Listings, OwnIssues},
    settle::CreationTimes,
    shared_lookup::{Place, SharedLookups},
};
use crate::{
    api::issue::{JiraIssue, TicketCreation},
    atlassian::{error::JiraError, ticket_models::CreatedIssue, write_error::WriteError},
    cluster::error::describe,
};

/// How many creations of one site are under way at once: so few that none waits long between its mark and its turn.
const AT_ONCE: usize = 24;

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
    /// What is done by one at a time, while it is.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
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
            locks: Mutex::default(),
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

    /// Lets nobody else take over a ticket of a site, as long as the answer is kept: who comes later sees its marker.
    ///
    /// # Errors
    /// Where somebody else does just now.
    pub fn taking_over(&self, site: &str, key: &str) -> Result<Option<OwnedMutexGuard<()>>, TryLockError> {
        self.alone(Some(&format!("{site}/{key}")))
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

    /// Writes down what is about to be sent, onto the version that was read, and sends it, in a task that outlives the
    /// reconciliation and what becomes of the object. `floor` is the highest number that the project has. None, and nothing
    /// is written, where one of the same identity, or a request that looks alike, is under way or in doubt.
    pub async fn send(self: &Arc<Self>, object: JiraIssue, creation: Creation, floor: i64) -> Option<Sent> {
        let looks = creation.looks();
        let alone = self.alone(looks.as_deref()).ok()?;
        let begun = self.flights.begin(&creation.marker.identity, looks.as_deref())?;
        let (tell, told) = oneshot::channel();
        let outbox = Arc::clone(self);
        self.tasks.spawn(async move {
            let since = Instant::now();
            let status = marked(&object, &creation, (&outbox.holder, outbox.times), floor);
            match creation.store.write(&object, &status).await {
                Ok(object) => Box::pin(outbox.send_now(&object, &creation, since, tell)).await,
                Err(error) => {
                    outbox.flights.undo(&creation.marker.identity, begun);
                    // Who asked may have gone.
                    let _ = tell.send(Sent::NotMarked(describe(&error)));
                }
            }
            drop(alone);
        });
        // A task that panics leaves the creation uncertain, as its mark says.
        let interrupted = |_| Sent::Uncertain("the creation was interrupted".to_owned());
        Some(told.await.unwrap_or_else(interrupted))
    }

    /// Lets nobody else do what has this name, as long as the answer is kept: create, look for or mark a request that looks
    /// like this one, which could be taken for the other's before it is marked; or take over this ticket. What has no name
    /// needs nothing.
    ///
    /// # Errors
    /// Where somebody else does just now.
    pub fn alone(&self, what: Option<&str>) -> Result<Option<OwnedMutexGuard<()>>, TryLockError> {
        let Some(what) = what else {
            return Ok(None);
        };
        let mut all = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, lock| Arc::strong_count(lock) > 1);
        let lock = all.entry(what.to_owned()).or_default();
        Arc::clone(lock).try_lock_owned().map(Some)
    }

    async fn send_now(&self, object: &JiraIssue, creation: &Creation, marked: Instant, tell: oneshot::Sender<Sent>) {
        let identity = &creation.marker.identity;
        let sent = match self.first_call(creation, marked).await {
            Ok(created) => return Box::pin(self.finish(object, creation, created, tell)).await,
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
