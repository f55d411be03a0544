//! Do the statuses that spec.statusMapping names exist, and does each stand for one phase?

use super::{enumerate, unavailable};
use crate::{
    api::{
        condition::{ConditionType::StatusMappingValid, Finding},
        integration::StatusMapping,
        reason::Reason,
    },
    atlassian::{error::JiraError, models::Status},
    diagnose::{declared::TypeStatuses, evidence::StatusesEvidence, nearest::nearest},
};

/// How a status is named by its id.
const BY_ID: &str = "id:";
/// Most unknown statuses that a message names.
const MOST_NAMED: usize = 2;

/// Judges the mapping: each status and each issue type that it names has to be one of a project in use
/// that the rule is about.
#[must_use]
pub fn judge(rules: &[StatusMapping], evidence: &StatusesEvidence) -> Finding {
    if rules.is_empty() {
        let message = "spec.statusMapping is not set: each status follows its category.";
        return Finding::new(StatusMappingValid, Reason::MappingMatchesWorkflows, message);
    }
    let (mut unknown, mut notes, mut unanswered, mut open) = (Vec::new(), Vec::new(), None, false);
    for (index, rule) in rules.iter().enumerate() {
        let looked_at = CheckedStatuses::at(rule, evidence);
        if let Some(error) = looked_at.error {
            unanswered = Some(error);
            continue;
        }
        notes.extend(looked_at.not_in_use(index));
        let missing = missing(index, rule, &looked_at.types);
        match looked_at {
            // Nothing that the rule is about is in use, of which `ProjectsAccessible` tells.
            CheckedStatuses { asked: 0, .. } => {}
            CheckedStatuses { is_whole: false, .. } => open |= !missing.is_empty(),
            CheckedStatuses { .. } => unknown.extend(missing),
        }
    }
    if !unknown.is_empty() {
        let more = match unknown.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" Unknown as well: {more} more."),
        };
        let what: Vec<String> = unknown.into_iter().take(MOST_NAMED).collect();
        let what = format!("{}{more}", what.join(" "));
        return Finding::with_remedy(StatusMappingValid, Reason::UnknownStatuses, &what);
    }
    match (unanswered, ambiguous(rules)) {
        (Some(error), _) => unavailable(StatusMappingValid, error),
        (None, Some(what)) => Finding::with_remedy(StatusMappingValid, Reason::AmbiguousMapping, &what),
        (None, None) if open => {
            let what =
                "Not all projects were asked for their statuses yet, and those that were lack one that is named.";
            Finding::new(StatusMappingValid, Reason::NotChecked, what)
        }
        (None, None) => matches(&notes),
    }
}

/// Nothing speaks against the mapping. What is not in use was not looked at.
fn matches(notes: &[String]) -> Finding {
    let finding = Finding::plain(StatusMappingValid, Reason::MappingMatchesWorkflows);
    if notes.is_empty() {
        return finding;
    }
    let message = format!(
        "{} Skipped, because not in use: {}.",
        finding.message(),
        enumerate(notes, 3)
    );
    Finding::new(StatusMappingValid, Reason::MappingMatchesWorkflows, message)
}

/// What is known of the projects that a rule is about.
struct CheckedStatuses<'e> {
    /// The issue types of those that answered.
    types: Vec<&'e TypeStatuses>,
    /// How many of them are in use.
    asked: usize,
    /// All of them answered.
    is_whole: bool,
    /// Why one of them did not.
    error: Option<&'e JiraError>,
    /// Keys of those that are not in use.
    unused: Vec<String>,
}

impl<'e> CheckedStatuses<'e> {
    fn at(rule: &StatusMapping, evidence: &'e StatusesEvidence) -> Self {
        let is_about = |key: &&String| rule.projects.is_empty() || rule.projects.contains(key);
        let answers = || evidence.by_project.iter().filter(|(key, _)| is_about(key));
        let is_known = |key: &&String| evidence.by_project.contains_key(*key) || evidence.not_asked.contains(*key);
        let left = evidence.not_asked.iter().filter(is_about).count();
        Self {
            types: answers().flat_map(|(_, answer)| answer.iter().flatten()).collect(),
            asked: answers().count() + left,
            is_whole: left == 0,
            error: answers().find_map(|(_, answer)| answer.as_ref().err()),
            unused: rule.projects.iter().filter(|key| !is_known(key)).cloned().collect(),
        }
    }

    fn not_in_use(&self, index: usize) -> Option<String> {
        let keys = enumerate(&self.unused, 2);
        (!self.unused.is_empty()).then(|| format!("{keys} in spec.statusMapping[{index}]"))
    }
}

fn alike(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The first two rules between which only their order decides.
fn ambiguous(rules: &[StatusMapping]) -> Option<String> {
    let common = |a: &[String], b: &[String]| a.iter().find(|one| b.iter().any(|other| alike(one, other))).cloned();
    // As narrow as each other: both name some, or both none.
    let meet = |a: &[String], b: &[String]| (a.is_empty() && b.is_empty()) || common(a, b).is_some();
    rules.iter().enumerate().find_map(|(index, rule)| {
        let earlier = rules.iter().take(index).enumerate();
        let (before, status) = earlier.rev().find_map(|(before, other)| {
            let overlap = meet(&rule.projects, &other.projects) && meet(&rule.issue_types, &other.issue_types);
            let status = common(&rule.statuses, &other.statuses)?;
            (overlap && rule.phase != other.phase).then_some((before, status))
        })?;
        Some(format!(
            "spec.statusMapping[{before}] and [{index}] give \"{status}\" different phases, and neither is the narrower."
        ))
    })
}

/// What is said of what a rule names and none of these issue types has, or is.
fn missing(index: usize, rule: &StatusMapping, types: &[&TypeStatuses]) -> Vec<String> {
    let of_projects = match rule.projects.as_slice() {
        [] => String::new(),
        projects => format!(" of {}", enumerate(projects, 2)),
    };
    let near = |wanted: &str, names: &mut dyn Iterator<Item = &str>| {
        let near = nearest(wanted, names);
        near.map(|name| format!(" (nearest: \"{name}\")")).unwrap_or_default()
    };
    let is_meant = |kind: &&&TypeStatuses| {
        rule.issue_types.is_empty() || rule.issue_types.iter().any(|wanted| alike(wanted, &kind.name))
    };
    let has_type = |wanted: &&String| types.iter().any(|kind| alike(wanted, &kind.name));
    let wrong_types = rule
        .issue_types
        .iter()
        .filter(|wanted| !has_type(wanted))
        .map(|wanted| {
            let near = near(wanted, &mut types.iter().map(|kind| kind.name.as_str()));
            let place = if of_projects.is_empty() {
                " in scope"
            } else {
                &of_projects
            };
            format!("spec.statusMapping[{index}] names the issue type \"{wanted}\", which no project{place} has{near}.")
        });
    let mut missing: Vec<String> = wrong_types.collect();
    if !missing.is_empty() {
        // Of what workflow its statuses should be is not known.
        return missing;
    }
    let statuses: Vec<&Status> = types.iter().filter(is_meant).flat_map(|kind| &kind.statuses).collect();
    let is_known = |wanted: &&String| match wanted.strip_prefix(BY_ID) {
        Some(id) => statuses.iter().any(|status| status.id == id.trim()),
        None => statuses.iter().any(|status| alike(&status.name, wanted)),
    };
    let of_types = match rule.issue_types.as_slice() {
        [] => String::new(),
        types => format!(" for {}", enumerate(types, 2)),
    };
    missing.extend(rule.statuses.iter().filter(|wanted| !is_known(wanted)).map(|wanted| {
        let near = near(wanted, &mut statuses.iter().map(|status| status.name.as_str()));
        format!("spec.statusMapping[{index}] names \"{wanted}\", which no workflow{of_projects}{of_types} has{near}.")
    }));
    missing
}

#[cfg(test)]
mod tests;
