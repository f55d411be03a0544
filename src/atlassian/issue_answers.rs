//! What Jira answers to searches and to questions for several issues: pages, counts, and what a query would find.

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    issue_fields::Issue,
    lenient::{NumericId, or_default},
};

/// A page of `search/jql`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// The issues.
    #[serde(flatten)]
    pub found: IssueBatch,
    /// Leads to the next page; absent on the last one.
    pub next_page_token: Option<String>,
    /// Whether it is the last page, as far as Jira says.
    pub is_last: Option<bool>,
    /// What Jira warned of.
    #[serde(default, deserialize_with = "or_default")]
    pub warnings: Vec<serde_json::Value>,
    /// When it was answered, by Jira's clock and to the second.
    #[serde(skip)]
    pub date: Option<Timestamp>,
}

/// Warnings by which a page may lack issues. Others may come that say nothing of the kind.
const CUT: [&str; 2] = ["CLAUSE_LIMIT_EXCEEDED", "CLAUSE_RESULT_TRUNCATED"];

impl SearchPage {
    /// Whether Jira warned that issues may be missing.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        is_cut(&self.warnings)
    }
}

/// Whether these warnings say that issues may be missing.
pub(super) fn is_cut(warnings: &[serde_json::Value]) -> bool {
    let kind = |warning: &serde_json::Value| warning.get("type").and_then(|kind| kind.as_str().map(str::to_owned));
    let mut kinds = warnings.iter().filter_map(kind);
    kinds.any(|kind| CUT.contains(&kind.as_str()))
}

/// Answer of `search/approximate-count`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct ApproximateCount {
    pub(super) count: usize,
}

/// The issues of an answer. One that cannot be read leaves the others as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "RawIssueBatch")]
pub struct IssueBatch {
    /// Those that can be read.
    pub issues: Vec<Issue>,
    /// How many cannot.
    pub malformed: usize,
    /// Ids of those that Jira could not answer now: nothing follows for them.
    pub failed: Vec<u64>,
}

/// The issues of an answer as they came. An answer without a list of them says nothing: it is none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIssueBatch {
    issues: Vec<serde_json::Value>,
    #[serde(default, deserialize_with = "or_default")]
    issue_errors: Vec<serde_json::Value>,
}

impl From<RawIssueBatch> for IssueBatch {
    fn from(listed: RawIssueBatch) -> Self {
        let all = listed.issues.len();
        let read = listed
            .issues
            .into_iter()
            .filter_map(|issue| Issue::deserialize(issue).ok());
        let issues: Vec<Issue> = read.collect();
        Self {
            malformed: all - issues.len(),
            failed: failed(&listed.issue_errors),
            issues,
        }
    }
}

/// Ids of the issues that these errors are about.
pub(super) fn failed(errors: &[serde_json::Value]) -> Vec<u64> {
    let id = |error: &serde_json::Value| {
        let id = NumericId::deserialize(error.get("id")?).ok()?;
        id.to_string().parse().ok()
    };
    errors.iter().filter_map(id).collect()
}

/// Answer of `jql/match`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct JqlMatches {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) matches: Vec<JqlMatch>,
}

/// What one query of `jql/match` would find.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JqlMatch {
    /// Ids of the issues that it would find.
    #[serde(default, deserialize_with = "or_default")]
    pub matched_issues: Vec<NumericId>,
    /// What is wrong with it.
    #[serde(default, deserialize_with = "or_default")]
    pub errors: Vec<String>,
}

/// Answer of `jql/parse`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Parsed {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) queries: Vec<ParsedQuery>,
}

/// What `jql/parse` says of one query.
#[derive(Clone, Debug, Deserialize)]
pub struct ParsedQuery {
    /// What is wrong with it.
    #[serde(default, deserialize_with = "or_default")]
    pub errors: Vec<String>,
    /// Its parts.
    #[serde(default)]
    structure: Option<serde_json::Value>,
}

impl ParsedQuery {
    /// Whether it says in which order issues come.
    #[must_use]
    pub fn has_order(&self) -> bool {
        let order = self.structure.as_ref().and_then(|parts| parts.get("orderBy"));
        order.is_some_and(|order| !order.is_null())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn an_answer_without_issues_is_none_and_errors_tell_ids() {
        for odd in ["{}", r#"{"isLast": true}"#, r#"{"issues": null}"#, r#"{"issues": {}}"#] {
            assert!(serde_json::from_str::<SearchPage>(odd).is_err(), "{odd}");
            assert!(serde_json::from_str::<IssueBatch>(odd).is_err(), "{odd}");
        }
        let errors = r#"{"issues": [], "issueErrors": [{"id": "7", "errorMessage": "later"}, {"id": 8}, {}, null]}"#;
        let fetched: IssueBatch = serde_json::from_str(errors).unwrap();
        assert_eq!(fetched.failed, [7, 8]);
    }

    #[test]
    fn only_warnings_of_missing_issues_make_a_page_doubtful() {
        let page = |warning: &str| {
            let page = format!(r#"{{"issues": [], "warnings": [{warning}]}}"#);
            serde_json::from_str::<SearchPage>(&page).unwrap().is_cut()
        };
        assert!(page(r#"{"type": "CLAUSE_LIMIT_EXCEEDED", "message": "Too many."}"#));
        assert!(page(r#"{"type": "CLAUSE_RESULT_TRUNCATED"}"#));
        assert!(!page(r#"{"type": "FIELD_DEPRECATED"}"#) && !page("null") && !page(""));
    }

    #[test]
    fn an_odd_field_is_missing_and_an_odd_issue_leaves_the_others() {
        let page = r#"{"isLast": true, "issues": [
            {"id": "1", "key": "A-1", "fields": {"labels": ["a", null, 7, "b"], "priority": "High", "assignee": 5}},
            {"id": {}, "key": "A-2"}, "A-3", null, {"id": 4, "fields": {"summary": "four", "labels": "k8s"}}]}"#;
        let page: SearchPage = serde_json::from_str(page).unwrap();
        assert_eq!(
            (page.found.issues.len(), page.found.malformed, page.is_last),
            (2, 3, Some(true))
        );
        let first = &page.found.issues[0].fields;
        assert_eq!(first.labels, ["a", "b"]);
        assert!(first.priority.is_none() && first.assignee.is_none());
        assert_eq!(page.found.issues[1].fields.summary.as_deref(), Some("four"));
    }
}
