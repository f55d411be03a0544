//! From what conditions say to what is printed of one integration.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::{
    from_evidence::{are_fine, counted, explain, marked, take_parts},
    notes::{UnneededForTickets, closing},
    operator_findings::is_late,
};
use crate::cli::context::{CheckReason, CheckedObject, ReportLine, Severity};
use crate::{
    api::{
        condition::{self, ConditionType},
        integration::JiraIntegration,
        project::JiraProject,
        ready::holds_ready_back,
        reason::Reason,
        requirements::{ADMINISTER, SERVICE_DESK},
    },
    cluster::time::clock,
};

/// The integration as its conditions say, and those of its projects. `why` says why it was not
/// checked live.
#[must_use]
pub fn from_status(
    integration: &JiraIntegration,
    projects: &[JiraProject],
    why: &str,
    now: Timestamp,
) -> CheckedObject {
    let namespace = integration.namespace().unwrap_or_default();
    let status = integration.status.clone().unwrap_or_default();
    let mut subject = CheckedObject::new("JiraIntegration", &namespace, &integration.name_any());
    let last = status.sync.as_ref().and_then(|sync| sync.last_sync_time.as_ref());
    let when = last.map_or(String::new(), |at| format!(" Last synchronised at {}.", clock(at.0)));
    subject.notes.push(format!("From status, because {why}.{when}"));
    subject.ready = condition::find(&status.conditions, ConditionType::Ready).map(ReportLine::written);
    let named = integration.spec.depends_on_projects(status.projects.as_ref());
    // What a newer operator writes is believed to hold Ready back only where something does.
    let is_ready = condition::is_true(&status.conditions, ConditionType::Ready);
    let holds = |written: &Condition| !is_ready && written_holds_back(written, named);
    subject.lines = in_order(&status.conditions, holds);
    subject.lines.extend(unobserved(integration, now));
    let blocked = condition::find(&status.conditions, ConditionType::ProjectsAccessible);
    let blocked = blocked.is_some_and(|written| written.status == "False" && holds(written));
    let parts = projects.iter().map(|project| (project.name_any(), written(project)));
    let fine = take_parts(&mut subject, parts.collect(), blocked);
    let lacking = projects.iter().filter(|project| lacks_administer(project));
    let lacking: Vec<String> = lacking.map(|project| project.spec.key.clone()).collect();
    explain(&mut subject);
    for line in &mut subject.lines {
        line.explained |= status.consequences.contains(&line.condition);
    }
    let unwell = subject.parts.len();
    let sums = if are_looked_at(integration) {
        are_fine(fine, unwell)
    } else {
        were_seen(fine, unwell)
    };
    subject.closing = closing(&sums, &UnneededForTickets::written(integration, projects), &lacking);
    subject
}

/// That the operator has not done what it should have done by now, where that is so.
fn unobserved(integration: &JiraIntegration, now: Timestamp) -> Option<ReportLine> {
    let status = integration.status.as_ref();
    let seen = status.and_then(|status| status.observed_generation);
    let message = if seen.is_none() || seen != integration.metadata.generation {
        "The operator has not reconciled this version of the spec yet. If that lasts, see whether it runs: jira-operator check --operator.".to_owned()
    } else {
        let late = is_late(integration, now)?;
        format!("{late} Is it running? See jira-operator check --operator.")
    };
    Some(ReportLine::local("Observed", CheckReason::NotLookedAt, message))
}

/// Whether a condition that was written holds Ready back. What is not known is believed to.
fn written_holds_back(written: &Condition, named: bool) -> bool {
    let known = ConditionType::STEPS.iter().find(|step| step.as_str() == written.type_);
    let reason = Reason::parse(&written.reason);
    known
        .zip(reason)
        .is_none_or(|(condition, reason)| holds_ready_back(*condition, reason, named))
}

/// Whether the operator checks the projects, as it is now: without a working grant, site and
/// account it cannot, and while it is suspended it must not.
fn are_looked_at(integration: &JiraIntegration) -> bool {
    let conditions = integration.status.as_ref().map(|status| status.conditions.as_slice());
    let asked = condition::find(conditions.unwrap_or_default(), ConditionType::ProjectsAccessible);
    !integration.spec.suspend && asked.is_some_and(|condition| condition.status != "Unknown")
}

/// The same where the operator does not check projects now: it keeps what it found last.
fn were_seen(fine: usize, unwell: usize) -> String {
    let fine = counted(fine, unwell, ["was fine", "were fine"]);
    match (fine.is_empty(), unwell) {
        (true, 0) => String::new(),
        (true, _) => {
            "What is said of projects is what the operator found last; it is not checking them now.".to_owned()
        }
        (false, _) => format!("{fine} when the operator checked last; it is not checking projects now."),
    }
}

/// The conditions that are found out, in the order of the steps, and those of a newer operator.
fn in_order(conditions: &[Condition], holds: impl Fn(&Condition) -> bool) -> Vec<ReportLine> {
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
    let line = |written: &Condition| marked(ReportLine::written(written), holds(written));
    all.into_iter().map(line).collect()
}

fn written(project: &JiraProject) -> Vec<ReportLine> {
    let status = project.status.as_ref();
    in_order(status.map_or(&[], |status| status.conditions.as_slice()), |_| true)
}

fn lacks_administer(project: &JiraProject) -> bool {
    let status = project
        .status
        .as_ref()
        .filter(|_| written(project).iter().all(|l| l.severity == Severity::Fine));
    status.is_some_and(|status| {
        status.project_type.as_deref() == Some(SERVICE_DESK) && !status.permissions.iter().any(|p| p == ADMINISTER)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::context::CheckReport;

    fn condition(of: &str, status: &str, reason: &str) -> Value {
        json!({"type": of, "status": status, "reason": reason, "message": format!("About {reason}."),
            "lastTransitionTime": "2026-03-01T12:00:00Z"})
    }

    fn integration(spec: &Value, conditions: &[Value]) -> JiraIntegration {
        let mut all = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "x"}});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration",
            "metadata": {"name": "acme", "namespace": "support", "generation": 1}, "spec": all,
            "status": {"observedGeneration": 1, "conditions": conditions,
                "sync": {"lastSyncTime": "2026-03-01T12:00:00Z", "nextSyncTime": "2026-03-01T12:05:00Z"}},
        }))
        .unwrap()
    }

    fn project(name: &str, conditions: &[Value]) -> JiraProject {
        serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject",
            "metadata": {"name": format!("acme-{}", name.to_lowercase()), "namespace": "support"},
            "spec": {"integration": "acme", "key": name}, "status": {"conditions": conditions},
        }))
        .unwrap()
    }

    fn shown(integration: &JiraIntegration, projects: &[JiraProject], at: &str) -> (CheckedObject, u8) {
        let subject = from_status(integration, projects, "of a test", at.parse().unwrap());
        (subject.clone(), CheckReport::of(vec![subject]).exit_code())
    }

    const SOON: &str = "2026-03-01T12:06:00Z";

    #[test]
    fn the_exit_code_is_that_of_ready() {
        let blocked = condition("ProjectsAccessible", "False", "SomeProjectsBlocked");
        let archived = [project("OLD", &[condition("Accessible", "False", "ProjectArchived")])];
        let ready = condition("Ready", "True", "Connected");
        let all = integration(&json!({}), &[ready.clone(), blocked.clone()]);
        assert_eq!(shown(&all, &archived, SOON).1, 0);
        let held = condition("Ready", "False", "SomeProjectsBlocked");
        let named = integration(&json!({"projects": [{"key": "OLD"}]}), &[held, blocked]);
        assert_eq!(shown(&named, &archived, SOON).1, 1);
        let unknown = condition("Ready", "Unknown", "SiteUnavailable");
        let site = condition("SiteReachable", "Unknown", "SiteUnavailable");
        let outage = integration(&json!({}), &[unknown, site]);
        assert_eq!(shown(&outage, &[], SOON).1, 2);
        // A newer operator may write what this program does not know.
        let newer = condition("Newer", "False", "Unheard");
        let fine = integration(&json!({}), &[ready, newer.clone()]);
        assert_eq!(shown(&fine, &[], SOON).1, 0);
        let not = integration(&json!({}), &[condition("Ready", "False", "Unheard"), newer]);
        assert_eq!(shown(&not, &[], SOON).1, 1);
    }

    #[test]
    fn an_operator_that_does_nothing_is_told_of() {
        let fine =
            |suspend: bool| integration(&json!({"suspend": suspend}), &[condition("Ready", "True", "Connected")]);
        assert_eq!(shown(&fine(false), &[], SOON).1, 0);
        let (subject, code) = shown(&fine(false), &[], "2026-03-01T14:00:00Z");
        let late = subject.lines.iter().find(|line| line.reason == "NotLookedAt").unwrap();
        assert!(code == 2 && late.message.contains("was to synchronise"), "{late:?}");
        assert_eq!(
            shown(&fine(true), &[], "2026-03-01T14:00:00Z").1,
            0,
            "it must do nothing"
        );
    }

    #[test]
    fn projects_that_are_not_looked_at_are_not_called_fine() {
        let usable = [project("SUP", &[condition("Accessible", "True", "ProjectVisible")])];
        let looked = condition("ProjectsAccessible", "True", "AllProjectsAccessible");
        let ready = condition("Ready", "True", "Connected");
        let (subject, _) = shown(
            &integration(&json!({}), &[ready.clone(), looked.clone()]),
            &usable,
            SOON,
        );
        assert_eq!(subject.closing, ["1 project is fine."]);
        let dead = [
            condition("Ready", "False", "ReconnectRequired"),
            condition("Authorized", "False", "ReconnectRequired"),
            condition("ProjectsAccessible", "Unknown", "SkippedAfterAuthorized"),
        ];
        let expected = "1 project was fine when the operator checked last; it is not checking projects now.";
        let (subject, _) = shown(&integration(&json!({}), &dead), &usable, SOON);
        assert_eq!(subject.closing, [expected]);
        let suspended = integration(&json!({"suspend": true}), &[ready, looked]);
        assert_eq!(shown(&suspended, &usable, SOON).0.closing, [expected]);
    }
}
