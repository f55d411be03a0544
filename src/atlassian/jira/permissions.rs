//! Which permissions the account holds, in bulk.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::client::Jira;
use crate::atlassian::{error::JiraError, models::PermissionGrants};

/// Most projects in one `permissions/check` [OAS].
const PERMISSION_CHUNK: usize = 1000;

/// What is asked of permissions.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// Global permissions.
    pub global: Vec<&'static str>,
    /// Lists of project permissions, each with the ids of the projects it is about. A site may
    /// refuse a permission that none of its products knows, so none is asked without a project.
    pub projects: Vec<(Vec<&'static str>, Vec<String>)>,
}

/// What is held of it.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Global permissions.
    pub global: BTreeSet<String>,
    /// Project permissions by project id.
    pub projects: BTreeMap<String, BTreeSet<String>>,
}

impl Jira {
    /// Which of the permissions the account holds, and in which of the projects. Ids that do not
    /// exist are passed over in silence, as Jira does. Needs read:jira-work.
    ///
    /// # Errors
    /// That of the first call that fails; there is one for every 1,000 projects.
    pub async fn permissions(&self, cloud_id: &str, questions: &Questions) -> Result<Held, JiraError> {
        let mut held = Held::default();
        let mut calls = chunks(&questions.projects);
        if calls.is_empty() && !questions.global.is_empty() {
            calls.push(Vec::new());
        }
        for (index, asked) in calls.into_iter().enumerate() {
            let global: &[&str] = if index == 0 { &questions.global } else { &[] };
            let body = body(global, asked);
            let answer: PermissionGrants = self
                .call(Method::POST, cloud_id, "/rest/api/3/permissions/check", |r| {
                    r.json(&body)
                })
                .await?;
            held.global.extend(answer.global_permissions.into_iter().flatten());
            for grant in answer.project_permissions {
                for project in grant.projects {
                    let of_project = held.projects.entry(project.to_string()).or_default();
                    of_project.insert(grant.permission.clone());
                }
            }
        }
        Ok(held)
    }
}

/// The body of a call. A list of project permissions with nothing in it is refused [OAS].
fn body(global: &[&str], projects: Vec<Value>) -> Value {
    let mut body = Map::new();
    if !global.is_empty() {
        body.insert("globalPermissions".to_owned(), json!(global));
    }
    if !projects.is_empty() {
        body.insert("projectPermissions".to_owned(), projects.into());
    }
    body.into()
}

/// The questions cut into calls of at most [`PERMISSION_CHUNK`] projects.
fn chunks(questions: &[(Vec<&'static str>, Vec<String>)]) -> Vec<Vec<Value>> {
    let mut calls: Vec<Vec<Value>> = Vec::new();
    let mut room = 0;
    for (permissions, projects) in questions {
        let mut ids: Vec<u64> = projects.iter().filter_map(|id| id.parse().ok()).collect();
        while !ids.is_empty() {
            if room == 0 {
                calls.push(Vec::new());
                room = PERMISSION_CHUNK;
            }
            let rest = ids.split_off(ids.len().min(room));
            room -= ids.len();
            let asked = json!({"permissions": permissions, "projects": ids});
            calls.last_mut().into_iter().for_each(|call| call.push(asked.clone()));
            ids = rest;
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_nothing_in_it_is_left_out() {
        assert_eq!(
            body(&["USER_PICKER"], Vec::new()),
            json!({"globalPermissions": ["USER_PICKER"]})
        );
        let of_one = json!({"permissions": ["A"], "projects": [1]});
        assert_eq!(body(&[], vec![of_one.clone()]), json!({"projectPermissions": [of_one]}));
    }

    #[test]
    fn questions_share_a_call_and_none_is_without_a_project() {
        let ids = |count: usize| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert!(chunks(&[(vec!["A"], ids(0))]).is_empty());
        let both = chunks(&[(vec!["A"], ids(4)), (vec!["B"], ids(2))]);
        assert_eq!(
            both,
            [[
                json!({"permissions": ["A"], "projects": [1, 2, 3, 4]}),
                json!({"permissions": ["B"], "projects": [1, 2]})
            ]]
        );
        assert_eq!(chunks(&[(vec!["A"], ids(1001))]).len(), 2);
        assert_eq!(chunks(&[(vec!["A"], ids(1000)), (vec!["B"], ids(1))]).len(), 2);
    }
}
