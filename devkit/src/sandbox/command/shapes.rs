//! Commands that give a site another shape, handed on to roles or statuses; languages and sweeping changes are here.

use super::answer::{Answer, CommandError};
use super::people::{account_id, site_mut};
use super::projects::find;
use super::shape_vocabulary::ShapeCommand;
use super::{names, roles, statuses};
use crate::sandbox::world::World;

type Applied = Result<Answer, CommandError>;

/// Carries out a command about how a site is set up.
pub(crate) fn apply(world: &mut World, command: ShapeCommand) -> Applied {
    match command {
        ShapeCommand::SetLanguage { site, language } => set_language(world, site.as_deref(), &language),
        ShapeCommand::SetLocale { account, locale } => {
            let id = account_id(world, account.as_deref())?;
            if let Some(account) = world.accounts.get_mut(&id) {
                account.locale = locale;
            }
            Ok(Answer::Done)
        }
        ShapeCommand::HideAllEmails { hidden } => {
            for account in world.accounts.values_mut() {
                account.email_visible = !hidden;
            }
            Ok(Answer::Done)
        }
        ShapeCommand::PassOverUsers { site, count } => {
            site_mut(world, site.as_deref())?.passed_over = count;
            Ok(Answer::Done)
        }
        ShapeCommand::KeepOnlyProject { site, project } => {
            let site = site_mut(world, site.as_deref())?;
            let kept = find(site, &project)?;
            site.projects.retain(|id, _| *id == kept);
            Ok(Answer::Done)
        }
        ShapeCommand::AddStatus { .. } | ShapeCommand::RemoveStatus { .. } | ShapeCommand::SetStatuses { .. } => {
            statuses::apply(world, command)
        }
        other => match names::apply(world, other) {
            Ok(answer) => answer,
            Err(other) => roles::apply(world, other),
        },
    }
}

fn set_language(world: &mut World, site: Option<&str>, language: &str) -> Applied {
    let dictionary = world.languages.get(language).cloned();
    let dictionary = dictionary.ok_or_else(|| CommandError::unknown("language", language))?;
    let site = site_mut(world, site)?;
    if site.language.is_some() {
        let message = "the site has left English already; names are not translated twice";
        return Err(CommandError::Invalid(message.to_owned()));
    }
    for project in site.projects.values_mut() {
        dictionary.translate_project(project);
    }
    site.language = Some(dictionary.clone());
    let members = site.groups.values().flatten().chain(&site.customers);
    let members: Vec<String> = members.cloned().collect();
    for member in members {
        if let Some(account) = world.accounts.get_mut(&member) {
            account.locale.clone_from(&dictionary.locale);
        }
    }
    Ok(Answer::Done)
}
