//! Which rows there are, and under which conditions each is measured.

use serde_json::json;

use crate::shared::remote::{Failure, Remote};

/// A line of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Who fetches.
    pub who: Who,
    /// How many issues there are.
    pub issues: u32,
    /// How long the sandbox keeps every answer back, in milliseconds.
    pub delay: u64,
}

/// Who fetches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Our engine, with a sink that only counts.
    Engine(Task),
    /// The whole operator, into a real API server.
    Operator,
    /// A client that people use today.
    Client {
        /// Which.
        client: Client,
        /// How many requests it has in flight.
        in_flight: usize,
    },
}

/// What the engine is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Everything comes in for the first time.
    First,
    /// The 5,000 that were updated last of far more come in for the first time.
    Newest,
    /// A pass after which nothing is different.
    Idle,
    /// A pass after one issue of a hundred was changed.
    Changed,
    /// A first synchronisation in the middle of which Jira refuses every call for some seconds.
    Storm,
    /// A first synchronisation while one of ten projects cannot be read any more.
    Forbidden,
}

/// A client that people use today.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// <https://www.npmjs.com/package/jira.js>
    JiraJs,
    /// <https://pypi.org/project/dlt/>
    Dlt,
}

/// How many requests a client has in flight where it is asked to fetch side by side: one for each project.
pub const SIDE_BY_SIDE: usize = 10;

/// All rows, those on the same sandbox together.
pub fn rows() -> Vec<Row> {
    let engine = |task, issues, delay| Row {
        who: Who::Engine(task),
        issues,
        delay,
    };
    let mut rows = vec![
        engine(Task::First, 10_000, 0),
        engine(Task::First, 10_000, 150),
        engine(Task::Idle, 10_000, 150),
        engine(Task::Changed, 10_000, 150),
        engine(Task::Storm, 10_000, 150),
        engine(Task::Forbidden, 10_000, 150),
    ];
    rows.extend(clients(10_000, 0));
    rows.extend(clients(10_000, 150));
    rows.extend([engine(Task::First, 50_000, 0), engine(Task::First, 50_000, 150)]);
    rows.extend(clients(50_000, 0));
    rows.push(engine(Task::Newest, 200_000, 150));
    rows.push(Row {
        who: Who::Operator,
        issues: 5_000,
        delay: 150,
    });
    rows
}

fn clients(issues: u32, delay: u64) -> impl Iterator<Item = Row> {
    let both = [Client::JiraJs, Client::Dlt].into_iter();
    both.flat_map(move |client| {
        [1, SIDE_BY_SIDE].map(|in_flight| Row {
            who: Who::Client { client, in_flight },
            issues,
            delay,
        })
    })
}

impl Row {
    /// Unlike that of every other row.
    pub fn name(&self) -> String {
        let who = match self.who {
            Who::Engine(Task::First) => "engine/first-sync".to_owned(),
            Who::Engine(Task::Newest) => "engine/newest-5000".to_owned(),
            Who::Engine(Task::Idle) => "engine/idle-pass".to_owned(),
            Who::Engine(Task::Changed) => "engine/1%-changed".to_owned(),
            Who::Engine(Task::Storm) => "engine/first-sync-in-a-storm".to_owned(),
            Who::Engine(Task::Forbidden) => "engine/first-sync-one-forbidden".to_owned(),
            Who::Operator => "operator/first-sync-into-a-cluster".to_owned(),
            Who::Client { client, in_flight } => format!("{}/{in_flight}-in-flight", client.name()),
        };
        format!("{who}/{}/{}ms", self.issues, self.delay)
    }

    /// How often it is measured: what takes a fraction of a second differs from run to run.
    pub fn times(&self) -> usize {
        if self.delay == 0 { 3 } else { 1 }
    }

    /// Whether the documented limits of calls a second hold. Without delay they would be all that is measured.
    pub fn has_bursts(&self) -> bool {
        self.delay > 0
    }

    /// Whether the hour's points may run out: all of 50,000 issues cost nearly as many in the worse reading.
    pub fn has_pool(&self) -> bool {
        self.issues <= 10_000 || self.who == Who::Engine(Task::Newest)
    }

    /// Sets the sandbox as this row wants it.
    pub async fn set_conditions(&self, remote: &Remote) -> Result<(), Failure> {
        remote
            .command(json!({"command": "setQuota", "off": !self.has_pool()}))
            .await?;
        remote
            .command(json!({"command": "setBurst", "off": !self.has_bursts()}))
            .await?;
        remote
            .command(json!({"command": "setLatency", "milliseconds": self.delay}))
            .await?;
        Ok(())
    }
}

impl Client {
    /// As its registry calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JiraJs => "jira.js",
            Self::Dlt => "dlt",
        }
    }
}
