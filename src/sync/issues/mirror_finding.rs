//! What an integration says of the mirror of issues: its Synced, where there is more to say than that all is well.

use super::{project_states::ProjectSyncError, report::SyncReport, state::MirrorState};
use crate::api::{
    condition::{ConditionType, Finding},
    integration::{JiraIntegrationSpec, MirrorMode},
    reason::Reason,
};

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
    let unanswered = state.objects.deferred.unanswered();
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
    if mirrors && (state.objects.is_truncated || state.projects.matching() > max) {
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
    if let Some((count, object, words)) = state.objects.deferred.refused() {
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
