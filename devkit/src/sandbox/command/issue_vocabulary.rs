//! The vocabulary of commands about issues, one by one and in bulk, and about what search knows of them.

use serde::{Deserialize, Serialize};

/// A change to issues or to the search index. An issue is named by id or key, in bulk by ids.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[allow(missing_docs)] // As with the other commands, each says what its fields are for.
pub enum IssueCommand {
    /// Adds issues to a project, tens of thousands if need be. Made and changed now, or spread evenly over the last
    /// `spreadSeconds`, the newest last. `varied` gives them the project's types and statuses, priorities, labels,
    /// assignees and reporters in turn; `set` gives all of them the same.
    AddIssues {
        site: Option<String>,
        project: String,
        count: u32,
        #[serde(default)]
        spread_seconds: u64,
        #[serde(default)]
        varied: bool,
        set: Option<IssueChange>,
    },
    /// Changes an issue.
    UpdateIssue {
        site: Option<String>,
        issue: String,
        summary: Option<String>,
        status: Option<String>,
        labels: Option<Vec<String>>,
        assignee: Option<String>,
        reporter: Option<String>,
        priority: Option<String>,
        issue_type: Option<String>,
        parent: Option<String>,
        nulls: Option<Vec<String>>,
    },
    /// Changes many issues: these ids, or `percent` (all by default) of a project's or of the site's, evenly picked.
    /// Without `set` only their summaries and times change. Answers the ids.
    ChangeIssues {
        site: Option<String>,
        project: Option<String>,
        ids: Option<Vec<u64>>,
        percent: Option<f64>,
        set: Option<IssueChange>,
    },
    /// Deletes many issues, chosen in the same way.
    DeleteIssues {
        site: Option<String>,
        project: Option<String>,
        ids: Option<Vec<u64>>,
        percent: Option<f64>,
    },
    /// Deletes an issue.
    DeleteIssue { site: Option<String>, issue: String },
    /// Moves an issue to another project: it keeps its id and gets a new key; its old key still finds it.
    MoveIssue {
        site: Option<String>,
        issue: String,
        project: String,
    },
    /// Gives an issue a time of its last update so many seconds from now, or ago, as an import may; search follows.
    DateIssue {
        site: Option<String>,
        issue: String,
        seconds: i64,
    },
    /// Hides an issue from everybody, or shows it again, as a security level does to those outside of it: its project
    /// stays open, its `updated` stays as it is, and search follows at once.
    HideIssue {
        site: Option<String>,
        issue: String,
        hidden: bool,
    },
    /// Archives an issue, or restores it: no search shows it, whoever reads its project reads it by its id, and its
    /// `updated` stays as it is.
    ArchiveIssue {
        site: Option<String>,
        issue: String,
        archived: bool,
    },
    /// Lets `bulkfetch` tell of these issues, and of no others, that it cannot return them now; alone they are answered.
    FailIssues { site: Option<String>, issues: Vec<String> },
    /// Lets a timer touch an issue: whenever the site is asked, its `updated` is never older than so many seconds.
    /// Without `everySeconds` the timer stops.
    TouchIssue {
        site: Option<String>,
        issue: String,
        every_seconds: Option<u32>,
    },
    /// Lets search learn of writes only after so many seconds, or when released; without either, at once, except for
    /// what waits already. Deletions are learned at once always; single issues, `bulkfetch` and counts in
    /// `insight` never lag.
    SetIndexLag {
        site: Option<String>,
        seconds: Option<u32>,
        #[serde(default)]
        until_released: bool,
    },
    /// Lets search learn what it waits for, of these issues or of all. Answers how many writes that were.
    ReleaseIndex {
        site: Option<String>,
        ids: Option<Vec<u64>>,
    },
    /// Gives an account's profile a time zone (IANA), in which it reads and writes times.
    SetTimeZone { account: Option<String>, time_zone: String },
    /// Adds accounts `person-1@<domain>` and so on to a site, `appsPercent` of them (0 by default) apps.
    AddAccounts {
        site: Option<String>,
        count: u32,
        #[serde(default)]
        apps_percent: u32,
        domain: Option<String>,
    },
}

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
