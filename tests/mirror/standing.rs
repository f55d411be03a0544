//! Where the projects of a site stand, told by the objects that the operator would have of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jira_operator::api::{
    condition::{ConditionType, Finding, put},
    project::{JiraProject, JiraProjectSpec, JiraProjectStatus, ProjectIssues},
    reason::Reason,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    model::shown::{Found, projects},
    site::Site,
};

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
        Standing {
            projects: projects(&self.sandbox, &self.excluded),
            diagnosed: true,
        }
    }

    /// The objects of the projects, with what was said of their issues last.
    pub fn known(&mut self, standing: &Standing) -> Vec<JiraProject> {
        let types: BTreeMap<String, String> = self.sandbox.state(|world| {
            let projects = world.site("acme").unwrap().projects.values();
            projects
                .map(|project| (project.id.to_string(), project.type_key.clone()))
                .collect()
        });
        let projects = standing.projects.iter();
        projects
            .map(|(id, found)| {
                let declared = self.declared.entry(id.clone()).or_insert_with(|| found.key.clone());
                let mut object = object(id, declared, found, self.written.issues.get(id).cloned());
                if let Some(status) = &mut object.status {
                    status.project_type = types.get(id).cloned();
                }
                object
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
        issues,
        ..JiraProjectStatus::default()
    };
    let finding = Finding::new(ConditionType::Accessible, reason, "As it was found.");
    put(&mut status.conditions, &finding, 1, &Time(Timestamp::UNIX_EPOCH));
    let mut object = JiraProject::new(&format!("acme-{id}"), spec);
    object.status = Some(status);
    object
}
