//! Do the statuses that spec.statusMapping names exist, and does each stand for one phase?

use std::collections::BTreeSet;

use super::{enumerate, unavailable};
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
    let (mut unknown, mut unused, mut unanswered) = (Vec::new(), Vec::new(), None);
    for (index, rule) in rules.iter().enumerate() {
        match existing(rule, evidence) {
            Ok(Some(statuses)) => unknown.extend(missing(index, rule, &statuses)),
            Ok(None) => unused.push(format!("spec.statusMapping[{index}]")),
            Err(error) => unanswered = Some(error),
        }
    }
    match (unknown.len(), unanswered) {
        (0, Some(error)) => unavailable(StatusMappingValid, error),
        (0, None) => match ambiguous(rules) {
            Some(what) => Finding::with_remedy(StatusMappingValid, Reason::AmbiguousMapping, &what),
            None => matches(&unused),
        },
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

/// Nothing speaks against the mapping. What no project in use has to do with was not looked at.
fn matches(unused: &[String]) -> Finding {
    let finding = Finding::plain(StatusMappingValid, Reason::MappingMatchesWorkflows);
    if unused.is_empty() {
        return finding;
    }
    let message = format!(
        "{} Not looked at, because none of the projects named there is in use: {}.",
        finding.message,
        enumerate(unused, 3)
    );
    Finding::new(StatusMappingValid, Reason::MappingMatchesWorkflows, message)
}

/// The first two rules between which only their order decides.
fn ambiguous(rules: &[StatusMapping]) -> Option<String> {
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    let common = |a: &[String], b: &[String]| a.iter().find(|one| b.iter().any(|other| same(one, other))).cloned();
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

/// The statuses among which a rule's are to be; none where no project that it names is in use,
/// of which `ProjectsAccessible` tells.
fn existing<'e>(
    rule: &StatusMapping,
    evidence: &'e StatusesEvidence,
) -> Result<Option<Vec<&'e Status>>, &'e JiraError> {
    let beyond = |key: &String| evidence.not_asked.contains(key);
    if rule.projects.is_empty() || rule.projects.iter().any(beyond) {
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
                projects => format!("no workflow of {}", enumerate(projects, 2)),
            };
            format!("spec.statusMapping[{index}] names \"{wanted}\", which {place} has{near}.")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn statuses(names: &[&str]) -> Vec<Status> {
        let status = |(n, name): (usize, &&str)| Status {
            id: (10_000 + n).to_string(),
            name: (*name).to_owned(),
        };
        names.iter().enumerate().map(status).collect()
    }

    fn rule(statuses: &[&str], projects: &[&str]) -> StatusMapping {
        let list = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        StatusMapping {
            phase: "Waiting".into(),
            statuses: list(statuses),
            projects: list(projects),
            issue_types: Vec::new(),
        }
    }

    /// SUP and ENG are in use, and the site has one status more than they have.
    fn evidence() -> StatusesEvidence {
        let (sup, eng) = (["Waiting for customer", "Gelöst"], ["To Do", "In Review"]);
        StatusesEvidence {
            everywhere: Some(Ok(statuses(&[
                "Waiting for customer",
                "Gelöst",
                "To Do",
                "In Review",
                "Idea",
            ]))),
            by_project: [("SUP", sup), ("ENG", eng)]
                .into_iter()
                .map(|(key, names)| (key.to_owned(), Ok(statuses(&names))))
                .collect(),
            not_asked: BTreeSet::new(),
        }
    }

    #[test]
    fn what_is_named_exists_where_it_is_to_hold() {
        use Reason::*;
        let table: &[(&[StatusMapping], Reason, &[&str])] = &[
            (&[], MappingMatchesWorkflows, &["is not set"]),
            (
                &[rule(&["Idea", "To Do"], &[])],
                MappingMatchesWorkflows,
                &["exists in a workflow."],
            ),
            // However it is written, and by id.
            (
                &[rule(&["waiting FOR customer", " GELÖST ", "id:10001"], &["SUP"])],
                MappingMatchesWorkflows,
                &[],
            ),
            // Enough if one of the projects has it.
            (
                &[rule(&["Gelöst", "In Review"], &["SUP", "ENG"])],
                MappingMatchesWorkflows,
                &[],
            ),
            (
                &[rule(&["Waiting for custmer"], &[])],
                UnknownStatuses,
                &["[0] names \"Waiting for custmer\", which no workflow has (nearest: \"Waiting for customer\")."],
            ),
            (
                &[rule(&["Idea"], &["SUP"])],
                UnknownStatuses,
                &["\"Idea\", which no workflow of SUP has."],
            ),
            (&[rule(&["id:99"], &[])], UnknownStatuses, &["\"id:99\""]),
            // Every rule is looked at; two are named.
            (
                &[rule(&["To Do"], &[]), rule(&["X", "Y"], &[]), rule(&["Z"], &["ENG"])],
                UnknownStatuses,
                &[
                    "[1] names \"X\"",
                    "[1] names \"Y\"",
                    "Unknown as well: 1 more.",
                    "id:10001",
                ],
            ),
            // Of a project that is not in use nothing is known, and nothing is claimed.
            (
                &[rule(&["Whatever"], &["GONE"]), rule(&["To Do"], &[])],
                MappingMatchesWorkflows,
                &["Not looked at", "spec.statusMapping[0]."],
            ),
            (&[rule(&["To Do"], &["GONE", "ENG"])], MappingMatchesWorkflows, &[]),
        ];
        for (rules, reason, said) in table {
            let finding = judge(rules, &evidence());
            assert_eq!(finding.reason, *reason, "{rules:?}: {}", finding.message);
            for part in *said {
                assert!(finding.message.contains(part), "{part} in {}", finding.message);
            }
        }
    }

    #[test]
    fn a_project_too_many_is_not_taken_for_one_that_lacks_the_status() {
        let mut evidence = evidence();
        evidence.not_asked.insert("LAST".into());
        let both = |status: &str| [rule(&[status], &["SUP", "LAST"])];
        assert_eq!(judge(&both("Idea"), &evidence).reason, Reason::MappingMatchesWorkflows);
        assert_eq!(judge(&both("Nowhere"), &evidence).reason, Reason::UnknownStatuses);
    }

    #[test]
    fn one_status_stands_for_one_phase() {
        let phase = |phase: &str, status: &str, projects: &[&str], types: &[&str]| StatusMapping {
            phase: phase.into(),
            issue_types: types.iter().map(ToString::to_string).collect(),
            ..rule(&[status], projects)
        };
        let table = [
            (phase("A", "To Do", &[], &[]), phase("B", "to do", &[], &[]), true),
            (phase("A", "To Do", &[], &[]), phase("A", "To Do", &[], &[]), false),
            (phase("A", "To Do", &[], &[]), phase("B", "In Review", &[], &[]), false),
            // The narrower goes first.
            (phase("A", "To Do", &[], &[]), phase("B", "To Do", &["ENG"], &[]), false),
            (
                phase("A", "To Do", &["ENG"], &[]),
                phase("B", "To Do", &["ENG", "SUP"], &[]),
                true,
            ),
            (
                phase("A", "To Do", &["ENG"], &["Bug"]),
                phase("B", "To Do", &["ENG"], &["Task"]),
                false,
            ),
        ];
        for (one, other, is_ambiguous) in table {
            let rules = [one, other];
            let found = ambiguous(&rules);
            assert_eq!(found.is_some(), is_ambiguous, "{rules:?}: {found:?}");
        }
        let rules = [phase("A", "To Do", &[], &[]), phase("B", "to do", &[], &[])];
        let finding = judge(&rules, &evidence());
        assert_eq!(finding.reason, Reason::AmbiguousMapping);
        assert!(
            finding
                .message
                .starts_with("spec.statusMapping[0] and [1] give \"to do\""),
            "{}",
            finding.message
        );
    }

    #[test]
    fn an_outage_proves_nothing_and_hides_nothing() {
        let mut evidence = evidence();
        evidence.everywhere = Some(Err(JiraError::Redirected));
        let everywhere = rule(&["Idea"], &[]);
        assert_eq!(
            judge(std::slice::from_ref(&everywhere), &evidence).reason,
            Reason::SiteUnavailable
        );
        let wrong = rule(&["Idea"], &["SUP"]);
        assert_eq!(judge(&[everywhere, wrong], &evidence).reason, Reason::UnknownStatuses);
    }
}
