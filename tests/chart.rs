//! The chart, as Helm itself sees it.

// A test that finds something else than it tells of ends with a panic; that is its report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use devkit::helm::Helm;
use serde_json::{Value, json};

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/jira-operator")
}

async fn rendered(helm: &Helm, values: Value) -> Result<String, String> {
    let rendered = helm.template(&chart(), "jira-operator", "jira", &values).await;
    rendered.map_err(|error| error.to_string())
}

#[tokio::test]
async fn it_renders_as_its_values_say_and_refuses_what_they_cannot_be() {
    let helm = Helm::find_or_build().await.expect("Helm");
    for values in [json!({}), json!({"watchNamespaces": ["a", "b"]})] {
        helm.lint(&chart(), &values).await.expect("helm lint finds nothing");
    }

    let whole = rendered(&helm, json!({})).await.unwrap();
    assert!(whole.contains("kind: ClusterRoleBinding") && !whole.contains("WATCH_NAMESPACE"));
    assert!(whole.contains("name: jiraintegrations.jira-operator.dev") && whole.contains("resource-policy: keep"));

    let narrowed = rendered(&helm, json!({"watchNamespaces": ["a", "b"]})).await.unwrap();
    assert_eq!(
        narrowed.matches("kind: RoleBinding").count(),
        2,
        "one in each namespace"
    );
    assert!(!narrowed.contains("kind: ClusterRoleBinding"));
    let watched = narrowed
        .split("WATCH_NAMESPACE")
        .nth(1)
        .expect("the operator is told what to watch");
    assert!(watched.trim_start().starts_with("value: \"a,b\"") || watched.trim_start().starts_with("value: a,b"));

    let without = rendered(&helm, json!({"crds": {"enabled": false}})).await.unwrap();
    assert!(!without.contains("kind: CustomResourceDefinition"));

    for bad in [
        json!({"replicas": 3}),
        json!({"watchNamespaces": "a"}),
        json!({"watchNamespaces": ["Not A Namespace"]}),
        json!({"logFormat": "xml"}),
        json!({"crds": {"enabled": "maybe"}}),
        json!({"image": {"repositry": "typo"}}),
    ] {
        let refused = rendered(&helm, bad.clone()).await;
        assert!(refused.is_err(), "{bad} is accepted");
    }
}

#[tokio::test]
async fn the_pod_runs_restricted_and_alone() {
    let helm = Helm::find_or_build().await.expect("Helm");
    let manifests = rendered(&helm, json!({})).await.unwrap();
    for line in [
        "type: Recreate",
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "type: RuntimeDefault",
        "path: /healthz",
        "path: /readyz",
    ] {
        assert!(manifests.contains(line), "{line} is not in the manifests");
    }
}
