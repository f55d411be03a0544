//! Do the statuses that spec.statusMapping names exist?

use std::collections::BTreeSet;

use super::unavailable;
use crate::{
    api::{
        condition::{ConditionType::StatusMappingValid, Finding},
        integration::StatusMapping,
        reason::Reason,
    },
    atlassian::{error::JiraError, models::Status},
    diagnose::{evidence::StatusesEvidence, nearest::nearest},
};

/// How a status is named by its id.
const BY_ID: &str = "id:";
/// Most unknown statuses that a message names.
const MOST_NAMED: usize = 2;

/// Judges the mapping.
#[must_use]
pub fn judge(rules: &[StatusMapping], evidence: &StatusesEvidence) -> Finding {
    if rules.is_empty() {
        let message = "spec.statusMapping is not set: each status follows its category.";
        return Finding::new(StatusMappingValid, Reason::MappingMatchesWorkflows, message);
    }
    let mut unknown = Vec::new();
    let mut unanswered = None;
    for (index, rule) in rules.iter().enumerate() {
        match existing(rule, evidence) {
            Ok(Some(statuses)) => unknown.extend(missing(index, rule, &statuses)),
            Ok(None) => {}
            Err(error) => unanswered = Some(error),
        }
    }
    match (unknown.len(), unanswered) {
        (0, None) => Finding::plain(StatusMappingValid, Reason::MappingMatchesWorkflows),
        (0, Some(error)) => unavailable(StatusMappingValid, error),
        (count, _) => {
            let more = match count.saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" Unknown as well: {more} more."),
            };
            let what: Vec<String> = unknown.into_iter().take(MOST_NAMED).collect();
            let what = format!("{}{more}", what.join(" "));
            Finding::with_remedy(StatusMappingValid, Reason::UnknownStatuses, &what)
        }
    }
}

/// The statuses among which a rule's are to be; none where no project that it names is in use,
/// of which `ProjectsAccessible` tells.
fn existing<'e>(
    rule: &StatusMapping,
    evidence: &'e StatusesEvidence,
) -> Result<Option<Vec<&'e Status>>, &'e JiraError> {
    if rule.projects.is_empty() {
        return match &evidence.everywhere {
            Some(Ok(all)) => Ok(Some(all.iter().collect())),
            Some(Err(error)) => Err(error),
            None => Ok(None),
        };
    }
    let answers = rule.projects.iter().filter_map(|key| evidence.by_project.get(key));
    let mut all = Vec::new();
    let mut asked = false;
    for answer in answers {
        asked = true;
        all.extend(answer.as_ref()?);
    }
    Ok(asked.then_some(all))
}

/// What is said of the statuses of a rule that are not among the existing ones.
fn missing(index: usize, rule: &StatusMapping, existing: &[&Status]) -> Vec<String> {
    let names: BTreeSet<&str> = existing.iter().map(|status| status.name.as_str()).collect();
    let ids: BTreeSet<&str> = existing.iter().map(|status| status.id.as_str()).collect();
    let is_known = |wanted: &str| {
        if let Some(id) = wanted.strip_prefix(BY_ID) {
            return ids.contains(id.trim());
        }
        let wanted = wanted.trim().to_lowercase();
        names.iter().any(|name| name.to_lowercase() == wanted)
    };
    let unknown = rule.statuses.iter().filter(|wanted| !is_known(wanted));
    unknown
        .map(|wanted| {
            let near = nearest(wanted, names.iter().copied());
            let near = near.map(|name| format!(" (nearest: \"{name}\")")).unwrap_or_default();
            let place = match rule.projects.as_slice() {
                [] => "no workflow".to_owned(),
                projects => format!("no workflow of {}", super::enumerate(projects, 2)),
            };
            format!("spec.statusMapping[{index}] names \"{wanted}\", which {place} has{near}.")
        })
        .collect()
}
