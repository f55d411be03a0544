//! What happens in Jira in a history, done to the sandbox.

use devkit::sandbox::{Answer, Sandbox, StatusCategory};
use serde_json::{Value, json};

use super::{
    answers::{calm, happens_to_answers},
    command,
    names::Names,
    steps::Step,
};

/// Most projects that a history makes anew.
const MOST_NEW: usize = 3;

/// The id of the project that this number chooses.
pub fn project_id(sandbox: &Sandbox, number: usize) -> String {
    let projects: Vec<u64> = sandbox.state(|world| world.site("acme").unwrap().projects.keys().copied().collect());
    projects[number % projects.len()].to_string()
}

/// Lets something happen to the issue that this number chooses, and returns its id.
pub fn on_issue(sandbox: &Sandbox, number: u8, what: impl Fn(u64) -> Value) -> Option<u64> {
    let issues = sandbox.readable_issues(None);
    let id = *issues.keys().nth(usize::from(number) % issues.len().max(1))?;
    command(sandbox, what(id)).ok().map(|_| id)
}

/// A status of this category that the issue may come into, by its id: what it is called may change.
fn status_of(sandbox: &Sandbox, issue: u64, category: StatusCategory) -> String {
    sandbox.state(|world| {
        let found = world.site("acme").and_then(|site| site.issue_by_id(issue));
        let statuses = found.map(|(project, _)| project.workflow.statuses.as_slice());
        let mut statuses = statuses.unwrap_or_default().iter();
        let status = statuses.find(|status| status.category == category);
        status.map(|status| status.id.clone()).unwrap_or_default()
    })
}

fn edited(issue: u64, what: &Value) -> Value {
    let mut command = json!({"command": "updateIssue", "issue": issue.to_string()});
    let changed = what.as_object().unwrap().clone();
    command.as_object_mut().unwrap().extend(changed);
    command
}

/// What has to be remembered of it.
#[derive(Default)]
pub struct Life {
    /// Ids of issues that are hidden or archived.
    unseen: Vec<u64>,
    /// Ids of issues that a timer touches.
    touched: Vec<u64>,
    named: usize,
    names: Names,
}

impl Life {
    /// Lets a step happen. Whether it is one of Jira's.
    pub fn happens(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        self.happens_to_issue(sandbox, step)
            || self.has_other_time(sandbox, step)
            || self.happens_to_project(sandbox, step)
            || self.names.change(sandbox, step)
            || happens_to_answers(sandbox, step)
    }

    /// Nothing fails, nothing lags and no timer runs any more.
    pub fn calm(&mut self, sandbox: &Sandbox) {
        for id in std::mem::take(&mut self.touched) {
            let _ = command(sandbox, json!({"command": "touchIssue", "issue": id.to_string()}));
        }
        calm(sandbox);
    }

    fn happens_to_issue(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        let labels = |on: bool| if on { json!(["k8s"]) } else { json!([]) };
        let enters = |id: u64, category| edited(id, &json!({"status": status_of(sandbox, id, category)}));
        match *step {
            Step::Edit { issue } => on_issue(sandbox, issue, |id| json!({"command": "changeIssues", "ids": [id]})),
            Step::Close { issue } => on_issue(sandbox, issue, |id| enters(id, StatusCategory::Done)),
            Step::Reopen { issue } => on_issue(sandbox, issue, |id| enters(id, StatusCategory::New)),
            Step::Label { issue, on } => on_issue(sandbox, issue, |id| edited(id, &json!({"labels": labels(on)}))),
            Step::Move { issue, to } => {
                let to = project_id(sandbox, to);
                let moved = |id: u64| json!({"command": "moveIssue", "issue": id.to_string(), "project": to});
                on_issue(sandbox, issue, moved)
            }
            Step::Delete { issue } => {
                let deleted = |id: u64| json!({"command": "deleteIssue", "issue": id.to_string()});
                on_issue(sandbox, issue, deleted)
            }
            Step::HideIssue { issue } => self.unsee(sandbox, "hideIssue", "hidden", issue),
            Step::ArchiveIssue { issue } => self.unsee(sandbox, "archiveIssue", "archived", issue),
            _ => return false,
        };
        true
    }

    /// Imports and timers.
    fn has_other_time(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        let dated = |id: u64, seconds| json!({"command": "dateIssue", "issue": id.to_string(), "seconds": seconds});
        match *step {
            Step::Import { project, seconds } => {
                let project = project_id(sandbox, project);
                let added = json!({"command": "addIssues", "project": project, "count": 2, "varied": true});
                if let Ok(Answer::Issues { ids }) = command(sandbox, added) {
                    for (number, id) in (0..).zip(ids) {
                        let _ = command(sandbox, dated(id, seconds + number));
                    }
                }
            }
            Step::Date { issue, seconds } => drop(on_issue(sandbox, issue, |id| dated(id, seconds))),
            Step::Touch { issue, seconds } => {
                let every =
                    |id: u64| json!({"command": "touchIssue", "issue": id.to_string(), "everySeconds": seconds});
                self.touched.extend(on_issue(sandbox, issue, every));
            }
            _ => return false,
        }
        true
    }

    fn unsee(&mut self, sandbox: &Sandbox, command: &str, how: &str, issue: u8) -> Option<u64> {
        let unseen = |id: u64| json!({"command": command, "issue": id.to_string(), how: true});
        let id = on_issue(sandbox, issue, unseen);
        self.unseen.extend(id);
        id
    }

    fn happens_to_project(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        let on = |name: &str, project: usize| json!({"command": name, "project": project_id(sandbox, project)});
        let asked = match *step {
            Step::Create {
                project,
                count,
                labelled,
            } => {
                let labels: &[&str] = if labelled { &["k8s"] } else { &[] };
                json!({
                    "command": "addIssues", "project": project_id(sandbox, project), "count": count, "varied": true,
                    "spreadSeconds": 1, "set": {"labels": labels}
                })
            }
            Step::ShowIssues => {
                self.show(sandbox);
                return true;
            }
            Step::Archive { project } => on("archiveProject", project),
            Step::Trash { project } => on("trashProject", project),
            Step::Restore { project } => on("restoreProject", project),
            Step::Hide { project, hidden } => {
                json!({"command": "setProjectPrivate", "project": project_id(sandbox, project), "private": hidden})
            }
            Step::Rename { project } => {
                self.named += 1;
                let key = format!("R{}", self.named);
                json!({"command": "renameProjectKey", "project": project_id(sandbox, project), "key": key})
            }
            Step::NewProject => {
                self.create_project(sandbox);
                return true;
            }
            _ => return false,
        };
        let _ = command(sandbox, asked);
        true
    }

    fn show(&mut self, sandbox: &Sandbox) {
        for id in std::mem::take(&mut self.unseen) {
            let issue = id.to_string();
            for (name, how) in [("hideIssue", "hidden"), ("archiveIssue", "archived")] {
                let _ = command(sandbox, json!({"command": name, "issue": issue, how: false}));
            }
        }
    }

    fn create_project(&mut self, sandbox: &Sandbox) {
        if self.named >= MOST_NEW {
            return;
        }
        self.named += 1;
        let key = format!("N{}", self.named);
        let created = json!({"command": "createProject", "key": key});
        let filled = json!({"command": "addIssues", "project": key, "count": 4, "spreadSeconds": 1});
        for asked in [created, filled] {
            command(sandbox, asked).expect("a project");
        }
    }
}
