//! The steps that ask Jira everything: site → scopes → account → projects → what surrounds them.
//! Gathering and judging are done in `diagnose`; here it is decided what follows.

use std::collections::BTreeSet;

use super::{
    outcome::{ProjectSync, StepError},
    pass::{Pass, synced_finding},
};
use crate::{
    api::{
        condition::{
            ConditionType::{self, AccountEligible, ProjectsAccessible, ScopesGranted},
            Finding,
        },
        integration::SiteStatus,
        project::JiraProject,
        reason::{Holds, Reason},
        requirements::{SCOPE_USER, SCOPE_WORK},
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session, site::SiteUrl},
    cluster::error::{WriteError, describe},
    diagnose::{
        evidence::{ProjectsEvidence, SiteEvidence, identities},
        gather::{
            self,
            projects::{ProjectScope, projects},
            related::{Related, RelatedQuery, related},
        },
        judge::{
            self,
            account::{AccountExpectation, remembered},
            desks::DeskSummary,
            projects::ProjectSummary,
            scopes::ScopeNeeds,
            site::JudgedSite,
        },
    },
    grant::active::ActiveGrant,
    sync::projects::{
        PlanInputs, PlannedProject,
        apply::{self, ApplyFailure},
        plan,
    },
};

/// The scopes that the grant has.
struct Granted {
    of_token: Option<Vec<String>>,
    of_site: Vec<String>,
}

impl Pass<'_> {
    /// Asks and judges everything. The projects as they stand in the cluster afterwards.
    pub(super) async fn diagnose(
        &mut self,
        site: &SiteUrl,
        held: ActiveGrant,
        client: &AtlassianClient,
    ) -> Result<(Session, Option<Vec<JiraProject>>), StepError> {
        let (site, held, mut session) = self.site(site, held, client).await?;
        let jira = &mut session;
        let granted = Granted {
            of_token: held.scopes.clone(),
            of_site: site.scopes.clone(),
        };
        let missing = self.scopes(&granted, false);
        if missing.contains(SCOPE_USER) {
            return Err(StepError::After(ScopesGranted));
        }
        self.account(jira, &site.status, held).await?;
        if missing.contains(SCOPE_WORK) {
            return Err(StepError::After(ScopesGranted));
        }
        let known = match apply::known(&self.ctx.client, &self.observed.owner()).await {
            Ok(known) => known,
            Err(error) => {
                self.note_sync_failed(&describe(&error));
                return Ok((session, None));
            }
        };
        let evidence = self.ask_projects(jira, &known).await?;
        let missing = self.scopes(&granted, evidence.has_service_projects());
        let around = self.ask_around(jira, &known, &evidence, &missing).await?;
        let known = self.synchronise(known, &evidence, &around).await?;
        Ok((session, Some(known)))
    }

    async fn site(
        &mut self,
        site: &SiteUrl,
        mut held: ActiveGrant,
        client: &AtlassianClient,
    ) -> Result<(JudgedSite, ActiveGrant, Session), StepError> {
        let mut client = client.clone();
        let mut evidence = gather::site::site(&client, site).await;
        if let Err(JiraError::Unauthorized(_)) = &evidence.resources {
            // The access token died before its time. A refresh tells whether the grant did too.
            held = self.grant(Some(&held)).await?;
            client = client.with_token(held.access.token.clone());
            evidence = gather::site::site(&client, site).await;
        }
        match judge::site::judge(site, self.observed.status.site.as_ref(), &evidence) {
            Ok((site, finding)) => {
                self.outcome.note(finding);
                self.outcome.site = Some(site.status.clone());
                let session = Session::new(&client, &site.status.cloud_id);
                Ok((site, held, session))
            }
            Err(finding) => {
                if finding.reason.entry().holds == Holds::False {
                    self.retract().await?;
                } else {
                    self.heed(&evidence)?;
                }
                Err(self.outcome.step(finding).err().unwrap_or(StepError::Quiet))
            }
        }
    }

    /// How long Atlassian asks to wait before it is asked about the site again.
    fn heed(&mut self, evidence: &SiteEvidence) -> Result<(), StepError> {
        let errors = [evidence.tenant.as_ref().err(), evidence.resources.as_ref().err()];
        for error in errors.into_iter().flatten() {
            if matches!(error, JiraError::RateLimited { .. }) {
                return Err(StepError::RateLimited(error.clone()));
            }
            self.outcome.retry_after = self.outcome.retry_after.max(error.retry_after());
        }
        Ok(())
    }

    fn scopes(&mut self, granted: &Granted, service_projects: bool) -> BTreeSet<&'static str> {
        let needs = ScopeNeeds {
            mode: self.observed.integration.spec.mode,
            service_projects,
        };
        let missing = judge::scopes::missing(needs, granted.of_token.as_deref(), &granted.of_site);
        self.outcome.note(judge::scopes::judge(needs, &missing));
        let mut all = granted.of_token.clone().unwrap_or_else(|| granted.of_site.clone());
        all.sort();
        self.outcome.scopes = Some(all);
        missing
    }

    async fn account(&mut self, jira: &mut Session, site: &SiteStatus, mut held: ActiveGrant) -> Result<(), StepError> {
        let mut answer = jira.myself().await;
        if let Err(JiraError::Unauthorized(_)) = &answer {
            // The token or the account: a fresh token tells which.
            held = self.grant(Some(&held)).await?;
            jira.renew(held.access.token.clone());
            answer = jira.myself().await;
        }
        match &answer {
            Err(error @ JiraError::RateLimited { .. }) => {
                return Err(StepError::RateLimited(error.clone()));
            }
            Err(JiraError::ScopeMismatch(asked)) => return Err(self.scope_refused(asked)),
            Err(error) => self.outcome.retry_after = error.retry_after(),
            Ok(_) => {}
        }
        let expected = AccountExpectation {
            spec: self.observed.integration.spec.account.as_ref(),
            accepted: self.observed.status.account.as_ref(),
        };
        let finding = judge::account::judge(expected, &answer);
        if let Ok(account) = &answer {
            self.outcome.account = Some(remembered(account, expected, &finding));
        }
        match finding.reason.entry().holds {
            Holds::True => {
                self.outcome.note(finding);
                self.outcome.judged_for = Some(self.observed.expected_account());
                self.publish(&held, site).await
            }
            Holds::False => {
                self.outcome.note(finding);
                self.retract().await?;
                Err(StepError::After(AccountEligible))
            }
            Holds::Unknown => Err(self.outcome.step(finding).err().unwrap_or(StepError::Quiet)),
        }
    }

    fn scope_refused(&mut self, asked: &str) -> StepError {
        self.outcome.note(judge::scopes::refused(asked));
        StepError::After(ScopesGranted)
    }

    async fn ask_projects(&mut self, jira: &Session, known: &[JiraProject]) -> Result<ProjectsEvidence, StepError> {
        let (named, mode) = (self.observed.named_projects(), self.observed.integration.spec.mode);
        let scope = named.as_deref().map_or(ProjectScope::All, ProjectScope::Named);
        let answer = projects(jira, mode, scope, &identities(known)).await;
        answer.map_err(|error| match error {
            JiraError::RateLimited { .. } => StepError::RateLimited(error),
            JiraError::ScopeMismatch(asked) => self.scope_refused(&asked),
            JiraError::Unavailable { .. } | JiraError::Redirected => {
                self.outcome.retry_after = error.retry_after();
                self.outcome.note(judge::unavailable(ConditionType::Synced, &error));
                let finding = judge::unavailable(ProjectsAccessible, &error);
                self.outcome.step(finding).err().unwrap_or(StepError::Quiet)
            }
            other => {
                // As above nothing is known of the projects; that Jira refused the question lasts.
                self.note_sync_failed(&other.to_string());
                let finding = judge::unavailable(ProjectsAccessible, &other);
                self.outcome.step(finding).err().unwrap_or(StepError::Quiet)
            }
        })
    }

    async fn ask_around(
        &mut self,
        jira: &Session,
        known: &[JiraProject],
        evidence: &ProjectsEvidence,
        missing_scopes: &BTreeSet<&'static str>,
    ) -> Result<Related, StepError> {
        let spec = &self.observed.integration.spec;
        let asked = RelatedQuery {
            mode: spec.mode,
            rules: &spec.status_mapping,
            pinned: spec.pinned(),
            missing_scopes,
            known: &identities(known),
            turn: Some(self.observed.local.looks),
        };
        let around = related(jira, asked, evidence).await;
        let around = around.map_err(|error| match error {
            JiraError::RateLimited { .. } => StepError::RateLimited(error),
            // The token died on the way. The next pass gets another one and asks again.
            error => {
                self.outcome.note(judge::unavailable(ConditionType::Synced, &error));
                let finding = judge::unavailable(ProjectsAccessible, &error);
                self.outcome.step(finding).err().unwrap_or(StepError::Quiet)
            }
        })?;
        if let Some(call) = &around.scope_refused {
            self.outcome.note(judge::scopes::refused(call));
        }
        // Too many questions about people say nothing of them, and their condition keeps its last answer.
        if !matches!(around.directory.pinned, Err(JiraError::RateLimited { .. })) {
            self.outcome
                .note(judge::directory::judge(asked.pinned, &around.directory));
        }
        self.outcome.note(judge::mapping::judge(asked.rules, &around.statuses));
        Ok(around)
    }

    async fn synchronise(
        &mut self,
        known: Vec<JiraProject>,
        evidence: &ProjectsEvidence,
        around: &Related,
    ) -> Result<Vec<JiraProject>, StepError> {
        let named = self.observed.named_projects();
        let given = PlanInputs {
            named: named.as_deref(),
            mode: self.observed.integration.spec.mode,
            desks: around.desks.as_ref(),
            now: self.observed.now,
        };
        let plan = plan(given, &known, evidence);
        let summaries: Vec<ProjectSummary> = plan.entries.iter().map(PlannedProject::summary).collect();
        self.outcome.counts = Some(judge::projects::count(&summaries, given.mode));
        self.outcome
            .note(judge::projects::judge(&summaries, evidence.any_visible()));
        let desks: Vec<DeskSummary> = plan.entries.iter().filter_map(PlannedProject::desk_summary).collect();
        match judge::desks::judge(&desks, around.desks.as_ref()) {
            Some(finding) => self.outcome.note(finding),
            None => {
                self.outcome.absent.insert(ConditionType::ServiceDesksReady);
            }
        }
        let applied = apply::apply(&self.ctx.client, &self.observed.owner(), &plan).await;
        let now_known = applied.leaves(known);
        self.report_sync(applied, summaries.len())?;
        Ok(now_known)
    }

    /// That the cluster refused a question which it should answer proves nothing about the projects, whose
    /// condition keeps its last answer.
    fn note_sync_failed(&mut self, why: &str) {
        let what = format!("The projects could not be synchronised: {}.", why.trim_end_matches('.'));
        self.outcome
            .note(Finding::with_remedy(ConditionType::Synced, Reason::SyncFailed, &what));
    }

    fn report_sync(&mut self, applied: apply::Applied, projects: usize) -> Result<(), StepError> {
        let finding = match applied.failures.first() {
            None => synced_finding(projects),
            Some((_, ApplyFailure::Cluster(error)))
                if matches!(WriteError::from_kube(error), WriteError::Terminating) =>
            {
                return Err(StepError::Quiet);
            }
            Some((name, failure)) => {
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
                let why = match failure {
                    ApplyFailure::Cluster(error) => describe(error),
                    other @ (ApplyFailure::Unreadable(_) | ApplyFailure::Taken(_)) => other.to_string(),
                };
                let what = format!("JiraProject {name}{more} could not be written: {why}.");
                Finding::with_remedy(ConditionType::Synced, reason, &what)
            }
        };
        self.outcome.note(finding);
        self.outcome.synced = Some(ProjectSync {
            full: true,
            succeeded: applied.failures.is_empty(),
            applied,
        });
        Ok(())
    }
}
