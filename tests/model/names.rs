//! Names that change in a history. None of them touches an issue's time.

use std::collections::BTreeSet;

use devkit::sandbox::{Sandbox, Site};
use serde_json::json;

use super::{command, steps::Step};

/// How many were given so far: no name is given twice.
#[derive(Default)]
pub struct Names(usize);

impl Names {
    /// Gives the name that a step carries. Whether it is such a step.
    pub fn change(&mut self, sandbox: &Sandbox, step: &Step) -> bool {
        self.0 += 1;
        let number = self.0;
        let asked = match *step {
            Step::RenameStatus { status } => {
                let id = at(chosen(sandbox, statuses), status);
                json!({"command": "renameStatus", "status": id, "name": format!("Status {number}")})
            }
            Step::RenameType { kind } => {
                let id = at(chosen(sandbox, types), kind);
                json!({"command": "renameIssueType", "issueType": id, "name": format!("Type {number}")})
            }
            Step::RenamePriority { priority } => {
                let id = (priority % 5 + 1).to_string();
                json!({"command": "renamePriority", "priority": id, "name": format!("Priority {number}")})
            }
            Step::RenamePerson { person } => {
                let account = at(people(sandbox), person);
                json!({"command": "renameAccount", "account": account, "displayName": format!("Person {number}")})
            }
            Step::HideEmail { person, hidden } => {
                json!({"command": "hideEmail", "account": at(people(sandbox), person), "hidden": hidden})
            }
            _ => return false,
        };
        command(sandbox, asked).expect("the sandbox does it");
        true
    }
}

fn at(all: BTreeSet<String>, number: u8) -> String {
    let place = usize::from(number) % all.len();
    all.into_iter().nth(place).expect("there is one")
}

fn chosen(sandbox: &Sandbox, all: impl Fn(&Site) -> BTreeSet<String>) -> BTreeSet<String> {
    sandbox.state(|world| all(world.site("acme").expect("the site")))
}

fn statuses(site: &Site) -> BTreeSet<String> {
    let all = site.projects.values().flat_map(|project| &project.workflow.statuses);
    all.map(|status| status.id.clone()).collect()
}

fn types(site: &Site) -> BTreeSet<String> {
    let all = site.projects.values().flat_map(|project| &project.workflow.issue_types);
    all.map(|kind| kind.id.clone()).collect()
}

fn people(sandbox: &Sandbox) -> BTreeSet<String> {
    sandbox.state(|world| world.accounts.keys().cloned().collect())
}
