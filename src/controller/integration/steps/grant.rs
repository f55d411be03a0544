//! Gets an access token of the grant that belongs to the integration, or says why there is none.

use jiff::Timestamp;

use super::{
    Run, StepError,
    token::{TokenStep, retract},
};
use crate::{
    api::condition::{ConditionType::Authorized, Finding},
    controller::integration::observe,
    grant::{
        AccessOptions, ActiveGrant, Credentials, GrantError, NotConnected, findings, publish::TokenSecretState,
        refresh_at,
    },
};

/// What came of asking for an access token.
#[derive(Debug)]
pub struct GrantStep {
    /// What is said of it; nothing while the namespace is being deleted.
    pub finding: Option<Finding>,
    /// When the token is to be refreshed.
    pub refresh_at: Option<Timestamp>,
    /// When the exchange is tried again, after the token endpoint gave no usable answer.
    pub exchange_at: Option<Timestamp>,
    /// When another process's lock ends.
    pub busy_until: Option<Timestamp>,
    /// New tokens wait in memory to be stored.
    pub is_unsaved: bool,
    /// The token was taken back from workloads, because a person disconnected.
    pub retraction: Option<TokenStep>,
    /// The grant.
    pub grant: Result<ActiveGrant, StepError>,
}

impl GrantStep {
    /// No token, and why.
    #[must_use]
    pub const fn ended(finding: Option<Finding>, error: StepError) -> Self {
        Self {
            finding,
            refresh_at: None,
            exchange_at: None,
            busy_until: None,
            is_unsaved: false,
            retraction: None,
            grant: Err(error),
        }
    }

    /// What is known of the times after this step, which renews what an earlier one brought.
    #[must_use]
    pub fn renewing(mut self, earlier: &Self) -> Self {
        self.refresh_at = self.refresh_at.or(earlier.refresh_at);
        self.exchange_at = self.exchange_at.or(earlier.exchange_at);
        self.busy_until = self.busy_until.or(earlier.busy_until);
        self
    }
}

/// A good access token; another one than `rejected`, where Atlassian no longer accepts that of this grant.
pub async fn access(run: Run<'_>, rejected: Option<&ActiveGrant>) -> GrantStep {
    let credentials = match &run.observed.credentials {
        Ok(credentials) => credentials.clone(),
        Err(error) => {
            let finding = findings::credentials(error);
            let stopped = StepError::after(&finding);
            return GrantStep::ended(Some(finding), stopped);
        }
    };
    let options = AccessOptions {
        rejected: rejected.map(|grant| grant.access.token.clone()),
        requested: run.observed.inputs().is_requested(),
        is_rightful: false,
    };
    match access_or_restore(run, credentials, options).await {
        Ok(grant) => GrantStep {
            refresh_at: Some(refresh_at(&grant.access)),
            grant: Ok(grant.clone()),
            ..GrantStep::ended(Some(findings::held(&grant, &run.observed.grant)), StepError::Quiet)
        },
        Err(error) => without_token(run, error).await,
    }
}

/// A deleted grant Secret is written back only for an integration that still exists: the watch may not have
/// reported yet that it was deleted too.
async fn access_or_restore(
    run: Run<'_>,
    credentials: Credentials,
    options: AccessOptions,
) -> Result<ActiveGrant, GrantError> {
    let (grants, key) = (&run.ctx.grants, &run.observed.grant);
    match grants.access(key, credentials.clone(), options.clone()).await {
        Err(GrantError::Deleted) => {
            let exists = observe::still_exists(run.ctx, run.observed).await;
            if !exists.map_err(|error| GrantError::unread(&error))? {
                return Err(GrantError::Deleted);
            }
            let is_rightful = true;
            let options = AccessOptions { is_rightful, ..options };
            grants.access(key, credentials, options).await
        }
        granted => granted,
    }
}

async fn without_token(run: Run<'_>, error: GrantError) -> GrantStep {
    let Some(finding) = findings::trouble(&error, &run.observed.grant) else {
        return GrantStep::ended(None, StepError::Quiet);
    };
    let (stopped, goes_on) = (StepError::after(&finding), finding.is_true());
    let mut step = GrantStep::ended(Some(finding), stopped);
    match error {
        GrantError::Busy { until, still } => {
            step.busy_until = Some(until);
            step.grant = still.map(|grant| *grant).ok_or(StepError::After(Authorized));
        }
        GrantError::Unavailable { retry_at, still, .. } => {
            step.exchange_at = Some(retry_at);
            if let Some(grant) = still.filter(|_| goes_on) {
                // The token still works; that it expires is said when it does.
                step.exchange_at = Some(retry_at.min(grant.access.expires_at));
                step.grant = Ok(*grant);
            }
        }
        GrantError::NotWritable { unsaved, .. } => step.is_unsaved = unsaved,
        // A client secret that was refused is tried again by itself.
        GrantError::Refused(refusal) => step.exchange_at = refusal.retry_at(),
        // Who disconnects wants the access token gone as well.
        GrantError::NotConnected(NotConnected::Disconnected(_)) => {
            let retraction = retract(run, None).await;
            if let Some(error) = &retraction.stopped {
                step.grant = Err(error.clone());
            }
            step.retraction = Some(retraction);
        }
        _ => {}
    }
    step
}

/// Somebody else's Secret has the name under which the token is to be published.
#[must_use]
pub fn name_taken(run: Run<'_>) -> Option<Finding> {
    match &run.observed.published {
        TokenSecretState::Foreign => Some(findings::name_taken(&run.observed.target.name)),
        TokenSecretState::Own(_) | TokenSecretState::Nothing => None,
    }
}
