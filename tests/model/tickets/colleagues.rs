//! What people do in Jira in a history of tickets: to issues, to their fields and labels, and to what the account sees.

use std::{collections::BTreeSet, time::Instant};

use devkit::sandbox::{Answer, Sandbox};
use serde_json::{Value, json};

use super::{
    super::command,
    edits::Edits,
    ledger::{Judge, Search, issue},
    objects::{Wish, is_request, manifest, wish},
    steps::{History, Step},
    wants::{AREA, LABEL, PLACES},
};

/// The statuses of issues, and of requests.
const OF_ISSUES: [&str; 4] = ["To Do", "In Progress", "In Review", "Done"];
const OF_REQUESTS: [&str; 4] = ["Waiting for support", "Waiting for customer", "Resolved", "Closed"];

/// No issue is done that nobody works on.
fn workflow() -> Value {
    json!([
        {"name": "Stop", "to": "To Do", "from": ["In Progress", "In Review", "Done"]},
        {"name": "Start", "to": "In Progress", "from": ["To Do", "In Review", "Done"]},
        {"name": "Show", "to": "In Review", "from": ["In Progress"]},
        {"name": "Finish", "to": "Done", "from": ["In Progress", "In Review"]},
    ])
}

/// What people write into fields; the last two of each are what specs say as well.
const THEIR_PRIORITIES: [&str; 6] = ["1", "5", "1", "5", "2", "4"];
const THEIR_AREAS: [&str; 6] = ["West", "East", "West", "East", "North", "South"];
/// Which labels they add, or remove.
const THEIR_LABELS: [(&str, &str); 6] = [
    ("add", "people-1"),
    ("add", "people-2"),
    ("remove", "people-1"),
    ("remove", "gitops"),
    ("remove", "team-a"),
    ("add", "gitops"),
];
/// Who edits.
const PERSON: &str = "admin@acme.example";

/// See the module.
pub struct Colleagues {
    search: Search,
    /// From these a person took a marker.
    pub unmarked: BTreeSet<u64>,
    hidden: BTreeSet<u64>,
    /// Id of a field of the site's own.
    area: String,
}

impl Colleagues {
    /// The site is made ready.
    pub fn begin(sandbox: &Sandbox, history: &History) -> Self {
        let set = json!({
            "bulkFetchByIndex": history.bulk_fetch_by_index, "customerIsCreator": history.customer_is_creator,
            "cloneCopiesProperties": history.clone_copies_properties, "cloneCopiesLabels": history.clone_copies_labels,
        });
        command(sandbox, json!({"command": "setUndocumented", "set": set})).expect("it is set");
        let workflow = json!({"command": "setTransitions", "project": "ENG", "transitions": workflow()});
        command(sandbox, workflow).expect("it is set");
        let field = json!({"command": "addField", "name": "Area", "kind": "text", "projects": ["ENG"]});
        let Ok(Answer::Field { id: area }) = command(sandbox, field) else {
            panic!("a field is added");
        };
        let search = Search {
            by_index: history.bulk_fetch_by_index,
            ..Search::default()
        };
        Self {
            search,
            unmarked: BTreeSet::new(),
            hidden: BTreeSet::new(),
            area,
        }
    }

    /// How issues are found now.
    pub const fn search(&self) -> Search {
        self.search
    }

    /// Jira's id of a field.
    pub fn field(&self, place: &str) -> String {
        if place == AREA {
            self.area.clone()
        } else {
            place.to_owned()
        }
    }

    /// Search is late, or no longer.
    pub fn lag(&mut self, sandbox: &Sandbox, is_late: bool) {
        let end = sandbox.effects().len() as u64;
        let commands = if is_late {
            vec![json!({"command": "setIndexLag", "untilReleased": true})]
        } else {
            vec![json!({"command": "releaseIndex"}), json!({"command": "setIndexLag"})]
        };
        for asked in commands {
            command(sandbox, asked).expect("search is late or not");
        }
        if !is_late && let Some(since) = self.search.late_since {
            self.search.was_late = Some((since, end, Instant::now()));
        }
        self.search.late_since = is_late.then(|| self.search.late_since.unwrap_or(end));
    }

    /// Whether nothing finds what is new: search is late, and keys are found by search.
    pub fn is_search_late(&self) -> bool {
        self.search.by_index && self.search.late_since.is_some()
    }

    /// Everything is shown to the account again.
    pub fn show(&mut self, judge: &mut Judge, sandbox: &Sandbox) {
        for id in std::mem::take(&mut self.hidden) {
            judge.shown(id);
            // It may be gone.
            let _ = command(
                sandbox,
                json!({"command": "hideIssue", "issue": id.to_string(), "hidden": false}),
            );
        }
    }

    /// A person wants the same.
    pub fn ask(sandbox: &Sandbox, (name, edition): (&'static str, u8)) {
        let summary = manifest(name, edition, None)["spec"]["summary"].clone();
        let asked = match wish(name) {
            Wish::TakeOver => return,
            _ if is_request(name) => json!({
                "command": "createIssue", "project": "SUP", "requestType": "Ask a question", "summary": summary,
                "account": "dana@acme.example",
            }),
            _ => json!({
                "command": "createIssue", "project": "ENG", "issueType": "Bug", "summary": summary,
                "account": "dana@acme.example",
            }),
        };
        command(sandbox, asked).expect("a person creates an issue");
    }

    pub fn happens_to(
        &mut self,
        sandbox: &Sandbox,
        ticket: &str,
        (step, judge, edits): (Step, &mut Judge, &mut Edits),
    ) {
        let found = sandbox.state(|world| {
            let (project, issue) = issue(world, ticket)?;
            Some((issue.id, project, issue.labels.clone()))
        });
        let Some((id, project, labels)) = found else {
            return;
        };
        let person = PERSON;
        let done = match step {
            Step::Clone { .. } => json!({"command": "cloneIssue", "issue": ticket, "account": person}),
            Step::Move { .. } => {
                let to = if project == "OPS" { "ENG" } else { "OPS" };
                json!({"command": "moveIssue", "issue": ticket, "project": to})
            }
            Step::Remove { .. } => json!({"command": "deleteIssue", "issue": ticket}),
            Step::Hide { .. } => {
                self.hidden.insert(id);
                json!({"command": "hideIssue", "issue": ticket, "hidden": true})
            }
            Step::Unlabel { .. } => {
                let ours: Vec<String> = labels.into_iter().filter(|label| label.starts_with("k8s-")).collect();
                json!({"command": "labelIssue", "issue": ticket, "remove": ours, "account": person})
            }
            Step::Unmark { .. } => {
                self.unmarked.insert(id);
                json!({"command": "setIssueProperty", "issue": ticket, "key": "jira-operator.dev", "account": person})
            }
            Step::Shift { status, .. } => {
                let all = if project == "SUP" { OF_REQUESTS } else { OF_ISSUES };
                let to = all[usize::from(status) % all.len()];
                json!({"command": "transitionIssue", "issue": ticket, "to": to, "account": person})
            }
            Step::Fight { is_off, .. } => {
                json!({"command": "revertField", "issue": ticket, "field": "status", "off": is_off})
            }
            Step::Edit { field, value, .. } => match self.edited((id, field, value), (judge, edits)) {
                Some(edited) => edited,
                None => return,
            },
            Step::Revert { field, is_off, .. } => {
                let place = PLACES
                    .get(usize::from(field))
                    .copied()
                    .filter(|place| *place != "labels");
                let field = self.field(place.unwrap_or("summary"));
                json!({"command": "revertField", "issue": ticket, "field": field, "off": is_off})
            }
            Step::Unsay { .. } => match judge.talk.delete(sandbox, id) {
                Some(comment) => json!({"command": "deleteComment", "comment": comment}),
                None => return,
            },
            _ => json!({"command": "commentOnIssue", "issue": ticket, "text": "Any news?", "account": person}),
        };
        // A property may be gone already.
        let _ = command(sandbox, done);
    }

    /// A person edits a field of a ticket that can be told by its marker, or its labels.
    fn edited(&self, (id, field, value): (u64, u8, u8), (judge, edits): (&Judge, &mut Edits)) -> Option<Value> {
        let ticket = judge.made.iter().find(|made| made.id == id && made.is_marked())?;
        let name = ticket.name;
        if self.unmarked.contains(&id) {
            return None;
        }
        let field = usize::from(field) % if is_request(name) { 2 } else { PLACES.len() };
        let (place, of) = (*PLACES.get(field)?, usize::from(value) % 6);
        let issue = id.to_string();
        if place == "labels" {
            let (what, label) = THEIR_LABELS[of];
            edits.edited(id, &format!("{LABEL}{label}"));
            return Some(json!({"command": "labelIssue", "issue": issue, "account": PERSON, what: [label]}));
        }
        let written = match place {
            "summary" => format!("Ticket {name}, as Ada says {of}"),
            "description" => format!("Words {of} of Ada"),
            "priority" => THEIR_PRIORITIES[of].to_owned(),
            _ => THEIR_AREAS[of].to_owned(),
        };
        edits.edited(id, place);
        let fields = json!({self.field(place): written});
        Some(json!({"command": "editIssue", "issue": issue, "account": PERSON, "fields": fields}))
    }
}
