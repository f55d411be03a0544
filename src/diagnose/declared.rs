//! What was declared of a connection and is known of its projects, as the objects of the cluster tell it: plain data
//! without secrets, which goes into the evidence.

use serde::{Deserialize, Serialize};

use crate::{
    api::{
        condition::{ConditionType, find},
        integration::{
            AccountStatus, ExpectedAccount, JiraIntegration, PinnedUser, ProjectCounts, ProjectReference, SiteStatus,
            StatusMapping,
        },
        project::{JiraProject, JiraProjectStatus, StatusEntry},
        reason::Reason,
        renamed,
        requirements::TicketProjects,
    },
    atlassian::{
        issue_fields::IssueStatus,
        models::{IssueTypeStatuses, Project, Status},
    },
};

/// What was declared, as far as Jira is asked about it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredSpec {
    /// spec.site.
    pub site: String,
    /// Host suffixes that are allowed besides Jira Cloud's.
    pub site_suffixes: Vec<String>,
    /// The site that the integration is bound to, if it was connected before.
    #[serde(default, deserialize_with = "renamed::site")]
    pub bound: Option<SiteStatus>,
    /// spec.account.
    pub account: Option<ExpectedAccount>,
    /// The account that was accepted before.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "renamed::account"
    )]
    pub accepted: Option<AccountStatus>,
    /// Projects that were seen before.
    #[serde(default)]
    pub known: Vec<KnownProject>,
    /// Keys of spec.tickets.projects; no keys where tickets are written in all of them, none where in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<Vec<String>>,
    /// Keys of spec.projects; none where every project is in scope.
    pub projects: Option<Vec<String>>,
    /// spec.statusMapping.
    pub status_mapping: Vec<StatusMapping>,
    /// spec.users.pinned.
    pub pinned: Vec<PinnedUser>,
}

impl DeclaredSpec {
    /// What an integration declares; `site_suffixes` are allowed besides Jira Cloud's.
    #[must_use]
    pub fn of(integration: &JiraIntegration, site_suffixes: &[String]) -> Self {
        let spec = &integration.spec;
        let keys = |named: &Vec<ProjectReference>| named.iter().map(|project| project.key.clone()).collect();
        Self {
            site: spec.site.clone(),
            site_suffixes: site_suffixes.to_vec(),
            bound: integration.status.as_ref().and_then(|status| status.site.clone()),
            account: spec.account.clone(),
            accepted: integration.status.as_ref().and_then(|status| status.account.clone()),
            tickets: spec.tickets.as_ref().map(|tickets| tickets.projects.clone()),
            projects: spec.projects.as_ref().map(keys),
            status_mapping: spec.status_mapping.clone(),
            pinned: spec.pinned().to_vec(),
            known: Vec::new(),
        }
    }

    /// Whether `Ready` depends on each of the projects; see the method of the same name of the spec.
    #[must_use]
    pub fn depends_on_projects(&self, counts: Option<&ProjectCounts>) -> bool {
        self.projects.is_some() || counts.is_some_and(|counts| self.ticket_projects().are_short_of(counts.writable))
    }

    /// The projects in which tickets are written.
    #[must_use]
    pub fn ticket_projects(&self) -> TicketProjects<'_> {
        TicketProjects(self.tickets.as_deref())
    }

    /// The same, with the projects that Jira has shown before.
    #[must_use]
    pub fn knowing(self, projects: &[JiraProject]) -> Self {
        Self {
            known: identities(projects),
            ..self
        }
    }
}

/// Every known project that Jira has shown once.
#[must_use]
pub fn identities(projects: &[JiraProject]) -> Vec<KnownProject> {
    let shown = projects.iter().filter_map(|project| {
        let status = project.status.as_ref()?;
        Some(KnownProject {
            id: status.id.clone()?,
            key: project.spec.key.clone(),
            closed: is_closed(project),
            workflows: TypeStatuses::of(status),
        })
    });
    shown.collect()
}

/// The statuses of an issue type in a project.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct TypeStatuses {
    /// Name of the issue type, in the account's language.
    pub name: String,
    /// The statuses of its workflow.
    pub statuses: Vec<Status>,
}

impl TypeStatuses {
    /// Those of a project, as its object has them.
    #[must_use]
    pub fn of(project: &JiraProjectStatus) -> Vec<Self> {
        let status = |status: &StatusEntry| Status {
            id: status.id.clone(),
            name: status.name.clone(),
        };
        let types = project.issue_types.iter().map(|kind| Self {
            name: kind.name.clone(),
            statuses: kind.statuses.iter().map(status).collect(),
        });
        types.collect()
    }
}

impl From<IssueTypeStatuses> for TypeStatuses {
    fn from(kind: IssueTypeStatuses) -> Self {
        let statuses = kind.statuses.into_iter();
        Self {
            name: kind.name,
            statuses: statuses
                .map(|IssueStatus { id, name, .. }| Status { id, name })
                .collect(),
        }
    }
}

/// A project that was seen before.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct KnownProject {
    /// Its id.
    pub id: String,
    /// Its key when it was seen last.
    pub key: String,
    /// Whether its service desk was found to be one on which no request can be raised.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Its issue types, each with its statuses, as far as they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<TypeStatuses>,
}

/// Whether no request could be raised on the service desk of a project when it was looked at last.
#[must_use]
pub fn is_closed(project: &JiraProject) -> bool {
    let conditions = project.status.as_ref().map(|status| status.conditions.as_slice());
    let desk = find(conditions.unwrap_or_default(), ConditionType::ServiceDeskReady);
    desk.is_some_and(|condition| condition.reason == Reason::RequestTypesNotCreatable.as_str())
}

impl From<&Project> for KnownProject {
    fn from(project: &Project) -> Self {
        Self {
            id: project.id.clone(),
            key: project.key.clone(),
            closed: false,
            workflows: Vec::new(),
        }
    }
}
