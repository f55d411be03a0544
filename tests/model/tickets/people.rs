//! What people do in a history of tickets: to objects, and to issues in Jira.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use devkit::sandbox::Sandbox;
use jira_operator::api::{
    condition::{ConditionType, find},
    issue::{JiraIssue, JiraIssueStatus},
    names,
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{
    super::command,
    ledger::{Judge, Search, issue},
    moves::Moves,
    objects::{OBJECTS, TAKEN, Wish, in_question, is_request, manifest, object, phase, wish},
    steps::{History, Step},
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

/// See the module.
pub struct People {
    objects: Api<JiraIssue>,
    pub judge: Judge,
    pub moves: Moves,
    search: Search,
    /// What is in Git: the edition of each object.
    wanted: BTreeMap<&'static str, u8>,
    /// From these a person took a marker.
    pub(super) unmarked: BTreeSet<u64>,
    hidden: BTreeSet<u64>,
    touches: usize,
}

impl People {
    /// Nothing happened yet.
    pub fn begin(objects: Api<JiraIssue>, (sandbox, settle): (&Sandbox, Duration), history: &History) -> Self {
        let set = json!({
            "bulkFetchByIndex": history.bulk_fetch_by_index, "customerIsCreator": history.customer_is_creator,
            "cloneCopiesProperties": history.clone_copies_properties, "cloneCopiesLabels": history.clone_copies_labels,
        });
        command(sandbox, json!({"command": "setUndocumented", "set": set})).expect("it is set");
        let workflow = json!({"command": "setTransitions", "project": "ENG", "transitions": workflow()});
        command(sandbox, workflow).expect("it is set");
        let search = Search {
            by_index: history.bulk_fetch_by_index,
            ..Search::default()
        };
        Self {
            objects,
            judge: Judge::new(settle),
            moves: Moves::default(),
            search,
            wanted: BTreeMap::new(),
            unmarked: BTreeSet::new(),
            hidden: BTreeSet::new(),
            touches: 0,
        }
    }

    /// Whether a step is something that people or Jira do; if so, it is done.
    pub async fn happens(&mut self, sandbox: &Sandbox, step: Step) -> bool {
        match step {
            Step::Apply {
                object: number,
                edition,
            } => self.apply(sandbox, object(number).0, edition).await,
            Step::Delete { object: number } => self.delete(object(number).0).await,
            Step::Replace { object: number } => self.replace(sandbox, object(number).0).await,
            Step::Renew { object: number } => {
                self.happens_in_jira(sandbox, Step::Remove { object: number });
                self.replace(sandbox, object(number).0).await;
            }
            Step::Touch { object: number } => self.touch(object(number).0).await,
            Step::Rebuild => {
                for (name, _) in OBJECTS {
                    self.replace(sandbox, name).await;
                }
            }
            Step::Want {
                object: number,
                phase: wanted,
            } => self.want(sandbox, object(number).0, wanted).await,
            Step::Say {
                object: number,
                program,
                edition,
            } => self.say(sandbox, object(number).0, (program, edition)).await,
            Step::Decide { object: number } => self.decide(sandbox, object(number).0).await,
            Step::Lag { is_late } => self.lag(sandbox, is_late),
            Step::Clock { minutes } => {
                let seconds = u64::from(minutes) * 60;
                command(sandbox, json!({"command": "advanceClock", "seconds": seconds})).expect("it goes on");
            }
            Step::Show => self.show(sandbox),
            step => return self.happens_in_jira(sandbox, step),
        }
        true
    }

    async fn apply(&mut self, sandbox: &Sandbox, name: &'static str, edition: u8) {
        let is_new = self.wanted.insert(name, edition).is_none();
        let mut manifest = manifest(name, edition, self.moves.phase(name));
        manifest["spec"]["comments"] = self.judge.talk.spec(name);
        if self.get(name).await.is_some() {
            let patch = Patch::Merge(json!({"spec": manifest["spec"]}));
            let patched = self.objects.patch(name, &PatchParams::default(), &patch).await;
            patched.unwrap_or_else(|error| panic!("{name}: {error}"));
            return;
        }
        self.judge.reborn(name, sandbox);
        if !is_new {
            self.moves.reborn(name);
        }
        if let Some(spec) = manifest["spec"].as_object_mut() {
            spec.retain(|_, value| !value.is_null());
        }
        let object = serde_json::from_value(manifest).expect("a JiraIssue");
        let created = self.objects.create(&PostParams::default(), &object).await;
        created.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Lets the spec want the ticket elsewhere.
    async fn want(&mut self, sandbox: &Sandbox, name: &'static str, number: u8) {
        let wanted = phase(name, number);
        if wanted == self.moves.phase(name) {
            return;
        }
        self.moves.wanted((name, wanted), &self.judge.made, sandbox);
        if self.get(name).await.is_some() {
            let edition = self.wanted.get(name).copied().unwrap_or_default();
            self.apply(sandbox, name, edition).await;
        }
    }

    /// A program has an entry of its own among the comments of an object, or withdraws it.
    async fn say(&mut self, sandbox: &Sandbox, name: &'static str, said: (u8, u8)) {
        if matches!(wish(name), Wish::TakeOver | Wish::Invalid) {
            return;
        }
        self.judge.talk.say(name, said);
        if self.get(name).await.is_some() {
            let edition = self.wanted.get(name).copied().unwrap_or_default();
            self.apply(sandbox, name, edition).await;
        }
    }

    /// Edits what has no meaning for a ticket that there is not, or not any more.
    async fn touch(&mut self, name: &'static str) {
        self.touches += 1;
        // One that is taken over has no text that could be edited.
        let policy = if wish(name) == Wish::AlwaysNew {
            "Ignore"
        } else {
            "Adopt"
        };
        let with_policy = json!({"spec": {"policy": {"existing": policy}, "suspend": false}});
        let touched = json!({"spec": {"description": format!("Edited {} times.", self.touches)}});
        let patch = if wish(name) == Wish::TakeOver {
            with_policy
        } else {
            touched
        };
        let _ = self
            .objects
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
    }

    async fn get(&self, name: &str) -> Option<JiraIssue> {
        self.objects.get_opt(name).await.expect("the API server answers")
    }

    async fn delete(&mut self, name: &'static str) {
        // It may be gone already.
        let _ = self.objects.delete(name, &DeleteParams::default()).await;
    }

    /// Deletes an object and applies it anew, if it is there.
    async fn replace(&mut self, sandbox: &Sandbox, name: &'static str) {
        if self.get(name).await.is_some() {
            self.delete(name).await;
            let edition = self.wanted.get(name).copied().unwrap_or_default();
            self.apply(sandbox, name, edition).await;
        }
    }

    /// A person who knows says which of the issues in question is the ticket, or that none is.
    async fn decide(&mut self, sandbox: &Sandbox, name: &'static str) {
        let status = self
            .get(name)
            .await
            .and_then(|object| object.status)
            .unwrap_or_default();
        let keys = in_question(&status);
        if keys.is_empty() {
            return;
        }
        let meant = keys.iter().find(|key| {
            let id = sandbox.state(|world| issue(world, key).map(|(_, issue)| issue.id));
            self.judge
                .made
                .iter()
                .any(|made| made.name == name && Some(made.id) == id)
        });
        let (annotation, value) = if let Some(key) = meant {
            (names::ADOPT, key.clone())
        } else {
            self.judge.anyway.insert(name, 1);
            (names::CREATE_ANYWAY, next_number(&status))
        };
        let said = Patch::Merge(json!({"metadata": {"annotations": {annotation: value}}}));
        let patched = self.objects.patch(name, &PatchParams::default(), &said).await;
        patched.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    fn lag(&mut self, sandbox: &Sandbox, is_late: bool) {
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

    /// Applies one of the objects that begin in quiet.
    pub async fn begins(&mut self, sandbox: &Sandbox, name: &'static str) {
        self.apply(sandbox, name, 0).await;
    }

    /// Search knows everything again.
    pub fn catch_up(&mut self, sandbox: &Sandbox) {
        self.lag(sandbox, false);
    }

    /// Everything is shown to the account again.
    pub fn show(&mut self, sandbox: &Sandbox) {
        for id in std::mem::take(&mut self.hidden) {
            self.judge.shown(id);
            // It may be gone.
            let _ = command(
                sandbox,
                json!({"command": "hideIssue", "issue": id.to_string(), "hidden": false}),
            );
        }
    }

    fn happens_in_jira(&mut self, sandbox: &Sandbox, step: Step) -> bool {
        let (Step::Ask { object: number }
        | Step::Clone { object: number }
        | Step::Move { object: number }
        | Step::Remove { object: number }
        | Step::Hide { object: number }
        | Step::Unlabel { object: number }
        | Step::Unmark { object: number }
        | Step::Shift { object: number, .. }
        | Step::Fight { object: number, .. }
        | Step::Unsay { object: number }
        | Step::Comment { object: number }) = step
        else {
            return false;
        };
        let (name, wish) = object(number);
        if let Step::Ask { .. } = step {
            self.ask(sandbox, name, wish);
            return true;
        }
        let ticket = self.judge.latest(name).map(|made| made.id.to_string());
        let ticket = ticket.or_else(|| (wish == Wish::TakeOver).then(|| TAKEN.to_owned()));
        if let Some(ticket) = ticket {
            self.happens_to(sandbox, &ticket, step);
        }
        true
    }

    /// A person wants the same.
    fn ask(&self, sandbox: &Sandbox, name: &'static str, wish: Wish) {
        let edition = self.wanted.get(name).copied().unwrap_or_default();
        let summary = manifest(name, edition, None)["spec"]["summary"].clone();
        let asked = match wish {
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

    fn happens_to(&mut self, sandbox: &Sandbox, ticket: &str, step: Step) {
        let found = sandbox.state(|world| {
            let (project, issue) = issue(world, ticket)?;
            Some((issue.id, project, issue.labels.clone()))
        });
        let Some((id, project, labels)) = found else {
            return;
        };
        let person = "admin@acme.example";
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
            Step::Unsay { .. } => match self.judge.talk.delete(sandbox, id) {
                Some(comment) => json!({"command": "deleteComment", "comment": comment}),
                None => return,
            },
            _ => json!({"command": "commentOnIssue", "issue": ticket, "text": "Any news?", "account": person}),
        };
        // A property may be gone already.
        let _ = command(sandbox, done);
    }

    /// Judges what was written. What must not be.
    pub fn judge(&mut self, sandbox: &Sandbox) -> Vec<String> {
        let mut wrong = self.judge.judge(sandbox, self.search);
        wrong.extend(self.moves.judge(&self.judge.made, sandbox));
        wrong
    }

    /// The objects, in the order of their names.
    pub async fn all(&self) -> Vec<JiraIssue> {
        let all = self.objects.list(&ListParams::default()).await.expect("the objects");
        let mut all: Vec<JiraIssue> = all.items;
        all.sort_by_key(ResourceExt::name_any);
        all
    }

    /// What is said of the creation of each object, and of where it is wanted.
    pub async fn summary(&self) -> String {
        let one = |object: JiraIssue| {
            let (name, status) = (object.name_any(), object.status.unwrap_or_default());
            let created = find(&status.conditions, ConditionType::Created);
            let reason = created.map_or("nothing", |created| created.reason.as_str());
            let reached = find(&status.conditions, ConditionType::PhaseReached);
            let reached = reached.map_or("", |reached| reached.reason.as_str());
            format!("{name} {} {reason} {reached}", status.key)
        };
        let all: Vec<String> = self.all().await.into_iter().map(one).collect();
        all.join(", ")
    }
}

/// The number by which a person says that none of the issues in question is the ticket.
fn next_number(status: &JiraIssueStatus) -> String {
    let created = find(&status.conditions, ConditionType::Created);
    let message = created.map_or("", |created| created.message.as_str());
    let after = message.split_once("takes the number ").map_or("", |(_, after)| after);
    after.chars().take_while(char::is_ascii_digit).collect()
}
