//! Suspending, resuming and reconciling from the terminal.

use std::{os::unix::fs::symlink, sync::Arc};

use jira_operator::api::integration::JiraIntegration;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Scenario, scenario, terminal::unconnected};
use crate::{
    cluster::{Cluster, OPERATOR},
    harness::{Harness, actions::connected, browser::Choice},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("terminal::suspend_resume_and_reconcile", steer),
        scenario("terminal::what_git_or_helm_applies_is_to_be_changed_there", managed),
        scenario("terminal::as_a_plugin_of_kubectl", plugin),
        scenario("terminal::a_suspended_integration_is_connected_for_later", suspended),
        scenario("terminal::reconcile_says_when_nobody_answers", nobody_answers),
    ]
}

async fn steer(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "steer", json!({})).await;
    let path = format!("{}/acme", harness.namespace);
    let ran = harness.runs(&["reconcile", "acme"]).await;
    ran.assert_exit(0, &[&format!("Asked for a full resync of {path}."), "Ready True"])
        .fits();
    let handled = |object: &JiraIntegration| object.status.clone().unwrap().last_handled_reconcile_at;
    let before = handled(&harness.integration("acme").await);
    assert!(before.is_some(), "it waited for the answer");

    let ran = harness.runs(&["suspend", "acme"]).await;
    ran.assert_exit(0, &[&format!("Suspended {path}"), "its access token is left to expire"])
        .fits();
    assert!(!ran.out.contains("Git"), "nobody else applies it: {}", ran.out);
    harness.until_message("acme", "Ready", "Suspended since").await;
    let ran = harness.runs(&["reconcile", "acme"]).await;
    let next = format!("jira-operator resume acme -n {}", harness.namespace);
    ran.assert_exit(2, &["It is suspended", &next]).fits();

    let ran = harness.runs(&["resume", "acme"]).await;
    ran.assert_exit(0, &[&format!("Resumed {path}.")]);
    harness.until_ready("acme").await;
    harness
        .change("acme", json!({"site": "https://globex.atlassian.net"}))
        .await;
    let ran = harness.runs(&["reconcile", "acme"]).await;
    ran.assert_exit(1, &["Ready False SiteChanged:"]).fits();
    let ran = harness.runs(&["reconcile", "acme", "--timeout", "0s"]).await;
    ran.assert_exit(0, &["Asked for a full resync"]);
    for (command, code) in [("suspend", 1), ("resume", 1), ("reconcile", 2)] {
        let ran = harness.runs(&[command, "nobody"]).await;
        let nobody = format!("there is no JiraIntegration nobody in namespace {}", harness.namespace);
        ran.assert_exit(code, &[&nobody]);
    }
    let reader = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}]";
    let reader = harness.person("reader", reader, None).await;
    let refused = harness
        .ended(harness.types(&["suspend", "acme"]).with(&reader).start())
        .await;
    refused.assert_exit(1, &["JiraIntegration acme could not be changed", "403"]);
    harness.close().await;
}

async fn managed(cluster: Arc<Cluster>) {
    let (harness, _) = unconnected(&cluster, "managed").await;
    let marks = [
        json!({"annotations": {"argocd.argoproj.io/tracking-id": "jira:jira-operator.dev/JiraIntegration:support/acme"}}),
        json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "jira"}}),
        json!({"labels": {"helm.toolkit.fluxcd.io/name": "jira"}}),
        json!({"annotations": {"meta.helm.sh/release-name": "jira"}}),
    ];
    for mark in &marks {
        patch(&harness, mark.clone(), None).await;
        for command in ["suspend", "resume"] {
            let ran = harness.runs(&[command, "acme"]).await;
            ran.assert_exit(0, &["applied from Git or by Helm", "set spec.suspend there as well"])
                .fits();
        }
        let without = mark.as_object().unwrap().keys().map(|kind| (kind.clone(), Value::Null));
        patch(&harness, without.collect(), None).await;
    }
    assert!(!harness.runs(&["resume", "acme"]).await.out.contains("Git"));
    // Argo CD can be set to leave no mark of its own: what it writes bears its name.
    let theirs = json!({"labels": {"team": "support"}});
    patch(&harness, theirs, Some("argocd-controller")).await;
    harness
        .runs(&["suspend", "acme"])
        .await
        .assert_exit(0, &["applied from Git or by Helm"]);
    harness.close().await;
}

async fn patch(harness: &Harness, metadata: Value, manager: Option<&str>) {
    let params = PatchParams {
        field_manager: manager.map(str::to_owned),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let patched = harness.integrations().patch("acme", &params, &patch).await;
    patched.expect("the object is changed");
}

async fn nobody_answers(cluster: Arc<Cluster>) {
    let mut harness = connected(&cluster, "no-answer", json!({})).await;
    harness.kill_operators().await;
    let ran = harness.runs(&["reconcile", "acme", "--timeout", "2s"]).await;
    let named = [
        "Asked for a full resync",
        "no answer within 2 seconds. Is the operator running?",
        "jira-operator check --operator",
    ];
    ran.assert_exit(2, &named);

    // It waits: the operator that comes meanwhile answers.
    let arguments = ["reconcile", "acme", "-n", &harness.namespace];
    let mut waits = harness.types(&arguments).start();
    waits.until_printed("Asked for a full resync").await;
    harness.start_operator();
    harness.ended(waits).await.assert_exit(0, &["Ready True"]);
    harness.close().await;
}

async fn plugin(cluster: Arc<Cluster>) {
    let (harness, _) = unconnected(&cluster, "plugin").await;
    symlink(OPERATOR, harness.path("kubectl-jira")).unwrap();
    let mut path = harness.path("").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let kubectl = async |arguments: &[&str]| {
        let mut command = cluster.control.kubectl();
        command.arg("jira").args(arguments).args(["-n", &harness.namespace]);
        let output = command.env("PATH", &path).output().await.expect("kubectl runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = kubectl(&["suspend", "acme"]).await;
    assert!(code == Some(0) && said.contains("Suspended"), "{said}");
    let (code, said) = kubectl(&["reconcile", "acme"]).await;
    assert!(code == Some(2) && said.contains("It is suspended"), "{said}");
    let (code, said) = kubectl(&["connect", "--help"]).await;
    assert!(
        code == Some(0) && said.contains("Usage: kubectl jira connect"),
        "{said}"
    );
    harness.close().await;
}

async fn suspended(cluster: Arc<Cluster>) {
    let (harness, port) = unconnected(&cluster, "for-later").await;
    harness.runs(&["suspend", "acme"]).await.assert_exit(0, &[]);
    harness.until_message("acme", "Ready", "Suspended since").await;
    let mut connect = harness.connects(port, &[]).start();
    let link = connect.link().await;
    harness
        .follow(&link, Choice::default())
        .await
        .assert_says(200, &["Connected"]);
    let next = format!(
        "once the integration goes on: jira-operator resume acme -n {}",
        harness.namespace
    );
    harness
        .ended(connect)
        .await
        .assert_exit(0, &["Connected as Jira Bot", &next])
        .fits();
    harness.runs(&["resume", "acme"]).await.assert_exit(0, &[]);
    harness.until_ready("acme").await;
    assert_eq!(harness.exchanges(), 1);
    harness.close().await;
}
