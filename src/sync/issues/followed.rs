//! The projects of a mirror, each found by its id: it is asked for of every issue.

use std::{collections::HashMap, ops::Deref};

use super::query::FollowedProject;

/// Projects whose issues are followed, in the order in which they were taken in.
#[derive(Clone, Debug, Default)]
pub struct FollowedProjects {
    all: Vec<FollowedProject>,
    by_id: HashMap<String, usize>,
}

impl FollowedProjects {
    /// Takes one in.
    pub fn push(&mut self, project: FollowedProject) {
        self.by_id.entry(project.id.clone()).or_insert(self.all.len());
        self.all.push(project);
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&FollowedProject> {
        self.all.get(*self.by_id.get(id)?)
    }
}

impl Deref for FollowedProjects {
    type Target = [FollowedProject];

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl FromIterator<FollowedProject> for FollowedProjects {
    fn from_iter<I: IntoIterator<Item = FollowedProject>>(all: I) -> Self {
        let mut projects = Self::default();
        all.into_iter().for_each(|project| projects.push(project));
        projects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_by_its_id() {
        let project = |id: &str, key: &str| FollowedProject {
            id: id.into(),
            key: key.into(),
            declared: key.into(),
            jql: None,
            is_desk: false,
        };
        let projects: FollowedProjects = [project("2", "B"), project("1", "A"), project("2", "C")]
            .into_iter()
            .collect();
        let key = |id| projects.get(id).map(|project| project.key.as_str());
        assert_eq!((key("1"), key("2"), key("3")), (Some("A"), Some("B"), None));
        assert_eq!(projects.len(), 3);
    }
}
