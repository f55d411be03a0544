//! Asks Jira everything and judges it: site → scopes → account → projects → what is related to them; and writes the
//! projects. Gathering and judging are done in `diagnose`; here it is decided what follows.

use std::{collections::BTreeSet, time::Duration};

use super::{
    ProjectSync, Run, StepError,
    grant::{self, GrantStep},
    projects,
    token::{self, TokenChange, TokenStep},
};
use crate::{
    api::{
        condition::{
            ConditionType::{self, AccountEligible, ProjectsAccessible, ScopesGranted},
            Finding,
        },
        integration::{AccountStatus, ProjectCounts, SiteStatus},
        project::JiraProject,
        reason::{Holds, Reason},
        requirements::{SCOPE_USER, SCOPE_WORK},
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session, secret::TokenHash, site::SiteUrl},
    cluster::error::describe,
    diagnose::{
        evidence::{ProjectsEvidence, SiteEvidence, identities},
        gather::{
            self,
            projects::{ProjectScope, projects as ask_projects},
            related::{Related, RelatedQuery, related},
        },
        judge::{
            self,
            account::{AccountExpectation, remembered},
            scopes::ScopeNeeds,
            site::JudgedSite,
        },
    },
    grant::active::ActiveGrant,
    sync::projects::apply,
};

/// What asking everything found, as far as it came.
#[derive(Debug, Default)]
pub struct Examination {
    /// What is said of the conditions; of one condition the later stands.
    pub findings: Vec<Finding>,
    /// There are no service projects, so nothing is said of their desks.
    pub lacks_desks: bool,
    /// The site.
    pub site: Option<SiteStatus>,
    /// The scopes.
    pub scopes: Option<Vec<String>>,
    /// The account.
    pub account: Option<AccountStatus>,
    /// `spec.account`, as text, for which the account was found eligible.
    pub judged_for: Option<String>,
    /// The token was refused before its time, and renewed.
    pub renewed: Option<GrantStep>,
    /// What happened to the token for workloads.
    pub token: TokenChange,
    /// How many projects there are.
    pub counts: Option<ProjectCounts>,
    /// What was written of them.
    pub projects: Option<ProjectSync>,
    /// The wait that Jira asked for.
    pub retry_after: Option<Duration>,
    /// Why it ended before its end.
    pub stopped: Option<StepError>,
}

/// What the work that follows is done with.
pub struct Examined {
    /// The calls to the site that was found.
    pub session: Session,
    /// The projects as they stand in the cluster, where they could be read.
    pub known: Option<Vec<JiraProject>>,
}

/// The scopes that the grant has.
struct GrantedScopes {
    of_token: Option<Vec<String>>,
    of_site: Vec<String>,
}

/// An examination under way.
struct Examiner<'a> {
    run: Run<'a>,
    lineage: Option<TokenHash>,
    found: Examination,
}

/// Asks and judges everything. Without what the work needs where it makes no sense.
pub async fn examine(
    run: Run<'_>,
    site: &SiteUrl,
    grant: ActiveGrant,
    client: &AtlassianClient,
) -> (Examination, Option<Examined>) {
    let mut examiner = Examiner {
        run,
        lineage: grant.lineage.clone(),
        found: Examination::default(),
    };
    let ended = examiner.examine(site, grant, client).await;
    let mut found = examiner.found;
    match ended {
        Ok(for_work) => (found, Some(for_work)),
        Err(error) => {
            found.stopped = Some(error);
            (found, None)
        }
    }
}

impl Examiner<'_> {
    async fn examine(
        &mut self,
        site: &SiteUrl,
        grant: ActiveGrant,
        client: &AtlassianClient,
    ) -> Result<Examined, StepError> {
        let (site, grant, mut session) = self.site(site, grant, client).await?;
        let granted = GrantedScopes {
            of_token: grant.scopes.clone(),
            of_site: site.scopes.clone(),
        };
        let missing = self.scopes(&granted, false);
        if missing.contains(SCOPE_USER) {
            return Err(StepError::After(ScopesGranted));
        }
        self.account(&mut session, &site.status, grant).await?;
        if missing.contains(SCOPE_WORK) {
            return Err(StepError::After(ScopesGranted));
        }
        let known = match apply::known(&self.run.ctx.client, &self.run.observed.owner()).await {
            Ok(known) => known,
            Err(error) => {
                self.note_sync_failed(&describe(&error));
                return Ok(Examined { session, known: None });
            }
        };
        let evidence = self.ask_projects(&session, &known).await?;
        let missing = self.scopes(&granted, evidence.has_service_projects());
        let around = self.ask_related(&session, &known, &evidence, &missing).await?;
        let known = Some(self.synchronise(known, &evidence, &around).await?);
        Ok(Examined { session, known })
    }

    fn note(&mut self, finding: Finding) {
        self.found.findings.push(finding);
    }

    /// Notes a finding without which nothing else makes sense.
    fn stop(&mut self, finding: Finding) -> StepError {
        let error = StepError::after(&finding);
        self.note(finding);
        error
    }

    /// Another access token in place of one that Atlassian refused. That tells whether the grant died too.
    async fn renew(&mut self, refused: &ActiveGrant) -> Result<ActiveGrant, StepError> {
        let mut step = grant::access(self.run, Some(refused)).await;
        self.found.findings.extend(step.finding.take());
        if let Some(retraction) = step.retraction.take() {
            self.take(retraction).ok();
        }
        if let Ok(grant) = &step.grant {
            self.lineage.clone_from(&grant.lineage);
        }
        let granted = step.grant.clone();
        let step = match &self.found.renewed {
            Some(earlier) => step.renewing(earlier),
            None => step,
        };
        self.found.renewed = Some(step);
        granted
    }

    fn take(&mut self, step: TokenStep) -> Result<(), StepError> {
        self.found.findings.extend(step.finding);
        if !matches!(step.change, TokenChange::Kept) {
            self.found.token = step.change;
        }
        step.stopped.map_or(Ok(()), Err)
    }

    async fn retract(&mut self) -> Result<(), StepError> {
        let step = token::retract(self.run, self.lineage.as_ref()).await;
        self.take(step)
    }

    async fn site(
        &mut self,
        site: &SiteUrl,
        mut grant: ActiveGrant,
        client: &AtlassianClient,
    ) -> Result<(JudgedSite, ActiveGrant, Session), StepError> {
        let mut client = client.clone();
        let mut evidence = gather::site::site(&client, site).await;
        if let Err(JiraError::Unauthorized(_)) = &evidence.resources {
            // The access token died before its time.
            grant = self.renew(&grant).await?;
            client = client.with_token(grant.access.token.clone());
            evidence = gather::site::site(&client, site).await;
        }
        match judge::site::judge(site, self.run.observed.status.site.as_ref(), &evidence) {
            Ok((site, finding)) => {
                self.note(finding);
                self.found.site = Some(site.status.clone());
                let session = Session::new(&client, &site.status.cloud_id);
                Ok((site, grant, session))
            }
            Err(finding) => {
                if finding.reason.entry().holds == Holds::False {
                    self.retract().await?;
                } else {
                    self.heed(&evidence)?;
                }
                Err(self.stop(finding))
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
            self.found.retry_after = self.found.retry_after.max(error.retry_after());
        }
        Ok(())
    }

    fn scopes(&mut self, granted: &GrantedScopes, service_projects: bool) -> BTreeSet<&'static str> {
        let needs = ScopeNeeds {
            mode: self.run.observed.integration.spec.mode,
            service_projects,
        };
        let missing = judge::scopes::missing(needs, granted.of_token.as_deref(), &granted.of_site);
        self.note(judge::scopes::judge(needs, &missing));
        let mut all = granted.of_token.clone().unwrap_or_else(|| granted.of_site.clone());
        all.sort();
        self.found.scopes = Some(all);
        missing
    }

    async fn account(
        &mut self,
        jira: &mut Session,
        site: &SiteStatus,
        mut grant: ActiveGrant,
    ) -> Result<(), StepError> {
        let mut answer = jira.myself().await;
        if let Err(JiraError::Unauthorized(_)) = &answer {
            // The token or the account: a fresh token tells which.
            grant = self.renew(&grant).await?;
            jira.renew(grant.access.token.clone());
            answer = jira.myself().await;
        }
        match &answer {
            Err(error @ JiraError::RateLimited { .. }) => {
                return Err(StepError::RateLimited(error.clone()));
            }
            Err(JiraError::ScopeMismatch(asked)) => return Err(self.scope_refused(asked)),
            Err(error) => self.found.retry_after = error.retry_after(),
            Ok(_) => {}
        }
        let expected = AccountExpectation {
            spec: self.run.observed.integration.spec.account.as_ref(),
            accepted: self.run.observed.status.account.as_ref(),
        };
        let finding = judge::account::judge(expected, &answer);
        if let Ok(account) = &answer {
            self.found.account = Some(remembered(account, expected, &finding));
        }
        match finding.reason.entry().holds {
            Holds::True => {
                self.note(finding);
                self.found.judged_for = Some(self.run.observed.expected_account());
                let step = token::publish(self.run, &grant, site).await;
                self.take(step)
            }
            Holds::False => {
                self.note(finding);
                self.retract().await?;
                Err(StepError::After(AccountEligible))
            }
            Holds::Unknown => Err(self.stop(finding)),
        }
    }

    fn scope_refused(&mut self, asked: &str) -> StepError {
        self.note(judge::scopes::refused(asked));
        StepError::After(ScopesGranted)
    }

    async fn ask_projects(&mut self, jira: &Session, known: &[JiraProject]) -> Result<ProjectsEvidence, StepError> {
        let (named, mode) = (
            self.run.observed.named_projects(),
            self.run.observed.integration.spec.mode,
        );
        let scope = named.as_deref().map_or(ProjectScope::All, ProjectScope::Named);
        let answer = ask_projects(jira, mode, scope, &identities(known)).await;
        answer.map_err(|error| match error {
            JiraError::RateLimited { .. } => StepError::RateLimited(error),
            JiraError::ScopeMismatch(asked) => self.scope_refused(&asked),
            JiraError::Unavailable { .. } | JiraError::Redirected => {
                self.found.retry_after = error.retry_after();
                self.note(judge::unavailable(ConditionType::Synced, &error));
                let finding = judge::unavailable(ProjectsAccessible, &error);
                self.stop(finding)
            }
            other => {
                // As above nothing is known of the projects; that Jira refused the question lasts.
                self.note_sync_failed(&other.to_string());
                let finding = judge::unavailable(ProjectsAccessible, &other);
                self.stop(finding)
            }
        })
    }

    async fn ask_related(
        &mut self,
        jira: &Session,
        known: &[JiraProject],
        evidence: &ProjectsEvidence,
        missing_scopes: &BTreeSet<&'static str>,
    ) -> Result<Related, StepError> {
        let spec = &self.run.observed.integration.spec;
        let asked = RelatedQuery {
            mode: spec.mode,
            rules: &spec.status_mapping,
            pinned: spec.pinned(),
            missing_scopes,
            known: &identities(known),
            turn: Some(self.run.observed.local.looks),
        };
        let around = related(jira, asked, evidence).await;
        let around = around.map_err(|error| match error {
            JiraError::RateLimited { .. } => StepError::RateLimited(error),
            // The token died on the way. The next reconciliation gets another one and asks again.
            error => {
                self.note(judge::unavailable(ConditionType::Synced, &error));
                let finding = judge::unavailable(ProjectsAccessible, &error);
                self.stop(finding)
            }
        })?;
        if let Some(call) = &around.scope_refused {
            self.note(judge::scopes::refused(call));
        }
        // Too many questions about people say nothing of them, and their condition keeps its last answer.
        if !matches!(around.directory.pinned, Err(JiraError::RateLimited { .. })) {
            self.note(judge::directory::judge(asked.pinned, &around.directory));
        }
        self.note(judge::mapping::judge(asked.rules, &around.statuses));
        Ok(around)
    }

    async fn synchronise(
        &mut self,
        known: Vec<JiraProject>,
        evidence: &ProjectsEvidence,
        related: &Related,
    ) -> Result<Vec<JiraProject>, StepError> {
        let written = projects::write(self.run, known, evidence, related.desks.as_ref()).await;
        self.found.findings.extend(written.findings);
        self.found.lacks_desks = written.lacks_desks;
        self.found.counts = Some(written.counts);
        self.found.projects = written.sync;
        written.known
    }

    /// That the cluster refused a question which it should answer proves nothing about the projects, whose
    /// condition keeps its last answer.
    fn note_sync_failed(&mut self, why: &str) {
        let what = format!("The projects could not be synchronised: {}.", why.trim_end_matches('.'));
        self.note(Finding::with_remedy(ConditionType::Synced, Reason::SyncFailed, &what));
    }
}
