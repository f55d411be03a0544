//! From what Jira answered, or from what conditions say, to what is printed of one integration.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::{
    mark::Mark,
    reasons::LocalReason,
    report::{Line, Subject},
};
use crate::{
    api::{
        condition::{self, ConditionType, Finding},
        integration::JiraIntegration,
        names,
        project::JiraProject,
        ready::ready,
        reason::Reason,
        requirements::{ADMINISTER, SERVICE_DESK},
    },
    diagnose::{
        evidence::Evidence,
        examine::{self, Findings},
        judge::enumerate,
    },
    grant::finding::clock,
};

/// Most names in a note.
const NAMED: usize = 5;
/// The conditions of an integration that are not Jira's to answer.
pub const TAKEN_OVER: [ConditionType; 2] = [ConditionType::Authorized, ConditionType::Synced];

/// The integration as Jira's answers show it. `taken_over` are the findings that are not Jira's to
/// answer.
#[must_use]
pub fn live(namespace: &str, name: &str, evidence: &Evidence, taken_over: &[Finding]) -> Subject {
    let Findings { integration, projects } = examine::judge(evidence);
    let mut findings: Vec<Finding> = integration.into_iter().chain(taken_over.iter().cloned()).collect();
    findings.sort_by_key(|finding| ConditionType::STEPS.iter().position(|step| *step == finding.condition));
    let ready = ready(&findings, evidence.declared.projects.is_some());
    let mut subject = Subject::new("JiraIntegration", namespace, name);
    subject.ready = Some(Line::of(&ready));
    subject.lines = findings.iter().map(Line::of).collect();
    let fine = projects.values().filter(|found| found.iter().all(is_fine)).count();
    let unwell = projects.into_iter().filter(|(_, found)| !found.iter().all(is_fine));
    subject.parts = unwell
        .map(|(key, found)| {
            let mut part = Subject::new("JiraProject", namespace, &names::object(name, &key));
            part.lines = found
                .iter()
                .map(Line::of)
                .filter(|line| line.mark != Mark::Fine)
                .collect();
            part
        })
        .collect();
    explain(&mut subject);
    subject.closing = closing(fine, subject.parts.len(), &not_administered(evidence));
    subject
}

/// The integration as its conditions say, and those of its projects. `why` says why it was not
/// looked live.
#[must_use]
pub fn from_status(integration: &JiraIntegration, projects: &[JiraProject], why: &str) -> Subject {
    let namespace = integration.namespace().unwrap_or_default();
    let status = integration.status.clone().unwrap_or_default();
    let mut subject = Subject::new("JiraIntegration", &namespace, &integration.name_any());
    let last = status.sync.as_ref().and_then(|sync| sync.last_sync_time.as_ref());
    let when = last.map_or(String::new(), |at| format!(" Last synchronised at {}.", clock(at.0)));
    subject.notes.push(format!("From status, because {why}.{when}"));
    subject.ready = condition::find(&status.conditions, ConditionType::Ready).map(Line::written);
    subject.lines = in_order(&status.conditions);
    if status
        .observed_generation
        .is_none_or(|seen| Some(seen) != integration.metadata.generation)
    {
        let message = "The operator has not looked at this version of the spec yet. If that lasts, see whether it runs: jira-operator check --operator.";
        subject
            .lines
            .push(Line::local("Observed", LocalReason::NotLookedAt, message));
    }
    let is_well = |project: &&JiraProject| written(project).iter().all(|line| line.mark == Mark::Fine);
    let fine = projects.iter().filter(is_well).count();
    subject.parts = projects
        .iter()
        .filter(|project| !is_well(project))
        .map(|project| {
            let mut part = Subject::new("JiraProject", &namespace, &project.name_any());
            part.lines = written(project)
                .into_iter()
                .filter(|line| line.mark != Mark::Fine)
                .collect();
            part
        })
        .collect();
    let lacking = projects.iter().filter(|project| lacks_administer(project));
    let lacking: Vec<String> = lacking.map(|project| project.spec.key.clone()).collect();
    explain(&mut subject);
    subject.closing = closing(fine, subject.parts.len(), &lacking);
    subject
}

fn is_fine(finding: &Finding) -> bool {
    Line::of(finding).mark == Mark::Fine
}

/// What sums projects up is told by the projects themselves; that nothing was synchronised yet
/// follows from whatever else is not in order.
fn explain(subject: &mut Subject) {
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
        .any(|line| line.mark > Mark::Warning && line.reason != never);
    for line in lines {
        let of_parts = sums.iter().any(|sum| sum.as_str() == line.reason) && !parts.is_empty();
        line.explained |= of_parts || (cause && line.reason == never);
    }
}

/// One cause on two conditions is told by one of them.
fn tell_once(lines: &mut [Line]) {
    let reasons: Vec<Reason> = lines.iter().filter_map(|line| Reason::parse(&line.reason)).collect();
    for line in lines {
        let reason = Reason::parse(&line.reason);
        line.explained |=
            reason.is_some_and(|reason| reason.is_explained_among(&line.message, reasons.iter().copied()));
    }
}

/// The conditions that are found out, in the order of the steps, and those of a newer operator.
fn in_order(conditions: &[Condition]) -> Vec<Line> {
    let summed_up = [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled];
    let mut all: Vec<&Condition> = conditions
        .iter()
        .filter(|condition| !summed_up.iter().any(|sum| sum.as_str() == condition.type_))
        .collect();
    let place = |condition: &&Condition| {
        let place = ConditionType::STEPS
            .iter()
            .position(|step| step.as_str() == condition.type_);
        place.unwrap_or(usize::MAX)
    };
    all.sort_by_key(place);
    all.into_iter().map(Line::written).collect()
}

fn written(project: &JiraProject) -> Vec<Line> {
    let status = project.status.as_ref();
    in_order(status.map_or(&[], |status| status.conditions.as_slice()))
}

fn lacks_administer(project: &JiraProject) -> bool {
    let status = project
        .status
        .as_ref()
        .filter(|_| written(project).iter().all(|l| l.mark == Mark::Fine));
    status.is_some_and(|status| {
        status.project_type.as_deref() == Some(SERVICE_DESK) && !status.permissions.iter().any(|p| p == ADMINISTER)
    })
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

fn closing(fine: usize, unwell: usize, not_administered: &[String]) -> Vec<String> {
    let other = if unwell > 0 { "other " } else { "" };
    let mut closing = Vec::new();
    match fine {
        0 => {}
        1 => closing.push(format!("1 {other}project is fine.")),
        _ => closing.push(format!("{fine} {other}projects are fine.")),
    }
    if !not_administered.is_empty() {
        closing.push(format!(
            "Note: the account lacks Administer projects in {}. Nothing needs it, but without it Jira shows no restricted request types.",
            enumerate(not_administered, NAMED)
        ));
    }
    closing
}
