//! Publishes the access token for workloads, and takes it back.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Run, StepError};
use crate::{
    api::{
        condition::Finding,
        integration::{SiteStatus, TokenStatus},
    },
    atlassian::secret::TokenHash,
    cluster::error::WriteError,
    grant::{
        ActiveGrant, findings,
        publish::{self, PublishResult, TokenSecretData},
    },
};

/// What happened to the access token for workloads.
#[derive(Clone, Debug, Default)]
pub enum TokenChange {
    /// It stays as it was.
    #[default]
    Kept,
    /// It is published.
    Published(TokenStatus),
    /// It was taken back.
    Retracted,
}

/// What publishing a token, or taking it back, led to.
#[derive(Debug, Default)]
pub struct TokenStep {
    /// What happened to it.
    pub change: TokenChange,
    /// Why it could not be written.
    pub finding: Option<Finding>,
    /// Why nothing else makes sense.
    pub stopped: Option<StepError>,
}

/// Publishes the token of a grant that was judged.
pub async fn publish(run: Run<'_>, grant: &ActiveGrant, site: &SiteStatus) -> TokenStep {
    let wanted = TokenSecretData {
        access: &grant.access,
        base_url: run.ctx.endpoints.gateway(&site.cloud_id),
        site_url: site.url.clone(),
    };
    // What is read back has no fractions: with them it would seem changed, and be written again.
    let time = |at| Time(publish::to_the_second(at));
    let published = TokenChange::Published(TokenStatus {
        secret_name: run.observed.target.name.clone(),
        expires_at: time(grant.access.expires_at),
        refreshed_at: time(grant.access.refreshed_at),
        grant_idle_expires_at: time(grant.idle_expires_at),
    });
    write(run, Some(&wanted), grant.lineage.as_ref()).await.or(published)
}

/// Takes the token back; `lineage` says which grant it came of.
pub async fn retract(run: Run<'_>, lineage: Option<&TokenHash>) -> TokenStep {
    write(run, None, lineage).await.or(TokenChange::Retracted)
}

impl TokenStep {
    /// This, or where nothing went wrong, that change.
    fn or(self, change: TokenChange) -> Self {
        match self.stopped {
            None => Self { change, ..self },
            Some(_) => self,
        }
    }

    fn failed(finding: Finding) -> Self {
        Self {
            stopped: Some(StepError::after(&finding)),
            finding: Some(finding),
            ..Self::default()
        }
    }

    fn quiet() -> Self {
        Self {
            stopped: Some(StepError::Quiet),
            ..Self::default()
        }
    }
}

async fn write(run: Run<'_>, wanted: Option<&TokenSecretData<'_>>, lineage: Option<&TokenHash>) -> TokenStep {
    let (target, present) = (&run.observed.target, &run.observed.published);
    match publish::write(&run.ctx.client, target, present, wanted, lineage).await {
        Ok(PublishResult::Done) => withdraw_former(run).await,
        // A token that is taken back needs no name.
        Ok(PublishResult::Taken) if wanted.is_none() => TokenStep::default(),
        Ok(PublishResult::Taken) => TokenStep::failed(findings::name_taken(&target.name)),
        Err(WriteError::Terminating) => TokenStep::quiet(),
        Err(error) => TokenStep::failed(findings::not_writable(&target.name, &error.to_string())),
    }
}

/// After a change of spec.tokenSecretName the Secret under the former name goes.
async fn withdraw_former(run: Run<'_>) -> TokenStep {
    let (target, token) = (&run.observed.target, run.observed.status.token.as_ref());
    let former = token.map(|token| &token.secret_name);
    let Some(former) = former.filter(|name| **name != target.name) else {
        return TokenStep::default();
    };
    match publish::withdraw(&run.ctx.client, target, former).await {
        Ok(()) => TokenStep::default(),
        Err(WriteError::Terminating) => TokenStep::quiet(),
        Err(error) => TokenStep::failed(findings::not_writable(former, &error.to_string())),
    }
}
