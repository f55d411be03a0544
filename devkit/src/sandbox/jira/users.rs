//! People: the caller's own account, and the directory.

use axum::response::Response;
use serde_json::{Value, json};

use super::call::{Call, Page};
use super::render;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Account, AccountType, Issue, Lens, Project};

/// How far a search looks: nobody behind the thousandth match is ever found.
const FARTHEST_MATCH: usize = 1000;

/// `GET /rest/api/3/myself`.
pub(super) fn myself(call: &Call<'_>) -> Answered {
    let mut user = render::user(call.site, call.account);
    if let Value::Object(user) = &mut user {
        let groups = call.site.groups.values();
        let count = groups.filter(|members| members.contains(call.me())).count();
        user.insert("groups".to_owned(), json!({"size": count, "items": []}));
        user.insert("applicationRoles".to_owned(), json!({"size": 1, "items": []}));
        user.insert("expand".to_owned(), "groups,applicationRoles".into());
    }
    Ok(reply::json(200, user))
}

/// Whether the caller may browse the directory.
fn browses(call: &Call<'_>) -> bool {
    call.site.holds_globally(call.me(), "USER_PICKER")
}

fn forbidden() -> Response {
    reply::jira_error(403, "You do not have permission to browse users and groups.")
}

/// Everybody the site knows: members of any group, and portal customers.
fn everybody<'a>(call: &Call<'a>) -> impl Iterator<Item = &'a Account> + use<'a> {
    let site = call.site;
    let known = move |account: &&Account| {
        let id = account.account_id.as_str();
        site.customers.contains(id) || site.groups.values().any(|members| members.contains(id))
    };
    call.world.accounts.values().filter(known)
}

fn shown<'a>(call: &Call<'_>, accounts: impl Iterator<Item = &'a Account>) -> Response {
    let users: Vec<Value> = accounts.map(|account| render::user(call.site, account)).collect();
    reply::json(200, users.into())
}

/// `GET /rest/api/3/users/search` and `/users`: everybody, the inactive and the apps included, without a total.
pub(super) fn all(call: &Call<'_>) -> Answered {
    if !browses(call) {
        return Ok(forbidden());
    }
    let Page { start, limit } = call.page("startAt", "maxResults", 50, 1000);
    // What is passed over has its place in the list, and is taken out of a page that was cut.
    let passed_over = call.site.passed_over;
    let first = start.saturating_sub(passed_over);
    let last = (start + limit).saturating_sub(passed_over);
    Ok(shown(call, everybody(call).skip(first).take(last - first)))
}

/// `GET /rest/api/3/user/search`: active accounts by the beginning of a name or address. Without the permission the
/// answer is empty and not a refusal.
pub(super) fn search(call: &Call<'_>) -> Answered {
    let (query, id) = (call.value("query"), call.value("accountId"));
    either(call)?;
    let Page { start, limit } = call.page("startAt", "maxResults", 50, 1000);
    let hit = |account: &&Account| {
        let by_id = id.is_none_or(|id| account.account_id == id);
        browses(call) && account.active && by_id && query.is_none_or(|query| found_by(account, query))
    };
    let hits = everybody(call).filter(hit).take(FARTHEST_MATCH);
    Ok(shown(call, hits.skip(start).take(limit)))
}

/// Refuses a search for nobody, and one by name and id at once.
fn either(call: &Call<'_>) -> Result<(), Box<Response>> {
    let message = match (call.value("query"), call.value("accountId")) {
        (Some(_), Some(_)) => "The query parameters 'query' and 'accountId' cannot both be given.",
        (None, None) => "The query parameters 'query' or 'accountId' are missing.",
        _ => return Ok(()),
    };
    Err(Box::new(reply::jira_error(400, message)))
}

/// A hidden address is found by the whole of it only.
fn found_by(account: &Account, query: &str) -> bool {
    let query = query.to_lowercase();
    let name = account.display_name.to_lowercase();
    let mut words = name.split_whitespace();
    let by_name = name.starts_with(&query) || words.any(|word| word.starts_with(&query));
    let email = account.email.to_lowercase();
    let by_email = match account.shown_email() {
        Some(_) => email.starts_with(&query),
        None => email == query,
    };
    !query.is_empty() && (by_name || by_email)
}

/// `GET /rest/api/3/user?accountId=`.
pub(super) fn get(call: &Call<'_>) -> Answered {
    let Some(id) = call.value("accountId") else {
        return Ok(reply::jira_error(400, "The query parameter 'accountId' is missing."));
    };
    if id != call.me() && !browses(call) {
        return Ok(forbidden());
    }
    let found = everybody(call).find(|account| account.account_id == id);
    Ok(match found {
        Some(account) => reply::json(200, render::user(call.site, account)),
        None => reply::jira_error(
            404,
            "Specified user does not exist or you do not have required permissions",
        ),
    })
}

/// `GET /rest/api/3/user/bulk?accountId=…&accountId=…`.
pub(super) fn bulk(call: &Call<'_>) -> Answered {
    let wanted = call.values("accountId");
    if wanted.is_empty() {
        return Ok(reply::jira_error(400, "The query parameter 'accountId' is missing."));
    }
    let known = |account: &&Account| wanted.contains(&account.account_id.as_str());
    let found: Vec<&Account> = everybody(call).filter(known).collect();
    let Page { start, limit } = call.page("startAt", "maxResults", 10, 200);
    let page = found.iter().skip(start).take(limit);
    let values: Vec<Value> = page.map(|account| render::user(call.site, account)).collect();
    let is_last = start + values.len() >= found.len();
    Ok(reply::json(
        200,
        json!({
            "maxResults": limit,
            "startAt": start,
            "total": found.len(),
            "isLast": is_last,
            "values": values,
        }),
    ))
}

/// The project that assignees are asked for, with the issue if one is named.
fn assigned_in<'a>(call: &'a Call<'_>) -> Result<(&'a Project, Option<&'a Issue>), Box<Response>> {
    if let Some(name) = call.value("project") {
        return Ok((call.readable_project(name)?, None));
    }
    let Some(name) = call.value("issueKey").or_else(|| call.value("issueId")) else {
        let message = "Either a project key or issue key has to be provided.";
        return Err(Box::new(reply::jira_error(400, message)));
    };
    let found = call.site.issue(name);
    let found = found.filter(|(project, issue)| call.site.reads(project, issue, call.me()));
    let message = "Issue does not exist or you do not have permission to see it.";
    let (project, issue) = found.ok_or_else(|| Box::new(reply::jira_error(404, message)))?;
    Ok((project, Some(issue)))
}

/// `GET /rest/api/3/user/assignable/search?project=`: filtered after paging, so that pages may be short or empty. It
/// takes Assign Issues in the project or Browse Users; how Jira refuses others is not documented, here it is an empty
/// list as from the other search.
pub(super) fn assignable(call: &Call<'_>) -> Answered {
    let (project, issue) = assigned_in(call)?;
    either(call)?;
    let site = call.site;
    if !browses(call) && !site.holds(project, issue, call.me(), "ASSIGN_ISSUES", Lens::Work) {
        return Ok(reply::json(200, json!([])));
    }
    let (query, id) = (call.value("query"), call.value("accountId"));
    let hit = |account: &&Account| {
        let by_id = id.is_none_or(|id| account.account_id == id);
        // An empty query means everybody here.
        by_id && query.is_none_or(|query| query.is_empty() || found_by(account, query))
    };
    let assignable = |account: &&Account| {
        let id = account.account_id.as_str();
        let person = account.active && account.account_type != AccountType::Customer;
        person && site.holds(project, issue, id, "ASSIGNABLE_USER", Lens::Work)
    };
    let Page { start, limit } = call.page("startAt", "maxResults", 50, 1000);
    let hits = everybody(call).filter(hit).take(FARTHEST_MATCH);
    let page = hits.skip(start).take(limit);
    Ok(shown(call, page.filter(assignable)))
}
