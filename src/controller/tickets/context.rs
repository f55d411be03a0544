//! What the reconciliation of a ticket has at hand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::FutureExt;
use jiff::Timestamp;
use kube::{
    ResourceExt,
    runtime::reflector::{ObjectRef, Store},
};

use super::{
    assignable::Assignable, audit, known::KnownObjects, news::News, rested::Rested, summaries::Summaries,
    unmade::Unmade,
};
use crate::{
    api::{integration::JiraIntegration, issue::JiraIssue, project::JiraProject, requirements::SERVICE_DESK},
    atlassian::{client::OnError, error::JiraError, jira::Session, site::SiteUrl},
    cluster::{error::describe, time::clock},
    controller::{Guarded, context::Context, shared_access::SharedToken},
    grant::{AccessOptions, GrantKey},
    tickets::{Creatable, CreationTimes, HourlyLimit, Lookups, Outbox, PersonSearches, WritePermit},
};

/// Clients and memory, shared by the reconciliations of all tickets.
pub struct TicketContext {
    /// What those of integrations have.
    pub ctx: Arc<Context>,
    /// Sends creations.
    pub outbox: Arc<Outbox>,
    /// What can be created, as Jira said last.
    pub creatable: Creatable,
    /// Whose an address is, as Jira said last.
    pub searches: PersonSearches,
    /// Who can be assigned, as Jira said last.
    pub assignable: Assignable,
    /// How many tickets each integration created within the hour.
    pub hourly: HourlyLimit,
    /// The integrations that are watched.
    pub integrations: Vec<Store<Guarded>>,
    /// The projects that are watched.
    pub projects: Vec<Store<JiraProject>>,
    /// Whether what integrations say of their tickets is to be looked through.
    pub summaries: Summaries,
    /// What Jira said of tickets that is not written yet.
    pub news: News,
    /// What the watch told of the objects.
    pub known: KnownObjects,
    /// Tickets that could not be moved.
    pub rested: Rested,
    /// Tickets whose fields could not be written.
    pub rested_edits: Rested,
    /// Tickets of which a comment was refused.
    pub rested_comments: Rested,
    /// Tickets of which somebody has not the role that the spec names.
    pub rested_people: Rested,
    /// Requests of which Jira did not say where their customers see them.
    pub rested_portals: Rested,
    /// Moves that were written down and not made.
    pub unmade: Unmade,
    /// Creations whose answer is lost, by the uid of their object.
    settling: Mutex<HashMap<String, Settling>>,
}

/// A creation whose answer is lost.
#[derive(Clone, Debug)]
pub struct Settling {
    /// Which attempt it was.
    attempt: String,
    /// Since when it is looked for.
    pub since: Instant,
    /// The look-ups.
    pub lookups: Lookups,
}

/// What talks to Jira for a ticket.
pub struct TicketSession {
    /// The calls to the site.
    pub session: Session,
    /// The OAuth app: what tells clusters apart where the spec names nothing else.
    pub client_id: String,
}

impl TicketContext {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(ctx: Arc<Context>, integrations: Vec<Store<Guarded>>, projects: Vec<Store<JiraProject>>) -> Self {
        let holder = format!("{:016x}", rand::random::<u64>());
        let times = CreationTimes::new(ctx.creation_settle);
        Self {
            ctx,
            outbox: Arc::new(Outbox::new(holder, times)),
            creatable: Creatable::default(),
            searches: PersonSearches::default(),
            assignable: Assignable::default(),
            hourly: HourlyLimit::default(),
            integrations,
            projects,
            summaries: Summaries::default(),
            news: News::default(),
            known: KnownObjects::default(),
            rested: Rested::default(),
            rested_edits: Rested::default(),
            rested_comments: Rested::default(),
            rested_people: Rested::default(),
            rested_portals: Rested::default(),
            unmade: Unmade::default(),
            settling: Mutex::default(),
        }
    }

    /// An integration as it is known.
    #[must_use]
    pub fn integration(&self, namespace: &str, name: &str) -> Option<Arc<Guarded>> {
        let named = ObjectRef::new(name).within(namespace);
        self.integrations.iter().find_map(|known| known.get(&named))
    }

    /// The projects of an integration.
    #[must_use]
    pub fn projects_of(&self, namespace: &str, integration: &str) -> Vec<Arc<JiraProject>> {
        let all = self.projects.iter().flat_map(Store::state);
        let of_it = all.filter(|known| {
            known.spec.integration == integration && known.metadata.namespace.as_deref() == Some(namespace)
        });
        of_it.collect()
    }

    /// Whether the project with this id is a service project of the object's integration.
    #[must_use]
    pub fn is_service_project(&self, object: &JiraIssue, id: &str) -> bool {
        let projects = self.projects_of(&object.namespace().unwrap_or_default(), &object.spec.integration);
        let mut known = projects.iter().filter_map(|project| project.status.as_ref());
        known.any(|status| status.id.as_deref() == Some(id) && status.project_type.as_deref() == Some(SERVICE_DESK))
    }

    /// Whether all projects were listed: before that none may be believed to be out of scope.
    #[must_use]
    pub fn are_projects_known(&self) -> bool {
        let is_known = |known: &Store<JiraProject>| known.wait_until_ready().now_or_never().is_some();
        self.projects.iter().all(is_known)
    }

    /// Gets an access token of the integration's grant. What is written with it is told of the object.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub async fn session(
        &self,
        object: &JiraIssue,
        integration: &JiraIntegration,
        permit: &WritePermit,
    ) -> Result<TicketSession, String> {
        let TicketSession { session, client_id } = self.reading_session(integration, permit).await?;
        let session = session.reported_to(audit::reporter(&self.ctx, object));
        Ok(TicketSession { session, client_id })
    }

    /// The same to read alone, for no one object.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub async fn reading_session(
        &self,
        integration: &JiraIntegration,
        permit: &WritePermit,
    ) -> Result<TicketSession, String> {
        let key = GrantKey {
            namespace: integration.namespace().unwrap_or_default(),
            credentials: integration.spec.secret_ref.name.clone(),
        };
        let shared = self.ctx.shared_access.of(&key, self.access(&key)).await?;
        let SharedToken { client_id, token, .. } = shared;
        let site = SiteUrl::parse(&integration.spec.site, &self.ctx.site_suffixes);
        let host = site.map_or_else(|_| String::new(), |site| site.host().to_owned());
        // Another integration of the app, or another ticket, may have found that its points are spent.
        if let Some(spent) = self.ctx.pools.spent(&client_id, &host, Timestamp::now()) {
            let until = clock(spent.until);
            return Err(format!("the hour's points of the OAuth app are spent until {until}"));
        }
        let told = self.on_error(key, client_id.clone(), host);
        let client = self.ctx.atlassian(token).failing_to(told);
        Ok(TicketSession {
            session: Session::new(&client, &permit.cloud_id),
            client_id,
        })
    }

    /// The access token of a grant, as the cluster has it now.
    async fn access(&self, key: &GrantKey) -> Result<SharedToken, String> {
        let read = self.ctx.grant_store.credentials(key).await;
        let credentials = read.map_err(|error| describe(&error))?;
        let credentials = credentials.map_err(|error| error.to_string())?;
        let client_id = credentials.app.client_id.clone();
        let options = AccessOptions::default();
        let granted = self.ctx.grants.access(key, credentials, options).await;
        let grant = granted.map_err(|_| "there is no access token at present".to_owned())?;
        Ok(SharedToken {
            client_id,
            expires_at: grant.access.expires_at,
            token: grant.access.token,
        })
    }

    /// Takes in what the failure of a call says of all others: the token is not accepted any more, or the points of the
    /// app are spent.
    fn on_error(&self, key: GrantKey, app: String, host: String) -> Arc<OnError> {
        let ctx = Arc::clone(&self.ctx);
        Arc::new(move |error| match error {
            JiraError::Unauthorized(_) => ctx.shared_access.forget(&key),
            JiraError::RateLimited(limit) => ctx.pools.note_spent(&app, &host, limit, Timestamp::now()),
            _ => {}
        })
    }

    /// The look-ups for an attempt at a creation, which begin now or began before.
    #[must_use]
    pub fn settling(&self, uid: &str, attempt: &str) -> Settling {
        let mut all = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(uid).filter(|known| known.attempt == attempt) {
            return known.clone();
        }
        let begun = Settling {
            attempt: attempt.to_owned(),
            since: Instant::now(),
            lookups: Lookups::default(),
        };
        all.insert(uid.to_owned(), begun.clone());
        begun
    }

    /// Keeps how far they came.
    pub fn keep_settling(&self, uid: &str, settling: Settling) {
        let mut all = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(uid.to_owned(), settling);
    }

    /// An object is gone, and what is remembered for it with it.
    pub fn forget(&self, object: &JiraIssue) {
        self.known.forget(object);
        self.unmade.forget(object);
        let uid = object.uid().unwrap_or_default();
        self.settled(&note_place(&uid));
        self.settled(&comment_place(&uid));
        self.settled(&uid);
    }

    /// It is settled.
    pub fn settled(&self, uid: &str) {
        let mut all = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(uid);
    }
}

impl Settling {
    /// How long it is looked for, where the first so long it may still be sent by another process.
    #[must_use]
    pub fn elapsed_after(&self, grace: Duration) -> Option<Duration> {
        self.since.elapsed().checked_sub(grace)
    }
}

/// Names the comment that is being made for an object among what is looked for.
#[must_use]
pub fn comment_place(uid: &str) -> String {
    format!("{uid}/comment")
}

/// Names the comment of an object among what is looked for.
#[must_use]
pub fn note_place(uid: &str) -> String {
    format!("{uid}/note")
}
