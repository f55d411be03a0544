//! Issues and the workflow they move in.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

/// Issue types and statuses of a kind of project; projects of one template share it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workflow {
    /// Issue types.
    pub issue_types: Vec<IssueType>,
    /// Statuses, the first being where issues begin.
    pub statuses: Vec<IssueStatus>,
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
    /// Fields that answers show as null, whatever stands in them.
    pub nulls: BTreeSet<String>,
}
