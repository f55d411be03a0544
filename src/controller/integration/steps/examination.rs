//! Examines the site, and acts between the questions: a refused token is renewed, the token is published once the account
//! was judged, and the projects are written. What is asked, and in which order, stands in `diagnose::examination`.

use std::time::Duration;

use super::{
    ProjectSync, Run, StepError,
    grant::{self, GrantStep},
    projects,
    token::{self, TokenChange, TokenStep},
};
use crate::{
    api::{
        condition::{
            ConditionType::{AccountEligible, ProjectsAccessible, Synced},
            Finding,
        },
        integration::{AccountStatus, ProjectCounts, SiteStatus},
        project::JiraProject,
        reason::Reason,
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session},
    cluster::error::describe,
    diagnose::{
        DeclaredSpec, Evidence, KnownProject,
        examination::{self, Assessment, End, Hooks, Renewal, RenewedToken, SiteExamination, Stop},
        identities,
        judge::{
            self,
            account::{AccountExpectation, remembered},
            unavailable,
        },
    },
    grant::ActiveGrant,
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

/// What is done between the questions. An examination that it ends without an error goes on with what follows.
struct Examiner<'a> {
    run: Run<'a>,
    grant: ActiveGrant,
    known: Option<Vec<JiraProject>>,
    found: Examination,
}

/// Asks and judges everything. Without what the work needs where it makes no sense.
pub async fn examine(run: Run<'_>, grant: ActiveGrant, client: &AtlassianClient) -> (Examination, Option<Examined>) {
    let observed = run.observed;
    let declared = DeclaredSpec {
        bound: observed.status.site.clone(),
        accepted: observed.status.account.clone(),
        ..DeclaredSpec::of(&observed.integration, &run.ctx.site_suffixes)
    };
    let asked = Evidence::new(declared, grant.scopes.clone());
    let mut examiner = Examiner {
        run,
        grant,
        known: None,
        found: Examination::default(),
    };
    let answered = examination::examine(client, asked, &mut examiner).await;
    examiner.take_judged(&answered.judged, &answered.evidence);
    let (session, ended) = examiner.ended(answered).await;
    let (mut found, known) = (examiner.found, examiner.known);
    found.stopped = ended.err();
    let session = session.filter(|_| found.stopped.is_none());
    (found, session.map(|session| Examined { session, known }))
}

impl Hooks for Examiner<'_> {
    type Interruption = Option<StepError>;

    /// Whether the grant died too is found out by this.
    async fn renew(&mut self) -> Result<Renewal, Self::Interruption> {
        let mut step = grant::access(self.run, Some(&self.grant)).await;
        self.found.findings.extend(step.finding.take());
        if let Some(retraction) = step.retraction.take() {
            self.take(retraction).ok();
        }
        let granted = step.grant.clone();
        self.found.renewed = Some(match &self.found.renewed {
            Some(earlier) => step.renewing(earlier),
            None => step,
        });
        self.grant = granted?;
        Ok(Renewal::Renewed(RenewedToken {
            access: self.grant.access.token.clone(),
            scopes: self.grant.scopes.clone(),
        }))
    }

    async fn accepted(&mut self, site: &SiteStatus) -> Result<(), Self::Interruption> {
        self.found.judged_for = Some(self.run.observed.expected_account());
        let step = token::publish(self.run, &self.grant, site).await;
        self.take(step)
    }

    async fn refused(&mut self) -> Result<(), Self::Interruption> {
        let step = token::retract(self.run, self.grant.lineage.as_ref()).await;
        self.take(step)
    }

    /// That the cluster refused a question which it should answer proves nothing about the projects, whose
    /// condition keeps its last answer.
    async fn known(&mut self) -> Result<Option<Vec<KnownProject>>, Self::Interruption> {
        let known = apply::known(&self.run.ctx.client, &self.run.observed.owner()).await;
        let known = known.map_err(|error| {
            self.found.findings.push(sync_failed(&describe(&error)));
            None
        })?;
        let identities = identities(&known);
        self.known = Some(known);
        Ok(Some(identities))
    }

    fn turn(&self) -> Option<usize> {
        Some(self.run.observed.local.history.full_count)
    }
}

impl Examiner<'_> {
    fn take(&mut self, step: TokenStep) -> Result<(), Option<StepError>> {
        self.found.findings.extend(step.finding);
        if !matches!(step.change, TokenChange::Kept) {
            self.found.token = step.change;
        }
        step.stopped.map_or(Ok(()), |error| Err(Some(error)))
    }

    /// What is said of the site, the scopes and the account, and what is remembered of them.
    fn take_judged(&mut self, judged: &Assessment, evidence: &Evidence) {
        self.found.findings.extend(judged.findings.iter().cloned());
        if let Some(site) = &judged.site {
            let mut scopes = evidence.scopes.clone().unwrap_or_else(|| site.scopes.clone());
            scopes.sort();
            self.found.scopes = Some(scopes);
            self.found.site = Some(site.status.clone());
        }
        if let (Some(Ok(account)), Some(finding)) = (&evidence.account, judged.finding(AccountEligible)) {
            let expected = AccountExpectation::of(&evidence.declared);
            self.found.account = Some(remembered(account, expected, finding));
        }
    }

    /// What follows from the end of the examination: the projects are written, or it is said why not.
    async fn ended(
        &mut self,
        answered: SiteExamination<Option<StepError>>,
    ) -> (Option<Session>, Result<(), StepError>) {
        let SiteExamination {
            evidence, end, session, ..
        } = answered;
        let ended = match end {
            End::Complete => self.write_projects(&evidence).await,
            End::Stopped(stop) => Err(self.stopped(stop, &evidence)),
            End::Interrupted(Some(error)) => Err(error),
            End::Interrupted(None) => Ok(()),
        };
        (session, ended)
    }

    fn stopped(&mut self, Stop { after, error }: Stop, evidence: &Evidence) -> StepError {
        if let Some(JiraError::RateLimited(limit)) = error {
            // That proves nothing about what was asked.
            self.found.findings.retain(|finding| finding.condition != after);
            return StepError::RateLimited(limit);
        }
        self.found.retry_after = error.as_ref().and_then(JiraError::retry_after);
        match (&evidence.projects, error) {
            (Some(Err(error)), _) => self.found.findings.extend(unsynced(error)),
            // The token died on the way. The next reconciliation gets another one and asks again.
            (Some(Ok(_)), Some(error)) => {
                let unanswered = [Synced, ProjectsAccessible].map(|condition| unavailable(condition, &error));
                self.found.findings.extend(unanswered);
            }
            _ => {}
        }
        StepError::After(after)
    }

    async fn write_projects(&mut self, evidence: &Evidence) -> Result<(), StepError> {
        let (Some(Ok(projects)), Some(known)) = (&evidence.projects, self.known.take()) else {
            return Ok(());
        };
        let declared = &evidence.declared;
        if let Some(directory) = &evidence.directory {
            // A limit that stops nothing else says nothing of the people.
            if !matches!(directory.pinned, Err(JiraError::RateLimited(_))) {
                let finding = judge::directory::judge(&declared.pinned, directory);
                self.found.findings.push(finding);
            }
        }
        if let Some(statuses) = &evidence.statuses {
            let finding = judge::mapping::judge(&declared.status_mapping, statuses);
            self.found.findings.push(finding);
        }
        let written = projects::write(self.run, known, projects, evidence.desks.as_ref()).await;
        self.found.findings.extend(written.findings);
        self.found.lacks_desks = written.lacks_desks;
        self.found.counts = Some(written.counts);
        self.found.projects = written.sync;
        self.known = Some(written.known?);
        Ok(())
    }
}

/// What the synchronisation comes to where the projects could not be asked about. That Jira refused the question lasts;
/// of scopes that do not cover it, their own condition tells.
fn unsynced(error: &JiraError) -> Option<Finding> {
    match error {
        JiraError::ScopeMismatch(_) => None,
        JiraError::Unavailable { .. } | JiraError::Redirected => Some(unavailable(Synced, error)),
        error => Some(sync_failed(&error.to_string())),
    }
}

fn sync_failed(why: &str) -> Finding {
    let what = format!("The projects could not be synchronised: {}.", why.trim_end_matches('.'));
    Finding::with_remedy(Synced, Reason::SyncFailed, &what)
}
