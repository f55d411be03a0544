//! What happens in Jira in a history, done to the sandbox.

use devkit::sandbox::{Command, Sandbox};
use serde_json::{Value, json};

use super::steps::Step;

/// Most projects that a history makes anew.
const MOST_NEW: usize = 3;

/// Gives the sandbox a command in its JSON form. It may be refused, for a project that is archived
/// meanwhile for example.
pub fn command(sandbox: &Sandbox, command: Value) -> Result<(), String> {
    let command: Command = serde_json::from_value(command).expect("a command of the sandbox");
    sandbox.command(command).map(drop).map_err(|error| error.to_string())
}

/// The id of the project that this number chooses.
pub fn project_id(sandbox: &Sandbox, number: usize) -> String {
    let projects: Vec<u64> = sandbox.state(|world| world.site("acme").unwrap().projects.keys().copied().collect());
    projects[number % projects.len()].to_string()
}

/// Lets something happen to the issue that this number chooses, and tells its id.
pub fn on_issue(sandbox: &Sandbox, number: u8, what: impl Fn(u64) -> Value) -> Option<u64> {
    let issues = sandbox.readable_issues(None);
    let id = *issues.keys().nth(usize::from(number) % issues.len().max(1))?;
    command(sandbox, what(id)).ok().map(|()| id)
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
    named: usize,
}

impl Life {
    /// Lets a step happen. Whether it is one of Jira's.
    pub fn happens(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        self.happens_to_issue(sandbox, step)
            || self.happens_to_project(sandbox, step)
            || happens_to_answers(sandbox, step)
    }

    fn happens_to_issue(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        let labels = |on: bool| if on { json!(["k8s"]) } else { json!([]) };
        match *step {
            Step::Edit { issue } => on_issue(sandbox, issue, |id| json!({"command": "changeIssues", "ids": [id]})),
            Step::Close { issue } => on_issue(sandbox, issue, |id| edited(id, &json!({"status": "Done"}))),
            Step::Reopen { issue } => on_issue(sandbox, issue, |id| edited(id, &json!({"status": "To Do"}))),
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

/// The clock goes on, and answers are late or wrong.
fn happens_to_answers(sandbox: &Sandbox, step: &Step) -> bool {
    let asked = match *step {
        Step::Lag { seconds } => json!({"command": "setIndexLag", "seconds": seconds}),
        Step::PageFault { kind, page } => {
            let fault = json!({"page": page, "times": 1, "trouble": trouble(kind)});
            json!({"command": "addPageFault", "fault": fault})
        }
        Step::Wait { seconds } => json!({"command": "advanceClock", "seconds": seconds}),
        _ => return false,
    };
    command(sandbox, asked).expect("the sandbox does it");
    true
}

fn trouble(kind: u8) -> Value {
    match kind {
        0 => json!({"kind": "repeatToken"}),
        1 => json!({"kind": "shortPage", "issues": 1}),
        2 => json!({"kind": "emptyPage"}),
        3 => json!({"kind": "omitIsLast"}),
        4 => json!({"kind": "claimLast"}),
        5 => json!({"kind": "nullToken"}),
        6 => json!({"kind": "loseToken"}),
        7 => json!({"kind": "extraPage"}),
        _ => json!({"kind": "warn", "truncateTo": 1}),
    }
}

/// Nothing fails and nothing lags any more.
pub fn calm(sandbox: &Sandbox) {
    for name in ["setIndexLag", "releaseIndex", "clearPageFaults", "clearFaults"] {
        command(sandbox, json!({"command": name})).expect("the sandbox does it");
    }
}
