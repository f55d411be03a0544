//! Tickets that somebody applies: one is created, with one note, or one that is there is taken.

use std::time::{Duration, Instant};

use devkit::sandbox::Operation;
use futures::{FutureExt, future::BoxFuture};
use jira_operator::api::{
    condition::{ConditionType, find, is_true},
    issue::{JiraIssue, JiraIssueStatus},
    names,
};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::sweep::{scenario::Scenario, scene::Scene};

/// The name of the object.
const NAME: &str = "made";
/// How late the search index is: a ticket is not found by it at once.
const LAG: u32 = 4;
/// Longest time until a ticket is there: look-ups after a lost answer, and after one that was waited for.
const PATIENCE: Duration = Duration::from_mins(4);
/// In which ways Jira may behave, as far as Atlassian does not say.
const WAYS: [&str; 6] = [
    "{}",
    r#"{"bulkFetchByIndex": true}"#,
    r#"{"customerIsCreator": true}"#,
    r#"{"cloneCopiesProperties": true}"#,
    r#"{"cloneCopiesLabels": false}"#,
    r#"{"onBehalfRefusal": 404}"#,
];

/// A ticket that is applied.
pub struct Applied {
    name: &'static str,
    spec: fn() -> Value,
    /// It was there before, and a person has cloned it; its object was deleted.
    existed: bool,
    /// Its reporter has no account.
    is_noted: bool,
    /// What the spec said before it is changed.
    before: Option<fn() -> Value>,
}

const fn applied(name: &'static str, spec: fn() -> Value) -> Applied {
    Applied {
        name,
        spec,
        existed: false,
        is_noted: false,
        before: None,
    }
}

fn bug() -> Value {
    json!({
        "project": "ENG", "type": "Bug", "summary": "Checkout is slow", "description": "**p99** 4.2 s",
        "labels": ["gitops"], "assignee": {"email": "dana@acme.example"},
    })
}

fn asked_by(email: &str) -> Value {
    json!({"project": "SUP", "requestType": "Ask a question", "summary": "Laptop", "reporter": {"email": email}})
}

/// An issue of a software project.
pub const fn issue() -> Applied {
    applied("sweep::a_ticket_of_a_software_project", bug)
}

/// A request of a service project, on behalf of somebody.
pub const fn request() -> Applied {
    applied("sweep::a_ticket_of_a_service_project", || asked_by("dana@acme.example"))
}

/// A request of somebody who has no account: an internal note names them.
pub const fn noted() -> Applied {
    Applied {
        is_noted: true,
        ..applied("sweep::a_ticket_of_somebody_unknown", || asked_by("kim@ext.example"))
    }
}

/// An issue that is to be done as soon as it is there: a second move would be told to its watchers.
pub const fn moved() -> Applied {
    applied("sweep::a_ticket_is_moved", || {
        let mut spec = bug();
        spec["phase"] = json!("Done");
        spec
    })
}

/// An issue of which the spec says something else later. A person has added a label meanwhile.
pub const fn edited() -> Applied {
    Applied {
        before: Some(bug),
        ..applied("sweep::a_ticket_is_edited", || {
            let mut spec = bug();
            spec["summary"] = json!("Checkout is down");
            spec["labels"] = json!(["outage"]);
            spec
        })
    }
}

/// A request to which somebody and a link are added later, and another link leaves it.
pub const fn joined() -> Applied {
    Applied {
        before: Some(|| linked(&["alex@acme.example"], "old")),
        ..applied("sweep::a_ticket_has_another_participant_and_link", || {
            linked(&["alex@acme.example", "dana@acme.example"], "new")
        })
    }
}

fn linked(participants: &[&str], link: &str) -> Value {
    let participants: Vec<Value> = participants.iter().map(|email| json!({"email": email})).collect();
    json!({
        "project": "SUP", "requestType": "Ask a question", "summary": "Laptop", "participants": participants,
        "links": [{"url": format!("https://acme.example/{link}"), "title": link}],
    })
}

/// Whether participants and links are written down as the spec says.
fn is_joined(spec: &Value, status: &JiraIssueStatus) -> bool {
    let all = |field: &str| spec[field].as_array().cloned().unwrap_or_default();
    let applied = status.applied.clone().unwrap_or_default();
    let has = |link: &Value| {
        let mut known = applied.links.iter().filter(|known| !known.pending);
        known.any(|known| link["url"] == known.url.as_str())
    };
    applied.participants.len() == all("participants").len()
        && applied.links.len() == all("links").len()
        && all("links").iter().all(has)
}

/// An issue that is commented on as soon as it is there.
pub const fn commented() -> Applied {
    applied("sweep::a_ticket_is_commented_on", || {
        let mut spec = bug();
        spec["comments"] = json!([{"name": "a", "body": "**One**"}, {"name": "b", "body": "Two"}]);
        spec
    })
}

/// A request with a comment for agents alone, and one for customers.
pub const fn answered() -> Applied {
    applied("sweep::a_request_is_answered", || {
        let mut spec = asked_by("dana@acme.example");
        spec["comments"] =
            json!([{"name": "a", "body": "**One**"}, {"name": "b", "body": "Two", "visibility": "Public"}]);
        spec
    })
}

/// One that a person made.
pub const fn taken_over() -> Applied {
    applied("sweep::a_ticket_is_taken_over", || json!({"ticket": "ENG-1"}))
}

/// One that an object of this name had before, beside a copy of it.
pub const fn found_again() -> Applied {
    Applied {
        existed: true,
        is_noted: true,
        ..applied("sweep::a_ticket_is_found_again", || asked_by("kim@ext.example"))
    }
}

impl Scenario for Applied {
    fn name(&self) -> &'static str {
        self.name
    }

    fn sample(&self) -> usize {
        3
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            let mut spec = Scene::spec();
            spec["projects"] = json!([{"key": "ENG"}, {"key": "SUP"}]);
            spec["tickets"] = json!({});
            scene.connected_with(spec).await;
            let harness = &scene.harness;
            let way = usize::try_from(scene.way).expect("a number") % WAYS.len();
            let way: Value = serde_json::from_str(WAYS[way]).expect("JSON");
            harness.command(json!({"command": "setUndocumented", "set": way}));
            harness.command(json!({"command": "setIndexLag", "seconds": LAG}));
            if let Some(before) = self.before {
                scene.harness.apply_ticket(NAME, before()).await;
                let key = self.until_there(scene, &before()).await.key;
                harness.command(json!({"command": "labelIssue", "issue": key, "add": ["people"]}));
                // It is seen at the next look, which may have been just before.
                harness.request("acme").await;
                let is_seen = |status: &JiraIssueStatus| status.labels.iter().any(|label| label == "people");
                harness.until_ticket(NAME, "labelled by a person", is_seen).await;
            }
            if self.existed {
                self.apply(scene).await;
                let key = self.until_there(scene, &(self.spec)()).await.key;
                harness.command(json!({"command": "cloneIssue", "issue": key}));
                harness.delete::<JiraIssue>(NAME).await;
                let gone = |object: Option<&JiraIssue>| object.is_none();
                harness.until_object::<JiraIssue>(NAME, "gone", gone).await;
            }
        }
        .boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            self.apply(scene).await;
            self.until_there(scene, &(self.spec)()).await;
        }
        .boxed()
    }
}

impl Applied {
    async fn apply(&self, scene: &Scene) {
        scene.harness.apply_ticket(NAME, (self.spec)()).await;
    }

    /// Waits until the ticket is there, with its note. A person says which it is where that cannot be told.
    async fn until_there(&self, scene: &Scene, spec: &Value) -> JiraIssueStatus {
        let began = Instant::now();
        loop {
            let object = scene.harness.issues().get(NAME).await.expect("the API server answers");
            let status = object.status.unwrap_or_default();
            let reporter = status.people.as_ref().and_then(|people| people.reporter.as_ref());
            let is_noted = reporter.is_some_and(|reporter| reporter.note.is_some());
            let is_written = spec["summary"].as_str().is_none_or(|summary| status.summary == summary);
            let is_as_wanted = is_written && is_joined(spec, &status);
            if is_true(&status.conditions, ConditionType::Ready) && (is_noted || !self.is_noted) && is_as_wanted {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it is not there: {status:?}");
            let created = find(&status.conditions, ConditionType::Created);
            if let Some(created) = created.filter(|created| created.reason == "CreationUncertain") {
                say_which(scene, &created.message).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What cannot be told is one ticket, which the message names.
async fn say_which(scene: &Scene, message: &str) {
    let made = scene.harness.written_tickets(Operation::Create);
    assert_eq!(made.len(), 1, "{message}: {made:?}");
    let key = &made[0].issue_key;
    assert!(message.contains(key), "{message}: {made:?}");
    let said = json!({"metadata": {"annotations": {names::ADOPT: key}}});
    let api = scene.harness.issues();
    let patched = api.patch(NAME, &PatchParams::default(), &Patch::Merge(said)).await;
    patched.expect("it is annotated");
}
