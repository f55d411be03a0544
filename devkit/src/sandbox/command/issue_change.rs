//! What commands about issues carry.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What of an issue is set; what is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct IssueChange {
    /// One line.
    pub summary: Option<String>,
    /// Name or id of a status of the project; one of the category done sets the time of resolution.
    pub status: Option<String>,
    /// Labels.
    pub labels: Option<Vec<String>>,
    /// Id or e-mail address of the assignee; empty for nobody.
    pub assignee: Option<String>,
    /// Id or e-mail address of the reporter; empty for nobody.
    pub reporter: Option<String>,
    /// English name or id of the priority; empty for none.
    pub priority: Option<String>,
    /// Name or id of a type of the project.
    pub issue_type: Option<String>,
    /// Id or key of the issue it stands below; empty for none.
    pub parent: Option<String>,
    /// Fields that answers show as null from now on, `issuetype` for example.
    pub nulls: Option<Vec<String>>,
}

/// Issues to be added to a project, tens of thousands if need be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewIssues {
    /// The project's site.
    pub site: Option<String>,
    /// The project.
    pub project: String,
    /// How many.
    pub count: u32,
    /// They are made and changed now, or spread evenly over so many seconds until now, the newest last.
    #[serde(default)]
    pub spread_seconds: u64,
    /// Gives them the project's types and statuses, priorities, labels, assignees and reporters in turn.
    #[serde(default)]
    pub varied: bool,
    /// What all of them have.
    pub set: Option<IssueChange>,
}

/// A change to one issue, as JSON in one object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "FlatUpdate")]
pub struct IssueUpdate {
    /// Its site.
    pub site: Option<String>,
    /// Its id or key.
    pub issue: String,
    /// What is set.
    #[serde(flatten)]
    pub set: IssueChange,
}

/// How an update is read: serde does not find unknown fields beside flattened ones.
#[derive(Deserialize)]
struct FlatUpdate {
    site: Option<String>,
    issue: String,
    #[serde(flatten)]
    set: Map<String, Value>,
}

impl TryFrom<FlatUpdate> for IssueUpdate {
    type Error = serde_json::Error;

    fn try_from(flat: FlatUpdate) -> Result<Self, Self::Error> {
        let FlatUpdate { site, issue, set } = flat;
        let set = IssueChange::deserialize(Value::Object(set))?;
        Ok(Self { site, issue, set })
    }
}
