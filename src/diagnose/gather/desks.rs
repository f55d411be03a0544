//! Asks about service desks: the list of them, the request types of each, and forms only where no
//! type can be used.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    api::{integration::Mode, requirements::CREATE},
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

/// A service project whose desk is asked about.
#[derive(Clone, Debug)]
pub struct DeskAsked {
    /// Id of the project.
    pub project_id: String,
    /// Whether requests are to be raised there.
    pub writes: bool,
    /// Whether the account may create issues in the project, which lets it raise requests of every
    /// type of which Jira does not say otherwise.
    pub creates: bool,
}

impl DeskAsked {
    /// The project with this id, in which these permissions are held.
    #[must_use]
    pub fn of(project_id: &str, mode: Mode, held: &BTreeSet<String>) -> Self {
        Self {
            project_id: project_id.to_owned(),
            writes: mode == Mode::Enforce,
            creates: held.contains(CREATE),
        }
    }
}

/// Asks about the desks of service projects: one call for the list unless it is given, one for
/// each desk, one for the knowledge base; at most two more for a desk where no request can be
/// raised. After an outage at the first desk the others are not asked.
///
/// # Errors
/// When Atlassian asks to slow down, or the grant's scopes do not cover it; what else fails is
/// part of the evidence.
pub async fn desks(
    jira: &Jira,
    cloud_id: &str,
    projects: &[DeskAsked],
    listed: Option<Vec<ServiceDesk>>,
) -> Result<DesksEvidence, JiraError> {
    let listed = match listed {
        Some(listed) => Ok(listed),
        None => kept(jira.service_desks(cloud_id).await)?,
    };
    let of = |asked: &DeskAsked| {
        let desk = listed
            .as_ref()
            .ok()?
            .iter()
            .find(|desk| desk.project_id == asked.project_id)?;
        Some((asked.clone(), desk.clone()))
    };
    let mut wanted = projects.iter().filter_map(of);
    let mut desks: BTreeMap<String, DeskEvidence> = BTreeMap::new();
    let mut down = false;
    if let Some((asked, desk)) = wanted.next() {
        let (id, evidence) = one(jira, cloud_id, asked, desk).await?;
        down = matches!(evidence.request_types, Err(JiraError::Unavailable { .. }));
        desks.insert(id, evidence);
    }
    let mut knowledge_base = None;
    if !desks.is_empty() && !down {
        let others: Vec<_> = wanted.map(|(asked, desk)| one(jira, cloud_id, asked, desk)).collect();
        let others: Vec<_> = stream::iter(others).buffered(AT_ONCE).try_collect().await?;
        desks.extend(others);
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

async fn one(
    jira: &Jira,
    cloud_id: &str,
    asked: DeskAsked,
    desk: ServiceDesk,
) -> Result<(String, DeskEvidence), JiraError> {
    let mut evidence = DeskEvidence {
        request_types: kept(jira.request_types(cloud_id, &desk.id).await)?,
        creatable: None,
        form: None,
    };
    let types = evidence.request_types.as_deref().unwrap_or_default();
    let open: Vec<RequestType> = types
        .iter()
        .filter(|t| !is_hidden(t) && !is_restricted(t))
        .cloned()
        .collect();
    let told = open.iter().any(|kind| kind.can_create_request == Some(true));
    if asked.writes && !told {
        let untold = open.iter().filter(|kind| kind.can_create_request.is_none());
        let ids: Vec<String> = untold.map(|kind| kind.id.clone()).collect();
        if !ids.is_empty() && !asked.creates {
            evidence.creatable = Some(kept(jira.creatable(cloud_id, &desk.id, &ids).await)?);
        }
        let may_raise = |kind: &RequestType| {
            let checked = evidence.creatable.as_ref().and_then(|answer| answer.as_ref().ok());
            creatable(kind, checked).unwrap_or(asked.creates)
        };
        if let Some(first) = open.first().filter(|_| !open.iter().any(may_raise)) {
            let form = kept(jira.form(cloud_id, &desk.id, &first.id).await)?;
            evidence.form = Some((first.clone(), form));
        }
    }
    Ok((asked.project_id, evidence))
}

fn kept<T>(answer: Answer<T>) -> Result<Answer<T>, JiraError> {
    match answer {
        Err(error @ (JiraError::RateLimited { .. } | JiraError::ScopeMismatch(_))) => Err(error),
        answer => Ok(answer),
    }
}
