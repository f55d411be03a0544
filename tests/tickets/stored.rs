//! Objects as the API server keeps them: by path, with resourceVersions that writes are held against, a status apart
//! from the rest, and what watches tell of them.

use std::collections::BTreeMap;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Fields of a ticket's spec that are frozen once its creation has begun.
const FROZEN: [&str; 5] = ["ticket", "project", "type", "requestType", "reporter"];

/// A request, as far as it matters.
pub struct Asked<'a> {
    pub method: &'a Method,
    /// Without the name of a subresource.
    pub path: &'a str,
    pub of_status: bool,
    /// Who applies; none, where it is a merge.
    pub manager: Option<&'a str>,
    pub body: Value,
}

/// HTTP status and body.
pub type Answer = (u16, Value);

/// See the module.
#[derive(Default)]
pub struct Stored {
    objects: BTreeMap<String, Value>,
    /// What each manager applied to a status, by path; nobody's is what was there.
    applied: BTreeMap<String, BTreeMap<String, Value>>,
    /// What watches tell: of which collection, in which version, and what.
    events: Vec<(String, u64, Value)>,
    version: u64,
}

/// What an API server says of a failure.
pub fn failure(code: u16, reason: &str, message: &str) -> Answer {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason,
        "message": message, "code": code,
    });
    (code, status)
}

impl Stored {
    /// What a watch of a collection tells after a version, and up to which that is.
    pub fn events_since(&self, collection: &str, version: u64) -> (Vec<Value>, u64) {
        let later = self.events.iter().rev().take_while(|(_, at, _)| *at > version);
        let mut told: Vec<Value> = later
            .filter(|(of, _, _)| of == collection)
            .map(|(_, _, event)| event.clone())
            .collect();
        told.reverse();
        (told, self.version)
    }

    /// Puts an object there as it is, with its status.
    pub fn put(&mut self, collection: &str, name: &str, object: Value) {
        self.store(&format!("{collection}/{name}"), object);
    }

    /// Changes an object in a way that watches tell.
    pub fn bump(&mut self, path: &str) {
        if let Some(mut object) = self.objects.get(path).cloned() {
            let generation = generation(&object) + 1;
            metadata(&mut object).insert("generation".to_owned(), generation.into());
            self.store(path, object);
        }
    }

    /// Annotates an object, which watches tell with its next change.
    pub fn annotate(&mut self, path: &str, key: &str, value: &str) {
        if let Some(object) = self.objects.get_mut(path) {
            object["metadata"]["annotations"][key] = value.into();
        }
    }

    /// Does what is asked.
    pub fn answer(&mut self, asked: Asked<'_>) -> Answer {
        let missing = || failure(404, "NotFound", &format!("{} is not there", asked.path));
        match *asked.method {
            Method::GET => match self.objects.get(asked.path) {
                Some(object) => (200, object.clone()),
                None if is_collection(asked.path) => (200, self.list(asked.path)),
                None => missing(),
            },
            Method::POST => self.create(asked.path, asked.body),
            Method::PUT | Method::PATCH => match self.objects.get(asked.path).cloned() {
                Some(before) => self.change(&before, asked),
                None => missing(),
            },
            Method::DELETE => match self.objects.remove(asked.path) {
                Some(mut object) => {
                    self.version += 1;
                    metadata(&mut object).insert("resourceVersion".to_owned(), self.version.to_string().into());
                    self.tell(asked.path, "DELETED", &object);
                    (200, object)
                }
                None => missing(),
            },
            _ => failure(405, "MethodNotAllowed", "this is not answered"),
        }
    }

    fn list(&self, path: &str) -> Value {
        let below = format!("{path}/");
        let items = self.objects.iter().filter(|(of, _)| of.starts_with(&below));
        let items: Vec<&Value> = items.map(|(_, object)| object).collect();
        let metadata = json!({"resourceVersion": self.version.to_string()});
        json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items})
    }

    fn create(&mut self, collection: &str, mut object: Value) -> Answer {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let path = format!("{collection}/{name}");
        if self.objects.contains_key(&path) {
            return failure(409, "AlreadyExists", &format!("{name} is there already"));
        }
        let namespace = collection.split('/').rev().nth(1).unwrap_or_default();
        let created = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let fields = metadata(&mut object);
        fields.insert("uid".to_owned(), format!("uid-{}", self.version + 1).into());
        fields.insert("namespace".to_owned(), namespace.into());
        fields.insert("generation".to_owned(), 1.into());
        fields.insert("creationTimestamp".to_owned(), created.to_string().into());
        if collection.ends_with("/jiraissues") {
            object["status"] = json!({"observedGeneration": -1});
        }
        (201, self.store(&path, object))
    }

    /// A status of several managers: what one does not apply any more goes, what others did stays.
    fn apply(&mut self, before: &Value, asked: &Asked<'_>, manager: &str) -> Value {
        let of_object = self
            .applied
            .entry(format!("{} {}", asked.path, before["metadata"]["uid"]));
        let managers = of_object.or_insert_with(|| BTreeMap::from([(String::new(), before["status"].clone())]));
        managers.insert(manager.to_owned(), asked.body["status"].clone());
        let mut whole = json!({});
        for applied in managers.values() {
            merge(&mut whole, applied);
        }
        whole
    }

    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        metadata(&mut object).insert("resourceVersion".to_owned(), self.version.to_string().into());
        let before = self.objects.insert(path.to_owned(), object.clone());
        let what = if before.is_some() { "MODIFIED" } else { "ADDED" };
        self.tell(path, what, &object);
        object
    }

    fn tell(&mut self, path: &str, what: &str, object: &Value) {
        let collection = path.rsplit_once('/').map_or(path, |(collection, _)| collection);
        let event = json!({"type": what, "object": object});
        self.events.push((collection.to_owned(), self.version, event));
    }

    fn change(&mut self, before: &Value, asked: Asked<'_>) -> Answer {
        for precondition in ["resourceVersion", "uid"] {
            let wanted = asked.body["metadata"][precondition].as_str();
            if wanted.is_some_and(|wanted| before["metadata"][precondition] != wanted) {
                return failure(409, "Conflict", &format!("the {precondition} is another one"));
            }
        }
        let mut after = changed(before, &asked);
        if let Some(manager) = asked.manager.filter(|_| asked.of_status) {
            after["status"] = self.apply(before, &asked, manager);
        }
        if after["spec"] != before["spec"] {
            if let Some(field) = frozen(before, &after) {
                return failure(422, "Invalid", &format!("spec.{field} cannot change any more"));
            }
            let generation = generation(before) + 1;
            metadata(&mut after).insert("generation".to_owned(), generation.into());
        }
        let version = before["metadata"]["resourceVersion"].clone();
        metadata(&mut after).insert("resourceVersion".to_owned(), version);
        if after == *before {
            return (200, after);
        }
        (200, self.store(asked.path, after))
    }
}

fn changed(before: &Value, asked: &Asked<'_>) -> Value {
    let mut after = before.clone();
    match (asked.method, asked.of_status) {
        (&Method::PATCH, true) => merge(&mut after["status"], &asked.body["status"]),
        (&Method::PATCH, false) => {
            for part in ["metadata", "spec", "data"] {
                merge(&mut after[part], &asked.body[part]);
            }
        }
        _ => {
            after = asked.body.clone();
            for field in ["uid", "creationTimestamp", "generation", "namespace"] {
                let kept = before["metadata"][field].clone();
                metadata(&mut after).insert(field.to_owned(), kept);
            }
        }
    }
    after
}

/// Whether a path names all objects of a kind, and none of them.
fn is_collection(path: &str) -> bool {
    let after_namespace = path.split('/').skip_while(|part| *part != "namespaces").count();
    after_namespace == 3
}

fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    object["metadata"].as_object_mut().expect("an object has metadata")
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// The field that cannot change any more and did.
fn frozen(before: &Value, after: &Value) -> Option<&'static str> {
    let status = &before["status"];
    let has_begun = status.get("creation").is_some() || status.get("id").is_some();
    let mut fields = FROZEN.into_iter();
    fields.find(|field| has_begun && before["spec"].get(*field) != after["spec"].get(*field))
}

/// A merge patch.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        if !patch.is_null() {
            *target = patch.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(fields) = target.as_object_mut() else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
