//! All service desks of an integration, in one condition.

use super::{desk::refused_articles, enumerate, summed_up, unavailable};
use crate::{
    api::{
        condition::{
            ConditionType::{ServiceDeskReady, ServiceDesksReady},
            Finding,
        },
        reason::Reason,
    },
    atlassian::error::JiraError,
    diagnose::evidence::DesksEvidence,
};

/// What is summed up of one desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskSummary {
    /// Key of its project.
    pub key: String,
    /// The finding about it.
    pub finding: Finding,
    /// Whether the project's other conditions tell the cause already.
    pub told_before: bool,
}

impl DeskSummary {
    /// Sums up a project's findings; none where it has no desk.
    #[must_use]
    pub fn of(key: &str, findings: &[Finding]) -> Option<Self> {
        let desk = findings.iter().find(|f| f.condition == ServiceDeskReady)?;
        let told = |f: &Finding| desk.reason.explained_by() == Some(f.reason);
        Some(Self {
            key: key.to_owned(),
            finding: desk.clone(),
            told_before: findings.iter().any(told),
        })
    }
}

/// Judges the desks; none without service projects. The evidence is absent where the scopes do
/// not cover them.
#[must_use]
pub fn judge(desks: &[DeskSummary], evidence: Option<&DesksEvidence>) -> Option<Finding> {
    if desks.is_empty() {
        return None;
    }
    let Some(evidence) = evidence else {
        return Some(Finding::plain(ServiceDesksReady, Reason::SkippedAfterScopesGranted));
    };
    let fine = [Reason::ServiceDeskUsable, Reason::KnowledgeBaseUnreadable];
    let blocked: Vec<&DeskSummary> = desks
        .iter()
        .filter(|desk| !fine.contains(&desk.finding.reason) && !desk.finding.reason.is_consequence())
        .collect();
    let refused = refused_articles(evidence);
    let (count, all) = (blocked.len(), desks.len());
    Some(match (count, refused, unanswered(evidence)) {
        (0, None, Some(error)) => unavailable(ServiceDesksReady, error),
        (0, None, None) if desks.iter().any(|desk| desk.finding.reason == Reason::NotChecked) => {
            Finding::plain(ServiceDesksReady, Reason::NotChecked)
        }
        (0, None, None) => {
            let message = format!("All {all} service desks in scope can be used.");
            Finding::new(ServiceDesksReady, Reason::AllServiceDesksReady, message)
        }
        (0, Some(why), _) => {
            let what = format!("Jira refuses the account the knowledge base's articles{why}.");
            Finding::with_remedy(ServiceDesksReady, Reason::KnowledgeBaseUnreadable, &what)
        }
        (_, refused, _) => {
            let names: Vec<String> = blocked
                .iter()
                .map(|d| format!("{} ({})", d.key, d.finding.reason))
                .collect();
            let list = enumerate(&names, 3);
            let also = refused.map_or("", |_| " Knowledge base articles are refused too.");
            let what = format!("{count} of {all} service desks cannot be used: {list}.{also}");
            let one = blocked.first().filter(|_| count == 1).map(|desk| &desk.finding);
            let mut finding = summed_up(ServiceDesksReady, Reason::SomeServiceDesksBlocked, &what, one);
            finding.told_before = refused.is_none() && blocked.iter().all(|desk| desk.told_before);
            finding
        }
    })
}

/// The first question that Jira did not answer, but for refusals that prove something.
fn unanswered(evidence: &DesksEvidence) -> Option<&JiraError> {
    let refusal = |error: &&JiraError| {
        matches!(
            error,
            JiraError::Forbidden(_) | JiraError::NotFound(_) | JiraError::Unauthorized(_)
        )
    };
    let lists = evidence
        .desks
        .values()
        .filter_map(|desk| desk.request_types.as_ref().err());
    let articles = evidence
        .knowledge_base
        .iter()
        .filter_map(|answer| answer.as_ref().err());
    let outage = |error: &&JiraError| matches!(error, JiraError::Unavailable { .. } | JiraError::Redirected);
    let of_desks = lists.filter(|error| !refusal(error));
    let mut all = evidence.listed.as_ref().err().into_iter().chain(of_desks);
    all.next().or_else(|| articles.into_iter().find(outage))
}
