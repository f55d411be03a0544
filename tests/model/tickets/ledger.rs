//! Judges the ledger of effective writes while a history goes on: no ticket is created beside one that can be found, no
//! note is made twice or for all, and nobody else's issue is written to.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use devkit::sandbox::{Effect, Operation, Sandbox, World};
use jiff::{SignedDuration, Timestamp};

use super::{
    objects::{TAKEN, Wish, named_in, wish},
    talk::Talk,
};

/// The property that marks a ticket.
const PROPERTY: &str = "jira-operator.dev";
/// What begins the label that marks one.
const LABEL: &str = "k8s-";
/// Among the newest issues, which are read past the index, a ticket is found that has lost its label.
const NEW: SignedDuration = SignedDuration::from_mins(10);

/// How long the newest issues may be known from before.
const CACHED: Duration = Duration::from_secs(5);

/// A ticket that the operator created.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: u64,
    /// Place in the ledger.
    pub sequence: u64,
    pub name: &'static str,
    /// Tells the tickets of one object from those that another of its name was to have for itself.
    pub owner: String,
    at: Timestamp,
    project: String,
    /// It carries, or carried, its marker.
    was_marked: bool,
    /// It came a moment after its object was applied anew: what was sent for the former one may have been late, and who
    /// sent it may be gone.
    may_be_late: bool,
    /// The write that labelled it, as a place in the ledger: a request is labelled after it was raised.
    labelled: u64,
}

impl Made {
    /// Whether it carries, or carried, its marker.
    pub const fn is_marked(&self) -> bool {
        self.was_marked
    }
}

/// How Jira finds an issue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search {
    /// Only what search knows is found by its key.
    pub by_index: bool,
    /// Since this place in the ledger search knows of nothing new.
    pub late_since: Option<u64>,
    /// It was so before: from where to where, and when that ended.
    pub was_late: Option<(u64, u64, Instant)>,
}

impl Search {
    /// Whether what was written at this place was not known to search a moment ago.
    fn is_late_for(&self, sequence: u64, moment: Duration) -> bool {
        let was_late = self.was_late.filter(|(_, _, ended)| ended.elapsed() < moment);
        self.late_since.is_some_and(|since| sequence >= since)
            || was_late.is_some_and(|(from, to, _)| (from..to).contains(&sequence))
    }
}

/// See the module.
pub struct Judge {
    /// What was so within this may be what a creation was decided on.
    moment: Duration,
    read: usize,
    /// When what had been hidden was shown again.
    shown: BTreeMap<u64, Instant>,
    pub made: Vec<Made>,
    /// When each object was applied anew, also as a place in the ledger: what its status said is gone.
    reborn: BTreeMap<&'static str, (u64, Instant)>,
    /// For these a person said that none of the issues in question is the ticket.
    pub anyway: BTreeMap<&'static str, usize>,
    pub notes: BTreeMap<u64, usize>,
    pub talk: Talk,
}

impl Judge {
    /// Nothing was written yet.
    pub fn new(moment: Duration) -> Self {
        Self {
            moment,
            read: 0,
            shown: BTreeMap::new(),
            made: Vec::new(),
            reborn: BTreeMap::new(),
            anyway: BTreeMap::new(),
            notes: BTreeMap::new(),
            talk: Talk::default(),
        }
    }

    /// What was hidden is shown.
    pub fn shown(&mut self, id: u64) {
        self.shown.insert(id, Instant::now());
    }

    /// An object is applied anew.
    pub fn reborn(&mut self, name: &'static str, sandbox: &Sandbox) {
        self.reborn
            .insert(name, (sandbox.effects().len() as u64, Instant::now()));
    }

    /// The ticket of an object that was created last.
    pub fn latest(&self, name: &str) -> Option<&Made> {
        self.made.iter().rev().find(|made| made.name == name)
    }

    /// Reads on in the ledger. What must not be.
    pub fn judge(&mut self, sandbox: &Sandbox, search: Search) -> Vec<String> {
        let effects = sandbox.effects();
        let new = effects.get(self.read..).unwrap_or_default();
        self.read = effects.len();
        let mut wrong = Vec::new();
        for effect in new.iter().filter(|effect| effect.client_id.is_some()) {
            match effect.operation {
                Operation::Create => wrong.extend(self.created(effect, sandbox, search).err()),
                Operation::Comment => wrong.extend(self.commented(effect, sandbox).err()),
                _ => {}
            }
            wrong.extend(self.is_ours(effect, sandbox).err());
            if let Some(made) = self.made.iter_mut().find(|made| made.id == effect.issue_id) {
                made.was_marked |= effect.properties.contains_key(PROPERTY);
                if effect.changed.iter().any(|changed| changed == "labels") {
                    made.labelled = effect.sequence;
                }
            }
        }
        wrong
    }

    fn created(&mut self, effect: &Effect, sandbox: &Sandbox, search: Search) -> Result<(), String> {
        let key = &effect.issue_key;
        let summary = sandbox.state(|world| Some(issue(world, effect.issue_id)?.1.summary.clone()));
        let name = summary.as_deref().and_then(named_in);
        let name = name.ok_or_else(|| format!("{key} is nobody's ticket: {summary:?}"))?;
        if matches!(wish(name), Wish::Invalid | Wish::TakeOver) {
            return Err(format!("{key} was created for {name}, which asks for none"));
        }
        let text = |field: &str| Some(effect.properties.get(PROPERTY)?.get(field)?.as_str()?.to_owned());
        let made = Made {
            id: effect.issue_id,
            sequence: effect.sequence,
            name,
            owner: (wish(name) == Wish::AlwaysNew)
                .then(|| text("uid"))
                .flatten()
                .unwrap_or_default(),
            at: effect.at,
            project: key.split('-').next().unwrap_or_default().to_owned(),
            was_marked: false,
            may_be_late: self
                .reborn
                .get(name)
                .is_some_and(|(_, at)| at.elapsed() < self.moment * 3),
            labelled: effect.sequence,
        };
        let earlier = self
            .made
            .iter()
            .filter(|earlier| earlier.name == name && earlier.owner == made.owner);
        let earlier = earlier.filter(|earlier| self.can_be_found(earlier, effect.at, sandbox, search));
        let earlier: Vec<u64> = earlier.map(|earlier| earlier.id).collect();
        self.made.push(made);
        let anyway = self.anyway.entry(name).or_default();
        match (earlier.is_empty(), *anyway) {
            (true, _) => {}
            (false, 0) => {
                let all = self.made.iter().filter(|made| made.name == name);
                let all: Vec<&Made> = all.collect();
                return Err(format!("{key} was created for {name}, which has {earlier:?}: {all:?}"));
            }
            (false, _) => *anyway -= 1,
        }
        Ok(())
    }

    /// Whether a ticket can be found by somebody who may have forgotten it.
    fn can_be_found(&self, made: &Made, now: Timestamp, sandbox: &Sandbox, search: Search) -> bool {
        let was_hidden = self
            .shown
            .get(&made.id)
            .is_some_and(|at| at.elapsed() < self.moment + CACHED);
        let is_shown = sandbox.readable_issues(None).contains_key(&made.id) && !was_hidden;
        let marks = sandbox.state(|world| {
            let (project, issue) = issue(world, made.id)?;
            let is_labelled = issue.labels.iter().any(|label| label.starts_with(LABEL));
            let is_home = project == made.project;
            Some((is_labelled, issue.properties.contains_key(PROPERTY), is_home))
        });
        let Some((is_labelled, is_marked, is_home)) = marks.filter(|_| is_shown) else {
            return false;
        };
        let is_forgotten = self.reborn.get(made.name).is_some_and(|(at, _)| *at > made.sequence);
        // A request that nobody marked is known only to who raised it.
        let is_forgotten = is_forgotten || (made.may_be_late && !made.was_marked);
        if made.was_marked && !is_labelled && !is_marked {
            return false;
        }
        if !is_forgotten {
            return true;
        }
        let is_late = |sequence| search.is_late_for(sequence, self.moment);
        let is_new = now.duration_since(made.at) < NEW && !(search.by_index && is_late(made.sequence));
        made.was_marked && is_home && (is_new || (is_labelled && !is_late(made.labelled)))
    }

    fn commented(&mut self, effect: &Effect, sandbox: &Sandbox) -> Result<(), String> {
        let name = self
            .made
            .iter()
            .find(|made| made.id == effect.issue_id)
            .map(|made| made.name);
        let reborn = name.and_then(|name| self.reborn.get(name));
        let is_reborn = reborn.is_some_and(|(_, at)| at.elapsed() < self.moment * 3);
        let judged = self.talk.judge(effect, is_reborn, sandbox);
        judged.unwrap_or_else(|| self.noted(effect))
    }

    fn noted(&mut self, effect: &Effect) -> Result<(), String> {
        let key = &effect.issue_key;
        let count = self.notes.entry(effect.issue_id).or_default();
        *count += 1;
        if *count > 1 {
            return Err(format!("{key} has {count} notes"));
        }
        if key.starts_with("SUP-") && effect.internal != Some(true) {
            return Err(format!("customers read the note on {key}"));
        }
        Ok(())
    }

    fn is_ours(&self, effect: &Effect, sandbox: &Sandbox) -> Result<(), String> {
        let id = effect.issue_id;
        let is_taken = sandbox.state(|world| issue(world, TAKEN).is_some_and(|(_, taken)| taken.id == id));
        if is_taken || self.made.iter().any(|made| made.id == id) {
            return Ok(());
        }
        Err(format!(
            "{} is nobody's ticket, and was written to: {effect:?}",
            effect.issue_key
        ))
    }
}

/// An issue by its id or key, with the key of its project.
pub fn issue(world: &World, id_or_key: impl ToString) -> Option<(String, &devkit::sandbox::Issue)> {
    let (project, issue) = world.site("acme")?.issue(&id_or_key.to_string())?;
    Some((project.key.clone(), issue))
}
