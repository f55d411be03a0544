//! What a site shows the account: where its projects stand, and which issues a perfect mirror holds.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::Sandbox;
use jira_operator::api::{
    integration::{MirrorMode, StatusMapping},
    issue::JiraIssueStatus,
    project::Lifecycle,
};

use super::contents::{self, Look};

/// All that is said of each issue, by its id.
pub type Issues = BTreeMap<u64, JiraIssueStatus>;

/// A project as it was found at the site.
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
    pub mapping: &'a [StatusMapping],
}

/// What a perfect mirror of these projects holds, where there is room for all.
pub fn expected(sandbox: &Sandbox, projects: &BTreeMap<String, Found>, wanted: &Wanted<'_>) -> Issues {
    let readable = sandbox.readable_issues(None);
    sandbox.state(|world| {
        let site = world.site("acme").unwrap();
        let mut all = Issues::new();
        for id in readable.keys() {
            let (project, issue) = site.issue_by_id(*id).unwrap();
            let project_id = project.id.to_string();
            if !projects.contains_key(&project_id) {
                continue;
            }
            let declared = wanted.declared.get(&project_id);
            let jql = declared.and_then(|declared| wanted.jql.get(declared));
            let narrowed = jql.is_none_or(|jql| issue.labels.iter().any(|label| jql.ends_with(label)));
            let done = project.workflow.is_done(&issue.status_id);
            if narrowed && (wanted.mode == MirrorMode::All || !done) {
                let look = Look {
                    world,
                    site,
                    mapping: wanted.mapping,
                    declared: declared.map(String::as_str),
                };
                all.insert(*id, contents::status(&look, project, issue));
            }
        }
        all
    })
}

/// The so many of these that were updated last.
pub fn newest(issues: Issues, max: usize) -> Issues {
    let mut all: Vec<_> = issues.into_iter().collect();
    // In this form times are in the order of their letters.
    all.sort_by(|(a, one), (b, other)| (&other.updated, b).cmp(&(&one.updated, a)));
    all.into_iter().take(max).collect()
}

/// What of two mirrors is not the same: ids with what each says.
pub fn differences<'i>(
    mirrored: &'i Issues,
    expected: &'i Issues,
) -> Vec<(u64, Option<&'i JiraIssueStatus>, Option<&'i JiraIssueStatus>)> {
    let ids: BTreeSet<u64> = mirrored.keys().chain(expected.keys()).copied().collect();
    let both = ids.into_iter().map(|id| (id, mirrored.get(&id), expected.get(&id)));
    both.filter(|(_, mirrored, expected)| mirrored != expected).collect()
}
