//! The cheap look of a plain pass: is everything as it was? One permission check for every
//! 1,000 projects, and a look at what is unwell.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::known::{browsed, has_unanswered_desk, live_permissions, live_projects, portals, unwell, unwell_desks};
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
        jira::{Jira, ProjectFilter},
        models::Project,
    },
    diagnose::{
        evidence::{DirectoryEvidence, is_closed},
        gather::{
            desk_asked::DeskAsked,
            desks::desks,
            projects::{everything, is_readable},
            statuses::statuses,
        },
        judge::{self, desk::Desk},
    },
};

/// What was found before.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// What is declared.
    pub spec: &'a JiraIntegrationSpec,
    /// The integration's conditions.
    pub conditions: &'a [Condition],
    /// Its projects.
    pub known: &'a [JiraProject],
}

/// Whether Jira answers as it did when these objects were written. If not, everything is
/// looked at.
///
/// # Errors
/// That of the first call that fails.
pub async fn is_unchanged(jira: &Jira, cloud_id: &str, before: Before<'_>) -> Result<bool, JiraError> {
    if has_unanswered_desk(before.known) {
        return Ok(false);
    }
    let asked = everything(questions(before.spec.mode, &live_projects(before.known)));
    let held = jira.permissions(cloud_id, &asked).await?;
    let expected = live_permissions(before.known);
    let same = expected.iter().all(|(id, permissions)| match held.projects.get(id) {
        Some(held) => held == permissions,
        None => permissions.is_empty(),
    });
    let may_browse = held.global.contains(BROWSE_USERS);
    Ok(same
        && directory_is(jira, cloud_id, before, may_browse).await?
        && mapping_is(jira, cloud_id, before).await?
        && lost_are(jira, cloud_id, before.known).await?
        && portals_are(jira, cloud_id, before.known).await?
        && desks_are(jira, cloud_id, before).await?)
}

/// The finding that a condition carries, if it is False.
fn trouble(before: Before<'_>, condition: ConditionType) -> Option<Finding> {
    let finding = Finding::carried(condition, before.conditions)?;
    (finding.reason.entry().holds == Holds::False).then_some(finding)
}

async fn directory_is(jira: &Jira, cloud_id: &str, before: Before<'_>, may_browse: bool) -> Result<bool, JiraError> {
    let trouble = trouble(before, ConditionType::DirectoryReadable);
    let could_browse = trouble.as_ref().is_none_or(|f| f.reason != Reason::UserBrowsingDenied);
    let Some(trouble) = trouble.filter(|_| could_browse && may_browse) else {
        return Ok(could_browse == may_browse);
    };
    let pinned = before.spec.pinned();
    let ids: Vec<String> = pinned.iter().map(|person| person.account_id.clone()).collect();
    let evidence = DirectoryEvidence {
        may_browse,
        pinned: Ok(jira.users(cloud_id, &ids).await?),
    };
    Ok(judge::directory::judge(pinned, &evidence) == trouble)
}

async fn mapping_is(jira: &Jira, cloud_id: &str, before: Before<'_>) -> Result<bool, JiraError> {
    let Some(trouble) = trouble(before, ConditionType::StatusMappingValid) else {
        return Ok(true);
    };
    let rules = &before.spec.status_mapping;
    let evidence = statuses(jira, cloud_id, rules, &browsed(before.known)).await?;
    Ok(judge::mapping::judge(rules, &evidence) == trouble)
}

/// Whether projects that Jira did not show as live still are what they were.
async fn lost_are(jira: &Jira, cloud_id: &str, known: &[JiraProject]) -> Result<bool, JiraError> {
    let status = |p: &JiraProject| p.status.clone().unwrap_or_default();
    // A live project that may not be browsed is covered by the permission check.
    let lost = || unwell(known).filter(|p| status(p).lifecycle != Lifecycle::Live);
    let ids: Vec<String> = lost().filter_map(|p| status(p).id).collect();
    let by_id = jira.projects(cloud_id, ProjectFilter::AnyWithIds(&ids)).await?;
    // A former key is in no list, and leads to its project all the same.
    for project in lost().filter(|p| status(p).id.is_none()) {
        if is_readable(jira, cloud_id, &project.spec.key).await? {
            return Ok(false);
        }
    }
    let as_before = |p: &JiraProject| {
        let now = by_id.iter().find(|found| Some(&found.id) == status(p).id.as_ref());
        now.map_or(Lifecycle::NotVisible, lifecycle) == status(p).lifecycle
    };
    Ok(lost().filter(|p| status(p).id.is_some()).all(as_before))
}

fn lifecycle(project: &Project) -> Lifecycle {
    match (project.deleted, project.archived) {
        (true, _) => Lifecycle::Trashed,
        (false, true) => Lifecycle::Archived,
        (false, false) => Lifecycle::Live,
    }
}

/// Whether of the projects that were seen through their portal only still nothing else is seen.
async fn portals_are(jira: &Jira, cloud_id: &str, known: &[JiraProject]) -> Result<bool, JiraError> {
    for id in portals(known, BROWSE) {
        if is_readable(jira, cloud_id, &id).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the service desks that could not be used still cannot, for the same reasons.
async fn desks_are(jira: &Jira, cloud_id: &str, before: Before<'_>) -> Result<bool, JiraError> {
    let Some(trouble) = trouble(before, ConditionType::ServiceDesksReady) else {
        return Ok(true);
    };
    if trouble.reason == Reason::KnowledgeBaseUnreadable {
        return match jira.knowledge_base(cloud_id).await {
            Ok(()) => Ok(false),
            Err(JiraError::Forbidden(_) | JiraError::Unauthorized(_) | JiraError::ScopeMismatch(_)) => Ok(true),
            Err(error) => Err(error),
        };
    }
    let unwell: Vec<_> = unwell_desks(before.known).collect();
    let held = |status: &JiraProjectStatus| status.permissions.iter().cloned().collect::<BTreeSet<String>>();
    let asked: Vec<DeskAsked> = unwell
        .iter()
        .filter_map(|(project, status, _)| {
            let asked = DeskAsked::of(status.id.as_deref()?, before.spec.mode, &held(status));
            Some(asked.that_was_closed(is_closed(project)))
        })
        .collect();
    let evidence = desks(jira, cloud_id, &asked, None, Some(0)).await?;
    Ok(unwell.iter().all(|(project, status, finding)| {
        let held = held(status);
        let judged = judge::desk::judge(&Desk {
            key: &project.spec.key,
            project_id: status.id.as_deref().unwrap_or_default(),
            held: &held,
            mode: before.spec.mode,
            evidence: &evidence,
        });
        judged.is_some_and(|judged| judged == *finding)
    }))
}
