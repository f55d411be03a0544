//! `check` of integrations in a cluster: some by name, those of a namespace, or all.

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    evidence_file::SavedEvidence,
    from_status,
    lists::UnlistedProjects,
    live::{LiveClient, TicketQuestion, projects},
    points::PointsSpent,
    selection::IntegrationSelection,
    token::NotLive,
    trouble,
};
use crate::api::integration::JiraIntegration;
use crate::cli::context::{
    AtlassianContext, CheckReason, CheckReport, CheckedObject, CliError, ClusterContext, ReportLine,
};

/// What is checked, and how.
#[derive(Clone, Copy)]
pub struct ClusterCheck<'a> {
    /// The cluster.
    pub cluster: &'a ClusterContext,
    /// Atlassian.
    pub atlassian: &'a AtlassianContext,
    /// Which integrations.
    pub which: &'a IntegrationSelection,
    /// The person and the project to check instead.
    pub person: Option<TicketQuestion<'a>>,
    /// Whether warnings count.
    pub strict: bool,
}

/// What was found, and the evidence where one integration was checked live.
pub struct ClusterCheckResult {
    /// The findings.
    pub report: CheckReport,
    /// The evidence.
    pub evidence: Option<SavedEvidence>,
    /// Why there is none.
    pub without_evidence: Option<String>,
}

impl ClusterCheck<'_> {
    /// Checks: live as far as that can be done and the app's points allow, else at the status.
    pub async fn ask(&self) -> Result<ClusterCheckResult, CliError> {
        let mut integrations = self.which.find(self.cluster).await?.items;
        if let Some(wanted) = self.person {
            integrations = vec![meant(integrations, wanted.project)?];
        }
        let mut answer = ClusterCheckResult {
            report: self.report(Vec::new()),
            evidence: None,
            without_evidence: None,
        };
        let mut spent = PointsSpent::default();
        for integration in &integrations {
            match (self.look(integration, &mut spent).await, self.person) {
                (Ok(saved), _) => {
                    let mut subjects = saved.subjects();
                    if let (Some(subject), None) = (subjects.first_mut(), self.person) {
                        trouble::add(self.cluster, integration, subject).await;
                    }
                    answer.report.subjects.extend(subjects);
                    answer.evidence = Some(saved);
                }
                (Err(NotLive { why, .. }), Some(_)) => {
                    let refused = format!("a person can only be checked live, which cannot be done, because {why}");
                    return Err(refused.into());
                }
                (Err(not_live), None) => {
                    let subject = self.as_written(integration, &not_live).await;
                    answer.report.subjects.push(subject);
                    answer.without_evidence = Some(not_live.why);
                }
            }
        }
        Ok(answer)
    }

    /// What the status of the integrations says, without asking Atlassian anything. With the version
    /// from which a watch goes on.
    pub async fn reported_status(&self) -> Result<(CheckReport, String), CliError> {
        let found = self.which.find(self.cluster).await?;
        let now = Timestamp::now();
        let subject = |integration| from_status::from_status(integration, &[], "it is waited for", now);
        let report = self.report(found.items.iter().map(subject).collect());
        Ok((report, found.version))
    }

    fn report(&self, subjects: Vec<CheckedObject>) -> CheckReport {
        CheckReport {
            subjects,
            brief: !self.which.is_named() && self.person.is_none(),
            strict: self.strict,
        }
    }

    async fn look(&self, integration: &JiraIntegration, spent: &mut PointsSpent) -> Result<SavedEvidence, NotLive> {
        let way = LiveClient::find(self.cluster, self.atlassian, integration).await?;
        if let Some(wanted) = self.person {
            return way.look_for(wanted).await;
        }
        if spent.is_low(way.app()) {
            return Err(NotLive::because(
                "what is left of the hour's points of its OAuth app is left to the operator",
            ));
        }
        way.look(spent).await
    }

    async fn as_written(&self, integration: &JiraIntegration, not_live: &NotLive) -> CheckedObject {
        let (known, unlisted) = match projects(self.cluster, integration).await {
            Ok(known) => (known, None),
            Err(error) => {
                let namespace = integration.namespace().unwrap_or_default();
                let lost = "So nothing is said of single projects.";
                (Vec::new(), Some(UnlistedProjects::of(&namespace, &error, lost)))
            }
        };
        let mut subject = from_status::from_status(integration, &known, &not_live.why, Timestamp::now());
        subject.lines.extend(unlisted.as_ref().map(UnlistedProjects::line));
        subject.lines.extend(not_live.untold.then(rejected));
        trouble::add(self.cluster, integration, &mut subject).await;
        subject
    }
}

/// What the status does not say yet.
fn rejected() -> ReportLine {
    let message = "Atlassian refused the access token that the operator stored, so what stands here was found before that. At its next synchronisation the operator tries to refresh it: check again then.";
    ReportLine::local("Token", CheckReason::TokenRejected, message)
}

/// The integration that a question about a project means: the only one, or the only one with the
/// project in scope.
pub fn meant(integrations: Vec<JiraIntegration>, key: &str) -> Result<JiraIntegration, CliError> {
    let names: Vec<String> = integrations.iter().map(ResourceExt::name_any).collect();
    let has = |integration: &JiraIntegration| {
        let scope = integration.spec.projects.as_ref();
        scope.is_none_or(|scope| scope.iter().any(|project| project.key == key))
    };
    let alone = integrations.len() == 1;
    let mut fitting = integrations.into_iter().filter(|integration| alone || has(integration));
    match (fitting.next(), fitting.next()) {
        (Some(integration), None) => Ok(integration),
        (first, _) => {
            let which = if first.is_some() { "Several have" } else { "None has" };
            let list = names.join(", ");
            Err(format!("there are several JiraIntegrations: name one of {list}. {which} {key} in scope").into())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn integration(name: &str, projects: &Value) -> JiraIntegration {
        let object = json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration", "metadata": {"name": name},
            "spec": {"site": "https://acme.atlassian.net", "secretRef": {"name": "x"}, "projects": projects},
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn who_asks_about_a_person_need_not_name_the_only_integration_that_fits() {
        let of = |keys: &[(&str, Value)]| -> Result<String, String> {
            let all = keys
                .iter()
                .map(|(name, projects)| integration(name, projects))
                .collect();
            let found = meant(all, "SUP").map_err(|error| error.to_string())?;
            Ok(found.name_any())
        };
        let (sup, eng) = (json!([{"key": "SUP"}]), json!([{"key": "ENG"}]));
        assert_eq!(of(&[("a", eng.clone())]), Ok("a".into()));
        assert_eq!(of(&[("a", eng.clone()), ("b", sup.clone())]), Ok("b".into()));
        let several = of(&[("a", Value::Null), ("b", sup)]).unwrap_err();
        assert!(
            several.contains("name one of a, b") && several.contains("Several have SUP"),
            "{several}"
        );
        let none = of(&[("a", eng.clone()), ("b", eng)]).unwrap_err();
        assert!(none.contains("None has SUP"), "{none}");
    }
}
