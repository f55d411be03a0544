//! `PUT` and `DELETE /rest/api/3/issue/{issueIdOrKey}`, and its assignee.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::call::{Call, Judged};
use super::super::issues;
use super::draft::{Draft, properties};
use super::refusal::{Refusal, holds, off_screen, refuse, writable};
use super::values::make_ready;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Field, Project, Receipt, Values, Write, system_fields};

/// Fields that take a permission beside that to edit.
const GUARDED: &[(&str, &str)] = &[("reporter", "MODIFY_REPORTER"), ("assignee", "ASSIGN_ISSUES")];

/// A field that issues of the project can have. Edit screens are not asked any more.
fn editable(call: &Call<'_>, project: &Project, id: &str) -> Option<Field> {
    let own = system_fields().any(|field| field.id == id) || project.screens.fields.iter().any(|own| own == id);
    let request_type = id == crate::sandbox::world::REQUEST_TYPE && project.is_service_desk();
    call.site.field(id).filter(|_| id != "project" && (own || request_type))
}

pub(in super::super) fn judge(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    let (project, issue) = found;
    if !holds(call, found, "EDIT_ISSUES") {
        return Err(refuse(
            400,
            "You do not have permission to edit issues in this project.",
        ));
    }
    let draft = Draft::read(&call.body)?;
    let properties = properties(&call.body)?;
    let find = |id: &str| {
        let guard = GUARDED.iter().find(|(field, _)| *field == id);
        let may = guard.is_none_or(|(_, permission)| holds(call, found, permission));
        editable(call, project, id).filter(|_| may)
    };
    let (values, mut refusal) = draft.values(call, project, find, |field| issue.value(field));
    for (field, message) in [
        ("summary", "You must specify a summary of the issue."),
        ("reporter", "Reporter is required."),
    ] {
        if values.get(field).is_some_and(Value::is_null) {
            refusal.field(field, message);
        }
    }
    refusal.check()?;
    let issue = issue.id;
    Ok(Write::Edit {
        issue,
        values,
        properties,
    })
}

/// The issue as it is now, if that is asked for.
pub(in super::super) fn answer(call: &Call<'_>, receipt: &Receipt) -> Answered {
    match call.value("returnIssue") {
        Some("true") => issues::get(call),
        _ => done(call, receipt),
    }
}

/// Nothing to be said.
pub(in super::super) fn done(_: &Call<'_>, _: &Receipt) -> Answered {
    Ok(reply::empty(204))
}

/// `PUT /rest/api/3/issue/{issueIdOrKey}/assignee`, which takes Assign Issues alone.
pub(in super::super) fn judge_assignee(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    if !holds(call, found, "ASSIGN_ISSUES") {
        return Err(refuse(403, "You do not have permission to assign issues."));
    }
    let Some(id) = call.body.get("accountId") else {
        return Err(refuse(400, "accountId is missing."));
    };
    let field = call
        .site
        .field("assignee")
        .ok_or_else(|| refuse(400, &off_screen("assignee")))?;
    let raw = json!({"accountId": id});
    let ready = make_ready(call, found.0, &field, &raw);
    let ready = ready.map_err(|wrong| Refusal::of("assignee", wrong.said()))?;
    Ok(Write::Edit {
        issue: found.1.id,
        values: Values::from([("assignee".to_owned(), ready)]),
        properties: BTreeMap::new(),
    })
}

/// `DELETE /rest/api/3/issue/{issueIdOrKey}`.
pub(in super::super) fn judge_deletion(call: &Call<'_>) -> Judged {
    let found = writable(call)?;
    if !holds(call, found, "DELETE_ISSUES") {
        return Err(refuse(
            403,
            "You do not have permission to delete issues in this project.",
        ));
    }
    let issue = found.1.id;
    if found.0.issues.values().any(|other| other.parent == Some(issue)) {
        return Err(refuse(
            400,
            "The issue has subtasks. You must specify the 'deleteSubtasks' parameter.",
        ));
    }
    Ok(Write::Delete { issue })
}
