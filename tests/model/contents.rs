//! What the mirror must say of an issue, by the sandbox's world alone: nothing of the engine is asked.

use devkit::sandbox::{Account, Issue, Project, Site, StatusCategory, World};
use jiff::Timestamp;
use jira_operator::api::{
    integration::StatusMapping,
    issue::{IssuePerson, JiraIssueStatus},
};
use sha2::{Digest, Sha256};

/// What decides how an issue looks, besides itself.
pub struct Look<'a> {
    pub world: &'a World,
    pub site: &'a Site,
    /// What a person declared of phases.
    pub mapping: &'a [StatusMapping],
    /// The key under which a person named the project.
    pub declared: Option<&'a str>,
}

/// What an issue in this project is to look like.
pub fn status(look: &Look<'_>, project: &Project, issue: &Issue) -> JiraIssueStatus {
    let key = format!("{}-{}", project.key, issue.number);
    let workflow = &project.workflow;
    let status = workflow.status(&issue.status_id).expect("a status of the project");
    let issue_type = workflow.issue_type(&issue.type_id).expect("a type of the project");
    let category = match status.category {
        StatusCategory::New => "new",
        StatusCategory::Indeterminate => "indeterminate",
        StatusCategory::Done => "done",
    };
    let keys = [Some(project.key.as_str()), look.declared];
    let named = rule(look.mapping, &keys, &issue_type.name, (&status.id, &status.name));
    let phase = named.unwrap_or(match category {
        "new" => "Todo",
        "indeterminate" => "InProgress",
        _ => "Done",
    });
    let mut reported = JiraIssueStatus {
        id: issue.id.to_string(),
        url: format!("https://acme.atlassian.net/browse/{key}"),
        key,
        project: project.key.clone(),
        project_id: project.id.to_string(),
        issue_type: issue_type.name.clone(),
        summary: issue.summary.clone(),
        status: status.name.clone(),
        status_id: status.id.clone(),
        category: category.to_owned(),
        phase: phase.to_owned(),
        priority: issue.priority_id.as_ref().and_then(|id| look.site.priority(id)),
        assignee: person(look.world, issue.assignee.as_ref()),
        reporter: person(look.world, issue.reporter.as_ref()),
        labels: issue.labels.clone(),
        created: written(issue.created),
        updated: written(issue.updated),
        resolved: issue.resolved.map(written),
        ..JiraIssueStatus::default()
    };
    reported.hash = hash(&reported);
    reported
}

fn person(world: &World, id: Option<&String>) -> Option<IssuePerson> {
    let account: &Account = world.accounts.get(id?)?;
    Some(IssuePerson {
        account_id: account.account_id.clone(),
        display_name: account.display_name.clone(),
    })
}

/// In UTC and in milliseconds, which is what Jira has.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The digest by which an unchanged issue is known. A version with another one writes every object anew.
fn hash(reported: &JiraIssueStatus) -> String {
    let text = serde_json::to_string(reported).expect("plain data");
    let text = format!("{},\"hash\":\"\"}}", text.strip_suffix('}').expect("an object"));
    let digest = Sha256::digest(text);
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The phase by the rules that a person declared: one that names project and issue type goes before one that names a
/// project, that before one that names a type, and that before one that names neither; of equal ones the first.
fn rule<'m>(
    mapping: &'m [StatusMapping],
    keys: &[Option<&str>],
    issue_type: &str,
    (id, status): (&str, &str),
) -> Option<&'m str> {
    let same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
    let fits = |rule: &&StatusMapping| {
        let named = |wanted: &String| same(wanted, status) || *wanted == format!("id:{id}");
        let here = |wanted: &String| keys.contains(&Some(wanted.as_str()));
        let of_type = |wanted: &String| same(wanted, issue_type);
        rule.statuses.iter().any(named)
            && (rule.projects.is_empty() || rule.projects.iter().any(here))
            && (rule.issue_types.is_empty() || rule.issue_types.iter().any(of_type))
    };
    let named = [(true, true), (true, false), (false, true), (false, false)];
    named.into_iter().find_map(|(project, kind)| {
        let mut rules = mapping.iter().filter(fits);
        let found = rules.find(|rule| rule.projects.is_empty() != project && rule.issue_types.is_empty() != kind);
        found.map(|rule| rule.phase.as_str())
    })
}
