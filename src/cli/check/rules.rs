//! What the operator's service account may do: the same as the chart's rules, which a test compares.

/// Something that the operator does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredRule {
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
) -> RequiredRule {
    RequiredRule {
        group,
        resource,
        subresource,
        verbs,
        purpose,
        optional: None,
    }
}

/// Every rule, one for each resource.
pub const RULES: &[RequiredRule] = &[
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
        &["list", "watch", "get", "create", "delete"],
        "to keep an object for each project",
    ),
    rule(
        "jira-operator.dev",
        "jiraprojects",
        "status",
        &["patch"],
        "to write what was found out about a project",
    ),
    rule(
        "jira-operator.dev",
        "jiraissues",
        "",
        &["list", "watch", "get", "create", "delete"],
        "to keep an object for each mirrored issue, and to learn of tickets",
    ),
    rule(
        "jira-operator.dev",
        "jiraissues",
        "status",
        &["patch"],
        "to write what Jira says of an issue",
    ),
    RequiredRule {
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
        "to say what went wrong or was fixed",
    ),
];

impl RequiredRule {
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
