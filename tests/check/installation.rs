//! The operator's installation, and what the API server takes.

use std::{fs, path::Path};

use devkit::helm::Helm;
use serde_json::{Value, json};

use crate::{plane::Plane, program::Program};

/// Rights to check everything of an installation but to ask about other people's rights.
const LOOK: &str = "[{apiGroups: [apps], resources: [deployments], verbs: [list]}]";

#[tokio::test]
async fn the_check_and_the_api_server_agree_about_manifests() {
    let plane = Plane::start().await;
    let program = Program::new().await;
    for namespace in ["support", "engineering"] {
        plane.namespace(namespace).await;
    }
    let mut compared = 0;
    for folder in ["tests/fixtures/broken", "examples"] {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|ending| ending == "yaml") {
                let name = file.display().to_string();
                let ran = program.check(&["-f", &name, "--offline", "-o", "json"]).await;
                let applied = plane.kubectl(&["apply", "--dry-run=server", "-f", &name], "").await;
                assert_eq!(
                    ran.refuses_fields(),
                    applied.is_err(),
                    "{name}: {applied:?}\n{}",
                    ran.out
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 30);
    plane.control.stop().await;
    program.close(&[]);
}

#[tokio::test]
async fn the_installation_is_looked_at_piece_by_piece() {
    let plane = Plane::start().await;
    let mut program = Program::new().await;
    program.kubeconfig = Some(plane.kubeconfig().to_owned());
    let nothing = program.check(&["--operator"]).await;
    nothing.claim(
        1,
        &[
            "√ Definition DefinitionServed",
            "× Deployment OperatorNotFound",
            "Rights NotLookedAt",
            "√ API gateway EndpointReachable",
        ],
    );

    plane.namespace("jira").await;
    for watched in [json!(["jira"]), json!([])] {
        install(&plane, &watched).await;
        let stopped = program.check(&["--operator", "-n", "jira"]).await;
        stopped
            .claim(1, &["× Deployment OperatorNotReady", "√ Rights RuleHeld"])
            .without("RuleMissing");
        ready(&plane).await;
        program.check(&["--operator"]).await.claim(
            0,
            &[
                "√ Operator jira/jira-operator",
                "√ Rights RuleHeld secrets",
                "√ Rights RuleHeld jiraissues/status",
            ],
        );
        plane
            .kubectl(&["-n", "jira", "delete", "deployment", "jira-operator"], "")
            .await
            .unwrap();
        let alone = program
            .check(&["--operator", "-n", "jira", "--service-account", "jira-operator"])
            .await;
        alone.claim(1, &["OperatorNotFound"]);
    }
    install(&plane, &json!([])).await;
    ready(&plane).await;
    rights_and_definitions_are_missed(&plane, &program).await;
    plane.control.stop().await;
    program.close(&[]);
}

async fn rights_and_definitions_are_missed(plane: &Plane, program: &Program) {
    let role = plane
        .kubectl(&["get", "clusterrole", "jira-operator", "-o", "json"], "")
        .await
        .unwrap();
    let mut role: Value = serde_json::from_str(&role).unwrap();
    for rule in role["rules"].as_array_mut().unwrap() {
        rule["verbs"].as_array_mut().unwrap().retain(|verb| verb != "watch");
    }
    plane.kubectl(&["replace", "-f", "-"], &role.to_string()).await.unwrap();
    let ran = program.check(&["--operator"]).await;
    ran.claim(
        1,
        &[
            "may not watch secrets in all namespaces",
            "may not watch jiraintegrations.jira-operator.dev",
        ],
    );

    let looker = plane.person("jira", "looker", LOOK).await;
    let ran = program.check_as(Some(&looker), &["--operator"], "").await;
    ran.claim(
        2,
        &[
            "You may not read CustomResourceDefinitions",
            "You may not create subjectaccessreviews",
            "√ Deployment OperatorRuns",
        ],
    );

    let remove = "[{\"op\": \"remove\", \"path\": \"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/statusMapping\"}]";
    plane
        .kubectl(
            &[
                "patch",
                "crd",
                "jiraintegrations.jira-operator.dev",
                "--type=json",
                "-p",
                remove,
            ],
            "",
        )
        .await
        .unwrap();
    plane
        .kubectl(&["delete", "crd", "jiraprojects.jira-operator.dev"], "")
        .await
        .unwrap();
    let ran = program.check(&["--operator"]).await;
    ran.claim(
        1,
        &[
            "DefinitionMissing",
            "lacks what this program knows of spec.statusMapping",
        ],
    );
    let ran = program.check(&["-A"]).await;
    ran.claim(2, &["there is no JiraIntegration"]);
}

async fn install(plane: &Plane, watched: &Value) {
    let helm = Helm::find_or_build().await.unwrap();
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/jira-operator");
    let values = json!({"crds": {"enabled": false}, "watchNamespaces": watched});
    let manifests = helm.template(&chart, "jira-operator", "jira", &values).await.unwrap();
    plane
        .kubectl(&["-n", "jira", "apply", "-f", "-"], &manifests)
        .await
        .unwrap();
}

/// There is no kubelet here, so the pod is said to be ready.
async fn ready(plane: &Plane) {
    let status = json!({"status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}}).to_string();
    let patch = [
        "-n",
        "jira",
        "patch",
        "deployment",
        "jira-operator",
        "--subresource=status",
        "--type=merge",
        "-p",
        &status,
    ];
    plane.kubectl(&patch, "").await.unwrap();
}
