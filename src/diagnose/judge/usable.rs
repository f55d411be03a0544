//! Can one project be used, with the service desk that belongs to it?

use super::{
    desk::{self, Desk},
    project::{self, Seen},
};
use crate::{
    api::{
        condition::{ConditionType::ServiceDeskReady, Finding},
        reason::Reason,
        requirements::SERVICE_DESK,
    },
    diagnose::evidence::DesksEvidence,
};

/// Judges the project: Accessible and Permitted, and `ServiceDeskReady` of a service project. `desks`
/// is absent where the scopes do not cover them. What Jira did not answer is `NotChecked`.
#[must_use]
pub fn judge(seen: &Seen<'_>, desks: Option<&DesksEvidence>) -> Vec<Finding> {
    let mut findings = project::judge(seen);
    let service = seen.project.filter(|p| p.project_type_key == SERVICE_DESK);
    if let Some(service) = service {
        let accessible = findings.first().is_some_and(Finding::is_true);
        let mut finding = match desks {
            _ if !accessible => Finding::plain(ServiceDeskReady, Reason::SkippedAfterAccessible),
            None => Finding::plain(ServiceDeskReady, Reason::SkippedAfterScopesGranted),
            Some(evidence) => desk_finding(seen, &service.id, evidence),
        };
        let explained_by = finding.reason.explained_by();
        finding.told_before = findings.iter().any(|f| explained_by == Some(f.reason));
        findings.push(finding);
    }
    findings
}

fn desk_finding(seen: &Seen<'_>, project_id: &str, evidence: &DesksEvidence) -> Finding {
    let desk = Desk {
        key: seen.key,
        project_id,
        held: seen.held,
        mode: seen.mode,
        evidence,
    };
    let unanswered = || {
        Finding::new(
            ServiceDeskReady,
            Reason::NotChecked,
            "Jira did not answer about the service desk.",
        )
    };
    desk::judge(&desk).unwrap_or_else(unanswered)
}
