//! What stands elsewhere by hand and follows from the code: tables of `kubectl get` in the pages, and the scopes of the
//! sandbox's app.

use std::{collections::BTreeSet, path::Path};

use jira_operator::api::{
    integration::JiraIntegration,
    issue::JiraIssue,
    project::JiraProject,
    scopes::{OFFLINE, SCOPES},
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use super::{files, read};

/// The columns that `kubectl get` shows of a kind.
fn columns(crd: &CustomResourceDefinition) -> Vec<String> {
    let columns = crd
        .spec
        .versions
        .iter()
        .flat_map(|version| version.additional_printer_columns.iter().flatten());
    let shown = columns.filter(|column| column.priority.unwrap_or_default() == 0);
    let names = shown.map(|column| column.name.to_uppercase());
    std::iter::once("NAME".to_owned()).chain(names).collect()
}

/// The columns of a line that is the head of a table.
fn head(line: &str) -> Option<Vec<String>> {
    let columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
    let columns: Vec<String> = columns.map(str::to_owned).collect();
    (columns.first()? == "NAME" && columns.len() > 2).then_some(columns)
}

#[test]
fn tables_in_the_pages_have_the_columns_that_kubectl_shows() {
    let kinds = [JiraIntegration::crd(), JiraProject::crd(), JiraIssue::crd()].map(|crd| columns(&crd));
    let mut found = 0;
    for page in files("docs", "md")
        .into_iter()
        .chain([Path::new("README.md").to_owned()])
    {
        for head in read(&page).lines().filter_map(head) {
            found += 1;
            assert!(kinds.contains(&head), "{}: {head:?} of {kinds:?}", page.display());
        }
    }
    assert!(found >= 4, "{found}");
}

#[test]
fn the_app_of_the_sandbox_offers_every_scope() {
    let path = "devkit/seed/apps.json";
    let apps: Value = serde_json::from_str(&read(path)).unwrap();
    let offered: BTreeSet<&str> = apps
        .pointer("/0/scopes")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for scope in SCOPES.iter().filter(|scope| scope.name != OFFLINE) {
        assert!(offered.contains(scope.name), "{path} lacks {}", scope.name);
    }
}
