//! `check --operator`: is it installed in this version, does it run, may it do what it does, and
//! do Atlassian's addresses answer?

use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, ResourceExt, api::ListParams};

use super::{
    crds,
    lists::all,
    rights::{self, OperatorAccount},
};
use crate::cli::context::{AtlassianContext, CheckReason, CheckedObject, ClusterContext, ReportLine};
use crate::{
    atlassian::endpoints::{Endpoints, TENANT_TIMEOUT},
    cluster::error::describe,
};

/// The label that the chart puts on what belongs to the operator.
const LABEL: &str = "app.kubernetes.io/name=jira-operator";

/// What is known of the operator beforehand.
#[derive(Clone, Copy)]
pub struct InstallationCheck<'a> {
    /// Its namespace; found out where it is not given.
    pub namespace: Option<&'a str>,
    /// Its service account; found out where it is not given.
    pub service_account: Option<&'a str>,
}

/// Looks at everything that belongs to the installation.
pub async fn check(
    cluster: &ClusterContext,
    atlassian: &AtlassianContext,
    installed: InstallationCheck<'_>,
) -> Vec<CheckedObject> {
    let mut subjects = crds::subjects(cluster).await;
    subjects.extend(operators(cluster, installed).await);
    subjects.push(endpoints(atlassian).await);
    subjects
}

/// One subject for each Deployment: there may be several releases, each with namespaces of its own.
async fn operators(cluster: &ClusterContext, installed: InstallationCheck<'_>) -> Vec<CheckedObject> {
    let found = match deployments(cluster, installed.namespace).await {
        Ok(found) => found,
        Err(line) => {
            let mut subject = CheckedObject::new("Operator", installed.namespace.unwrap_or_default(), "jira-operator");
            subject.lines.push(line);
            subject.lines.extend(held(cluster, installed, None).await);
            return vec![subject];
        }
    };
    let mut subjects = Vec::new();
    for deployment in &found {
        let namespace = deployment.namespace().unwrap_or_default();
        let mut subject = CheckedObject::new("Operator", &namespace, &deployment.name_any());
        subject.lines = of_deployment(deployment);
        subject.lines.extend(held(cluster, installed, Some(deployment)).await);
        subjects.push(subject);
    }
    subjects
}

async fn held(
    cluster: &ClusterContext,
    installed: InstallationCheck<'_>,
    deployment: Option<&Deployment>,
) -> Vec<ReportLine> {
    match account(cluster, installed, deployment) {
        Some(account) => rights::lines(cluster, &account).await,
        None => vec![ReportLine::local(
            "Rights",
            CheckReason::NotLookedAt,
            "Without a Deployment it is not known which ServiceAccount to ask about: name it with --service-account and -n.",
        )],
    }
}

fn account(
    cluster: &ClusterContext,
    installed: InstallationCheck<'_>,
    deployment: Option<&Deployment>,
) -> Option<OperatorAccount> {
    let found = deployment.and_then(|deployment| deployment.spec.as_ref()?.template.spec.as_ref());
    let of_pod = found.map(|pod| pod.service_account_name.clone().unwrap_or_else(|| "default".to_owned()));
    Some(OperatorAccount {
        name: installed.service_account.map(str::to_owned).or(of_pod)?,
        namespace: deployment
            .and_then(ResourceExt::namespace)
            .or_else(|| installed.namespace.map(str::to_owned))
            .unwrap_or_else(|| cluster.namespace.clone()),
        watched: deployment.map(watched).unwrap_or_default(),
    })
}

/// The namespaces that the operator watches, as its arguments or its environment tell; none for all.
fn watched(deployment: &Deployment) -> Vec<String> {
    let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let mut names = Vec::new();
    for container in pod.iter().flat_map(|pod| &pod.containers) {
        let arguments: Vec<&String> = container
            .command
            .iter()
            .flatten()
            .chain(container.args.iter().flatten())
            .collect();
        let mut given: Vec<&str> = arguments
            .iter()
            .filter_map(|a| a.strip_prefix("--watch-namespace="))
            .collect();
        let pairs = arguments.iter().zip(arguments.iter().skip(1));
        given.extend(
            pairs
                .filter(|(flag, _)| **flag == "--watch-namespace")
                .map(|(_, value)| value.as_str()),
        );
        if given.is_empty() {
            let env = container
                .env
                .iter()
                .flatten()
                .filter(|env| env.name == "WATCH_NAMESPACE");
            given.extend(env.filter_map(|env| env.value.as_deref()));
        }
        names.extend(
            given
                .iter()
                .flat_map(|list| list.split(','))
                .map(|name| name.trim().to_owned()),
        );
    }
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// The operator's Deployments, at least one.
async fn deployments(cluster: &ClusterContext, namespace: Option<&str>) -> Result<Vec<Deployment>, ReportLine> {
    let client = cluster.client.clone();
    let (api, place): (Api<Deployment>, _) = match namespace {
        Some(namespace) => (Api::namespaced(client, namespace), format!("namespace {namespace}")),
        None => (Api::all(client), "any namespace".to_owned()),
    };
    let line = |reason, message: String| ReportLine::local("Deployment", reason, message);
    match all(&api, ListParams::default().labels(LABEL)).await {
        Ok(found) if found.items.is_empty() => {
            let message = format!(
                "No Deployment in {place} has the label {LABEL}. Install the chart, or name the operator's namespace with -n."
            );
            Err(line(CheckReason::OperatorNotFound, message))
        }
        Ok(found) => Ok(found.items),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            let message = format!(
                "You may not list Deployments in {place}. Name the operator's namespace with -n, or ask somebody who may."
            );
            Err(line(CheckReason::MayNotAsk, message))
        }
        Err(error) => {
            let message = format!("Deployments in {place} could not be listed: {}.", describe(&error));
            Err(line(CheckReason::MayNotAsk, message))
        }
    }
}

fn of_deployment(deployment: &Deployment) -> Vec<ReportLine> {
    let line = |reason, message: String| ReportLine::local("Deployment", reason, message);
    let name = deployment.name_any();
    let ready = deployment
        .status
        .as_ref()
        .and_then(|status| status.ready_replicas)
        .unwrap_or(0);
    let mut lines = vec![if ready > 0 {
        line(
            CheckReason::OperatorRuns,
            format!("Deployment {name} has a pod that is ready."),
        )
    } else {
        let namespace = deployment.namespace().unwrap_or_default();
        let message = format!(
            "Deployment {name} has no pod that is ready. See why: kubectl -n {namespace} describe deployment {name}, and the pod's log."
        );
        line(CheckReason::OperatorNotReady, message)
    }];
    let version = deployment.labels().get("app.kubernetes.io/version");
    if let Some(version) = version.filter(|version| *version != env!("CARGO_PKG_VERSION")) {
        let message = format!(
            "The operator runs in version {version}; this program is {}. Their findings may differ.",
            env!("CARGO_PKG_VERSION")
        );
        lines.push(ReportLine::local(
            "Version",
            CheckReason::OperatorVersionDiffers,
            message,
        ));
    }
    lines
}

/// Whether Atlassian's addresses answer, whatever they answer.
async fn endpoints(atlassian: &AtlassianContext) -> CheckedObject {
    let Endpoints { auth, api, .. } = atlassian.endpoints.as_ref();
    let mut subject = CheckedObject::new("Atlassian", "", "from here");
    for (what, url) in [("Authorization", auth), ("API gateway", api)] {
        let address = url.as_str().trim_end_matches('/');
        let asked = atlassian.http.get(url.clone()).timeout(TENANT_TIMEOUT).send().await;
        subject.lines.push(if asked.is_ok() {
            ReportLine::local(what, CheckReason::EndpointReachable, format!("{address} answers."))
        } else {
            let message = format!(
                "{address} does not answer from here. The operator needs it from its pod, whose way out may be another: look at proxies, firewalls and DNS there if its conditions say so too."
            );
            ReportLine::local(what, CheckReason::EndpointUnreachable, message)
        });
    }
    subject
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn deployment(container: &serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "jira-operator", "namespace": "jira"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [container]}}}
        }))
        .unwrap()
    }

    #[test]
    fn the_watched_namespaces_are_read_from_arguments_before_the_environment() {
        let env = json!([{"name": "WATCH_NAMESPACE", "value": "a, b"}]);
        let of = |container: serde_json::Value| watched(&deployment(&container));
        assert_eq!(of(json!({"name": "operator", "env": env})), ["a", "b"]);
        assert_eq!(
            of(
                json!({"name": "operator", "args": ["run", "--watch-namespace", "c", "--watch-namespace=d"], "env": env})
            ),
            ["c", "d"]
        );
        assert!(of(json!({"name": "operator", "args": ["run"]})).is_empty());
    }
}
