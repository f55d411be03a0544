//! Search: pages of issues that meet a query, and how many there are.

use std::collections::BTreeSet;

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::call::Call;
use super::issue_text::{Printer, Selection};
use super::jql::{self, Plan, Searcher};
use super::page::Page;
use super::page_token::{self, Place};
use crate::sandbox::faults::page::PageTrouble;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::search_cache::{Rows, SearchKey};

/// The most issues a page holds when nothing but ids and keys is asked for.
const MOST_IDS: usize = 5000;
/// The most issues a page holds otherwise.
const MOST_ISSUES: usize = 100;

/// `GET` and `POST /rest/api/3/search`: switched off by Atlassian.
pub(super) fn gone(_: &Call<'_>) -> Answered {
    let message = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. \
        A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";
    Ok(reply::jira_error(410, message))
}

/// A refusal with these messages.
#[allow(clippy::unnecessary_box_returns, reason = "all handlers box their refusals")]
pub(super) fn refuse(messages: &[String]) -> Box<Response> {
    Box::new(reply::json(400, json!({"errorMessages": messages, "errors": {}})))
}

#[allow(clippy::unnecessary_box_returns, reason = "all handlers box their refusals")]
fn refuse_one(message: &str) -> Box<Response> {
    refuse(&[message.to_owned()])
}

/// Reads a body in its documented shape; Jira refuses fields it does not know and values of other types.
pub(super) fn body<T: for<'de> Deserialize<'de>>(call: &Call<'_>) -> Result<T, Box<Response>> {
    let message = "Invalid request payload. Refer to the REST API documentation and try again.";
    T::deserialize(&call.body).map_err(|_| refuse_one(message))
}

/// Who searches.
pub(super) fn searcher<'a>(call: &Call<'a>) -> Searcher<'a> {
    Searcher {
        site: call.site,
        account: call.account,
        accounts: &call.world.accounts,
        now: call.world.now(),
    }
}

/// What is wrong with a query, or what it asks for.
pub(super) fn planned(call: &Call<'_>, text: &str) -> Result<Plan, Vec<String>> {
    let query = jql::parse(text).map_err(|message| vec![message])?;
    if !query.is_bounded() {
        let message = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
        return Err(vec![message.to_owned()]);
    }
    jql::compile(&searcher(call), &query)
}

/// What a search asks for, as the documents have it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Asked {
    jql: Option<String>,
    fields: Option<Vec<String>>,
    max_results: Option<i64>,
    next_page_token: Option<String>,
    expand: Option<String>,
    properties: Option<Vec<String>>,
    reconcile_issues: Option<BTreeSet<u64>>,
    fields_by_keys: Option<bool>,
    fail_fast: Option<bool>,
}

impl Asked {
    fn read(call: &Call<'_>) -> Result<Self, Box<Response>> {
        if !call.body.is_null() {
            return body(call);
        }
        let text = |name| call.value(name).map(str::to_owned);
        let list = |name| call.list(name).into_iter().map(str::to_owned).collect();
        let ids = call.list("reconcileIssues").into_iter().map(str::parse);
        let ids: Result<_, _> = ids.collect();
        let wrong = |_| refuse_one("reconcileIssues must be numeric issue ids.");
        Ok(Self {
            jql: text("jql"),
            fields: Some(list("fields")),
            max_results: call.value("maxResults").and_then(|value| value.parse().ok()),
            next_page_token: text("nextPageToken"),
            expand: text("expand"),
            properties: Some(list("properties")),
            reconcile_issues: Some(ids.map_err(wrong)?),
            fields_by_keys: None,
            fail_fast: None,
        })
    }

    fn check(&self) -> Result<(), Box<Response>> {
        if self.properties.as_ref().is_some_and(|list| list.len() > 5) {
            return Err(refuse_one("The maximum number of issue properties is 5."));
        }
        if self.reconcile_issues.as_ref().is_some_and(|ids| ids.len() > 50) {
            return Err(refuse_one("The maximum number of issues to reconcile is 50."));
        }
        Ok(())
    }

    /// How many issues a page may hold.
    fn page_size(&self, selection: &Selection) -> usize {
        let plain = selection.is_ids_only() && self.properties.as_ref().is_none_or(Vec::is_empty);
        let most = if plain { MOST_IDS } else { MOST_ISSUES };
        let wanted = self.max_results.unwrap_or(50).max(1);
        usize::try_from(wanted).unwrap_or(most).min(most)
    }
}

/// The whole result of a query, from an earlier page's call if nothing has changed.
fn rows(call: &Call<'_>, jql: &str, plan: &Plan, reconciled: &BTreeSet<u64>) -> Rows {
    let find = || jql::find(&searcher(call), plan, reconciled);
    if plan.moves || !reconciled.is_empty() {
        return Rows::new(find());
    }
    let key = SearchKey {
        version: call.world.version,
        cloud_id: call.site.cloud_id.clone(),
        account_id: call.me().to_owned(),
        jql: jql.to_owned(),
    };
    call.shared.searches.get(key, find)
}

/// `GET` and `POST /rest/api/3/search/jql`.
pub(super) fn search(call: &Call<'_>) -> Answered {
    let asked = Asked::read(call)?;
    asked.check()?;
    let jql = asked.jql.clone().unwrap_or_default();
    let plan = planned(call, &jql).map_err(|errors| refuse(&errors))?;
    let now = call.world.now();
    let place = match &asked.next_page_token {
        Some(token) => page_token::read(&jql, now, token)
            .ok_or_else(|| refuse_one("The value for nextPageToken is invalid or expired."))?,
        None => Place { page: 1, cursor: None },
    };
    let selection = Selection::of(asked.fields.as_deref().unwrap_or_default(), &["id"]);
    let reconciled = asked.reconcile_issues.clone().unwrap_or_default();
    let rows = rows(call, &jql, &plan, &reconciled);
    let start = place.cursor.as_ref();
    let start = start.map_or(0, |cursor| jql::start(&plan.order, call.site, &rows, cursor));
    let troubles = call.shared.pages.matching(place.page, &jql);
    for trouble in &troubles {
        if let PageTrouble::Refuse { message } = trouble {
            return Err(refuse_one(message));
        }
    }
    let page = Page::cut(
        rows.get(start..).unwrap_or_default(),
        asked.page_size(&selection),
        troubles,
    );
    let next = page.next(call, &plan.order, place);
    let token = next.map(|next| match asked.next_page_token {
        // A page that is to come again is asked for in the same way.
        Some(ref token) if page.repeats() => token.clone(),
        _ => page_token::write(&jql, now, &next),
    });
    let mut printer = Printer::new(call, &selection);
    printer.properties = asked.properties.clone().unwrap_or_default();
    let expanded = |wanted| {
        asked
            .expand
            .as_deref()
            .is_some_and(|list| list.split(',').any(|part| part == wanted))
    };
    let names = expanded("names").then(|| selection.names());
    Ok(page.write(call.site, &mut printer, token.as_deref(), names))
}

/// `POST /rest/api/3/search/approximate-count`.
pub(super) fn count(call: &Call<'_>) -> Answered {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        jql: Option<String>,
    }
    let jql = body::<Wanted>(call)?.jql.unwrap_or_default();
    let plan = planned(call, &jql).map_err(|errors| refuse(&errors))?;
    let count = rows(call, &jql, &plan, &BTreeSet::new()).len();
    Ok(reply::returning(reply::json(200, json!({"count": count})), 0))
}
