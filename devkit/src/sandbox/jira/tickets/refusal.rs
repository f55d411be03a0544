//! Why a write is refused: what is wrong with single fields, and with the whole.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::json;

use super::super::call::Call;
use crate::sandbox::reply;
use crate::sandbox::world::{Issue, Lens, Project};

/// What is said of an issue that is not there, or not for the caller.
pub(in super::super) const NO_ISSUE: &str = "Issue does not exist or you do not have permission to see it.";

/// An error collection on its way.
#[derive(Debug, Default)]
pub(in super::super) struct Refusal {
    messages: Vec<String>,
    fields: BTreeMap<String, String>,
}

#[allow(clippy::unnecessary_box_returns, reason = "all handlers box their refusals")]
impl Refusal {
    pub(in super::super) fn field(&mut self, field: &str, message: impl Into<String>) {
        self.fields.entry(field.to_owned()).or_insert_with(|| message.into());
    }

    pub(in super::super) fn message(&mut self, message: impl Into<String>) {
        let message = message.into();
        if !self.messages.contains(&message) {
            self.messages.push(message);
        }
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.fields.is_empty()
    }

    /// Goes on if nothing is wrong.
    pub(in super::super) fn check(self) -> Result<(), Box<Response>> {
        if self.is_empty() { Ok(()) } else { Err(self.answer()) }
    }

    /// The answer that it is.
    pub(in super::super) fn answer(self) -> Box<Response> {
        let body = json!({"errorMessages": self.messages, "errors": self.fields});
        Box::new(reply::json(400, body))
    }

    /// The refusal of one field alone.
    pub(in super::super) fn of(field: &str, message: impl Into<String>) -> Box<Response> {
        let mut refusal = Self::default();
        refusal.field(field, message);
        refusal.answer()
    }
}

/// A refusal of the whole.
#[allow(clippy::unnecessary_box_returns, reason = "all handlers box their refusals")]
pub(in super::super) fn refuse(code: u16, message: &str) -> Box<Response> {
    Box::new(reply::jira_error(code, message))
}

/// What Jira says of a field that is not to be set.
pub(in super::super) fn off_screen(field: &str) -> String {
    format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.")
}

/// The issue that the path names, if the caller may read it.
pub(in super::super) fn readable<'a>(call: &Call<'a>) -> Result<(&'a Project, &'a Issue), Box<Response>> {
    named(call, call.param())
}

/// The issue by its id or key, if the caller may read it.
pub(in super::super) fn named<'a>(call: &Call<'a>, name: &str) -> Result<(&'a Project, &'a Issue), Box<Response>> {
    let found = call.site.issue(name);
    let found = found.filter(|(project, issue)| call.site.reads(project, issue, call.me()));
    found.ok_or_else(|| refuse(404, NO_ISSUE))
}

/// The same to be written to: an issue that is archived by itself is read only, and how Jira refuses is not documented.
pub(in super::super) fn writable<'a>(call: &Call<'a>) -> Result<(&'a Project, &'a Issue), Box<Response>> {
    let (project, issue) = readable(call)?;
    if call.site.issue_locations.archived.contains(&issue.id) {
        return Err(refuse(404, NO_ISSUE));
    }
    Ok((project, issue))
}

/// Whether the caller holds a permission for an issue.
pub(in super::super) fn holds(call: &Call<'_>, (project, issue): (&Project, &Issue), permission: &str) -> bool {
    call.site.holds(project, Some(issue), call.me(), permission, Lens::Work)
}
