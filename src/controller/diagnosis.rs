//! The steps that ask Jira everything: site → scopes → account → projects. Gathering and judging
//! are done in `diagnose`; here it is decided what follows.

use std::collections::BTreeSet;

use super::{
    outcome::{Stop, Synced},
    pass::{Pass, synced_finding},
};
use crate::{
    api::{
        condition::{
            ConditionType::{self, AccountEligible, ProjectsAccessible, ScopesGranted},
            Finding,
        },
        integration::{AccountStatus, SiteStatus},
        project::JiraProject,
        reason::{Holds, Reason},
        requirements::{SCOPE_USER, SCOPE_WORK},
    },
    atlassian::{error::JiraError, jira::Jira, site::SiteUrl},
    diagnose::{
        gather::{self, KnownProject, Scope},
        judge::{self, projects::Summary, site::Site},
    },
    grant::{
        held::Held,
        store::{WriteError, describe},
    },
    sync::{
        apply,
        inventory::{Entry, Given, plan},
    },
};

impl Pass<'_> {
    pub(super) async fn diagnose(&mut self, site: &SiteUrl, held: Held, jira: &mut Jira) -> Result<(), Stop> {
        let (site, held) = self.site(site, held, jira).await?;
        let missing = self.scopes(&held, &site);
        if missing.contains(SCOPE_USER) {
            return Err(Stop::After(ScopesGranted));
        }
        self.account(jira, &site.status, held).await?;
        if missing.contains(SCOPE_WORK) {
            return Err(Stop::After(ScopesGranted));
        }
        self.projects(jira, &site.status).await
    }

    async fn site(&mut self, site: &SiteUrl, mut held: Held, jira: &mut Jira) -> Result<(Site, Held), Stop> {
        let mut evidence = gather::site(jira, site).await;
        if let Err(JiraError::Unauthorized(_)) = &evidence.resources {
            // The access token died before its time. A refresh tells whether the grant did too.
            held = self.grant(Some(&held)).await?;
            *jira = jira.with_token(held.access.token.clone());
            evidence = gather::site(jira, site).await;
        }
        for error in [evidence.tenant.as_ref().err(), evidence.resources.as_ref().err()]
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

    async fn account(&mut self, jira: &mut Jira, site: &SiteStatus, mut held: Held) -> Result<(), Stop> {
        let mut answer = jira.myself(&site.cloud_id).await;
        if let Err(JiraError::Unauthorized(_)) = &answer {
            // The token or the account: a fresh token tells which.
            held = self.grant(Some(&held)).await?;
            *jira = jira.with_token(held.access.token.clone());
            answer = jira.myself(&site.cloud_id).await;
        }
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
                self.publish(&held, site).await
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
            Err(error) => return self.sync_failed(&describe(&error)),
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
                self.outcome.note(judge::unavailable(ConditionType::Synced, &error));
                return Err(self
                    .outcome
                    .step(judge::unavailable(ProjectsAccessible, &error))
                    .err()
                    .unwrap_or(Stop::Quiet));
            }
            Err(error) => return self.sync_failed(&error.to_string()),
        };
        let given = Given {
            named: named.as_deref(),
            mode,
            now: self.seen.now,
        };
        let plan = plan(given, &known, &evidence);
        let summaries: Vec<Summary> = plan.entries.iter().map(Entry::summary).collect();
        self.outcome.counts = Some(judge::projects::count(&summaries));
        self.outcome
            .note(judge::projects::judge(&summaries, evidence.any_visible.unwrap_or(true)));
        let applied = apply::apply(&self.ctx.client, &owner, &plan).await;
        self.report_sync(applied, summaries.len())
    }

    /// Jira refused a question that it should answer, or the cluster did. That proves nothing
    /// about the projects, whose condition keeps its last answer.
    #[allow(clippy::unnecessary_wraps)] // It is what the pass ends with.
    fn sync_failed(&mut self, why: &str) -> Result<(), Stop> {
        let what = format!("The projects could not be synchronised: {why}.");
        self.outcome
            .note(Finding::with_remedy(ConditionType::Synced, Reason::SyncFailed, &what));
        Ok(())
    }

    fn report_sync(&mut self, applied: apply::Applied, projects: usize) -> Result<(), Stop> {
        let first = applied
            .failures
            .first()
            .map(|(name, error)| (name, WriteError::from_kube(error), describe(error)));
        let finding = match &first {
            None => synced_finding(projects),
            Some((_, WriteError::Terminating, _)) => return Err(Stop::Quiet),
            Some((name, _, why)) => {
                // What needed no write is up to date.
                let reason = if applied.failures.len() >= projects {
                    Reason::SyncFailed
                } else {
                    Reason::SyncPartial
                };
                let more = match applied.failures.len() {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                let what = format!("JiraProject {name}{more} could not be written: {why}.");
                Finding::with_remedy(ConditionType::Synced, reason, &what)
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
}

fn identities(known: &[JiraProject]) -> Vec<KnownProject> {
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
