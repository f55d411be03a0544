//! The world: everything the sandbox knows, and its clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::account::Account;
use super::clock::Clock;
use super::language::Dictionary;
use super::oauth::OAuth;
use super::sessions::Sessions;
use super::site::Site;
use super::template::Template;

/// Everything the sandbox knows.
pub struct World {
    /// Accounts by id.
    pub accounts: BTreeMap<String, Account>,
    /// Sites by cloud id.
    pub sites: BTreeMap<String, Site>,
    /// Apps, grants and tokens.
    pub oauth: OAuth,
    /// Whether `permissions/check` looks through the portal's eyes as `mypermissions` does. Undocumented, off by default.
    pub portal_lens_in_check: bool,
    /// Whether `project/search` lists service projects to those who may only open the portal. Undocumented, off by
    /// default.
    pub portal_lens_in_search: bool,
    /// Who is logged in in which browser.
    pub(crate) sessions: Sessions,
    /// Languages beside English by their two letters.
    pub(crate) languages: BTreeMap<String, Arc<Dictionary>>,
    pub(crate) templates: BTreeMap<String, Template>,
    pub(crate) clock: Clock,
    /// Grows with every change, so that what was worked out before it is known to be old.
    pub(crate) version: u64,
}

impl World {
    /// The time in the sandbox, in whole milliseconds as Jira has it: the real one, moved or stopped by commands.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the clock has brought something that [`Self::settle`] would carry out.
    pub(crate) fn has_due(&self) -> bool {
        let now = self.now();
        self.sites.values().any(|site| site.has_due(now))
    }

    /// Carries out what the clock has brought.
    pub(crate) fn settle(&mut self) {
        let now = self.now();
        self.version += 1;
        for site in self.sites.values_mut() {
            site.settle(now);
        }
    }

    /// The site with this cloud id, host, or first part of its host.
    #[must_use]
    pub fn site(&self, name: &str) -> Option<&Site> {
        if let Some(site) = self.sites.get(name) {
            return Some(site);
        }
        let name = name.trim_start_matches("https://");
        self.sites.values().find(|site| {
            let host = site.host.as_deref().unwrap_or_default();
            host == name || host.split('.').next() == Some(name)
        })
    }

    /// The language of a locale such as `de_DE`; `None` for English and for what the sandbox does not speak.
    #[must_use]
    pub(crate) fn language_of(&self, locale: &str) -> Option<Arc<Dictionary>> {
        let letters = locale.split(['_', '-']).next().unwrap_or_default();
        self.languages.get(letters).cloned()
    }

    /// The account with this id or e-mail address.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        let by_id = self.accounts.get(name);
        by_id.or_else(|| self.accounts.values().find(|a| a.email == name))
    }
}
