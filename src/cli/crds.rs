//! `jira-operator crds`: the `CustomResourceDefinitions`, as `kubectl apply` takes them.

use std::io::Write;

use crate::api::crd;

/// Prints the CRDs.
pub(super) fn run() -> Result<(), String> {
    let documents = crd::documents().map_err(|error| error.to_string())?;
    let text: String = documents.iter().map(|(_, yaml)| format!("---\n{yaml}")).collect();
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| error.to_string())
}
