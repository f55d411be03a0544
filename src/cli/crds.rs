//! `jira-operator crds`: the CRDs, and the files in the repository that are made from code.

use std::{io::Write, path::PathBuf};

use clap::Args;

use super::generate;
use crate::api::crd;

/// Options of `crds`.
#[derive(Debug, Args)]
pub struct Options {
    /// Write the generated files of a source checkout in this folder instead of printing.
    #[arg(long, value_name = "DIR")]
    generate: Option<PathBuf>,
}

/// Prints the CRDs, or writes the generated files.
pub(super) fn run(options: &Options) -> Result<(), String> {
    match &options.generate {
        Some(root) => generate::write(root),
        None => print(),
    }
}

fn print() -> Result<(), String> {
    let documents = crd::documents().map_err(|error| error.to_string())?;
    let text: String = documents.iter().map(|(_, yaml)| format!("---\n{yaml}")).collect();
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| error.to_string())
}
