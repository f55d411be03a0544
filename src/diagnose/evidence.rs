//! What Jira answered, as plain data without secrets.

use std::collections::{BTreeMap, BTreeSet};

use crate::atlassian::{
    error::JiraError,
    models::{AccessibleResource, Project, TenantInfo},
};

/// What was answered about the site.
#[derive(Clone, Debug)]
pub struct SiteEvidence {
    /// Which cloudId answers under spec.site.
    pub tenant: Result<TenantInfo, JiraError>,
    /// The sites that the grant reaches.
    pub resources: Result<Vec<AccessibleResource>, JiraError>,
}

/// What was answered about the projects in scope.
#[derive(Clone, Debug, Default)]
pub struct ProjectsEvidence {
    /// Every project that was found, by id: live ones, and archived or trashed ones among those
    /// that were asked for.
    pub found: BTreeMap<String, Project>,
    /// Keys that spec names and no list has, with the project they lead to, if any: a former key
    /// leads to the project under its new one.
    pub resolved: BTreeMap<String, Option<Project>>,
    /// Permissions held, by project id.
    pub held: BTreeMap<String, BTreeSet<String>>,
    /// Whether the account sees any live project at all; absent where it was not in doubt.
    pub any_visible: Option<bool>,
}

impl ProjectsEvidence {
    /// The permissions held in a project.
    #[must_use]
    pub fn held_in(&self, project_id: &str) -> BTreeSet<String> {
        self.held.get(project_id).cloned().unwrap_or_default()
    }

    /// The project that a key which spec names stands for.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<&Project> {
        let listed = self.found.values().find(|project| project.key == key);
        listed.or_else(|| self.resolved.get(key).and_then(Option::as_ref))
    }

    /// Live projects among those found.
    pub fn live(&self) -> impl Iterator<Item = &Project> {
        self.found
            .values()
            .filter(|project| !project.archived && !project.deleted)
    }
}
