//! What holds of the judges whatever the evidence: they are total, the same evidence always gives
//! the same findings, messages are messages, and nothing is claimed that the evidence does not
//! show.

#![allow(clippy::expect_used)]

use std::collections::BTreeSet;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    arbitrary::{connected, declared, evidence, outage, person},
    backing::{backs, backs_project},
    backing_person::backs_person,
};
use crate::{
    api::{
        condition::{ConditionType, Finding, LONGEST_MESSAGE},
        reason::{Holds, Reason},
    },
    atlassian::error::JiraError,
    diagnose::{
        evidence::{Evidence, JiraResult},
        examination::{Findings, judge},
        judge::person as judge_person,
    },
};

/// How hard is tried. A case that fails is printed, and belongs into a table of the judge.
fn often() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn all(findings: &Findings) -> impl Iterator<Item = &Finding> {
    findings.integration.iter().chain(findings.projects.values().flatten())
}

fn is_false(finding: &Finding) -> bool {
    finding.reason.entry().holds == Holds::False
}

/// Anything, and evidence of which everything is judged.
fn any_evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![evidence(), connected()]
}

/// A message is a sentence that a person reads at one glance.
fn is_sentence(message: &str) -> bool {
    let length = message.chars().count();
    !message.trim().is_empty() && length <= LONGEST_MESSAGE && message.ends_with(['.', '?'])
}

/// Whether a message ends with what is to be done: of one finding that others sum up, with its.
fn ends_with_remedy(finding: &Finding, among: &Findings) -> bool {
    let by_role = ["Space settings under Access.", "permission scheme."];
    let ends = |reason: Reason| {
        let fits_the_project =
            reason.entry().conditions.contains(&ConditionType::Permitted) || reason == Reason::BrowseDenied;
        let other = fits_the_project && by_role.iter().any(|remedy| finding.message().ends_with(remedy));
        other || finding.message().ends_with(reason.entry().remedy)
    };
    let sums_up = [ConditionType::ProjectsAccessible, ConditionType::ServiceDesksReady];
    let of_one = || sums_up.contains(&finding.condition) && among.projects.values().flatten().any(|f| ends(f.reason));
    ends(finding.reason) || of_one()
}

proptest! {
    #![proptest_config(often())]

    #[test]
    fn the_same_evidence_gives_the_same_findings(evidence in any_evidence()) {
        let findings = judge(&evidence);
        prop_assert_eq!(&findings, &judge(&evidence));
        let saved = serde_json::to_string(&evidence).expect("evidence can be saved");
        let loaded: Evidence = serde_json::from_str(&saved).expect("evidence can be loaded");
        prop_assert_eq!(&loaded, &evidence);
        prop_assert_eq!(findings, judge(&loaded));
    }

    #[test]
    fn every_message_is_a_sentence_and_tells_what_to_do(evidence in any_evidence()) {
        let findings = judge(&evidence);
        for finding in all(&findings) {
            prop_assert!(is_sentence(&finding.message()), "{:?}", finding);
            let belongs = finding.reason.entry().conditions.contains(&finding.condition);
            prop_assert!(belongs, "{:?} has a reason of another condition", finding);
            if is_false(finding) {
                prop_assert!(ends_with_remedy(finding, &findings), "{:?}", finding);
            }
        }
    }

    #[test]
    fn no_condition_is_told_twice(evidence in any_evidence()) {
        let findings = judge(&evidence);
        for list in findings.projects.values().chain([&findings.integration]) {
            for (index, finding) in list.iter().enumerate() {
                let before = list.iter().take(index);
                prop_assert!(before.clone().all(|other| other.condition != finding.condition), "{:?}", list);
            }
        }
    }

    #[test]
    fn nothing_is_claimed_that_the_evidence_does_not_show(evidence in any_evidence()) {
        let findings = judge(&evidence);
        for finding in &findings.integration {
            prop_assert!(backs(&evidence, &findings, finding), "{:?} of {:#?}", finding, evidence);
        }
        for (key, of_project) in &findings.projects {
            for finding in of_project {
                prop_assert!(backs_project(&evidence, key, finding), "{}: {:?} of {:#?}", key, finding, evidence);
            }
        }
    }

    #[test]
    fn where_nothing_was_asked_nothing_is_found(declared in declared()) {
        let findings = judge(&Evidence::new(declared, None));
        prop_assert!(findings.projects.is_empty());
        for finding in all(&findings) {
            // The address alone can be judged without asking anybody.
            let allowed = finding.reason == Reason::SiteNotAllowed || finding.reason.entry().is_consequence;
            prop_assert!(allowed, "{:?}", finding);
        }
    }

    #[test]
    fn an_outage_proves_nothing(mut evidence in connected(), error in outage(), at in 0_usize..5) {
        let condition = break_one(&mut evidence, at, &error);
        let findings = judge(&evidence);
        let of_it = findings.integration.iter().filter(|finding| finding.condition == condition);
        for finding in of_it {
            // Of its own contradictions the spec tells without anybody's answer.
            let of_spec = finding.reason == Reason::AmbiguousMapping;
            prop_assert!(of_spec || !is_false(finding), "{:?}", finding);
        }
    }

    #[test]
    fn findings_about_a_person_are_sentences_and_well_ordered(evidence in person()) {
        let findings = judge_person::judge(&evidence);
        prop_assert_eq!(&findings, &judge_person::judge(&evidence));
        prop_assert!(!findings.is_empty());
        for finding in &findings {
            prop_assert!(finding.message.ends_with('.'), "{:?}", finding);
            prop_assert!(finding.message.contains(finding.reason.remedy()), "{:?}", finding);
            prop_assert!(backs_person(&evidence, finding.reason), "{:?} of {:#?}", finding, evidence);
        }
        let usable = findings.iter().any(|f| f.reason == judge_person::PersonReason::PersonUsable);
        let known = evidence.account().is_some_and(|user| user.active);
        prop_assert!(!usable || known && findings.len() == 1, "{:?}", findings);
    }
}

/// What holds of findings that are never made would be worth nothing.
#[test]
fn every_reason_that_judges_give_is_among_those_found() {
    let mut runner = TestRunner::deterministic();
    let mut found = BTreeSet::new();
    for _ in 0..4000 {
        let evidence = any_evidence().new_tree(&mut runner).expect("evidence").current();
        found.extend(all(&judge(&evidence)).map(|finding| finding.reason));
    }
    let elsewhere = [
        ConditionType::Authorized,
        ConditionType::Synced,
        ConditionType::Ready,
        ConditionType::Valid,
        ConditionType::Created,
        ConditionType::PeopleMatched,
        ConditionType::FieldsApplied,
    ];
    let of_later = [ConditionType::PhaseReached, ConditionType::CommentsSent];
    let of_later_alone = |reason: &Reason| reason.entry().conditions.iter().all(|c| of_later.contains(c));
    let judged =
        |reason: &&Reason| !of_later_alone(reason) && !reason.entry().conditions.iter().any(|c| elsewhere.contains(c));
    let never: Vec<&Reason> = Reason::ALL
        .iter()
        .filter(judged)
        .filter(|r| !found.contains(r))
        .collect();
    assert!(never.is_empty(), "never found: {never:?}");
}

/// Something is not answered: the condition that it is about.
fn break_one(evidence: &mut Evidence, at: usize, error: &JiraError) -> ConditionType {
    fn failed<T>(error: &JiraError) -> JiraResult<T> {
        Err(error.clone())
    }
    match at {
        0 => {
            if let Some(site) = &mut evidence.site {
                site.resources = failed(error);
            }
            ConditionType::SiteReachable
        }
        1 => {
            evidence.account = Some(failed(error));
            ConditionType::AccountEligible
        }
        2 => {
            evidence.projects = Some(failed(error));
            ConditionType::ProjectsAccessible
        }
        3 => {
            if let Some(directory) = &mut evidence.directory {
                directory.may_browse = true;
                directory.pinned = failed(error);
            }
            ConditionType::DirectoryReadable
        }
        _ => {
            if let Some(statuses) = &mut evidence.statuses {
                statuses
                    .by_project
                    .values_mut()
                    .for_each(|answer| *answer = failed(error));
            }
            ConditionType::StatusMappingValid
        }
    }
}
