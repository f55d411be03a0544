//! Commands about service desks: request types, forms, portals and knowledge bases.

use super::answer::{Answer, CommandError};
use super::desk_vocabulary::{DeskCommand, NewRequestType};
use super::people::site_mut;
use super::projects::find;
use crate::sandbox::world::{Desk, Project, RequestType, Site, World, usual_fields};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about a service desk.
pub(crate) fn apply(world: &mut World, command: DeskCommand) -> Applied {
    match command {
        DeskCommand::SetRequestTypes {
            site,
            project,
            request_types,
        } => {
            let site = site_mut(world, site.as_deref())?;
            let types = request_types.into_iter().map(|new| make(site, &project, new));
            let types = types.collect::<Result<Vec<_>, _>>()?;
            on_desk(site, &project, |desk| desk.request_types = types)
        }
        DeskCommand::AddRequestType {
            site,
            project,
            request_type,
        } => {
            let site = site_mut(world, site.as_deref())?;
            let kind = make(site, &project, request_type)?;
            on_desk(site, &project, |desk| desk.request_types.push(kind))
        }
        DeskCommand::RemoveRequestType {
            site,
            project,
            request_type,
        } => {
            let site = site_mut(world, site.as_deref())?;
            known(site, &project, Some(&request_type))?;
            on_desk(site, &project, |desk| {
                desk.request_types.retain(|kind| !kind.is(&request_type));
            })
        }
        DeskCommand::ChangeRequestType { .. }
        | DeskCommand::SetFormField { .. }
        | DeskCommand::RemoveFormField { .. } => apply_to_types(world, command),
        other => apply_to_desk(world, other),
    }
}

/// Commands about request types that are there.
fn apply_to_types(world: &mut World, command: DeskCommand) -> Applied {
    match command {
        DeskCommand::ChangeRequestType {
            site,
            project,
            request_type,
            group_ids,
            restricted,
            creatable,
        } => each_type(world, site.as_deref(), &project, request_type.as_deref(), |kind| {
            kind.group_ids = group_ids.clone().unwrap_or_else(|| kind.group_ids.clone());
            kind.restricted = restricted.unwrap_or(kind.restricted);
            kind.creatable = creatable.unwrap_or(kind.creatable);
        }),
        DeskCommand::SetFormField {
            site,
            project,
            request_type,
            field,
        } => each_type(world, site.as_deref(), &project, request_type.as_deref(), |kind| {
            let mut fields = kind.fields.iter_mut();
            match fields.find(|present| present.field_id == field.field_id) {
                Some(present) => *present = field.clone(),
                None => kind.fields.push(field.clone()),
            }
        }),
        DeskCommand::RemoveFormField {
            site,
            project,
            request_type,
            field_id,
        } => each_type(world, site.as_deref(), &project, request_type.as_deref(), |kind| {
            kind.fields.retain(|field| field.field_id != field_id);
        }),
        other => Err(CommandError::Invalid(format!("nobody carries out {other:?}"))),
    }
}

/// Commands about a whole desk, or those of the site.
fn apply_to_desk(world: &mut World, command: DeskCommand) -> Applied {
    match command {
        DeskCommand::RemoveDesk { site, project } => {
            let project = project_mut(site_mut(world, site.as_deref())?, &project)?;
            let desk = project.desk.take().ok_or_else(|| no_desk(&project.key))?;
            project.removed_desk = Some(desk);
            Ok(Answer::Done)
        }
        DeskCommand::RestoreDesk { site, project } => {
            let project = project_mut(site_mut(world, site.as_deref())?, &project)?;
            restore(project)
        }
        DeskCommand::SetCustomerAccess { site, project, open } => {
            on_desk(site_mut(world, site.as_deref())?, &project, |desk| desk.open = open)
        }
        DeskCommand::SetArticles {
            site,
            project,
            articles,
        } => on_desk(site_mut(world, site.as_deref())?, &project, |desk| {
            desk.articles = articles;
        }),
        DeskCommand::SetKnowledgeBase { site, licensed } => {
            site_mut(world, site.as_deref())?.knowledge_base = licensed;
            Ok(Answer::Done)
        }
        DeskCommand::ShowCanCreate { site, shown } => {
            site_mut(world, site.as_deref())?.tells_can_create = shown;
            Ok(Answer::Done)
        }
        DeskCommand::CapPages { site, most } => {
            site_mut(world, site.as_deref())?.desk_page = most;
            Ok(Answer::Done)
        }
        other => Err(CommandError::Invalid(format!("nobody carries out {other:?}"))),
    }
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
fn each_type(
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
    })
}

fn restore(project: &mut Project) -> Applied {
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
