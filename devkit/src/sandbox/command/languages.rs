//! Commands about the language of a site.

use super::answer::{Answer, Applied, CommandError};
use super::people::site_mut;
use crate::sandbox::world::World;

/// Turns a site from English to another language.
pub(super) fn set(world: &mut World, site: Option<&str>, language: &str) -> Applied {
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
