//! A listing under way: which numbers are still to be asked for, which ids to be listed, and what was
//! found so far. The next slice resumes it. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use super::{
    error::MirrorError,
    index::Index,
    paged_query::{PageStep, PagedQuery},
    query::{FollowedProject, latest, matching},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::{issue_answers::SearchPage, jira::ID_PAGE},
};

/// Most pages without an issue in a row.
const MOST_EMPTY: usize = 3;
/// Most issues that are listed for their number alone: one page.
pub const MOST_COUNTED: usize = ID_PAGE;

/// The ids that a query finds, what was updated last first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdQuery {
    /// Ids of the projects.
    pub projects: Vec<String>,
    /// What narrows them. A jql goes with one project.
    pub jql: Option<String>,
    /// Ids and keys so far.
    pub issues: Vec<(u64, String)>,
    /// Whether it is certain that these are all.
    pub is_complete: bool,
    /// Only what was updated since then, in epoch milliseconds.
    since: Option<i64>,
    /// It ends when there are so many.
    most: usize,
    token: Option<String>,
    empty: usize,
}

impl IdQuery {
    /// Before its first page.
    #[must_use]
    pub const fn new(projects: Vec<String>, jql: Option<String>, since: Option<i64>, most: usize) -> Self {
        Self {
            projects,
            jql,
            issues: Vec::new(),
            is_complete: true,
            since,
            most,
            token: None,
            empty: 0,
        }
    }

    /// The same list of other projects, from its beginning.
    #[must_use]
    pub const fn of(&self, projects: Vec<String>, jql: Option<String>) -> Self {
        Self::new(projects, jql, self.since, self.most)
    }

    /// The query.
    #[must_use]
    pub fn query(&self, mode: MirrorMode) -> String {
        let ids: Vec<&str> = self.projects.iter().map(String::as_str).collect();
        latest(&matching(&ids, mode, self.jql.as_deref()), self.since, None)
    }

    /// What leads to the next page; none before the first one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// How many issues are to be asked for.
    #[must_use]
    pub fn page(&self) -> usize {
        self.most.saturating_sub(self.issues.len()).clamp(1, ID_PAGE)
    }

    /// Begins again.
    pub fn begin_anew(&mut self) {
        *self = self.of(self.projects.clone(), self.jql.clone());
    }

    /// Takes in a page.
    ///
    /// # Errors
    /// Where pages lead nowhere: it begins again then.
    pub fn take(&mut self, page: SearchPage) -> Result<PageStep, MirrorError> {
        // What has no id that can be read may be any of those that are mirrored.
        self.is_complete &= !page.is_cut() && page.found.malformed == 0;
        self.empty = if page.found.issues.is_empty() {
            self.empty + 1
        } else {
            0
        };
        let ids = page.found.issues.into_iter();
        self.issues
            .extend(ids.filter_map(|issue| Some((issue.id.parse().ok()?, issue.key))));
        let Some(next) = page.next_page_token.filter(|next| !next.is_empty()) else {
            // Without a token there is no way on, whatever isLast says.
            self.is_complete &= page.is_last != Some(false);
            return Ok(PageStep::Ended);
        };
        if self.issues.len() >= self.most {
            return Ok(PageStep::Ended);
        }
        let error = if self.token.as_ref() == Some(&next) {
            MirrorError::Pages("the same page was given again")
        } else if self.empty > MOST_EMPTY {
            MirrorError::Pages("page after page without an issue")
        } else {
            self.token = Some(next);
            return Ok(PageStep::Onward);
        };
        self.begin_anew();
        Err(error)
    }
}

/// A number that is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountQuery {
    /// Id of the project.
    pub project: String,
    /// Of which issues.
    pub mode: MirrorMode,
}

/// Everything that a listing has to do, and what it found.
#[derive(Clone, Debug, Default)]
pub struct IdListing {
    /// Of all projects, not only of new ones.
    pub everything: bool,
    /// Projects are among it of which nothing is mirrored yet.
    pub fills: bool,
    /// There is not room for all: only what was updated last is listed.
    pub is_cut: bool,
    /// The cursor when it began, in epoch milliseconds.
    pub cursor: i64,
    /// Numbers that are to be asked for.
    pub counting: VecDeque<CountQuery>,
    /// What is to be listed; the first is under way.
    pub todo: VecDeque<IdQuery>,
    /// What is to be fetched page by page afterwards.
    pub queries: Vec<PagedQuery>,
    /// About how many issues these queries find.
    pub expected: usize,
    /// Ids of the projects of which something may be mirrored already, or that are only counted.
    pub resumed: BTreeSet<String>,
    /// Ids of the projects of which all issues are fetched afterwards.
    pub fresh: BTreeSet<String>,
    /// What was listed.
    pub found: ListedIds,
}

impl IdListing {
    /// Whether a list of it may lack issues.
    #[must_use]
    pub(super) fn is_doubtful(&self) -> bool {
        let mut projects = self.found.counts.keys();
        projects.any(|id| !self.found.complete.contains(id))
    }

    /// Ids of all projects that are listed or fetched.
    pub fn projects(&self) -> impl Iterator<Item = &String> {
        let counted = self.counting.iter().map(|count| &count.project);
        let listed = self.todo.iter().flat_map(|list| &list.projects);
        counted
            .chain(listed)
            .chain(self.queries.iter().flat_map(|query| &query.projects))
    }
}

/// What was listed.
#[derive(Clone, Debug, Default)]
pub struct ListedIds {
    /// Ids by query, in its order.
    pub lists: Vec<Vec<u64>>,
    /// Projects of which everything was listed.
    pub complete: BTreeSet<String>,
    /// Issues that are mirrored as another project's: they moved, and no scan saw it.
    pub moved: HashSet<u64>,
    /// How many issues each project has, by its id.
    pub counts: BTreeMap<String, usize>,
}

/// The key of the project that an issue's key begins with.
fn prefix(key: &str) -> &str {
    key.rsplit_once('-').map_or("", |(project, _)| project)
}

impl ListedIds {
    /// Takes in a list of these projects that has ended.
    pub fn add(&mut self, projects: &[&FollowedProject], list: IdQuery, index: &Index) {
        let mut by_key: BTreeMap<&str, &str> = projects.iter().map(|p| (p.key.as_str(), p.id.as_str())).collect();
        // A project that was renamed since it was checked is known by the issues that it had.
        for (id, key) in &list.issues {
            let home = index.get(*id).map(|entry| entry.project_id.as_str());
            let home = home.or_else(|| {
                projects
                    .first()
                    .filter(|_| projects.len() == 1)
                    .map(|only| only.id.as_str())
            });
            if let Some(home) = projects.iter().find(|project| home == Some(project.id.as_str())) {
                by_key.entry(prefix(key)).or_insert(home.id.as_str());
            }
        }
        for project in projects {
            self.counts.entry(project.id.clone()).or_default();
            if list.is_complete {
                self.complete.insert(project.id.clone());
            }
        }
        for (id, key) in &list.issues {
            if let Some(project) = by_key.get(prefix(key)) {
                *self.counts.entry((*project).to_owned()).or_default() += 1;
                let is_here = index.get(*id).is_none_or(|entry| entry.project_id == *project);
                self.moved.extend((!is_here).then_some(*id));
            }
        }
        self.lists.push(list.issues.into_iter().map(|(id, _)| id).collect());
    }

    /// How many issues were listed.
    #[must_use]
    pub fn total(&self) -> usize {
        self.lists.iter().map(Vec::len).sum()
    }
}
