//! What people do in a history of tickets: to objects here, and in Jira to the ticket of each.

use std::{collections::BTreeMap, time::Duration};

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
    colleagues::Colleagues,
    edits::Edits,
    ledger::{Judge, issue},
    moves::Moves,
    objects::{OBJECTS, TAKEN, Wish, in_question, manifest, object, phase, wish},
    steps::{History, Step},
    wants::Wants,
};

/// See the module.
pub struct People {
    objects: Api<JiraIssue>,
    pub judge: Judge,
    pub moves: Moves,
    pub jira: Colleagues,
    pub wants: Wants,
    pub edits: Edits,
    /// What is in Git: the edition of each object.
    wanted: BTreeMap<&'static str, u8>,
    touches: usize,
}

impl People {
    /// Nothing happened yet.
    pub fn begin(objects: Api<JiraIssue>, (sandbox, settle): (&Sandbox, Duration), history: &History) -> Self {
        Self {
            objects,
            judge: Judge::new(settle),
            moves: Moves::default(),
            jira: Colleagues::begin(sandbox, history),
            wants: Wants::default(),
            edits: Edits::default(),
            wanted: BTreeMap::new(),
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
            Step::Spell {
                object: number,
                field,
                value,
            } => self.spell(sandbox, object(number).0, (field, value)).await,
            Step::Decide { object: number } => self.decide(sandbox, object(number).0).await,
            Step::Lag { is_late } => self.jira.lag(sandbox, is_late),
            Step::Clock { minutes } => {
                let seconds = u64::from(minutes) * 60;
                command(sandbox, json!({"command": "advanceClock", "seconds": seconds})).expect("it goes on");
            }
            Step::Show => self.jira.show(&mut self.judge, sandbox),
            step => return self.happens_in_jira(sandbox, step),
        }
        true
    }

    async fn apply(&mut self, sandbox: &Sandbox, name: &'static str, edition: u8) {
        let is_new = self.wanted.insert(name, edition).is_none();
        let mut manifest = manifest(name, edition, self.moves.phase(name));
        manifest["spec"]["comments"] = self.judge.talk.spec(name);
        if let (Some(spec), Value::Object(fields)) = (manifest["spec"].as_object_mut(), self.wants.spec(name)) {
            spec.extend(fields);
        }
        self.wants.applied(name, &manifest["spec"]);
        if self.get(name).await.is_some() {
            let patch = Patch::Merge(json!({"spec": manifest["spec"]}));
            let patched = self.objects.patch(name, &PatchParams::default(), &patch).await;
            patched.unwrap_or_else(|error| panic!("{name}: {error}"));
            return;
        }
        self.judge.reborn(name, sandbox);
        if !is_new {
            self.moves.reborn(name);
            self.edits.reborn(name);
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

    /// Lets the spec say something else of a field.
    async fn spell(&mut self, sandbox: &Sandbox, name: &'static str, (field, value): (u8, u8)) {
        self.wants.spell(name, field, value);
        if self.get(name).await.is_some() {
            let before = self.wanted.get(name).copied().unwrap_or_default();
            let edition = if field == 0 { value % 3 } else { before };
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
        let patch = if wish(name) == Wish::TakeOver {
            json!({"spec": {"policy": {"existing": "Adopt"}, "suspend": false}})
        } else {
            json!({"spec": {"description": format!("Edited {} times.", self.touches)}})
        };
        let patched = self
            .objects
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        if let Ok(object) = patched {
            self.wants
                .touch(name, object.spec.description.clone().unwrap_or_default());
            self.wants.applied(name, &json!(object.spec));
        }
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

    /// Whether nothing finds what is new: search is late, and keys are found by search.
    pub fn is_search_late(&self) -> bool {
        self.jira.is_search_late()
    }

    /// Search knows everything again.
    pub fn catch_up(&mut self, sandbox: &Sandbox) {
        self.jira.lag(sandbox, false);
    }

    /// Applies one of the objects that begin in quiet.
    pub async fn begins(&mut self, sandbox: &Sandbox, name: &'static str) {
        self.apply(sandbox, name, 0).await;
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
        | Step::Edit { object: number, .. }
        | Step::Revert { object: number, .. }
        | Step::Unsay { object: number }
        | Step::Comment { object: number }) = step
        else {
            return false;
        };
        let (name, wish) = object(number);
        if let Step::Ask { .. } = step {
            Colleagues::ask(sandbox, (name, self.wanted.get(name).copied().unwrap_or_default()));
            return true;
        }
        let ticket = self.judge.latest(name).map(|made| made.id.to_string());
        let ticket = ticket.or_else(|| (wish == Wish::TakeOver).then(|| TAKEN.to_owned()));
        if let Some(ticket) = ticket {
            self.jira
                .happens_to(sandbox, &ticket, (step, &mut self.judge, &mut self.edits));
        }
        true
    }

    /// Judges what was written. What must not be.
    pub fn judge(&mut self, sandbox: &Sandbox) -> Vec<String> {
        let mut wrong = self.judge.judge(sandbox, self.jira.search());
        let unmarked = &self.jira.unmarked;
        wrong.extend(self.edits.judge(&self.judge.made, (&self.wants, unmarked), sandbox));
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
            let applied = find(&status.conditions, ConditionType::FieldsApplied);
            let applied = applied.map_or("", |applied| applied.reason.as_str());
            format!("{name} {} {reason} {reached} {applied}", status.key)
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
