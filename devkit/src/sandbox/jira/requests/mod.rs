//! Requests: what customers raise, and agents for them, through the service desk's API.

pub(super) mod body;
pub(super) mod create;
pub(super) mod form;
pub(super) mod participants;
pub(super) mod request_comments;

use axum::response::Response;

use super::call::Call;
use crate::sandbox::reply;
use crate::sandbox::world::{Issue, Lens, Project};

/// A request with its project.
type Found<'a> = (&'a Project, &'a Issue);

#[allow(clippy::unnecessary_box_returns, reason = "all handlers box their refusals")]
fn refuse(code: u16, message: &str, key: &str) -> Box<Response> {
    Box::new(reply::desk_error(code, message, key))
}

/// Whether the caller is an agent of the project.
fn is_agent(call: &Call<'_>, project: &Project) -> bool {
    call.site
        .holds(project, None, call.me(), "SERVICEDESK_AGENT", Lens::Work)
}

/// Whether the caller reads the issue in Jira, or through the portal as one of those whom it is about.
fn sees(call: &Call<'_>, (project, issue): Found<'_>) -> bool {
    let me = call.me();
    let hidden = call.site.issue_locations.hidden.contains(&issue.id);
    let request = issue.request.as_ref();
    let takes_part = request.is_some_and(|request| request.participants.iter().any(|id| id == me));
    let about = issue.reporter.as_deref() == Some(me) || takes_part;
    let through_portal = request.is_some() && about && call.site.opens_portal(project, me);
    call.site.reads(project, issue, me) || (!hidden && through_portal && project.is_live())
}

/// The request that the path names, if the caller may see it. An issue that is no request is refused with `code`.
fn find<'a>(call: &Call<'a>, code: u16) -> Result<Found<'a>, Box<Response>> {
    let found = call.site.issue(call.param()).filter(|found| sees(call, *found));
    let message = "The customer request does not exist or you do not have permission to see it.";
    let found = found.ok_or_else(|| refuse(404, message, "sd.request.error.not.found"))?;
    match found.1.request {
        Some(_) => Ok(found),
        None => Err(refuse(
            code,
            "The issue is not a customer request.",
            "sd.request.error.not.a.request",
        )),
    }
}
