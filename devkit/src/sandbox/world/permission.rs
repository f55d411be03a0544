//! The catalogue of Jira's permissions, and schemes that say who holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a permission is held on the whole site or in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Global,
    Project,
}

/// One entry of the catalogue.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

const fn project(key: &'static str, id: &'static str, name: &'static str) -> Entry {
    let kind = Kind::Project;
    Entry { key, id, name, kind }
}

const fn global(key: &'static str, id: &'static str, name: &'static str) -> Entry {
    let kind = Kind::Global;
    Entry { key, id, name, kind }
}

/// Keys and names as `GET /rest/api/3/permissions` documents them. Permissions that apps brought have the id -1.
const CATALOGUE: &[Entry] = &[
    global("ADMINISTER", "0", "Administer Jira"),
    global("SYSTEM_ADMIN", "44", "System administrators"),
    global("USER_PICKER", "27", "Browse users and groups"),
    global("CREATE_SHARED_OBJECTS", "22", "Share dashboards and filters"),
    global(
        "MANAGE_GROUP_FILTER_SUBSCRIPTIONS",
        "24",
        "Manage group filter subscriptions",
    ),
    global("BULK_CHANGE", "33", "Make bulk changes"),
    global("CREATE_PROJECT", "-1", "Create team-managed projects"),
    project("ADMINISTER_PROJECTS", "23", "Administer Projects"),
    project("BROWSE_PROJECTS", "10", "Browse Projects"),
    project("VIEW_DEV_TOOLS", "29", "View Development Tools"),
    project("VIEW_READONLY_WORKFLOW", "45", "View Read-Only Workflow"),
    project("MANAGE_SPRINTS_PERMISSION", "-1", "Manage Sprints"),
    project("SERVICEDESK_AGENT", "-1", "Service Project Agent"),
    project("ASSIGNABLE_USER", "17", "Assignable User"),
    project("ASSIGN_ISSUES", "13", "Assign Issues"),
    project("CLOSE_ISSUES", "18", "Close Issues"),
    project("CREATE_ISSUES", "11", "Create Issues"),
    project("DELETE_ISSUES", "16", "Delete Issues"),
    project("EDIT_ISSUES", "12", "Edit Issues"),
    project("LINK_ISSUES", "21", "Link Issues"),
    project("MODIFY_REPORTER", "30", "Modify Reporter"),
    project("MOVE_ISSUES", "25", "Move Issues"),
    project("RESOLVE_ISSUES", "14", "Resolve Issues"),
    project("SCHEDULE_ISSUES", "28", "Schedule Issues"),
    project("SET_ISSUE_SECURITY", "26", "Set Issue Security"),
    project("TRANSITION_ISSUES", "46", "Transition Issues"),
    project("MANAGE_WATCHERS", "32", "Manage Watchers"),
    project("VIEW_VOTERS_AND_WATCHERS", "31", "View Voters and Watchers"),
    project("ADD_COMMENTS", "15", "Add Comments"),
    project("EDIT_ALL_COMMENTS", "34", "Edit All Comments"),
    project("EDIT_OWN_COMMENTS", "35", "Edit Own Comments"),
    project("DELETE_ALL_COMMENTS", "36", "Delete All Comments"),
    project("DELETE_OWN_COMMENTS", "37", "Delete Own Comments"),
    project("CREATE_ATTACHMENTS", "19", "Create Attachments"),
    project("DELETE_ALL_ATTACHMENTS", "38", "Delete All Attachments"),
    project("DELETE_OWN_ATTACHMENTS", "39", "Delete Own Attachments"),
    project("WORK_ON_ISSUES", "20", "Work On Issues"),
    project("EDIT_OWN_WORKLOGS", "40", "Edit Own Worklogs"),
    project("EDIT_ALL_WORKLOGS", "41", "Edit All Worklogs"),
    project("DELETE_OWN_WORKLOGS", "42", "Delete Own Worklogs"),
    project("DELETE_ALL_WORKLOGS", "43", "Delete All Worklogs"),
];

/// The whole catalogue.
pub(crate) fn catalogue() -> &'static [Entry] {
    CATALOGUE
}

/// The entry of a key; `None` for a permission that Jira does not know.
pub(crate) fn known(key: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.key == key)
}

/// Who holds a permission. In files and commands written as text: `role:Developers`, `group:jira-users`,
/// `user:<accountId>`, `loggedIn`, `portal`, `reporter`, `assignee`, `lead`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Holder {
    /// The actors of a project role.
    Role(String),
    /// The members of a group of the site.
    Group(String),
    /// One account.
    User(String),
    /// Everybody with product access.
    LoggedIn,
    /// "Service Project Customer - Portal Access": everybody who may open the portal, in the portal only.
    Portal,
    /// The reporter of an issue.
    Reporter,
    /// The assignee of an issue.
    Assignee,
    /// The project's lead.
    Lead,
}

/// A holder nobody knows.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown permission holder `{0}`: write role:NAME, group:NAME, user:ACCOUNT_ID, loggedIn, portal, reporter, assignee or lead"
)]
pub struct InvalidHolder(String);

impl FromStr for Holder {
    type Err = InvalidHolder;

    fn from_str(text: &str) -> Result<Self, InvalidHolder> {
        let holder = match text.split_once(':') {
            Some(("role", name)) => Self::Role(name.to_owned()),
            Some(("group", name)) => Self::Group(name.to_owned()),
            Some(("user", id)) => Self::User(id.to_owned()),
            Some(_) => return Err(InvalidHolder(text.to_owned())),
            None => match text {
                "loggedIn" => Self::LoggedIn,
                "portal" => Self::Portal,
                "reporter" => Self::Reporter,
                "assignee" => Self::Assignee,
                "lead" => Self::Lead,
                _ => return Err(InvalidHolder(text.to_owned())),
            },
        };
        Ok(holder)
    }
}

impl TryFrom<String> for Holder {
    type Error = InvalidHolder;

    fn try_from(text: String) -> Result<Self, InvalidHolder> {
        text.parse()
    }
}

impl From<Holder> for String {
    fn from(holder: Holder) -> Self {
        holder.to_string()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(formatter, "role:{name}"),
            Self::Group(name) => write!(formatter, "group:{name}"),
            Self::User(id) => write!(formatter, "user:{id}"),
            Self::LoggedIn => formatter.write_str("loggedIn"),
            Self::Portal => formatter.write_str("portal"),
            Self::Reporter => formatter.write_str("reporter"),
            Self::Assignee => formatter.write_str("assignee"),
            Self::Lead => formatter.write_str("lead"),
        }
    }
}

/// A permission scheme: for each permission its holders.
pub type PermissionScheme = BTreeMap<String, BTreeSet<Holder>>;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_reads_back_as_it_was_written() {
        for text in ["role:Developers", "group:a:b", "user:712020:x", "portal"] {
            assert_eq!(text.parse::<Holder>().unwrap().to_string(), text);
        }
        assert!("everybody".parse::<Holder>().is_err());
    }
}
