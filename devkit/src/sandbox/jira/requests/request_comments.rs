//! Comments of requests: public ones for customers too, internal ones for agents.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Judged};
use super::super::desks;
use super::super::text::{plain, wiki};
use super::super::tickets::comments as platform;
use super::{Found, body, find, is_agent, refuse};
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Comment, Lens, NewComment, Receipt, Write};

const NO_COMMENT: (&str, &str) = ("The comment does not exist.", "sd.request.comment.error.not.found");

/// A comment as this API writes it: in wiki markup as it was sent, or as plain text.
fn describe(call: &Call<'_>, issue: u64, comment: &Comment) -> Value {
    let author = call.world.accounts.get(&comment.author);
    let link = format!("{}/request/{issue}/comment/{}", desks::base(call), comment.id);
    let mut shown = Map::from_iter([
        ("_expands".to_owned(), json!(["attachment", "renderedBody"])),
        ("id".to_owned(), comment.id.to_string().into()),
        (
            "body".to_owned(),
            comment.wiki.clone().unwrap_or_else(|| plain::of(&comment.body)).into(),
        ),
        ("public".to_owned(), (!comment.internal).into()),
        ("created".to_owned(), body::date(comment.created, call.account)),
        ("_links".to_owned(), json!({"self": link})),
    ]);
    shown.extend(author.map(|author| ("author".to_owned(), body::user(call, author))));
    Value::Object(shown)
}

/// The comments that the caller may read.
fn shown<'a>(call: &Call<'a>, (project, issue): Found<'_>) -> Vec<&'a Comment> {
    let agent = is_agent(call, project);
    let readable = |comment: &&Comment| {
        let public = !comment.internal && comment.visibility.is_none();
        (agent || public) && platform::is_shown(call, project, comment)
    };
    call.site.comments(issue.id).iter().filter(readable).collect()
}

/// `GET /rest/servicedeskapi/request/{issueIdOrKey}/comment`: empty, and no refusal, where there is nothing to be seen.
pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    let wanted = |name: &str| call.value(name) != Some("false");
    let found = find(call, 404).ok();
    let comments = found.map(|found| shown(call, found)).unwrap_or_default().into_iter();
    let comments = comments.filter(|comment| wanted(if comment.internal { "internal" } else { "public" }));
    let id = found.map_or(0, |(_, issue)| issue.id);
    let values: Vec<Value> = comments.map(|comment| describe(call, id, comment)).collect();
    Ok(desks::page_of(call, &values))
}

/// `GET /rest/servicedeskapi/request/{issueIdOrKey}/comment/{commentId}`.
pub(in super::super) fn get(call: &Call<'_>) -> Answered {
    let found = find(call, 404)?;
    let id = call.params.get(1).and_then(|id| id.parse().ok());
    let comment = shown(call, found).into_iter().find(|comment| Some(comment.id) == id);
    let comment = comment.ok_or_else(|| refuse(404, NO_COMMENT.0, NO_COMMENT.1))?;
    Ok(reply::json(200, describe(call, found.1.id, comment)))
}

/// What is to be written, in a body that says whether it is public.
fn read<'a>(call: &'a Call<'_>) -> Result<(&'a str, bool), Box<Response>> {
    let text = call.body.get("body").and_then(Value::as_str).map(str::trim_end);
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Err(refuse(
            400,
            "The comment body is empty.",
            "sd.request.comment.error.body.empty",
        ));
    };
    let Some(public) = call.body.get("public").and_then(Value::as_bool) else {
        return Err(refuse(
            400,
            "The field 'public' is required.",
            "sd.request.comment.error.public.missing",
        ));
    };
    if text.chars().count() > plain::LONGEST {
        let message = "The entered text is too long. It exceeds the allowed limit of 32,767 characters.";
        return Err(refuse(400, message, "sd.request.comment.error.body.too.long"));
    }
    Ok((text, public))
}

/// `POST /rest/servicedeskapi/request/{issueIdOrKey}/comment`. An issue that is no request is refused with 403.
pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let found = find(call, 403)?;
    let (project, issue) = found;
    let agent = is_agent(call, project);
    let lens = if agent { Lens::Work } else { Lens::Portal };
    let archived = call.site.issue_locations.archived.contains(&issue.id);
    if archived || !call.site.holds(project, Some(issue), call.me(), "ADD_COMMENTS", lens) {
        let message = "You do not have permission to comment on this request.";
        return Err(refuse(403, message, "sd.request.comment.error.permission.denied"));
    }
    let (text, public) = read(call)?;
    if !public && !agent {
        let message = "You do not have permission to add internal comments.";
        return Err(refuse(403, message, "sd.request.comment.error.internal.denied"));
    }
    platform::full(call, issue)?;
    let comment = NewComment {
        body: wiki::document(text),
        wiki: Some(text.to_owned()),
        internal: !public && !call.site.tickets.undocumented.internal_becomes_public,
        ..NewComment::default()
    };
    Ok(Write::Comment {
        issue: issue.id,
        comment: Box::new(comment),
    })
}

pub(in super::super) fn answer(call: &Call<'_>, receipt: &Receipt) -> Answered {
    let found = call.site.comment(receipt.part);
    let (issue, comment) = found.ok_or_else(|| refuse(404, NO_COMMENT.0, NO_COMMENT.1))?;
    Ok(reply::json(201, describe(call, issue, comment)))
}
