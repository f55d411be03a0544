//! `check` of integrations in a cluster: one by name, those of a namespace, or all.

use kube::{Api, ResourceExt, api::ListParams};

use super::{
    evidence_file::Saved,
    examined,
    live::{Wanted, Way},
    reasons::LocalReason,
    report::{Line, Report, Subject},
    world::{Atlassian, Cluster},
};
use crate::{
    api::{integration::JiraIntegration, names, project::JiraProject},
    grant::store::describe,
};

/// Which integrations.
#[derive(Clone, Debug)]
pub enum Which {
    /// One.
    Named(String),
    /// Those of the namespace.
    OfNamespace,
    /// Those of all namespaces.
    All,
}

/// What is looked at, and how.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Atlassian.
    pub atlassian: &'a Atlassian,
    /// Which integrations.
    pub which: &'a Which,
    /// Namespace, where not all are meant.
    pub namespace: &'a str,
    /// The person and the project to look at instead.
    pub person: Option<Wanted<'a>>,
}

/// What was found, and the evidence where it was looked live at a single integration.
pub struct Answer {
    /// The findings.
    pub report: Report,
    /// The evidence.
    pub evidence: Option<Saved>,
    /// Why there is none.
    pub without_evidence: Option<String>,
}

impl Question<'_> {
    /// Looks.
    ///
    /// # Errors
    /// When the API server cannot be asked, or there is nothing to look at.
    pub async fn ask(&self) -> Result<Answer, String> {
        let mut integrations = self.integrations().await?;
        if let Some(wanted) = self.person {
            integrations = vec![meant(integrations, wanted.project)?];
        }
        let mut answer = Answer {
            report: Report {
                subjects: Vec::new(),
                brief: !matches!(self.which, Which::Named(_)) && self.person.is_none(),
            },
            evidence: None,
            without_evidence: None,
        };
        for integration in &integrations {
            match (self.look(integration).await, self.person) {
                (Ok(saved), _) => {
                    answer.report.subjects.extend(saved.subjects());
                    answer.evidence = Some(saved);
                }
                (Err(why), Some(_)) => {
                    return Err(format!(
                        "a person can only be looked at live, which cannot be done, because {why}"
                    ));
                }
                (Err(why), None) => {
                    let subject = self.as_written(integration, &why).await;
                    answer.report.subjects.push(subject);
                    answer.without_evidence = Some(why);
                }
            }
        }
        Ok(answer)
    }

    async fn look(&self, integration: &JiraIntegration) -> Result<Saved, String> {
        let way = Way::find(self.cluster, self.atlassian, integration).await?;
        match self.person {
            Some(wanted) => way.look_for(wanted).await,
            None => way.look().await,
        }
    }

    async fn as_written(&self, integration: &JiraIntegration, why: &str) -> Subject {
        let namespace = integration.namespace().unwrap_or_default();
        let api: Api<JiraProject> = Api::namespaced(self.cluster.client.clone(), &namespace);
        let selector = format!("{}={}", names::INTEGRATION_LABEL, integration.name_any());
        match api.list(&ListParams::default().labels(&selector)).await {
            Ok(projects) => examined::from_status(integration, &projects.items, why),
            Err(error) => {
                let mut subject = examined::from_status(integration, &[], why);
                let mut message = refused("jiraprojects", &namespace, &error);
                message.push('.');
                subject
                    .lines
                    .push(Line::local("Projects", LocalReason::MayNotAsk, message));
                subject
            }
        }
    }

    async fn integrations(&self) -> Result<Vec<JiraIntegration>, String> {
        let client = self.cluster.client.clone();
        let (api, place): (Api<JiraIntegration>, _) = match self.which {
            Which::All => (Api::all(client), "any namespace"),
            _ => (Api::namespaced(client, self.namespace), self.namespace),
        };
        if let Which::Named(name) = self.which {
            return match api.get_opt(name).await {
                Ok(Some(integration)) => Ok(vec![integration]),
                Ok(None) => Err(format!(
                    "there is no JiraIntegration {name} in namespace {place}: kubectl get jiraintegrations -A shows those there are"
                )),
                Err(error) => Err(refused("jiraintegrations", place, &error)),
            };
        }
        let mut all = match api.list(&ListParams::default()).await {
            Ok(all) => all.items,
            Err(error) => return Err(refused("jiraintegrations", place, &error)),
        };
        if all.is_empty() {
            return Err(format!("there is no JiraIntegration in {place}"));
        }
        all.sort_by_key(|integration| (integration.namespace(), integration.name_any()));
        Ok(all)
    }
}

/// The integration that a question about a project means: the only one, or the only one with the
/// project in scope.
fn meant(integrations: Vec<JiraIntegration>, key: &str) -> Result<JiraIntegration, String> {
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
            Err(format!(
                "there are several JiraIntegrations: name one of {list}. {which} {key} in scope"
            ))
        }
    }
}

fn refused(resource: &str, place: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 403 => {
            format!("you may not read {resource} in {place}; the chart's role jira-operator-view would let you")
        }
        kube::Error::Api(status) if status.code == 404 => format!(
            "the cluster does not know {resource}: install the definitions with jira-operator crds | kubectl apply -f -"
        ),
        other => format!("{resource} could not be read: {}", describe(other)),
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
            meant(all, "SUP").map(|integration| integration.name_any())
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
