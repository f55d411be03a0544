//! `POST /rest/servicedeskapi/request`.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::Value;

use super::super::call::{Call, Judged};
use super::super::{desks, request_types};
use super::form::{self, Filled};
use super::{body, is_agent, refuse};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{NewIssue, Project, Receipt, Request, RequestType, USUAL_PRIORITY, Write};

fn text<'a>(call: &'a Call<'_>, name: &str) -> Option<&'a str> {
    call.body.get(name).and_then(Value::as_str)
}

/// The request type, if the caller may make requests of it. Ids are texts.
fn kind<'a>(call: &Call<'a>) -> Result<(&'a Project, &'a RequestType), Box<Response>> {
    let desk = text(call, "serviceDeskId").unwrap_or_default();
    let found = desks::reachable(call)
        .into_iter()
        .find(|(_, known)| known.id.to_string() == desk);
    let (project, desk) = found.ok_or_else(|| {
        let message = "The Service Desk ID or portal ID does not exist or you do not have permission to see it.";
        refuse(400, message, "sd.admin.servicedesk.error.no.servicedesk")
    })?;
    let wanted = text(call, "requestTypeId").unwrap_or_default();
    let kind = desk.request_types.iter().find(|kind| kind.id.to_string() == wanted);
    let kind = kind.ok_or_else(|| {
        let message = "The request type does not exist or you do not have permission to see it.";
        refuse(400, message, "sd.admin.requesttype.error.not.found")
    })?;
    let hidden = kind.restricted && !call.site.administers(project, call.me());
    if hidden || !request_types::may_create(call, project, kind, call.me()) {
        let message = "You do not have permission to create requests of this type.";
        return Err(refuse(403, message, "sd.request.create.error.permission.denied"));
    }
    Ok((project, kind))
}

/// Whom the request is raised for. How others than agents are refused, and strangers, is not documented.
fn reporter(call: &Call<'_>, project: &Project) -> Result<String, Box<Response>> {
    let Some(id) = text(call, "raiseOnBehalfOf") else {
        return Ok(call.me().to_owned());
    };
    let rules = call.site.tickets.undocumented;
    let refused = |message, key| {
        let (message, key) = if rules.on_behalf_unnamed {
            (
                "The request could not be created.",
                "sd.request.create.error.failed.msg",
            )
        } else {
            (message, key)
        };
        Err(refuse(rules.on_behalf_refusal, message, key))
    };
    if id != call.me() && !is_agent(call, project) {
        let message = "You do not have permission to raise requests on behalf of others.";
        return refused(message, "sd.request.create.error.on.behalf.denied");
    }
    if !super::participants::is_customer(call, project, id) {
        let message = "The customer that the request is raised on behalf of does not have access to this portal.";
        return refused(message, "sd.request.create.error.on.behalf.no.access");
    }
    Ok(id.to_owned())
}

fn participants(call: &Call<'_>, project: &Project) -> Result<Vec<String>, Box<Response>> {
    let list = call.body.get("requestParticipants").and_then(Value::as_array);
    let ids: Vec<String> = list
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    super::participants::check(call, project, &ids)?;
    Ok(ids)
}

pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let (project, kind) = kind(call)?;
    let reporter = reporter(call, project)?;
    let participants = participants(call, project)?;
    form::check_answers(call, kind)?;
    let Filled { mut values, wiki } = form::fill(call, project, kind)?;
    values.retain(|_, value| !value.is_null());
    values.insert("issuetype".to_owned(), kind.issue_type_id.clone().into());
    values.insert("reporter".to_owned(), reporter.clone().into());
    values
        .entry("priority".to_owned())
        .or_insert_with(|| USUAL_PRIORITY.into());
    if project.assigns_lead {
        values.insert("assignee".to_owned(), project.lead.clone().into());
    }
    let by_customer = call.site.tickets.undocumented.customer_is_creator;
    let request = Request {
        type_id: kind.id,
        participants,
        wiki,
    };
    Ok(Write::Create(Box::new(NewIssue {
        project: project.id,
        values,
        properties: BTreeMap::new(),
        request: Some(request),
        creator: if by_customer { reporter } else { call.me().to_owned() },
    })))
}

pub(in super::super) fn answer(call: &Call<'_>, receipt: &Receipt) -> Answered {
    let found = call.site.issue_by_id(receipt.issue);
    let described = found.map(|found| body::describe(call, found));
    Ok(reply::json(201, described.unwrap_or_default()))
}
