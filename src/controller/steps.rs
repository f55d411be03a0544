//! The steps of a pass, in order, each skipped when the one before makes it pointless:
//! credentials → grant → site → scopes → account → projects and their synchronisation. Here are
//! those that need no diagnosis; the rest is in [`diagnosis`](super::diagnosis).

use super::{
    context::Context,
    observe::{self, Seen},
    outcome::{Outcome, Stop, Synced, Token},
    pass::{Pass, synced_finding},
    schedule::Due,
};
use crate::{
    api::{
        condition::ConditionType::{Authorized, SiteReachable},
        integration::ProjectCounts,
        project::JiraProject,
    },
    atlassian::{error::JiraError, jira::Jira, site::SiteUrl},
    diagnose::judge,
    grant::{
        credentials::Credentials,
        finding,
        freshness::{NotConnected, refresh_at},
        held::{Held, Trouble},
        keeper::Wish,
        publish::Found,
    },
    sync::{
        apply,
        confirm::{self, Before},
    },
};

/// Runs what is due and returns what was found, complete. The second value says what was done
/// in the end: a plain look that finds a difference turns into a full one.
pub async fn run(ctx: &Context, seen: &Seen, due: Due) -> (Outcome, Due) {
    let asked = seen.asked();
    let mut outcome = Outcome {
        unknown_statuses: seen.memory.unknown_statuses.clone(),
        is_unlisted: seen.memory.is_unlisted || asked.is_new_generation() || asked.is_requested(),
        ..Outcome::default()
    };
    let mut pass = Pass {
        ctx,
        seen,
        due,
        outcome: &mut outcome,
    };
    let ended = pass.walk().await;
    pass.forget_directory().await;
    let turn = pass.share_limit(&ended);
    let due = pass.due;
    outcome.complete(seen, &ended, turn);
    (outcome, due)
}

impl Pass<'_> {
    async fn walk(&mut self) -> Result<(), Stop> {
        let site = self.allowed_site().await?;
        let held = self.grant(None).await?;
        self.name_is_free()?;
        let doubtful = self.is_another_grant(&held) || self.doubts_the_status();
        if doubtful && self.seen.jira_wait().is_none() {
            self.due = Due::Full;
        }
        if self.due == Due::Refresh {
            return self.refresh(&held).await;
        }
        let mut jira = self.ctx.jira(held.access.token.clone());
        let ended = self.ask(&site, held.clone(), &mut jira).await;
        self.outcome.calls = jira.calls();
        self.settle_accounts(&jira);
        let cut_short = matches!(ended, Err(Stop::RateLimited(_) | Stop::Unanswered(_)));
        if cut_short && matches!(self.outcome.token, Token::Kept) {
            // It may have been exchanged in this pass, and what workloads have may end before the wait.
            self.refresh(&held).await?;
        }
        ended
    }

    /// The steps that ask Jira, and then the work that they allow.
    async fn ask(&mut self, site: &SiteUrl, held: Held, jira: &mut Jira) -> Result<(), Stop> {
        self.points_are_left()?;
        let mut known = None;
        let cheap = match self.due {
            Due::Slice => true,
            Due::Plain => {
                known = self.is_unchanged(jira).await?;
                known.is_some()
            }
            Due::Full | Due::Refresh => false,
        };
        if cheap {
            self.refresh(&held).await?;
        } else {
            self.due = Due::Full;
            known = self.diagnose(site, held, jira).await?;
        }
        self.work(jira, known).await
    }

    /// No request leaves for a site that is not allowed, and no token is spent for it.
    async fn allowed_site(&mut self) -> Result<SiteUrl, Stop> {
        match &self.seen.site {
            Ok(site) => Ok(site.clone()),
            Err(error) => {
                self.outcome.note(judge::site::not_allowed(error));
                self.retract().await?;
                Err(Stop::After(SiteReachable))
            }
        }
    }

    pub(super) async fn grant(&mut self, rejected: Option<&Held>) -> Result<Held, Stop> {
        let credentials = match &self.seen.credentials {
            Ok(credentials) => credentials.clone(),
            Err(error) => {
                return Err(self
                    .outcome
                    .step(finding::credentials(error))
                    .err()
                    .unwrap_or(Stop::Quiet));
            }
        };
        let wish = Wish {
            rejected: rejected.map(|held| held.access.token.clone()),
            requested: self.seen.asked().is_requested(),
            is_rightful: false,
        };
        match self.hold(credentials, wish).await {
            Ok(held) => {
                self.outcome.refresh_at = Some(refresh_at(&held.access));
                self.outcome.note(finding::held(&held, &self.seen.grant));
                Ok(self.take(held))
            }
            Err(trouble) => self.without_grant(trouble).await,
        }
    }

    /// Holds the grant. A deleted grant Secret is written back only for an integration that still
    /// exists: the watch may not have told yet that it was deleted too.
    async fn hold(&self, credentials: Credentials, wish: Wish) -> Result<Held, Trouble> {
        let (keeper, key) = (&self.ctx.keeper, &self.seen.grant);
        match keeper.hold(key, credentials.clone(), wish.clone()).await {
            Err(Trouble::Deleted) => {
                let exists = observe::still_exists(self.ctx, self.seen).await;
                if !exists.map_err(|error| Trouble::unread(&error))? {
                    return Err(Trouble::Deleted);
                }
                let is_rightful = true;
                keeper.hold(key, credentials, Wish { is_rightful, ..wish }).await
            }
            held => held,
        }
    }

    fn take(&mut self, held: Held) -> Held {
        self.outcome.lineage.clone_from(&held.lineage);
        held
    }

    async fn without_grant(&mut self, trouble: Trouble) -> Result<Held, Stop> {
        let Some(finding) = finding::trouble(&trouble, &self.seen.grant) else {
            return Err(Stop::Quiet);
        };
        let goes_on = finding.is_true();
        self.outcome.note(finding);
        match trouble {
            Trouble::Busy { until, still } => {
                self.outcome.busy_until = Some(until);
                if let Some(held) = still {
                    return Ok(self.take(*held));
                }
            }
            Trouble::Unavailable { retry_at, still, .. } => {
                self.outcome.exchange_at = Some(retry_at);
                if let Some(held) = still.filter(|_| goes_on) {
                    // The token still works; that it expires is said when it does.
                    let expires_at = held.access.expires_at;
                    self.outcome.exchange_at = Some(retry_at.min(expires_at));
                    return Ok(self.take(*held));
                }
            }
            Trouble::NotWritable { unsaved, .. } => self.outcome.unsaved = unsaved,
            // A client secret that was refused is tried again by itself.
            Trouble::Refused(refusal) => self.outcome.exchange_at = refusal.retry_at(),
            // Who disconnects wants the access token gone as well.
            Trouble::NotConnected(NotConnected::Disconnected(_)) => self.retract().await?,
            _ => {}
        }
        Err(Stop::After(Authorized))
    }

    fn name_is_free(&mut self) -> Result<(), Stop> {
        match &self.seen.published {
            Found::Foreign => self.outcome.step(finding::name_taken(&self.seen.target.name)),
            Found::Own(_) | Found::Nothing => Ok(()),
        }
    }

    /// Whether Jira answers as it did: then the projects as they stand in the cluster.
    async fn is_unchanged(&mut self, jira: &Jira) -> Result<Option<Vec<JiraProject>>, Stop> {
        let Some(site) = &self.seen.status.site else {
            return Ok(None);
        };
        let Ok(known) = apply::known(&self.ctx.client, &self.seen.owner()).await else {
            return Ok(None);
        };
        let counted = self.seen.status.projects.as_ref().and_then(ProjectCounts::all);
        if counted.and_then(|all| usize::try_from(all).ok()) != Some(known.len()) {
            // Somebody deleted an object of ours, or it could not be written.
            return Ok(None);
        }
        if known.iter().any(|project| project.status.is_none()) {
            // It was left half made, or cannot be read.
            return Ok(None);
        }
        let before = Before {
            spec: &self.seen.integration.spec,
            conditions: &self.seen.status.conditions,
            known: &known,
            turn: self.seen.memory.plain_looks,
        };
        let answer = confirm::is_unchanged(jira, &site.cloud_id, before).await;
        if !believed(answer, self.seen.memory.jira_failures)? {
            return Ok(None);
        }
        self.outcome.note(synced_finding(known.len()));
        let applied = apply::Applied::default();
        self.outcome.synced = Some(Synced {
            full: false,
            applied,
            succeeded: true,
        });
        Ok(Some(known))
    }
}

/// Whether nothing changed, as a plain look tells after so many failures in a row. What is not known is looked at
/// in full, unless that would make a look dearer for what passes within seconds, or Atlassian asked to wait.
fn believed(is_unchanged: Result<bool, JiraError>, failures: u32) -> Result<bool, Stop> {
    match is_unchanged {
        Ok(is_unchanged) => Ok(is_unchanged),
        Err(error @ JiraError::RateLimited { .. }) => Err(Stop::RateLimited(error)),
        Err(error @ JiraError::Unavailable { .. }) if failures == 0 => Err(Stop::Unanswered(error)),
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
        assert!(matches!(believed(outage(), 0), Err(Stop::Unanswered(_))));
        assert!(matches!(believed(outage(), 1), Ok(false)), "if it stays");
        let limited = JiraError::RateLimited {
            reason: "jira-quota-global-based".into(),
            retry_after: None,
        };
        assert!(matches!(believed(Err(limited), 1), Err(Stop::RateLimited(_))));
        assert!(matches!(believed(Err(JiraError::NotFound("x".into())), 0), Ok(false)));
        assert!(matches!(believed(Ok(true), 0), Ok(true)));
    }
}
