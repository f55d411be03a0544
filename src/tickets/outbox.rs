//! Creates tickets, each exactly once. What is about to be sent is written into the status first, by compare-and-swap;
//! then it is sent, once; then what became of it is written. A lost answer is settled by look-ups, never by sending again
//! at once.

use std::{sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio_util::task::TaskTracker;

use super::{
    candidates::{Found, RequestTraits, Wanted, pick},
    draft::{Draft, FirstCall},
    flights::{Flight, Flights},
    identity::{Identity, Marker},
    lookup::{self, LookupResult},
    settle::CreationTimes,
    store::TicketStore,
};
use crate::{
    api::issue::{JiraIssue, JiraIssueStatus, TicketCreation},
    atlassian::{
        error::JiraError,
        jira::Session,
        ticket_models::CreatedIssue,
        write_error::{Refusal, WriteError},
    },
    cluster::error::describe,
};

/// What came of sending a creation.
#[derive(Clone, Debug)]
pub enum Sent {
    /// The ticket was created, and the object says so.
    Created(CreatedIssue),
    /// Jira refused it.
    Refused(Refusal),
    /// Nothing was sent: it is tried again.
    NotDone(String),
    /// It may have been created.
    Uncertain(String),
}

/// Sends creations, and remembers what became of them.
pub struct Outbox {
    /// Names this process in marks.
    pub holder: String,
    /// The waits.
    pub times: CreationTimes,
    flights: Flights,
    tasks: TaskTracker,
}

/// A creation that can be sent.
pub struct Creation {
    /// The calls to the site.
    pub session: Session,
    /// Where its object is written.
    pub store: TicketStore,
    /// What is sent.
    pub draft: Draft,
    /// Whose ticket it is.
    pub marker: Marker,
    /// Account id of the dedicated account.
    pub account: String,
    /// Most creations of its integration in an hour.
    pub max_per_hour: usize,
}

impl Outbox {
    /// Nothing is under way.
    #[must_use]
    pub fn new(holder: String, times: CreationTimes) -> Self {
        Self {
            holder,
            times,
            flights: Flights::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// What this process knows of a creation by its identity.
    #[must_use]
    pub fn flight(&self, marker: &Marker) -> Option<Flight> {
        self.flights.of(&marker.identity, self.times.remembered())
    }

    /// The ticket that a creation made is gone: an object that is applied again gets another one.
    pub fn forget(&self, identity: &Identity) {
        if matches!(
            self.flights.of(identity, self.times.remembered()),
            Some(Flight::Created(..))
        ) {
            self.flights.end(identity, None);
        }
    }

    /// Waits for what is under way. Called once, at the end.
    pub async fn shut_down(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Writes down what is about to be sent, onto the version that was read.
    ///
    /// # Errors
    /// A conflict where somebody else wrote meanwhile; or when the API server cannot be asked.
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
            digest: creation.draft.digest.clone(),
            uncertain_since: None,
        };
        let status = JiraIssueStatus {
            identity: Some(mark.identity.clone()),
            creation: Some(mark),
            ..before
        };
        creation.store.write(object, &status).await
    }

    /// Sends a creation that was written down, in a task that outlives the reconciliation. None where one of the same
    /// identity is under way.
    pub async fn send(self: &Arc<Self>, object: JiraIssue, creation: Creation, marked: Instant) -> Option<Sent> {
        if !self.flights.begin(&creation.marker.identity) {
            return None;
        }
        let outbox = Arc::clone(self);
        let task = self
            .tasks
            .spawn(async move { outbox.send_now(object, creation, marked).await });
        // A task that panics leaves the creation uncertain, as its mark says.
        Some(
            task.await
                .unwrap_or_else(|_| Sent::Uncertain("the creation was interrupted".to_owned())),
        )
    }

    async fn send_now(&self, object: JiraIssue, creation: Creation, marked: Instant) -> Sent {
        let identity = creation.marker.identity.clone();
        let left = self.times.deadline().saturating_sub(marked.elapsed());
        let answer = if left < self.times.least_left() {
            let late = JiraError::Unavailable {
                detail: "it came too late to be sent".to_owned(),
                retry_after: None,
            };
            Err(WriteError::NotDone(late))
        } else {
            match &creation.draft.first {
                FirstCall::Issue(body) => creation.session.create_issue(body).await,
                FirstCall::Request(body) => creation.session.create_request(body).await,
            }
        };
        let sent = match answer {
            Ok(created) => {
                let known = Flight::Created(created.clone(), creation.marker.n);
                self.flights.end(&identity, Some(known));
                Sent::Created(created)
            }
            Err(WriteError::Refused(refusal)) => {
                self.flights.end(&identity, None);
                Sent::Refused(refusal)
            }
            Err(WriteError::NotDone(error)) => {
                self.flights.end(&identity, None);
                Sent::NotDone(error.to_string())
            }
            Err(WriteError::Uncertain(error)) => {
                self.flights.end(&identity, Some(Flight::Uncertain));
                Sent::Uncertain(error.to_string())
            }
        };
        self.note(&object, &creation, &sent).await;
        sent
    }

    /// Writes what became of it. Where that fails the mark stays, by which it is found again.
    async fn note(&self, object: &JiraIssue, creation: &Creation, sent: &Sent) {
        if let Sent::Created(created) = sent {
            if let Err(why) = self.bind(creation, object, created).await {
                tracing::warn!(key = created.key, why, "a ticket was created, and is bound later");
            }
            return;
        }
        let written = creation.store.change(object, |current| noted(current, sent)).await;
        if let Err(error) = written {
            tracing::warn!(%error, "what became of a creation could not be written; it is found again by its mark");
        }
    }

    /// Binds an object to its ticket. A request is marked first, and filled with what its form did not take.
    ///
    /// # Errors
    /// A sentence, where Jira or the API server refuses it or cannot be asked. It can be repeated.
    pub async fn bind(&self, creation: &Creation, object: &JiraIssue, ticket: &CreatedIssue) -> Result<(), String> {
        if let Some(second) = &creation.draft.second {
            let marked = creation.session.edit_issue(&ticket.id, second).await;
            marked.map_err(|error| format!("{} was created and cannot be marked: {error}", ticket.key))?;
        }
        let sent = Sent::Created(ticket.clone());
        let written = creation.store.change(object, |current| noted(current, &sent)).await;
        written.map(|_| ()).map_err(|error| describe(&error))
    }

    /// Clears a mark, after which nothing was created.
    ///
    /// # Errors
    /// When the API server refuses it or cannot be asked.
    pub async fn clear(&self, store: &TicketStore, object: &JiraIssue, marker: &Marker) -> kube::Result<()> {
        self.flights.end(&marker.identity, None);
        let cleared = |current: &JiraIssue| JiraIssueStatus {
            creation: None,
            ..current.status.clone().unwrap_or_default()
        };
        store.change(object, cleared).await.map(|_| ())
    }
}

/// The status after a creation was sent.
fn noted(current: &JiraIssue, sent: &Sent) -> JiraIssueStatus {
    let before = current.status.clone().unwrap_or_default();
    match sent {
        Sent::Created(created) => JiraIssueStatus {
            id: created.id.clone(),
            key: created.key.clone(),
            creation: None,
            ..before
        },
        Sent::Refused(_) | Sent::NotDone(_) => JiraIssueStatus {
            creation: None,
            ..before
        },
        Sent::Uncertain(_) => {
            let since = |mark: TicketCreation| TicketCreation {
                uncertain_since: mark.uncertain_since.clone().or_else(|| Some(Time(Timestamp::now()))),
                ..mark
            };
            JiraIssueStatus {
                creation: before.creation.clone().map(since),
                ..before
            }
        }
    }
}

impl Creation {
    /// Looks for the ticket before it is created.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn look_up(&self) -> Result<(Found, i64), JiraError> {
        let identities = std::slice::from_ref(&self.marker.identity);
        let found = lookup::before_creation(&self.session, &self.draft.project.key, identities).await?;
        Ok((self.pick(&found, None), found.highest))
    }

    /// Looks for the ticket after its creation was sent and the answer was lost.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn look_up_after(&self, mark: &TicketCreation) -> Result<Found, JiraError> {
        let (project, identity) = (&self.draft.project.key, &self.marker.identity);
        let found = lookup::after_creation(&self.session, project, identity, mark.floor).await?;
        Ok(self.pick(&found, Some(mark)))
    }

    fn pick(&self, found: &LookupResult, mark: Option<&TicketCreation>) -> Found {
        let request = mark.filter(|_| self.draft.second.is_some()).map(|mark| RequestTraits {
            summary: &self.draft.summary,
            project_id: &self.draft.project.id,
            reporter: self.draft.reporter.as_deref(),
            since: mark.at.0,
        });
        let wanted = Wanted {
            identity: &self.marker.identity,
            account: &self.account,
            request,
        };
        pick(&wanted, &found.all())
    }
}
