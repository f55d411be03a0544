//! Who takes part in a request.

use axum::response::Response;
use serde_json::Value;

use super::super::call::{Call, Judged};
use super::super::desks;
use super::{Found, body, find, is_agent, refuse};
use crate::sandbox::reply::Answered;
use crate::sandbox::world::{Project, Receipt, Write};

/// Whether an account exists and may open the desk's portal.
pub(super) fn is_customer(call: &Call<'_>, project: &Project, id: &str) -> bool {
    let known = call.world.accounts.get(id);
    known.is_some_and(|account| account.active) && call.site.opens_portal(project, id)
}

/// Refuses accounts that do not exist, and those that cannot open the desk's portal.
pub(super) fn check(call: &Call<'_>, project: &Project, ids: &[String]) -> Result<(), Box<Response>> {
    match ids.iter().find(|id| !is_customer(call, project, id)) {
        None => Ok(()),
        Some(id) => {
            let message = format!("The user '{id}' does not exist or does not have access to this portal.");
            Err(refuse(400, &message, "sd.request.participant.error.user.not.found"))
        }
    }
}

fn page(call: &Call<'_>, (_, issue): Found<'_>) -> Answered {
    let ids = issue.request.iter().flat_map(|request| &request.participants);
    let accounts = ids.filter_map(|id| call.world.accounts.get(id));
    let values: Vec<Value> = accounts.map(|account| body::user(call, account)).collect();
    Ok(desks::page_of(call, &values))
}

/// `GET /rest/servicedeskapi/request/{issueIdOrKey}/participant`.
pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    page(call, find(call, 404)?)
}

/// The accounts of a body; agents manage them, and the reporter.
fn read<'a>(call: &Call<'a>) -> Result<(Found<'a>, Vec<String>), Box<Response>> {
    let found = find(call, 404)?;
    if !is_agent(call, found.0) && found.1.reporter.as_deref() != Some(call.me()) {
        let message = "You do not have permission to manage participants of this request.";
        return Err(refuse(403, message, "sd.request.participant.error.permission.denied"));
    }
    let list = call.body.get("accountIds").and_then(Value::as_array);
    let ids: Vec<String> = list
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if ids.is_empty() {
        return Err(refuse(
            400,
            "No users were given.",
            "sd.request.participant.error.no.users",
        ));
    }
    Ok((found, ids))
}

/// `POST /rest/servicedeskapi/request/{issueIdOrKey}/participant`.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let ((project, issue), accounts) = read(call)?;
    check(call, project, &accounts)?;
    Ok(Write::Participants {
        issue: issue.id,
        accounts,
        added: true,
    })
}

/// `DELETE` of the same.
pub(in super::super) fn judge_removal(call: &Call<'_>) -> Judged {
    let ((_, issue), accounts) = read(call)?;
    let participants = issue.request.iter().flat_map(|request| &request.participants);
    let known: Vec<&String> = participants.collect();
    if accounts.iter().any(|id| !known.contains(&id)) {
        let message = "A user is not a participant of this request.";
        return Err(refuse(400, message, "sd.request.participant.error.not.a.participant"));
    }
    Ok(Write::Participants {
        issue: issue.id,
        accounts,
        added: false,
    })
}

/// The participants as they are now.
pub(in super::super) fn answer(call: &Call<'_>, _: &Receipt) -> Answered {
    list(call)
}
