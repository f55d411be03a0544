//! A pass under way, and what several of its steps do: publish the access token for workloads
//! and take it back.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    context::Context,
    observe::ObservedState,
    outcome::{Outcome, StepError, Token},
    schedule::ReconcileKind,
};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::{SiteStatus, TokenStatus},
        reason::Reason,
    },
    cluster::error::WriteError,
    grant::{
        active::ActiveGrant,
        findings,
        publish::{self, PublishResult, TokenSecretData},
    },
};

/// A pass under way.
pub(super) struct Pass<'a> {
    pub(super) ctx: &'a Context,
    pub(super) observed: &'a ObservedState,
    pub(super) due: ReconcileKind,
    pub(super) outcome: &'a mut Outcome,
}

impl Pass<'_> {
    /// Publishes the token of a grant that was judged.
    pub(super) async fn publish(&mut self, held: &ActiveGrant, site: &SiteStatus) -> Result<(), StepError> {
        let what = TokenSecretData {
            access: &held.access,
            base_url: self.ctx.endpoints.gateway(&site.cloud_id),
            site_url: site.url.clone(),
        };
        self.write(Some(&what)).await?;
        // What is read back has no fractions: with them it would look changed, and be written again.
        let time = |at| Time(publish::to_the_second(at));
        self.outcome.token = Token::Published(TokenStatus {
            secret_name: self.observed.target.name.clone(),
            expires_at: time(held.access.expires_at),
            refreshed_at: time(held.access.refreshed_at),
            grant_idle_expires_at: time(held.idle_expires_at),
        });
        Ok(())
    }

    /// Takes the token back.
    pub(super) async fn retract(&mut self) -> Result<(), StepError> {
        self.write(None).await?;
        self.outcome.token = Token::Retracted;
        Ok(())
    }

    async fn write(&mut self, wanted: Option<&TokenSecretData<'_>>) -> Result<(), StepError> {
        let (target, lineage) = (&self.observed.target, self.outcome.lineage.clone());
        let written = publish::write(
            &self.ctx.client,
            target,
            &self.observed.published,
            wanted,
            lineage.as_ref(),
        )
        .await;
        let finding = match written {
            Ok(PublishResult::Done) => return self.withdraw_former().await,
            // A token that is taken back needs no name.
            Ok(PublishResult::Taken) if wanted.is_none() => return Ok(()),
            Ok(PublishResult::Taken) => findings::name_taken(&target.name),
            Err(WriteError::Terminating) => return Err(StepError::Quiet),
            Err(error) => findings::not_writable(&target.name, &error.to_string()),
        };
        Err(self.outcome.step(finding).err().unwrap_or(StepError::Quiet))
    }

    /// After a change of spec.tokenSecretName the Secret under the former name goes.
    async fn withdraw_former(&mut self) -> Result<(), StepError> {
        let (target, token) = (&self.observed.target, self.observed.status.token.as_ref());
        let former = token.map(|token| &token.secret_name);
        let Some(former) = former.filter(|name| **name != target.name) else {
            return Ok(());
        };
        match publish::withdraw(&self.ctx.client, target, former).await {
            Ok(()) => Ok(()),
            Err(WriteError::Terminating) => Err(StepError::Quiet),
            Err(error) => {
                let finding = findings::not_writable(former, &error.to_string());
                Err(self.outcome.step(finding).err().unwrap_or(StepError::Quiet))
            }
        }
    }
}

/// The finding for a synchronisation that succeeded.
pub(super) fn synced_finding(projects: usize) -> Finding {
    let message = match projects {
        1 => "The last synchronisation succeeded: one project.".to_owned(),
        _ => format!("The last synchronisation succeeded: {projects} projects."),
    };
    Finding::new(ConditionType::Synced, Reason::SyncSucceeded, message)
}
