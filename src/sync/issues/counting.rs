//! Asks Jira about how many issues there are, where nobody lists them: an estimate, a call each.

use futures::{StreamExt, stream};

use super::{
    engine::{Engine, ProjectSyncError},
    error::MirrorError,
    fetch::IN_FLIGHT,
    listing::{CountQuery, IdListing},
    mirror::Mirror,
    query::{FollowedProject, PROJECTS, blamed, matching},
    state::IssueCounts,
};
use crate::api::integration::MirrorMode;

/// Those without a jql together, and each with one by itself.
pub fn grouped<'p>(projects: &[&'p FollowedProject]) -> Vec<Vec<&'p FollowedProject>> {
    let (narrowed, plain): (Vec<&FollowedProject>, Vec<&FollowedProject>) =
        projects.iter().copied().partition(|project| project.jql.is_some());
    let plain = plain.chunks(PROJECTS).map(<[&FollowedProject]>::to_vec);
    plain.chain(narrowed.into_iter().map(|project| vec![project])).collect()
}

impl<M: Mirror> Engine<'_, M> {
    /// About how many issues of these projects are to be mirrored. A project that Jira refuses to count
    /// counts nothing.
    pub(super) async fn expected(&self, projects: &[&FollowedProject]) -> Result<usize, MirrorError> {
        let counts = grouped(projects).into_iter().map(|group| self.expected_of(group));
        let counts: Vec<_> = counts.collect();
        let counts: Vec<_> = stream::iter(counts).buffer_unordered(IN_FLIGHT).collect().await;
        counts.into_iter().sum()
    }

    async fn expected_of(&self, mut group: Vec<&FollowedProject>) -> Result<usize, MirrorError> {
        while !group.is_empty() {
            let error = match self.about(&group, self.settings.mode).await {
                Ok(count) => return Ok(count),
                Err(error) => error,
            };
            let Some(message) = error.refused_query() else {
                return Err(error);
            };
            // Where Jira names nobody, the pages tell how many there are.
            let Some(refused) = blamed(message, &group) else {
                return Ok(0);
            };
            let refused = refused.id.clone();
            group.retain(|project| project.id != refused);
        }
        Ok(0)
    }

    async fn about(&self, group: &[&FollowedProject], mode: MirrorMode) -> Result<usize, MirrorError> {
        let ids: Vec<&str> = group.iter().map(|project| project.id.as_str()).collect();
        let jql = group.first().and_then(|project| project.jql.as_deref());
        let query = matching(&ids, mode, jql);
        Ok(self.jira.approximate_count(&query).await?)
    }

    /// Counts the next few projects.
    pub(super) async fn count_some(&mut self, listing: &mut IdListing) -> Result<(), MirrorError> {
        let settings = self.settings;
        let some: Vec<CountQuery> = listing.counting.iter().take(IN_FLIGHT).cloned().collect();
        let asked = some.into_iter().map(|count| async {
            let answer = match settings.project(&count.project) {
                Some(project) => self.about(&[project], count.mode).await.map(Some),
                None => Ok(None),
            };
            (count, answer)
        });
        let asked: Vec<_> = asked.collect();
        let answers: Vec<_> = stream::iter(asked).buffered(IN_FLIGHT).collect().await;
        for (count, answer) in answers {
            match answer {
                Ok(about) => about.map_or((), |about| self.note_about(&count, about)),
                Err(error) => {
                    let message = error.refused_query().map(str::to_owned);
                    let Some(message) = message else { return Err(error) };
                    if count.mode == MirrorMode::None {
                        listing.resumed.remove(&count.project);
                    }
                    self.report
                        .failed_projects
                        .insert(count.project.clone(), ProjectSyncError::Refused(message));
                }
            }
            listing.counting.pop_front();
        }
        Ok(())
    }

    fn note_about(&mut self, count: &CountQuery, about: usize) {
        let counts = self.state.counts.entry(count.project.clone());
        let counts = counts.or_insert(IssueCounts::unknown(self.moment.now));
        (counts.about, counts.as_of) = (true, self.moment.now);
        if count.mode == self.settings.mode {
            counts.matching = Some(about);
        }
        if count.mode != MirrorMode::All {
            counts.open = Some(about);
        }
    }
}
