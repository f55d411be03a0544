//! What happened in a history, in its order. Two processes run at once, so that no history plays quite the same again:
//! what one of them did wrong is found out from its only run.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use devkit::sandbox::{Effect, Request, Sandbox};
use jiff::Timestamp;
use serde_json::Value;

/// Most of a body that is told.
const LONGEST: usize = 240;

/// See the module.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    lines: Vec<(Timestamp, String)>,
    effects: usize,
}

impl Trace {
    /// Something happened.
    pub fn note(&self, what: String) {
        self.noted(|noted| noted.lines.push((Timestamp::now(), what)));
    }

    fn noted<T>(&self, change: impl FnOnce(&mut Noted) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes what took effect in Jira since.
    pub fn effects(&self, sandbox: &Sandbox) {
        let effects = sandbox.effects();
        self.noted(|noted| {
            for effect in effects.get(noted.effects..).unwrap_or_default() {
                noted
                    .lines
                    .push((Timestamp::now(), format!("  in Jira by now: {}", of_effect(effect))));
            }
            noted.effects = effects.len();
        });
    }

    /// All of it, with the calls to Jira that create, change or look for something.
    pub fn told(&self, sandbox: &Sandbox) -> String {
        self.effects(sandbox);
        let calls = sandbox.requests().into_iter().filter(|call| call.method != "GET");
        let mut lines: Vec<(Timestamp, String)> = calls.map(|call| (call.at, of_call(&call))).collect();
        self.noted(|noted| lines.extend(noted.lines.iter().cloned()));
        lines.sort_by_key(|(at, _)| *at);
        let began = lines.first().map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at);
        let mut text = String::new();
        for (at, line) in lines {
            let _ = writeln!(text, "{:>8.3} {line}", at.duration_since(began).as_secs_f64());
        }
        text
    }
}

fn of_effect(effect: &Effect) -> String {
    let marker = effect.properties.get("jira-operator.dev");
    let marker = marker.map(|marker| format!(" marked {} {}", marker["name"], marker["n"]));
    let who = if effect.client_id.is_some() { "we" } else { "people" };
    format!(
        "#{} {who} {:?} {} {} {:?}{} at {}",
        effect.sequence,
        effect.operation,
        effect.issue_id,
        effect.issue_key,
        effect.changed,
        marker.unwrap_or_default(),
        effect.at
    )
}

fn of_call(call: &Request) -> String {
    let path = call
        .path
        .rsplit_once("/rest/")
        .map_or(call.path.as_str(), |(_, path)| path);
    let status = call
        .status
        .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let body: String = call.body.as_deref().unwrap_or_default().chars().take(LONGEST).collect();
    let faults = if call.faults.is_empty() {
        String::new()
    } else {
        format!(" faults {:?}", call.faults)
    };
    format!("  call: {} {path} {status}{faults} {body}", call.method)
}

/// What was asked of the API server and answered, if it concerns a ticket.
pub fn of_write(method: &str, path: &str, (code, body): &(u16, Value)) -> Option<String> {
    let (_, name) = path
        .split_once("/jiraissues/")
        .or_else(|| path.split_once("/jiraissues"))?;
    if method == "GET" {
        return None;
    }
    let status = &body["status"];
    let created = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Created");
    let created = created.map(|created| format!("{} {}", created["reason"], created["message"]));
    let applied = &status["applied"];
    Some(format!(
        "  object: {method} {name} {code} {} {} key={} creation={} {} fields={} kept={} compared={}",
        body["metadata"]["name"],
        body["metadata"]["uid"],
        status["key"],
        status["creation"],
        created.unwrap_or_default(),
        applied["fields"],
        applied["keptFields"],
        applied["compared"],
    ))
}
