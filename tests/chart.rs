//! The chart, as Helm itself sees it.

// A test that finds something else than it tests ends with a panic; that is its report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use devkit::helm::Helm;
use jira_operator::cli::check::{RULES, RequiredRule};
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
        json!({"connect": {"publicURL": "http://jira.example.com"}}),
        json!({"connect": {"publicURL": "https://jira.example.com/operator"}}),
        json!({"connect": {"publicURL": "https://me@jira.example.com"}}),
        json!({"connect": {"publicURL": "jira.example.com"}}),
        json!({"connect": {"port": 8080}}),
        json!({"connect": {"port": "8082"}}),
        json!({"connect": {"publicUrl": ""}}),
        json!({"userDirectory": true}),
        json!({"networkPolicy": {"enabled": true, "metricsFrom": [{}]}}),
        json!({"extraEnv": [{"name": "PUBLIC_URL", "value": "https://jira.example.com"}]}),
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

/// The document of a kind, of which there has to be one.
fn only<'a>(manifests: &'a str, kind: &str) -> &'a str {
    let wanted = format!("\nkind: {kind}\n");
    let mut found = manifests.split("\n---").filter(|document| document.contains(&wanted));
    let one = found.next().unwrap_or_else(|| panic!("there is no {kind}"));
    assert!(found.next().is_none(), "there are several of {kind}");
    one
}

#[tokio::test]
async fn config_maps_are_touched_only_where_the_directory_is_wanted() {
    let helm = Helm::find_or_build().await.expect("Helm");
    for namespaces in [json!([]), json!(["a"])] {
        for (enabled, rules) in [(false, 0), (true, 1)] {
            let values = json!({"watchNamespaces": namespaces, "userDirectory": {"enabled": enabled}});
            let manifests = rendered(&helm, values).await.unwrap();
            assert_eq!(manifests.matches("resources: [configmaps]").count(), rules);
        }
    }
}

#[tokio::test]
async fn a_network_policy_lets_in_who_is_named_and_nobody_else() {
    let helm = Helm::find_or_build().await.expect("Helm");
    let off = rendered(&helm, json!({})).await.unwrap();
    assert!(!off.contains("kind: NetworkPolicy"));
    let closed = rendered(&helm, json!({"networkPolicy": {"enabled": true}}))
        .await
        .unwrap();
    let policy = only(&closed, "NetworkPolicy");
    assert!(policy.contains("policyTypes: [Ingress]") && !policy.contains("ports:"));
    let peer = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]);
    let values = json!({
        "networkPolicy": {"enabled": true, "metricsFrom": peer, "connectFrom": peer},
        "connect": {"publicURL": "https://jira.example.com"},
    });
    helm.lint(&chart(), &values).await.expect("helm lint finds nothing");
    let open = rendered(&helm, values).await.unwrap();
    let policy = only(&open, "NetworkPolicy");
    for there in ["port: http", "port: connect", "kubernetes.io/metadata.name: monitoring"] {
        assert!(policy.contains(there), "{there} is not in the NetworkPolicy");
    }
}

#[tokio::test]
async fn the_connect_pages_have_an_address_or_are_not_served() {
    let helm = Helm::find_or_build().await.expect("Helm");
    let off = rendered(&helm, json!({})).await.unwrap();
    for absent in ["CONNECT_LISTEN", "PUBLIC_URL", "name: connect", "\nkind: Service\n"] {
        assert!(!off.contains(absent), "{absent} is there by default");
    }

    for address in [
        "https://jira.example.com",
        "http://localhost:8080",
        "http://[::1]:8080/",
    ] {
        let values = json!({"connect": {"publicURL": address, "port": 9000}});
        helm.lint(&chart(), &values).await.expect("helm lint finds nothing");
        let on = rendered(&helm, values).await.unwrap();
        let operator = only(&on, "Deployment");
        for there in [
            "name: CONNECT_LISTEN\n              value: \"0.0.0.0:9000\"\n",
            &format!("name: PUBLIC_URL\n              value: \"{address}\"\n"),
            "name: connect\n              containerPort: 9000\n",
        ] {
            assert!(operator.contains(there), "{address}: {there} is not in the Deployment");
        }
        let service = only(&on, "Service");
        assert!(service.contains("name: jira-operator-connect\n") && service.contains("type: ClusterIP\n"));
        assert_eq!(
            service.matches("targetPort:").count(),
            1,
            "probes and metrics are not behind it"
        );
        assert!(service.contains("port: 80\n      targetPort: connect\n"));
        assert!(!on.contains("kind: Ingress"), "that is the cluster's affair");
    }

    let long = "a".repeat(63);
    let values = json!({"connect": {"publicURL": "https://jira.example.com"}, "fullnameOverride": long});
    let named = rendered(&helm, values).await.unwrap();
    let shortened = format!("name: {}-connect\n", "a".repeat(55));
    assert!(
        only(&named, "Service").contains(&shortened),
        "no name of a Service is longer than 63"
    );
}

/// API group, resource and verb.
type Right = (String, String, String);

/// What the operator's `ClusterRole` grants.
fn of_chart(manifests: &str) -> BTreeSet<Right> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    let role = documents
        .iter()
        .find(|document| {
            let aggregated = document.pointer("/metadata/name").and_then(Value::as_str) != Some("jira-operator");
            document["kind"] == "ClusterRole" && !aggregated
        })
        .unwrap();
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().unwrap();
        all.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                let verbs = texts(&rule["verbs"]).into_iter();
                rights.extend(verbs.map(|verb| (group.clone(), resource.clone(), verb)));
            }
        }
    }
    rights
}

/// What the operator needs.
fn ours(rules: impl Iterator<Item = &'static RequiredRule>) -> BTreeSet<Right> {
    rules
        .flat_map(|rule| {
            let verbs = rule.verbs.iter();
            verbs.map(|verb| (rule.group.to_owned(), rule.short(), (*verb).to_owned()))
        })
        .collect()
}

#[tokio::test]
async fn the_rules_are_those_of_the_chart() {
    let helm = Helm::find_or_build().await.expect("Helm");
    let granted = async |values| of_chart(&rendered(&helm, values).await.unwrap());
    assert_eq!(ours(RULES.iter()), granted(json!({})).await);
    let least = ours(RULES.iter().filter(|rule| rule.optional.is_none()));
    assert_eq!(least, granted(json!({"userDirectory": {"enabled": false}})).await);
}

/// The paths of values: `connect.publicURL`. A list or an empty object is a value.
fn paths(values: &Value, to: &str, all: &mut BTreeSet<String>) {
    for (key, value) in values.as_object().expect("an object") {
        let path = format!("{to}.{key}");
        match value.as_object() {
            Some(inner) if !inner.is_empty() => paths(value, &path, all),
            _ => drop(all.insert(path)),
        }
    }
}

#[test]
fn every_value_is_used_by_a_template() {
    let read = |file: &Path| std::fs::read_to_string(file).expect("a file of the chart");
    let values: Value = serde_saphyr::from_str(&read(&chart().join("values.yaml"))).expect("YAML");
    let mut all = BTreeSet::new();
    paths(&values, ".Values", &mut all);
    let templates = std::fs::read_dir(chart().join("templates")).expect("templates");
    let templates = templates.map(|entry| entry.expect("an entry").path());
    let templates: String = templates
        .filter(|path| path.is_file())
        .map(|path| read(&path))
        .collect();
    let is_whole = |path: &str| templates.contains(&format!("with {path} }}}}"));
    let is_used = |path: &str| {
        let mut part = path;
        while let Some((parent, _)) = part.rsplit_once('.') {
            if is_whole(parent) {
                return true;
            }
            part = parent;
        }
        templates.contains(path)
    };
    let unused: Vec<&String> = all.iter().filter(|path| !is_used(path)).collect();
    assert_eq!(unused, Vec::<&String>::new());
}

#[test]
fn no_variable_of_the_chart_can_be_set_twice() {
    let read = |file: &str| std::fs::read_to_string(chart().join(file)).expect("a file of the chart");
    let deployment = read("templates/deployment.yaml");
    let names = deployment
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- name: "));
    let is_variable = |name: &&str| name.chars().all(|one| one.is_ascii_uppercase() || one == '_');
    let variables: BTreeSet<&str> = names.filter(is_variable).collect();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).expect("JSON");
    let refused = schema.pointer("/properties/extraEnv/items/properties/name/not/enum");
    let refused = refused.and_then(Value::as_array).into_iter().flatten();
    let refused: BTreeSet<&str> = refused.filter_map(Value::as_str).collect();
    assert_eq!(variables, refused);
}
