//! `jira-operator crds`: the `CustomResourceDefinitions`, as `kubectl apply` takes them.

use std::io::Write;

use super::context::CliError;
use crate::api::crd;

/// Prints the CRDs.
pub(super) fn run() -> Result<(), CliError> {
    let documents = crd::documents()?;
    let text: String = documents.iter().map(|(_, yaml)| format!("---\n{yaml}")).collect();
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
