//! Issues: search, single ones, and questions about queries.

use std::collections::BTreeSet;

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::jql::{self, Query, Searcher};
use super::render;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Issue, Project};

/// The most issues a page holds when nothing but ids and keys is asked for.
const MOST_IDS: usize = 5000;
/// The most issues a page holds otherwise.
const MOST_ISSUES: usize = 100;
/// How long a page's token lasts, in milliseconds.
const TOKEN_LIFETIME: i64 = 7 * 24 * 60 * 60 * 1000;

/// `GET` and `POST /rest/api/3/search`: switched off by Atlassian.
pub(super) fn gone(_: &Call<'_>) -> Answered {
    let message = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. \
        A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";
    Ok(reply::jira_error(410, message))
}

fn searcher<'a>(call: &Call<'a>) -> Searcher<'a> {
    Searcher {
        site: call.site,
        account: call.account,
        now: call.world.now(),
    }
}

/// The query, if it is well-formed, bounded and names only what the caller may see.
fn checked(call: &Call<'_>, text: &str) -> Result<Query, Box<Response>> {
    let refuse = |messages: &[String]| Box::new(reply::json(400, json!({"errorMessages": messages, "errors": {}})));
    let query = jql::parse(text).map_err(|message| refuse(&[message]))?;
    if !query.is_bounded() {
        let message = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
        return Err(refuse(&[message.to_owned()]));
    }
    let errors = jql::validate(&searcher(call), &query);
    if errors.is_empty() {
        Ok(query)
    } else {
        Err(refuse(&errors))
    }
}

/// What a search asks for, from query or body.
struct Asked {
    jql: String,
    fields: BTreeSet<String>,
    limit: usize,
    token: Option<String>,
}

impl Asked {
    fn read(call: &Call<'_>) -> Self {
        let body = &call.body;
        let text = |name: &str| {
            let found = body.get(name).and_then(Value::as_str).map(str::to_owned);
            found.or_else(|| call.value(name).map(str::to_owned))
        };
        let in_body = body.get("fields").and_then(Value::as_array);
        let in_body = in_body.into_iter().flatten().filter_map(Value::as_str);
        let fields = in_body.chain(call.list("fields")).map(str::to_owned);
        let limit = body.get("maxResults").and_then(Value::as_u64);
        let limit = limit.or_else(|| call.value("maxResults")?.parse().ok());
        Self {
            jql: text("jql").unwrap_or_default(),
            fields: fields.collect(),
            limit: limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50),
            token: text("nextPageToken"),
        }
    }

    /// How many issues a page may hold.
    fn page_size(&self) -> usize {
        let only_ids = self.fields.iter().all(|field| field == "id" || field == "key");
        self.limit.clamp(1, if only_ids { MOST_IDS } else { MOST_ISSUES })
    }
}

/// `GET` and `POST /rest/api/3/search/jql`.
pub(super) fn search(call: &Call<'_>) -> Answered {
    let asked = Asked::read(call);
    let query = checked(call, &asked.jql)?;
    let hits = jql::matching(&searcher(call), &query);
    let start = match &asked.token {
        Some(token) => read_token(call, &asked.jql, token)?,
        None => 0,
    };
    let page = hits.iter().skip(start).take(asked.page_size());
    let issues: Vec<Value> = page.map(|(p, issue)| listed(call, p, issue, &asked.fields)).collect();
    let next = start + issues.len();
    let is_last = next >= hits.len();
    let mut body = json!({"issues": issues, "isLast": is_last});
    // The last page has no token at all, although the schema speaks of null.
    if let (false, Some(body)) = (is_last, body.as_object_mut()) {
        body.insert("nextPageToken".to_owned(), write_token(call, &asked.jql, next).into());
    }
    Ok(reply::json(200, body))
}

/// A number for a query, so that a token cannot be used with another one.
fn fingerprint(jql: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    jql.bytes().fold(start, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn write_token(call: &Call<'_>, jql: &str, start: usize) -> String {
    let now = call.world.now().as_millisecond();
    format!("{:016x}.{now:x}.{start:x}", fingerprint(jql))
}

fn read_token(call: &Call<'_>, jql: &str, token: &str) -> Result<usize, Box<Response>> {
    let read = || {
        let mut parts = token.split('.');
        let query = u64::from_str_radix(parts.next()?, 16).ok()?;
        let at = i64::from_str_radix(parts.next()?, 16).ok()?;
        let start = usize::from_str_radix(parts.next()?, 16).ok()?;
        let fresh = call.world.now().as_millisecond() - at < TOKEN_LIFETIME;
        (query == fingerprint(jql) && fresh).then_some(start)
    };
    let message = "The value for nextPageToken is invalid or expired.";
    read().ok_or_else(|| Box::new(reply::jira_error(400, message)))
}

/// An issue in a list: its id alone unless more is asked for.
fn listed(call: &Call<'_>, project: &Project, issue: &Issue, fields: &BTreeSet<String>) -> Value {
    if fields.iter().all(|field| field == "id") {
        return json!({"id": issue.id.to_string()});
    }
    render::issue(call.world, call.site, call.account, project, issue, fields)
}

/// `POST /rest/api/3/search/approximate-count`.
pub(super) fn count(call: &Call<'_>) -> Answered {
    let query = checked(call, &Asked::read(call).jql)?;
    let count = jql::matching(&searcher(call), &query).len();
    Ok(reply::json(200, json!({"count": count})))
}

/// The issue by this id or key, if the caller may read it. Archived projects stay readable by their links.
fn readable<'a>(call: &Call<'a>, id_or_key: &str) -> Option<(&'a Project, &'a Issue)> {
    let found = call.site.issue(id_or_key);
    found.filter(|(project, _)| call.site.browses(project, call.me()))
}

fn all_fields() -> BTreeSet<String> {
    BTreeSet::from(["*all".to_owned()])
}

/// `GET /rest/api/3/issue/{issueIdOrKey}`.
pub(super) fn get(call: &Call<'_>) -> Answered {
    let Some((project, issue)) = readable(call, call.param()) else {
        let message = "Issue does not exist or you do not have permission to see it.";
        return Ok(reply::jira_error(404, message));
    };
    let fields: BTreeSet<_> = call.list("fields").into_iter().map(str::to_owned).collect();
    let fields = if fields.is_empty() { all_fields() } else { fields };
    let body = render::issue(call.world, call.site, call.account, project, issue, &fields);
    Ok(reply::json(200, body))
}

/// `POST /rest/api/3/issue/bulkfetch`. What is missing or hidden is simply not in the answer.
pub(super) fn bulk_fetch(call: &Call<'_>) -> Answered {
    let wanted = call.body.get("issueIdsOrKeys").and_then(Value::as_array);
    let wanted: Vec<&str> = wanted.into_iter().flatten().filter_map(Value::as_str).collect();
    if wanted.is_empty() || wanted.len() > 100 {
        return Ok(reply::jira_error(
            400,
            "Between 1 and 100 issue ids or keys must be given.",
        ));
    }
    let fields = Asked::read(call).fields;
    let fields = if fields.is_empty() { all_fields() } else { fields };
    let mut found: Vec<_> = wanted.iter().filter_map(|name| readable(call, name)).collect();
    found.sort_by_key(|(_, issue)| issue.id);
    found.dedup_by_key(|(_, issue)| issue.id);
    let show = |(project, issue): &(&Project, &Issue)| {
        render::issue(call.world, call.site, call.account, project, issue, &fields)
    };
    let issues: Vec<Value> = found.iter().map(show).collect();
    Ok(reply::json(200, json!({"issues": issues, "issueErrors": []})))
}

/// `POST /rest/api/3/jql/match`: which of the issues each query would find.
pub(super) fn match_issues(call: &Call<'_>) -> Answered {
    let list = |name: &str| {
        let list = call.body.get(name).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let ids: Vec<u64> = list("issueIds").iter().filter_map(Value::as_u64).collect();
    let matches = |text: &str| match checked(call, text) {
        Ok(query) => {
            let hits = jql::matching(&searcher(call), &query);
            let found = ids.iter().filter(|id| hits.iter().any(|(_, issue)| issue.id == **id));
            json!({"matchedIssues": found.collect::<Vec<_>>(), "errors": []})
        }
        Err(_) => json!({"matchedIssues": [], "errors": [format!("Invalid JQL: {text}")]}),
    };
    let matches: Vec<Value> = list("jqls").iter().filter_map(Value::as_str).map(matches).collect();
    Ok(reply::json(200, json!({"matches": matches})))
}

/// `POST /rest/api/3/jql/parse`: what is wrong with each query. The structure of a right one is left out.
pub(super) fn parse(call: &Call<'_>) -> Answered {
    let validation = call.value("validation");
    let Some("strict" | "warn" | "none") = validation else {
        return Ok(reply::jira_error(400, "validation must be strict, warn or none."));
    };
    let queries = call.body.get("queries").and_then(Value::as_array);
    let queries = queries.into_iter().flatten().filter_map(Value::as_str);
    let describe = |text: &str| {
        let errors = match jql::parse(text) {
            Err(message) => vec![message],
            Ok(_) if validation == Some("none") => Vec::new(),
            Ok(query) => jql::validate(&searcher(call), &query),
        };
        let mut body = Map::from_iter([("query".to_owned(), text.into())]);
        if !errors.is_empty() {
            body.insert("errors".to_owned(), errors.into());
        }
        Value::Object(body)
    };
    let queries: Vec<Value> = queries.map(describe).collect();
    Ok(reply::json(200, json!({"queries": queries})))
}
