//! Judges the moves of a history: a ticket is moved once for what is wanted of it, what people do then stands, and what is
//! moved back is not moved back for ever.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::{Sandbox, StatusCategory, World};
use jira_operator::api::{
    condition::{ConditionType, find},
    issue::JiraIssueStatus,
};

use super::{ledger::Made, objects::is_moved_back};

/// Most moves that one spec makes: there, and back three times, each in two steps.
const OF_ONE_SPEC: usize = 8;

/// What the spec of an object wants.
#[derive(Default)]
struct Want {
    phase: Option<&'static str>,
    /// How many moves each issue had before.
    before: BTreeMap<u64, usize>,
    /// How often the object was applied anew since: what was under way then is not known any more.
    reborn: usize,
}

/// A move of an issue.
struct Move {
    is_ours: bool,
    /// The phase that it led to.
    phase: &'static str,
    /// Which spec caused it.
    cause: String,
}

/// See the module.
#[derive(Default)]
pub struct Moves {
    wants: BTreeMap<&'static str, Want>,
    told: BTreeSet<u64>,
}

impl Moves {
    /// Where an object wants its ticket.
    pub fn phase(&self, name: &str) -> Option<&'static str> {
        self.wants.get(name)?.phase
    }

    /// From now on another phase is wanted, or none.
    pub fn wanted(&mut self, (name, phase): (&'static str, Option<&'static str>), made: &[Made], sandbox: &Sandbox) {
        let of_it = made.iter().filter(|made| made.name == name);
        let want = Want {
            phase,
            before: of_it.map(|made| (made.id, moves(sandbox, made.id).len())).collect(),
            reborn: 0,
        };
        self.wants.insert(name, want);
    }

    /// An object is applied anew.
    pub fn reborn(&mut self, name: &'static str) {
        self.wants.entry(name).or_default().reborn += 1;
    }

    /// What must not be, each once.
    pub fn judge(&mut self, made: &[Made], sandbox: &Sandbox) -> Vec<String> {
        let wrong = |made: &Made| Some((made.id, self.wrong(made, sandbox)?));
        let wrong: Vec<(u64, String)> = made.iter().filter_map(wrong).collect();
        let new = wrong.into_iter().filter(|(id, _)| self.told.insert(*id));
        new.map(|(_, why)| why).collect()
    }

    fn wrong(&self, made: &Made, sandbox: &Sandbox) -> Option<String> {
        let none = Want::default();
        let want = self.wants.get(made.name).unwrap_or(&none);
        let all = moves(sandbox, made.id);
        let since = all.get(want.before.get(&made.id).copied().unwrap_or_default()..)?;
        let ours: Vec<&Move> = since.iter().filter(|found| found.is_ours).collect();
        let others = since.len() - ours.len();
        let arrived = ours.iter().filter(|found| Some(found.phase) == want.phase).count();
        let fought = if is_moved_back(made.name) { others } else { 0 };
        // One may be under way when something else is wanted.
        let (most, most_arrived) = match want.phase {
            None => (1, 1),
            Some(_) => (3 + others + 2 * want.reborn, 1 + fought + want.reborn),
        };
        let mut of_specs = BTreeMap::<&str, usize>::new();
        for found in &ours {
            *of_specs.entry(&found.cause).or_default() += 1;
        }
        let of_one = of_specs.values().max().copied().unwrap_or_default();
        let is_wrong = ours.len() > most || arrived > most_arrived || of_one > OF_ONE_SPEC * (1 + want.reborn);
        is_wrong.then(|| {
            format!(
                "{} {} was moved {} times since {:?} is wanted, {arrived} times there, {of_one} for one spec; others moved \
                 it {others} times, and its object was applied anew {} times",
                made.name,
                made.id,
                ours.len(),
                want.phase,
                want.reborn
            )
        })
    }

    /// How often tickets were moved by the operator, and by others.
    pub fn count(made: &[Made], sandbox: &Sandbox) -> (usize, usize) {
        let all = made.iter().flat_map(|made| moves(sandbox, made.id));
        let (ours, others): (Vec<Move>, Vec<Move>) = all.partition(|found| found.is_ours);
        (ours.len(), others.len())
    }

    /// Whether a ticket is where it is wanted, or the object says why it is not.
    ///
    /// # Errors
    /// What is missing.
    pub fn is_settled(
        &self,
        (name, id): (&str, u64),
        status: &JiraIssueStatus,
        sandbox: &Sandbox,
    ) -> Result<(), String> {
        let wanted = self.phase(name);
        let told = find(&status.conditions, ConditionType::PhaseReached).map(|told| told.reason.as_str());
        let was_moved = || moves(sandbox, id).iter().any(|found| !found.is_ours);
        let is_right = match (wanted, told) {
            (None, None) => true,
            (Some(phase), Some("Reached")) => status.phase == phase && status.moving.is_none(),
            (Some(_), Some("MovedOn" | "KeepSuspended")) => was_moved() && status.moving.is_none(),
            _ => false,
        };
        if is_right {
            return Ok(());
        }
        Err(format!("is wanted in {wanted:?} and says {told:?}"))
    }
}

/// The moves of an issue, as Jira's history of it tells them.
fn moves(sandbox: &Sandbox, id: u64) -> Vec<Move> {
    sandbox.state(|world| {
        let bot = world
            .account("jira-bot@acme.example")
            .map(|bot| bot.account_id.as_str());
        let attached = world.site("acme").and_then(|site| site.tickets.attached.get(&id));
        let changes = attached.map_or(&[][..], |attached| attached.changes.as_slice());
        let moved = changes.iter().filter_map(|change| {
            let (_, _, to) = change.items.iter().find(|(field, ..)| field == "status")?;
            let cause = change
                .history
                .as_ref()
                .map(|history| history["cause"]["id"].to_string());
            Some(Move {
                is_ours: Some(change.author.as_str()) == bot,
                phase: phase_of(world, to.as_str().unwrap_or_default()),
                cause: cause.unwrap_or_default(),
            })
        });
        moved.collect()
    })
}

fn phase_of(world: &World, status: &str) -> &'static str {
    let site = world.site("acme");
    let of_project = |key: &str| Some(site?.project(key)?.workflow.status(status)?.category);
    match ["ENG", "SUP", "OPS"].into_iter().find_map(of_project) {
        Some(StatusCategory::New) => "Todo",
        Some(StatusCategory::Done) => "Done",
        _ => "InProgress",
    }
}
