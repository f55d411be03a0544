//! Which integrations are meant, by name, label or namespace, and how they are found.

use kube::{Api, ResourceExt, api::ListParams};

use super::lists::{all, refused};
use crate::api::integration::JiraIntegration;
use crate::cli::context::{CliError, ClusterContext};
use crate::cluster::paged_list::Listed;

/// What kubectl takes for the kind before a slash.
const KINDS: [&str; 4] = [
    "ji",
    "jiraintegration",
    "jiraintegrations",
    "jiraintegrations.jira-operator.dev",
];

/// Which integrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrationSelection {
    /// Those with these names; where there are none, all.
    pub names: Vec<String>,
    /// Those that a label selector fits.
    pub selector: Option<String>,
    /// Their namespace; absent for all namespaces.
    pub namespace: Option<String>,
}

/// The name in `NAME` or `ji/NAME`.
pub fn name(argument: &str) -> Result<String, &'static str> {
    match argument.split_once('/') {
        None => Ok(argument.to_owned()),
        Some((kind, name)) if KINDS.contains(&kind.to_ascii_lowercase().as_str()) && !name.is_empty() => {
            Ok(name.to_owned())
        }
        Some(_) => Err("it must be the name of a JiraIntegration, or ji/NAME"),
    }
}

impl IntegrationSelection {
    /// Whether they are named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.names.is_empty()
    }

    /// The place in words.
    #[must_use]
    pub fn place(&self) -> &str {
        self.namespace.as_deref().unwrap_or("any namespace")
    }

    /// Where they are kept.
    #[must_use]
    pub fn api(&self, cluster: &ClusterContext) -> Api<JiraIntegration> {
        match &self.namespace {
            Some(namespace) => Api::namespaced(cluster.client.clone(), namespace),
            None => Api::all(cluster.client.clone()),
        }
    }

    /// The field selector for the only one that is named.
    #[must_use]
    pub fn fields(&self) -> Option<String> {
        let [name] = self.names.as_slice() else {
            return None;
        };
        Some(format!("metadata.name={name}"))
    }

    /// Finds them, ordered by namespace and name.
    pub async fn find(&self, cluster: &ClusterContext) -> Result<Listed<Vec<JiraIntegration>>, CliError> {
        let found = match self.names.as_slice() {
            [name] => self.one(cluster, name).await,
            _ => self.listed(cluster).await,
        };
        let mut found = found.map_err(|error| refused("jiraintegrations", self.place(), &error))?;
        found.items = self.chosen(found.items)?;
        Ok(found)
    }

    /// Who may read a single one need not list any.
    async fn one(&self, cluster: &ClusterContext, name: &str) -> kube::Result<Listed<Vec<JiraIntegration>>> {
        let found = self.api(cluster).get_opt(name).await?;
        Ok(Listed {
            version: found
                .as_ref()
                .and_then(ResourceExt::resource_version)
                .unwrap_or_default(),
            items: found.into_iter().collect(),
        })
    }

    async fn listed(&self, cluster: &ClusterContext) -> kube::Result<Listed<Vec<JiraIntegration>>> {
        let mut params = ListParams::default();
        params.label_selector.clone_from(&self.selector);
        all(&self.api(cluster), params).await
    }

    fn chosen(&self, mut all: Vec<JiraIntegration>) -> Result<Vec<JiraIntegration>, CliError> {
        let place = self.place();
        let is_there = |name: &&String| all.iter().any(|integration| integration.name_any() == **name);
        if let Some(name) = self.names.iter().find(|name| !is_there(name)) {
            let others = "kubectl get jiraintegrations -A shows those there are";
            return Err(format!("there is no JiraIntegration {name} in namespace {place}: {others}").into());
        }
        all.retain(|integration| self.names.is_empty() || self.names.contains(&integration.name_any()));
        if all.is_empty() {
            let labels = self
                .selector
                .as_ref()
                .map(|labels| format!(" with the labels {labels}"));
            let labels = labels.unwrap_or_default();
            return Err(format!("there is no JiraIntegration{labels} in {place}").into());
        }
        all.sort_by_key(|integration| (integration.namespace(), integration.name_any()));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_may_have_its_kind_before_it() {
        for argument in [
            "acme",
            "ji/acme",
            "JiraIntegration/acme",
            "jiraintegrations.jira-operator.dev/acme",
        ] {
            assert_eq!(name(argument), Ok("acme".to_owned()), "{argument}");
        }
        for argument in ["jp/acme", "ji/", "support/acme"] {
            assert!(name(argument).is_err(), "{argument}");
        }
    }

    #[test]
    fn each_that_is_named_has_to_be_there() {
        let integration = |name: &str| -> JiraIntegration {
            serde_json::from_value(json!({
                "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration", "metadata": {"name": name},
                "spec": {"site": "https://acme.atlassian.net", "secretRef": {"name": "x"}},
            }))
            .unwrap()
        };
        let chosen = |names: &[&str]| {
            let which = IntegrationSelection {
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                namespace: Some("support".to_owned()),
                ..IntegrationSelection::default()
            };
            which.chosen(["b", "c", "a"].map(integration).to_vec())
        };
        let names = |chosen: Result<Vec<JiraIntegration>, CliError>| -> Vec<String> {
            chosen.unwrap().iter().map(ResourceExt::name_any).collect()
        };
        assert_eq!(names(chosen(&["c", "a"])), ["a", "c"]);
        assert_eq!(names(chosen(&[])), ["a", "b", "c"]);
        let missing = chosen(&["a", "x"]).unwrap_err().to_string();
        assert!(
            missing.contains("no JiraIntegration x in namespace support"),
            "{missing}"
        );
    }
}
