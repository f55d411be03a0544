//! Which points are played: every one, a shard of them, or a sample in which no two are alike.

use std::{collections::BTreeMap, env, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    point::{Point, number},
    scenario::Scenario,
};

/// Trials at once where nothing is said: most of a trial is waiting.
const AT_ONCE: usize = 6;

/// How much is played, as the environment says.
#[derive(Clone, Debug)]
pub struct Plan {
    much: Much,
    /// The shard, counted from 1, of how many.
    shard: (usize, usize),
    seed: u64,
    only: Option<String>,
    /// Whether points that are known to fail are left out.
    pub spares: bool,
    /// Trials at once.
    pub at_once: usize,
    /// Which of the ways that Atlassian does not document Jira behaves in, where it is one for all trials.
    pub way: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Much {
    All,
    /// So many of each scenario, or as many as it says.
    Sample(Option<usize>),
}

impl Plan {
    /// `SWEEP` is `all` or a number of points for each scenario, `SHARD` is `1/4`, `SWEEP_SEED` a number, `SWEEP_POINT` a
    /// part of what points are called, `SWEEP_AT_ONCE` a number of trials, `SWEEP_WAY` one of the ways in which Jira may
    /// behave that are not documented; `SWEEP_KNOWN` plays what is known to fail, too.
    pub fn of_environment() -> Self {
        let from_environment = |name: &str| env::var(name).ok().map(|text| text.parse::<usize>().expect(name));
        let much = match env::var("SWEEP").ok().as_deref() {
            None | Some("") => Much::Sample(None),
            Some("all") => Much::All,
            Some(number) => Much::Sample(Some(number.parse().expect("SWEEP is all or a number"))),
        };
        let shard = env::var("SHARD").ok().filter(|text| !text.is_empty());
        let shard = shard.map_or((1, 1), |text| {
            let (one, of) = text.split_once('/').expect("SHARD is 1/4 for example");
            (one.parse().expect("SHARD"), of.parse().expect("SHARD"))
        });
        let seed = from_environment("SWEEP_SEED").map(|seed| seed as u64);
        Self {
            much,
            shard,
            seed: seed.unwrap_or_else(|| rand::rng().random_range(0..1_000_000)),
            only: env::var("SWEEP_POINT").ok().filter(|part| !part.is_empty()),
            spares: env::var_os("SWEEP_KNOWN").is_none_or(|value| value.is_empty()),
            at_once: from_environment("SWEEP_AT_ONCE").unwrap_or(AT_ONCE),
            way: from_environment("SWEEP_WAY").map(|way| way as u64),
        }
    }

    /// Longest time for a scenario.
    pub fn longest() -> Duration {
        let all = env::var("SWEEP").is_ok_and(|much| !much.is_empty());
        Duration::from_mins(if all { 180 } else { 8 })
    }

    /// How to play the same again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Chooses from the points of a scenario. Alike are those of the same request and the same disturbance.
    pub fn choose(&self, scenario: &dyn Scenario, points: Vec<Point>) -> Vec<Point> {
        if let Some(part) = &self.only {
            return points
                .into_iter()
                .filter(|point| point.to_string().contains(part))
                .collect();
        }
        let chosen = match self.much {
            Much::All => points,
            Much::Sample(size) => self.sample(scenario.name(), points, size.unwrap_or_else(|| scenario.sample())),
        };
        let (one, of) = self.shard;
        let of_shard = chosen.into_iter().enumerate().filter(|(n, _)| n % of == one - 1);
        of_shard.map(|(_, point)| point).collect()
    }

    fn sample(&self, scenario: &str, points: Vec<Point>, size: usize) -> Vec<Point> {
        let mut random = StdRng::seed_from_u64(self.seed ^ number(scenario));
        let mut alike: BTreeMap<_, Vec<Point>> = BTreeMap::new();
        for point in points {
            alike
                .entry((point.shape.clone(), point.disturbance))
                .or_default()
                .push(point);
        }
        let mut groups: Vec<Vec<Point>> = alike.into_values().collect();
        let mut chosen = Vec::new();
        while chosen.len() < size && !groups.is_empty() {
            let mut group = groups.swap_remove(random.random_range(0..groups.len()));
            chosen.push(group.swap_remove(random.random_range(0..group.len())));
        }
        chosen
    }
}
