//! Asks about service desks: the list of them, the request types of each, and forms only where no
//! type can be used.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    atlassian::{
        desk_models::{RequestType, ServiceDesk},
        error::JiraError,
        jira::Jira,
    },
    diagnose::{
        evidence::{Answer, DeskEvidence, DesksEvidence},
        request_type::{creatable, is_hidden, is_restricted},
    },
};

/// How many desks are asked at once: far below what Jira allows in a second.
const AT_ONCE: usize = 4;

/// Asks about the desks of service projects, given by id: one call for the list unless it is
/// given, one for each desk, one for the knowledge base; at most two more for a desk where no
/// request can be raised.
///
/// # Errors
/// When Atlassian asks to slow down, or the grant's scopes do not cover it; what else fails is
/// part of the evidence.
pub async fn desks(
    jira: &Jira,
    cloud_id: &str,
    projects: &[String],
    listed: Option<Vec<ServiceDesk>>,
) -> Result<DesksEvidence, JiraError> {
    let listed = match listed {
        Some(listed) => Ok(listed),
        None => kept(jira.service_desks(cloud_id).await)?,
    };
    let of = |id: &String| listed.as_ref().ok()?.iter().find(|desk| desk.project_id == *id);
    let wanted: Vec<ServiceDesk> = projects.iter().filter_map(of).cloned().collect();
    let asked: Vec<_> = wanted.into_iter().map(|d| one(jira, cloud_id, d)).collect();
    let desks: BTreeMap<String, DeskEvidence> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let mut knowledge_base = None;
    if !desks.is_empty() {
        knowledge_base = match jira.knowledge_base(cloud_id).await {
            Err(error @ JiraError::RateLimited { .. }) => return Err(error),
            // Scopes may cover desks and not articles.
            answer => Some(answer),
        };
    }
    Ok(DesksEvidence {
        listed,
        desks,
        knowledge_base,
    })
}

async fn one(jira: &Jira, cloud_id: &str, desk: ServiceDesk) -> Result<(String, DeskEvidence), JiraError> {
    let request_types = kept(jira.request_types(cloud_id, &desk.id).await)?;
    let mut evidence = DeskEvidence {
        request_types,
        creatable: None,
        form: None,
    };
    if let Ok(types) = &evidence.request_types {
        let open: Vec<&RequestType> = types.iter().filter(|t| !is_hidden(t) && !is_restricted(t)).collect();
        let untold = open.iter().filter(|t| t.can_create_request.is_none());
        let ids: Vec<String> = untold.map(|t| t.id.clone()).collect();
        if !ids.is_empty() {
            evidence.creatable = Some(kept(jira.creatable(cloud_id, &desk.id, &ids).await)?);
        }
        if let Some(first) = open.first().filter(|_| !open.iter().any(|t| may_create(t, &evidence))) {
            let form = kept(jira.form(cloud_id, &desk.id, &first.id).await)?;
            evidence.form = Some(((*first).clone(), form));
        }
    }
    Ok((desk.project_id, evidence))
}

fn may_create(kind: &RequestType, evidence: &DeskEvidence) -> bool {
    let told: Option<&BTreeSet<String>> = evidence.creatable.as_ref().and_then(|answer| answer.as_ref().ok());
    creatable(kind, told) == Some(true)
}

fn kept<T>(answer: Answer<T>) -> Result<Answer<T>, JiraError> {
    match answer {
        Err(error @ (JiraError::RateLimited { .. } | JiraError::ScopeMismatch(_))) => Err(error),
        answer => Ok(answer),
    }
}
