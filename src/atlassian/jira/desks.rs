//! Service desks, their request types and forms, and the knowledge base.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::session::Session;
use crate::atlassian::{
    body,
    desk_models::{DeskPage, Form, RequestType, RequestTypePermissions, ServiceDesk},
    error::{JiraError, ResponseLimits},
};

/// Page size; what Jira caps it at is not published.
const PAGE: usize = 100;
/// Most pages of one list, so that paging ends.
const MOST_PAGES: usize = 100;
/// Most request types in one permission check [JSMOAS].
const CHECK_CHUNK: usize = 50;
/// A site without service management answers 404, and not in the words of Jira's API.
const MAY_BE_ABSENT: ResponseLimits = ResponseLimits {
    most: body::PAGE,
    bare_404: true,
};

/// Ids as the permission check takes them.
fn numbers(ids: &[String]) -> Vec<u64> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

/// The permission to raise requests of a type.
const CAN_CREATE: &str = "canCreateRequest";

impl Session {
    /// The service desks that the account can reach, be it through the portal only. Needs
    /// read:servicedesk-request.
    ///
    /// # Errors
    /// That of the first page that fails.
    pub async fn service_desks(&self) -> Result<Vec<ServiceDesk>, JiraError> {
        let path = "/rest/servicedeskapi/servicedesk";
        let listed = self
            .desk_pages(path, MAY_BE_ABSENT, &[], |desk: &ServiceDesk| &desk.id)
            .await;
        match listed {
            Err(JiraError::NotFound(_)) => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// The request types of a desk that the account gets to see, with their forms where Jira
    /// expands them. Needs read:servicedesk-request.
    ///
    /// # Errors
    /// That of the first page that fails.
    pub async fn request_types(&self, desk: &str) -> Result<Vec<RequestType>, JiraError> {
        let path = format!("/rest/servicedeskapi/servicedesk/{desk}/requesttype");
        let fields = [("expand", "field")];
        self.desk_pages(&path, MAY_BE_ABSENT, &fields, |kind: &RequestType| &kind.id)
            .await
    }

    /// Which of these request types, by id, the account may raise requests of. Experimental.
    /// Needs read:servicedesk-request.
    ///
    /// # Errors
    /// `Refused` where Jira does not offer the call.
    pub async fn creatable(&self, desk: &str, ids: &[String]) -> Result<BTreeSet<String>, JiraError> {
        let mut creatable = BTreeSet::new();
        for chunk in ids.chunks(CHECK_CHUNK) {
            let asked = json!({"requestTypeIds": numbers(chunk), "permissions": [CAN_CREATE]});
            creatable.extend(self.permitted_types(desk, &asked).await?);
        }
        Ok(creatable)
    }

    /// Whether somebody else may raise requests of a type. Experimental. Needs read:servicedesk-request.
    ///
    /// # Errors
    /// `Unauthorized` unless the account administers Jira or the project; `Refused` where there is no such account, or Jira
    /// does not offer the call.
    pub async fn may_raise(&self, desk: &str, request_type: &str, account_id: &str) -> Result<bool, JiraError> {
        let ids = numbers(&[request_type.to_owned()]);
        let asked = json!({"requestTypeIds": ids, "permissions": [CAN_CREATE], "accountId": account_id});
        Ok(self.permitted_types(desk, &asked).await?.contains(request_type))
    }

    async fn permitted_types(&self, desk: &str, asked: &Value) -> Result<BTreeSet<String>, JiraError> {
        let path = format!("/rest/servicedeskapi/servicedesk/{desk}/requesttype/permissions/check");
        let asked = self.post(&path).header("X-ExperimentalApi", "opt-in").json(asked);
        let answer: RequestTypePermissions = asked.send().await?;
        Ok(answer.can_create_request.iter().map(ToString::to_string).collect())
    }

    /// The form of a request type. Needs read:servicedesk-request.
    ///
    /// # Errors
    /// `NotFound` when the account cannot see the type.
    pub async fn form(&self, desk: &str, request_type: &str) -> Result<Form, JiraError> {
        let path = format!("/rest/servicedeskapi/servicedesk/{desk}/requesttype/{request_type}/field");
        let hidden_too = [("expand", "hiddenFields")];
        self.get(&path).query(&hidden_too).send().await
    }

    /// Asks the knowledge base of all desks for articles; what it finds does not matter. Needs
    /// read:servicedesk-request.
    ///
    /// # Errors
    /// `Forbidden` or `Unauthorized` when the account may not read articles.
    pub async fn knowledge_base(&self) -> Result<(), JiraError> {
        let query = [("query", "a"), ("highlight", "false"), ("limit", "1")];
        let path = "/rest/servicedeskapi/knowledgebase/article";
        let answer: Result<Value, _> = self.get(path).query(&query).send().await;
        answer.map(|_| ())
    }

    /// The pages of a list, each entry once by its id.
    async fn desk_pages<T: DeserializeOwned>(
        &self,
        path: &str,
        limits: ResponseLimits,
        further: &[(&str, &str)],
        id: fn(&T) -> &str,
    ) -> Result<Vec<T>, JiraError> {
        let mut all: Vec<T> = Vec::new();
        let mut start = 0_usize;
        for _ in 0..MOST_PAGES {
            let (from, limit) = (start.to_string(), PAGE.to_string());
            let paging = [("start", from.as_str()), ("limit", limit.as_str())];
            let page: DeskPage<T> = self
                .get(path)
                .query(&paging)
                .query(further)
                .limits(limits)
                .send()
                .await?;
            let count = page.values.len();
            for entry in page.values {
                // Where entries are taken out of pages, pages by what was received overlap.
                if !all.iter().any(|known| id(known) == id(&entry)) {
                    all.push(entry);
                }
            }
            // A page may be short, or empty, while more follow: what the account may not see is
            // taken out of it.
            if page.is_last_page.unwrap_or(count == 0) {
                break;
            }
            // Of an empty page only the limit says how many were read. With others it is no help: a
            // server may echo what was asked for and give less.
            start += if count == 0 {
                page.limit.unwrap_or(PAGE).max(1)
            } else {
                count
            };
        }
        Ok(all)
    }
}
