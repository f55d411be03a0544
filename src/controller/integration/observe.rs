//! The first step of a reconciliation: what the cluster says, read once.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::OwnerReference};
use kube::{Api, Resource, ResourceExt, api::ListParams};

use super::schedule::{ScheduleInputs, due};
use crate::{
    api::{
        condition::{ConditionType, reason_of},
        integration::{JiraIntegration, JiraIntegrationStatus},
        names,
        reason::Reason,
    },
    atlassian::site::{SiteUrl, SiteUrlError},
    cluster::owner::Owner,
    controller::{
        admission::AdmissionRequest,
        context::Context,
        index::token_secret_name,
        local_state::{JiraWait, LocalState},
        reconcile_kind::ReconcileKind,
    },
    grant::{
        Credentials, CredentialsError, GrantKey,
        publish::{self, TokenSecret, TokenSecretState},
    },
};

/// Longest wait for a quota, which is refilled each hour, and for the turn of an integration then.
const LONGEST_QUOTA_WAIT: SignedDuration = SignedDuration::from_hours(2);

/// One integration and what stands around it.
pub struct ObservedState {
    /// The object.
    pub integration: JiraIntegration,
    /// Its status as last written.
    pub status: JiraIntegrationStatus,
    /// What is remembered of it.
    pub local: LocalState,
    /// Its site, if the operator may talk to it.
    pub site: Result<SiteUrl, SiteUrlError>,
    /// The person's Secret.
    pub credentials: Result<Credentials, CredentialsError>,
    /// resourceVersion of the person's Secret.
    pub credentials_version: Option<String>,
    /// Which grant belongs to it.
    pub grant: GrantKey,
    /// Where the access token is published.
    pub target: TokenSecret,
    /// What stands there.
    pub published: TokenSecretState,
    /// When the reconciliation began.
    pub now: Timestamp,
}

/// Whether the API server, asked now, still has this very integration.
///
/// # Errors
/// When the API server cannot be asked.
pub async fn still_exists(ctx: &Context, observed: &ObservedState) -> kube::Result<bool> {
    let api: Api<JiraIntegration> = Api::namespaced(ctx.client.clone(), &observed.target.namespace);
    let named = ListParams::default().fields(&format!("metadata.name={}", observed.target.integration));
    let found = api.list_metadata(&named).await?;
    Ok(found
        .items
        .iter()
        .any(|object| object.uid() == observed.integration.uid() && object.metadata.deletion_timestamp.is_none()))
}

/// What is remembered; after a restart what the status says of it: a quota that was spent still is.
fn recall(ctx: &Context, integration: &JiraIntegration) -> LocalState {
    let mut local = ctx.local_states.of(&integration.uid().unwrap_or_default());
    if local.status.last.is_none() && local.jira.wait.is_none() {
        local.jira.wait = written_wait(integration, Timestamp::now());
    }
    local
}

fn written_wait(integration: &JiraIntegration, now: Timestamp) -> Option<JiraWait> {
    let status = integration.status.as_ref()?;
    let spent = reason_of(&status.conditions, ConditionType::Synced) == Some(Reason::QuotaExhausted);
    let until = status.sync.as_ref()?.next_sync_time.as_ref()?.0;
    // Another spec may name another app.
    let same = status.observed_generation == integration.metadata.generation;
    let was_diagnosed = status.sync.as_ref()?.last_diagnosis_time.is_some();
    // No quota is spent for longer: it was written by a clock that was ahead.
    let plausible = until > now && until.duration_since(now) < LONGEST_QUOTA_WAIT;
    (spent && same && plausible).then(|| JiraWait {
        until,
        by_atlassian: true,
        of: asks_jira_as(integration),
        resumes: if was_diagnosed {
            ReconcileKind::Incremental
        } else {
            ReconcileKind::Full
        },
    })
}

/// Which site is asked with which credentials.
fn asks_jira_as(integration: &JiraIntegration) -> String {
    format!("{} {}", integration.spec.site, integration.spec.secret_ref.name)
}

/// Reads the cluster: the person's Secret and the one for workloads.
///
/// # Errors
/// When the API server cannot be asked.
pub async fn observe(ctx: &Context, integration: &JiraIntegration) -> kube::Result<ObservedState> {
    let integration = integration.clone();
    let namespace = integration.namespace().unwrap_or_default();
    let name = integration.spec.secret_ref.name.clone();
    let local = recall(ctx, &integration);
    let target = TokenSecret {
        namespace: namespace.clone(),
        name: token_secret_name(&integration),
        integration: integration.name_any(),
        owner: owner_reference(&integration),
    };
    let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), &namespace);
    let (secret, published) = futures::try_join!(secrets.get_opt(&name), publish::find(&ctx.client, &target))?;
    Ok(ObservedState {
        status: local.status.newest(&integration),
        site: SiteUrl::parse(&integration.spec.site, &ctx.site_suffixes),
        credentials: Credentials::read(&name, secret.as_ref()),
        credentials_version: secret.and_then(|s| s.resource_version()),
        grant: GrantKey {
            namespace,
            credentials: name,
        },
        local,
        target,
        published,
        now: Timestamp::now(),
        integration,
    })
}

fn owner_reference(integration: &JiraIntegration) -> OwnerReference {
    OwnerReference {
        block_owner_deletion: None,
        ..integration.controller_owner_ref(&()).unwrap_or_default()
    }
}

/// What decides what is due.
fn inputs<'a>(
    integration: &'a JiraIntegration,
    status: &'a JiraIntegrationStatus,
    local: &'a LocalState,
    now: Timestamp,
) -> ScheduleInputs<'a> {
    ScheduleInputs {
        generation: integration.metadata.generation.unwrap_or(0),
        // What is being answered is not asked for anew.
        requested_at: request(integration, status).filter(|value| !local.work.answers(value)),
        status,
        next_sync: local.due.next_sync,
        is_stale: local.status.is_stale,
        wait: local.jira.resumes(),
        resume_at: resume_at(status, local, now),
        now,
    }
}

fn request<'a>(integration: &'a JiraIntegration, status: &JiraIntegrationStatus) -> Option<&'a str> {
    let value = integration.annotations().get(names::REQUESTED_AT)?;
    (status.last_handled_reconcile_at.as_ref() != Some(value)).then_some(value)
}

/// When the next slice of unfinished work is due. After a restart the status says that some is
/// unfinished.
fn resume_at(status: &JiraIntegrationStatus, local: &LocalState, now: Timestamp) -> Option<Timestamp> {
    let filling = status.sync.as_ref().is_some_and(|sync| sync.progress.is_some());
    let listing = status.users.as_ref().is_some_and(|users| users.next_offset.is_some());
    let unfinished = (filling || listing) && local.status.last.is_none();
    local.due.resume_at.or_else(|| unfinished.then_some(now))
}

/// What an integration waits for a slot for, as far as that is known without asking the cluster.
pub(super) fn waiting(ctx: &Context, integration: &JiraIntegration) -> AdmissionRequest {
    let now = Timestamp::now();
    let local = recall(ctx, integration);
    let status = local.status.newest(integration);
    let inputs = inputs(integration, &status, &local, now);
    let is_idle = integration.spec.suspend || local.cluster.until(now).is_some() || local.jira.wait(now).is_some();
    AdmissionRequest {
        due: if is_idle {
            ReconcileKind::TokenOnly
        } else {
            due(&inputs)
        },
        since: inputs.due_since(),
        token_at: if local.history.has_reconciled {
            local.due.token_at
        } else {
            written_token_at(&status)
        },
        now,
    }
}

/// When the token is to be refreshed, as far as the status says: in the middle of its last third.
fn written_token_at(status: &JiraIntegrationStatus) -> Option<Timestamp> {
    let token = status.token.as_ref()?;
    let lifetime = token.expires_at.0.duration_since(token.refreshed_at.0);
    token.expires_at.0.checked_sub(lifetime / 6).ok()
}

impl ObservedState {
    /// Generation of the spec.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.integration.metadata.generation.unwrap_or(0)
    }

    /// resourceVersion of what was observed: the watch may lag behind our own last write.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.local.status.version(&self.integration)
    }

    /// What decides what is due.
    #[must_use]
    pub fn inputs(&self) -> ScheduleInputs<'_> {
        inputs(&self.integration, &self.status, &self.local, self.now)
    }

    /// When a synchronisation succeeded last.
    #[must_use]
    pub fn last_success(&self) -> Option<Timestamp> {
        Some(self.status.sync.as_ref()?.last_sync_time.as_ref()?.0)
    }

    /// What a person asks for by the annotation, where that is not answered yet.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        request(&self.integration, &self.status)
    }

    /// Until when the reconciliation is put off, because the cluster refused what it has to write. A change
    /// and a request lift it.
    #[must_use]
    pub fn put_off(&self) -> Option<Timestamp> {
        let at = self.local.cluster.until(self.now)?;
        (!self.is_changed() && !self.inputs().is_requested()).then_some(at)
    }

    /// The wait for Jira that is in force.
    #[must_use]
    pub fn jira_wait(&self) -> Option<&JiraWait> {
        let is_changed = self.is_changed() || self.inputs().is_requested();
        self.local.jira.in_force(&self.asks_jira_as(), is_changed, self.now)
    }

    /// Whether the spec or the credentials changed since they were judged last.
    fn is_changed(&self) -> bool {
        let credentials = self.credentials_version.as_ref();
        self.local.judged.differ(self.generation(), credentials, &self.status)
    }

    /// Which site is asked with which credentials.
    #[must_use]
    pub fn asks_jira_as(&self) -> String {
        asks_jira_as(&self.integration)
    }

    /// `spec.account` as text, to be compared with an earlier one.
    #[must_use]
    pub fn expected_account(&self) -> String {
        serde_json::to_string(&self.integration.spec.account).unwrap_or_default()
    }

    /// The integration as owner of its projects.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner {
            namespace: self.target.namespace.clone(),
            name: self.target.integration.clone(),
            uid: self.target.owner.uid.clone(),
            reference: self.target.owner.clone(),
        }
    }

    /// The keys that spec names.
    #[must_use]
    pub fn named_projects(&self) -> Option<Vec<String>> {
        let named = self.integration.spec.projects.as_ref()?;
        Some(named.iter().map(|project| project.key.clone()).collect())
    }
}
