//! Judges what was written to the fields of tickets, as Jira's history of each tells it: what people wrote stands where
//! the policy says so, labels of theirs stay, and what automation sets back is not written for ever.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    ledger::Made,
    objects::{Winner, winner},
    wants::{AREA, LABEL, Wants, words},
};

/// What begins the label that marks a ticket.
const MARK: &str = "k8s-";
/// So long after a ticket was read it may be written to, on what was read then: all that holds a write back does so for
/// less.
const READ_BEFORE: SignedDuration = SignedDuration::from_millis(1500);
/// How often the same may be written for one spec: once, and once more by another process in the same moment.
const FIRST: usize = 2;
/// How often at most it is written back.
const BACK: usize = 3;

/// One change of one field of a ticket.
#[derive(Clone, Debug)]
pub struct Changed {
    pub place: String,
    pub from: String,
    pub to: String,
    pub is_ours: bool,
    /// Account id of who made it.
    pub author: String,
    /// The spec that caused it.
    cause: String,
}

/// What somebody else wrote.
#[derive(Clone, Debug)]
struct Theirs {
    value: String,
    /// When, where a person did.
    at: Option<Timestamp>,
}

/// A field of a ticket.
#[derive(Debug, Default)]
struct Known {
    /// What the operator wrote last, or was there at first.
    ours: String,
    /// How many specs there were then.
    specs: usize,
    theirs: Option<Theirs>,
    /// The operator added it, if it is a label.
    is_added: bool,
    /// How often it was written for each spec, and how often something had gone wrong before.
    written: BTreeMap<String, (usize, usize)>,
}

/// See the module.
#[derive(Default)]
pub struct Edits {
    /// How many changes of each ticket were judged.
    read: BTreeMap<u64, usize>,
    /// How many specs each object had when that was done last.
    specs: BTreeMap<&'static str, usize>,
    /// How many it had when its ticket was created.
    created: BTreeMap<u64, usize>,
    known: BTreeMap<(u64, String), Known>,
    /// When a person wrote something last.
    people: BTreeMap<(u64, String), Timestamp>,
    /// When each object was applied anew.
    reborn: BTreeMap<&'static str, Vec<Timestamp>>,
    /// How often writes of the operator to the cluster went wrong, or its processes died.
    pub mishaps: usize,
    /// How much had gone wrong with each ticket when it was judged last.
    before: BTreeMap<u64, usize>,
    written: usize,
    pub by_others: usize,
}

impl Edits {
    /// A person edits a field, or adds or removes a label.
    pub fn edited(&mut self, id: u64, place: &str) {
        self.people.insert((id, place.to_owned()), Timestamp::now());
    }

    /// An object is applied anew.
    pub fn reborn(&mut self, name: &'static str) {
        self.reborn.entry(name).or_default().push(Timestamp::now());
    }

    /// How many fields were written, and how many by others.
    pub fn count(&self) -> (usize, usize) {
        (self.written, self.by_others)
    }

    /// How many specs there were when a field was written last, or its ticket created.
    pub fn specs_at(&self, id: u64, place: &str) -> usize {
        let known = self.known.get(&(id, place.to_owned())).map(|known| known.specs);
        known.or_else(|| self.created.get(&id).copied()).unwrap_or_default()
    }

    /// What must not be.
    pub fn judge(
        &mut self,
        made: &[Made],
        (wants, unmarked): (&Wants, &BTreeSet<u64>),
        sandbox: &Sandbox,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for ticket in made {
            let specs = self.specs.get(ticket.name).copied().unwrap_or_default();
            self.created.entry(ticket.id).or_insert(specs);
            let read = self.read.entry(ticket.id).or_default();
            let (new, count) = changes(sandbox, ticket.id, *read);
            *read = count;
            for changed in new {
                let judged = Judged {
                    ticket,
                    wants,
                    sandbox,
                    is_unmarked: unmarked.contains(&ticket.id),
                };
                wrong.extend(self.changed(&judged, changed, specs).err());
            }
        }
        for ticket in made {
            self.specs.insert(ticket.name, wants.count(ticket.name));
            let mishaps = self.mishaps_of(ticket, sandbox);
            self.before.insert(ticket.id, mishaps);
        }
        wrong
    }

    /// How often something went wrong that may have kept the operator from knowing what it wrote to a ticket.
    fn mishaps_of(&self, ticket: &Made, sandbox: &Sandbox) -> usize {
        let reborn = self.reborn.get(ticket.name).map_or(0, Vec::len);
        reborn + self.mishaps + faults(ticket.id, sandbox)
    }

    fn changed(&mut self, judged: &Judged<'_>, changed: Changed, specs: usize) -> Result<(), String> {
        let (id, name) = (judged.ticket.id, judged.ticket.name);
        let place = (id, changed.place.clone());
        let created = self.created.get(&id).copied().unwrap_or_default();
        let at = self.people.get(&place).copied();
        let mishaps = self.mishaps_of(judged.ticket, judged.sandbox);
        let reborn = self.reborn.get(name).map_or(&[][..], Vec::as_slice);
        let known = self.known.entry(place).or_insert_with(|| Known {
            ours: changed.from.clone(),
            specs: created,
            is_added: !changed.from.is_empty(),
            ..Known::default()
        });
        if !changed.is_ours {
            self.by_others += 1;
            let theirs = Theirs {
                value: changed.to.clone(),
                at: at.filter(|_| !changed.author.ends_with(AUTOMATION)),
            };
            known.theirs = (changed.to != known.ours).then_some(theirs);
            return Ok(());
        }
        self.written += 1;
        let before = self.before.get(&id).copied().unwrap_or_default();
        // A ticket without its marker does not say for which spec.
        let cause = match changed.cause.as_str() {
            "" => format!("the spec of number {specs}"),
            cause => cause.to_owned(),
        };
        let (count, before) = known.written.entry(cause).or_insert((0, before));
        *count += 1;
        let often = (*count, mishaps - *before);
        let right = judged.is_right(known, &changed, reborn);
        let right = right.and_then(|()| judged.is_not_too_often(&changed, often));
        known.is_added |= !changed.to.is_empty();
        known.ours = changed.to;
        known.specs = specs;
        known.theirs = None;
        right
    }
}

/// How the account id of automation ends.
const AUTOMATION: &str = "2da11470-bcdf-47b1-a764-a25f49a695a9";

/// A ticket that is judged.
struct Judged<'a> {
    ticket: &'a Made,
    wants: &'a Wants,
    sandbox: &'a Sandbox,
    /// A person took its marker away, so that nobody knows what was written.
    is_unmarked: bool,
}

impl Judged<'_> {
    /// Whether the operator may have written this.
    fn is_right(&self, known: &Known, changed: &Changed, reborn: &[Timestamp]) -> Result<(), String> {
        let (name, place) = (self.ticket.name, changed.place.as_str());
        let of_label = place.strip_prefix(LABEL);
        let ever = self.wants.since(name, 0, place);
        let is_removed = of_label.is_some() && changed.to.is_empty();
        if is_removed {
            if known.is_added && ever.iter().any(Option::is_some) {
                return Ok(());
            }
            return Err(self.wrong(changed, "is a label that others added"));
        }
        if !ever.contains(&Some(changed.to.as_str())) {
            return Err(self.wrong(changed, "is nothing that its spec said"));
        }
        let Some(theirs) = known.theirs.as_ref().filter(|theirs| theirs.value == changed.from) else {
            return Ok(());
        };
        let since = self.wants.since(name, known.specs, place);
        let is_new = since.windows(2).any(|two| two[0] != two[1]);
        let was_absent = is_new && since.iter().any(Option::is_none);
        let is_older = theirs.at.is_none_or(|at| reborn.iter().any(|reborn| at <= *reborn));
        let is_their_word = ever.contains(&Some(theirs.value.as_str())) && is_new;
        let is_allowed = match winner(name) {
            Winner::Cluster => true,
            _ if of_label.is_some() => was_absent,
            Winner::LastWord => is_new,
            Winner::People | Winner::Once => was_absent && (is_older || theirs.value.is_empty()),
        };
        let is_allowed = is_allowed || is_their_word || (self.is_unmarked && is_new);
        if is_allowed || theirs.at.is_none_or(|at| self.was_read_before(at)) {
            return Ok(());
        }
        Err(self.wrong(changed, "was a person's word, which stands"))
    }

    /// Whether the ticket was read a moment before a person edited it: then it may be written to on what was read.
    fn was_read_before(&self, edited: Timestamp) -> bool {
        let asked = format!("\"issueIdsOrKeys\":[\"{}\"]", self.ticket.id);
        self.sandbox.requests().iter().rev().any(|call| {
            let is_before = call.at <= edited && edited.duration_since(call.at) < READ_BEFORE;
            is_before && call.body.as_ref().is_some_and(|body| body.contains(&asked))
        })
    }

    /// Whether something else sets it back whenever it is written.
    fn is_not_too_often(&self, changed: &Changed, (count, mishaps): (usize, usize)) -> Result<(), String> {
        // Without the marker a process that is killed after it wrote, or whose status is older, is not known to have written.
        let first = if self.is_unmarked { 2 * FIRST } else { FIRST };
        let most = match winner(self.ticket.name) {
            Winner::Cluster => first + BACK,
            _ => first,
        };
        if count <= most + mishaps {
            return Ok(());
        }
        let why = format!("was written {count} times for {}", changed.cause);
        Err(self.wrong(changed, &why))
    }

    fn wrong(&self, changed: &Changed, why: &str) -> String {
        let (name, id) = (self.ticket.name, self.ticket.id);
        format!(
            "{name} {id} by {:?}: {} {why}: {changed:?}",
            winner(name),
            changed.place
        )
    }
}

/// How many calls that change a ticket went wrong.
fn faults(id: u64, sandbox: &Sandbox) -> usize {
    let path = format!("/issue/{id}");
    let calls = sandbox.requests().into_iter();
    calls
        .filter(|call| call.method == "PUT" && call.path.ends_with(&path) && !call.faults.is_empty())
        .count()
}

/// The changes of the fields of a ticket after so many, and how many there are.
pub fn changes(sandbox: &Sandbox, id: u64, read: usize) -> (Vec<Changed>, usize) {
    sandbox.state(|world| {
        let bot = world.account("jira-bot@acme.example").map(|bot| bot.account_id.clone());
        let attached = world.site("acme").and_then(|site| site.tickets.attached.get(&id));
        let all = attached.map_or(&[][..], |attached| attached.changes.as_slice());
        let mut found = Vec::new();
        for change in all.iter().skip(read) {
            let cause = change
                .history
                .as_ref()
                .map(|history| history["cause"]["id"].to_string());
            for (field, from, to) in &change.items {
                for (place, from, to) in places(field, from, to) {
                    found.push(Changed {
                        place,
                        from,
                        to,
                        is_ours: Some(&change.author) == bot.as_ref(),
                        author: change.author.clone(),
                        cause: cause.clone().unwrap_or_default(),
                    });
                }
            }
        }
        (found, all.len())
    })
}

fn places(field: &str, from: &Value, to: &Value) -> Vec<(String, String, String)> {
    if field == "labels" {
        let (before, after) = (labels(from), labels(to));
        let there = |is_there: bool| if is_there { "there".to_owned() } else { String::new() };
        let changed = before.symmetric_difference(&after);
        return changed
            .map(|label| {
                let is_there = |all: &BTreeSet<String>| there(all.contains(label));
                (format!("{LABEL}{label}"), is_there(&before), is_there(&after))
            })
            .collect();
    }
    let place = match field {
        "summary" | "description" | "priority" => field,
        field if field.starts_with("customfield_") => AREA,
        _ => return Vec::new(),
    };
    vec![(place.to_owned(), value(place, from), value(place, to))]
}

/// What Jira has in a field, in the form in which specs are known.
pub fn value(place: &str, live: &Value) -> String {
    match place {
        "summary" | "description" => words(live),
        _ => live.as_str().unwrap_or_default().to_owned(),
    }
}

/// Labels, but for the one that marks the ticket.
pub fn labels(live: &Value) -> BTreeSet<String> {
    let all = live.as_array().into_iter().flatten().filter_map(Value::as_str);
    all.filter(|label| !label.starts_with(MARK))
        .map(str::to_owned)
        .collect()
}
