//! Projects: what they are, who plays which role in them, and the service desk of some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::issue::{Issue, Workflow};
use super::permission::{Holder, PermissionScheme};
use super::screen_rules::Screens;

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
    /// Whether everybody with product access has the role, as in a team-managed project with open access.
    #[serde(default)]
    pub logged_in: bool,
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
    /// What was changed about the making of its issues.
    pub screens: Screens,
    /// Names of its components, each with its id.
    pub components: BTreeMap<String, String>,
    /// Names of its versions, each with its id.
    pub versions: BTreeMap<String, String>,
    /// Issues that nobody is chosen for go to the lead, and none may be without an assignee.
    pub assigns_lead: bool,
    /// Service desk of a service project.
    pub desk: Option<Desk>,
    /// The desk that was taken from it, to be given back.
    pub removed_desk: Option<Desk>,
    /// Issues by id, as they are; what search knows of them stands in the site's index.
    pub issues: BTreeMap<u64, Arc<Issue>>,
    /// Ids of the issues by their numbers.
    pub(crate) numbers: BTreeMap<u64, u64>,
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

    /// Gives a role another name, in the scheme too.
    pub fn rename_role(&mut self, role: &str, name: &str) {
        let Some(actors) = self.roles.remove(role) else {
            return;
        };
        self.roles.insert(name.to_owned(), actors);
        let (old, new) = (Holder::Role(role.to_owned()), Holder::Role(name.to_owned()));
        for holders in Arc::make_mut(&mut self.scheme).values_mut() {
            if holders.remove(&old) {
                holders.insert(new.clone());
            }
        }
    }

    /// Whether its roles, statuses and issue types are its own and not the site's.
    #[must_use]
    pub fn is_team_managed(&self) -> bool {
        self.style == "next-gen"
    }

    /// The roles an account has by name, not through a group.
    pub fn roles_in_person<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a str> {
        let roles = self.roles.iter();
        roles.filter_map(move |(role, actors)| actors.users.contains(account).then_some(role.as_str()))
    }
}
