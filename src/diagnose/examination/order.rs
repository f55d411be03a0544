//! The order of the examination: how far the answers go, and what is asked next. Pure: it stands here, and nowhere else.

use std::collections::BTreeSet;

use crate::{
    api::{
        condition::{
            ConditionType::{self, ProjectsAccessible, ScopesGranted},
            Finding,
        },
        integration::SiteStatus,
        reason::Holds,
        requirements::{SCOPE_USER, SCOPE_WORK},
    },
    atlassian::{error::JiraError, site::SiteUrl},
    diagnose::{
        evidence::{Evidence, JiraResult, ProjectsEvidence},
        judge::{
            account::{self, AccountExpectation},
            scopes::{self, GrantedScopes, ScopeNeeds},
            site::{self, JudgedSite},
            unavailable,
        },
    },
};

/// Why nothing else makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The condition that is not True.
    pub after: ConditionType,
    /// The error that leaves it Unknown.
    pub error: Option<JiraError>,
}

/// What is to be asked next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// Everything was asked.
    #[default]
    Nothing,
    /// Nothing, because of an answer.
    Stop(Stop),
    /// Which site this address is.
    Site(SiteUrl),
    /// Who the account is at this site.
    Account(SiteStatus),
    /// Which projects there are.
    Projects(SiteStatus),
    /// What surrounds the projects: service desks, people and statuses.
    Related(SiteStatus),
}

/// What the answers so far come to.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    /// What is said of the site, the scopes and the account; of the projects, where they could not be asked about.
    pub findings: Vec<Finding>,
    /// The site.
    pub site: Option<JudgedSite>,
    /// Scopes that the grant lacks.
    pub missing_scopes: BTreeSet<&'static str>,
    /// What is to be asked next.
    pub next: Next,
}

/// Judges the answers in the order of the steps, as far as they go.
#[must_use]
pub fn assess(evidence: &Evidence) -> Assessment {
    let mut judged = Assessment::default();
    judged.next = judged.walk(evidence).err().unwrap_or_default();
    judged
}

impl Assessment {
    /// What is said of a condition.
    #[must_use]
    pub fn finding(&self, condition: ConditionType) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.condition == condition)
    }

    fn walk(&mut self, evidence: &Evidence) -> Result<(), Next> {
        let declared = &evidence.declared;
        let address = SiteUrl::parse(&declared.site, &declared.site_suffixes)
            .map_err(|error| self.stop(site::not_allowed(&error), None))?;
        let Some(answers) = &evidence.site else {
            return Err(Next::Site(address));
        };
        let (found, finding) = site::judge(&address, declared.bound.as_ref(), answers)
            .map_err(|finding| self.stop(finding, answers.gravest_error()))?;
        self.findings.push(finding);
        self.scopes(evidence, &found);
        let site = found.status.clone();
        self.site = Some(found);
        self.requires(SCOPE_USER)?;
        let Some(account) = &evidence.account else {
            return Err(Next::Account(site));
        };
        is_covered(account)?;
        let finding = account::judge(AccountExpectation::of(declared), account);
        if !finding.is_true() {
            return Err(self.stop(finding, account.as_ref().err()));
        }
        self.findings.push(finding);
        self.requires(SCOPE_WORK)?;
        let Some(projects) = &evidence.projects else {
            return Err(Next::Projects(site));
        };
        is_covered(projects)?;
        if let Err(error) = projects {
            return Err(self.stop(unavailable(ProjectsAccessible, error), Some(error)));
        }
        match &evidence.directory {
            Some(_) => Ok(()),
            None => Err(Next::Related(site)),
        }
    }

    /// The finding ends the examination.
    fn stop(&mut self, finding: Finding, error: Option<&JiraError>) -> Next {
        let is_unknown = finding.reason.entry().holds == Holds::Unknown;
        let stop = Stop {
            after: finding.condition,
            error: error.filter(|_| is_unknown).cloned(),
        };
        self.findings.push(finding);
        Next::Stop(stop)
    }

    fn scopes(&mut self, evidence: &Evidence, site: &JudgedSite) {
        let projects = evidence.projects.as_ref().and_then(|answer| answer.as_ref().ok());
        let tickets = evidence.declared.ticket_projects();
        let needs = ScopeNeeds {
            service_projects: projects.is_some_and(ProjectsEvidence::has_service_projects),
            tickets: tickets.any(),
            ticket_desks: projects.is_some_and(|projects| projects.has_ticket_desks(tickets)),
        };
        let granted = GrantedScopes {
            of_token: evidence.scopes.as_deref(),
            of_site: &site.scopes,
        };
        self.missing_scopes = granted.lacking(needs.scopes());
        self.findings.push(match refused_call(evidence) {
            Some(call) if self.missing_scopes.is_empty() => scopes::refused(call),
            _ => scopes::judge(needs, granted),
        });
    }

    fn requires(&self, scope: &str) -> Result<(), Next> {
        if self.missing_scopes.contains(scope) {
            return Err(after_scopes());
        }
        Ok(())
    }
}

fn after_scopes() -> Next {
    Next::Stop(Stop {
        after: ScopesGranted,
        error: None,
    })
}

/// An answer that the scopes do not cover says nothing of what was asked.
fn is_covered<T>(answer: &JiraResult<T>) -> Result<(), Next> {
    match answer {
        Err(JiraError::ScopeMismatch(_)) => Err(after_scopes()),
        _ => Ok(()),
    }
}

/// The call that Jira refused for the scopes although the lists have them all.
fn refused_call(evidence: &Evidence) -> Option<&str> {
    fn refused<T>(answer: Option<&JiraResult<T>>) -> Option<&str> {
        match answer {
            Some(Err(JiraError::ScopeMismatch(call))) => Some(call),
            _ => None,
        }
    }
    refused(evidence.account.as_ref())
        .or_else(|| refused(evidence.projects.as_ref()))
        .or(evidence.scope_refused.as_deref())
}
