//! Where the projects of a site stand, as the operator's objects would say it.

use std::collections::BTreeMap;

use devkit::sandbox::Workflow;
use jiff::Timestamp;
use jira_operator::api::{
    condition::{ConditionType, Finding, put},
    issue::JiraIssueStatus,
    project::{IssueTypeEntry, JiraProject, JiraProjectSpec, JiraProjectStatus, ProjectIssues, StatusEntry},
    reason::Reason,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    model::{
        visible::{Found, projects},
        write_distance::Objects,
    },
    site::Site,
};

/// The projects in scope by id, and what a reconciliation may conclude from them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub projects: BTreeMap<String, Found>,
    /// Whether a full reconciliation found it, so that what is not among them is out of scope.
    pub diagnosed: bool,
}

impl Site {
    /// Where the projects stand at this moment, as a full reconciliation finds them.
    pub fn standing(&self) -> Standing {
        Standing {
            projects: projects(&self.sandbox, &self.excluded),
            diagnosed: true,
        }
    }

    /// The types and statuses of projects that can be read are asked for, as on a request and once a day.
    pub fn look_at_types(&mut self, standing: &Standing) {
        let readable = standing.projects.iter().filter(|(_, found)| found.readable);
        for (id, _) in readable {
            let types = self.sandbox.state(|world| {
                let project = world.site("acme").unwrap().project(id);
                project.map(|project| entries(&project.workflow))
            });
            self.issue_types.extend(types.map(|types| (id.clone(), types)));
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
                    status.issue_types = self.issue_types.get(id).cloned().unwrap_or_default();
                }
                object
            })
            .collect()
    }
}

/// How many objects were taken away with their project, and made again: their issues had moved to another one since.
pub fn replaced(log: &[String], before: &Objects, standing: &Standing) -> usize {
    let did = |what: &str, object: &String| log.contains(&format!("{what} {object}"));
    let is_gone = |status: &JiraIssueStatus| {
        !standing
            .projects
            .get(&status.project_id)
            .is_some_and(|found| found.readable)
    };
    let replaced = before.iter().filter(|(object, status)| {
        status.as_ref().is_some_and(is_gone) && did("remove", object) && did("create", object)
    });
    replaced.count()
}

fn entries(workflow: &Workflow) -> Vec<IssueTypeEntry> {
    let statuses = workflow.statuses.iter().map(|status| StatusEntry {
        id: status.id.clone(),
        name: status.name.clone(),
        category: status.category.key().to_owned(),
        phase: String::new(),
    });
    let statuses: Vec<StatusEntry> = statuses.collect();
    let types = workflow.issue_types.iter().map(|kind| IssueTypeEntry {
        id: kind.id.clone(),
        name: kind.name.clone(),
        subtask: kind.subtask,
        statuses: statuses.clone(),
    });
    types.collect()
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
