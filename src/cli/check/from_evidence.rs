//! From what Jira answered to what is printed of one integration.

use super::{
    notes::{UnneededForTickets, closing},
    operator_findings::OF_OPERATOR,
};
use crate::cli::context::{CheckedObject, ReportLine, Severity};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        names,
        ready::{holds_ready_back, ready},
        reason::Reason,
        requirements::{ADMINISTER, SERVICE_DESK},
    },
    diagnose::{
        Evidence,
        examination::{self, Findings},
    },
};

/// The integration as Jira's answers show it. `taken_over` are the findings that are not Jira's to
/// answer.
#[must_use]
pub fn live(namespace: &str, name: &str, evidence: &Evidence, taken_over: &[Finding]) -> CheckedObject {
    let Findings {
        integration,
        projects,
        counts,
    } = examination::judge(evidence);
    let mut findings: Vec<Finding> = integration.into_iter().chain(taken_over.iter().cloned()).collect();
    findings.sort_by_key(|finding| ConditionType::STEPS.iter().position(|step| *step == finding.condition));
    let named = evidence.declared.depends_on_projects(counts.as_ref());
    let holds = |finding: &&Finding| holds_ready_back(finding.condition, finding.reason, named);
    let mut subject = CheckedObject::new("JiraIntegration", namespace, name);
    // Of manifests nothing was synchronised yet, so that nothing can be said of Ready.
    let synced = findings
        .iter()
        .any(|finding| finding.condition == ConditionType::Synced);
    subject.ready = synced.then(|| ReportLine::of(&ready(&findings, named)));
    let line = |finding: &Finding| marked(ReportLine::of(finding), holds(&finding));
    subject.lines = findings.iter().map(line).collect();
    let blocked = findings.iter().filter(holds).any(is_of_projects);
    let projects = projects.into_iter().map(|(key, found)| {
        let lines = found.iter().map(ReportLine::of).collect();
        (names::object(name, &key), lines)
    });
    let fine = take_parts(&mut subject, projects.collect(), blocked);
    explain(&mut subject);
    let unwell = subject.parts.len();
    subject.closing = closing(
        &are_fine(fine, unwell),
        &UnneededForTickets::live(evidence),
        &not_administered(evidence),
    );
    subject
}

/// The line, as grave as it is where it holds Ready back; else at most a warning.
#[must_use]
pub fn marked(line: ReportLine, holds_back: bool) -> ReportLine {
    if holds_back { line } else { line.holding_nothing_back() }
}

/// Takes the projects that are not fine as parts, and counts the others. Unless blocked projects hold
/// the integration back, what they lack is a warning.
pub fn take_parts(subject: &mut CheckedObject, projects: Vec<(String, Vec<ReportLine>)>, blocked: bool) -> usize {
    let mut fine = 0;
    for (name, lines) in projects {
        let mut part = CheckedObject::new("JiraProject", &subject.namespace, &name);
        let unwell = lines.into_iter().filter(|line| line.severity != Severity::Fine);
        part.lines = unwell
            .map(|line| {
                let holds = holds_back(&line, blocked);
                marked(line, holds)
            })
            .collect();
        if part.lines.is_empty() {
            fine += 1;
        } else {
            subject.parts.push(part);
        }
    }
    fine
}

/// Whether what a project lacks holds Ready of the integration back, where blocked projects do. What a
/// newer operator writes is believed to.
fn holds_back(line: &ReportLine, blocked: bool) -> bool {
    let counted = [ConditionType::Accessible, ConditionType::Permitted];
    let Some(condition) = counted.into_iter().find(|of| of.as_str() == line.condition) else {
        return false;
    };
    Reason::parse(&line.reason).map_or(blocked, |reason| holds_ready_back(condition, reason, blocked))
}

fn is_of_projects(finding: &Finding) -> bool {
    finding.condition == ConditionType::ProjectsAccessible
}

/// What sums projects up is explained by the projects themselves; that nothing was synchronised yet
/// follows from whatever else is wrong.
pub fn explain(subject: &mut CheckedObject) {
    let sums = [
        Reason::SomeProjectsBlocked,
        Reason::AllProjectsBlocked,
        Reason::SomeServiceDesksBlocked,
    ];
    let never = Reason::NeverSynced.as_str();
    for part in &mut subject.parts {
        tell_once(&mut part.lines);
    }
    tell_once(&mut subject.lines);
    let (lines, parts) = (&mut subject.lines, &subject.parts);
    let cause = lines
        .iter()
        .any(|line| line.severity > Severity::Warning && line.reason != never);
    for line in lines {
        // No other line says why the operator has not reported it yet.
        let is_taken_over = OF_OPERATOR.iter().any(|taken| taken.as_str() == line.condition);
        line.explained &= !(is_taken_over && line.reason == Reason::NotChecked.as_str());
        let of_parts = sums.iter().any(|sum| sum.as_str() == line.reason) && !parts.is_empty();
        line.explained |= of_parts || (cause && line.reason == never);
    }
}

/// One cause on two conditions is reported by one of them.
fn tell_once(lines: &mut [ReportLine]) {
    let reasons: Vec<Reason> = lines.iter().filter_map(|line| Reason::parse(&line.reason)).collect();
    for line in lines {
        let reason = Reason::parse(&line.reason);
        line.explained |= reason.is_some_and(|reason| reason.is_explained_among(reasons.iter().copied()));
    }
}

/// Service projects in use that the account does not administer.
fn not_administered(evidence: &Evidence) -> Vec<String> {
    let Some(Ok(projects)) = &evidence.projects else {
        return Vec::new();
    };
    let mut keys: Vec<String> = projects
        .in_use()
        .into_iter()
        .filter(|project| project.project_type_key == SERVICE_DESK)
        .filter(|project| !projects.held_in(&project.id).contains(ADMINISTER))
        .map(|project| project.key.clone())
        .collect();
    keys.sort();
    keys
}

/// How many projects are fine, in words; nothing where none is.
#[must_use]
pub fn counted(count: usize, unwell: usize, words: [&str; 2]) -> String {
    let other = if unwell > 0 { "other " } else { "" };
    let [of_one, of_many] = words;
    match count {
        0 => String::new(),
        1 => format!("1 {other}project {of_one}"),
        _ => format!("{count} {other}projects {of_many}"),
    }
}

/// The sentence for how many projects are fine.
#[must_use]
pub fn are_fine(fine: usize, unwell: usize) -> String {
    counted(fine, unwell, ["is fine.", "are fine."])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::{
        api::condition::ConditionType::{Authorized, Synced},
        cli::{check::evidence_file::SavedEvidence, context::CheckReport},
    };

    fn evidence(name: &str) -> Evidence {
        let file = format!("tests/fixtures/evidence/{name}.json");
        SavedEvidence::load(Path::new(&file)).unwrap().evidence.unwrap()
    }

    fn taken_over(synced: Reason) -> [Finding; 2] {
        [
            Finding::plain(Authorized, Reason::TokenFresh),
            Finding::plain(Synced, synced),
        ]
    }

    fn of(evidence: &Evidence, synced: Reason) -> (CheckedObject, u8) {
        let subject = live("support", "acme", evidence, &taken_over(synced));
        (subject.clone(), CheckReport::of(vec![subject]).exit_code())
    }

    #[test]
    fn a_blocked_project_is_a_finding_only_where_the_spec_names_it() {
        let mut evidence = evidence("archived");
        assert!(evidence.declared.projects.is_some());
        let (subject, code) = of(&evidence, Reason::SyncSucceeded);
        assert_eq!((subject.severity(), code), (Severity::Finding, 1));
        assert_eq!(subject.ready.unwrap().reason, "SomeProjectsBlocked");
        // Of all projects only those that are live and those that were seen before are in scope.
        let projects = evidence.projects.clone().unwrap().unwrap();
        evidence.declared.known = projects.found.values().map(Into::into).collect();
        evidence.declared.projects = None;
        let (subject, code) = of(&evidence, Reason::SyncSucceeded);
        assert_eq!((subject.severity(), code), (Severity::Warning, 0));
        assert_eq!(subject.ready.as_ref().unwrap().reason, "Connected");
        let blocked = subject
            .lines
            .iter()
            .find(|line| line.condition == "ProjectsAccessible")
            .unwrap();
        assert_eq!(
            (blocked.severity, blocked.status.as_str()),
            (Severity::Warning, "False")
        );
        assert_eq!(subject.parts.len(), 1, "it is told all the same");
    }

    #[test]
    fn what_leaves_ready_true_is_a_warning() {
        let mut evidence = evidence("healthy");
        evidence.directory.as_mut().unwrap().may_browse = false;
        for synced in [
            Reason::QuotaExhausted,
            Reason::IntervalStretched,
            Reason::MirrorTruncated,
        ] {
            let (subject, code) = of(&evidence, synced);
            assert_eq!((subject.severity(), code), (Severity::Warning, 0), "{synced}");
            assert_eq!(subject.ready.unwrap().reason, "Connected");
        }
        let (subject, code) = of(&evidence, Reason::SyncFailed);
        assert_eq!((subject.severity(), code), (Severity::Finding, 1));
        // Nothing was asked of the operator, and no line else says why.
        let (subject, code) = of(&evidence, Reason::NotChecked);
        assert_eq!((subject.severity(), code), (Severity::Unknown, 2));
        let told = subject.lines.iter().find(|line| line.condition == "Synced").unwrap();
        assert!(!told.explained);
    }

    #[test]
    fn of_what_was_not_synchronised_nothing_is_said_of_ready() {
        let [authorized, _] = taken_over(Reason::SyncSucceeded);
        let subject = live("support", "acme", &evidence("healthy"), &[authorized]);
        assert_eq!((subject.ready.clone(), subject.severity()), (None, Severity::Fine));
    }
}
