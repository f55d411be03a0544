//! What a site shows the account: where its projects stand, and which issues a perfect mirror holds.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::Sandbox;
use jira_operator::api::{integration::MirrorMode, project::Lifecycle};

/// Key, summary and update of each issue, by its id.
pub type Issues = BTreeMap<u64, (String, String, i64)>;

/// A project as a look at the site found it.
#[derive(Clone, Debug)]
pub struct Found {
    pub key: String,
    pub lifecycle: Lifecycle,
    pub readable: bool,
}

impl Found {
    /// Whether its issues stay as they are, because nobody can tell what became of them.
    pub fn is_held(&self) -> bool {
        !self.readable && self.lifecycle != Lifecycle::Archived
    }
}

/// The projects in scope by id.
pub fn projects(sandbox: &Sandbox, excluded: &BTreeSet<String>) -> BTreeMap<String, Found> {
    sandbox.state(|world| {
        let site = world.site("acme").unwrap();
        let bot = world.account("jira-bot@acme.example").unwrap().account_id.clone();
        let found = site.projects.values().map(|project| {
            let is_shown = site.browses(project, &bot);
            let readable = project.is_live() && is_shown;
            let lifecycle = match (project.deleted, project.archived) {
                (Some(_), _) => Lifecycle::Trashed,
                (None, _) if !is_shown => Lifecycle::NotVisible,
                (None, Some(_)) => Lifecycle::Archived,
                (None, None) => Lifecycle::Live,
            };
            let found = Found {
                key: project.key.clone(),
                lifecycle,
                readable,
            };
            (project.id.to_string(), found)
        });
        found.filter(|(id, _)| !excluded.contains(id)).collect()
    })
}

/// What a person declared.
pub struct Wanted<'a> {
    pub mode: MirrorMode,
    /// The key under which each project is named, by its id.
    pub declared: &'a BTreeMap<String, String>,
    /// jql by that key.
    pub jql: &'a BTreeMap<String, String>,
}

/// What a perfect mirror of these projects holds, where there is room for all.
pub fn expected(sandbox: &Sandbox, projects: &BTreeMap<String, Found>, wanted: &Wanted<'_>) -> Issues {
    let by_key: BTreeMap<&str, &str> = projects
        .iter()
        .map(|(id, found)| (found.key.as_str(), id.as_str()))
        .collect();
    let done = done_statuses(sandbox);
    let belongs = |key: &str, issue: &devkit::sandbox::Issue| {
        let project = key.rsplit_once('-').map_or("", |(project, _)| project);
        let Some(id) = by_key.get(project) else { return false };
        let jql = wanted.declared.get(*id).and_then(|declared| wanted.jql.get(declared));
        let narrowed = jql.is_none_or(|jql| issue.labels.iter().any(|label| jql.ends_with(label)));
        (wanted.mode == MirrorMode::All || !done.contains(&issue.status_id)) && narrowed
    };
    let readable = sandbox.readable_issues(None).into_iter();
    readable
        .filter(|(_, (key, issue))| belongs(key, issue))
        .map(|(id, (key, issue))| (id, (key, issue.summary.clone(), issue.updated.as_millisecond())))
        .collect()
}

/// The so many of these that were updated last.
pub fn newest(issues: Issues, max: usize) -> Issues {
    let mut all: Vec<_> = issues.into_iter().collect();
    all.sort_by_key(|(id, (_, _, updated))| std::cmp::Reverse((*updated, *id)));
    all.into_iter().take(max).collect()
}

fn done_statuses(sandbox: &Sandbox) -> BTreeSet<String> {
    sandbox.state(|world| {
        let projects = world.site("acme").unwrap().projects.values();
        let statuses = projects.flat_map(|project| project.workflow.statuses.iter());
        statuses
            .filter(|status| status.category.id() == 3)
            .map(|status| status.id.clone())
            .collect()
    })
}
