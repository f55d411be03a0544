//! Issues: searched, fetched by id, matched against queries.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::session::Session;
use crate::atlassian::{
    error::JiraError,
    issue_answers::{ApproximateCount, IssueBatch, JqlMatch, JqlMatches, Parsed, ParsedQuery, SearchPage},
    issue_fields::{FIELDS, Issue},
};

/// Most issues in one page of ids [OAS].
pub const ID_PAGE: usize = 5000;
/// Most issues in one page with fields, and in one `bulkfetch` [OAS].
pub const PAGE: usize = 100;

/// Most issues that one search reconciles [OAS].
pub const RECONCILED: usize = 50;

/// What a search is asked for.
#[derive(Clone, Copy, Debug)]
pub enum SearchFields {
    /// Everything that is mirrored, 100 issues a page.
    Issues,
    /// Everything that is mirrored, so many issues a page, at most 100.
    Some(usize),
    /// Ids and keys only, 5,000 a page.
    Ids,
    /// Ids and keys only, so many a page, at most 5,000.
    SomeIds(usize),
    /// The time of the last update of the first issue.
    Newest,
}

impl SearchFields {
    fn body(self, jql: &str, token: Option<&str>) -> Value {
        let (fields, most): (&[&str], usize) = match self {
            Self::Issues => (&FIELDS, PAGE),
            Self::Some(most) => (&FIELDS, most.clamp(1, PAGE)),
            Self::Ids => (&["key"], ID_PAGE),
            Self::SomeIds(most) => (&["key"], most.clamp(1, ID_PAGE)),
            Self::Newest => (&["updated"], 1),
        };
        let mut body = json!({"jql": jql, "fields": fields, "maxResults": most});
        if let (Some(token), Some(fields)) = (token, body.as_object_mut()) {
            fields.insert("nextPageToken".to_owned(), token.into());
        }
        body
    }
}

impl Session {
    /// One page of a search. Needs read:jira-work.
    ///
    /// # Errors
    /// `Refused` with status 400 for a query that Jira does not accept: one project in it that the
    /// account does not see is enough.
    pub async fn search(&self, jql: &str, wanted: SearchFields, token: Option<&str>) -> Result<SearchPage, JiraError> {
        let body = wanted.body(jql, token);
        let path = "/rest/api/3/search/jql";
        let (mut page, date): (SearchPage, _) = self.post(path).json(&body).send_dated().await?;
        page.date = date;
        Ok(page)
    }

    /// About how many issues a query finds: an estimate of Jira's. Needs read:jira-work.
    ///
    /// # Errors
    /// As a search.
    pub async fn approximate_count(&self, jql: &str) -> Result<usize, JiraError> {
        let body = json!({"jql": jql});
        let path = "/rest/api/3/search/approximate-count";
        let counted: ApproximateCount = self.post(path).json(&body).send().await?;
        Ok(counted.count)
    }

    /// Which of these issues, at most 50, a query finds, whether or not the search index knows them as
    /// they are now. None where the answer may lack some of them. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn reconciled(&self, jql: &str, ids: &[u64]) -> Result<Option<Vec<u64>>, JiraError> {
        let mut body = SearchFields::Ids.body(jql, None);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("reconcileIssues".to_owned(), json!(ids));
        }
        let path = "/rest/api/3/search/jql";
        let page: SearchPage = self.post(path).json(&body).send().await?;
        let ends = page.next_page_token.as_ref().is_none_or(String::is_empty) && page.is_last != Some(false);
        let is_whole = ends && !page.is_cut() && page.found.malformed == 0;
        let found = page.found.issues.iter().filter_map(|issue| issue.id.parse().ok());
        let found: Vec<u64> = found.collect();
        Ok(is_whole.then_some(found))
    }

    /// The issues with these ids, at most 100, whatever the search index says. What does not exist
    /// or is not shown is left out. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn bulk_fetch(&self, ids: &[u64]) -> Result<IssueBatch, JiraError> {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        let body = json!({"issueIdsOrKeys": ids, "fields": FIELDS});
        let path = "/rest/api/3/issue/bulkfetch";
        self.post(path).json(&body).send().await
    }

    /// One issue, which may be archived. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` when it is deleted or hidden: both look alike.
    pub async fn issue(&self, id: u64) -> Result<Issue, JiraError> {
        let path = format!("/rest/api/3/issue/{id}");
        let query = [("fields", FIELDS.join(","))];
        self.get(&path).query(&query).send().await
    }

    /// Which of the issues each query would find, in the order of the queries. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn matches(&self, ids: &BTreeSet<u64>, jqls: &[String]) -> Result<Vec<JqlMatch>, JiraError> {
        let body = json!({"issueIds": ids, "jqls": jqls});
        let answer: JqlMatches = self.post("/rest/api/3/jql/match").json(&body).send().await?;
        Ok(answer.matches)
    }

    /// What is wrong with each query, in the order of the queries. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn parse_jql(&self, jqls: &[String]) -> Result<Vec<ParsedQuery>, JiraError> {
        let body = json!({"queries": jqls});
        let path = "/rest/api/3/jql/parse";
        let parsed: Parsed = self
            .post(path)
            .query(&[("validation", "strict")])
            .json(&body)
            .send()
            .await?;
        Ok(parsed.queries)
    }
}
