//! What answers show of issues beside the fields that all have: custom fields, comments, links, properties.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::render;
use super::requests::body;
use super::tickets::{comments, issue_links};
use crate::sandbox::world::{Issue, IssueLink, Project, REQUEST_TYPE};

/// Jira's own fields that few issues fill.
const RARE: &[&str] = &[
    "duedate",
    "components",
    "fixVersions",
    "environment",
    "issuelinks",
    "comment",
];

/// Those that lists of issues do not have columns for.
const NOT_NAVIGABLE: &[&str] = &["comment"];

/// Which of these fields are shown.
#[derive(Debug, Default)]
pub(super) struct Others {
    named: Vec<String>,
    all: bool,
    /// Whether those that are not navigable are among all.
    everything: bool,
    without: Vec<String>,
}

impl Others {
    /// Those of a list as callers write it.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>, all: bool, everything: bool) -> Self {
        let mut others = Self {
            all,
            everything,
            ..Self::default()
        };
        for name in names.filter(|name| !matches!(*name, "id" | "key" | "*all" | "*navigable")) {
            match name.strip_prefix('-') {
                Some(name) => others.without.push(name.to_owned()),
                None => others.named.push(name.to_owned()),
            }
        }
        others
    }

    /// Whether none is shown for sure.
    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && !self.all
    }

    /// The fields of an issue with their values.
    pub(super) fn values(&self, call: &Call<'_>, project: &Project, issue: &Issue) -> Vec<(String, Value)> {
        if self.is_empty() {
            return Vec::new();
        }
        let known = RARE
            .iter()
            .map(|name| (*name).to_owned())
            .chain(project.screens.fields.iter().cloned());
        let request_type = project.is_service_desk().then(|| REQUEST_TYPE.to_owned());
        let known = known.chain(request_type);
        let listed = |name: &str| self.all && (self.everything || !NOT_NAVIGABLE.contains(&name));
        let shown = |name: &String| (listed(name) || self.named.contains(name)) && !self.without.contains(name);
        known
            .filter(shown)
            .map(|name| (name.clone(), value(call, project, issue, &name)))
            .collect()
    }
}

fn value(call: &Call<'_>, project: &Project, issue: &Issue, name: &str) -> Value {
    match name {
        "issuelinks" => {
            let links = call
                .site
                .attached(issue.id)
                .map_or(&[][..], |attached| &attached.issue_links);
            links.iter().filter_map(|link| describe_link(call, link)).collect()
        }
        "comment" => comment_page(call, project, issue),
        "components" | "fixVersions" => match issue.value(name) {
            Value::Null => json!([]),
            value => value,
        },
        REQUEST_TYPE => request_type(call, project, issue),
        _ => people(call, name, issue.value(name)),
    }
}

/// People by their ids become people as Jira writes them.
fn people(call: &Call<'_>, name: &str, value: Value) -> Value {
    if !call.site.field(name).is_some_and(|field| field.kind.is_of_people()) {
        return value;
    }
    let person = |id: &Value| {
        let account = id.as_str().and_then(|id| call.world.accounts.get(id));
        account.map_or(Value::Null, |account| render::user(call.site, account))
    };
    match value {
        Value::Array(ids) => ids.iter().map(person).collect(),
        id => person(&id),
    }
}

fn comment_page(call: &Call<'_>, project: &Project, issue: &Issue) -> Value {
    let comments = call.site.comments(issue.id).iter();
    let comments = comments.filter(|comment| comments::is_shown(call, project, comment));
    let all: Vec<Value> = comments
        .map(|comment| comments::describe(call, issue.id, comment, false))
        .collect();
    let link = format!("{}/rest/api/3/issue/{}/comment", call.site.gateway_url(), issue.id);
    json!({"comments": all, "self": link, "maxResults": all.len(), "total": all.len(), "startAt": 0})
}

fn describe_link(call: &Call<'_>, link: &IssueLink) -> Option<Value> {
    let (project, other) = call.site.issue_by_id(link.other)?;
    let base = format!("{}/rest/api/3", call.site.gateway_url());
    let status = project
        .workflow
        .status(&other.status_id)
        .map(|status| render::status(call.site, status));
    let other = json!({
        "id": other.id.to_string(),
        "key": format!("{}-{}", project.key, other.number),
        "self": format!("{base}/issue/{}", other.id),
        "fields": {"summary": other.summary, "status": status},
    });
    let end = if link.inward { "inwardIssue" } else { "outwardIssue" };
    let mut body = json!({
        "id": link.id.to_string(),
        "self": format!("{base}/issueLink/{}", link.id),
        "type": issue_links::kind(call, &link.kind),
    });
    body.as_object_mut()?.insert(end.to_owned(), other);
    Some(body)
}

/// What the field of the request type shows: the type, where the request stands, and where customers find it.
fn request_type(call: &Call<'_>, project: &Project, issue: &Issue) -> Value {
    let found = (project, issue);
    let Some(kind) = body::kind_of(found) else {
        return Value::Null;
    };
    json!({
        "_links": body::links(call, found),
        "requestType": body::kind_body(found, kind),
        "currentStatus": body::status(call, found),
    })
}

/// The properties asked for that the issue has; `*all` asks for every one.
pub(super) fn properties(issue: &Issue, asked: &[String]) -> Value {
    let wanted = |key: &String| asked.iter().any(|asked| asked == key || asked == "*all");
    let own = issue.properties.iter().filter(|(key, _)| wanted(key));
    Value::Object(
        own.map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Map<_, _>>(),
    )
}
