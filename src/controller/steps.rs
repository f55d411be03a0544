//! The steps of a pass, in order, each skipped when the one before makes it pointless:
//! credentials → grant → site → scopes → account → projects and their synchronisation. Here are
//! those that need no diagnosis; the rest is in [`diagnosis`](super::diagnosis).

use super::{
    context::Context,
    observe::{self, ObservedState},
    outcome::{Outcome, ProjectSync, StepError, Token},
    pass::{Pass, synced_finding},
    schedule::ReconcileKind,
};
use crate::{
    api::{
        condition::ConditionType::{Authorized, SiteReachable},
        integration::ProjectCounts,
        project::JiraProject,
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session, site::SiteUrl},
    diagnose::judge,
    grant::{
        active::{ActiveGrant, GrantError},
        credentials::Credentials,
        findings,
        freshness::{NotConnected, refresh_at},
        grants::AccessOptions,
        publish::TokenSecretState,
    },
    sync::projects::{self, KnownState, apply},
};

/// Runs what is due and returns what was found, complete. The second value says what was done
/// in the end: a plain look that finds a difference turns into a full one.
pub async fn run(ctx: &Context, observed: &ObservedState, due: ReconcileKind) -> (Outcome, ReconcileKind) {
    let asked = observed.asked();
    let mut outcome = Outcome {
        unknown_statuses: observed.local.unknown_statuses.clone(),
        is_unlisted: observed.local.is_unlisted || asked.is_new_generation() || asked.is_requested(),
        ..Outcome::default()
    };
    let mut pass = Pass {
        ctx,
        observed,
        due,
        outcome: &mut outcome,
    };
    let ended = pass.walk().await;
    pass.forget_directory().await;
    let turn = pass.share_limit(&ended);
    let due = pass.due;
    outcome.complete(observed, &ended, turn);
    (outcome, due)
}

impl Pass<'_> {
    async fn walk(&mut self) -> Result<(), StepError> {
        let site = self.allowed_site().await?;
        let held = self.grant(None).await?;
        self.name_is_free()?;
        let doubtful = self.is_another_grant(&held) || self.doubts_the_status();
        if doubtful && self.observed.jira_wait().is_none() {
            self.due = ReconcileKind::Full;
        }
        if self.due == ReconcileKind::TokenOnly {
            return self.refresh(&held).await;
        }
        let client = self.ctx.atlassian(held.access.token.clone());
        let ended = self.ask(&site, held.clone(), &client).await;
        self.outcome.calls = client.calls();
        self.settle_accounts(&client);
        let cut_short = matches!(ended, Err(StepError::RateLimited(_) | StepError::Unanswered(_)));
        if cut_short && matches!(self.outcome.token, Token::Kept) {
            // It may have been exchanged in this pass, and what workloads have may end before the wait.
            self.refresh(&held).await?;
        }
        ended
    }

    /// The steps that ask Jira, and then the work that they allow.
    async fn ask(&mut self, site: &SiteUrl, held: ActiveGrant, client: &AtlassianClient) -> Result<(), StepError> {
        self.points_are_left()?;
        let mut known = None;
        let cheap = match self.due {
            ReconcileKind::Resume => true,
            ReconcileKind::Incremental => {
                known = self.is_unchanged(client).await?;
                known.is_some()
            }
            ReconcileKind::Full | ReconcileKind::TokenOnly => false,
        };
        if cheap {
            self.refresh(&held).await?;
        } else {
            self.due = ReconcileKind::Full;
            let (session, known) = self.diagnose(site, held, client).await?;
            return self.work(&session, known).await;
        }
        let Some(site) = &self.observed.status.site else {
            return Ok(());
        };
        self.work(&Session::new(client, &site.cloud_id), known).await
    }

    /// No request leaves for a site that is not allowed, and no token is spent for it.
    async fn allowed_site(&mut self) -> Result<SiteUrl, StepError> {
        match &self.observed.site {
            Ok(site) => Ok(site.clone()),
            Err(error) => {
                self.outcome.note(judge::site::not_allowed(error));
                self.retract().await?;
                Err(StepError::After(SiteReachable))
            }
        }
    }

    pub(super) async fn grant(&mut self, rejected: Option<&ActiveGrant>) -> Result<ActiveGrant, StepError> {
        let credentials = match &self.observed.credentials {
            Ok(credentials) => credentials.clone(),
            Err(error) => {
                return Err(self
                    .outcome
                    .step(findings::credentials(error))
                    .err()
                    .unwrap_or(StepError::Quiet));
            }
        };
        let wish = AccessOptions {
            rejected: rejected.map(|held| held.access.token.clone()),
            requested: self.observed.asked().is_requested(),
            is_rightful: false,
        };
        match self.hold(credentials, wish).await {
            Ok(held) => {
                self.outcome.refresh_at = Some(refresh_at(&held.access));
                self.outcome.note(findings::held(&held, &self.observed.grant));
                Ok(self.take(held))
            }
            Err(trouble) => self.without_grant(trouble).await,
        }
    }

    /// Holds the grant. A deleted grant Secret is written back only for an integration that still
    /// exists: the watch may not have told yet that it was deleted too.
    async fn hold(&self, credentials: Credentials, wish: AccessOptions) -> Result<ActiveGrant, GrantError> {
        let (keeper, key) = (&self.ctx.grants_in_use, &self.observed.grant);
        match keeper.access(key, credentials.clone(), wish.clone()).await {
            Err(GrantError::Deleted) => {
                let exists = observe::still_exists(self.ctx, self.observed).await;
                if !exists.map_err(|error| GrantError::unread(&error))? {
                    return Err(GrantError::Deleted);
                }
                let is_rightful = true;
                keeper
                    .access(key, credentials, AccessOptions { is_rightful, ..wish })
                    .await
            }
            held => held,
        }
    }

    fn take(&mut self, held: ActiveGrant) -> ActiveGrant {
        self.outcome.lineage.clone_from(&held.lineage);
        held
    }

    async fn without_grant(&mut self, trouble: GrantError) -> Result<ActiveGrant, StepError> {
        let Some(finding) = findings::trouble(&trouble, &self.observed.grant) else {
            return Err(StepError::Quiet);
        };
        let goes_on = finding.is_true();
        self.outcome.note(finding);
        match trouble {
            GrantError::Busy { until, still } => {
                self.outcome.busy_until = Some(until);
                if let Some(held) = still {
                    return Ok(self.take(*held));
                }
            }
            GrantError::Unavailable { retry_at, still, .. } => {
                self.outcome.exchange_at = Some(retry_at);
                if let Some(held) = still.filter(|_| goes_on) {
                    // The token still works; that it expires is said when it does.
                    let expires_at = held.access.expires_at;
                    self.outcome.exchange_at = Some(retry_at.min(expires_at));
                    return Ok(self.take(*held));
                }
            }
            GrantError::NotWritable { unsaved, .. } => self.outcome.unsaved = unsaved,
            // A client secret that was refused is tried again by itself.
            GrantError::Refused(refusal) => self.outcome.exchange_at = refusal.retry_at(),
            // Who disconnects wants the access token gone as well.
            GrantError::NotConnected(NotConnected::Disconnected(_)) => self.retract().await?,
            _ => {}
        }
        Err(StepError::After(Authorized))
    }

    fn name_is_free(&mut self) -> Result<(), StepError> {
        match &self.observed.published {
            TokenSecretState::Foreign => self.outcome.step(findings::name_taken(&self.observed.target.name)),
            TokenSecretState::Own(_) | TokenSecretState::Nothing => Ok(()),
        }
    }

    /// Whether Jira answers as it did: then the projects as they stand in the cluster.
    async fn is_unchanged(&mut self, client: &AtlassianClient) -> Result<Option<Vec<JiraProject>>, StepError> {
        let Some(site) = &self.observed.status.site else {
            return Ok(None);
        };
        let Ok(known) = apply::known(&self.ctx.client, &self.observed.owner()).await else {
            return Ok(None);
        };
        let counted = self.observed.status.projects.as_ref().and_then(ProjectCounts::all);
        if counted.and_then(|all| usize::try_from(all).ok()) != Some(known.len()) {
            // Somebody deleted an object of ours, or it could not be written.
            return Ok(None);
        }
        if known.iter().any(JiraProject::is_unwritten) {
            // It was left half made, or cannot be read.
            return Ok(None);
        }
        let before = KnownState {
            spec: &self.observed.integration.spec,
            conditions: &self.observed.status.conditions,
            known: &known,
            turn: self.observed.local.plain_looks,
        };
        let answer = projects::is_unchanged(&Session::new(client, &site.cloud_id), before).await;
        if !believed(answer, self.observed.local.jira_failures)? {
            return Ok(None);
        }
        self.outcome.note(synced_finding(known.len()));
        let applied = apply::Applied::default();
        self.outcome.synced = Some(ProjectSync {
            full: false,
            applied,
            succeeded: true,
        });
        Ok(Some(known))
    }
}

/// Whether nothing changed, as a plain look tells after so many failures in a row. What is not known is looked at
/// in full, unless that would make a look dearer for what passes within seconds, or Atlassian asked to wait.
fn believed(is_unchanged: Result<bool, JiraError>, failures: u32) -> Result<bool, StepError> {
    match is_unchanged {
        Ok(is_unchanged) => Ok(is_unchanged),
        Err(error @ JiraError::RateLimited { .. }) => Err(StepError::RateLimited(error)),
        Err(error @ JiraError::Unavailable { .. }) if failures == 0 => Err(StepError::Unanswered(error)),
        // If it stays, a full look tells what it is.
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_fails_once_makes_no_look_dearer() {
        let outage = || {
            Err(JiraError::Unavailable {
                detail: "HTTP status 503".into(),
                retry_after: None,
            })
        };
        assert!(matches!(believed(outage(), 0), Err(StepError::Unanswered(_))));
        assert!(matches!(believed(outage(), 1), Ok(false)), "if it stays");
        let limited = JiraError::RateLimited {
            reason: "jira-quota-global-based".into(),
            retry_after: None,
        };
        assert!(matches!(believed(Err(limited), 1), Err(StepError::RateLimited(_))));
        assert!(matches!(believed(Err(JiraError::NotFound("x".into())), 0), Ok(false)));
        assert!(matches!(believed(Ok(true), 0), Ok(true)));
    }
}
