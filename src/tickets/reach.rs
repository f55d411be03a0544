//! In which projects the tickets of an integration may be: what is elsewhere is neither written nor shown. Pure.

use std::sync::Arc;

use crate::{
    api::{integration::Tickets, issue::JiraIssueStatus, project::JiraProject},
    sync::phase::Phases,
};

/// The projects of an integration, and how it calls what their issues are in.
pub struct Reach<'a> {
    tickets: &'a Tickets,
    projects: &'a [Arc<JiraProject>],
    phases: Phases,
}

impl<'a> Reach<'a> {
    /// Of an integration that lets tickets be written in these of its projects.
    #[must_use]
    pub const fn new(tickets: &'a Tickets, projects: &'a [Arc<JiraProject>], phases: Phases) -> Self {
        Self {
            tickets,
            projects,
            phases,
        }
    }

    /// Whether tickets may be where an issue is. One of which nothing is known yet may.
    #[must_use]
    pub fn has(&self, issue: &JiraIssueStatus) -> bool {
        if issue.project_id.is_empty() && issue.project.is_empty() {
            return true;
        }
        self.project(issue).is_some_and(|project| {
            let keys = [Some(project.spec.key.as_str()), key_now(project)];
            let listed = &self.tickets.projects;
            listed.is_empty() || listed.iter().any(|key| keys.contains(&Some(key.as_str())))
        })
    }

    /// The issue in the phase that the rules of the integration give it now: they may have changed since it was read.
    #[must_use]
    pub fn mapped(&self, issue: JiraIssueStatus) -> JiraIssueStatus {
        if issue.status_id.is_empty() && issue.status.is_empty() {
            return issue;
        }
        let declared = self.project(&issue).map(|project| project.spec.key.as_str());
        let keys = [issue.project.as_str(), declared.unwrap_or(&issue.project)];
        let phase = self.phases.phase(
            &keys,
            &issue.issue_type,
            &issue.status,
            &issue.status_id,
            &issue.category,
        );
        JiraIssueStatus { phase, ..issue }
    }

    /// The project of an issue. Its id never changes; where that is not known, its key stands for it.
    fn project(&self, issue: &JiraIssueStatus) -> Option<&'a JiraProject> {
        let is_of = |project: &&Arc<JiraProject>| {
            let id = project.status.as_ref().and_then(|status| status.id.as_deref());
            match id.filter(|_| !issue.project_id.is_empty()) {
                Some(id) => id == issue.project_id,
                None => key_now(project).unwrap_or(&project.spec.key) == issue.project,
            }
        };
        self.projects.iter().find(is_of).map(Arc::as_ref)
    }
}

fn key_now(project: &JiraProject) -> Option<&str> {
    project.status.as_ref().and_then(|status| status.key.as_deref())
}
