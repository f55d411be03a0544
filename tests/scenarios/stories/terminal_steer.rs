//! Suspending, resuming and reconciling from the terminal.

use std::{os::unix::fs::symlink, sync::Arc};

use jira_operator::api::integration::JiraIntegration;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Story, story, terminal::unconnected};
use crate::{
    plane::{OPERATOR, Plane},
    stage::{Stage, browser::Choice, hands::connected},
};

pub fn stories() -> Vec<Story> {
    vec![
        story("terminal::suspend_resume_and_reconcile", steer),
        story("terminal::what_git_or_helm_applies_is_to_be_changed_there", managed),
        story("terminal::as_a_plugin_of_kubectl", plugin),
        story("terminal::a_suspended_integration_is_connected_for_later", suspended),
        story("terminal::reconcile_says_when_nobody_answers", nobody_answers),
    ]
}

async fn steer(plane: Arc<Plane>) {
    let stage = connected(&plane, "steer", json!({})).await;
    let path = format!("{}/acme", stage.namespace);
    let ran = stage.runs(&["reconcile", "acme"]).await;
    ran.claim(0, &[&format!("Asked for a full pass of {path}."), "Ready True"])
        .fits();
    let handled = |object: &JiraIntegration| object.status.clone().unwrap().last_handled_reconcile_at;
    let before = handled(&stage.integration("acme").await);
    assert!(before.is_some(), "it waited for the answer");

    let ran = stage.runs(&["suspend", "acme"]).await;
    ran.claim(0, &[&format!("Suspended {path}"), "its access token is left to expire"])
        .fits();
    assert!(!ran.out.contains("Git"), "nobody else applies it: {}", ran.out);
    stage.until_message("acme", "Ready", "Suspended since").await;
    let ran = stage.runs(&["reconcile", "acme"]).await;
    let next = format!("jira-operator resume acme -n {}", stage.namespace);
    ran.claim(2, &["It is suspended", &next]).fits();

    let ran = stage.runs(&["resume", "acme"]).await;
    ran.claim(0, &[&format!("Resumed {path}.")]);
    stage.until_ready("acme").await;
    stage
        .change("acme", json!({"site": "https://globex.atlassian.net"}))
        .await;
    let ran = stage.runs(&["reconcile", "acme"]).await;
    ran.claim(1, &["Ready False SiteChanged:"]).fits();
    let ran = stage.runs(&["reconcile", "acme", "--timeout", "0s"]).await;
    ran.claim(0, &["Asked for a full pass"]);
    for (command, code) in [("suspend", 1), ("resume", 1), ("reconcile", 2)] {
        let ran = stage.runs(&[command, "nobody"]).await;
        let nobody = format!("there is no JiraIntegration nobody in namespace {}", stage.namespace);
        ran.claim(code, &[&nobody]);
    }
    let reader = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get, list]}]";
    let reader = stage.person("reader", reader, None).await;
    let refused = stage
        .ended(stage.types(&["suspend", "acme"]).with(&reader).start())
        .await;
    refused.claim(1, &["JiraIntegration acme could not be changed", "403"]);
    stage.close().await;
}

async fn managed(plane: Arc<Plane>) {
    let (stage, _) = unconnected(&plane, "managed").await;
    let marks = [
        json!({"annotations": {"argocd.argoproj.io/tracking-id": "jira:jira-operator.dev/JiraIntegration:support/acme"}}),
        json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "jira"}}),
        json!({"labels": {"helm.toolkit.fluxcd.io/name": "jira"}}),
        json!({"annotations": {"meta.helm.sh/release-name": "jira"}}),
    ];
    for mark in &marks {
        patch(&stage, mark.clone(), None).await;
        for command in ["suspend", "resume"] {
            let ran = stage.runs(&[command, "acme"]).await;
            ran.claim(0, &["applied from Git or by Helm", "set spec.suspend there as well"])
                .fits();
        }
        let without = mark.as_object().unwrap().keys().map(|kind| (kind.clone(), Value::Null));
        patch(&stage, without.collect(), None).await;
    }
    assert!(!stage.runs(&["resume", "acme"]).await.out.contains("Git"));
    // Argo CD can be set to leave no mark of its own: what it writes bears its name.
    let theirs = json!({"labels": {"team": "support"}});
    patch(&stage, theirs, Some("argocd-controller")).await;
    stage
        .runs(&["suspend", "acme"])
        .await
        .claim(0, &["applied from Git or by Helm"]);
    stage.close().await;
}

async fn patch(stage: &Stage, metadata: Value, manager: Option<&str>) {
    let params = PatchParams {
        field_manager: manager.map(str::to_owned),
        ..PatchParams::default()
    };
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let patched = stage.integrations().patch("acme", &params, &patch).await;
    patched.expect("the object is changed");
}

async fn nobody_answers(plane: Arc<Plane>) {
    let mut stage = connected(&plane, "no-answer", json!({})).await;
    stage.kill_operators().await;
    let ran = stage.runs(&["reconcile", "acme", "--timeout", "2s"]).await;
    let named = [
        "Asked for a full pass",
        "no answer within 2 seconds. Is the operator running?",
        "jira-operator check --operator",
    ];
    ran.claim(2, &named);

    // It waits: the operator that comes meanwhile answers.
    let arguments = ["reconcile", "acme", "-n", &stage.namespace];
    let mut waits = stage.types(&arguments).start();
    waits.until_printed("Asked for a full pass").await;
    stage.start_operator();
    stage.ended(waits).await.claim(0, &["Ready True"]);
    stage.close().await;
}

async fn plugin(plane: Arc<Plane>) {
    let (stage, _) = unconnected(&plane, "plugin").await;
    symlink(OPERATOR, stage.path("kubectl-jira")).unwrap();
    let mut path = stage.path("").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let kubectl = async |arguments: &[&str]| {
        let mut command = plane.control.kubectl();
        command.arg("jira").args(arguments).args(["-n", &stage.namespace]);
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
    stage.close().await;
}

async fn suspended(plane: Arc<Plane>) {
    let (stage, port) = unconnected(&plane, "for-later").await;
    stage.runs(&["suspend", "acme"]).await.claim(0, &[]);
    stage.until_message("acme", "Ready", "Suspended since").await;
    let mut connect = stage.connects(port, &[]).start();
    let link = connect.link().await;
    stage.follow(&link, Choice::default()).await.claim(200, &["Connected"]);
    let next = format!(
        "once the integration goes on: jira-operator resume acme -n {}",
        stage.namespace
    );
    stage
        .ended(connect)
        .await
        .claim(0, &["Connected as Jira Bot", &next])
        .fits();
    stage.runs(&["resume", "acme"]).await.claim(0, &[]);
    stage.until_ready("acme").await;
    assert_eq!(stage.exchanges(), 1);
    stage.close().await;
}
