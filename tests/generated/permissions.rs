//! The tables of `docs/permissions.md`: which scope and which permission which feature needs.

use std::fmt::Write as _;

use jira_operator::api::{
    requirements::{FEATURES, Feature, Permission},
    scopes::{OFFLINE, SCOPES, Scope, scope_parameter},
};

use super::blocks;

/// The page with its tables written anew.
pub fn page() -> String {
    let tables = [
        ("scope parameter", format!("```text\n{}\n```\n", scope_parameter())),
        ("scopes", scopes()),
        ("features", features()),
        ("permissions", permissions()),
    ];
    blocks::page("docs/permissions.md", &tables)
}

fn scopes() -> String {
    let mut table = String::from("| scope | API in the console | for | used today |\n|---|---|---|---|\n");
    for Scope { name, api, purpose } in SCOPES {
        let _ = writeln!(table, "| `{name}` | {api} | {purpose} | {} |", used_today(name));
    }
    table
}

fn features() -> String {
    let head = "| feature | needed | where | OAuth scopes | project permissions |\n|---|---|---|---|---|\n";
    std::iter::once(head.to_owned())
        .chain(FEATURES.iter().map(row))
        .collect()
}

fn used_today(scope: &str) -> String {
    let users: Vec<&Feature> = FEATURES.iter().filter(|f| f.scopes.contains(&scope)).collect();
    let everywhere = users.iter().any(|f| !f.for_tickets);
    match (users.is_empty(), everywhere) {
        (true, _) if scope == OFFLINE => "yes".to_owned(),
        (true, _) => "not yet".to_owned(),
        (false, true) => "yes".to_owned(),
        (false, false) => "needed for tickets".to_owned(),
    }
}

const fn when(feature: &Feature) -> &'static str {
    if feature.for_tickets { "for tickets" } else { "always" }
}

const fn place(service_projects_only: bool) -> &'static str {
    if service_projects_only {
        "service projects"
    } else {
        "everywhere"
    }
}

fn row(feature: &Feature) -> String {
    let scopes: Vec<String> = feature.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let permissions: Vec<String> = feature.permissions.iter().map(with_weight).collect();
    let cells = [
        feature.name.to_owned(),
        when(feature).to_owned(),
        place(feature.service_projects_only).to_owned(),
        scopes.join(", "),
        permissions.join(", "),
    ];
    let cells = cells.map(|cell| if cell.is_empty() { "–".to_owned() } else { cell });
    format!("| {} |\n", cells.join(" | "))
}

fn with_weight(permission: &Permission) -> String {
    let weight = if permission.denied.or(permission.refused).is_some() {
        ""
    } else {
        " *(only helps)*"
    };
    format!("{}{weight}", permission.name)
}

/// Each permission once, under the feature that needs it most.
fn permissions() -> String {
    let mut text = String::from("| permission | key | needed in | lacking it |\n|---|---|---|---|\n");
    let mut told: Vec<&str> = Vec::new();
    let all = || {
        FEATURES
            .iter()
            .flat_map(|feature| feature.permissions.iter().map(move |p| (feature, p)))
    };
    let needed = all().filter(|(_, permission)| permission.denied.or(permission.refused).is_some());
    for (feature, permission) in needed.chain(all()) {
        if told.contains(&permission.key) {
            continue;
        }
        told.push(permission.key);
        let lacking = permission.denied.or(permission.refused).map_or_else(
            || "only helps".to_owned(),
            |reason| format!("[{reason}](troubleshooting.md#{})", reason.as_str().to_lowercase()),
        );
        let _ = writeln!(
            text,
            "| {}{} | `{}` | {}, {} | {lacking} |",
            permission.name,
            today(permission.name),
            permission.key,
            place(permission.service_projects_only),
            when(feature),
        );
    }
    text
}

/// The name as current sites show it, where only the words for project and issue changed.
fn today(name: &str) -> String {
    let today = name.replace("projects", "spaces").replace("issues", "work items");
    if today == name {
        String::new()
    } else {
        format!(" (*{today}*)")
    }
}

#[test]
fn every_permission_stands_in_the_table_once() {
    let table = permissions();
    for permission in FEATURES.iter().flat_map(|feature| feature.permissions) {
        let key = format!("| `{}` |", permission.key);
        assert_eq!(table.matches(&key).count(), 1, "{key}");
    }
}

#[test]
fn what_is_not_used_yet_is_said() {
    assert_eq!(used_today("manage:jira-webhook"), "not yet");
    assert_eq!(used_today("read:jira-work"), "yes");
    assert!(used_today("write:jira-work").contains("for tickets"));
}
