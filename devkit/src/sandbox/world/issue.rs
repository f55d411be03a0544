//! Issues and the workflow they move in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::field::REQUEST_TYPE;

/// The category of a status, the only part of it that no language and no administrator changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusCategory {
    /// To do.
    New,
    /// In progress.
    Indeterminate,
    /// Done.
    Done,
}

impl StatusCategory {
    /// Jira's id of the category.
    #[must_use]
    pub fn id(self) -> u32 {
        match self {
            Self::New => 2,
            Self::Indeterminate => 4,
            Self::Done => 3,
        }
    }

    /// Jira's key of the category.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Indeterminate => "indeterminate",
            Self::Done => "done",
        }
    }

    /// Its English name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "To Do",
            Self::Indeterminate => "In Progress",
            Self::Done => "Done",
        }
    }

    /// All three.
    pub(crate) const ALL: [Self; 3] = [Self::New, Self::Indeterminate, Self::Done];

    /// The colour Jira paints it in.
    #[must_use]
    pub fn colour(self) -> &'static str {
        match self {
            Self::New => "blue-gray",
            Self::Indeterminate => "yellow",
            Self::Done => "green",
        }
    }
}

/// A status of a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueStatus {
    /// Numeric id, as text.
    pub id: String,
    /// Name in the site's language.
    pub name: String,
    /// Category.
    pub category: StatusCategory,
}

/// A type of issues.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueType {
    /// Numeric id, as text.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether its issues stand below others.
    #[serde(default)]
    pub subtask: bool,
}

/// A move of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transition {
    /// Numeric id, as text; the workflow's own count.
    #[serde(default)]
    pub id: String,
    /// Name.
    pub name: String,
    /// Id or name of the status it leads to; left out, it leads to where the issue is (looped).
    pub to: Option<String>,
    /// Ids or names of the statuses it begins in; left out, in all (global).
    pub from: Option<Vec<String>>,
    /// Ids of the fields on its screen; left out, it has none.
    pub screen: Option<Vec<String>>,
    /// Ids of the fields that its screen demands.
    #[serde(default)]
    pub required: Vec<String>,
    /// Ids of further fields that it takes, which answers do not tell of.
    #[serde(default)]
    pub unlisted: Vec<String>,
    /// Whether it has a condition, an approval for example; `false` inside says that it is not met.
    pub condition: Option<bool>,
    /// The words with which a validator refuses it.
    pub refusal: Option<String>,
}

/// Issue types and statuses of a kind of project; projects of one template share it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workflow {
    /// Issue types.
    pub issue_types: Vec<IssueType>,
    /// Statuses, the first being where issues begin.
    pub statuses: Vec<IssueStatus>,
    /// Transitions; none lets every issue into every status.
    #[serde(default)]
    pub transitions: Vec<Transition>,
}

impl Workflow {
    /// The status with this id.
    #[must_use]
    pub fn status(&self, id: &str) -> Option<&IssueStatus> {
        self.statuses.iter().find(|status| status.id == id)
    }

    /// The issue type with this id.
    #[must_use]
    pub fn issue_type(&self, id: &str) -> Option<&IssueType> {
        self.issue_types.iter().find(|kind| kind.id == id)
    }

    /// Whether issues in this status count as done.
    #[must_use]
    pub fn is_done(&self, status: &str) -> bool {
        let status = self.status(status);
        status.is_some_and(|status| status.category == StatusCategory::Done)
    }
}

/// Jira's priorities, the gravest first: id and English name.
pub(crate) const PRIORITIES: [(&str, &str); 5] = [
    ("1", "Highest"),
    ("2", "High"),
    ("3", "Medium"),
    ("4", "Low"),
    ("5", "Lowest"),
];

/// The id of the priority that issues begin with.
pub(crate) const USUAL_PRIORITY: &str = "3";

/// One issue.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Numeric id; never changes.
    pub id: u64,
    /// The number behind the project's key.
    pub number: u64,
    /// One line.
    pub summary: String,
    /// Id of its type.
    pub type_id: String,
    /// Id of its status.
    pub status_id: String,
    /// Id of its priority.
    pub priority_id: Option<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// Account id of the assignee.
    pub assignee: Option<String>,
    /// Account id of the reporter.
    pub reporter: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it came into a status of the category done; `None` outside of it.
    pub resolved: Option<Timestamp>,
    /// Id of the issue it stands below.
    pub parent: Option<u64>,
    /// Account id of who made it, which nobody can change.
    pub creator: String,
    /// Text in Atlassian Document Format.
    pub description: Option<Value>,
    /// Further fields by their ids, in the shape of answers; people by their ids alone.
    pub fields: BTreeMap<String, Value>,
    /// Entity properties by their keys.
    pub properties: BTreeMap<String, Value>,
    /// What makes it a request.
    pub request: Option<Request>,
    /// Fields that answers show as null, whatever stands in them.
    pub nulls: BTreeSet<String>,
}

/// What an issue of a service project has if it is a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Id of its request type.
    pub type_id: u64,
    /// Account ids of those who take part in it.
    pub participants: Vec<String>,
    /// The description as it was sent, in wiki markup.
    pub wiki: Option<String>,
}

/// Values of fields by their ids, made ready: people, priorities and types by id, texts in Atlassian Document Format.
pub(crate) type Values = BTreeMap<String, Value>;

impl Issue {
    /// The value of a field that can be set, null if it is empty.
    pub(crate) fn value(&self, field: &str) -> Value {
        match field {
            "summary" => self.summary.clone().into(),
            "description" => self.description.clone().into(),
            "issuetype" => self.type_id.clone().into(),
            "priority" => self.priority_id.clone().into(),
            "labels" => self.labels.clone().into(),
            "assignee" => self.assignee.clone().into(),
            "reporter" => self.reporter.clone().into(),
            "parent" => self.parent.into(),
            "status" => self.status_id.clone().into(),
            "resolution" => self.resolution(),
            REQUEST_TYPE => {
                let kind = self.request.as_ref().map(|request| request.type_id.to_string());
                kind.into()
            }
            other => self.fields.get(other).cloned().unwrap_or_default(),
        }
    }

    /// Sets a field to a value that was made ready.
    pub(crate) fn set_value(&mut self, field: &str, value: Value) {
        let text = || value.as_str().map(str::to_owned);
        match field {
            "summary" => self.summary = text().unwrap_or_default(),
            "description" => self.description = (!value.is_null()).then_some(value),
            "issuetype" => self.type_id = text().unwrap_or_default(),
            "priority" => self.priority_id = text(),
            "labels" => {
                let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                self.labels = words.map(str::to_owned).collect();
            }
            "assignee" => self.assignee = text(),
            "reporter" => self.reporter = text(),
            "parent" => self.parent = value.as_u64(),
            "status" => self.status_id = text().unwrap_or_default(),
            REQUEST_TYPE => {
                let kind = value.as_str().and_then(|id| id.parse().ok());
                match (kind, &mut self.request) {
                    (Some(kind), request) => request.get_or_insert_default().type_id = kind,
                    (None, request) => *request = None,
                }
            }
            other if value.is_null() => {
                self.fields.remove(other);
            }
            other => {
                self.fields.insert(other.to_owned(), value);
            }
        }
    }
}
