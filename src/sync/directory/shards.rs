//! Which `ConfigMap` holds whom. Everybody stays where they are, and who is new goes where there is
//! room, so that a change of one person is a change of one `ConfigMap`.

use std::collections::{BTreeMap, BTreeSet};

use super::person::DirectoryEntry;

/// How large the text of a `ConfigMap` may get, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct ShardLimits {
    /// Up to here people are added.
    pub fill: usize,
    /// Beyond this, because names grew, some move elsewhere. Kubernetes takes 1 MiB.
    pub limit: usize,
}

/// The room in Kubernetes.
pub const ROOM: ShardLimits = ShardLimits {
    fill: 800 * 1024,
    limit: 900 * 1024,
};

/// The people of one `ConfigMap`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// Name of the `ConfigMap`; none yet for a new one.
    pub name: Option<String>,
    /// People by account id.
    pub people: BTreeMap<String, DirectoryEntry>,
}

/// The people as text: a JSON list with one person a line, so that a difference shows who changed.
#[must_use]
pub fn render(people: &BTreeMap<String, DirectoryEntry>) -> String {
    let lines: Vec<String> = people.values().map(line).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// The people of a text; nobody if it is none of ours.
#[must_use]
pub fn parse(text: &str) -> BTreeMap<String, DirectoryEntry> {
    let people: Vec<DirectoryEntry> = serde_json::from_str(text).unwrap_or_default();
    let keyed = people.into_iter().map(|person| (person.account_id.clone(), person));
    keyed.collect()
}

fn line(person: &DirectoryEntry) -> String {
    serde_json::to_string(person).unwrap_or_default()
}

fn size(person: &DirectoryEntry) -> usize {
    line(person).len() + ",\n".len()
}

/// Brings in who was read and takes out who is gone. Shards keep their order; new ones come last.
/// Who is neither read nor gone stays as they are.
#[must_use]
pub fn merge(
    before: &[Shard],
    mut read: BTreeMap<String, DirectoryEntry>,
    gone: &BTreeSet<String>,
    room: ShardLimits,
) -> Vec<Shard> {
    let mut placed: BTreeSet<String> = BTreeSet::new();
    let mut homeless: Vec<DirectoryEntry> = Vec::new();
    let mut filling: Vec<ShardFill> = Vec::new();
    for shard in before {
        let mut next = ShardFill::of(shard.name.clone());
        for (id, person) in &shard.people {
            // Whom a crash left in two places is kept in the first.
            if !gone.contains(id) && placed.insert(id.clone()) {
                next.add(read.remove(id).unwrap_or_else(|| person.clone()));
            }
        }
        homeless.extend(next.shrink(room.limit));
        filling.push(next);
    }
    homeless.extend(read.into_values().filter(|person| !gone.contains(&person.account_id)));
    for person in homeless {
        let need = size(&person);
        let fits = filling.iter().position(|shard| shard.size + need <= room.fill);
        if let Some(shard) = fits.and_then(|index| filling.get_mut(index)) {
            shard.add(person);
        } else {
            let mut shard = ShardFill::of(None);
            shard.add(person);
            filling.push(shard);
        }
    }
    filling.into_iter().map(|filling| filling.shard).collect()
}

/// A shard with its size.
struct ShardFill {
    shard: Shard,
    size: usize,
}

impl ShardFill {
    fn of(name: Option<String>) -> Self {
        Self {
            shard: Shard {
                name,
                people: BTreeMap::new(),
            },
            size: "[\n\n]\n".len(),
        }
    }

    fn add(&mut self, person: DirectoryEntry) {
        self.size += size(&person);
        self.shard.people.insert(person.account_id.clone(), person);
    }

    /// Takes out the last ones until it is small enough.
    fn shrink(&mut self, limit: usize) -> Vec<DirectoryEntry> {
        let mut out = Vec::new();
        while self.size > limit {
            let Some((_, person)) = self.shard.people.pop_last() else {
                return out;
            };
            self.size -= size(&person);
            out.push(person);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// Three people fit, and a fourth while names grow.
    const TIGHT: ShardLimits = ShardLimits { fill: 200, limit: 260 };

    fn person(number: usize, name: &str) -> DirectoryEntry {
        DirectoryEntry {
            account_id: format!("id-{number:04}"),
            display_name: name.into(),
            email_address: None,
            active: true,
        }
    }

    fn read(people: impl IntoIterator<Item = DirectoryEntry>) -> BTreeMap<String, DirectoryEntry> {
        people.into_iter().map(|p| (p.account_id.clone(), p)).collect()
    }

    fn nobody() -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn filled(count: usize) -> Vec<Shard> {
        let mut shards = merge(&[], read((0..count).map(|n| person(n, "Ann"))), &nobody(), TIGHT);
        for (number, shard) in shards.iter_mut().enumerate() {
            shard.name = Some(format!("acme-users-{number}"));
        }
        shards
    }

    fn differing(before: &[Shard], after: &[Shard]) -> usize {
        let same = |index: usize, shard: &Shard| before.get(index) == Some(shard);
        after.iter().enumerate().filter(|(i, shard)| !same(*i, shard)).count()
    }

    fn everybody(shards: &[Shard]) -> Vec<String> {
        let mut all: Vec<String> = shards.iter().flat_map(|s| s.people.keys().cloned()).collect();
        all.sort();
        all
    }

    #[test]
    fn what_is_written_is_read_again_one_person_a_line() {
        let people = read([person(1, "Ann \"the\" Lee 🦀"), person(2, "Bo")]);
        let text = render(&people);
        assert_eq!(parse(&text), people);
        assert_eq!(text.lines().count(), 4);
        assert!(parse(&render(&BTreeMap::new())).is_empty() && parse("{broken").is_empty());
    }

    #[test]
    fn a_change_of_one_person_changes_one_shard_and_none_changes_none() {
        let before = filled(30);
        assert!(before.len() >= 10);
        assert_eq!(
            differing(&before, &merge(&before, BTreeMap::new(), &nobody(), TIGHT)),
            0
        );
        let again = read((0..30).map(|n| person(n, "Ann")));
        assert_eq!(differing(&before, &merge(&before, again, &nobody(), TIGHT)), 0);
        let changed = merge(&before, read([person(13, "Annie")]), &nobody(), TIGHT);
        assert_eq!(differing(&before, &changed), 1);
        let gone: BTreeSet<String> = ["id-0004".to_owned()].into();
        let left = merge(&before, BTreeMap::new(), &gone, TIGHT);
        assert_eq!(differing(&before, &left), 1);
        assert_eq!(everybody(&left).len(), 29);
        let joined = merge(&left, read([person(99, "Ann")]), &nobody(), TIGHT);
        assert_eq!(differing(&left, &joined), 1, "the place that became free is used");
    }

    #[test]
    fn no_text_ever_passes_the_limit_and_nobody_gets_lost_by_growing() {
        let mut shards = filled(30);
        for growth in 1..12 {
            let name = "x".repeat(growth * 5);
            shards = merge(&shards, read((0..30).map(|n| person(n, &name))), &nobody(), TIGHT);
            for shard in &shards {
                assert!(render(&shard.people).len() <= TIGHT.limit, "{shard:?}");
            }
            assert_eq!(everybody(&shards).len(), 30, "growth {growth}");
        }
    }

    #[test]
    fn who_is_in_two_shards_is_kept_once() {
        let mut before = filled(6);
        let twice = before[0].people.first_key_value().unwrap().1.clone();
        before[1].people.insert(twice.account_id.clone(), twice);
        let after = merge(&before, BTreeMap::new(), &nobody(), TIGHT);
        assert_eq!(everybody(&after).len(), 6);
        assert_eq!(after[0], before[0]);
    }

    #[test]
    fn fifty_thousand_people_fit_into_kubernetes() {
        let people = (0..50_000).map(|n| DirectoryEntry {
            account_id: format!("712020:00000000-0000-4000-8000-{n:012}"),
            display_name: "A Name of Usual Length".into(),
            email_address: Some(format!("person.{n}@acme.example")),
            active: true,
        });
        let shards = merge(&[], read(people), &nobody(), ROOM);
        let largest = shards.iter().map(|shard| render(&shard.people).len()).max().unwrap();
        assert!(
            largest <= ROOM.limit && shards.len() < 20,
            "{} of {largest}",
            shards.len()
        );
    }
}
