//! What is sent to Jira to create a ticket: pure, from what was judged.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    gate::TicketProject,
    identity::Marker,
    links,
    metadata::TicketMetadata,
    parts::Part,
    people::{Person, TicketRoles},
    text::{self, TextError},
};
use crate::{api::issue::JiraIssueSpec, atlassian::write_error::Refusal};

/// A ticket that can be created.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The project.
    pub project: TicketProject,
    /// What is sent.
    pub first: FirstCall,
    /// What is changed right after a request was raised: what its form does not take, and the marker.
    pub second: Option<Value>,
    /// Summary.
    pub summary: String,
    /// Account id of the reporter that is asked for.
    pub reporter: Option<String>,
    /// Digest of what is sent.
    pub digest: String,
    /// What it goes without, and why: Jira's words, where it said any.
    pub without: BTreeMap<Part, String>,
    /// Links that are set after it was created.
    links: Vec<Value>,
}

/// The call that creates a ticket.
#[derive(Clone, Debug, PartialEq)]
pub enum FirstCall {
    /// An issue, marked at once.
    Issue(Value),
    /// A request of a service desk.
    Request(Value),
}

/// What a draft is made of.
pub struct DraftParts<'a> {
    /// What a person wants.
    pub spec: &'a JiraIssueSpec,
    /// The project.
    pub project: &'a TicketProject,
    /// What the type takes.
    pub metadata: &'a TicketMetadata,
    /// Who is meant.
    pub roles: &'a TicketRoles,
    /// What `spec.fields` sets, as Jira takes it.
    pub fields: Map<String, Value>,
    /// Whose ticket it is.
    pub marker: &'a Marker,
    /// Generation of the object.
    pub generation: i64,
}

impl Draft {
    /// The calls, as a person reads them before they are made.
    #[must_use]
    pub fn plan(&self) -> Vec<String> {
        let first = match &self.first {
            FirstCall::Issue(body) => format!("POST /rest/api/3/issue {body}"),
            FirstCall::Request(body) => format!("POST /rest/servicedeskapi/request {body}"),
        };
        let second = self
            .second
            .iter()
            .map(|body| format!("PUT /rest/api/3/issue/{{id}} {body}"));
        let links = self
            .links
            .iter()
            .map(|body| format!("POST /rest/api/3/issue/{{id}}/remotelink {body}"));
        std::iter::once(first).chain(second).chain(links).collect()
    }

    /// Whether it has a part that it could go without.
    #[must_use]
    pub fn has(&self, part: &Part) -> bool {
        self.clone().without(part.clone(), String::new()) != *self
    }

    /// The same without a part, which Jira refused with these words. What has no such part stays as it is.
    #[must_use]
    pub fn without(mut self, part: Part, words: String) -> Self {
        let is_gone = match (&mut self.first, &part) {
            (FirstCall::Issue(body), Part::Labels) => remove(body, "/fields", "labels"),
            (FirstCall::Issue(body), Part::Assignee) => remove(body, "/fields", "assignee"),
            (FirstCall::Issue(body), Part::Reporter) => remove(body, "/fields", "reporter"),
            (FirstCall::Issue(body), Part::Formatting) => unformatted(body),
            (FirstCall::Request(body), Part::Reporter) => remove(body, "", "raiseOnBehalfOf"),
            (FirstCall::Request(body), Part::Participant(id)) => leave_out(body, id),
            (FirstCall::Request(_), part) => self.second.as_mut().is_some_and(|second| match part {
                Part::Labels => remove(second, "/update", "labels"),
                Part::Assignee => remove(second, "/fields", "assignee"),
                Part::Field(id) => remove(second, "/fields", id),
                Part::Formatting => unformatted(second),
                Part::Reporter | Part::Participant(_) => false,
            }),
            (FirstCall::Issue(_), Part::Participant(_) | Part::Field(_)) => false,
        };
        if is_gone {
            if part == Part::Reporter {
                self.reporter = None;
            }
            self.digest = digest(&self.first);
            self.without.insert(part, words);
        }
        self
    }

    /// The same without what the change after the first call was refused for.
    #[must_use]
    pub fn without_refused(self, refusal: &Refusal) -> Self {
        if refusal.fields.is_empty() {
            return self.without(Part::Formatting, refusal.text());
        }
        refusal.fields.iter().fold(self, |draft, (field, words)| {
            let part = match field.as_str() {
                "labels" => Part::Labels,
                "assignee" => Part::Assignee,
                _ => Part::Field(field.clone()),
            };
            draft.without(part, words.clone())
        })
    }

    /// The same without all that the change after the first call sets, but for the marker.
    #[must_use]
    pub fn without_second(self, words: &str) -> Self {
        let fields = self
            .second
            .as_ref()
            .and_then(|second| second.get("fields")?.as_object().cloned());
        let fields = fields.into_iter().flatten().map(|(field, _)| match field.as_str() {
            "assignee" => Part::Assignee,
            _ => Part::Field(field),
        });
        let parts: Vec<Part> = fields.chain([Part::Labels]).collect();
        parts
            .into_iter()
            .fold(self, |draft, part| draft.without(part, words.to_owned()))
    }

    /// Account id of the assignee.
    #[must_use]
    pub fn assignee(&self) -> Option<&str> {
        let body = match &self.first {
            FirstCall::Issue(body) => Some(body),
            FirstCall::Request(_) => self.second.as_ref(),
        };
        body?.pointer("/fields/assignee/accountId")?.as_str()
    }

    /// The account ids of those who are to take part.
    #[must_use]
    pub fn participants(&self) -> Vec<&str> {
        let FirstCall::Request(body) = &self.first else {
            return Vec::new();
        };
        let list = body.get("requestParticipants").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

fn remove(body: &mut Value, place: &str, name: &str) -> bool {
    let object = body.pointer_mut(place).and_then(Value::as_object_mut);
    object.is_some_and(|object| object.remove(name).is_some())
}

fn leave_out(body: &mut Value, id: &str) -> bool {
    let Some(list) = body.get_mut("requestParticipants").and_then(Value::as_array_mut) else {
        return false;
    };
    let before = list.len();
    list.retain(|participant| participant.as_str() != Some(id));
    let (after, is_empty) = (list.len(), list.is_empty());
    if is_empty {
        remove(body, "", "requestParticipants");
    }
    after < before
}

/// Puts plain paragraphs in the place of documents with a form. Whether any was changed.
fn unformatted(body: &mut Value) -> bool {
    let fields = body.get_mut("fields").and_then(Value::as_object_mut).into_iter();
    let mut is_changed = false;
    for value in fields.flat_map(|fields| fields.values_mut()) {
        is_changed |= text::unformat(value);
    }
    is_changed
}

fn digest(first: &FirstCall) -> String {
    let (FirstCall::Issue(body) | FirstCall::Request(body)) = first;
    let digest = Sha256::digest(body.to_string());
    format!("{digest:x}").chars().take(16).collect()
}

impl DraftParts<'_> {
    /// The ticket.
    ///
    /// # Errors
    /// Where a text cannot be converted.
    pub fn draft(&self) -> Result<Draft, TextError> {
        let summary = self.spec.summary.clone().unwrap_or_default();
        text::check_summary(&summary)?;
        let (first, second) = match &self.metadata.desk {
            Some(desk) => self.request(desk, &summary)?,
            None => (FirstCall::Issue(self.issue(&summary)?), None),
        };
        Ok(Draft {
            project: self.project.clone(),
            second,
            reporter: self.reporter().map(str::to_owned),
            digest: digest(&first),
            first,
            summary,
            without: BTreeMap::new(),
            links: self
                .spec
                .links
                .iter()
                .map(|link| links::body(&self.marker.identity, link))
                .collect(),
        })
    }

    fn reporter(&self) -> Option<&str> {
        self.roles.reporter.as_ref().and_then(Person::account)
    }

    /// Whether the type has a field.
    fn takes(&self, field: &str) -> bool {
        self.metadata.field(field).is_some()
    }

    fn labels(&self) -> Vec<String> {
        let mut labels = vec![self.marker.identity.label()];
        labels.extend(self.spec.labels.iter().cloned());
        labels
    }

    fn issue(&self, summary: &str) -> Result<Value, TextError> {
        let mut fields = self.fields.clone();
        let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        set("project", json!({"id": self.project.id}));
        set("issuetype", json!({"id": self.metadata.type_id}));
        set("summary", summary.into());
        if let Some(description) = &self.spec.description {
            set("description", text::markdown_to_adf(description)?);
        }
        if let Some(priority) = &self.spec.priority {
            set("priority", json!({"name": priority}));
        }
        if let Some(parent) = &self.spec.parent {
            set("parent", json!({"key": parent}));
        }
        set("labels", json!(self.labels()));
        if let Some(reporter) = self.reporter() {
            set("reporter", json!({"accountId": reporter}));
        }
        if let Some(assignee) = self.assignee() {
            set("assignee", assignee);
        }
        Ok(json!({
            "fields": fields,
            "properties": [self.marker.property()],
            "historyMetadata": self.marker.history(self.generation),
        }))
    }

    /// Who works on it; nobody, where who is named has no account, or nobody is named and the reporter has none.
    fn assignee(&self) -> Option<Value> {
        match &self.roles.assignee {
            Some(person) => Some(person.account().map_or(Value::Null, |id| json!({"accountId": id}))),
            None => self.roles.unknown_reporter().map(|_| Value::Null),
        }
    }

    fn request(&self, desk: &str, summary: &str) -> Result<(FirstCall, Option<Value>), TextError> {
        let mut values = self.fields.clone();
        values.insert("summary".to_owned(), summary.into());
        let mut later = Map::new();
        if let Some(description) = &self.spec.description {
            if self.takes("description") {
                values.insert("description".to_owned(), text::markdown_to_wiki(description)?.into());
            } else {
                later.insert("description".to_owned(), text::markdown_to_adf(description)?);
            }
        }
        if let Some(priority) = &self.spec.priority {
            let place = if self.takes("priority") {
                &mut values
            } else {
                &mut later
            };
            place.insert("priority".to_owned(), json!({"name": priority}));
        }
        if let Some(parent) = &self.spec.parent {
            later.insert("parent".to_owned(), json!({"key": parent}));
        }
        if let Some(assignee) = self.assignee() {
            later.insert("assignee".to_owned(), assignee);
        }
        let mut body = json!({
            "serviceDeskId": desk, "requestTypeId": self.metadata.type_id, "requestFieldValues": values,
        });
        if let Some(body) = body.as_object_mut() {
            if let Some(reporter) = self.reporter() {
                body.insert("raiseOnBehalfOf".to_owned(), reporter.into());
            }
            let participants: Vec<&str> = self.roles.participants.iter().filter_map(Person::account).collect();
            if !participants.is_empty() {
                body.insert("requestParticipants".to_owned(), json!(participants));
            }
        }
        let labels: Vec<Value> = self.labels().into_iter().map(|label| json!({"add": label})).collect();
        let second = json!({
            "fields": later,
            "update": {"labels": labels},
            "properties": [self.marker.property()],
            "historyMetadata": self.marker.history(self.generation),
        });
        Ok((FirstCall::Request(body), Some(second)))
    }
}
