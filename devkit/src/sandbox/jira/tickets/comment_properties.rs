//! Entity properties of comments.

use axum::response::Response;

use super::super::call::{Call, Judged};
use super::comments::{is_shown, may_change};
use super::draft::check_property;
use super::properties::{key, listed, shown};
use super::refusal::refuse;
use crate::sandbox::reply::Answered;
use crate::sandbox::world::{Comment, Issue, Project, Write};

/// A comment with its issue and project.
type Found<'a> = (&'a Project, &'a Issue, &'a Comment);

/// The comment that the path names, if the caller may read it.
fn named<'a>(call: &Call<'a>) -> Result<Found<'a>, Box<Response>> {
    let id: u64 = call
        .param()
        .parse()
        .map_err(|_| refuse(400, "The comment id is not valid."))?;
    let found = call.site.comment(id).and_then(|(issue, comment)| {
        let (project, issue) = call.site.issue_by_id(issue)?;
        Some((project, issue, comment))
    });
    let readable = found.filter(|(project, issue, comment)| {
        call.site.reads(project, issue, call.me()) && is_shown(call, project, comment)
    });
    readable.ok_or_else(|| refuse(404, "Can not find a comment for the id."))
}

/// `GET /rest/api/3/comment/{commentId}/properties`.
pub(in super::super) fn keys(call: &Call<'_>) -> Answered {
    let (_, _, comment) = named(call)?;
    let base = format!(
        "{}/rest/api/3/comment/{}/properties",
        call.site.gateway_url(),
        comment.id
    );
    listed(&comment.properties, &base)
}

/// `GET /rest/api/3/comment/{commentId}/properties/{propertyKey}`.
pub(in super::super) fn get(call: &Call<'_>) -> Answered {
    shown(&named(call)?.2.properties, &key(call))
}

/// The comment, if the caller may change it.
fn changeable<'a>(call: &Call<'a>) -> Result<&'a Comment, Box<Response>> {
    let (project, issue, comment) = named(call)?;
    if may_change(call, (project, issue), comment, "EDIT") {
        return Ok(comment);
    }
    Err(refuse(403, "You do not have the permission to edit this comment."))
}

/// `PUT /rest/api/3/comment/{commentId}/properties/{propertyKey}`: the body is the value.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let comment = changeable(call)?;
    let key = key(call);
    check_property(&key, &call.body)?;
    Ok(Write::CommentProperty {
        comment: comment.id,
        key,
        value: Some(call.body.clone()),
    })
}

/// `DELETE` of the same.
pub(in super::super) fn judge_deletion(call: &Call<'_>) -> Judged {
    let comment = changeable(call)?;
    let key = key(call);
    if !comment.properties.contains_key(&key) {
        return Err(refuse(404, &format!("The property with key '{key}' does not exist.")));
    }
    Ok(Write::CommentProperty {
        comment: comment.id,
        key,
        value: None,
    })
}
