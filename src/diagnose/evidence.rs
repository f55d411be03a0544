//! What Jira answered about what was declared, as plain data without secrets. It can be saved as
//! JSON and loaded again, so that a report of a fault can carry it and a test can replay it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::declared::{DeclaredSpec, KnownProject, TypeStatuses};
use crate::{
    api::requirements::{SERVICE_DESK, TicketProjects},
    atlassian::{
        desk_models::{Form, RequestType, ServiceDesk},
        error::JiraError,
        models::{AccessibleResource, Myself, Project, TenantInfo, User},
    },
};

/// An answer, or why there is none.
pub type JiraResult<T> = Result<T, JiraError>;

/// Everything that was asked of one site. What was not asked, because something before it failed,
/// is absent.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What was declared.
    pub declared: DeclaredSpec,
    /// Scopes of the token answer, where they are known.
    pub scopes: Option<Vec<String>>,
    /// About the site.
    pub site: Option<SiteEvidence>,
    /// About the account.
    pub account: Option<JiraResult<Myself>>,
    /// About the projects.
    pub projects: Option<JiraResult<ProjectsEvidence>>,
    /// About the service desks; absent where the scopes do not cover them.
    pub desks: Option<DesksEvidence>,
    /// The call about them that Jira refused for the scopes, although the lists have them all.
    pub scope_refused: Option<String>,
    /// About people.
    pub directory: Option<DirectoryEvidence>,
    /// About statuses.
    pub statuses: Option<StatusesEvidence>,
}

impl Evidence {
    /// Nothing was asked yet. `scopes` are those of the token answer, where they are known.
    #[must_use]
    pub fn new(declared: DeclaredSpec, scopes: Option<Vec<String>>) -> Self {
        Self {
            declared,
            scopes,
            site: None,
            account: None,
            projects: None,
            desks: None,
            scope_refused: None,
            directory: None,
            statuses: None,
        }
    }
}

/// What was answered about the site.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct SiteEvidence {
    /// Which cloudId answers under spec.site.
    pub tenant: JiraResult<TenantInfo>,
    /// The sites that the grant reaches.
    pub resources: JiraResult<Vec<AccessibleResource>>,
}

impl SiteEvidence {
    /// What went wrong: that Atlassian asked to slow down before all else, then what takes longest.
    #[must_use]
    pub fn gravest_error(&self) -> Option<&JiraError> {
        let errors = [self.resources.as_ref().err(), self.tenant.as_ref().err()];
        let gravity = |error: &&JiraError| (matches!(error, JiraError::RateLimited(_)), error.retry_after());
        errors.into_iter().flatten().max_by_key(gravity)
    }
}

/// What was answered about the projects in scope.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct ProjectsEvidence {
    /// Every project that was found, by id: live ones, and archived or trashed ones among those
    /// that were asked for.
    pub found: BTreeMap<String, Project>,
    /// Keys that spec names and no list has, with the project they lead to, if any: a former key
    /// leads to the project under its new one.
    pub resolved: BTreeMap<String, Option<Project>>,
    /// Permissions held, by project id.
    pub held: BTreeMap<String, BTreeSet<String>>,
    /// Global permissions held.
    pub held_globally: BTreeSet<String>,
    /// Ids of projects that are listed, although the account sees no more than their portal.
    pub portal_only: BTreeSet<String>,
    /// Projects about which Jira gave no usable answer, by id, or by the key that spec names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unanswered: BTreeMap<String, JiraError>,
    /// Keys of the live projects that the account sees; absent where nothing was in doubt.
    pub visible: Option<Vec<String>>,
    /// The service desks that the account can reach, where they were asked for already.
    pub desks: Option<Vec<ServiceDesk>>,
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

    /// Live projects among those found, and those that a former key leads to, each once.
    #[must_use]
    pub fn in_use(&self) -> Vec<&Project> {
        let former = self.resolved.values().flatten();
        let former = former.filter(|project| !self.found.contains_key(&project.id));
        let all = self.live().chain(former);
        let by_id: BTreeMap<&str, &Project> = all.map(|project| (project.id.as_str(), project)).collect();
        by_id.into_values().collect()
    }

    /// The keys of a project: the present one, and a former one that spec names.
    #[must_use]
    pub fn keys_of<'e>(&'e self, project: &'e Project) -> Vec<&'e str> {
        let former = self
            .resolved
            .iter()
            .filter(|(_, now)| now.as_ref().is_some_and(|now| now.id == project.id));
        let former = former.map(|(key, _)| key.as_str());
        std::iter::once(project.key.as_str()).chain(former).collect()
    }

    /// Whether tickets are written in a service project among those in use.
    #[must_use]
    pub fn has_ticket_desks(&self, tickets: TicketProjects<'_>) -> bool {
        let desks = self.in_use().into_iter().filter(|p| p.project_type_key == SERVICE_DESK);
        tickets.any() && desks.into_iter().any(|project| tickets.has(&self.keys_of(project)))
    }

    /// Whether there are service projects among those in use.
    #[must_use]
    pub fn has_service_projects(&self) -> bool {
        self.in_use().iter().any(|p| p.project_type_key == SERVICE_DESK)
    }

    /// Whether the account sees any live project at all.
    #[must_use]
    pub fn any_visible(&self) -> bool {
        self.visible.as_ref().is_none_or(|keys| !keys.is_empty())
    }
}

/// What was answered about service desks.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DesksEvidence {
    /// Every desk that the account can reach; absent where nobody asked for the list, because none of those
    /// that were asked about was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<JiraResult<Vec<ServiceDesk>>>,
    /// What was asked of single desks, by project id.
    pub desks: BTreeMap<String, DeskEvidence>,
    /// Whether articles may be read; absent where it was not asked.
    pub knowledge_base: Option<JiraResult<()>>,
}

/// What was answered about one service desk.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeskEvidence {
    /// The request types that the account gets to see.
    pub request_types: JiraResult<Vec<RequestType>>,
    /// Ids of those it may raise requests of; asked only where the list leaves it open.
    pub creatable: Option<JiraResult<BTreeSet<String>>>,
    /// The forms of single types, asked only where there is a doubt: where no request can be raised, and
    /// where the account would be told of fields that others are not shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<(RequestType, JiraResult<Form>)>,
}

/// What was answered about people.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryEvidence {
    /// Whether the account may browse users.
    pub may_browse: bool,
    /// The accounts that are pinned and that the site knows.
    pub pinned: JiraResult<Vec<User>>,
}

/// What is known of statuses.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StatusesEvidence {
    /// Those of the projects in use that rules are about, by key.
    pub by_project: BTreeMap<String, JiraResult<Vec<TypeStatuses>>>,
    /// Keys of further projects in use that rules are about, whose statuses are not known yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_asked: BTreeSet<String>,
}

impl StatusesEvidence {
    /// What is known where the question could not be asked.
    #[must_use]
    pub fn unanswered(projects: &ProjectsEvidence, error: &JiraError) -> Self {
        let in_use = projects.in_use().into_iter();
        Self {
            by_project: in_use
                .map(|project| (project.key.clone(), Err(error.clone())))
                .collect(),
            not_asked: BTreeSet::new(),
        }
    }

    /// What is known of the projects in use, after all of them were asked for.
    #[must_use]
    pub fn known(in_use: Vec<KnownProject>) -> Self {
        Self {
            by_project: in_use
                .into_iter()
                .map(|project| (project.key, Ok(project.workflows)))
                .collect(),
            not_asked: BTreeSet::new(),
        }
    }
}

/// What was answered about one person and one project.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PersonEvidence {
    /// The e-mail address by which the person is named.
    pub email: String,
    /// Key of the project.
    pub project: String,
    /// The account id that spec.users.pinned gives.
    pub pinned: Option<String>,
    /// Whether the account may browse users.
    pub may_browse: JiraResult<bool>,
    /// The accounts that were found under the pinned id or the address.
    pub found: JiraResult<Vec<User>>,
    /// Whether all accounts of the site were looked through, deactivated ones too.
    pub looked_through: bool,
    /// Whether the project is a service project.
    pub service_project: JiraResult<bool>,
    /// Whether issues of the project can be assigned to the person; of a customer of a service project
    /// it is not asked.
    pub assignable: Option<JiraResult<bool>>,
    /// Whether the account may raise requests for others, in a service project.
    pub may_raise: Option<JiraResult<Raising>>,
}

/// What a service desk tells of raising requests for others.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub enum Raising {
    /// The form of a request type lets the account.
    Allowed,
    /// The form does not let it.
    Denied,
    /// The form does not tell.
    Untold,
    /// The account sees no request type whose form could tell.
    NoRequestType,
}

impl PersonEvidence {
    /// The account that is meant: the pinned one, the one with the address, or one that the search
    /// by the whole address found although it does not show it.
    #[must_use]
    pub fn account(&self) -> Option<&User> {
        let users = self.found.as_deref().ok()?;
        if self.pinned.is_some() {
            return users.first();
        }
        let theirs = |user: &&User| {
            let address = user.address();
            address.is_some_and(|address| address.eq_ignore_ascii_case(&self.email))
        };
        let hidden = |user: &&User| user.address().is_none();
        users.iter().find(theirs).or_else(|| users.iter().find(hidden))
    }
}
