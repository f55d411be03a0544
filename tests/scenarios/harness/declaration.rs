//! What a person declares in a history: which projects, narrowed by which query, and how many of their issues.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::Sandbox;
use jira_operator::api::integration::MirrorMode;
use serde_json::{Value, json};

use crate::model::{
    jira_actions::project_id,
    steps::{History, Step},
    visible::{self, Found, Issues, Wanted},
};

/// See the module.
pub struct Declaration {
    mode: MirrorMode,
    /// The most issues.
    pub max: usize,
    /// The key under which each project is named, by its id.
    declared: BTreeMap<String, String>,
    /// jql by that key.
    jql: BTreeMap<String, String>,
    /// Ids of projects that the spec does not name.
    excluded: BTreeSet<String>,
}

impl Declaration {
    /// What is declared when a history begins.
    pub fn of(history: &History) -> Self {
        Self {
            mode: if history.all { MirrorMode::All } else { MirrorMode::Open },
            max: history.max,
            declared: BTreeMap::new(),
            jql: BTreeMap::from([("OPS".to_owned(), "labels = k8s".to_owned())]),
            excluded: BTreeSet::new(),
        }
    }

    /// A person declares something else.
    pub fn change(&mut self, sandbox: &Sandbox, step: &Step) {
        match *step {
            Step::Scope { project, out: true } => {
                let id = project_id(sandbox, project);
                // A spec that names no project means all of them.
                if self.declared.len() > 1
                    && let Some(key) = self.declared.remove(&id)
                {
                    self.jql.remove(&key);
                    self.excluded.insert(id);
                }
            }
            Step::Scope { project, out: false } => {
                self.excluded.remove(&project_id(sandbox, project));
            }
            Step::Narrow { project, on } => {
                let Some(key) = self.declared.get(&project_id(sandbox, project)) else {
                    return;
                };
                if on {
                    self.jql.insert(key.clone(), "labels = k8s".into());
                } else {
                    self.jql.remove(key);
                }
            }
            Step::Mode { all: true } => self.mode = MirrorMode::All,
            Step::Mode { all: false } => self.mode = MirrorMode::Open,
            _ => {}
        }
    }

    /// The projects that the account finds.
    pub fn projects(&self, sandbox: &Sandbox) -> BTreeMap<String, Found> {
        visible::projects(sandbox, &self.excluded)
    }

    /// What a person declared, with projects that are new.
    pub fn spec(&mut self, sandbox: &Sandbox) -> Value {
        for (id, found) in self.projects(sandbox) {
            self.declared.entry(id).or_insert(found.key);
        }
        let projects = self.declared.values().map(|key| match self.jql.get(key) {
            Some(jql) => json!({"key": key, "jql": jql}),
            None => json!({"key": key}),
        });
        let projects: Vec<Value> = projects.collect();
        json!({"projects": projects, "issues": {"mirror": self.mode, "maxObjects": self.max}})
    }

    /// The issues that a perfect mirror of it holds, where it has room.
    pub fn expected(&self, sandbox: &Sandbox) -> Issues {
        let wanted = Wanted {
            mode: self.mode,
            declared: &self.declared,
            jql: &self.jql,
            mapping: &[],
        };
        visible::expected(sandbox, &self.projects(sandbox), &wanted)
    }
}
