//! What is known of projects from their objects, for the check of an incremental reconcile.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::{
        condition::{ConditionType, Finding, is_true, reason_of},
        project::{JiraProject, JiraProjectStatus, Lifecycle},
        reason::Reason,
    },
    diagnose::{KnownProject, TypeStatuses},
};

/// Ids of the known projects that were live and well enough to be confirmed in bulk.
#[must_use]
pub fn live_permissions(known: &[JiraProject]) -> BTreeMap<String, BTreeSet<String>> {
    known
        .iter()
        .filter_map(|p| p.status.as_ref())
        .filter(|status| status.lifecycle == Lifecycle::Live)
        .filter_map(|status| Some((status.id.clone()?, status.permissions.iter().cloned().collect())))
        .collect()
}

/// Ids and types of the known projects that are live.
#[must_use]
pub fn live_projects(known: &[JiraProject]) -> Vec<(String, String)> {
    let statuses = known.iter().filter_map(|p| p.status.as_ref());
    statuses
        .filter(|status| status.lifecycle == Lifecycle::Live)
        .filter_map(|status| Some((status.id.clone()?, status.project_type.clone().unwrap_or_default())))
        .collect()
}

/// Known projects that cannot be accessed: asked for again by every reconciliation.
pub fn unwell(known: &[JiraProject]) -> impl Iterator<Item = &JiraProject> {
    known.iter().filter(|p| {
        let conditions = p.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        !is_true(conditions, ConditionType::Accessible)
    })
}

/// Live projects that can be browsed, by id and the key that they have in Jira.
#[must_use]
pub fn browsed(known: &[JiraProject]) -> Vec<KnownProject> {
    let statuses = known.iter().filter_map(|p| p.status.as_ref());
    statuses
        .filter(|status| status.lifecycle == Lifecycle::Live)
        .filter(|status| is_true(&status.conditions, ConditionType::Accessible))
        .filter_map(|status| {
            Some(KnownProject {
                id: status.id.clone()?,
                key: status.key.clone()?,
                closed: false,
                workflows: TypeStatuses::of(status),
            })
        })
        .collect()
}

/// Whether Jira never answered about a project, or about its service desk.
#[must_use]
pub fn has_unanswered(known: &[JiraProject]) -> bool {
    let asked = [ConditionType::Accessible, ConditionType::ServiceDeskReady];
    known.iter().filter_map(|p| p.status.as_ref()).any(|status| {
        let reasons = asked.map(|type_| reason_of(&status.conditions, type_));
        reasons.contains(&Some(Reason::NotChecked))
    })
}

/// Live projects of which the account was shown the portal only, by id.
#[must_use]
pub fn portals(known: &[JiraProject], browse: &str) -> Vec<String> {
    let statuses = unwell(known).filter_map(|p| p.status.as_ref());
    statuses
        .filter(|status| status.lifecycle == Lifecycle::Live && status.permissions.iter().any(|p| p == browse))
        .filter_map(|status| status.id.clone())
        .collect()
}

/// Projects whose service desk cannot be used, with the finding that says why. Articles that are
/// refused block nothing: they are refused for all desks at once.
pub fn unwell_desks(known: &[JiraProject]) -> impl Iterator<Item = (&JiraProject, &JiraProjectStatus, Finding)> {
    known.iter().filter_map(|project| {
        let status = project.status.as_ref()?;
        let finding = Finding::carried(ConditionType::ServiceDeskReady, &status.conditions)?;
        let is_well = finding.reason.blocks_nothing() || finding.reason.entry().is_consequence;
        (!is_well).then_some((project, status, finding))
    })
}
