//! Where changes are followed from: the newest update before the first listing.

use super::{
    error::MirrorError,
    query::{FollowedProject, PROJECTS, blamed, newest},
    scan::latest,
};
use crate::atlassian::{
    issue_answers::SearchPage,
    issue_fields::time,
    jira::{SearchFields, Session},
};

/// The newest update of these projects, in epoch milliseconds by Jira's clock.
pub(super) async fn first_cursor(
    jira: &Session,
    mut projects: Vec<&FollowedProject>,
) -> Result<Option<i64>, MirrorError> {
    let (mut found, mut most) = (None, PROJECTS);
    while !projects.is_empty() {
        let group: Vec<&FollowedProject> = projects.iter().take(most).copied().collect();
        let ids: Vec<&str> = group.iter().map(|project| project.id.as_str()).collect();
        let answer = jira.search(&newest(&ids), SearchFields::Newest, None).await;
        let done: Vec<&FollowedProject> = match answer.map_err(MirrorError::from) {
            Ok(page) => {
                found = found.max(newest_of(&page));
                group
            }
            Err(error) => match error.refused_query().map(|message| blamed(message, &group)) {
                Some(Some(project)) => vec![project],
                // Jira names none of them: each is asked for alone, and the one that it refuses has no time.
                Some(None) if group.len() == 1 => group,
                Some(None) => {
                    most = 1;
                    continue;
                }
                None => return Err(error),
            },
        };
        projects.retain(|project| !done.iter().any(|done| done.id == project.id));
    }
    Ok(found)
}

/// The newest update in a page. A date that is still to come counts as the time of the page.
fn newest_of(page: &SearchPage) -> Option<i64> {
    let issues = page.found.issues.iter();
    let updates = issues.filter_map(|issue| time(issue.fields.updated.as_deref()?));
    let latest = latest(page).unwrap_or(i64::MAX);
    updates.map(|at| at.as_millisecond().min(latest)).max()
}
