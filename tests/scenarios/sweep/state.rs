//! The end state of a scenario, so put that two runs of it can be compared: what times, uids and counts of events and calls
//! differ by is left out.

use std::{collections::BTreeMap, fmt::Write};

use devkit::sandbox::{Effect, Operation, World};
use jira_operator::api::names::{COMPONENT_GRANT, COMPONENT_LABEL, MANAGED_BY, REQUESTED_AT};
use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, core::DynamicObject};
use serde_json::Value;

use super::{
    scene::Scene,
    seen::{Kind, Objects},
    truth,
};
use crate::harness::observe::text;

/// The annotation that names the grant whose token is published.
const GRANT: &str = "jira-operator.dev/grant";
/// The annotation with the hashes of adopted tokens, the one that counts last.
const HASHES: &str = "jira-operator.dev/refresh-token-hashes";
/// Annotations of grant Secrets that are there or not.
const MARKS: [&str; 2] = ["jira-operator.dev/refresh-token-adopting", "jira-operator.dev/home-uid"];
/// What the status of an integration says beside its conditions.
const OF_INTEGRATION: [&str; 7] = [
    "/site",
    "/account",
    "/scopes",
    "/projects",
    "/token/secretName",
    "/sync/issuesTracked",
    "/sync/progress",
];
/// Fields that hold a time in some form, or a digest of what holds one.
const TIMES: [&str; 2] = ["cursor", "hash"];

/// What is so, by where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(BTreeMap<String, String>);

/// The state as it was seen last.
pub fn of(scene: &Scene) -> State {
    let objects = scene.watch.objects();
    let sandbox = scene.harness.sandbox.url().to_owned();
    let effects = scene.harness.sandbox.effects();
    let mut state = scene.harness.sandbox.state(|world| read(&objects, world, &sandbox));
    state.written(&effects);
    state
}

fn read(objects: &Objects, world: &World, sandbox: &str) -> State {
    let mut state = State::default();
    for ((kind, name), object) in objects {
        let at = format!("{} {name}", kind.name());
        match kind {
            Kind::Integration => state.integration(&at, object),
            Kind::Project | Kind::Issue => state.whole(&at, object),
            Kind::Secret => {
                let managed = object.labels().contains_key(MANAGED_BY);
                let secret = object.clone().try_parse::<Secret>().ok().filter(|_| managed);
                if let Some(secret) = secret {
                    state.secret(&at, &secret, objects, world);
                }
            }
        }
    }
    state.grants(world);
    let named = objects.iter().filter(|((kind, _), _)| *kind == Kind::Issue);
    let identities = named.filter_map(|(_, object)| object.data.pointer("/status/identity")?.as_str());
    let identities: Vec<&str> = identities.collect();
    for value in state.0.values_mut() {
        *value = value.replace(sandbox, "<sandbox>");
        // That of a ticket depends on the namespace.
        for identity in &identities {
            *value = value.replace(identity, "<identity>");
        }
    }
    state
}

/// Families that ended because a token was spent when its leeway was over.
pub fn spent_too_late(world: &World) -> Vec<String> {
    let families = world.oauth.families.values();
    families
        .filter_map(|family| Some(format!("family {}: {}", family.id, family.revoked.as_ref()?)))
        .collect()
}

/// What differs, a line each.
pub fn difference(expected: &State, found: &State) -> String {
    let mut lines = String::new();
    for (at, value) in &expected.0 {
        let other = found.0.get(at);
        if other != Some(value) {
            let other = other.map_or("absent", String::as_str);
            writeln!(lines, "  {at}: {other}, and not {value}").expect("a text grows");
        }
    }
    for (at, value) in found.0.iter().filter(|(at, _)| !expected.0.contains_key(*at)) {
        writeln!(lines, "  {at}: {value}, and not absent").expect("a text grows");
    }
    lines
}

/// What Jira had of the fields is written down where it was compared, and a ticket that is found may be compared before the
/// next change, or at it.
fn unseen(status: &mut serde_json::Map<String, Value>) {
    let Some(applied) = status.get_mut("applied").and_then(Value::as_object_mut) else {
        return;
    };
    applied.remove("compared");
    let fields = applied.get_mut("fields").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(|fields| fields.values_mut()) {
        if let Some(field) = field.as_object_mut() {
            field.remove("found");
        }
    }
}

impl State {
    fn set(&mut self, at: String, value: impl Into<String>) {
        self.0.insert(at, value.into());
    }

    /// Conditions as status, reason, and whether they speak of the object as it is.
    fn conditions(&mut self, at: &str, object: &DynamicObject) {
        let conditions = object.data.pointer("/status/conditions").and_then(Value::as_array);
        for condition in conditions.into_iter().flatten() {
            let of = |key: &str| condition[key].as_str().unwrap_or_default();
            let current = condition["observedGeneration"].as_i64() == object.metadata.generation;
            let age = if current { "" } else { " for an earlier generation" };
            // A ticket whose answer was lost is found.
            let is_there = of("type") == "Created" && of("status") == "True";
            let reason = if is_there { "however" } else { of("reason") };
            self.set(
                format!("{at}: {}", of("type")),
                format!("{} {reason}{age}", of("status")),
            );
        }
    }

    fn integration(&mut self, at: &str, object: &DynamicObject) {
        self.conditions(at, object);
        let status = &object.data["status"];
        let current = status["observedGeneration"].as_i64() == object.metadata.generation;
        self.set(format!("{at}: observed"), current.to_string());
        let asked = object.annotations().get(REQUESTED_AT).map(String::as_str);
        let answered = status["lastHandledReconcileAt"].as_str();
        self.set(format!("{at}: requests are answered"), (asked == answered).to_string());
        let link = status["authorizationURL"].is_string();
        self.set(format!("{at}: a link to connect"), link.to_string());
        for pointer in OF_INTEGRATION {
            if let Some(value) = status.pointer(pointer) {
                self.flat(format!("{at}{pointer}"), value);
            }
        }
    }

    /// Spec and status of an object that is the operator's.
    fn whole(&mut self, at: &str, object: &DynamicObject) {
        self.conditions(at, object);
        let mut data = object.data.clone();
        if let Some(status) = data.get_mut("status").and_then(Value::as_object_mut) {
            status.remove("conditions");
            let observed = status
                .remove("observedGeneration")
                .and_then(|observed| observed.as_i64());
            let current = observed == object.metadata.generation;
            self.set(format!("{at}: observed"), (observed.is_none() || current).to_string());
            unseen(status);
            // The newest ones may not have been read yet.
            if let Some(comments) = status.get_mut("comments").and_then(Value::as_object_mut) {
                comments.retain(|part, _| part == "sent" || part == "sending");
            }
        }
        self.flat(at.to_owned(), &data["spec"]);
        self.flat(at.to_owned(), &data["status"]);
    }

    fn flat(&mut self, at: String, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if TIMES.contains(&key.as_str()) {
                        self.set(format!("{at}/{key}"), "<time>");
                    } else {
                        self.flat(format!("{at}/{key}"), value);
                    }
                }
            }
            Value::Array(values) => {
                for (n, value) in values.iter().enumerate() {
                    self.flat(format!("{at}/{n}"), value);
                }
            }
            Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => self.set(at, "<time>"),
            Value::String(text) => self.set(at, text),
            other => self.set(at, other.to_string()),
        }
    }

    fn secret(&mut self, at: &str, secret: &Secret, objects: &Objects, world: &World) {
        let is_grant = secret.labels().get(COMPONENT_LABEL).map(String::as_str) == Some(COMPONENT_GRANT);
        for (key, value) in text(secret) {
            let value = match key.as_str() {
                "access-token" => access_token(world, &value),
                "refresh-token" => refresh_token(world, &value),
                "base-url" | "site-url" | "offline-access" | "scopes" => value,
                _ => "present".to_owned(),
            };
            self.set(format!("{at}: {key}"), value);
        }
        self.set(format!("{at}: owners"), secret.owner_references().len().to_string());
        if is_grant {
            for mark in MARKS.iter().filter(|mark| secret.annotations().contains_key(**mark)) {
                self.set(format!("{at}: {mark}"), "present");
            }
        } else if let Some(lineage) = secret.annotations().get(GRANT) {
            let mut hashes = objects.values().filter_map(|object| object.annotations().get(HASHES));
            let held = hashes.any(|hashes| hashes.rsplit(',').next() == Some(lineage));
            let value = if held {
                "the grant that is held"
            } else {
                "another grant"
            };
            self.set(format!("{at}: {GRANT}"), value);
        }
    }

    /// What the operator wrote to Jira. An edit that is repeated changes nothing, and is not counted.
    fn written(&mut self, effects: &[Effect]) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for effect in effects.iter().filter(|effect| effect.client_id.is_some()) {
            let what = match (effect.operation, effect.internal) {
                (Operation::Create, _) => "created",
                (Operation::Transition, _) => "moved",
                (Operation::Edit, _) if effect.changed.iter().any(|field| field == "summary") => "edited",
                (Operation::AddParticipants, _) if !effect.changed.is_empty() => "given a participant",
                (Operation::DeleteRemoteLink, _) => "freed of a link",
                (Operation::Comment, Some(true)) => "noted internally",
                (Operation::Comment, _) => "noted for all",
                _ => continue,
            };
            *counts
                .entry(format!("in Jira: {} {what}", effect.issue_key))
                .or_default() += 1;
        }
        if !counts.is_empty() {
            // Whichever reconciliation comes next counts them.
            self.0
                .retain(|at, _| !at.ends_with("/issues/matching") && !at.ends_with("/issues/open"));
        }
        for (at, count) in counts {
            self.set(at, format!("{count} times"));
        }
    }

    /// Which accounts have let the app in, and whether what they granted can still be refreshed. A consent that was given
    /// again is in the same grant, and how often is free.
    fn grants(&mut self, world: &World) {
        let live = world.oauth.live_families();
        for grant in world.oauth.grants.values() {
            let refreshable = live.iter().any(|family| family.grant == grant.id);
            let value = if refreshable {
                "can be refreshed"
            } else {
                "cannot be refreshed"
            };
            self.set(format!("at Atlassian: {}", truth::describe(world, grant)), value);
        }
    }
}

fn access_token(world: &World, token: &str) -> String {
    let grant = world.grant_behind(token);
    grant.map_or_else(
        || "unknown".to_owned(),
        |grant| format!("of {}", truth::describe(world, grant)),
    )
}

fn refresh_token(world: &World, token: &str) -> String {
    let Some(uses) = world.oauth.uses_of(token) else {
        return "unknown".to_owned();
    };
    let account = world
        .accounts
        .get(&uses.account_id)
        .map_or("", |account| account.email.as_str());
    let age = if uses.retired { "spent" } else { "not spent" };
    let life = if uses.revoked { "dead" } else { "alive" };
    format!("of {account}, {age}, {life}")
}

/// The comparison itself, which must be able to fail.
pub fn scenarios() -> Vec<crate::cases::Scenario> {
    vec![crate::cases::scenario("sweep::ends_are_compared", |_| async {
        ends_are_compared();
    })]
}

fn ends_are_compared() {
    let object = |status: Value, generation: i64| -> DynamicObject {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "jira-operator.dev/v1alpha1",
            "kind": "JiraIntegration",
            "metadata": {"name": "acme", "uid": generation.to_string(), "generation": generation},
            "spec": {},
            "status": status,
        }))
        .expect("an object")
    };
    let status = |ready: &str, observed: i64, at: &str| {
        serde_json::json!({
            "observedGeneration": observed,
            "conditions": [{"type": "Ready", "status": ready, "reason": "R", "observedGeneration": observed, "lastTransitionTime": at}],
            "projects": {"visible": 1},
        })
    };
    let with_status = |status: Value, generation: i64| {
        let mut state = State::default();
        state.integration("acme", &object(status, generation));
        state
    };
    let (one, other) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    let before = with_status(status("True", 1, one), 1);
    assert_eq!(
        before,
        with_status(status("True", 2, other), 2),
        "times, uids and generations are free"
    );
    for (changed, named) in [
        (
            with_status(status("False", 1, one), 1),
            "acme: Ready: False R, and not True R",
        ),
        (
            with_status(status("True", 1, one), 2),
            "acme: Ready: True R for an earlier generation, and not True R",
        ),
        (
            with_status(serde_json::json!({}), 1),
            "acme/projects/visible: absent, and not 1",
        ),
    ] {
        assert!(
            difference(&before, &changed).contains(named),
            "{}",
            difference(&before, &changed)
        );
    }
    assert!(
        difference(&with_status(serde_json::json!({}), 1), &before)
            .contains("acme/projects/visible: 1, and not absent")
    );
}
