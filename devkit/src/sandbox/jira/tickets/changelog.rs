//! `GET /rest/api/3/issue/{issueIdOrKey}/changelog`: what was changed, by whom and when, the oldest first.

use serde_json::{Map, Value, json};

use super::super::call::{Call, Page};
use super::super::render;
use super::super::text::plain;
use super::comments;
use super::refusal::readable;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Change, Field, Project};

/// The most changes of a page.
const LARGEST_PAGE: usize = 100;

pub(in super::super) fn list(call: &Call<'_>) -> Answered {
    let (project, issue) = readable(call)?;
    let all = call
        .site
        .attached(issue.id)
        .map_or(&[][..], |attached| &attached.changes);
    let Page { start, limit } = call.page("startAt", "maxResults", LARGEST_PAGE, LARGEST_PAGE);
    let page = all.iter().skip(start).take(limit);
    let values: Vec<Value> = page.map(|change| describe(call, project, change)).collect();
    let count = values.len();
    let link = |start: usize| {
        let base = call.site.gateway_url();
        format!(
            "{base}/rest/api/3/issue/{}/changelog?maxResults={limit}&startAt={start}",
            issue.id
        )
    };
    let is_last = start + count >= all.len();
    let mut body = json!({
        "self": link(start), "maxResults": limit, "startAt": start, "total": all.len(), "isLast": is_last,
        "values": values,
    });
    if let (false, Some(body)) = (is_last, body.as_object_mut()) {
        body.insert("nextPage".to_owned(), link(start + count).into());
    }
    Ok(reply::returning(reply::json(200, body), count))
}

fn describe(call: &Call<'_>, project: &Project, change: &Change) -> Value {
    let items = change
        .items
        .iter()
        .map(|(field, before, after)| item(call, project, field, (before, after)));
    let mut body = json!({
        "id": change.id.to_string(),
        "created": render::time(change.at, call.account),
        "items": items.collect::<Vec<_>>(),
    });
    if let Some(body) = body.as_object_mut() {
        let author = comments::author(call, &change.author);
        body.extend(author.map(|author| ("author".to_owned(), author)));
        let history = change.history.clone();
        body.extend(history.map(|history| ("historyMetadata".to_owned(), history)));
    }
    body
}

pub(in super::super) fn item(call: &Call<'_>, project: &Project, id: &str, (before, after): (&Value, &Value)) -> Value {
    let custom = call.site.field(id).filter(Field::is_custom);
    let (from, from_text) = told(call, project, id, before);
    let (to, to_text) = told(call, project, id, after);
    let kind = if custom.is_some() { "custom" } else { "jira" };
    let mut body = Map::from_iter([
        (
            "field".to_owned(),
            custom.map_or_else(|| id.to_owned(), |field| field.name).into(),
        ),
        ("fieldId".to_owned(), id.into()),
        ("fieldtype".to_owned(), kind.into()),
        ("fromString".to_owned(), from_text.into()),
        ("toString".to_owned(), to_text.into()),
    ]);
    // What has no id of its own is told by its text alone.
    for (name, id) in [("from", from), ("to", to)] {
        body.extend(id.map(|id| (name.to_owned(), id.into())));
    }
    Value::Object(body)
}

/// A value by its id, where it has one, and in words.
fn told(call: &Call<'_>, project: &Project, field: &str, value: &Value) -> (Option<String>, String) {
    let part = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let text = value.as_str().unwrap_or_default();
    let owned = || Some(text.to_owned()).filter(|text| !text.is_empty());
    match field {
        "status" => {
            let status = project.workflow.status(text);
            (owned(), status.map_or_else(String::new, |status| status.name.clone()))
        }
        "assignee" | "reporter" => {
            let account = call.world.accounts.get(text);
            (
                owned(),
                account.map_or_else(String::new, |account| account.display_name.clone()),
            )
        }
        "priority" => (owned(), call.site.priority(text).unwrap_or_default()),
        "resolution" => (
            part("id"),
            part("name")
                .map(|name| render::in_language(call.site, &name))
                .unwrap_or_default(),
        ),
        _ if value.get("type").is_some() => (None, plain::of(value)),
        _ => match value {
            Value::Null => (None, String::new()),
            Value::String(text) => (None, text.clone()),
            Value::Array(list) => {
                let words = list
                    .iter()
                    .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
                (None, words.collect::<Vec<_>>().join(" "))
            }
            other => (
                part("id"),
                part("value")
                    .or_else(|| part("name"))
                    .unwrap_or_else(|| other.to_string()),
            ),
        },
    }
}
