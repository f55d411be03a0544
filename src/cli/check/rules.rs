//! What the operator's service account may do: the same as the chart's rules, which a test compares.

/// Something that the operator does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// API group; empty for the core.
    pub group: &'static str,
    /// The resource.
    pub resource: &'static str,
    /// Its subresource; empty for none.
    pub subresource: &'static str,
    /// The verbs.
    pub verbs: &'static [&'static str],
    /// What for.
    pub purpose: &'static str,
    /// The chart's value that grants it, where it is not granted by default.
    pub optional: Option<&'static str>,
}

const fn rule(
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
    verbs: &'static [&'static str],
    purpose: &'static str,
) -> Rule {
    Rule {
        group,
        resource,
        subresource,
        verbs,
        purpose,
        optional: None,
    }
}

/// Every rule, one for each resource.
pub const RULES: &[Rule] = &[
    rule(
        "jira-operator.dev",
        "jiraintegrations",
        "",
        &["list", "watch"],
        "to learn of integrations",
    ),
    rule(
        "jira-operator.dev",
        "jiraintegrations",
        "status",
        &["patch"],
        "to write what was found out",
    ),
    rule(
        "jira-operator.dev",
        "jiraprojects",
        "",
        &["list", "get", "create", "delete"],
        "to keep an object for each project",
    ),
    rule(
        "jira-operator.dev",
        "jiraprojects",
        "status",
        &["update"],
        "to write what was found out about a project",
    ),
    rule(
        "jira-operator.dev",
        "jiraissues",
        "",
        &["list", "get", "create", "delete"],
        "to keep an object for each mirrored issue",
    ),
    rule(
        "jira-operator.dev",
        "jiraissues",
        "status",
        &["patch"],
        "to write what Jira says of an issue",
    ),
    Rule {
        optional: Some("userDirectory.enabled"),
        ..rule(
            "",
            "configmaps",
            "",
            &["list", "get", "create", "update", "delete"],
            "to keep the directory of people",
        )
    },
    rule(
        "",
        "secrets",
        "",
        &["get", "list", "watch", "create", "update", "patch", "delete"],
        "to read credentials, keep the grant and publish the access token",
    ),
    rule(
        "events.k8s.io",
        "events",
        "",
        &["create", "patch"],
        "to say what went wrong or was mended",
    ),
];

impl Rule {
    /// The resource without its group.
    #[must_use]
    pub fn short(&self) -> String {
        match self.subresource {
            "" => self.resource.to_owned(),
            part => format!("{}/{part}", self.resource),
        }
    }

    /// The resource as kubectl names it.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = self.resource.to_owned();
        for (separator, part) in [('/', self.subresource), ('.', self.group)] {
            if !part.is_empty() {
                name.push(separator);
                name.push_str(part);
            }
        }
        name
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{collections::BTreeSet, path::Path};

    use devkit::helm::Helm;
    use serde_json::{Value, json};

    use super::*;

    type Right = (String, String, String);

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

    fn ours(rules: impl Iterator<Item = &'static Rule>) -> BTreeSet<Right> {
        rules
            .flat_map(|rule| {
                let verbs = rule.verbs.iter();
                verbs.map(|verb| (rule.group.to_owned(), rule.short(), (*verb).to_owned()))
            })
            .collect()
    }

    #[tokio::test]
    async fn the_rules_are_those_of_the_chart() {
        let helm = Helm::find_or_build().await.unwrap();
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/jira-operator");
        let rendered = async |values: Value| {
            let manifests = helm.template(&chart, "jira-operator", "jira", &values).await.unwrap();
            of_chart(&manifests)
        };
        assert_eq!(ours(RULES.iter()), rendered(json!({})).await);
        let least = ours(RULES.iter().filter(|rule| rule.optional.is_none()));
        assert_eq!(least, rendered(json!({"userDirectory": {"enabled": false}})).await);
    }
}
