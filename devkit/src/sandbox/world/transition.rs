//! Transitions: which moves a workflow has from a status.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::issue::{Issue, IssueStatus, Transition, Workflow};

/// Resolutions: id and English name. The first is what an issue gets that comes into a done status without one.
pub(crate) const RESOLUTIONS: [(&str, &str); 4] = [
    ("10000", "Done"),
    ("10001", "Won't Do"),
    ("10002", "Duplicate"),
    ("10003", "Fixed"),
];

impl Issue {
    /// Sets right what follows from the status: coming into a done one resolves an issue, leaving the last opens it.
    pub(crate) fn follow_status(&mut self, workflow: &Workflow, now: Timestamp) {
        if workflow.is_done(&self.status_id) {
            self.resolved = self.resolved.or(Some(now));
        } else {
            self.resolved = None;
            self.fields.remove("resolution");
        }
    }

    /// Why it is resolved, if it is.
    pub(crate) fn resolution(&self) -> Value {
        let (id, name) = RESOLUTIONS[0];
        match (self.resolved, self.fields.get("resolution")) {
            (None, _) => Value::Null,
            (Some(_), Some(chosen)) => chosen.clone(),
            (Some(_), None) => json!({"id": id, "name": name}),
        }
    }
}

impl Transition {
    /// Whether its screen takes a field, told or not.
    pub(crate) fn takes(&self, field: &str) -> bool {
        let mut all = self.screen.iter().flatten().chain(&self.unlisted);
        all.any(|known| known == field)
    }

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
