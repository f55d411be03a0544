//! Commands about service desks: request types, forms, portals and knowledge bases.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Applied, CommandError};
use super::people::site_mut;
use super::projects::find;
use crate::sandbox::world::{Desk, FormField, Project, RequestType, Site, World, usual_fields};

/// A request type to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRequestType {
    /// Its name.
    pub name: String,
    /// Name or id of the issue type behind it, by default the project's first.
    pub issue_type: Option<String>,
    /// Its groups in the portal, `["1"]` by default; an empty list hides it.
    pub group_ids: Option<Vec<String>>,
    /// Whether it is for the desk's administrators only.
    #[serde(default)]
    pub restricted: bool,
    /// The form, by default a required summary and a description.
    pub fields: Option<Vec<FormField>>,
}

/// A change to a request type, or to all of the desk, in what is given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestTypeChange {
    /// Its site.
    pub site: Option<String>,
    /// Its project.
    pub project: String,
    /// Id or name; left out, all.
    pub request_type: Option<String>,
    /// Its portal groups: none hides it, `["1"]` shows it.
    pub group_ids: Option<Vec<String>>,
    /// Whether only the desk's administrators get to see it, through the API too.
    pub restricted: Option<bool>,
    /// `false`: nobody can make requests of it, as when its issue type has left the project's scheme. (To forbid all of
    /// them to one account take its `CREATE_ISSUES`; in service projects the holder `portal` has that too.)
    pub creatable: Option<bool>,
}

pub(super) fn set_request_types(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    types: Vec<NewRequestType>,
) -> Applied {
    let site = site_mut(world, site)?;
    let types = types.into_iter().map(|new| make(site, project, new));
    let types = types.collect::<Result<Vec<_>, _>>()?;
    on_desk(site, project, |desk| desk.request_types = types)
}

pub(super) fn add_request_type(world: &mut World, site: Option<&str>, project: &str, new: NewRequestType) -> Applied {
    let site = site_mut(world, site)?;
    let kind = make(site, project, new)?;
    on_desk(site, project, |desk| desk.request_types.push(kind))
}

pub(super) fn remove_request_type(world: &mut World, site: Option<&str>, project: &str, name: &str) -> Applied {
    let site = site_mut(world, site)?;
    known(site, project, Some(name))?;
    on_desk(site, project, |desk| desk.request_types.retain(|kind| !kind.is(name)))
}

pub(super) fn change_request_type(world: &mut World, change: &RequestTypeChange) -> Applied {
    let (site, request_type) = (change.site.as_deref(), change.request_type.as_deref());
    each_type(world, site, &change.project, request_type, |kind| {
        kind.group_ids = change.group_ids.clone().unwrap_or_else(|| kind.group_ids.clone());
        kind.restricted = change.restricted.unwrap_or(kind.restricted);
        kind.creatable = change.creatable.unwrap_or(kind.creatable);
    })
}

pub(super) fn set_field(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    request_type: Option<&str>,
    field: &FormField,
) -> Applied {
    each_type(world, site, project, request_type, |kind| {
        let mut fields = kind.fields.iter_mut();
        match fields.find(|present| present.field_id == field.field_id) {
            Some(present) => *present = field.clone(),
            None => kind.fields.push(field.clone()),
        }
    })
}

pub(super) fn remove_field(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    request_type: Option<&str>,
    field_id: &str,
) -> Applied {
    each_type(world, site, project, request_type, |kind| {
        kind.fields.retain(|field| field.field_id != field_id);
    })
}

pub(super) fn remove(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    let project = project_mut(site_mut(world, site)?, project)?;
    let desk = project.desk.take().ok_or_else(|| no_desk(&project.key))?;
    project.removed_desk = Some(desk);
    Ok(Answer::Done)
}

/// Changes the desk of a project.
pub(super) fn change(world: &mut World, site: Option<&str>, project: &str, change: impl FnOnce(&mut Desk)) -> Applied {
    on_desk(site_mut(world, site)?, project, change)
}

fn no_desk(project: &str) -> CommandError {
    CommandError::unknown("service desk of project", project)
}

fn project_mut<'a>(site: &'a mut Site, project: &str) -> Result<&'a mut Project, CommandError> {
    let found = site.project_mut(project);
    found.ok_or_else(|| CommandError::unknown("project", project))
}

fn on_desk(site: &mut Site, project: &str, change: impl FnOnce(&mut Desk)) -> Applied {
    let desk = project_mut(site, project)?.desk.as_mut();
    change(desk.ok_or_else(|| no_desk(project))?);
    Ok(Answer::Done)
}

/// Refuses a request type that the desk does not have.
fn known(site: &Site, project: &str, request_type: Option<&str>) -> Result<(), CommandError> {
    let desk = site.projects.get(&find(site, project)?);
    let desk = desk.and_then(|project| project.desk.as_ref());
    let desk = desk.ok_or_else(|| no_desk(project))?;
    match request_type.filter(|name| desk.request_type(name).is_none()) {
        Some(name) => Err(CommandError::unknown("request type", name)),
        None => Ok(()),
    }
}

/// Changes the request type, or all of the desk.
pub(super) fn each_type(
    world: &mut World,
    site: Option<&str>,
    project: &str,
    request_type: Option<&str>,
    change: impl FnMut(&mut RequestType),
) -> Applied {
    let site = site_mut(world, site)?;
    known(site, project, request_type)?;
    on_desk(site, project, |desk| {
        let meant = |kind: &&mut RequestType| request_type.is_none_or(|name| kind.is(name));
        desk.request_types.iter_mut().filter(meant).for_each(change);
    })
}

/// The request type as a project's administrator would make it.
fn make(site: &mut Site, project: &str, new: NewRequestType) -> Result<RequestType, CommandError> {
    let found = project_mut(site, project)?;
    let wanted = new.issue_type.as_deref();
    let mut types = found.workflow.issue_types.iter();
    let kind = types.find(|kind| wanted.is_none_or(|name| kind.name == name || kind.id == name));
    let kind = kind.ok_or_else(|| CommandError::unknown("issue type", wanted.unwrap_or_default()))?;
    let issue_type_id = kind.id.clone();
    Ok(RequestType {
        id: site.new_request_type(),
        name: new.name,
        issue_type_id,
        group_ids: new.group_ids.unwrap_or_else(|| vec!["1".to_owned()]),
        restricted: new.restricted,
        creatable: true,
        fields: new.fields.unwrap_or_else(usual_fields),
        questions: Vec::new(),
        enforced: false,
    })
}

pub(super) fn restore(world: &mut World, site: Option<&str>, project: &str) -> Applied {
    let project = project_mut(site_mut(world, site)?, project)?;
    if project.desk.is_some() {
        let (kind, name) = ("service desk of project", project.key.clone());
        return Err(CommandError::Taken { kind, name });
    }
    if !["service_desk", "customer_service"].contains(&project.type_key.as_str()) {
        let message = format!("project `{}` is no service project", project.key);
        return Err(CommandError::Invalid(message));
    }
    let fresh = Desk {
        id: project.id - 9_990,
        request_types: Vec::new(),
        articles: None,
        open: true,
    };
    project.desk = Some(project.removed_desk.take().unwrap_or(fresh));
    Ok(Answer::Done)
}
