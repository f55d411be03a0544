//! Tickets: what can be set when one is created, the creation, and how one is found again.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::session::Session;
use crate::atlassian::{
    desk_models::CustomerRequest,
    error::JiraError,
    issue_fields::FIELDS,
    ticket_models::{
        Comment, Comments, CreateField, CreatePage, CreateType, CreatedComment, CreatedIssue, IssueWithFields,
        MarkedIssues,
    },
    write_error::WriteError,
};

/// Where issues are created, and lie.
const ISSUES: &str = "/rest/api/3/issue";
/// Where requests are raised, and lie.
const REQUESTS: &str = "/rest/servicedeskapi/request";
/// Most entries in a page of `createmeta` [OAS].
const PAGE: usize = 200;
/// Most comments in a page [OAS].
const COMMENTS: u32 = 100;
/// Most pages of one list: paging must never go round for ever.
const MOST_PAGES: usize = 20;
/// How long a look-up may take that a creation waits for.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(15);

impl Session {
    /// The issue types in which the account may create issues of a project. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` where the account does not see the project or may not create issues in it.
    pub async fn create_types(&self, project: &str) -> Result<Vec<CreateType>, JiraError> {
        self.create_pages(&format!("/rest/api/3/issue/createmeta/{project}/issuetypes"))
            .await
    }

    /// The fields that can be set when an issue of a type is created. Needs read:jira-work.
    ///
    /// # Errors
    /// As [`create_types`](Self::create_types).
    pub async fn create_fields(&self, project: &str, issue_type: &str) -> Result<Vec<CreateField>, JiraError> {
        self.create_pages(&format!(
            "/rest/api/3/issue/createmeta/{project}/issuetypes/{issue_type}"
        ))
        .await
    }

    async fn create_pages<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, JiraError> {
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let query = [("startAt", all.len().to_string()), ("maxResults", PAGE.to_string())];
            let page: CreatePage<T> = self.get(path).query(&query).send().await?;
            let came = page.fields.len();
            all.extend(page.fields);
            if came == 0 || page.total.is_none_or(|total| all.len() >= total) {
                break;
            }
        }
        Ok(all)
    }

    /// Creates an issue. Needs write:jira-work.
    ///
    /// # Errors
    /// `Uncertain` where it may have been created.
    pub async fn create_issue(&self, body: &Value) -> Result<CreatedIssue, WriteError> {
        created(self.post(ISSUES).json(body).send_write().await?)
    }

    /// Whether an issue would be created now.
    ///
    /// # Errors
    /// The 429 for which it waits.
    pub fn may_create_issue(&self) -> Result<(), JiraError> {
        self.post(ISSUES).may_be_sent()
    }

    /// Raises a request. Needs write:servicedesk-request.
    ///
    /// # Errors
    /// `Uncertain` where it may have been raised.
    pub async fn create_request(&self, body: &Value) -> Result<CreatedIssue, WriteError> {
        created(self.post(REQUESTS).json(body).send_write().await?)
    }

    /// As [`may_create_issue`](Self::may_create_issue), of a request.
    ///
    /// # Errors
    /// As it.
    pub fn may_create_request(&self) -> Result<(), JiraError> {
        self.post(REQUESTS).may_be_sent()
    }

    /// A request as its customers see it, by the id of its issue. Needs read:servicedesk-request.
    ///
    /// # Errors
    /// `NotFound` where it is no request, or is not shown to the account.
    pub async fn customer_request(&self, id: &str) -> Result<CustomerRequest, JiraError> {
        let path = format!("/rest/servicedeskapi/request/{id}");
        let with_type = [("expand", "requestType")];
        self.get(&path).timeout(LOOKUP_TIMEOUT).query(&with_type).send().await
    }

    /// Changes an issue. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn edit_issue(&self, id: &str, body: &Value) -> Result<(), WriteError> {
        let path = format!("/rest/api/3/issue/{id}");
        self.put(&path).json(body).send_write().await.map(|_| ())
    }

    /// Comments on a request, for customers to read or not. The text is wiki markup. Needs write:servicedesk-request.
    ///
    /// # Errors
    /// `Uncertain` where the comment may have been made.
    pub async fn comment_request(&self, id: &str, text: &str, public: bool) -> Result<CreatedComment, WriteError> {
        let body = json!({"body": text, "public": public});
        created(self.post(&comments_of_request(id)).json(&body).send_write().await?)
    }

    /// As [`may_create_issue`](Self::may_create_issue), of a comment on a request.
    ///
    /// # Errors
    /// As it.
    pub fn may_comment_request(&self, id: &str) -> Result<(), JiraError> {
        self.post(&comments_of_request(id)).may_be_sent()
    }

    /// Comments on an issue, with a document and properties. Needs write:jira-work.
    ///
    /// # Errors
    /// `Uncertain` where the comment may have been made.
    pub async fn comment_issue(&self, id: &str, body: &Value) -> Result<CreatedComment, WriteError> {
        created(self.post(&comments_of_issue(id)).json(body).send_write().await?)
    }

    /// As [`may_create_issue`](Self::may_create_issue), of a comment on an issue.
    ///
    /// # Errors
    /// As it.
    pub fn may_comment_issue(&self, id: &str) -> Result<(), JiraError> {
        self.post(&comments_of_issue(id)).may_be_sent()
    }

    /// The newest comments of an issue, at most 100, whatever the search index says. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn newest_comments(&self, id: &str) -> Result<Comments, JiraError> {
        self.comments(id, 0, COMMENTS).await
    }

    /// A page of the comments of an issue with their properties, newest first. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn comments(&self, id: &str, start: usize, most: u32) -> Result<Comments, JiraError> {
        let path = comments_of_issue(id);
        let query = [
            ("orderBy", "-created".to_owned()),
            ("expand", "properties".to_owned()),
            ("startAt", start.to_string()),
            ("maxResults", most.to_string()),
        ];
        self.get(&path).timeout(LOOKUP_TIMEOUT).query(&query).send().await
    }

    /// A comment of an issue with its properties. Needs read:jira-work.
    ///
    /// # Errors
    /// `NotFound` where it is gone, or not shown.
    pub async fn comment(&self, id: &str, comment: &str) -> Result<Comment, JiraError> {
        let path = comment_of_issue(id, comment);
        let query = [("expand", "properties")];
        self.get(&path).timeout(LOOKUP_TIMEOUT).query(&query).send().await
    }

    /// Changes a comment, with a document and properties. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn edit_comment(&self, id: &str, comment: &str, body: &Value) -> Result<CreatedComment, WriteError> {
        let path = comment_of_issue(id, comment);
        created(self.put(&path).json(body).send_write().await?)
    }

    /// Sets a property of a comment of an issue. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn mark_comment(
        &self,
        (id, comment): (&str, &str),
        property: &str,
        value: &Value,
    ) -> Result<(), WriteError> {
        let path = format!("/rest/api/3/comment/{comment}/properties/{property}");
        let call = self.put(&path).of_issue(id).json(value);
        call.send_write().await.map(|_| ())
    }

    /// Deletes a comment. Needs write:jira-work.
    ///
    /// # Errors
    /// As every change; it can be repeated.
    pub async fn delete_comment(&self, id: &str, comment: &str) -> Result<(), WriteError> {
        let path = comment_of_issue(id, comment);
        self.delete(&path).send_write().await.map(|_| ())
    }

    /// A page of the issues that a query finds, with a property of theirs. Needs read:jira-work.
    ///
    /// # Errors
    /// As a search.
    pub async fn search_marked(
        &self,
        jql: &str,
        property: &str,
        token: Option<&str>,
    ) -> Result<MarkedIssues, JiraError> {
        let mut body = json!({
            "jql": jql, "fields": marked_fields(), "properties": [property], "maxResults": 100,
        });
        if let (Some(token), Some(fields)) = (token, body.as_object_mut()) {
            fields.insert("nextPageToken".to_owned(), token.into());
        }
        self.marked("/rest/api/3/search/jql", &body).await
    }

    /// The issues with these ids or keys, at most 100, with a property of theirs, whatever the search index says.
    /// What does not exist or is not shown is left out. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn fetch_marked(&self, ids_or_keys: &[String], property: &str) -> Result<MarkedIssues, JiraError> {
        let body = json!({
            "issueIdsOrKeys": ids_or_keys, "fields": marked_fields(), "properties": [property],
        });
        self.marked("/rest/api/3/issue/bulkfetch", &body).await
    }

    /// The issue with this id, with a property of it and with further fields as Jira shows them, whatever the search index
    /// says. None where it is not shown. Needs read:jira-work.
    ///
    /// # Errors
    /// As every call.
    pub async fn fetch_fields(
        &self,
        id: &str,
        property: &str,
        further: &[String],
    ) -> Result<Option<IssueWithFields>, JiraError> {
        let fields: Vec<&str> = marked_fields()
            .into_iter()
            .chain(further.iter().map(String::as_str))
            .collect();
        let body = json!({"issueIdsOrKeys": [id], "fields": fields, "properties": [property]});
        let request = self.post("/rest/api/3/issue/bulkfetch").timeout(LOOKUP_TIMEOUT);
        let answer: Value = request.json(&body).send().await?;
        Ok(answer.pointer("/issues/0").and_then(IssueWithFields::read))
    }

    async fn marked(&self, path: &str, body: &Value) -> Result<MarkedIssues, JiraError> {
        let request = self.post(path).timeout(LOOKUP_TIMEOUT).json(body);
        let (mut found, date): (MarkedIssues, _) = request.send_dated().await?;
        found.date = date;
        Ok(found)
    }
}

fn comments_of_issue(id: &str) -> String {
    format!("{ISSUES}/{id}/comment")
}

fn comment_of_issue(id: &str, comment: &str) -> String {
    format!("{ISSUES}/{id}/comment/{comment}")
}

fn comments_of_request(id: &str) -> String {
    format!("{REQUESTS}/{id}/comment")
}

fn created<T: DeserializeOwned>(answer: Value) -> Result<T, WriteError> {
    let odd = |_| WriteError::Uncertain(JiraError::unavailable("it was answered in an unexpected shape"));
    serde_json::from_value(answer).map_err(odd)
}

fn marked_fields() -> Vec<&'static str> {
    FIELDS.iter().copied().chain(["creator", "description"]).collect()
}
