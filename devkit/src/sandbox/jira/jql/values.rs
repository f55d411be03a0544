//! What the values of a query mean on a site: names, keys and ids become ids. Names are in the site's language.

use std::collections::BTreeSet;

use super::compile::Searcher;
use super::field::Field;
use crate::sandbox::world::{PRIORITIES, Project, StatusCategory};

/// Whether two names are the same but for capitals.
fn same(left: &str, right: &str) -> bool {
    left == right || left.to_lowercase() == right.to_lowercase()
}

fn unknown(field: &str, text: &str) -> String {
    format!("The value '{text}' does not exist for the field '{field}'.")
}

fn unknown_id(field: &str, id: u64) -> String {
    format!("A value with ID '{id}' does not exist for the field '{field}'.")
}

impl Searcher<'_> {
    /// A project by id, by present or former key in any case, or by name. An archived one may be named, and yields
    /// nothing; one in the trash or hidden from the searcher may not.
    pub(super) fn project(&self, text: &str) -> Result<u64, String> {
        let readable = |project: &&Project| self.site.browses(project, &self.account.account_id);
        if let Ok(id) = text.parse() {
            let found = self.site.projects.get(&id).filter(readable);
            return found.map(|project| project.id).ok_or_else(|| unknown_id("project", id));
        }
        let by_key = self.site.project(&text.to_uppercase()).filter(readable);
        let by_name = || {
            let mut projects = self.site.projects.values().filter(readable);
            projects.find(|project| same(&project.name, text))
        };
        let found = by_key.or_else(by_name).map(|project| project.id);
        found.ok_or_else(|| unknown("project", text))
    }

    /// An issue by id or key, if the searcher may read it.
    pub(super) fn issue(&self, field: &str, text: &str) -> Result<u64, String> {
        let me = &self.account.account_id;
        let found = self
            .site
            .issue(text)
            .filter(|(project, issue)| self.site.reads(project, issue, me));
        found.map(|(_, issue)| issue.id).ok_or_else(|| match text.parse() {
            Ok(id) => unknown_id(field, id),
            Err(_) => format!("An issue with key '{text}' does not exist for field '{field}'."),
        })
    }

    /// The ids that a value of one of the fields with words stands for.
    pub(super) fn words(&self, field: Field, name: &str, text: &str) -> Result<Vec<String>, String> {
        let ids: BTreeSet<String> = match field {
            Field::Status => self.statuses(|status| same(&status.name, text) || status.id == text),
            Field::Category => match self.category(text) {
                Some(category) => {
                    return Ok(self
                        .statuses(|status| status.category == category)
                        .into_iter()
                        .collect());
                }
                None => BTreeSet::new(),
            },
            Field::Type => {
                let kinds = self
                    .site
                    .projects
                    .values()
                    .flat_map(|project| &project.workflow.issue_types);
                let meant = kinds.filter(|kind| same(&kind.name, text) || kind.id == text);
                meant.map(|kind| kind.id.clone()).collect()
            }
            Field::Priority => {
                let named = |id: &str| self.site.priority(id).is_some_and(|name| same(&name, text));
                let meant = |(id, _): &&(&str, &str)| *id == text || named(id);
                let found = PRIORITIES.iter().filter(meant);
                found.map(|(id, _)| (*id).to_owned()).collect()
            }
            Field::Assignee | Field::Reporter | Field::Creator => self.people(text),
            // Any label may be asked for, also one that no issue has.
            _ => BTreeSet::from([text.to_owned()]),
        };
        if ids.is_empty() {
            return Err(unknown(name, text));
        }
        Ok(ids.into_iter().collect())
    }

    fn statuses(&self, meant: impl Fn(&crate::sandbox::world::IssueStatus) -> bool) -> BTreeSet<String> {
        let statuses = self
            .site
            .projects
            .values()
            .flat_map(|project| &project.workflow.statuses);
        statuses
            .filter(|status| meant(status))
            .map(|status| status.id.clone())
            .collect()
    }

    /// A category by key, id, or name in the site's language.
    fn category(&self, text: &str) -> Option<StatusCategory> {
        let meant = |category: &StatusCategory| {
            same(category.key(), text) || category.id().to_string() == text || same(&self.word(category.name()), text)
        };
        StatusCategory::ALL.into_iter().find(meant)
    }

    /// A name that Jira itself gives, in the site's language.
    fn word(&self, name: &str) -> String {
        let own = self.site.language.as_ref();
        own.map_or_else(|| name.to_owned(), |dictionary| dictionary.word(name))
    }

    /// Accounts by id, address where it is shown, or name.
    fn people(&self, text: &str) -> BTreeSet<String> {
        if self.accounts.contains_key(text) {
            return BTreeSet::from([text.to_owned()]);
        }
        let named = self.accounts.values().filter(|account| {
            let email = account.shown_email();
            email.is_some_and(|email| same(email, text)) || same(&account.display_name, text)
        });
        named.map(|account| account.account_id.clone()).collect()
    }
}
