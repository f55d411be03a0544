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
        models::is_customer_id,
        write_error::Refusal,
    },
    tickets::{Creation, NotCreatable, Part, RefusedCreation, TicketProject, creatable},
};

/// How long what Jira refused is left alone, unless the spec changes.
const REFUSED: Duration = Duration::from_mins(30);

/// What follows.
pub enum AfterRefusal {
    /// It is sent again, without what was refused.
    Again(Box<Creation>),
    /// The object, or what Jira says can be created, is not as it was: it is judged anew.
    Changed,
    /// It is not created.
    Over(Box<TicketOutcome>),
}

/// Judges a refusal. Jira is asked for more where only that tells what it is about.
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
    let told = refused.parts().into_iter().map(|part| {
        let words = refusal.fields.get(&part.to_string()).cloned();
        (part, words.unwrap_or_else(|| refusal.text()))
    });
    let mut parts: Vec<(Part, String)> = told.collect();
    if parts.is_empty() {
        if !refusal.fields.is_empty() && is_told_otherwise(object, &creation).await? {
            return Ok(AfterRefusal::Changed);
        }
        let may_create = if refused.needs_permissions() {
            Some(may_create(&creation.session, &creation.draft.project).await?)
        } else {
            None
        };
        let of_reporter = match may_create {
            Some(true) => reporter_trouble(&creation).await?,
            _ => None,
        };
        parts.extend(of_reporter.map(|why| (Part::Reporter, why)));
        if parts.is_empty() {
            return Ok(over(&refused, may_create));
        }
    }
    if !is_as_it_was(&creation.store.latest(object), object) {
        return Ok(AfterRefusal::Changed);
    }
    let reduced = parts.into_iter().fold(creation.draft.clone(), |draft, (part, words)| {
        draft.without(part, words)
    });
    Ok(AfterRefusal::Again(Box::new(creation.with(reduced))))
}

/// Whether Jira says of the fields something else now than when the creation was judged: judged by that, a field is named
/// with its values.
async fn is_told_otherwise(object: &JiraIssue, creation: &Creation) -> Result<bool, JiraError> {
    match creatable(&creation.session, &creation.draft.project, &object.spec).await {
        Ok(now) => Ok(now != *creation.metadata),
        Err(NotCreatable::Invalid(_)) => Ok(true),
        Err(NotCreatable::Unanswered(error)) => Err(error),
    }
}

fn over(refused: &RefusedCreation<'_>, may_create: Option<bool>) -> AfterRefusal {
    if refused.is_unreadable() {
        let project = &refused.draft.project.key;
        tracing::warn!(project, "Jira could not read a text that was converted");
    }
    let outcome = TicketOutcome::of(refused.finding(may_create));
    AfterRefusal::Over(Box::new(outcome.after(REFUSED)))
}

/// Whether the object, which had a creation refused, still asks for the same, and has neither a ticket nor the mark of
/// another process: its own is cleared. What is written to it from now on makes the next mark a conflict.
fn is_as_it_was(live: &JiraIssue, object: &JiraIssue) -> bool {
    let status = live.status.as_ref();
    let is_free = status.is_none_or(|status| status.id.is_empty() && status.creation.is_none());
    is_free && live.metadata.uid == object.metadata.uid && live.metadata.generation == object.metadata.generation
}

/// Why a request cannot be raised for its reporter, where a refusal names nobody. None where the reporter is not the cause,
/// or nothing proves it: whom a service project takes as a customer Jira tells its administrators alone.
async fn reporter_trouble(creation: &Creation) -> Result<Option<String>, JiraError> {
    let (Some(reporter), Some(desk)) = (&creation.draft.reporter, &creation.metadata.desk) else {
        return Ok(None);
    };
    let session = &creation.session;
    let known = session.users(std::slice::from_ref(reporter)).await?;
    if known.iter().any(|user| !user.active) {
        return Ok(Some("the account is deactivated".to_owned()));
    }
    // Of customers who only use the portal it is not established that Jira lists them.
    if known.is_empty() && !is_customer_id(reporter) {
        return Ok(Some("there is no such account".to_owned()));
    }
    let kind = &creation.metadata;
    match session.may_raise(desk, &kind.type_id, reporter).await {
        Ok(false) => {
            let why = format!("the account may not raise requests of the type {}", kind.type_name);
            Ok(Some(why))
        }
        Ok(true)
        | Err(
            JiraError::Unauthorized(_) | JiraError::Forbidden(_) | JiraError::NotFound(_) | JiraError::Refused { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn object(generation: i64, status: &Value) -> JiraIssue {
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue",
            "metadata": {"name": "a", "namespace": "shop", "uid": "1", "generation": generation},
            "spec": {"integration": "acme", "project": "ENG"}, "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn what_another_process_did_meanwhile_keeps_a_creation_from_being_sent_again() {
        let before = object(1, &json!({}));
        assert!(is_as_it_was(&object(1, &json!({"identity": "k"})), &before));
        let mark = json!({"creation": {"identity": "k", "number": 1, "attempt": 2, "at": "2026-04-28T15:00:00Z",
            "deadline": "2026-04-28T15:00:45Z", "holder": "other", "floor": 0}});
        for other in [object(1, &json!({"id": "7"})), object(1, &mark), object(2, &json!({}))] {
            assert!(!is_as_it_was(&other, &before), "{other:?}");
        }
    }
}
