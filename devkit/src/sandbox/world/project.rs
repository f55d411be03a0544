//! Projects: what they are, who plays which role in them, and the service desk of some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::issue::{Issue, Workflow};
use super::permission::{Holder, PermissionScheme};

/// The actors of a role in a project.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Actors {
    /// Account ids.
    #[serde(default)]
    pub users: BTreeSet<String>,
    /// Groups of the site.
    #[serde(default)]
    pub groups: BTreeSet<String>,
}

/// One project of a site.
#[derive(Clone, Debug)]
pub struct Project {
    /// Numeric id; never changes.
    pub id: u64,
    /// Present key.
    pub key: String,
    /// Keys it had before; they still find it.
    pub former_keys: Vec<String>,
    /// Name.
    pub name: String,
    /// `software`, `business`, `service_desk` and what Atlassian may add.
    pub type_key: String,
    /// `classic` (company-managed) or `next-gen` (team-managed).
    pub style: String,
    /// Only those named in person may see it.
    pub is_private: bool,
    /// Since when it is archived.
    pub archived: Option<Timestamp>,
    /// Since when it lies in the trash.
    pub deleted: Option<Timestamp>,
    /// Account id of the lead.
    pub lead: String,
    /// Role name to actors.
    pub roles: BTreeMap<String, Actors>,
    /// Permission to holders; shared until a command changes it.
    pub scheme: Arc<PermissionScheme>,
    /// Issue types and statuses; shared.
    pub workflow: Arc<Workflow>,
    /// Service desk of a service project.
    pub desk: Option<Desk>,
    /// Issues by id.
    pub issues: BTreeMap<u64, Issue>,
    /// The number of the newest issue.
    pub last_number: u64,
}

impl Project {
    /// Whether it is a service project.
    #[must_use]
    pub fn is_service_desk(&self) -> bool {
        self.type_key == "service_desk"
    }

    /// Whether it is neither archived nor in the trash.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.archived.is_none() && self.deleted.is_none()
    }

    /// Whether `key` is or was its key. Project keys are case sensitive.
    #[must_use]
    pub fn answers_to(&self, key: &str) -> bool {
        self.key == key || self.former_keys.iter().any(|former| former == key)
    }

    /// Adds or takes holders of a permission; the scheme becomes the project's own.
    pub fn change_holders(&mut self, permission: &str, change: impl FnOnce(&mut BTreeSet<Holder>)) {
        let scheme = Arc::make_mut(&mut self.scheme);
        change(scheme.entry(permission.to_owned()).or_default());
    }

    /// The roles an account has by name, not through a group.
    pub fn roles_in_person<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a str> {
        let roles = self.roles.iter();
        roles.filter_map(move |(role, actors)| actors.users.contains(account).then_some(role.as_str()))
    }
}

/// The service desk of a project.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Desk {
    /// Id of the desk, also that of its portal.
    pub id: u64,
    /// What customers may ask for.
    #[serde(default)]
    pub request_types: Vec<RequestType>,
    /// Titles of the articles in the linked knowledge base; `None` without one.
    pub articles: Option<Vec<String>>,
}

/// A request type of a service desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestType {
    /// Numeric id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Id of the issue type behind it.
    pub issue_type_id: String,
    /// Groups in the portal; none hides it there.
    #[serde(default)]
    pub group_ids: Vec<String>,
    /// Restricted ones are shown to the desk's administrators only.
    #[serde(default)]
    pub restricted: bool,
}
