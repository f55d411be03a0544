//! Do the statuses that spec.statusMapping names exist, and does each stand for one phase?

use super::{enumerate, unavailable};
use crate::{
    api::{
        condition::{ConditionType::StatusMappingValid, Finding},
        integration::StatusMapping,
        reason::Reason,
    },
    atlassian::{error::JiraError, models::Status},
    diagnose::{
        evidence::{StatusesEvidence, TypeStatuses},
        nearest::nearest,
    },
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

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

    fn types(all: &[(&str, &[&str])]) -> Vec<TypeStatuses> {
        let kind = |(name, names): &(&str, &[&str])| TypeStatuses {
            name: (*name).into(),
            statuses: statuses(names),
        };
        all.iter().map(kind).collect()
    }

    /// SUP and ENG are in use.
    fn evidence() -> StatusesEvidence {
        let sup = types(&[
            ("Incident", &["Waiting for customer", "Gelöst"]),
            ("Change", &["Planned"]),
        ]);
        let eng = types(&[("Bug", &["To Do", "In Review"])]);
        StatusesEvidence {
            by_project: [("SUP".to_owned(), Ok(sup)), ("ENG".to_owned(), Ok(eng))].into(),
            not_asked: BTreeSet::new(),
        }
    }

    #[test]
    fn what_is_named_exists_where_it_is_to_hold() {
        use Reason::*;
        let table: &[(&[StatusMapping], Reason, &[&str])] = &[
            (&[], MappingMatchesWorkflows, &["is not set"]),
            (
                &[rule(&["Planned", "To Do"], &[])],
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
                &[rule(&["In Review"], &["SUP"])],
                UnknownStatuses,
                &["\"In Review\", which no workflow of SUP has."],
            ),
            // Of a project that is not in scope nobody uses the status.
            (
                &[rule(&["Idea"], &[])],
                UnknownStatuses,
                &["\"Idea\", which no workflow has."],
            ),
            (
                &[of_types(rule(&["Planned"], &["SUP"]), &["change"])],
                MappingMatchesWorkflows,
                &["exists in a workflow."],
            ),
            (
                &[of_types(rule(&["Gelöst"], &["SUP"]), &["Change"])],
                UnknownStatuses,
                &["names \"Gelöst\", which no workflow of SUP for Change has."],
            ),
            (
                &[of_types(rule(&["Gelöst"], &[]), &["Incidnt"])],
                UnknownStatuses,
                &["names the issue type \"Incidnt\", which no project in scope has (nearest: \"Incident\")."],
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
                &["Skipped, because not in use: GONE in spec.statusMapping[0]."],
            ),
            (
                &[rule(&["To Do"], &["SPU", "ENG"])],
                MappingMatchesWorkflows,
                &["not in use: SPU in spec.statusMapping[0]."],
            ),
        ];
        for (rules, reason, said) in table {
            let finding = judge(rules, &evidence());
            assert_eq!(finding.reason, *reason, "{rules:?}: {}", finding.message());
            for part in *said {
                assert!(finding.message().contains(part), "{part} in {}", finding.message());
            }
        }
    }

    fn of_types(rule: StatusMapping, types: &[&str]) -> StatusMapping {
        StatusMapping {
            issue_types: types.iter().map(ToString::to_string).collect(),
            ..rule
        }
    }

    #[test]
    fn a_project_that_was_not_asked_is_not_taken_for_one_that_lacks_the_status() {
        let mut evidence = evidence();
        evidence.not_asked.insert("LAST".into());
        let with = |status: &str, projects: &[&str]| judge(&[rule(&[status], projects)], &evidence).reason;
        assert_eq!(with("Planned", &["SUP", "LAST"]), Reason::MappingMatchesWorkflows);
        assert_eq!(with("Nowhere", &["SUP", "LAST"]), Reason::NotChecked);
        assert_eq!(with("Nowhere", &[]), Reason::NotChecked);
        assert_eq!(with("Nowhere", &["SUP"]), Reason::UnknownStatuses);
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
                .message()
                .starts_with("spec.statusMapping[0] and [1] give \"to do\""),
            "{}",
            finding.message()
        );
    }

    #[test]
    fn an_outage_proves_nothing_and_hides_nothing() {
        let mut evidence = evidence();
        evidence.by_project.insert("OPS".into(), Err(JiraError::Redirected));
        let everywhere = rule(&["To Do"], &[]);
        assert_eq!(
            judge(std::slice::from_ref(&everywhere), &evidence).reason,
            Reason::SiteUnavailable
        );
        let wrong = rule(&["Idea"], &["SUP"]);
        assert_eq!(judge(&[everywhere, wrong], &evidence).reason, Reason::UnknownStatuses);
    }
}
