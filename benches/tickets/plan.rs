//! Which rows there are.

use serde_json::{Value, json};

/// A line of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Who creates.
    pub who: Who,
    /// How many tickets.
    pub tickets: u32,
    /// How long the sandbox keeps every answer back, in milliseconds.
    pub delay: u64,
}

/// Who creates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The operator, from objects that are applied.
    Operator(Way),
    /// <https://www.npmjs.com/package/jira.js>
    JiraJs {
        /// How many requests it has in flight.
        in_flight: usize,
    },
}

/// What is applied, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Issues, each once the one before has its key.
    Issues,
    /// Requests of a service project, likewise.
    Requests,
    /// Issues, all at once.
    AtOnce,
    /// Issues that were all created before, once more, into an empty cluster.
    Again,
}

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for delay in [0, 150] {
        let row = |who, tickets| Row { who, tickets, delay };
        rows.extend([
            row(Who::Operator(Way::Issues), 50),
            row(Who::Operator(Way::Requests), 50),
            row(Who::Operator(Way::AtOnce), 50),
            row(Who::JiraJs { in_flight: 1 }, 50),
            row(Who::JiraJs { in_flight: 10 }, 50),
        ]);
    }
    rows.extend([Way::AtOnce, Way::Again].map(|way| Row {
        who: Who::Operator(way),
        tickets: 1_000,
        delay: 150,
    }));
    rows
}

impl Row {
    /// Unlike that of every other row.
    pub fn name(&self) -> String {
        let who = match self.who {
            Who::Operator(Way::Issues) => "operator/issues".to_owned(),
            Who::Operator(Way::Requests) => "operator/requests".to_owned(),
            Who::Operator(Way::AtOnce) => "operator/at-once".to_owned(),
            Who::Operator(Way::Again) => "operator/again".to_owned(),
            Who::JiraJs { in_flight } => format!("jira.js/{in_flight}-in-flight"),
        };
        format!("{who}/{}/{}ms", self.tickets, self.delay)
    }
}

/// What the n-th ticket says.
pub fn summary(n: u32) -> String {
    format!("Checkout is slow, occurrence {n}")
}

/// What all describe, as the operator and as Jira takes it.
pub fn description() -> (&'static str, Value) {
    let text = "The 99th percentile is 4.2 s.";
    let paragraph = json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
    (text, json!({"type": "doc", "version": 1, "content": [paragraph]}))
}
