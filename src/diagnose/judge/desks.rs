//! All service desks of an integration, in one condition.

use super::{
    desk::{is_refusal, refused_articles},
    enumerate, is_outage, summed_up, unavailable,
};
use crate::{
    api::{
        condition::{
            ConditionType::{ServiceDeskReady, ServiceDesksReady},
            Finding,
        },
        reason::{OF_BLOCKED_PROJECTS, Reason},
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
        Some(Self {
            key: key.to_owned(),
            finding: desk.clone(),
            told_before: desk.is_explained_among(findings.iter().map(|f| f.reason)),
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
    let skipped = |desk: &&DeskSummary| desk.finding.reason == Reason::SkippedAfterAccessible;
    let (skipped, seen): (Vec<&DeskSummary>, Vec<&DeskSummary>) = desks.iter().partition(skipped);
    if seen.is_empty() {
        let message = not_looked_at(&skipped);
        return Some(Finding::new(ServiceDesksReady, Reason::SkippedAfterAccessible, message));
    }
    let is_blocked = |desk: &&&DeskSummary| {
        let reason = desk.finding.reason;
        !reason.blocks_nothing() && !reason.entry().is_consequence
    };
    let blocked: Vec<&DeskSummary> = seen.iter().filter(is_blocked).copied().collect();
    let refused = refused_articles(evidence);
    Some(match (blocked.is_empty(), refused, unanswered(evidence)) {
        (false, ..) => some_blocked(&blocked, seen.len(), refused.is_some()),
        (true, Some(why), _) => {
            let what = format!("Jira refuses the account the knowledge base's articles{why}.");
            Finding::with_remedy(ServiceDesksReady, Reason::KnowledgeBaseUnreadable, &what)
        }
        (true, None, Some(error)) => unavailable(ServiceDesksReady, error),
        (true, None, None) => none_blocked(&seen, &skipped),
    })
}

fn not_looked_at(skipped: &[&DeskSummary]) -> String {
    let keys: Vec<String> = skipped.iter().map(|desk| desk.key.clone()).collect();
    let list = enumerate(&keys, 3);
    format!("Skipped, because the project cannot be accessed: {list}.")
}

fn none_blocked(seen: &[&DeskSummary], skipped: &[&DeskSummary]) -> Finding {
    if seen.iter().any(|desk| desk.finding.reason == Reason::NotChecked) {
        return Finding::plain(ServiceDesksReady, Reason::NotChecked);
    }
    let mut message = match seen.len() {
        1 => "The one service desk in scope can be used.".to_owned(),
        all => format!("All {all} service desks in scope can be used."),
    };
    if !skipped.is_empty() {
        message = format!("{message} {}", not_looked_at(skipped));
    }
    Finding::new(ServiceDesksReady, Reason::AllServiceDesksReady, message)
}

fn some_blocked(blocked: &[&DeskSummary], all: usize, articles_too: bool) -> Finding {
    if !articles_too && blocked.iter().all(|desk| desk.told_before) {
        return no_agent(blocked, all);
    }
    let names = blocked.iter().map(|d| format!("{} ({})", d.key, d.finding.reason));
    let list = enumerate(&names.collect::<Vec<_>>(), 3);
    let also = if articles_too {
        " Knowledge base articles are refused too."
    } else {
        ""
    };
    let what = match all {
        1 => format!("The one service desk in scope cannot be used: {list}.{also}"),
        _ => format!("{} of {all} service desks cannot be used: {list}.{also}", blocked.len()),
    };
    let one = blocked.first().filter(|_| blocked.len() == 1).map(|desk| &desk.finding);
    summed_up(ServiceDesksReady, Reason::SomeServiceDesksBlocked, &what, one)
}

/// Each of the projects tells of it already, and so does what sums them up.
fn no_agent(blocked: &[&DeskSummary], all: usize) -> Finding {
    let keys: Vec<String> = blocked.iter().map(|desk| desk.key.clone()).collect();
    let list = enumerate(&keys, 3);
    let what = match all {
        1 => format!("The account is no agent of the one service project in scope: {list}."),
        _ => format!(
            "The account is no agent of {} of {all} service projects: {list}.",
            keys.len()
        ),
    };
    Finding::with_remedy(ServiceDesksReady, Reason::SomeServiceDesksBlocked, &what).explained_by(OF_BLOCKED_PROJECTS)
}

/// The first question that Jira did not answer properly.
fn unanswered(evidence: &DesksEvidence) -> Option<&JiraError> {
    let desks = evidence.desks.values();
    let lists = desks.filter_map(|desk| desk.request_types.as_ref().err());
    let lists = lists.filter(|error| !is_refusal(error));
    let articles = evidence
        .knowledge_base
        .iter()
        .filter_map(|answer| answer.as_ref().err());
    // A refusal of articles is judged, and without a knowledge base there are none.
    let articles = articles.filter(|error| is_outage(error));
    let listed = evidence.listed.iter().filter_map(|answer| answer.as_ref().err());
    listed.chain(lists).chain(articles).next()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn desk(key: &str, reason: Reason) -> DeskSummary {
        DeskSummary {
            key: key.into(),
            finding: Finding::plain(ServiceDeskReady, reason),
            told_before: false,
        }
    }

    fn desks(reasons: &[Reason]) -> Vec<DeskSummary> {
        let named = reasons.iter().zip(["SUP", "ITS", "HELP", "CARE", "DESK"]);
        named.map(|(reason, key)| desk(key, *reason)).collect()
    }

    fn evidence(articles: Result<(), JiraError>) -> DesksEvidence {
        DesksEvidence {
            knowledge_base: Some(articles),
            ..DesksEvidence::default()
        }
    }

    fn down() -> JiraError {
        JiraError::unavailable("it did not answer in time")
    }

    fn forbidden() -> JiraError {
        JiraError::Forbidden("no".into())
    }

    #[test]
    fn desks_are_summed_up_and_articles_are_not_desks() {
        use Reason::*;
        let ok = || evidence(Ok(()));
        let refused = || evidence(Err(forbidden()));
        let table: &[(&[Reason], DesksEvidence, Reason, &[&str])] = &[
            (
                &[ServiceDeskUsable, ServiceDeskUsable],
                ok(),
                AllServiceDesksReady,
                &["All 2"],
            ),
            // A site without a knowledge base has no articles, which is no finding.
            (
                &[ServiceDeskUsable],
                evidence(Err(JiraError::NotFound("none".into()))),
                AllServiceDesksReady,
                &["The one service desk"],
            ),
            (
                &[KnowledgeBaseUnreadable],
                refused(),
                KnowledgeBaseUnreadable,
                &["refuses"],
            ),
            (
                &[ServiceDeskUsable],
                evidence(Err(JiraError::ScopeMismatch("x".into()))),
                KnowledgeBaseUnreadable,
                &["for want of a scope"],
            ),
            // One alone is told in its own words.
            (
                &[NotAnAgent, ServiceDeskUsable],
                ok(),
                SomeServiceDesksBlocked,
                &["1 of 2", "SUP (NotAnAgent)", NotAnAgent.entry().remedy],
            ),
            (
                &[NoRequestTypes, KnowledgeBaseUnreadable],
                refused(),
                SomeServiceDesksBlocked,
                &["1 of 2", "SUP (NoRequestTypes)", "articles are refused too"],
            ),
            (
                &[NoRequestTypes, NotAnAgent, ServiceDeskMissing, RequestTypesHidden],
                ok(),
                SomeServiceDesksBlocked,
                &[
                    "4 of 4",
                    "HELP (ServiceDeskMissing) and 1 more",
                    "kubectl get jiraprojects",
                ],
            ),
            // What was not looked at is counted neither way.
            (
                &[ServiceDeskUsable, SkippedAfterAccessible],
                ok(),
                AllServiceDesksReady,
                &["The one service desk", "Skipped", "ITS."],
            ),
            (
                &[NotAnAgent, SkippedAfterAccessible],
                ok(),
                SomeServiceDesksBlocked,
                &["The one service desk in scope cannot be used"],
            ),
            (&[SkippedAfterAccessible], ok(), SkippedAfterAccessible, &["SUP."]),
            (&[NotChecked, ServiceDeskUsable], ok(), NotChecked, &[]),
            // An outage hides nothing that is proved.
            (
                &[ServiceDeskUsable],
                evidence(Err(down())),
                SiteUnavailable,
                &["did not answer in time."],
            ),
            (&[NotAnAgent], evidence(Err(down())), SomeServiceDesksBlocked, &["SUP"]),
        ];
        for (reasons, evidence, expected, said) in table {
            let finding = judge(&desks(reasons), Some(evidence)).unwrap();
            assert_eq!(finding.reason, *expected, "of {reasons:?}: {}", finding.message());
            for part in *said {
                assert!(finding.message().contains(part), "{part} in {}", finding.message());
            }
        }
    }

    #[test]
    fn a_desk_is_blocked_by_these_reasons_and_no_other() {
        use Reason::*;
        let of_desks = |reason: &Reason| reason.entry().conditions.contains(&ServiceDeskReady);
        let blocks = |reason: &Reason| {
            let found = judge(&desks(&[*reason, ServiceDeskUsable]), Some(&evidence(Ok(()))));
            found.unwrap().reason == SomeServiceDesksBlocked
        };
        let all = Reason::ALL.iter().copied().filter(of_desks).filter(blocks);
        assert_eq!(
            all.collect::<Vec<_>>(),
            [
                ServiceDeskMissing,
                NotAnAgent,
                NoRequestTypes,
                RequestTypesRestricted,
                RequestTypesHidden,
                RequestTypesNotCreatable,
            ]
        );
    }

    #[test]
    fn without_desks_nothing_is_said_and_without_scopes_nothing_is_known() {
        assert_eq!(judge(&[], Some(&evidence(Ok(())))), None);
        let skipped = judge(&desks(&[Reason::SkippedAfterScopesGranted]), None);
        assert_eq!(skipped.unwrap().reason, Reason::SkippedAfterScopesGranted);
    }

    /// A desk keeps its last finding while Jira does not answer; that is no answer for today.
    #[test]
    fn a_list_that_failed_is_no_list_of_usable_desks() {
        let mut evidence = evidence(Ok(()));
        evidence.listed = Some(Err(forbidden()));
        let finding = judge(&desks(&[Reason::ServiceDeskUsable]), Some(&evidence));
        assert_eq!(finding.unwrap().reason, Reason::SiteUnavailable);
    }

    #[test]
    fn what_the_project_tells_already_is_not_told_again() {
        let of = |also: Reason| {
            let found = [
                Finding::plain(crate::api::condition::ConditionType::Permitted, also),
                Finding::plain(ServiceDeskReady, Reason::NotAnAgent),
            ];
            judge(&[DeskSummary::of("SUP", &found).unwrap()], Some(&evidence(Ok(())))).unwrap()
        };
        let told = of(Reason::InternalCommentDenied);
        assert!(told.message().starts_with("The account is no agent of "));
        assert!(told.is_explained_among([Reason::SomeProjectsBlocked]));
        let apart = of(Reason::CreateDenied);
        assert_eq!(apart.reason, Reason::SomeServiceDesksBlocked);
        assert!(!apart.is_explained_among([Reason::SomeProjectsBlocked]));
        assert_eq!(DeskSummary::of("ENG", &[]), None);
    }
}
