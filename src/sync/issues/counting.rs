//! Asks Jira about how many issues there are, where nothing lists them: an estimate, a call each.

use futures::{StreamExt, stream};

use super::{
    error::MirrorError,
    fetch::IN_FLIGHT,
    listing::CountQuery,
    query::{FollowedProject, PROJECTS, blamed, matching},
    run::StepContext,
};
use crate::api::integration::MirrorMode;

/// Those without a jql together, and each with one by itself.
pub fn grouped<'p>(projects: &[&'p FollowedProject]) -> Vec<Vec<&'p FollowedProject>> {
    let (narrowed, plain): (Vec<&FollowedProject>, Vec<&FollowedProject>) =
        projects.iter().copied().partition(|project| project.jql.is_some());
    let plain = plain.chunks(PROJECTS).map(<[&FollowedProject]>::to_vec);
    plain.chain(narrowed.into_iter().map(|project| vec![project])).collect()
}

/// About how many issues of these projects are to be mirrored. A project that Jira refuses to count
/// counts nothing.
pub(super) async fn expected(run: StepContext<'_>, projects: &[&FollowedProject]) -> Result<usize, MirrorError> {
    let counts = grouped(projects).into_iter().map(|group| expected_of(run, group));
    let counts: Vec<_> = counts.collect();
    let counts: Vec<_> = stream::iter(counts).buffer_unordered(IN_FLIGHT).collect().await;
    counts.into_iter().sum()
}

async fn expected_of(run: StepContext<'_>, mut group: Vec<&FollowedProject>) -> Result<usize, MirrorError> {
    while !group.is_empty() {
        let error = match about(run, &group, run.settings.mode).await {
            Ok(count) => return Ok(count),
            Err(error) => error,
        };
        let Some(message) = error.refused_query() else {
            return Err(error);
        };
        // Where Jira names none of them, the pages show how many there are.
        let Some(refused) = blamed(message, &group) else {
            return Ok(0);
        };
        let refused = refused.id.clone();
        group.retain(|project| project.id != refused);
    }
    Ok(0)
}

async fn about(run: StepContext<'_>, group: &[&FollowedProject], mode: MirrorMode) -> Result<usize, MirrorError> {
    let ids: Vec<&str> = group.iter().map(|project| project.id.as_str()).collect();
    let jql = group.first().and_then(|project| project.jql.as_deref());
    Ok(run.jira.approximate_count(&matching(&ids, mode, jql)).await?)
}

/// The answers to these queries; none of a project that cannot be read any more.
pub(super) async fn counted(
    run: StepContext<'_>,
    queries: Vec<CountQuery>,
) -> Vec<(CountQuery, Result<Option<usize>, MirrorError>)> {
    let asked = queries.into_iter().map(|query| async move {
        let answer = match run.settings.project(&query.project) {
            Some(project) => about(run, &[project], query.mode).await.map(Some),
            None => Ok(None),
        };
        (query, answer)
    });
    let asked: Vec<_> = asked.collect();
    stream::iter(asked).buffered(IN_FLIGHT).collect().await
}
