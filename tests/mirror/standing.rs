//! Where the projects of a site stand, told by the objects that the operator would have of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jira_operator::api::{
    condition::{ConditionType, Finding, put},
    project::{JiraProject, JiraProjectSpec, JiraProjectStatus, Lifecycle, ProjectIssues},
    reason::Reason,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::site::Site;

/// A project as a look at the site found it.
#[derive(Clone, Debug)]
pub struct Found {
    pub key: String,
    pub lifecycle: Lifecycle,
    pub readable: bool,
    pub project_type: String,
}

/// The projects in scope by id, and what a pass may conclude from them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub projects: BTreeMap<String, Found>,
    /// Whether a full look told it, so that what is not among them is out of scope.
    pub diagnosed: bool,
}

impl Site {
    /// Where the projects stand at this moment, as a full look finds them.
    pub fn standing(&self) -> Standing {
        let excluded: &BTreeSet<String> = &self.excluded;
        let projects = self.sandbox.state(|world| {
            let site = world.site("acme").unwrap();
            let bot = world.account("jira-bot@acme.example").unwrap().account_id.clone();
            let found = site.projects.values().map(|project| {
                let readable = project.is_live() && site.browses(project, &bot);
                let lifecycle = match (project.deleted, project.archived) {
                    (Some(_), _) => Lifecycle::Trashed,
                    (None, Some(_)) => Lifecycle::Archived,
                    (None, None) if readable => Lifecycle::Live,
                    (None, None) => Lifecycle::NotVisible,
                };
                let found = Found {
                    key: project.key.clone(),
                    lifecycle,
                    readable,
                    project_type: project.type_key.clone(),
                };
                (project.id.to_string(), found)
            });
            found.filter(|(id, _)| !excluded.contains(id)).collect()
        });
        Standing {
            projects,
            diagnosed: true,
        }
    }

    /// The objects of the projects, with what was said of their issues last.
    pub fn known(&mut self, standing: &Standing) -> Vec<JiraProject> {
        let projects = standing.projects.iter();
        projects
            .map(|(id, found)| {
                let declared = self.declared.entry(id.clone()).or_insert_with(|| found.key.clone());
                object(id, declared, found, self.written.issues.get(id).cloned())
            })
            .collect()
    }
}

fn object(id: &str, declared: &str, found: &Found, issues: Option<ProjectIssues>) -> JiraProject {
    let spec = JiraProjectSpec {
        integration: "acme".into(),
        key: declared.to_owned(),
    };
    let reason = if found.readable {
        Reason::ProjectVisible
    } else {
        Reason::ProjectNotVisible
    };
    let mut status = JiraProjectStatus {
        id: Some(id.to_owned()),
        key: Some(found.key.clone()),
        lifecycle: found.lifecycle,
        project_type: Some(found.project_type.clone()),
        issues,
        ..JiraProjectStatus::default()
    };
    let finding = Finding::new(ConditionType::Accessible, reason, "As it was found.");
    put(&mut status.conditions, &finding, 1, &Time(Timestamp::UNIX_EPOCH));
    let mut object = JiraProject::new(&format!("acme-{id}"), spec);
    object.status = Some(status);
    object
}
