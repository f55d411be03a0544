//! One authenticated call to a site, with easy access to its query and body.

use axum::response::Response;
use serde_json::Value;

use crate::sandbox::reply;
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Account, Project, Site, World, Write};

/// What is to be written, or why not.
pub(super) type Judged = Result<Write, Box<Response>>;

/// A call that passed the gateway.
pub(super) struct Call<'a> {
    /// What lies beside the world: odd pages, and results that are kept.
    pub(super) shared: &'a Shared,
    pub(super) world: &'a World,
    pub(super) site: &'a Site,
    pub(super) account: &'a Account,
    /// The app through which the caller calls.
    pub(super) client_id: &'a str,
    /// What stood in the path at the pattern's placeholders.
    pub(super) params: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    /// Path below the cloud id, for links to the page itself.
    pub(super) path: String,
    /// Whether `X-ExperimentalApi: opt-in` was sent.
    pub(super) experimental: bool,
}

/// A page of a list by offset.
pub(super) struct Page {
    pub(super) start: usize,
    pub(super) limit: usize,
}

impl Call<'_> {
    /// The caller's account id.
    pub(super) fn me(&self) -> &str {
        &self.account.account_id
    }

    /// App and account, to whom webhooks belong.
    pub(super) fn owner(&self) -> (&str, &str) {
        (self.client_id, self.me())
    }

    /// The first path parameter.
    pub(super) fn param(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }

    /// A query parameter that stands once.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A query parameter that may be repeated.
    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        let pairs = self.query.iter().filter(|(key, _)| key == name);
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    /// A query parameter that is a list separated by commas, and may be repeated too.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let values = self.values(name).into_iter();
        let parts = values.flat_map(|value| value.split(',')).map(str::trim);
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// The asked part of a list; more than `cap` entries a page are never given.
    pub(super) fn page(&self, start: &str, limit: &str, default: usize, cap: usize) -> Page {
        let number = |name| self.value(name).and_then(|value| value.parse().ok());
        Page {
            start: number(start).unwrap_or(0),
            limit: number(limit).unwrap_or(default).clamp(1, cap),
        }
    }

    /// The project by this id or key, if the caller may read it; else Jira's 404, which is the same for hidden and missing.
    pub(super) fn readable_project(&self, id_or_key: &str) -> Result<&Project, Box<Response>> {
        let found = self.site.project(id_or_key);
        let readable = found.filter(|project| self.site.browses(project, self.me()));
        readable.ok_or_else(|| {
            let kind = if id_or_key.parse::<u64>().is_ok() { "id" } else { "key" };
            let message = format!("No project could be found with {kind} '{id_or_key}'.");
            Box::new(reply::jira_error(404, &message))
        })
    }
}
