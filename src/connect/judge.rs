//! Is the grant that a consent brought the right one? Judged by the same questions and with the same
//! findings as on every reconciliation, and before anything of it is stored.

use crate::{
    api::{
        condition::{
            ConditionType::{self, AccountEligible, ScopesGranted},
            Finding,
        },
        integration::AccountStatus,
        reason::Reason,
        scopes::of_jira,
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session, site::SiteUrl},
    diagnose::{
        evidence::DeclaredSpec,
        gather,
        judge::{
            account, enumerate,
            scopes::{self, ScopeNeeds},
            site::{self, JudgedSite},
        },
    },
};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct ConsentJudgement {
    /// In the order of the steps; what was not reached is absent.
    pub findings: Vec<Finding>,
    /// The account, where Jira told.
    pub account: Option<AccountStatus>,
}

impl ConsentJudgement {
    /// Whether the grant is the right one: everything was looked at, and all of it is in order.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        let reached = self.findings.last().map(|finding| finding.condition);
        reached == Some(AccountEligible) && self.findings.iter().all(Finding::is_true)
    }
}

/// Asks three questions with the new access token and judges the answers. `granted` are the scopes of
/// the token answer, where it names them.
pub async fn judge(client: &AtlassianClient, declared: &DeclaredSpec, granted: Option<&[String]>) -> ConsentJudgement {
    let mut judged = ConsentJudgement::default();
    let address = match SiteUrl::parse(&declared.site, &declared.site_suffixes) {
        Ok(address) => address,
        Err(error) => {
            judged.findings.push(site::not_allowed(&error));
            return judged;
        }
    };
    let evidence = gather::site::site(client, &address).await;
    let site = match site::judge(&address, declared.bound.as_ref(), &evidence) {
        Ok((site, finding)) => {
            judged.findings.push(finding);
            site
        }
        Err(finding) => {
            let error = [evidence.tenant.as_ref().err(), evidence.resources.as_ref().err()];
            judged
                .findings
                .push(passing_if(finding, error.into_iter().flatten().next()));
            return judged;
        }
    };
    judged.findings.push(judge_scopes(declared, &site, granted));
    let answer = Session::new(client, &site.status.cloud_id).myself().await;
    judged.account = answer.as_ref().ok().map(account::status);
    let finding = account::judge(account::AccountExpectation::of(declared), &answer);
    judged.findings.push(passing_if(finding, answer.as_ref().err()));
    judged
}

/// A finding that an outage leads to, where a person is waiting: nothing is tried again by itself then.
#[must_use]
pub fn passing(condition: ConditionType, reason: Reason, what: &str) -> Finding {
    let message = format!("{what} Nothing was kept; try again in a moment.");
    Finding::new(condition, reason, message)
}

fn passing_if(finding: Finding, error: Option<&JiraError>) -> Finding {
    match error {
        Some(error) if finding.reason == Reason::SiteUnavailable => {
            let error = error.to_string();
            let what = format!("Jira could not be asked: {}.", error.trim_end_matches('.'));
            passing(finding.condition, finding.reason, &what)
        }
        _ => finding,
    }
}

/// All scopes that were asked for must be there: later features then need no new consent. What the site's
/// own list has to say is judged by what the spec needs, because not every site has service desks.
fn judge_scopes(declared: &DeclaredSpec, site: &JudgedSite, granted: Option<&[String]>) -> Finding {
    let needs = ScopeNeeds {
        mode: declared.mode,
        service_projects: false,
    };
    let missing = scopes::missing(needs, granted, &site.scopes);
    if !missing.is_empty() {
        return scopes::judge(needs, &missing);
    }
    let listed = granted.filter(|list| !list.is_empty());
    let lacks = |scope: &str| listed.is_some_and(|list| !list.iter().any(|granted| granted == scope));
    let lacking: Vec<String> = of_jira().filter(|scope| lacks(scope)).map(str::to_owned).collect();
    if lacking.is_empty() {
        return Finding::plain(ScopesGranted, Reason::AllScopesGranted);
    }
    let what = format!(
        "The consent asked for more scopes than were granted; lacking: {}.",
        enumerate(&lacking, 3)
    );
    Finding::with_remedy(ScopesGranted, Reason::ScopesMissing, &what)
}
