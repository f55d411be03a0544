//! Asks about service desks: the request types of each, the list of desks only where one does not
//! answer, and forms only where there is a doubt.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::desk_query::{DeskQuery, Doubt, doubt, open_types, usable_types};
use super::unless_limited;
use crate::{
    atlassian::{
        desk_models::{RequestType, ServiceDesk},
        error::JiraError,
        jira::Session,
    },
    diagnose::{
        evidence::{DeskEvidence, DesksEvidence, JiraResult},
        request_type::unseen_fields,
    },
};

/// How many desks are asked at once: far below what Jira allows in a second.
const AT_ONCE: usize = 4;
/// Calls that a look at all desks may cost where nothing is wrong, for as long as there are not more
/// desks than that. What is left of them goes to forms that are in doubt.
const AFFORDED: usize = 22;
/// Most forms that are read of one desk, the first one included.
const MOST_FORMS: usize = 3;

/// Evidence of desks by the id of their project.
type ByProject = BTreeMap<String, DeskEvidence>;

/// Asks about the desks of service projects: one call for each desk, one for the knowledge base, one
/// for the list of desks if one is not found and no list is given; at most three more for a desk on
/// which no request can be raised. Forms are read where there is a doubt, as far as the calls that
/// are afforded go; where they do not go far enough the desks take `turn`s, and without a turn all
/// are read. Of a desk that does not answer only itself is not known; after two of them the others
/// are not asked.
///
/// # Errors
/// When Atlassian asks to slow down, the grant's scopes do not cover it, or the token died meanwhile; what
/// else fails is part of the evidence.
pub async fn desks(
    jira: &Session,
    projects: &[DeskQuery],
    listed: Option<Vec<ServiceDesk>>,
    turn: Option<usize>,
) -> Result<DesksEvidence, JiraError> {
    let is_listed = |asked: &&DeskQuery| {
        let mut given = listed.iter().flatten();
        listed.is_none() || given.any(|desk| desk.project_id == asked.project_id)
    };
    let wanted: Vec<&DeskQuery> = projects.iter().filter(is_listed).collect();
    let (mut desks, down) = types(jira, &wanted).await?;
    let listed = match listed {
        Some(listed) => Some(Ok(listed)),
        None => reached(jira, &mut desks).await?,
    };
    let mut knowledge_base = None;
    if !desks.is_empty() && !down {
        let asked: Vec<&DeskQuery> = wanted
            .into_iter()
            .filter(|asked| desks.contains_key(&asked.project_id))
            .collect();
        look_closer(jira, &asked, &mut desks, turn).await?;
        // Scopes may cover desks and not articles.
        knowledge_base = Some(unless_limited(jira.knowledge_base().await)?);
    }
    let evidence = DesksEvidence {
        listed,
        desks,
        knowledge_base,
    };
    if has_401(&evidence) {
        // So Jira refuses an account, and so it answers once the token is dead: whoever it still knows, it
        // has refused.
        if let Err(error @ JiraError::Unauthorized(_)) = jira.myself().await {
            return Err(error);
        }
    }
    Ok(evidence)
}

/// Whether anything was answered by a 401.
fn has_401(evidence: &DesksEvidence) -> bool {
    fn is_401<T>(answer: &JiraResult<T>) -> bool {
        matches!(answer, Err(JiraError::Unauthorized(_)))
    }
    let of_desk = |desk: &DeskEvidence| {
        is_401(&desk.request_types)
            || desk.creatable.as_ref().is_some_and(is_401)
            || desk.forms.iter().any(|(_, form)| is_401(form))
    };
    evidence.listed.as_ref().is_some_and(is_401)
        || evidence.knowledge_base.as_ref().is_some_and(is_401)
        || evidence.desks.values().any(of_desk)
}

/// The request types of each desk, and whether so little was answered that asking further is in
/// vain: one failure may be the desk's own, two are an outage.
async fn types(jira: &Session, wanted: &[&DeskQuery]) -> Result<(ByProject, bool), JiraError> {
    let mut desks = ByProject::new();
    let mut rest = wanted.iter();
    let mut failures = 0;
    for asked in rest.by_ref() {
        let (id, evidence) = one(jira, asked).await?;
        let failed = matches!(evidence.request_types, Err(JiraError::Unavailable { .. }));
        desks.insert(id, evidence);
        failures += usize::from(failed);
        if !failed || failures > 1 {
            break;
        }
    }
    if failures > 0 && failures == desks.len() && (failures > 1 || wanted.len() == 1) {
        return Ok((desks, true));
    }
    let others: Vec<_> = rest.map(|asked| one(jira, asked)).collect();
    let others: Vec<_> = stream::iter(others).buffered(AT_ONCE).try_collect().await?;
    desks.extend(others);
    Ok((desks, false))
}

async fn one(jira: &Session, asked: &DeskQuery) -> Result<(String, DeskEvidence), JiraError> {
    let desk = ServiceDesk::of_project(&asked.project_id);
    let evidence = DeskEvidence {
        request_types: kept(jira.request_types(&desk.id).await)?,
        creatable: None,
        forms: Vec::new(),
    };
    Ok((asked.project_id.clone(), evidence))
}

/// The desks that the account reaches, asked for where one was not found: the list tells whether there is
/// none. Of those that are not in it there is no more evidence.
async fn reached(jira: &Session, desks: &mut ByProject) -> Result<Option<JiraResult<Vec<ServiceDesk>>>, JiraError> {
    let not_found = |desk: &DeskEvidence| matches!(desk.request_types, Err(JiraError::NotFound(_)));
    if !desks.values().any(not_found) {
        return Ok(None);
    }
    let listed = kept(jira.service_desks().await)?;
    let is_listed = |id: &String| listed.iter().flatten().any(|desk| desk.project_id == *id);
    desks.retain(|id, desk| !not_found(desk) || is_listed(id));
    Ok(Some(listed))
}

/// Asks what the lists of request types leave open.
async fn look_closer(
    jira: &Session,
    asked: &[&DeskQuery],
    desks: &mut ByProject,
    turn: Option<usize>,
) -> Result<(), JiraError> {
    let mut doubtful = Vec::new();
    for asked in asked {
        let Some(evidence) = desks.get_mut(&asked.project_id) else {
            continue;
        };
        permitted(jira, asked, evidence).await?;
        match doubt(asked, evidence) {
            None => {}
            Some(Doubt::Grave) => read_forms(jira, asked, evidence).await?,
            Some(Doubt::Slight) => doubtful.push(*asked),
        }
    }
    // One call for each desk, and one for articles.
    let spare = AFFORDED.saturating_sub(asked.len() + 1).max(1);
    let from = turn.map_or(0, |turn| turn.wrapping_mul(spare) % doubtful.len().max(1));
    let most = if turn.is_none() {
        doubtful.len()
    } else {
        spare.min(doubtful.len())
    };
    for asked in doubtful.iter().cycle().skip(from).take(most) {
        if let Some(evidence) = desks.get_mut(&asked.project_id) {
            read_forms(jira, asked, evidence).await?;
        }
    }
    Ok(())
}

/// Asks which requests may be raised, where the list does not tell and no permission does.
async fn permitted(jira: &Session, asked: &DeskQuery, evidence: &mut DeskEvidence) -> Result<(), JiraError> {
    let told = open_types(evidence).any(|kind| kind.can_create_request == Some(true));
    let untold = open_types(evidence).filter(|kind| kind.can_create_request.is_none());
    let ids: Vec<String> = untold.map(|kind| kind.id.clone()).collect();
    if asked.is_for_tickets && !told && !ids.is_empty() && !asked.creates {
        let desk = ServiceDesk::of_project(&asked.project_id);
        evidence.creatable = Some(kept(jira.creatable(&desk.id, &ids).await)?);
    }
    Ok(())
}

/// Reads the form of the first type that may be used, and of two more if it requires what nobody can
/// fill in; where none may be used that of the first.
async fn read_forms(jira: &Session, asked: &DeskQuery, evidence: &mut DeskEvidence) -> Result<(), JiraError> {
    let mut types: Vec<RequestType> = usable_types(asked, evidence).take(MOST_FORMS).cloned().collect();
    if types.is_empty() {
        types.extend(open_types(evidence).next().cloned());
    }
    let desk = ServiceDesk::of_project(&asked.project_id);
    for kind in types {
        let form = kept(jira.form(&desk.id, &kind.id).await)?;
        let closed = form.as_ref().is_ok_and(|form| !unseen_fields(form).is_empty());
        evidence.forms.push((kind, form));
        if !closed {
            break;
        }
    }
    Ok(())
}

/// An answer as evidence, unless the scopes or the quota let nothing be asked of desks.
fn kept<T>(answer: JiraResult<T>) -> Result<JiraResult<T>, JiraError> {
    match unless_limited(answer)? {
        Err(error @ JiraError::ScopeMismatch(_)) => Err(error),
        answer => Ok(answer),
    }
}
