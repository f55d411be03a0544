//! What the reconciliation of a ticket has at hand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::FutureExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt, runtime::reflector::Store};

use super::{
    assignable::Assignable,
    audit,
    creatable::Creatable,
    known::{KnownObjects, integration_of},
    news::News,
    summaries::Summaries,
};
use crate::{
    api::{integration::JiraIntegration, issue::JiraIssue, project::JiraProject},
    atlassian::{error::JiraError, jira::Session, site::SiteUrl},
    cluster::time::{after, clock},
    controller::{Guarded, context::Context},
    grant::{AccessOptions, Credentials, GrantKey},
    sync::budget::SpentQuota,
    tickets::{CreationTimes, HourlyLimit, Lookups, Outbox, WritePermit},
};

/// How long a quota is left alone, where Jira does not say.
const QUOTA: Duration = Duration::from_mins(5);

/// Clients and memory, shared by the reconciliations of all tickets.
pub struct TicketContext {
    /// What those of integrations have.
    pub ctx: Arc<Context>,
    /// Sends creations.
    pub outbox: Arc<Outbox>,
    /// What can be created, as Jira said last.
    pub creatable: Creatable,
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
    /// OAuth app and host of each integration, by namespace and name.
    apps: Mutex<HashMap<String, (String, String)>>,
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
            assignable: Assignable::default(),
            hourly: HourlyLimit::default(),
            integrations,
            projects,
            summaries: Summaries::default(),
            news: News::default(),
            known: KnownObjects::default(),
            apps: Mutex::default(),
            settling: Mutex::default(),
        }
    }

    /// An integration as it is known, if it can be read.
    #[must_use]
    pub fn integration(&self, namespace: &str, name: &str) -> Option<JiraIntegration> {
        let all = self.integrations.iter().flat_map(Store::state);
        let mut named = all.filter(|known| known.name_any() == name && known.namespace().as_deref() == Some(namespace));
        named.find_map(|known| known.0.as_ref().ok().cloned())
    }

    /// The projects of an integration.
    #[must_use]
    pub fn projects_of(&self, namespace: &str, integration: &str) -> Vec<JiraProject> {
        let all = self.projects.iter().flat_map(Store::state);
        let of_it = all
            .filter(|known| known.spec.integration == integration && known.namespace().as_deref() == Some(namespace));
        of_it.map(|known| (*known).clone()).collect()
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
        let namespace = integration.namespace().unwrap_or_default();
        let name = integration.spec.secret_ref.name.clone();
        let secrets: Api<Secret> = Api::namespaced(self.ctx.client.clone(), &namespace);
        let secret = secrets
            .get_opt(&name)
            .await
            .map_err(|error| crate::cluster::error::describe(&error))?;
        let credentials = Credentials::read(&name, secret.as_ref()).map_err(|error| error.to_string())?;
        let client_id = credentials.app.client_id.clone();
        self.points_are_left(integration, &client_id)?;
        let key = GrantKey {
            namespace,
            credentials: name,
        };
        let options = AccessOptions {
            rejected: None,
            requested: false,
            is_rightful: false,
        };
        let granted = self.ctx.grants.access(&key, credentials, options).await;
        let grant = granted.map_err(|_| "there is no access token at present".to_owned())?;
        let client = self.ctx.atlassian(grant.access.token);
        Ok(TicketSession {
            session: Session::new(&client, &permit.cloud_id),
            client_id,
        })
    }

    /// Nothing is asked where another integration of the app, or another ticket, has found that its points are spent.
    fn points_are_left(&self, integration: &JiraIntegration, app: &str) -> Result<(), String> {
        let Ok(site) = SiteUrl::parse(&integration.spec.site, &self.ctx.site_suffixes) else {
            return Ok(());
        };
        let host = site.host().to_owned();
        let (namespace, name) = (integration.namespace().unwrap_or_default(), integration.name_any());
        let spent = self.ctx.pools.spent(app, &host, Timestamp::now());
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        apps.insert(format!("{namespace}/{name}"), (app.to_owned(), host));
        match spent {
            Some(spent) => Err(format!(
                "the hour's points of the OAuth app are spent until {}",
                clock(spent.until)
            )),
            None => Ok(()),
        }
    }

    /// Tells all that share the app's points where they are spent. How long Jira asked to wait.
    pub fn note_refused(&self, object: &JiraIssue, error: &JiraError) -> Option<Duration> {
        let wait = error.retry_after();
        if let JiraError::RateLimited { reason, .. } = error
            && error.is_quota()
        {
            let apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((app, host)) = apps.get(&integration_of(object)) {
                let spent = SpentQuota {
                    until: after(Timestamp::now(), wait.unwrap_or(QUOTA)),
                    reason: reason.clone(),
                };
                self.ctx.pools.note_spent(app, host, spent);
            }
        }
        wait
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
