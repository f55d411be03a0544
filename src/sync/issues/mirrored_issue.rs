//! An issue as Jira answered it, in the form in which it is mirrored.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::followed::FollowedProjects;
use crate::{
    api::issue::{IssuePerson, JiraIssueStatus},
    atlassian::issue_fields::{Issue, IssueFields, IssueUser, time},
    sync::phase::Phases,
};

/// Longest text that is kept of any one field, in characters; Jira's summaries have at most 255.
const LONGEST: usize = 255;
/// Most labels that are kept.
const LABELS: usize = 50;

/// An issue as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct MirroredIssue {
    /// Its id, which never changes.
    pub id: u64,
    /// Id of its project.
    pub project_id: String,
    /// When it was updated last, in epoch milliseconds by Jira's clock.
    pub updated: i64,
    /// Whether it is not done.
    pub is_open: bool,
    /// Digest of the status.
    pub digest: u64,
    /// What is mirrored of it.
    pub status: JiraIssueStatus,
}

/// What an issue is seen through: the address of the site, and the phases.
#[derive(Clone, Copy, Debug)]
pub struct MappingContext<'a> {
    /// Address of the site.
    pub site_url: &'a str,
    /// Phases for statuses.
    pub phases: &'a Phases,
    /// The projects, whose keys may have been others when rules were declared.
    pub projects: &'a FollowedProjects,
}

impl MirroredIssue {
    /// Reads an issue. None when its id is no number, which Jira's never are.
    #[must_use]
    pub fn from_jira(issue: Issue, mapping: MappingContext<'_>) -> Option<Self> {
        let id = issue.id.parse().ok()?;
        let IssueFields {
            summary,
            status,
            issuetype,
            priority,
            assignee,
            reporter,
            labels,
            created,
            updated,
            resolutiondate,
            project,
            // Asked for of tickets alone.
            creator: _,
            description: _,
        } = issue.fields;
        let project = project.unwrap_or_default();
        let status = status.unwrap_or_default();
        let category = status
            .status_category
            .map_or_else(|| "undefined".to_owned(), |category| category.key);
        let issue_type = issuetype.map(|kind| clipped(&kind.name)).unwrap_or_default();
        let updated = updated.as_deref().and_then(time);
        let key = issue.key;
        let project_key = match project.key.as_str() {
            "" => key.rsplit_once('-').map_or("", |(project, _)| project).to_owned(),
            key => key.to_owned(),
        };
        let declared = mapping.projects.get(&project.id);
        let declared = declared.map_or(project_key.as_str(), |known| known.declared.as_str());
        let mut mirrored = JiraIssueStatus {
            observed_generation: None,
            id: issue.id,
            url: format!("{}/browse/{key}", mapping.site_url.trim_end_matches('/')),
            phase: mapping.phases.phase(
                &[&project_key, declared],
                &issue_type,
                &status.name,
                &status.id,
                &category,
            ),
            key,
            project: project_key,
            project_id: project.id.clone(),
            issue_type,
            summary: clipped(summary.as_deref().unwrap_or_default()),
            status: clipped(&status.name),
            status_id: status.id,
            priority: priority.map(|priority| clipped(&priority.name)),
            assignee: assignee.map(person),
            reporter: reporter.map(person),
            labels: labels.iter().take(LABELS).map(|label| clipped(label)).collect(),
            created: created.as_deref().and_then(time).map(utc).unwrap_or_default(),
            updated: updated.map(utc).unwrap_or_default(),
            resolved: resolutiondate.as_deref().and_then(time).map(utc),
            category,
            ..JiraIssueStatus::default()
        };
        let digest = digest(&mirrored);
        mirrored.hash = format!("{digest:016x}");
        Some(Self {
            id,
            project_id: project.id,
            updated: updated.map_or(0, Timestamp::as_millisecond),
            is_open: mirrored.category != "done",
            digest,
            status: mirrored,
        })
    }
}

fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

fn utc(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn person(person: IssueUser) -> IssuePerson {
    IssuePerson {
        account_id: person.account_id,
        display_name: clipped(&person.display_name),
    }
}

/// The same for the same content, in every version of this program that mirrors the same fields.
fn digest(status: &JiraIssueStatus) -> u64 {
    let mut text = serde_json::to_vec(status).unwrap_or_default();
    // The digest itself, empty and last, was a part of it from the first version on.
    text.pop();
    text.extend(br#","hash":""}"#);
    let digest = Sha256::digest(&text);
    digest.iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte))
}
