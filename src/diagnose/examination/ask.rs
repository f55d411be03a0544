//! Asks Jira what `order` names next, until it names nothing.

use std::collections::BTreeSet;

use super::{
    hooks::{Hooks, Renewal},
    order::{Assessment, Next, Stop, assess},
};
use crate::{
    api::{
        condition::{
            ConditionType::{AccountEligible, ProjectsAccessible, SiteReachable},
            Finding,
        },
        integration::SiteStatus,
        reason::Holds,
        requirements::BROWSE_USERS,
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session, site::SiteUrl},
    diagnose::{
        evidence::{DesksEvidence, DirectoryEvidence, Evidence, JiraResult, StatusesEvidence},
        gather::{ProjectScope, RelatedQuery, projects, related, site},
    },
};

/// How an examination ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<S> {
    /// Everything was asked.
    Complete,
    /// An answer makes the rest pointless. Where it is one about what surrounds the projects, what was found of these
    /// stands.
    Stopped(Stop),
    /// The caller ended it.
    Interrupted(S),
}

/// What was asked, and what that comes to.
pub struct SiteExamination<S> {
    /// What was answered.
    pub evidence: Evidence,
    /// What the answers come to.
    pub judged: Assessment,
    /// The calls to the site that was found.
    pub session: Option<Session>,
    /// How it ended.
    pub end: End<S>,
}

struct Asking<'h, H> {
    client: AtlassianClient,
    evidence: Evidence,
    hooks: &'h mut H,
}

/// Asks everything, and nothing that an earlier answer makes pointless. The evidence says what is declared.
pub async fn examine<H: Hooks>(
    client: &AtlassianClient,
    evidence: Evidence,
    hooks: &mut H,
) -> SiteExamination<H::Interruption> {
    let mut asking = Asking {
        client: client.clone(),
        evidence,
        hooks,
    };
    let end = loop {
        if let Err(end) = Box::pin(asking.step()).await {
            break end;
        }
    };
    let judged = assess(&asking.evidence);
    let site = judged.site.as_ref().map(|site| &site.status);
    SiteExamination {
        session: site.map(|site| asking.session(site)),
        evidence: asking.evidence,
        judged,
        end,
    }
}

impl<H: Hooks> Asking<'_, H> {
    async fn step(&mut self) -> Result<(), End<H::Interruption>> {
        let judged = assess(&self.evidence);
        match &judged.next {
            Next::Nothing => Err(End::Complete),
            Next::Stop(stop) => {
                if is_refused(&judged, stop) {
                    self.hooks.refused().await.map_err(End::Interrupted)?;
                }
                Err(End::Stopped(stop.clone()))
            }
            Next::Site(address) => self.ask_site(address).await,
            Next::Account(site) => self.ask_account(site).await,
            Next::Projects(site) => self.ask_projects(site).await,
            Next::Related(site) => self.ask_related(site, &judged.missing_scopes).await,
        }
    }

    fn session(&self, site: &SiteStatus) -> Session {
        Session::new(&self.client, &site.cloud_id)
    }

    async fn renew(&mut self) -> Result<Renewal, End<H::Interruption>> {
        let renewal = self.hooks.renew().await.map_err(End::Interrupted)?;
        if let Renewal::Renewed(token) = &renewal {
            self.client = self.client.with_token(token.access.clone());
            self.evidence.scopes.clone_from(&token.scopes);
        }
        Ok(renewal)
    }

    async fn ask_site(&mut self, address: &SiteUrl) -> Result<(), End<H::Interruption>> {
        let mut answers = site(&self.client, address).await;
        // The access token died before its time.
        if is_401(&answers.resources) && matches!(self.renew().await?, Renewal::Renewed(_)) {
            answers = site(&self.client, address).await;
        }
        self.evidence.site = Some(answers);
        Ok(())
    }

    async fn ask_account(&mut self, site: &SiteStatus) -> Result<(), End<H::Interruption>> {
        let mut answer = self.session(site).myself().await;
        if is_401(&answer) {
            // The token or the account: another token says which, and so does a list that needs no access to a site.
            match self.renew().await? {
                Renewal::Renewed(_) => answer = self.session(site).myself().await,
                Renewal::Impossible => {
                    let again = self.client.accessible_resources().await;
                    if let (Some(site), true) = (&mut self.evidence.site, is_401(&again)) {
                        site.resources = again;
                    }
                }
                Renewal::Needless => {}
            }
        }
        self.evidence.account = Some(answer);
        let judged = assess(&self.evidence);
        if judged.finding(AccountEligible).is_some_and(Finding::is_true) {
            self.hooks.accepted(site).await.map_err(End::Interrupted)?;
            if H::ENDS_AT_ACCOUNT {
                return Err(End::Complete);
            }
        }
        Ok(())
    }

    async fn ask_projects(&mut self, site: &SiteStatus) -> Result<(), End<H::Interruption>> {
        if let Some(known) = self.hooks.known().await.map_err(End::Interrupted)? {
            self.evidence.declared.known = known;
        }
        let declared = &self.evidence.declared;
        let scope = declared.projects.as_deref();
        let scope = scope.map_or(ProjectScope::All, ProjectScope::Named);
        let answer = projects(&self.session(site), scope, &declared.known).await;
        self.evidence.projects = Some(answer);
        Ok(())
    }

    async fn ask_related(
        &mut self,
        site: &SiteStatus,
        missing_scopes: &BTreeSet<&'static str>,
    ) -> Result<(), End<H::Interruption>> {
        let session = self.session(site);
        let evidence = &mut self.evidence;
        let Some(Ok(projects)) = &evidence.projects else {
            return Err(End::Complete);
        };
        let asked = RelatedQuery {
            tickets: evidence.declared.ticket_projects(),
            rules: &evidence.declared.status_mapping,
            pinned: &evidence.declared.pinned,
            missing_scopes,
            known: &evidence.declared.known,
            turn: self.hooks.turn(),
        };
        match related(&session, asked, projects).await {
            Ok(around) => {
                evidence.desks = around.desks;
                evidence.scope_refused = around.scope_refused;
                evidence.directory = Some(around.directory);
                evidence.statuses = Some(around.statuses);
                Ok(())
            }
            // Atlassian asked to slow down, or the token died.
            Err(error) => {
                evidence.desks = Some(DesksEvidence {
                    listed: Some(Err(error.clone())),
                    ..DesksEvidence::default()
                });
                evidence.directory = Some(DirectoryEvidence {
                    may_browse: projects.held_globally.contains(BROWSE_USERS),
                    pinned: Err(error.clone()),
                });
                evidence.statuses = Some(StatusesEvidence::unanswered(projects, &error));
                Err(End::Stopped(Stop {
                    after: ProjectsAccessible,
                    error: Some(error),
                }))
            }
        }
    }
}

/// Whether it is proved that the grant is for another site or of another account.
fn is_refused(judged: &Assessment, stop: &Stop) -> bool {
    let finding = judged.finding(stop.after);
    let is_false = finding.is_some_and(|finding| finding.reason.entry().holds == Holds::False);
    is_false && [SiteReachable, AccountEligible].contains(&stop.after)
}

fn is_401<T>(answer: &JiraResult<T>) -> bool {
    matches!(answer, Err(JiraError::Unauthorized(_)))
}
