//! The check of an incremental reconcile: does Jira answer as it did? One permission check for every
//! 1,000 projects, however many have failed. Where the spec names projects, people or statuses, those of them
//! that failed are asked about again, a few by each reconcile; the others wait for the next full one.

use std::collections::BTreeSet;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::known::{browsed, has_unanswered, live_permissions, live_projects, portals, unwell, unwell_desks};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        integration::JiraIntegrationSpec,
        project::{JiraProject, JiraProjectStatus, Lifecycle},
        reason::{Holds, Reason},
        requirements::{BROWSE, BROWSE_USERS, questions},
    },
    atlassian::{
        error::JiraError,
        jira::{ProjectFilter, Session},
        rate_limit::Asked,
    },
    diagnose::{
        DirectoryEvidence,
        gather::{DeskQuery, desks, everything, is_readable, statuses},
        is_closed,
        judge::{self, desk::Desk, project::lifecycle},
    },
};

/// What was found before.
#[derive(Clone, Copy, Debug)]
pub struct KnownState<'a> {
    /// What is declared.
    pub spec: &'a JiraIntegrationSpec,
    /// The integration's conditions.
    pub conditions: &'a [Condition],
    /// Its projects.
    pub known: &'a [JiraProject],
    /// Whose turn it is, where more have failed than one reconcile asks about.
    pub turn: usize,
}

/// How many single questions a reconcile asks about each kind of failure.
const MOST: usize = 5;
/// How many of them are in flight.
const IN_FLIGHT: usize = 5;
/// How many people, for whom one call of fifty suffices, are asked about again.
const MOST_PEOPLE: usize = 50;

impl KnownState<'_> {
    /// Whether a person has named the projects, and so waits for each of them.
    fn names_projects(&self) -> bool {
        self.spec.projects.is_some()
    }

    /// Whether tickets are written in a project.
    fn is_for_tickets(&self, project: &JiraProject) -> bool {
        let now = project.status.as_ref().and_then(|status| status.key.as_deref());
        let key = project.spec.key.as_str();
        self.spec.ticket_projects().has(&[key, now.unwrap_or(key)])
    }

    /// Those whose turn it is.
    fn turn<T>(&self, mut all: Vec<T>) -> Vec<T> {
        if all.len() > MOST {
            let first = self.turn.wrapping_mul(MOST) % all.len();
            all.rotate_left(first);
            all.truncate(MOST);
        }
        all
    }
}

/// Whether Jira answers as it did when these objects were written. If not, a full reconcile is due.
///
/// # Errors
/// That of the first call that fails.
pub async fn is_unchanged(jira: &Session, before: KnownState<'_>) -> Result<bool, JiraError> {
    if before.names_projects() && has_unanswered(before.known) {
        return Ok(false);
    }
    let asked = everything(questions(&live_projects(before.known)));
    let held = jira.permissions(&asked).await?;
    let expected = live_permissions(before.known);
    let same = expected.iter().all(|(id, permissions)| match held.projects.get(id) {
        Some(held) => held == permissions,
        None => permissions.is_empty(),
    });
    let may_browse = held.global.contains(BROWSE_USERS);
    Ok(same
        && directory_is(jira, before, may_browse).await?
        && mapping_is(jira, before).await?
        && (!before.names_projects() || named_are(jira, before).await?))
}

/// Whether projects that spec names, and that failed, fail as they did.
async fn named_are(jira: &Session, before: KnownState<'_>) -> Result<bool, JiraError> {
    Ok(lost_are(jira, before).await? && portals_are(jira, before).await? && desks_are(jira, before).await?)
}

/// Whether none of these projects can be read.
async fn are_unreadable(jira: &Session, ids: Vec<String>) -> Result<bool, JiraError> {
    let asked: Vec<_> = ids
        .into_iter()
        .map(|id| async move { is_readable(jira, &id).await }.boxed())
        .collect();
    let answers: Vec<bool> = stream::iter(asked).buffer_unordered(IN_FLIGHT).try_collect().await?;
    Ok(!answers.contains(&true))
}

/// The finding that a condition carries, if it is False.
fn trouble(before: KnownState<'_>, condition: ConditionType) -> Option<Finding> {
    let finding = Finding::carried(condition, before.conditions)?;
    (finding.reason.entry().holds == Holds::False).then_some(finding)
}

async fn directory_is(jira: &Session, before: KnownState<'_>, may_browse: bool) -> Result<bool, JiraError> {
    let trouble = trouble(before, ConditionType::DirectoryReadable);
    let could_browse = trouble.as_ref().is_none_or(|f| f.reason != Reason::UserBrowsingDenied);
    let pinned = before.spec.pinned();
    let is_asked = could_browse && may_browse && pinned.len() <= MOST_PEOPLE;
    let Some(trouble) = trouble.filter(|_| is_asked) else {
        return Ok(could_browse == may_browse);
    };
    let ids: Vec<String> = pinned.iter().map(|person| person.account_id.clone()).collect();
    let found = match jira.users(&ids).await {
        Err(JiraError::RateLimited(limit)) if !limit.stops_all(Asked::PinnedPeople) => return Ok(true),
        answer => answer?,
    };
    let evidence = DirectoryEvidence {
        may_browse,
        pinned: Ok(found),
    };
    Ok(judge::directory::judge(pinned, &evidence) == trouble)
}

async fn mapping_is(jira: &Session, before: KnownState<'_>) -> Result<bool, JiraError> {
    let Some(trouble) = trouble(before, ConditionType::StatusMappingValid) else {
        return Ok(true);
    };
    let rules = &before.spec.status_mapping;
    let named: BTreeSet<&String> = rules.iter().flat_map(|rule| &rule.projects).collect();
    // For a rule that holds everywhere, all projects would have to be asked.
    if named.len() > MOST || rules.iter().any(|rule| rule.projects.is_empty()) {
        return Ok(true);
    }
    let evidence = statuses(jira, rules, &browsed(before.known), true).await?;
    Ok(judge::mapping::judge(rules, &evidence) == trouble)
}

/// Whether projects that Jira did not show as live still are what they were.
async fn lost_are(jira: &Session, before: KnownState<'_>) -> Result<bool, JiraError> {
    let status = |p: &JiraProject| p.status.clone().unwrap_or_default();
    // A live project that may not be browsed is covered by the permission check.
    let lost = || unwell(before.known).filter(|p| status(p).lifecycle != Lifecycle::Live);
    let ids: Vec<String> = lost().filter_map(|p| status(p).id).collect();
    let by_id = jira.projects(ProjectFilter::AnyWithIds(&ids)).await?;
    let as_before = |p: &JiraProject| {
        let now = by_id.iter().find(|found| Some(&found.id) == status(p).id.as_ref());
        lifecycle(now) == status(p).lifecycle
    };
    // A former key is in no list, and leads to its project all the same.
    let without_id = lost().filter(|p| status(p).id.is_none());
    let keys = before.turn(without_id.map(|p| p.spec.key.clone()).collect());
    Ok(lost().filter(|p| status(p).id.is_some()).all(as_before) && are_unreadable(jira, keys).await?)
}

/// Whether of the projects that were seen through their portal only still nothing else is seen.
async fn portals_are(jira: &Session, before: KnownState<'_>) -> Result<bool, JiraError> {
    are_unreadable(jira, before.turn(portals(before.known, BROWSE))).await
}

/// Whether the service desks that could not be used still cannot, for the same reasons.
async fn desks_are(jira: &Session, before: KnownState<'_>) -> Result<bool, JiraError> {
    let Some(trouble) = trouble(before, ConditionType::ServiceDesksReady) else {
        return Ok(true);
    };
    if trouble.reason == Reason::KnowledgeBaseUnreadable {
        return match jira.knowledge_base().await {
            Ok(()) => Ok(false),
            Err(JiraError::Forbidden(_) | JiraError::Unauthorized(_) | JiraError::ScopeMismatch(_)) => Ok(true),
            Err(error) => Err(error),
        };
    }
    let unwell = before.turn(unwell_desks(before.known).collect());
    let held = |status: &JiraProjectStatus| status.permissions.iter().cloned().collect::<BTreeSet<String>>();
    let asked: Vec<DeskQuery> = unwell
        .iter()
        .filter_map(|(project, status, _)| {
            let asked = DeskQuery::of(status.id.as_deref()?, before.is_for_tickets(project), &held(status));
            Some(asked.that_was_closed(is_closed(project)))
        })
        .collect();
    let evidence = desks(jira, &asked, None, Some(0)).await?;
    Ok(unwell.iter().all(|(project, status, finding)| {
        let held = held(status);
        let judged = judge::desk::judge(&Desk {
            key: &project.spec.key,
            project_id: status.id.as_deref().unwrap_or_default(),
            held: &held,
            is_for_tickets: before.is_for_tickets(project),
            evidence: &evidence,
        });
        judged.is_some_and(|judged| judged == *finding)
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    #[test]
    fn what_failed_takes_turns() {
        let spec: JiraIntegrationSpec = serde_json::from_value(serde_json::json!({
            "site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}
        }))
        .unwrap_or_else(|error| panic!("{error}"));
        let of = |turn| KnownState {
            spec: &spec,
            conditions: &[],
            known: &[],
            turn,
        };
        assert_eq!(of(7).turn(vec![1, 2, 3]), [1, 2, 3]);
        let asked: BTreeSet<usize> = (0..3).flat_map(|turn| of(turn).turn((0..12).collect())).collect();
        assert_eq!(asked, (0..12).collect());
        assert_eq!(of(usize::MAX).turn((0..12).collect()).len(), MOST);
    }
}
