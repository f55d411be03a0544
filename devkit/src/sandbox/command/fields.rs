//! Commands about what issues are made with: fields, screens, validators, transitions, forms.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Answer, Applied, CommandError};
use super::people::site_mut;
use super::projects::{self, find};
use crate::sandbox::world::{
    Field, FieldKind, FieldOption, FormQuestion, Project, ScreenRule, Site, Transition, Validator, World,
};

/// A custom field to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewField {
    /// Its site.
    pub site: Option<String>,
    /// Its name; another field may have the same.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// What may be chosen in it.
    #[serde(default)]
    pub options: Vec<NewOption>,
    /// Projects that have it, on the create screens of all their types.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Whether it has to be filled there.
    #[serde(default)]
    pub required: bool,
}

/// An option to be made: its text, or its text with those below it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NewOption {
    /// An option with none below it.
    Plain(String),
    /// An option with others below it.
    Parent {
        /// Its text.
        value: String,
        /// Those below it.
        children: Vec<String>,
    },
}

/// A change to a project's create screens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScreenChange {
    /// Its site.
    pub site: Option<String>,
    /// The project.
    pub project: String,
    /// Name or id of the issue type; left out, all.
    pub issue_type: Option<String>,
    /// Id of the field: `labels`, `customfield_10044`.
    pub field: String,
    /// Whether the screen shows it.
    pub on_screen: Option<bool>,
    /// Whether it has to be filled. A required field that no screen shows can be filled by nobody.
    pub required: Option<bool>,
    /// The value it has if nobody fills it, as a caller would send it.
    pub default: Option<Value>,
}

pub(super) fn add(world: &mut World, new: NewField) -> Applied {
    let site = site_mut(world, new.site.as_deref())?;
    let projects = new.projects.iter().map(|project| find(site, project));
    let projects = projects.collect::<Result<Vec<_>, _>>()?;
    let id = format!("customfield_{}", site.tickets.next_id());
    let options = new.options.into_iter().map(|option| make(site, option)).collect();
    let field = Field {
        id: id.clone(),
        name: new.name,
        kind: new.kind,
        options,
    };
    site.tickets.fields.insert(id.clone(), field);
    for project in projects {
        if let Some(project) = site.projects.get_mut(&project) {
            project.screens.fields.push(id.clone());
            project.screens.rules.push(ScreenRule {
                field: id.clone(),
                required: Some(new.required),
                ..ScreenRule::default()
            });
        }
    }
    Ok(Answer::Field { id })
}

fn make(site: &mut Site, option: NewOption) -> FieldOption {
    let (value, children) = match option {
        NewOption::Plain(value) => (value, Vec::new()),
        NewOption::Parent { value, children } => (value, children),
    };
    let id = site.tickets.next_id().to_string();
    let children = children.into_iter().map(|child| make(site, NewOption::Plain(child)));
    FieldOption {
        id,
        value,
        children: children.collect(),
    }
}

/// The id of a project's issue type.
fn type_id(project: &Project, name: Option<String>) -> Result<Option<String>, CommandError> {
    let Some(name) = name else { return Ok(None) };
    let mut types = project.workflow.issue_types.iter();
    let found = types.find(|kind| kind.name == name || kind.id == name);
    let found = found.ok_or_else(|| CommandError::unknown("issue type", name))?;
    Ok(Some(found.id.clone()))
}

fn project_mut<'a>(site: &'a mut Site, project: &str) -> Result<&'a mut Project, CommandError> {
    let found = site.project_mut(project);
    found.ok_or_else(|| CommandError::unknown("project", project))
}

pub(super) fn change_screen(world: &mut World, change: ScreenChange) -> Applied {
    let site = site_mut(world, change.site.as_deref())?;
    let field = site.field(&change.field);
    let field = field.ok_or_else(|| CommandError::unknown("field", change.field.as_str()))?;
    let project = project_mut(site, &change.project)?;
    let issue_type = type_id(project, change.issue_type)?;
    if field.is_custom() && !project.screens.fields.contains(&field.id) {
        project.screens.fields.push(field.id.clone());
    }
    project.screens.rules.push(ScreenRule {
        field: field.id,
        issue_type,
        on_screen: change.on_screen,
        required: change.required,
        default: change.default,
    });
    Ok(Answer::Done)
}

pub(super) fn add_validator(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    issue_type: Option<String>,
    (field, message): (String, String),
) -> Applied {
    let project = project_mut(site_mut(world, site)?, project)?;
    let issue_type = type_id(project, issue_type)?;
    project.screens.validators.push(Validator {
        issue_type,
        field,
        message,
    });
    Ok(Answer::Done)
}

pub(super) fn set_parts(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    components: Option<Vec<String>>,
    versions: Option<Vec<String>>,
) -> Applied {
    let site = site_mut(world, site)?;
    let mut named = |names: Vec<String>| {
        let ids = names.into_iter().map(|name| (name, site.tickets.next_id().to_string()));
        ids.collect()
    };
    let (components, versions) = (components.map(&mut named), versions.map(&mut named));
    let project = project_mut(site, project)?;
    project.components = components.unwrap_or_else(|| std::mem::take(&mut project.components));
    project.versions = versions.unwrap_or_else(|| std::mem::take(&mut project.versions));
    Ok(Answer::Done)
}

pub(super) fn set_transitions(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    mut transitions: Vec<Transition>,
) -> Applied {
    for (place, transition) in transitions.iter_mut().enumerate() {
        if transition.id.is_empty() {
            transition.id = (place * 10 + 11).to_string();
        }
    }
    projects::change(world, site, project, |project| {
        Arc::make_mut(&mut project.workflow).transitions = transitions;
    })
}

pub(super) fn meet_condition(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    transition: &str,
    met: bool,
) -> Applied {
    let project = project_mut(site_mut(world, site)?, project)?;
    let mut all = Arc::make_mut(&mut project.workflow).transitions.iter_mut();
    let found = all.find(|one| one.id == transition || one.name == transition);
    let found = found.ok_or_else(|| CommandError::unknown("transition", transition))?;
    found.condition = Some(met);
    Ok(Answer::Done)
}

pub(super) fn set_form(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    request_type: Option<&str>,
    (questions, enforced): (Vec<FormQuestion>, bool),
) -> Applied {
    super::desks::each_type(world, site, project, request_type, |kind| {
        kind.questions.clone_from(&questions);
        kind.enforced = enforced;
    })
}
