//! Project templates: the kinds of project a site can create, and how one is made from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use super::desk::{Desk, RequestType};
use super::issue::Workflow;
use super::language::Dictionary;
use super::permission::PermissionScheme;
use super::project::{Actors, Project};
use super::screen_rules::Screens;
use super::site::Site;

/// A kind of project.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Template {
    type_key: String,
    style: String,
    roles: BTreeMap<String, Actors>,
    #[serde(deserialize_with = "shared")]
    scheme: Arc<PermissionScheme>,
    #[serde(deserialize_with = "shared")]
    workflow: Arc<Workflow>,
    #[serde(default)]
    request_types: Vec<RequestType>,
    #[serde(default)]
    articles: Option<Vec<String>>,
}

/// Reads a value that the projects made from the template share.
fn shared<'de, T, D>(deserializer: D) -> Result<Arc<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Arc::new)
}

impl Template {
    /// Makes a project on `site` and returns its id.
    pub(crate) fn create(&self, site: &mut Site, key: &str, name: &str, lead: &str) -> u64 {
        let id = site.next_project;
        // Jira numbers each kind of thing by itself; a desk's number has nothing to do with its project's.
        let desk_id = id - 9_990;
        site.next_project += 1;
        let workflow = self.workflow_on(site);
        let desk = (self.type_key == "service_desk").then(|| Desk {
            id: desk_id,
            request_types: self.request_types_on(site, &workflow),
            articles: self.articles.clone(),
            open: true,
        });
        let project = Project {
            id,
            key: key.to_owned(),
            former_keys: Vec::new(),
            name: name.to_owned(),
            type_key: self.type_key.clone(),
            style: self.style.clone(),
            is_private: false,
            archived: None,
            deleted: None,
            lead: lead.to_owned(),
            roles: self.roles.clone(),
            scheme: Arc::clone(&self.scheme),
            workflow,
            screens: Screens::default(),
            components: BTreeMap::new(),
            versions: BTreeMap::new(),
            assigns_lead: false,
            desk,
            removed_desk: None,
            issues: BTreeMap::new(),
            numbers: BTreeMap::new(),
            last_number: 0,
        };
        site.projects.insert(id, project);
        id
    }

    /// Company-managed projects share issue types and statuses; a team-managed one gets its own, with its own ids.
    fn workflow_on(&self, site: &mut Site) -> Arc<Workflow> {
        if self.style != "next-gen" {
            return site.named_as_now(&self.workflow);
        }
        let mut own = Workflow::clone(&self.workflow);
        for kind in &mut own.issue_types {
            kind.id = site.new_setting();
        }
        for status in &mut own.statuses {
            status.id = site.new_setting();
        }
        Arc::new(own)
    }

    /// The request types under new numbers, each on the issue type of the project that stands in the place of its own.
    fn request_types_on(&self, site: &mut Site, workflow: &Workflow) -> Vec<RequestType> {
        let mut types = self.request_types.clone();
        for kind in &mut types {
            kind.id = site.new_request_type();
            let mut known = self.workflow.issue_types.iter().zip(&workflow.issue_types);
            if let Some((_, own)) = known.find(|(of_template, _)| of_template.id == kind.issue_type_id) {
                kind.issue_type_id.clone_from(&own.id);
            }
        }
        types
    }

    /// The same template with its names in another language.
    pub(crate) fn translated(&self, dictionary: &Dictionary) -> Self {
        let mut template = self.clone();
        dictionary.translate_workflow(Arc::make_mut(&mut template.workflow));
        dictionary.translate_types(&mut template.request_types);
        let roles = std::mem::take(&mut template.roles);
        let renamed = roles.into_iter().map(|(role, actors)| (dictionary.word(&role), actors));
        template.roles = renamed.collect();
        dictionary.translate_scheme(Arc::make_mut(&mut template.scheme));
        template
    }
}
