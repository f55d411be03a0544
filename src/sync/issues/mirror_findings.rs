//! What is said of the mirror: on the integration, and on each project.

use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Client;

use super::{
    project_state::SyncPhase, project_states::ProjectSyncError, report::SyncReport, scope::MirrorScope,
    state::MirrorState,
};
use crate::{
    api::{
        condition::{ConditionType, Finding, put},
        integration::{JiraIntegrationSpec, MirrorMode},
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

/// The finding of the integration, where there is more to say than that all is well.
#[must_use]
pub fn finding(spec: &JiraIntegrationSpec, state: &MirrorState, report: &SyncReport, max: usize) -> Option<Finding> {
    let synced = ConditionType::Synced;
    let mirrors = spec.issues().mirror != MirrorMode::None;
    if !report.failed_projects.is_empty() {
        let count = report.failed_projects.len();
        let first = report.failed_projects.iter().next().map(|(_, trouble)| trouble.words());
        let what = format!(
            "The issues of {} could not be synchronised: {}.",
            if count == 1 {
                "one project".to_owned()
            } else {
                format!("{count} projects")
            },
            first.unwrap_or_default().trim_end_matches('.')
        );
        let next = "See the condition Synced of the JiraProject objects.";
        return Some(Finding::new(synced, Reason::SyncPartial, format!("{what} {next}")));
    }
    if let Some(what) = refused(state, report) {
        return Some(Finding::with_remedy(synced, Reason::SyncPartial, &what));
    }
    if report.incomplete {
        let what = "Jira warned that one of its answers may be incomplete, so nothing is removed for it.";
        return Some(Finding::with_remedy(synced, Reason::SyncPartial, what));
    }
    let unanswered = state.objects.deferred().unanswered();
    if unanswered > 0 {
        let issues = if unanswered == 1 { "one issue" } else { "some issues" };
        let what = format!("Jira could not answer {issues}, and what is mirrored of them stays as it is until it can.");
        return Some(Finding::with_remedy(synced, Reason::SyncPartial, &what));
    }
    if report.malformed > 0 {
        let issues = if report.malformed == 1 {
            "One issue"
        } else {
            "Some issues"
        };
        let what =
            format!("{issues} came in a form that is not understood, and what is mirrored of them stays as it is.");
        return Some(Finding::with_remedy(synced, Reason::SyncPartial, &what));
    }
    if mirrors && (state.objects.is_truncated() || state.projects.matching() > max) {
        let is_about = state.projects.all_counts().any(|counts| counts.about);
        let of = match state.projects.matching() {
            count if count <= max => "more".to_owned(),
            count if is_about => format!("about {count}"),
            count => count.to_string(),
        };
        let what = format!("{max} of {of} issues are mirrored, those that were updated last.");
        return Some(Finding::with_remedy(synced, Reason::MirrorTruncated, &what));
    }
    (mirrors && state.is_filling()).then(|| {
        let message = match (state.fill.remaining(), state.fill.is_estimate()) {
            (0, _) => "Synchronising: what is to be fetched is being counted.".to_owned(),
            (left, true) => format!(
                "Synchronising: about {left} of {} issues are still to be fetched.",
                state.fill.total()
            ),
            (left, false) => format!(
                "Synchronising: {left} of {} issues are still to be fetched.",
                state.fill.total()
            ),
        };
        Finding::new(synced, Reason::Synchronising, message)
    })
}

/// What the cluster refuses, and that all else goes on.
fn refused(state: &MirrorState, report: &SyncReport) -> Option<String> {
    if let Some((count, object, words)) = state.objects.deferred().refused() {
        let which = match count {
            1 => format!("JiraIssue {object} could not be written or removed"),
            _ => format!("{count} JiraIssues could not be written or removed, for example {object}"),
        };
        return Some(format!(
            "{which}: {}. The others are kept up to date.",
            words.trim_end_matches('.')
        ));
    }
    let (object, words) = report.undiscarded.as_ref()?;
    let words = words.trim_end_matches('.');
    Some(format!(
        "JiraIssue {object}, which holds no issue, could not be removed: {words}."
    ))
}

impl ProjectSyncError {
    fn words(&self) -> String {
        match self {
            Self::Jql(words) | Self::Refused(words) => words.clone(),
        }
    }
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
            &of_project(key, id, inputs),
            generation,
            &Time(inputs.now),
        );
    }
    after
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
        api::condition::find,
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
}
