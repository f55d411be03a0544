//! What the status of a `JiraProject` says of its issues: their counts, and its Synced.

use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::Client;

use super::{
    project_state::SyncPhase, project_states::ProjectSyncError, report::SyncReport, scope::MirrorScope,
    state::MirrorState,
};
use crate::{
    api::{
        condition::{ConditionType, Finding, put},
        project::{JiraProject, JiraProjectStatus, ProjectIssues},
        reason::Reason,
    },
    sync::projects::apply,
};

/// A project is not written again for each pass, nor when one fails: the integration says how old this is.
const SYNCED: &str = "Its issues were synchronised by the last pass that succeeded; its JiraIntegration says when \
    that was, in status.sync.lastSyncTime.";
/// Stands for settings that no project has: under any, a project is mirrored anew.
const ANEW: &str = "anew";

/// What there is to say.
#[derive(Clone, Copy, Debug)]
pub struct StatusInputs<'a> {
    /// The projects.
    pub scope: &'a MirrorScope,
    /// The mirror.
    pub state: &'a MirrorState,
    /// What was done.
    pub report: &'a SyncReport,
    /// It did not end well.
    pub failed: bool,
    /// Issues are mirrored, and not only counted.
    pub mirrors: bool,
    /// Now.
    pub now: Timestamp,
}

/// Writes what is to be said of each project: one write for each that differs. Whether all of it stands
/// now: not where an object was written or deleted meanwhile.
///
/// # Errors
/// The last write that failed; the others were tried.
pub async fn write(client: &Client, known: &[JiraProject], inputs: &StatusInputs<'_>) -> kube::Result<bool> {
    let differing = known.iter().filter_map(|project| {
        let before = project.status.as_ref()?;
        let after = status(before, &project.spec.key, inputs);
        (after != *before).then_some((project, after))
    });
    let writes: Vec<_> = differing
        .map(|(project, after)| apply::write_status(client, project, after, inputs.now).boxed())
        .collect();
    let mut written = stream::iter(writes).buffer_unordered(apply::IN_FLIGHT);
    let mut ended = Ok(true);
    while let Some(result) = written.next().await {
        match result {
            Ok(Some(_)) => {}
            Ok(None) => ended = ended.and(Ok(false)),
            Err(error) => ended = Err(error),
        }
    }
    ended
}

/// What the status of a project becomes.
#[must_use]
pub fn status(before: &JiraProjectStatus, key: &str, inputs: &StatusInputs<'_>) -> JiraProjectStatus {
    let mut after = before.clone();
    let Some(id) = &before.id else { return after };
    if inputs.scope.archived.contains(id) {
        after.issues = None;
    }
    if let Some(counts) = inputs.state.projects.counts(id) {
        let phase = inputs.state.projects.phase(id);
        let earlier = before.issues.as_ref().and_then(|issues| issues.filter.clone());
        let filter = match phase {
            SyncPhase::Live | SyncPhase::CatchingUp(_) => inputs.state.projects.filter(id).cloned(),
            // It is being mirrored anew, also after a restart.
            SyncPhase::Initial { resumed: false, .. } => {
                // Without a cursor all of them are.
                let has_cursor = inputs.state.scan.cursor().is_some();
                let is_as_now = |earlier: &String| has_cursor && inputs.scope.filter_of(id) == Some(earlier);
                earlier.map(|earlier| if is_as_now(&earlier) { ANEW.to_owned() } else { earlier })
            }
            SyncPhase::Initial { resumed: true, .. } => None,
        };
        let issues = ProjectIssues {
            open: counts.open.map(number),
            matching: counts.matching.map(number),
            approximate: counts.about,
            as_of: Time(counts.as_of),
            filter,
            // Where issues are only counted, a process that starts anew counts anew.
            filling: (inputs.mirrors && phase.is_initial())
                .then(|| inputs.state.projects.filter(id).cloned())
                .flatten(),
            cursor: phase
                .cursor()
                .and_then(|cursor| Timestamp::from_millisecond(cursor).ok())
                .map(|at| format!("{at:.3}")),
        };
        let counted = |issues: &ProjectIssues| ProjectIssues {
            as_of: Time(Timestamp::UNIX_EPOCH),
            ..issues.clone()
        };
        // A time alone is no news.
        if before.issues.as_ref().map(counted) != Some(counted(&issues)) {
            after.issues = Some(issues);
        }
    }
    if !inputs.failed && inputs.scope.filter_of(id).is_some() {
        let generation = before.observed_generation.unwrap_or(1);
        put(
            &mut after.conditions,
            &refused_before(&before.conditions, id, inputs).unwrap_or_else(|| of_project(key, id, inputs)),
            generation,
            &Time(inputs.now),
        );
    }
    after
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What Jira refused stands until it is asked again, which is put off by a backoff.
fn refused_before(conditions: &[Condition], id: &str, inputs: &StatusInputs<'_>) -> Option<Finding> {
    let is_asked_now = inputs.report.failed_projects.contains_key(id);
    if is_asked_now || !inputs.state.projects.is_refused(id) {
        return None;
    }
    Finding::carried(ConditionType::Synced, conditions)
        .filter(|said| [Reason::JqlInvalid, Reason::SyncPartial].contains(&said.reason))
}

fn of_project(key: &str, id: &str, inputs: &StatusInputs<'_>) -> Finding {
    let synced = ConditionType::Synced;
    match inputs.report.failed_projects.get(id) {
        Some(ProjectSyncError::Jql(words)) => {
            let what = format!(
                "Jira does not accept the jql of spec.projects[{key}]: {}.",
                words.trim_end_matches('.')
            );
            Finding::with_remedy(synced, Reason::JqlInvalid, &what)
        }
        Some(ProjectSyncError::Refused(words)) => {
            let what = format!("Jira refuses to search {key}: {}.", words.trim_end_matches('.'));
            Finding::with_remedy(synced, Reason::SyncPartial, &what)
        }
        None if !inputs.mirrors => Finding::new(
            synced,
            Reason::SyncSucceeded,
            "Its issues are counted, and none is mirrored.",
        ),
        None if inputs.state.projects.phase(id).is_initial() => {
            let what = "The first synchronisation of its issues is under way.";
            Finding::new(synced, Reason::Synchronising, what)
        }
        None => Finding::new(synced, Reason::SyncSucceeded, SYNCED),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::{
        api::{condition::find, integration::JiraIntegrationSpec},
        sync::issues::{issue_counts::IssueCounts, project_state::ProjectState, scope::scope},
    };

    /// A project is not written again when a pass fails, and so it claims nothing of now.
    #[test]
    fn a_project_speaks_of_the_last_pass_that_succeeded() {
        let spec = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}});
        let spec: JiraIntegrationSpec = serde_json::from_value(spec).unwrap();
        let accessible = json!({"type": "Accessible", "status": "True", "reason": "ProjectVisible", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let project: JiraProject = serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject", "metadata": {"name": "acme-eng"},
            "spec": {"integration": "acme", "key": "ENG"},
            "status": {"id": "10", "key": "ENG", "lifecycle": "Live", "conditions": [accessible]}
        }))
        .unwrap();
        let scope = scope(&spec, &spec.site, std::slice::from_ref(&project), true);
        let mut state = MirrorState::default();
        let counts = IssueCounts::unknown(Timestamp::UNIX_EPOCH);
        let live = ProjectState::restored(SyncPhase::Live, None, counts);
        state.projects.insert("10".into(), live);
        let report = SyncReport::default();
        let said = |failed| {
            let inputs = StatusInputs {
                scope: &scope,
                state: &state,
                report: &report,
                failed,
                mirrors: true,
                now: Timestamp::UNIX_EPOCH,
            };
            let after = status(project.status.as_ref().unwrap(), "ENG", &inputs);
            find(&after.conditions, ConditionType::Synced).map(|condition| condition.message.clone())
        };
        assert_eq!(said(true), None);
        assert!(said(false).is_some_and(|message| message.contains("by the last pass that succeeded")));
    }

    /// It is asked again later, and nothing is under way meanwhile.
    #[test]
    fn what_jira_refused_stands_while_it_is_not_asked_again() {
        let spec = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}});
        let spec: JiraIntegrationSpec = serde_json::from_value(spec).unwrap();
        let mut state = MirrorState::default();
        let counts = IssueCounts::unknown(Timestamp::UNIX_EPOCH);
        let mut first = ProjectState::restored(SyncPhase::Live, None, counts);
        first.list_refused(Timestamp::UNIX_EPOCH);
        state.projects.insert("10".into(), first);
        let inputs = StatusInputs {
            scope: &scope(&spec, &spec.site, &[], true),
            state: &state,
            report: &SyncReport::default(),
            failed: false,
            mirrors: true,
            now: Timestamp::UNIX_EPOCH,
        };
        let written = |reason: &str| -> Vec<Condition> {
            serde_json::from_value(
                json!([{"type": "Synced", "status": "False", "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]),
            )
            .unwrap()
        };
        let stands = |conditions: &[Condition], id| refused_before(conditions, id, &inputs).map(|f| f.reason);
        assert_eq!(stands(&written("SyncPartial"), "10"), Some(Reason::SyncPartial));
        assert_eq!(stands(&written("JqlInvalid"), "10"), Some(Reason::JqlInvalid));
        assert_eq!(stands(&written("Synchronising"), "10"), None);
        assert_eq!(stands(&[], "10"), None);
        assert_eq!(stands(&written("SyncPartial"), "11"), None, "another project");
    }
}
