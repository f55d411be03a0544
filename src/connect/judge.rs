//! Is the grant that a consent brought the right one? Judged by the same questions and with the same
//! findings as on every reconciliation, and before anything of it is stored.

use std::convert::Infallible;

use crate::{
    api::{
        condition::{
            ConditionType::{self, AccountEligible, ScopesGranted, SiteReachable},
            Finding,
        },
        integration::AccountStatus,
        reason::Reason,
        scopes::of_jira,
    },
    atlassian::client::AtlassianClient,
    diagnose::{
        DeclaredSpec, Evidence,
        examination::{Hooks, Renewal, SiteExamination, examine},
        judge::{account::status, enumerate},
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
    /// Whether the grant is the right one: everything was checked, and all of it is in order.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        let reached = self.findings.last().map(|finding| finding.condition);
        reached == Some(AccountEligible) && self.findings.iter().all(Finding::is_true)
    }
}

/// A consent: its token is new, and what is asked ends with the account.
struct ConsentHooks;

impl Hooks for ConsentHooks {
    type Interruption = Infallible;

    const ENDS_AT_ACCOUNT: bool = true;

    async fn renew(&mut self) -> Result<Renewal, Infallible> {
        Ok(Renewal::Needless)
    }
}

/// Asks about the site and the account with the new access token and judges the answers. `granted` are the scopes of
/// the token answer, where it names them.
pub async fn judge(client: &AtlassianClient, declared: &DeclaredSpec, granted: Option<&[String]>) -> ConsentJudgement {
    let asked = Evidence::new(declared.clone(), granted.map(<[String]>::to_vec));
    let SiteExamination { evidence, judged, .. } = examine(client, asked, &mut ConsentHooks).await;
    let answer = evidence.account.as_ref();
    let findings = judged.findings.into_iter();
    ConsentJudgement {
        findings: findings.map(|finding| of_consent(finding, &evidence)).collect(),
        account: answer.and_then(|answer| answer.as_ref().ok()).map(status),
    }
}

/// A finding that an outage leads to, where a person is waiting: nothing is tried again by itself then.
#[must_use]
pub fn passing(condition: ConditionType, reason: Reason, what: &str) -> Finding {
    let message = format!("{what} Nothing was kept; try again in a moment.");
    Finding::new(condition, reason, message)
}

/// A finding as it is said of a consent.
fn of_consent(finding: Finding, evidence: &Evidence) -> Finding {
    let site = evidence.site.as_ref();
    let of_site = || site.and_then(|site| site.tenant.as_ref().err().or(site.resources.as_ref().err()));
    let of_account = || evidence.account.as_ref().and_then(|answer| answer.as_ref().err());
    let error = match (finding.condition, finding.reason) {
        (ScopesGranted, Reason::AllScopesGranted) => return judge_all_scopes(finding, evidence),
        (SiteReachable, Reason::SiteUnavailable) => of_site(),
        (AccountEligible, Reason::SiteUnavailable) => of_account(),
        _ => None,
    };
    let Some(error) = error else { return finding };
    let what = format!("Jira could not be asked: {}.", error.to_string().trim_end_matches('.'));
    passing(finding.condition, finding.reason, &what)
}

/// All scopes that were asked for must be there: later features then need no new consent. What the site's
/// own list has to say is judged by what the spec needs, because not every site has service desks.
fn judge_all_scopes(finding: Finding, evidence: &Evidence) -> Finding {
    let listed = evidence.scopes.as_ref().filter(|list| !list.is_empty());
    let lacks = |scope: &str| listed.is_some_and(|list| !list.iter().any(|granted| granted == scope));
    let lacking: Vec<String> = of_jira().filter(|scope| lacks(scope)).map(str::to_owned).collect();
    if lacking.is_empty() {
        return finding;
    }
    let what = format!(
        "The consent asked for more scopes than were granted; lacking: {}.",
        enumerate(&lacking, 3)
    );
    Finding::with_remedy(ScopesGranted, Reason::ScopesMissing, &what)
}
