//! The objects of a history: each has a name, and what is wanted under it stays the same.

use jira_operator::api::{
    condition::{ConditionType, find},
    issue::JiraIssueStatus,
};
use serde_json::{Value, json};

/// What an object wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// An issue of a software project.
    Issue,
    /// One of somebody who has no account.
    IssueOfStranger,
    /// A request on behalf of somebody.
    Request,
    /// One of somebody who has no account.
    RequestOfStranger,
    /// A new issue for each object that is applied, whatever there was before.
    AlwaysNew,
    /// An issue that is there.
    TakeOver,
    /// Nothing that there is.
    Invalid,
}

/// The objects, by number. The last six have a part of their own: four are applied to be lost in the middle of their
/// creation, and two once nothing goes wrong any more.
pub const OBJECTS: [(&str, Wish); 15] = [
    ("bug", Wish::Issue),
    ("crash", Wish::Issue),
    ("report", Wish::IssueOfStranger),
    ("laptop", Wish::Request),
    ("phone", Wish::Request),
    ("access", Wish::RequestOfStranger),
    ("alert", Wish::AlwaysNew),
    ("taken", Wish::TakeOver),
    ("typo", Wish::Invalid),
    ("spike", Wish::Issue),
    ("outage", Wish::Issue),
    ("badge", Wish::Request),
    ("visit", Wish::RequestOfStranger),
    (GUEST, Wish::RequestOfStranger),
    (LAST, Wish::Request),
];

/// Applied once nothing goes wrong any more, so that all that is to be written of it is.
pub const GUEST: &str = "guest";
/// Applied after it, where the first call that marks it goes wrong.
pub const LAST: &str = "last";

/// The issue that is taken over.
pub const TAKEN: &str = "ENG-2";
/// Somebody who has no account.
const STRANGER: &str = "kim@ext.example";

/// The object with a number.
pub fn object(number: u8) -> (&'static str, Wish) {
    OBJECTS[usize::from(number) % OBJECTS.len()]
}

/// What an object of this name wants.
pub fn wish(name: &str) -> Wish {
    let found = OBJECTS.iter().find(|(of, _)| *of == name);
    found.expect("an object of the history").1
}

/// The name of the object whose ticket has this summary.
pub fn named_in(summary: &str) -> Option<&'static str> {
    let name = summary.strip_prefix("Ticket ")?.split(',').next()?;
    OBJECTS.iter().map(|(of, _)| *of).find(|of| *of == name)
}

/// Where a spec may want the ticket of an object, by number. Requests begin in progress.
pub fn phase(name: &str, number: u8) -> Option<&'static str> {
    match (number % 4, is_request(name)) {
        (0, _) => None,
        (1, false) => Some("Todo"),
        (1 | 2, _) => Some("InProgress"),
        _ => Some("Done"),
    }
}

/// Whether the ticket of an object is a request.
pub fn is_request(name: &str) -> bool {
    matches!(wish(name), Wish::Request | Wish::RequestOfStranger)
}

/// Whether its spec has a ticket moved back that somebody moves away.
pub fn is_moved_back(name: &str) -> bool {
    matches!(name, "crash" | "phone")
}

/// Who wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// People win, and what both sides changed is told.
    People,
    /// People win, but for what both sides changed.
    LastWord,
    /// What people change is written back.
    Cluster,
    /// Each field is written once.
    Once,
}

/// By which policy the fields of an object are written.
pub fn winner(name: &str) -> Winner {
    match name {
        "crash" | "phone" => Winner::Cluster,
        "report" | "outage" | "access" => Winner::LastWord,
        "laptop" | "spike" => Winner::Once,
        _ => Winner::People,
    }
}

/// How the spec says that.
pub fn policy(name: &str) -> Value {
    match winner(name) {
        Winner::People => json!({}),
        Winner::LastWord => json!({"onConflict": "Overwrite"}),
        Winner::Cluster => json!({"fields": "Keep"}),
        Winner::Once => json!({"fields": "Once"}),
    }
}

/// What a person applies, as a patch: null is what goes. `edition` tells later specs of one object apart, of which each
/// asks for something else; `phase` is where the ticket is wanted.
pub fn manifest(name: &str, edition: u8, phase: Option<&str>) -> Value {
    let summary = match edition {
        0 => format!("Ticket {name}"),
        _ => format!("Ticket {name}, edition {edition}"),
    };
    let mut spec = json!({"integration": "acme", "summary": summary});
    let further = match wish(name) {
        Wish::Issue => json!({"project": "ENG", "type": "Bug", "labels": ["gitops"]}),
        Wish::IssueOfStranger => json!({"project": "ENG", "type": "Bug", "reporter": {"email": STRANGER}}),
        Wish::Request => json!({
            "project": "SUP", "requestType": "Ask a question", "reporter": {"email": "dana@acme.example"},
        }),
        Wish::RequestOfStranger => json!({
            "project": "SUP", "requestType": "Ask a question", "reporter": {"email": STRANGER},
        }),
        Wish::AlwaysNew => json!({"project": "ENG", "type": "Bug", "policy": {"existing": "Ignore"}}),
        Wish::TakeOver => {
            spec = json!({"integration": "acme"});
            json!({"ticket": TAKEN})
        }
        Wish::Invalid => json!({"project": "ENG", "type": "Bgu"}),
    };
    if let (Some(spec), Value::Object(further)) = (spec.as_object_mut(), further) {
        spec.extend(further);
    }
    if !matches!(wish(name), Wish::TakeOver | Wish::Invalid) {
        let is_long = phase == Some("Done") && !is_request(name);
        spec["phase"] = json!(phase);
        spec["via"] = json!(is_long.then_some(["In Progress"]));
    }
    if let Value::Object(policy) = policy(name)
        && !matches!(wish(name), Wish::TakeOver | Wish::Invalid)
    {
        for (part, what) in policy {
            spec["policy"][part] = what;
        }
    }
    if is_moved_back(name) {
        spec["policy"]["phase"] = json!("Keep");
    }
    json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue", "metadata": {"name": name}, "spec": spec,
    })
}

/// The keys between which a person has to decide.
pub fn in_question(status: &JiraIssueStatus) -> Vec<String> {
    let created = find(&status.conditions, ConditionType::Created);
    let Some(uncertain) = created.filter(|created| created.reason == "CreationUncertain") else {
        return Vec::new();
    };
    let words = uncertain
        .message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_key = |word: &&str| {
        word.split_once('-').is_some_and(|(project, number)| {
            project.chars().all(|c| c.is_ascii_uppercase()) && number.parse::<u64>().is_ok()
        })
    };
    let mut keys: Vec<String> = words.filter(is_key).map(str::to_owned).collect();
    keys.dedup();
    keys
}
