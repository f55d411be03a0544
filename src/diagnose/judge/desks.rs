//! All service desks of an integration, in one condition.

use super::{desk::refused_articles, enumerate, unavailable};
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
    /// The reason that its condition carries.
    pub reason: Reason,
    /// Whether the project's other conditions tell the cause already.
    pub told_before: bool,
}

impl DeskSummary {
    /// Sums up a project's findings; none where it has no desk.
    #[must_use]
    pub fn of(key: &str, findings: &[Finding]) -> Option<Self> {
        let desk = findings.iter().find(|f| f.condition == ServiceDeskReady)?;
        let no_agent = findings.iter().any(|f| f.reason == Reason::InternalCommentDenied);
        Some(Self {
            key: key.to_owned(),
            reason: desk.reason,
            told_before: no_agent && desk.reason == Reason::NotAnAgent,
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
        .filter(|desk| !fine.contains(&desk.reason) && !desk.reason.is_consequence())
        .collect();
    let refused = refused_articles(evidence);
    let (count, all) = (blocked.len(), desks.len());
    Some(match (count, refused, unanswered(evidence)) {
        (0, None, Some(error)) => unavailable(ServiceDesksReady, error),
        (0, None, None) => {
            let message = format!("All {all} service desks in scope can be used.");
            Finding::new(ServiceDesksReady, Reason::AllServiceDesksReady, message)
        }
        (0, Some(why), _) => {
            let what = format!("Jira refuses the account the knowledge base's articles{why}.");
            Finding::with_remedy(ServiceDesksReady, Reason::KnowledgeBaseUnreadable, &what)
        }
        (_, refused, _) => {
            let names: Vec<String> = blocked.iter().map(|d| format!("{} ({})", d.key, d.reason)).collect();
            let list = enumerate(&names, 3);
            let also = refused.map_or("", |_| " Knowledge base articles are refused too.");
            let what = format!("{count} of {all} service desks cannot be used: {list}.{also}");
            let mut finding = Finding::with_remedy(ServiceDesksReady, Reason::SomeServiceDesksBlocked, &what);
            finding.told_before = refused.is_none() && blocked.iter().all(|desk| desk.told_before);
            finding
        }
    })
}

/// The first question that Jira did not answer properly.
fn unanswered(evidence: &DesksEvidence) -> Option<&JiraError> {
    let lists = evidence
        .desks
        .values()
        .filter_map(|desk| desk.request_types.as_ref().err());
    let articles = evidence
        .knowledge_base
        .as_ref()
        .and_then(|answer| answer.as_ref().err());
    let all = evidence.listed.as_ref().err().into_iter().chain(lists).chain(articles);
    let mut outages = all.filter(|error| matches!(error, JiraError::Unavailable { .. } | JiraError::Redirected));
    outages.next()
}
