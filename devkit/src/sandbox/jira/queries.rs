//! Questions about queries: which issues they would find, and what is wrong with them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::jql;
use super::search::{self, planned, searcher};
use crate::sandbox::reply::{self, Answered};

/// `POST /rest/api/3/jql/match`: which of the issues each query would find, in the order of the queries. It looks where
/// search looks, so that it lags with it.
pub(super) fn match_issues(call: &Call<'_>) -> Answered {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wanted {
        issue_ids: BTreeSet<u64>,
        jqls: Vec<String>,
    }
    let wanted: Wanted = search::body(call)?;
    let ids: Vec<u64> = wanted.issue_ids.into_iter().collect();
    let mut met = 0;
    let mut answer = |text: &String| match planned(call, text) {
        Ok(plan) => {
            let found = jql::matches(&searcher(call), &plan, &ids);
            met += found.len();
            json!({"matchedIssues": found, "errors": []})
        }
        Err(errors) => json!({"matchedIssues": [], "errors": said(call, errors)}),
    };
    let matches: Vec<Value> = wanted.jqls.iter().map(&mut answer).collect();
    Ok(reply::returning(reply::json(200, json!({"matches": matches})), met))
}

/// `POST /rest/api/3/jql/parse`: what is wrong with each query, and the structure of a right one.
pub(super) fn parse(call: &Call<'_>) -> Answered {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        queries: Vec<String>,
    }
    let validation = call.value("validation").unwrap_or_default();
    if !matches!(validation, "strict" | "warn" | "none") {
        return Ok(reply::jira_error(400, "validation must be strict, warn or none."));
    }
    let wanted: Wanted = search::body(call)?;
    if wanted.queries.is_empty() {
        return Ok(reply::jira_error(400, "At least one query must be given."));
    }
    let queries = wanted.queries.iter().map(|text| describe(call, text, validation));
    let queries: Vec<Value> = queries.collect();
    Ok(reply::returning(reply::json(200, json!({"queries": queries})), 0))
}

fn describe(call: &Call<'_>, text: &str, validation: &str) -> Value {
    let mut body = Map::from_iter([("query".to_owned(), text.into())]);
    let query = match jql::parse(text) {
        Ok(query) => query,
        Err(message) => {
            body.insert("errors".to_owned(), said(call, vec![message]).into());
            return Value::Object(body);
        }
    };
    let errors = match validation {
        "none" => Vec::new(),
        _ => jql::compile(&searcher(call), &query).err().unwrap_or_default(),
    };
    if errors.is_empty() || validation == "warn" {
        body.insert("structure".to_owned(), jql::structure(&query));
    }
    if !errors.is_empty() {
        body.insert("errors".to_owned(), said(call, errors).into());
    }
    Value::Object(body)
}

/// What is wrong with a query in the caller's language. The answer as a whole is no refusal, which would be translated.
fn said(call: &Call<'_>, errors: Vec<String>) -> Vec<String> {
    let Some(dictionary) = call.world.language_of(&call.account.locale) else {
        return errors;
    };
    let errors = errors.into_iter();
    errors
        .map(|error| dictionary.sentence(&error).unwrap_or(error))
        .collect()
}
