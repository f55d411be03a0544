//! Can one project be used, with the service desk that belongs to it?

use super::{
    desk::{self, Desk},
    project::{self, ProjectFacts},
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
pub fn judge(seen: &ProjectFacts<'_>, desks: Option<&DesksEvidence>) -> Vec<Finding> {
    let mut findings = project::judge(seen);
    let service = seen.project.filter(|p| p.project_type_key == SERVICE_DESK);
    if let Some(service) = service {
        let accessible = findings.first().is_some_and(Finding::is_true);
        let unanswered = findings.first().filter(|finding| finding.reason == Reason::NotChecked);
        findings.push(match desks {
            _ if unanswered.is_some() => Finding::plain(ServiceDeskReady, Reason::NotChecked),
            _ if !accessible => Finding::plain(ServiceDeskReady, Reason::SkippedAfterAccessible),
            None => Finding::plain(ServiceDeskReady, Reason::SkippedAfterScopesGranted),
            Some(evidence) => desk_finding(seen, &service.id, evidence),
        });
    }
    findings
}

fn desk_finding(seen: &ProjectFacts<'_>, project_id: &str, evidence: &DesksEvidence) -> Finding {
    let desk = Desk {
        key: seen.key,
        project_id,
        held: seen.held,
        is_for_tickets: seen.is_for_tickets,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        api::requirements::permission_keys,
        atlassian::{desk_models::ServiceDesk, error::JiraError, models::Project},
        diagnose::evidence::DeskEvidence,
    };

    fn project(kind: &str) -> Project {
        Project {
            id: "1".into(),
            key: "SUP".into(),
            name: "Support".into(),
            project_type_key: kind.into(),
            style: None,
            archived: false,
            deleted: false,
        }
    }

    fn all() -> BTreeSet<String> {
        permission_keys().into_iter().map(str::to_owned).collect()
    }

    fn judged(project: &Project, held: &BTreeSet<String>, desks: Option<&DesksEvidence>) -> Vec<Finding> {
        let seen = ProjectFacts {
            key: "SUP",
            project: Some(project),
            held,
            is_for_tickets: true,
            portal_only: false,
            nearest: None,
            unanswered: None,
        };
        judge(&seen, desks)
    }

    fn reasons(findings: &[Finding]) -> Vec<Reason> {
        findings.iter().map(|finding| finding.reason).collect()
    }

    #[test]
    fn only_service_projects_have_a_desk() {
        use Reason::*;
        let kinds = ["software", "business", "product_discovery", "customer_service", ""];
        for kind in kinds {
            let found = judged(&project(kind), &all(), Some(&DesksEvidence::default()));
            assert_eq!(reasons(&found), [ProjectVisible, PermissionsHeld], "{kind}");
        }
        let none = DesksEvidence {
            listed: Some(Ok(Vec::new())),
            ..DesksEvidence::default()
        };
        let found = judged(&project(SERVICE_DESK), &all(), Some(&none));
        assert_eq!(reasons(&found), [ProjectVisible, PermissionsHeld, ServiceDeskMissing]);
    }

    #[test]
    fn a_desk_is_looked_at_when_its_project_can_be_accessed_and_the_scopes_cover_it() {
        use Reason::*;
        let mut archived = project(SERVICE_DESK);
        archived.archived = true;
        let found = judged(&archived, &all(), None);
        assert_eq!(
            reasons(&found),
            [ProjectArchived, SkippedAfterAccessible, SkippedAfterAccessible]
        );
        let found = judged(&project(SERVICE_DESK), &all(), None);
        assert_eq!(
            reasons(&found),
            [ProjectVisible, PermissionsHeld, SkippedAfterScopesGranted]
        );
    }

    #[test]
    fn a_desk_that_jira_does_not_answer_about_is_not_checked() {
        let listed = ServiceDesk {
            id: "7".into(),
            project_id: "1".into(),
            project_key: "SUP".into(),
        };
        let answers = DeskEvidence {
            request_types: Err(JiraError::Redirected),
            creatable: None,
            forms: Vec::new(),
        };
        let evidence = DesksEvidence {
            listed: Some(Ok(vec![listed])),
            desks: [("1".to_owned(), answers)].into(),
            knowledge_base: None,
        };
        let found = judged(&project(SERVICE_DESK), &all(), Some(&evidence));
        assert_eq!(found.last().map(|f| f.reason), Some(Reason::NotChecked));
    }

    #[test]
    fn a_missing_agent_is_told_once() {
        let mut held = all();
        held.remove(crate::api::requirements::AGENT);
        let listed = ServiceDesk {
            id: "7".into(),
            project_id: "1".into(),
            project_key: "SUP".into(),
        };
        let evidence = DesksEvidence {
            listed: Some(Ok(vec![listed])),
            ..DesksEvidence::default()
        };
        let found = judged(&project(SERVICE_DESK), &held, Some(&evidence));
        let reasons = reasons(&found);
        assert_eq!(reasons.last(), Some(&Reason::NotAnAgent));
        let explained = |reason: &Reason| reason.is_explained_among(reasons.iter().copied());
        let told: Vec<bool> = reasons.iter().map(explained).collect();
        assert_eq!(told, [false, false, true]);
    }
}
