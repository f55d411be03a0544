//! The steps of a pass, in order, each skipped when the one before makes it pointless:
//! credentials → grant → site → scopes → account → projects and their synchronisation.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    context::Context,
    observe::Seen,
    outcome::{Outcome, Stop, Synced, Token},
    schedule::Due,
};
use crate::{
    api::{
        condition::{
            ConditionType::{
                AccountEligible, Authorized, ProjectsAccessible, ScopesGranted, SiteReachable,
            },
            Finding, is_true,
        },
        integration::{AccountStatus, SiteStatus, TokenStatus},
        reason::{Holds, Reason},
        requirements::{SCOPE_USER, SCOPE_WORK},
    },
    atlassian::{error::JiraError, jira::Jira, site::SiteUrl},
    diagnose::{
        gather::{self, KnownProject, Scope},
        judge::{self, projects::Summary, site::Site},
    },
    grant::{
        finding,
        freshness::refresh_at,
        keeper::{Held, Trouble},
        publish::{self, Found, Published},
        store::WriteError,
    },
    sync::{
        apply, confirm,
        inventory::{Entry, Given, plan},
    },
};

/// Runs what is due and returns what was found, complete. The second value says what was done
/// in the end: a plain look that finds a difference turns into a full one.
pub async fn run(ctx: &Context, seen: &Seen, due: Due) -> (Outcome, Due) {
    let mut outcome = Outcome::default();
    let mut pass = Pass {
        ctx,
        seen,
        due,
        outcome: &mut outcome,
    };
    let ended = pass.walk().await;
    let due = pass.due;
    outcome.complete(seen, ended);
    (outcome, due)
}

struct Pass<'a> {
    ctx: &'a Context,
    seen: &'a Seen,
    due: Due,
    outcome: &'a mut Outcome,
}

impl Pass<'_> {
    async fn walk(&mut self) -> Result<(), Stop> {
        let site = self.allowed_site().await?;
        let held = self.grant(None).await?;
        self.name_is_free()?;
        if self.is_another_grant(&held) {
            self.due = Due::Full;
        }
        if self.due == Due::Refresh {
            return self.refresh(&held).await;
        }
        let mut jira = self.ctx.jira(held.access.token.clone());
        if self.due == Due::Plain && self.is_unchanged(&jira).await? {
            return self.refresh(&held).await;
        }
        self.due = Due::Full;
        let ended = self.diagnose(&site, held, &mut jira).await;
        self.outcome.calls = jira.calls();
        ended
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

    async fn grant(&mut self, rejected: Option<&Held>) -> Result<Held, Stop> {
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
        let rejected = rejected.map(|held| held.access.token.clone());
        match self
            .ctx
            .keeper
            .hold(&self.seen.grant, credentials, rejected)
            .await
        {
            Ok(held) => {
                self.outcome.refresh_at = Some(refresh_at(&held.access));
                self.outcome.idle_expires_at = Some(held.idle_expires_at);
                self.outcome.note(finding::held(&held, &self.seen.grant));
                Ok(self.take(held))
            }
            Err(trouble) => self.without_grant(trouble),
        }
    }

    fn take(&mut self, held: Held) -> Held {
        self.outcome.lineage.clone_from(&held.lineage);
        held
    }

    fn without_grant(&mut self, trouble: Trouble) -> Result<Held, Stop> {
        let Some(finding) = finding::trouble(&trouble, &self.seen.grant) else {
            return Err(Stop::Quiet);
        };
        let goes_on = finding.is_true();
        self.outcome.note(finding);
        match trouble {
            Trouble::Busy { until } => self.outcome.busy_until = Some(until),
            Trouble::Unavailable {
                retry_after, still, ..
            } => {
                self.outcome.retry_after = retry_after;
                if let Some(held) = still.filter(|_| goes_on) {
                    // The token still works, and the refresh is tried again.
                    self.outcome.refresh_failed = true;
                    return Ok(self.take(*held));
                }
            }
            _ => {}
        }
        Err(Stop::After(Authorized))
    }

    fn name_is_free(&mut self) -> Result<(), Stop> {
        match &self.seen.published {
            Found::Foreign => self
                .outcome
                .step(finding::name_taken(&self.seen.target.name)),
            Found::Own(_) | Found::Nothing => Ok(()),
        }
    }

    /// A grant that was adopted since the last judgement is judged before its token is published.
    fn is_another_grant(&self, held: &Held) -> bool {
        let judged = self
            .seen
            .published
            .lineage()
            .or_else(|| self.seen.memory.lineage.clone());
        judged != held.lineage
    }

    /// Keeps what workloads mount as it should be, without asking Jira anything.
    async fn refresh(&mut self, held: &Held) -> Result<(), Stop> {
        let eligible =
            [SiteReachable, AccountEligible].map(|c| is_true(&self.seen.status.conditions, c));
        let published = self.seen.published.has_token() || eligible == [true, true];
        match &self.seen.status.site {
            Some(site) if published => self.publish(held, &site.clone()).await,
            _ => Ok(()),
        }
    }

    async fn is_unchanged(&mut self, jira: &Jira) -> Result<bool, Stop> {
        let Some(site) = &self.seen.status.site else {
            return Ok(false);
        };
        let Ok(known) = apply::known(&self.ctx.client, &self.seen.owner()).await else {
            return Ok(false);
        };
        let mode = self.seen.integration.spec.mode;
        let answer = confirm::is_unchanged(jira, &site.cloud_id, mode, &known).await;
        self.outcome.calls = jira.calls();
        match answer {
            Ok(true) => {
                self.outcome.note(synced_finding(known.len()));
                let applied = apply::Applied::default();
                self.outcome.synced = Some(Synced {
                    full: false,
                    applied,
                    succeeded: true,
                });
                Ok(true)
            }
            Err(error @ JiraError::RateLimited { .. }) => Err(Stop::RateLimited(error)),
            // Whatever else it is, a full look tells.
            Ok(false) | Err(_) => Ok(false),
        }
    }

    async fn diagnose(&mut self, site: &SiteUrl, held: Held, jira: &mut Jira) -> Result<(), Stop> {
        let (site, held) = self.site(site, held, jira).await?;
        let missing = self.scopes(&held, &site);
        self.account(jira, &site, &held, &missing).await?;
        if missing.contains(SCOPE_WORK) {
            return Err(Stop::After(ScopesGranted));
        }
        self.projects(jira, &site.status).await
    }

    async fn site(
        &mut self,
        site: &SiteUrl,
        mut held: Held,
        jira: &mut Jira,
    ) -> Result<(Site, Held), Stop> {
        let mut evidence = gather::site(jira, site).await;
        if let Err(JiraError::Unauthorized(_)) = &evidence.resources {
            // The access token died before its time. A refresh tells whether the grant did too.
            held = self.grant(Some(&held)).await?;
            *jira = jira.with_token(held.access.token.clone());
            evidence = gather::site(jira, site).await;
        }
        for error in [
            evidence.tenant.as_ref().err(),
            evidence.resources.as_ref().err(),
        ]
        .into_iter()
        .flatten()
        {
            if matches!(error, JiraError::RateLimited { .. }) {
                return Err(Stop::RateLimited(error.clone()));
            }
            self.outcome.retry_after = self.outcome.retry_after.max(error.retry_after());
        }
        match judge::site::judge(site, self.seen.status.site.as_ref(), &evidence) {
            Ok((site, finding)) => {
                self.outcome.note(finding);
                self.outcome.site = Some(site.status.clone());
                Ok((site, held))
            }
            Err(finding) => {
                if finding.reason.entry().holds == Holds::False {
                    self.retract().await?;
                }
                Err(self.outcome.step(finding).err().unwrap_or(Stop::Quiet))
            }
        }
    }

    fn scopes(&mut self, held: &Held, site: &Site) -> BTreeSet<&'static str> {
        let mode = self.seen.integration.spec.mode;
        let missing = judge::scopes::missing(mode, held.scopes.as_deref(), &site.scopes);
        self.outcome.note(judge::scopes::judge(mode, &missing));
        let mut all = held.scopes.clone().unwrap_or_else(|| site.scopes.clone());
        all.sort();
        self.outcome.scopes = Some(all);
        missing
    }

    async fn account(
        &mut self,
        jira: &Jira,
        site: &Site,
        held: &Held,
        missing: &BTreeSet<&'static str>,
    ) -> Result<(), Stop> {
        if missing.contains(SCOPE_USER) {
            return Err(Stop::After(ScopesGranted));
        }
        let answer = jira.myself(&site.status.cloud_id).await;
        match &answer {
            Err(error @ JiraError::RateLimited { .. }) => {
                return Err(Stop::RateLimited(error.clone()));
            }
            Err(JiraError::ScopeMismatch(asked)) => return Err(self.scope_refused(asked)),
            Err(error) => self.outcome.retry_after = error.retry_after(),
            Ok(account) => {
                self.outcome.account = Some(AccountStatus {
                    account_id: account.account_id.clone(),
                    display_name: account.display_name.clone(),
                    account_type: account.account_type.clone(),
                });
            }
        }
        let finding = judge::account::judge(self.seen.integration.spec.account.as_ref(), &answer);
        match finding.reason.entry().holds {
            Holds::True => {
                self.outcome.note(finding);
                self.publish(held, &site.status).await
            }
            Holds::False => {
                self.outcome.note(finding);
                self.retract().await?;
                Err(Stop::After(AccountEligible))
            }
            Holds::Unknown => Err(self.outcome.step(finding).err().unwrap_or(Stop::Quiet)),
        }
    }

    fn scope_refused(&mut self, asked: &str) -> Stop {
        self.outcome.note(judge::scopes::refused(asked));
        Stop::After(ScopesGranted)
    }

    async fn projects(&mut self, jira: &Jira, site: &SiteStatus) -> Result<(), Stop> {
        let owner = self.seen.owner();
        let known = match apply::known(&self.ctx.client, &owner).await {
            Ok(known) => known,
            Err(error) => return Err(self.sync_failed(&crate::grant::store::describe(&error))),
        };
        let (named, mode) = (self.seen.named_projects(), self.seen.integration.spec.mode);
        let scope = named.as_deref().map_or(Scope::All, Scope::Named);
        let answer = gather::projects(jira, &site.cloud_id, mode, scope, &identities(&known)).await;
        let evidence = match answer {
            Ok(evidence) => evidence,
            Err(error @ JiraError::RateLimited { .. }) => return Err(Stop::RateLimited(error)),
            Err(JiraError::ScopeMismatch(asked)) => return Err(self.scope_refused(&asked)),
            Err(error @ (JiraError::Unavailable { .. } | JiraError::Redirected)) => {
                self.outcome.retry_after = error.retry_after();
                self.outcome.note(judge::unavailable(
                    crate::api::condition::ConditionType::Synced,
                    &error,
                ));
                return Err(self
                    .outcome
                    .step(judge::unavailable(ProjectsAccessible, &error))
                    .err()
                    .unwrap_or(Stop::Quiet));
            }
            Err(error) => return Err(self.sync_failed(&error.to_string())),
        };
        let given = Given {
            named: named.as_deref(),
            mode,
            now: self.seen.now,
        };
        let plan = plan(given, &known, &evidence);
        let summaries: Vec<Summary> = plan.entries.iter().map(Entry::summary).collect();
        self.outcome.counts = Some(judge::projects::count(&summaries));
        self.outcome.note(judge::projects::judge(
            &summaries,
            evidence.any_visible.unwrap_or(true),
        ));
        let applied = apply::apply(&self.ctx.client, &owner, &plan).await;
        self.report_sync(applied, summaries.len())
    }

    /// Jira refused a question that it should answer, or the cluster did.
    fn sync_failed(&mut self, why: &str) -> Stop {
        use crate::api::condition::ConditionType::Synced;
        let what = format!("The projects could not be synchronised: {why}.");
        self.outcome
            .note(Finding::with_remedy(Synced, Reason::SyncFailed, &what));
        Stop::After(ProjectsAccessible)
    }

    fn report_sync(&mut self, applied: apply::Applied, projects: usize) -> Result<(), Stop> {
        use crate::api::condition::ConditionType::Synced as Condition;
        let first = applied.failures.first().map(|error| {
            (
                WriteError::from_kube(error),
                crate::grant::store::describe(error),
            )
        });
        let finding = match &first {
            None => synced_finding(projects),
            Some((WriteError::Terminating, _)) => return Err(Stop::Quiet),
            Some((_, why)) => {
                let count = applied.failures.len();
                let reason = if applied.changed == 0 {
                    Reason::SyncFailed
                } else {
                    Reason::SyncPartial
                };
                let what = format!("{count} JiraProject objects could not be written: {why}.");
                Finding::with_remedy(Condition, reason, &what)
            }
        };
        self.outcome.note(finding);
        self.outcome.synced = Some(Synced {
            full: true,
            succeeded: first.is_none(),
            applied,
        });
        Ok(())
    }

    async fn publish(&mut self, held: &Held, site: &SiteStatus) -> Result<(), Stop> {
        let what = Published {
            access: &held.access,
            base_url: self.ctx.endpoints.gateway(&site.cloud_id),
            site_url: site.url.clone(),
            lineage: held.lineage.as_ref(),
        };
        let written = publish::publish(
            &self.ctx.client,
            &self.seen.target,
            &self.seen.published,
            &what,
        )
        .await;
        self.written(written)?;
        self.outcome.token = Token::Published(TokenStatus {
            secret_name: self.seen.target.name.clone(),
            expires_at: Time(held.access.expires_at),
            refreshed_at: Time(held.access.refreshed_at),
            grant_idle_expires_at: Time(held.idle_expires_at),
        });
        Ok(())
    }

    async fn retract(&mut self) -> Result<(), Stop> {
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

fn synced_finding(projects: usize) -> Finding {
    let message = format!("The last synchronisation succeeded: {projects} projects.");
    Finding::new(
        crate::api::condition::ConditionType::Synced,
        Reason::SyncSucceeded,
        message,
    )
}

fn identities(known: &[crate::api::project::JiraProject]) -> Vec<KnownProject> {
    known
        .iter()
        .filter_map(|project| {
            let id = project.status.as_ref()?.id.clone()?;
            Some(KnownProject {
                id,
                key: project.spec.key.clone(),
            })
        })
        .collect()
}
