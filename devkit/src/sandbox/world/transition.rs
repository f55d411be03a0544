//! Transitions: which moves a workflow has from a status.

use super::issue::{Issue, IssueStatus, Transition, Workflow};

impl Transition {
    /// Whether it begins in the issue's status.
    pub(crate) fn begins_in(&self, workflow: &Workflow, issue: &Issue) -> bool {
        let here = workflow.status(&issue.status_id);
        let is_here = |name: &String| *name == issue.status_id || here.is_some_and(|here| here.name == *name);
        self.from.as_ref().is_none_or(|from| from.iter().any(is_here))
    }

    /// Id of the status it leads the issue to.
    pub(crate) fn target<'a>(&self, workflow: &'a Workflow, issue: &'a Issue) -> Option<&'a str> {
        let Some(to) = self.to.as_deref() else {
            return Some(&issue.status_id);
        };
        let found = workflow
            .statuses
            .iter()
            .find(|status| status.id == to || status.name == to);
        found.map(|status| status.id.as_str())
    }
}

impl Workflow {
    /// The moves it has. One that was given none lets every issue into every status, also into the one it is in, as
    /// the simplified workflow does.
    pub(crate) fn moves(&self) -> Vec<Transition> {
        if !self.transitions.is_empty() {
            return self.transitions.clone();
        }
        let statuses = self.statuses.iter().enumerate();
        let every = |(at, status): (usize, &IssueStatus)| Transition {
            id: (at * 10 + 11).to_string(),
            name: status.name.clone(),
            to: Some(status.id.clone()),
            ..Transition::default()
        };
        statuses.map(every).collect()
    }
}
