//! Values of fields as callers send them, made ready by the kind of the field, or what is wrong with them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::super::call::Call;
use super::super::text::plain;
use super::options;
use crate::{
    sandbox::world::{AccountType, Field, FieldKind, Lens, Project},
    text::adf_validator,
};

/// The longest text of one line.
const LONGEST_LINE: usize = 255;

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Wrong {
    /// Said of the field.
    Field(String),
    /// A document that is not valid: said of the whole, and of no field.
    Document,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self::Field(message)
    }
}

fn wrong<T>(message: &str) -> Result<T, Wrong> {
    Err(Wrong::Field(message.to_owned()))
}

/// A value of a field as it is kept; null empties it.
pub(in super::super) fn make_ready(
    call: &Call<'_>,
    project: &Project,
    field: &Field,
    raw: &Value,
) -> Result<Value, Wrong> {
    match field.id.as_str() {
        "summary" => return summary(raw),
        "assignee" => return assignee(call, project, raw),
        "reporter" => return reporter(call, project, raw),
        _ if raw.is_null() => return Ok(Value::Null),
        _ => {}
    }
    let site = call.site;
    let ready = match field.kind {
        FieldKind::TextArea => return document(raw),
        FieldKind::Text | FieldKind::Url => return line(field, raw),
        FieldKind::Number => raw
            .is_number()
            .then(|| raw.clone())
            .ok_or("Operation value must be a number".to_owned()),
        FieldKind::Date => date(raw),
        FieldKind::DateTime => moment(raw),
        FieldKind::Select | FieldKind::RadioButtons => options::option(&field.options, raw),
        FieldKind::MultiSelect | FieldKind::Checkboxes => {
            options::several(raw, |raw| options::option(&field.options, raw))
        }
        FieldKind::Cascading => options::cascade(&field.options, raw),
        FieldKind::User => person(call, raw).map(Value::from),
        FieldKind::Users => options::several(raw, |raw| person(call, raw).map(Value::from)),
        FieldKind::Labels => options::several(raw, label),
        FieldKind::Priority => options::priority(site, raw),
        FieldKind::Components => options::several(raw, |raw| options::named("Component", &project.components, raw)),
        FieldKind::Versions => options::several(raw, |raw| options::named("Version", &project.versions, raw)),
        FieldKind::Parent => parent(call, project, raw),
        FieldKind::RequestType => request_type(project, raw),
        FieldKind::IssueType => issue_type(project, raw).map(Value::from),
        FieldKind::Project => Ok(project.id.to_string().into()),
        FieldKind::Any => Ok(raw.clone()),
    };
    Ok(ready?)
}

fn summary(raw: &Value) -> Result<Value, Wrong> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let Some(text) = raw.as_str() else {
        return wrong("Operation value must be a string");
    };
    if text.contains(['\n', '\r']) {
        return wrong("The summary is invalid because it contains newline characters.");
    }
    if text.chars().count() > LONGEST_LINE {
        return wrong("Summary can't exceed 255 characters.");
    }
    let text = text.trim();
    Ok(if text.is_empty() { Value::Null } else { text.into() })
}

/// A text in Atlassian Document Format.
pub(in super::super) fn document(raw: &Value) -> Result<Value, Wrong> {
    if raw.get("type").and_then(Value::as_str) != Some("doc") {
        return wrong("Operation value must be an Atlassian Document (see the Atlassian Document Format)");
    }
    if !adf_validator::violations(raw).is_empty() {
        return Err(Wrong::Document);
    }
    if plain::length(raw) > plain::LONGEST {
        return wrong("The entered text is too long. It exceeds the allowed limit of 32,767 characters.");
    }
    Ok(raw.clone())
}

fn line(field: &Field, raw: &Value) -> Result<Value, Wrong> {
    let Some(text) = raw.as_str() else {
        return wrong("Operation value must be a string");
    };
    if text.chars().count() > LONGEST_LINE {
        return wrong("The entered text is too long. It exceeds the allowed limit of 255 characters.");
    }
    if field.kind == FieldKind::Url && !text.is_empty() && url::Url::parse(text).is_err() {
        return wrong("The URL is invalid");
    }
    Ok(if text.is_empty() { Value::Null } else { text.into() })
}

fn date(raw: &Value) -> Result<Value, String> {
    let text = raw.as_str().unwrap_or_default();
    let exact = text.len() == "2027-01-04".len() && text.parse::<Date>().is_ok();
    exact
        .then(|| text.into())
        .ok_or_else(|| format!("Error parsing date string: {}", said(raw)))
}

fn moment(raw: &Value) -> Result<Value, String> {
    let text = raw.as_str().unwrap_or_default();
    let read = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).or_else(|_| text.parse());
    let at = read.map_err(|_| format!("Error parsing time: {}", said(raw)))?;
    Ok(at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string().into())
}

/// A value in a sentence.
fn said(raw: &Value) -> String {
    raw.as_str().map_or_else(|| raw.to_string(), str::to_owned)
}

fn label(raw: &Value) -> Result<Value, String> {
    let text = raw.as_str().ok_or_else(|| "data was not a string".to_owned())?;
    if text.contains(char::is_whitespace) {
        return Err(format!("The label '{text}' contains spaces which is invalid."));
    }
    if text.is_empty() || text.chars().count() > LONGEST_LINE {
        return Err(format!("The label '{text}' is invalid."));
    }
    Ok(text.into())
}

/// The account that a value names.
fn account_in(raw: &Value) -> Option<&str> {
    let id = raw.get("accountId").or_else(|| raw.get("id"));
    id.and_then(Value::as_str)
}

/// An account that the site knows, as its id.
fn person(call: &Call<'_>, raw: &Value) -> Result<String, String> {
    let id = account_in(raw).ok_or_else(|| "expected Object containing an `accountId` property".to_owned())?;
    let known = call.world.accounts.get(id).filter(|account| account.active);
    let known = known.filter(|_| call.site.has_portal_access(id));
    known
        .map(|account| account.account_id.clone())
        .ok_or_else(|| format!("User '{id}' does not exist."))
}

fn assignee(call: &Call<'_>, project: &Project, raw: &Value) -> Result<Value, Wrong> {
    let nobody = raw.is_null() || raw.get("accountId").is_some_and(Value::is_null);
    if nobody && project.assigns_lead {
        return wrong("Issues must be assigned.");
    }
    if nobody {
        return Ok(Value::Null);
    }
    if account_in(raw) == Some("-1") {
        return Ok(usual_assignee(project));
    }
    let id = person(call, raw)?;
    if call.site.holds(project, None, &id, "ASSIGNABLE_USER", Lens::Work) {
        return Ok(id.into());
    }
    Err(Wrong::Field(format!("User '{id}' cannot be assigned issues.")))
}

/// Whom an issue goes to when nobody is chosen.
pub(super) fn usual_assignee(project: &Project) -> Value {
    project.assigns_lead.then(|| project.lead.clone()).into()
}

fn reporter(call: &Call<'_>, project: &Project, raw: &Value) -> Result<Value, Wrong> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let found = person(call, raw).ok().and_then(|id| call.world.accounts.get(&id));
    // Customers ask in service projects only.
    let fits = |kind| kind != AccountType::Customer || project.is_service_desk();
    match found.filter(|account| fits(account.account_type)) {
        Some(account) => Ok(account.account_id.clone().into()),
        None => wrong("The reporter specified is not a user."),
    }
}

fn parent(call: &Call<'_>, project: &Project, raw: &Value) -> Result<Value, String> {
    let missing = || "Could not find issue by id or key.".to_owned();
    let name = raw
        .get("key")
        .or_else(|| raw.get("id"))
        .and_then(Value::as_str)
        .ok_or_else(missing)?;
    let found = call.site.issue(name);
    let (home, issue) = found
        .filter(|(home, issue)| call.site.reads(home, issue, call.me()))
        .ok_or_else(missing)?;
    if home.id == project.id {
        return Ok(issue.id.into());
    }
    Err("Given parent issue does not belong to the project of the issue.".to_owned())
}

fn request_type(project: &Project, raw: &Value) -> Result<Value, String> {
    let id = raw.as_str().unwrap_or_default();
    let types = project.desk.iter().flat_map(|desk| &desk.request_types);
    let known = types.into_iter().any(|kind| kind.id.to_string() == id);
    known
        .then(|| json!(id))
        .ok_or_else(|| format!("Request type '{}' is not valid", said(raw)))
}

/// A type of the project, by id or name.
pub(super) fn issue_type(project: &Project, raw: &Value) -> Result<String, String> {
    let part = |name| raw.get(name).and_then(Value::as_str);
    let (id, name) = (part("id"), part("name"));
    let mut types = project.workflow.issue_types.iter();
    let found = types.find(|kind| match (id, name) {
        (Some(id), _) => kind.id == id,
        (None, Some(name)) => kind.name == name,
        (None, None) => false,
    });
    found
        .map(|kind| kind.id.clone())
        .ok_or_else(|| "Specify a valid issue type".to_owned())
}
