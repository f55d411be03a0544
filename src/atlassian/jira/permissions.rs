//! Which permissions the account holds, in bulk.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::session::Session;
use crate::atlassian::{error::JiraError, models::PermissionGrants};

/// Most projects in one `permissions/check` [OAS].
const PERMISSION_CHUNK: usize = 1000;

/// What is asked of permissions.
#[derive(Clone, Debug, Default)]
pub struct PermissionQueries {
    /// Global permissions.
    pub global: Vec<&'static str>,
    /// Lists of project permissions, each with the ids of the projects it is about. A site may
    /// refuse a permission that none of its products knows, so none is asked without a project.
    pub projects: Vec<(Vec<&'static str>, Vec<String>)>,
}

/// What is held of it.
#[derive(Clone, Debug, Default)]
pub struct HeldPermissions {
    /// Global permissions.
    pub global: BTreeSet<String>,
    /// Project permissions by project id.
    pub projects: BTreeMap<String, BTreeSet<String>>,
}

impl Session {
    /// Which of the permissions the account holds, and in which of the projects. Ids that do not
    /// exist are passed over in silence, as Jira does. Needs read:jira-work.
    ///
    /// # Errors
    /// That of the first call that fails; there is one for every 1,000 projects.
    pub async fn permissions(&self, questions: &PermissionQueries) -> Result<HeldPermissions, JiraError> {
        let mut asked = questions.clone();
        loop {
            match self.held(&asked).await {
                // One that none of the site's products knows nobody holds, and the rest can be asked.
                Err(JiraError::Refused { status: 400, message }) if asked.forget(&message) => {}
                answer => return answer,
            }
        }
    }

    async fn held(&self, questions: &PermissionQueries) -> Result<HeldPermissions, JiraError> {
        let mut held = HeldPermissions::default();
        let mut calls = chunks(&questions.projects);
        if calls.is_empty() && !questions.global.is_empty() {
            calls.push(Vec::new());
        }
        for (index, asked) in calls.into_iter().enumerate() {
            let global: &[&str] = if index == 0 { &questions.global } else { &[] };
            let body = body(global, asked);
            let answer: PermissionGrants = self.post("/rest/api/3/permissions/check").json(&body).send().await?;
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

impl PermissionQueries {
    /// Leaves out the project permissions that Jira's refusal names. Whether it names any.
    fn forget(&mut self, refusal: &str) -> bool {
        let named = |key: &&str| {
            refusal
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|word| word == *key)
        };
        let count = |all: &[(Vec<&str>, Vec<String>)]| all.iter().map(|(keys, _)| keys.len()).sum::<usize>();
        let before = count(&self.projects);
        for (keys, _) in &mut self.projects {
            keys.retain(|key| !named(key));
        }
        self.projects.retain(|(keys, _)| !keys.is_empty());
        count(&self.projects) < before
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

    #[test]
    fn a_permission_that_the_site_does_not_know_is_left_out() {
        let mut questions = PermissionQueries {
            global: vec!["USER_PICKER"],
            projects: vec![
                (vec!["BROWSE_PROJECTS", "EDIT_ISSUES"], vec!["1".into()]),
                (vec!["SERVICEDESK_AGENT"], vec!["1".into()]),
            ],
        };
        assert!(questions.forget("Unrecognized permission: SERVICEDESK_AGENT"));
        assert_eq!(
            questions.projects,
            [(vec!["BROWSE_PROJECTS", "EDIT_ISSUES"], vec!["1".to_owned()])]
        );
        assert!(
            !questions.forget("Unrecognized permission: SERVICEDESK_AGENT"),
            "it is asked once more only"
        );
        assert!(!questions.forget("Too many EDIT_ISSUES_OF_YOURS"));
    }
}
