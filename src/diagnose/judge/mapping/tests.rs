//! Mappings and what is found of them, by tables.

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
