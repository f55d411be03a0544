//! Asks why a ticket for one person fails in one project.

use crate::{
    api::{
        integration::PinnedUser,
        requirements::{BROWSE_USERS, SERVICE_DESK},
    },
    atlassian::{
        error::JiraError,
        jira::{PermissionQueries, Session},
        models::User,
    },
    diagnose::{
        evidence::{JiraResult, PersonEvidence, Raising},
        request_type::is_open,
    },
};

/// Accounts in one page of everybody [OAS].
const PAGE: usize = 1000;
/// Most pages of accounts that are looked through for one that no search finds.
const MOST_PAGES: usize = 3;

/// Asks about the person: two to five calls, and up to three more to look for a deactivated
/// account.
pub async fn person(jira: &Session, email: &str, project: &str, pinned: &[PinnedUser]) -> PersonEvidence {
    let pinned = pinned.iter().find(|person| person.email.eq_ignore_ascii_case(email));
    let pinned = pinned.map(|person| person.account_id.clone());
    let asked = PermissionQueries {
        global: vec![BROWSE_USERS],
        projects: Vec::new(),
    };
    let held = jira.permissions(&asked).await;
    let may_browse = held.map(|held| held.global.contains(BROWSE_USERS));
    let mut found = match &pinned {
        Some(id) => jira.users(std::slice::from_ref(id)).await,
        None => jira.find_users(email).await,
    };
    let mut looked_through = false;
    if pinned.is_none() && may_browse == Ok(true) && found.as_ref().is_ok_and(Vec::is_empty) {
        (found, looked_through) = look_through(jira, email).await;
    }
    let kind = jira.project(project).await;
    let service_project = kind.as_ref().map(|kind| kind.project_type_key == SERVICE_DESK);
    let may_raise = match &kind {
        Ok(kind) if kind.project_type_key == SERVICE_DESK => Some(raising(jira, &kind.id).await),
        _ => None,
    };
    let mut evidence = PersonEvidence {
        email: email.to_owned(),
        project: project.to_owned(),
        pinned,
        may_browse,
        found,
        looked_through,
        service_project: service_project.map_err(Clone::clone),
        assignable: None,
        may_raise,
    };
    // Of a deactivated account nothing more is to be asked, and nothing of a project that is not seen.
    // For a customer requests are raised, and to customers nothing is assigned.
    let seen = !matches!(evidence.service_project, Err(JiraError::NotFound(_)));
    let desk = evidence.service_project == Ok(true);
    let account = evidence
        .account()
        .filter(|user| seen && user.active && !(desk && user.is_customer()))
        .map(|user| user.account_id.clone());
    if let Some(id) = account {
        evidence.assignable = Some(jira.is_assignable(project, &id).await);
    }
    evidence
}

/// Searches pass deactivated accounts over; the list of everybody has them.
async fn look_through(jira: &Session, email: &str) -> (JiraResult<Vec<User>>, bool) {
    let mut from = 0;
    for _ in 0..MOST_PAGES {
        let page = match jira.everybody(from).await {
            Ok(page) => page,
            Err(error) => return (Err(error), false),
        };
        let is_theirs = |user: &&User| user.address().is_some_and(|e| e.eq_ignore_ascii_case(email));
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
async fn raising(jira: &Session, project_id: &str) -> JiraResult<Raising> {
    let desk = format!("projectId:{project_id}");
    let types = jira.request_types(&desk).await?;
    let Some(kind) = types.iter().find(|kind| is_open(kind)).or(types.first()) else {
        return Ok(Raising::NoRequestType);
    };
    let form = jira.form(&desk, &kind.id).await?;
    Ok(match form.can_raise_on_behalf_of {
        Some(true) => Raising::Allowed,
        Some(false) => Raising::Denied,
        None => Raising::Untold,
    })
}
