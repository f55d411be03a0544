//! Takes in issues that changed. Of projects with a jql Jira is asked which of them still match.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    error::MirrorError,
    known_jql::KnownJql,
    mirror::Mirror,
    project_states::{ProjectStates, ProjectSyncError},
    query::{FollowedProject, among},
    run::StepContext,
    writer::{Source, Writer},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::{
        issue_fields::Issue,
        jira::{PAGE, RECONCILED},
    },
};

/// Ids by project.
type IdsByProject<'a> = BTreeMap<&'a str, (&'a FollowedProject, BTreeSet<u64>)>;

/// What it takes to write issues that changed.
pub(super) struct Intake<'a, M> {
    pub(super) run: StepContext<'a>,
    pub(super) jql: &'a mut KnownJql,
    pub(super) projects: &'a mut ProjectStates,
    pub(super) writer: Writer<'a, M>,
}

impl<M: Mirror> Intake<'_, M> {
    /// Takes in changed issues. Those of projects with a jql are matched against it first. Returns the ids of
    /// the projects of which that is unknown, and why: what changed in them is not taken in.
    pub(super) async fn take_changed(
        &mut self,
        issues: Vec<Issue>,
        source: Source,
    ) -> Result<BTreeMap<String, String>, MirrorError> {
        let settings = self.run.settings;
        let mut narrowed = IdsByProject::new();
        for issue in &issues {
            let project = issue.fields.project.as_ref();
            let project = project.and_then(|project| settings.project(&project.id));
            if let (Some(project), Ok(id)) = (project.filter(|project| project.jql.is_some()), issue.id.parse()) {
                let of_project = narrowed.entry(&project.id).or_insert((project, BTreeSet::new()));
                of_project.1.insert(id);
            }
        }
        if narrowed.is_empty() {
            self.writer.take(issues, None, source).await?;
            return Ok(BTreeMap::new());
        }
        // What Jira does not accept is not asked again here.
        narrowed.retain(|_, (project, _)| self.jql.error_of(project).is_none());
        let (found, unknown) = self.matching(&narrowed).await?;
        // Where the jql could not be asked, what is mirrored stays as it is.
        let is_known = |issue: &Issue| {
            let project = issue.fields.project.as_ref().map(|project| &project.id);
            project.is_none_or(|id| !unknown.contains_key(id) && self.invalid_id(id).is_none())
        };
        let known = issues.into_iter().filter(is_known).collect();
        self.writer.take(known, Some(&found), source).await?;
        Ok(unknown)
    }

    /// Takes in issues of tickets whose objects are gone: nobody but the mirror has an object of them any more.
    pub(super) async fn take_released(&mut self) -> Result<(), MirrorError> {
        let run = self.run;
        if run.slice || run.settings.mode == MirrorMode::None {
            return Ok(());
        }
        let released: Vec<u64> = run.settings.claimed.take_released().into_iter().collect();
        for ids in released.chunks(PAGE) {
            let taken = match run.jira.bulk_fetch(ids).await {
                Ok(found) => self.take_changed(found.issues, Source::ById).await.map(|_| ()),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = taken {
                run.settings.claimed.release(released);
                return Err(error);
            }
        }
        Ok(())
    }

    /// What Jira said against the jql of a project, by its id.
    fn invalid_id(&self, id: &str) -> Option<&String> {
        self.jql.error_of(self.run.settings.project(id)?)
    }

    /// The issues that match, and the ids of the projects that Jira did not answer, with the reason.
    async fn matching(
        &mut self,
        narrowed: &IdsByProject<'_>,
    ) -> Result<(BTreeSet<u64>, BTreeMap<String, String>), MirrorError> {
        if narrowed.is_empty() {
            return Ok((BTreeSet::new(), BTreeMap::new()));
        }
        let ids: BTreeSet<u64> = narrowed.values().flat_map(|(_, ids)| ids).copied().collect();
        let jqls: Vec<String> = narrowed.values().map(|(project, _)| query(project)).collect();
        let answers = self.run.jira.matches(&ids, &jqls).await?;
        let mut found = BTreeSet::new();
        if answers.len() != jqls.len() {
            // It is unknown which of them were answered.
            let why = "Jira did not say which of its changed issues match its jql";
            let all = narrowed.keys().map(|id| ((*id).to_owned(), why.to_owned()));
            return Ok((found, all.collect()));
        }
        for ((project, ids), answer) in narrowed.values().zip(&answers) {
            if let Some(error) = answer.errors.first() {
                self.reject_jql(project, error);
                continue;
            }
            let matched = answer
                .matched_issues
                .iter()
                .filter_map(|id| id.to_string().parse::<u64>().ok());
            found.extend(matched);
            let leaving = ids
                .iter()
                .filter(|id| !found.contains(id) && self.writer.index().get(**id).is_some());
            let leaving: Vec<u64> = leaving.copied().collect();
            found.extend(self.still_matching(project, &leaving).await?);
        }
        Ok((found, BTreeMap::new()))
    }

    /// Jira does not accept a jql any more. What is mirrored of its project stays as it is, and is fetched
    /// anew once Jira accepts it again: what changes until then is not seen.
    fn reject_jql(&mut self, project: &FollowedProject, error: &str) {
        if let Some(jql) = &project.jql {
            self.jql.reject(jql, error);
        }
        self.projects.of(&project.id).restart();
        let error = ProjectSyncError::Jql(error.to_owned());
        self.projects.fail(&project.id, error);
    }

    /// Of issues that would leave the mirror, those that match all the same: the index by which Jira
    /// matches may not know them as they are.
    async fn still_matching(&self, project: &FollowedProject, ids: &[u64]) -> Result<Vec<u64>, MirrorError> {
        let mut found = Vec::new();
        for chunk in ids.chunks(RECONCILED) {
            let jql = format!("{} AND {}", query(project), among(chunk));
            let answer = self.run.jira.reconciled(&jql, chunk).await?;
            // Where the answer may lack some, none leaves for it.
            found.extend(answer.unwrap_or_else(|| chunk.to_vec()));
        }
        Ok(found)
    }
}

fn query(project: &FollowedProject) -> String {
    let jql = project.jql.as_deref().unwrap_or_default();
    format!("project = {} AND ({jql})", project.id)
}
