//! Asks why a ticket for one person fails in one project.

use crate::{
    api::{
        integration::PinnedUser,
        requirements::{BROWSE_USERS, SERVICE_DESK},
    },
    atlassian::{
        jira::{Jira, Questions},
        models::User,
    },
    diagnose::evidence::{Answer, PersonEvidence},
};

/// Accounts in one page of everybody [OAS].
const PAGE: usize = 1000;
/// Most pages of accounts that are looked through for one that no search finds.
const MOST_PAGES: usize = 3;

/// Asks about the person: two to five calls, and up to three more to look for a deactivated
/// account.
pub async fn person(jira: &Jira, cloud_id: &str, email: &str, project: &str, pinned: &[PinnedUser]) -> PersonEvidence {
    let pinned = pinned.iter().find(|person| person.email.eq_ignore_ascii_case(email));
    let pinned = pinned.map(|person| person.account_id.clone());
    let asked = Questions {
        global: vec![BROWSE_USERS],
        projects: Vec::new(),
    };
    let held = jira.permissions(cloud_id, &asked).await;
    let may_browse = held.map(|held| held.global.contains(BROWSE_USERS));
    let mut found = match &pinned {
        Some(id) => jira.users(cloud_id, std::slice::from_ref(id)).await,
        None => jira.find_users(cloud_id, email).await,
    };
    let mut looked_through = false;
    if pinned.is_none() && may_browse == Ok(true) && found.as_ref().is_ok_and(Vec::is_empty) {
        (found, looked_through) = look_through(jira, cloud_id, email).await;
    }
    let mut evidence = PersonEvidence {
        email: email.to_owned(),
        project: project.to_owned(),
        pinned,
        may_browse,
        found,
        looked_through,
        assignable: None,
        may_raise: may_raise(jira, cloud_id, project).await,
    };
    // Of a deactivated account nothing more is to be asked.
    let account = evidence
        .account()
        .filter(|user| user.active)
        .map(|user| user.account_id.clone());
    if let Some(id) = account {
        evidence.assignable = Some(jira.is_assignable(cloud_id, project, &id).await);
    }
    evidence
}

/// Searches pass deactivated accounts over; the list of everybody has them.
async fn look_through(jira: &Jira, cloud_id: &str, email: &str) -> (Answer<Vec<User>>, bool) {
    let mut from = 0;
    for _ in 0..MOST_PAGES {
        let page = match jira.everybody(cloud_id, from).await {
            Ok(page) => page,
            Err(error) => return (Err(error), false),
        };
        let is_theirs = |user: &&User| {
            user.email_address
                .as_deref()
                .is_some_and(|e| e.eq_ignore_ascii_case(email))
        };
        let theirs: Vec<User> = page.iter().filter(is_theirs).cloned().collect();
        if !theirs.is_empty() || page.is_empty() {
            return (Ok(theirs), true);
        }
        // Pages may be short while more follow.
        from += PAGE;
    }
    (Ok(Vec::new()), false)
}

/// Whether the account may raise requests for others: any form of the desk tells.
async fn may_raise(jira: &Jira, cloud_id: &str, project: &str) -> Option<Answer<bool>> {
    let kind = jira.project(cloud_id, project).await.ok()?;
    if kind.project_type_key != SERVICE_DESK {
        return None;
    }
    let types = match jira.request_types(cloud_id, &format!("projectId:{}", kind.id)).await {
        Ok(types) => types,
        Err(error) => return Some(Err(error)),
    };
    match jira
        .form(cloud_id, &format!("projectId:{}", kind.id), &types.first()?.id)
        .await
    {
        Ok(form) => form.can_raise_on_behalf_of.map(Ok),
        Err(error) => Some(Err(error)),
    }
}
