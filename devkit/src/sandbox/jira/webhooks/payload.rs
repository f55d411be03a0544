//! The body of a delivery. It has the shapes of the API's second version, with addresses of the site and not of the
//! gateway, and texts that are plain.

use serde_json::{Map, Value, json};

use super::super::call::Call;
use super::super::issue_text::{Printer, Selection};
use super::super::render;
use super::super::text::plain;
use super::super::tickets::{changelog, comments};
use crate::sandbox::world::{Event, Happening, Issue, Project};

/// What events of comments and properties show of their issue.
const FEW: [&str; 6] = ["summary", "issuetype", "project", "assignee", "priority", "status"];

/// The body for those webhooks.
pub(super) fn body(call: &Call<'_>, project: &Project, happening: &Happening, webhooks: &[u64]) -> String {
    let mut body = Map::from_iter([
        ("timestamp".to_owned(), happening.at.as_millisecond().into()),
        ("webhookEvent".to_owned(), happening.event.name().into()),
        ("matchedWebhookIds".to_owned(), webhooks.into()),
    ]);
    let of_issue = matches!(
        happening.event,
        Event::IssueCreated | Event::IssueUpdated | Event::IssueDeleted
    );
    if of_issue {
        body.insert("issue_event_type_name".to_owned(), kind(happening).into());
    }
    if happening.comment.is_none() {
        body.extend(user(call, project, happening).map(|user| ("user".to_owned(), user)));
    }
    if happening.event == Event::IssueUpdated {
        body.insert("changelog".to_owned(), changes(call, project, happening));
    }
    if let Some(comment) = &happening.comment {
        let mut told = comments::describe(call, happening.issue.id, comment, false);
        if let Some(told) = told.as_object_mut() {
            told.insert("body".to_owned(), plain::of(&comment.body).into());
        }
        body.insert("comment".to_owned(), told);
    }
    if let Some((key, value)) = &happening.property {
        body.insert("property".to_owned(), json!({"key": key, "value": value}));
    }
    let text = Value::Object(body).to_string();
    let text = text.strip_suffix('}').unwrap_or_default();
    on_site(
        call,
        &format!("{text},\"issue\":{}}}", issue(call, project, happening, of_issue)),
    )
}

/// The finer name of the event.
fn kind(happening: &Happening) -> &'static str {
    let changed = |field: &str| happening.items.iter().any(|(name, _, _)| name == field);
    match happening.event {
        Event::IssueCreated => "issue_created",
        Event::IssueDeleted => "issue_deleted",
        _ if changed("project") => "issue_moved",
        _ if changed("status") => "issue_generic",
        _ if changed("assignee") => "issue_assigned",
        _ => "issue_updated",
    }
}

/// The issue as it was when it happened.
fn issue(call: &Call<'_>, project: &Project, happening: &Happening, whole: bool) -> String {
    let few: Vec<String> = FEW.iter().map(|name| (*name).to_owned()).collect();
    let selection = Selection::of(if whole { &[] } else { &few }, &["*navigable"]);
    let mut issue = Issue::clone(&happening.issue);
    issue.description = issue.description.as_ref().map(|document| plain::of(document).into());
    let mut text = String::new();
    Printer::new(call, &selection).whole_issue(&mut text, project, &issue);
    text
}

/// Who did it; the project's lead for a command that names nobody.
fn user(call: &Call<'_>, project: &Project, happening: &Happening) -> Option<Value> {
    let id = happening.author.as_ref().unwrap_or(&project.lead);
    let mut user = render::user(call.site, call.world.accounts.get(id)?);
    let parts = user.as_object_mut()?;
    parts.remove("locale");
    parts.remove("emailAddress");
    Some(user)
}

fn changes(call: &Call<'_>, project: &Project, happening: &Happening) -> Value {
    let items = happening.items.iter();
    let items: Vec<Value> = items
        .map(|(field, before, after)| changelog::item(call, project, field, (before, after)))
        .collect();
    let attached = call.site.attached(happening.issue.id);
    let mut told = attached.iter().flat_map(|attached| attached.changes.iter().rev());
    // What commands change that name nobody is not in the history, and has the time for a number.
    let id = told.find(|change| change.at == happening.at).map(|change| change.id);
    let id = id.map_or_else(|| happening.at.as_millisecond().to_string(), |id| id.to_string());
    json!({"id": id, "items": items})
}

/// The same with the site's addresses in the place of the gateway's.
fn on_site(call: &Call<'_>, body: &str) -> String {
    let (gateway, site) = (call.site.gateway_url(), call.site.url());
    let body = body.replace(&format!("{gateway}/rest/api/3"), &format!("{site}/rest/api/2"));
    body.replace(&gateway, &site)
}
