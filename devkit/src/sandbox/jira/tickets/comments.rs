//! Comments through the platform's API: text in Atlassian Document Format, public unless a property says otherwise.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Judged, Page};
use super::super::render;
use super::draft::properties;
use super::refusal::{Refusal, holds, readable, refuse, writable};
use super::values::document;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Comment, Issue, NewComment, Project, Receipt, Write};

/// The most comments of an issue.
const MOST: usize = 5000;
/// The most comments of a page.
const LARGEST_PAGE: usize = 100;
/// The property that says whether a comment is internal.
const INTERNAL: &str = "sd.public.comment";
const NO_COMMENT: &str = "Can not find a comment for the id.";

/// Whether the caller may read a comment: it may be restricted to a role or a group.
pub(in super::super) fn is_shown(call: &Call<'_>, project: &Project, comment: &Comment) -> bool {
    let part = |name: &str| comment.visibility.as_ref()?.get(name)?.as_str();
    let Some(kind) = part("type") else { return true };
    let name = part("identifier").or_else(|| part("value")).unwrap_or_default();
    match kind {
        "group" => call.site.in_group(call.me(), name),
        _ => call.site.plays(project, name, call.me()),
    }
}

/// The comments that the caller may read.
fn shown<'a>(call: &Call<'a>, project: &Project, issue: &Issue) -> Vec<&'a Comment> {
    let comments = call.site.comments(issue.id).iter();
    comments.filter(|comment| is_shown(call, project, comment)).collect()
}

/// A person, with less than elsewhere.
pub(super) fn author(call: &Call<'_>, id: &str) -> Option<Value> {
    let mut user = render::user(call.site, call.world.accounts.get(id)?);
    let parts = user.as_object_mut()?;
    parts.remove("locale");
    parts.remove("appType");
    Some(user)
}

/// A comment as the platform writes it.
pub(in super::super) fn describe(call: &Call<'_>, issue: u64, comment: &Comment, with_properties: bool) -> Value {
    let person = |id: &str| author(call, id);
    let base = call.site.gateway_url();
    let mut body = Map::from_iter([
        (
            "self".to_owned(),
            format!("{base}/rest/api/3/issue/{issue}/comment/{}", comment.id).into(),
        ),
        ("id".to_owned(), comment.id.to_string().into()),
        ("body".to_owned(), comment.body.clone()),
        ("created".to_owned(), render::time(comment.created, call.account).into()),
        ("updated".to_owned(), render::time(comment.updated, call.account).into()),
        ("jsdPublic".to_owned(), (!comment.internal).into()),
    ]);
    body.extend(person(&comment.author).map(|author| ("author".to_owned(), author)));
    body.extend(person(&comment.update_author).map(|author| ("updateAuthor".to_owned(), author)));
    body.extend(
        comment
            .visibility
            .clone()
            .map(|visibility| ("visibility".to_owned(), visibility)),
    );
    if with_properties {
        let properties = comment.properties.iter();
        let properties: Vec<Value> = properties
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        body.insert("properties".to_owned(), properties.into());
    }
    Value::Object(body)
}

fn expands(call: &Call<'_>) -> bool {
    call.list("expand").contains(&"properties")
}

/// `GET /rest/api/3/issue/{issueIdOrKey}/comment`.
pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    let (project, issue) = readable(call)?;
    let mut comments = shown(call, project, issue);
    match call.value("orderBy").unwrap_or("created") {
        "created" | "+created" => {}
        "-created" => comments.reverse(),
        _ => return Err(refuse(400, "Comments can only be ordered by created.")),
    }
    let Page { start, limit } = call.page("startAt", "maxResults", LARGEST_PAGE, LARGEST_PAGE);
    let page = comments.iter().skip(start).take(limit);
    let page: Vec<Value> = page
        .map(|comment| describe(call, issue.id, comment, expands(call)))
        .collect();
    let count = page.len();
    let body = json!({"startAt": start, "maxResults": limit, "total": comments.len(), "comments": page});
    Ok(reply::returning(reply::json(200, body), count))
}

/// The comment that the path names, on the issue that it names.
fn named<'a>(call: &Call<'a>, (project, issue): (&Project, &Issue)) -> Result<&'a Comment, Box<Response>> {
    let id = call.params.get(1).and_then(|id| id.parse().ok());
    let mut comments = shown(call, project, issue).into_iter();
    comments
        .find(|comment| Some(comment.id) == id)
        .ok_or_else(|| refuse(404, NO_COMMENT))
}

/// `GET /rest/api/3/issue/{issueIdOrKey}/comment/{id}`.
pub(in super::super) fn get(call: &Call<'_>) -> Answered {
    let found = readable(call)?;
    let comment = named(call, found)?;
    Ok(reply::json(200, describe(call, found.1.id, comment, expands(call))))
}

/// `POST /rest/api/3/comment/list`: what is missing or hidden is not among them.
pub(in super::super) fn by_ids(call: &Call<'_>) -> Answered {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        ids: Vec<u64>,
    }
    let message = "Invalid request payload. Refer to the REST API documentation and try again.";
    let wanted = Wanted::deserialize(&call.body).map_err(|_| refuse(400, message))?;
    if !(1..=1000).contains(&wanted.ids.len()) {
        return Err(refuse(400, "Between 1 and 1000 comment ids must be given."));
    }
    let found = wanted.ids.iter().filter_map(|id| call.site.comment(*id));
    let found = found.filter(|(issue, comment)| {
        let home = call.site.issue_by_id(*issue);
        home.is_some_and(|(project, issue)| {
            call.site.reads(project, issue, call.me()) && is_shown(call, project, comment)
        })
    });
    let values: Vec<Value> = found
        .map(|(issue, comment)| describe(call, issue, comment, expands(call)))
        .collect();
    let body = json!({
        "isLast": true, "maxResults": 1_048_576, "startAt": 0, "total": values.len(), "values": values,
    });
    Ok(reply::json(200, body))
}

/// What is to be written; `former` is the comment that is edited.
fn read(call: &Call<'_>, project: &Project, former: Option<&Comment>) -> Result<NewComment, Box<Response>> {
    let invalid = |_| Refusal::of("comment", "Comment body is not valid!");
    let body = document(call.body.get("body").unwrap_or(&Value::Null)).map_err(invalid)?;
    let properties = properties(&call.body)?;
    let flag = properties.get(INTERNAL).and_then(|value| value.get("internal"));
    let agent = call.site.holds(
        project,
        None,
        call.me(),
        "SERVICEDESK_AGENT",
        crate::sandbox::world::Lens::Work,
    );
    // On an issue outside of service projects, and from others than agents, the flag is passed over in silence.
    let internal = match flag.and_then(Value::as_bool) {
        Some(internal) => internal && project.is_service_desk() && agent,
        None => former.is_some_and(|former| former.internal),
    };
    let visibility = call.body.get("visibility").filter(|visibility| !visibility.is_null());
    Ok(NewComment {
        body,
        wiki: None,
        internal,
        visibility: visibility
            .or(former.and_then(|former| former.visibility.as_ref()))
            .cloned(),
        properties,
    })
}

/// Refuses a comment to whom the permission is missing.
pub(in super::super) fn full(call: &Call<'_>, issue: &Issue) -> Result<(), Box<Response>> {
    if call.site.comments(issue.id).len() < MOST {
        return Ok(());
    }
    Err(refuse(413, "The issue has reached the limit of 5000 comments."))
}

/// `POST /rest/api/3/issue/{issueIdOrKey}/comment`.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    if !holds(call, found, "ADD_COMMENTS") {
        let message = "You do not have the permission to comment on this issue.";
        return Err(refuse(400, message));
    }
    full(call, found.1)?;
    let comment = read(call, found.0, None)?;
    Ok(Write::Comment {
        issue: found.1.id,
        comment: Box::new(comment),
    })
}

/// Whether the caller may do to a comment what takes one permission for all and another for one's own.
pub(super) fn may_change(call: &Call<'_>, found: (&Project, &Issue), comment: &Comment, what: &str) -> bool {
    let own = comment.author == call.me() && holds(call, found, &format!("{what}_OWN_COMMENTS"));
    own || holds(call, found, &format!("{what}_ALL_COMMENTS"))
}

/// `PUT /rest/api/3/issue/{issueIdOrKey}/comment/{id}`.
pub(in super::super) fn judge_edit(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    let comment = named(call, found)?;
    if !may_change(call, found, comment, "EDIT") {
        let message = "You do not have the permission to edit this comment.";
        return Err(refuse(400, message));
    }
    let new = read(call, found.0, Some(comment))?;
    Ok(Write::EditComment {
        comment: comment.id,
        new: Box::new(new),
    })
}

/// `DELETE /rest/api/3/issue/{issueIdOrKey}/comment/{id}`.
pub(in super::super) fn judge_deletion(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    let comment = named(call, found)?;
    if !may_change(call, found, comment, "DELETE") {
        let message = "You do not have the permission to delete this comment.";
        return Err(refuse(400, message));
    }
    Ok(Write::DeleteComment { comment: comment.id })
}

/// The comment as it is now.
pub(in super::super) fn answer(call: &Call<'_>, receipt: &Receipt) -> Answered {
    let found = call.site.comment(receipt.part);
    let (issue, comment) = found.ok_or_else(|| refuse(404, NO_COMMENT))?;
    let code = if receipt.created { 201 } else { 200 };
    Ok(reply::json(code, describe(call, issue, comment, expands(call))))
}
