//! A pass under way, and what several of its steps do: publish the access token for workloads
//! and take it back.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    context::Context,
    observe::Seen,
    outcome::{Outcome, Stop, Token},
    schedule::Due,
};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::{SiteStatus, TokenStatus},
        reason::Reason,
    },
    grant::{
        finding,
        held::Held,
        publish::{self, Published},
        store::WriteError,
    },
};

/// A pass under way.
pub(super) struct Pass<'a> {
    pub(super) ctx: &'a Context,
    pub(super) seen: &'a Seen,
    pub(super) due: Due,
    pub(super) outcome: &'a mut Outcome,
}

impl Pass<'_> {
    pub(super) async fn publish(&mut self, held: &Held, site: &SiteStatus) -> Result<(), Stop> {
        let what = Published {
            access: &held.access,
            base_url: self.ctx.endpoints.gateway(&site.cloud_id),
            site_url: site.url.clone(),
            lineage: held.lineage.as_ref(),
        };
        let written = publish::publish(&self.ctx.client, &self.seen.target, &self.seen.published, &what).await;
        self.written(written)?;
        self.outcome.token = Token::Published(TokenStatus {
            secret_name: self.seen.target.name.clone(),
            expires_at: Time(held.access.expires_at),
            refreshed_at: Time(held.access.refreshed_at),
            grant_idle_expires_at: Time(held.idle_expires_at),
        });
        Ok(())
    }

    pub(super) async fn retract(&mut self) -> Result<(), Stop> {
        let lineage = self.outcome.lineage.clone();
        let written = publish::retract(
            &self.ctx.client,
            &self.seen.target,
            &self.seen.published,
            lineage.as_ref(),
        )
        .await;
        self.written(written)?;
        self.outcome.token = Token::Retracted;
        Ok(())
    }

    fn written(&mut self, result: Result<bool, WriteError>) -> Result<(), Stop> {
        match result {
            Ok(_) => Ok(()),
            Err(WriteError::Terminating) => Err(Stop::Quiet),
            Err(error) => {
                let finding = finding::not_writable(&self.seen.target.name, &error.to_string());
                Err(self.outcome.step(finding).err().unwrap_or(Stop::Quiet))
            }
        }
    }
}

/// The finding for a synchronisation that succeeded.
pub(super) fn synced_finding(projects: usize) -> Finding {
    let message = format!("The last synchronisation succeeded: {projects} projects.");
    Finding::new(ConditionType::Synced, Reason::SyncSucceeded, message)
}
