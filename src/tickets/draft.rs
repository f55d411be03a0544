//! What is sent to Jira to create a ticket: pure, from what was judged.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    gate::TicketProject,
    identity::Marker,
    metadata::TicketMetadata,
    people::{Person, TicketRoles},
    text::{self, TextError},
};
use crate::api::issue::JiraIssueSpec;

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
        std::iter::once(first).chain(second).collect()
    }
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
        let sent = match &first {
            FirstCall::Issue(body) | FirstCall::Request(body) => body.to_string(),
        };
        Ok(Draft {
            project: self.project.clone(),
            first,
            second,
            reporter: self.reporter().map(str::to_owned),
            digest: format!("{:x}", Sha256::digest(sent)).chars().take(16).collect(),
            summary,
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
        if self.takes("labels") {
            set("labels", json!(self.labels()));
        }
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

    /// Who works on it; nobody, where nobody is named and the reporter is not known.
    fn assignee(&self) -> Option<Value> {
        match &self.roles.assignee {
            Some(person) => person.account().map(|id| json!({"accountId": id})),
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
        if let Some(assignee) = self.assignee() {
            later.insert("assignee".to_owned(), assignee);
        }
        let mut body = json!({
            "serviceDeskId": desk, "requestTypeId": self.metadata.type_id, "requestFieldValues": values,
        });
        if let Some(body) = body.as_object_mut() {
            if let Some(reporter) = self.reporter().filter(|_| self.metadata.can_raise_on_behalf) {
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
