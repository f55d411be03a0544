//! What became of tickets that Jira did not show: deleted, hidden, archived, or there all the same.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::{
    bound_ticket::{BoundTicket, Loss},
    identity::PROPERTY,
};
use crate::{
    atlassian::{
        error::JiraError,
        issue_fields::Issue,
        jira::Session,
        ticket_models::{MarkedIssue, MarkedIssues},
    },
    sync::issues::{MirrorError, archived, readable, unsearchable},
};

/// How many are looked up at once.
const LOOK_UPS: usize = 8;

/// What a look-up came to. What is in neither part is not known yet.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// Tickets that are there.
    pub found: Vec<MarkedIssue>,
    /// Those that are not, by id.
    pub lost: Vec<(u64, Loss)>,
}

/// Looks up what was not shown for a while: by id, which depends on no index.
///
/// # Errors
/// Where Jira cannot be asked: nothing is known then.
pub async fn look_up(jira: &Session, tickets: &[&BoundTicket]) -> Result<LookedUp, MirrorError> {
    let ids: Vec<String> = tickets.iter().map(|ticket| ticket.id.to_string()).collect();
    let answer = jira.fetch_marked(&ids, PROPERTY).await?;
    let (mut found, refused) = each(jira, tickets, answer).await?;
    let there: Vec<u64> = found.iter().filter_map(MarkedIssue::id).collect();
    // One answer that lacks an issue proves nothing: a search that finds nothing now may find it again at once.
    let hidden = unsearchable(jira, &there).await?;
    let hidden = unsearchable(jira, &hidden).await?;
    let issues: Vec<Issue> = found.iter().map(|found| found.issue.clone()).collect();
    let (archived, _) = archived(jira, &issues, &hidden).await?;
    found.retain(|issue| issue.id().is_some_and(|id| !hidden.contains(&id)));
    let mut lost: Vec<(u64, Loss)> = archived.into_iter().map(|id| (id, Loss::Archived)).collect();
    lost.extend(with_projects(jira, tickets, refused).await?);
    Ok(LookedUp { found, lost })
}

/// Asks one by one for those that an answer lacks. Returns those that are there, and those that Jira refuses.
async fn each(
    jira: &Session,
    tickets: &[&BoundTicket],
    answer: MarkedIssues,
) -> Result<(Vec<MarkedIssue>, Vec<(u64, Loss)>), MirrorError> {
    let failed = answer.failed();
    let mut found = answer.issues;
    let there: BTreeSet<u64> = found.iter().filter_map(MarkedIssue::id).collect();
    let asked = tickets.iter().map(|ticket| ticket.id).filter(|id| !there.contains(id));
    let asked: Vec<_> = asked.map(|id| async move { (id, jira.issue(id).await) }).collect();
    let answers: Vec<(u64, Result<Issue, JiraError>)> = stream::iter(asked).buffer_unordered(LOOK_UPS).collect().await;
    let mut refused = Vec::new();
    for (id, answer) in answers {
        match answer {
            Ok(issue) => found.push(MarkedIssue {
                issue,
                properties: BTreeMap::new(),
            }),
            Err(JiraError::NotFound(_)) => refused.push((id, Loss::Gone)),
            Err(JiraError::Forbidden(_)) => refused.push((id, Loss::Hidden)),
            // One that Jira cannot answer keeps none of the others waiting.
            Err(JiraError::Unavailable { .. }) if failed.contains(&id) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((found, refused))
}

/// An account that lost access to a project gets the same answer for each of its issues as if they were deleted: so it
/// is asked whether it still reads the project.
async fn with_projects(
    jira: &Session,
    tickets: &[&BoundTicket],
    refused: Vec<(u64, Loss)>,
) -> Result<Vec<(u64, Loss)>, MirrorError> {
    let ticket = |id: u64| tickets.iter().find(|ticket| ticket.id == id);
    let gone = refused.iter().filter(|(_, loss)| *loss == Loss::Gone);
    let projects = gone
        .filter_map(|(id, _)| ticket(*id))
        .filter(|ticket| !ticket.project_id.is_empty())
        .map(|ticket| (ticket.project_id.clone(), ticket.is_desk));
    let projects: BTreeMap<String, bool> = projects.collect();
    if projects.is_empty() {
        return Ok(refused);
    }
    let readable = readable(jira, &projects).await?;
    let judged = refused.into_iter().map(|(id, loss)| {
        let is_hidden = ticket(id)
            .is_some_and(|ticket| projects.contains_key(&ticket.project_id) && !readable.contains(&ticket.project_id));
        (id, if is_hidden { Loss::Hidden } else { loss })
    });
    Ok(judged.collect())
}
