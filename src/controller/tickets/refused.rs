//! What follows where Jira refused to create a ticket: it is tried once more without a part, or it is said why.

use std::time::Duration;

use super::{conclude::TicketOutcome, context::TicketContext};
use crate::{
    api::{
        condition::{ConditionType::Created, Finding},
        issue::JiraIssue,
        reason::Reason,
        requirements::CREATE,
    },
    atlassian::{
        error::JiraError,
        jira::{PermissionQueries, Session},
        write_error::Refusal,
    },
    tickets::{Creation, RefusedCreation, TicketProject},
};

/// How long what Jira refused is left alone, unless the spec changes.
const REFUSED: Duration = Duration::from_mins(30);

/// What follows.
pub enum AfterRefusal {
    /// It is sent again, without what was refused.
    Again(Box<Creation>),
    /// It is not created.
    Over(Box<TicketOutcome>),
}

/// Judges a refusal. Jira is asked for the account's permissions where only those tell what it is about.
///
/// # Errors
/// Where Jira cannot be asked.
pub async fn after(
    object: &JiraIssue,
    ctx: &TicketContext,
    creation: Creation,
    refusal: &Refusal,
) -> Result<AfterRefusal, JiraError> {
    // What it said of the fields is not believed any more.
    ctx.creatable.forget(&creation.draft.project, &object.spec);
    let refused = RefusedCreation {
        refusal,
        draft: &creation.draft,
        metadata: &creation.metadata,
    };
    let parts = refused.parts();
    if parts.is_empty() {
        let may_create = if refused.needs_permissions() {
            Some(may_create(&creation.session, &creation.draft.project).await?)
        } else {
            None
        };
        if refused.is_unreadable() {
            tracing::warn!(
                project = creation.draft.project.key,
                "Jira could not read a text that was converted"
            );
        }
        let outcome = TicketOutcome::of(refused.finding(may_create));
        return Ok(AfterRefusal::Over(Box::new(outcome.after(REFUSED))));
    }
    let draft = parts.into_iter().fold(creation.draft.clone(), |draft, part| {
        let words = refusal.fields.get(&part.to_string()).cloned();
        draft.without(part, words.unwrap_or_else(|| refusal.text()))
    });
    Ok(AfterRefusal::Again(Box::new(creation.with(draft))))
}

/// What is said where Jira refuses to tell what can be created, because the account may not create anything.
pub async fn unlisted(session: &Session, project: &TicketProject, error: &JiraError) -> Option<TicketOutcome> {
    let is_refusal = matches!(
        error,
        JiraError::Refused { .. } | JiraError::NotFound(_) | JiraError::Forbidden(_)
    );
    if !is_refusal || may_create(session, project).await.unwrap_or(true) {
        return None;
    }
    let what = format!("The account may not create issues in {} any more.", project.key);
    let finding = Finding::with_remedy(Created, Reason::CreateDenied, &what);
    Some(TicketOutcome::of(finding).after(REFUSED))
}

/// Whether the account may create issues in the project, as Jira says now.
async fn may_create(session: &Session, project: &TicketProject) -> Result<bool, JiraError> {
    let questions = PermissionQueries {
        projects: vec![(vec![CREATE], vec![project.id.clone()])],
        ..PermissionQueries::default()
    };
    let held = session.permissions(&questions).await?;
    Ok(held.projects.get(&project.id).is_some_and(|held| held.contains(CREATE)))
}
