//! Issues by their ids or keys, read past the search index.

use std::fmt::Write as _;

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::issue_text::{Printer, Selection};
use super::search;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Issue, Project};

/// The most issues one call fetches.
const MOST: usize = 100;

/// The issue by this id or key, if the caller may read it. Archived projects stay readable by their links.
fn readable<'a>(call: &Call<'a>, id_or_key: &str) -> Option<(&'a Project, &'a Issue)> {
    let found = call.site.issue(id_or_key);
    found.filter(|(project, issue)| call.site.reads(project, issue, call.me()))
}

/// The same for `bulkfetch`, which may look up keys, not ids, in what search knows: that is not documented.
fn fetchable<'a>(call: &Call<'a>, id_or_key: &str) -> Option<(&'a Project, &'a Issue)> {
    let by_index = call.site.tickets.undocumented.bulk_fetch_by_index && id_or_key.parse::<u64>().is_err();
    let index = &call.site.issue_locations.index;
    readable(call, id_or_key).filter(|(_, issue)| !by_index || index.get(issue.id).is_some())
}

/// `GET /rest/api/3/issue/{issueIdOrKey}`.
pub(super) fn get(call: &Call<'_>) -> Answered {
    let Some((project, issue)) = readable(call, call.param()) else {
        let message = "Issue does not exist or you do not have permission to see it.";
        return Ok(reply::jira_error(404, message));
    };
    let fields: Vec<String> = call.list("fields").into_iter().map(str::to_owned).collect();
    let selection = Selection::of(&fields, &["*all"]);
    let mut text = String::new();
    let mut printer = Printer::new(call, &selection);
    printer.properties = call.list("properties").into_iter().map(str::to_owned).collect();
    printer.whole_issue(&mut text, project, issue);
    Ok(reply::returning(reply::json_text(200, text), 1))
}

/// What is asked for, as the documents have it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    issue_ids_or_keys: Vec<String>,
    fields: Option<Vec<String>>,
    #[serde(rename = "expand")]
    _expand: Option<Vec<String>>,
    properties: Option<Vec<String>>,
    #[serde(rename = "fieldsByKeys")]
    _fields_by_keys: Option<bool>,
}

/// `POST /rest/api/3/issue/bulkfetch`, in the order of ids. What is missing or hidden is simply not in the answer; a
/// former key finds an issue that was moved. What cannot be returned now is named with an error.
pub(super) fn bulk_fetch(call: &Call<'_>) -> Answered {
    let wanted: Wanted = search::body(call)?;
    check(&wanted)?;
    let names = wanted.issue_ids_or_keys.iter();
    let mut found: Vec<_> = names.filter_map(|name| fetchable(call, name)).collect();
    found.sort_by_key(|(_, issue)| issue.id);
    found.dedup_by_key(|(_, issue)| issue.id);
    let unanswered = &call.site.issue_locations.unanswered;
    let failed = found.iter().filter(|(_, issue)| unanswered.contains(&issue.id));
    let failed = failed.map(|(_, issue)| {
        let message = "The issue could not be retrieved. Please try again.";
        json!({"id": issue.id.to_string(), "errorMessage": message})
    });
    let failed: Vec<Value> = failed.collect();
    found.retain(|(_, issue)| !unanswered.contains(&issue.id));
    let selection = Selection::of(wanted.fields.as_deref().unwrap_or_default(), &["*navigable"]);
    let mut printer = Printer::new(call, &selection);
    printer.properties = wanted.properties.unwrap_or_default();
    let mut text = String::from("{\"issues\":[");
    for (place, (project, issue)) in found.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        printer.whole_issue(&mut text, project, issue);
    }
    let _ = write!(text, "],\"issueErrors\":{}}}", Value::from(failed));
    Ok(reply::returning(reply::json_text(200, text), found.len()))
}

fn check(wanted: &Wanted) -> Result<(), Box<Response>> {
    let message = if !(1..=MOST).contains(&wanted.issue_ids_or_keys.len()) {
        "Between 1 and 100 issue ids or keys must be given."
    } else if wanted.properties.as_ref().is_some_and(|list| list.len() > 5) {
        "The maximum number of issue properties is 5."
    } else {
        return Ok(());
    };
    Err(Box::new(reply::jira_error(400, message)))
}
