//! The command line.

mod crds;
mod generate;
mod run;

use clap::{Parser, Subcommand};

/// Keeps Jira Cloud sites connected to a Kubernetes cluster and says why when they are not.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

// What stands here is what --help prints, where Markdown has no place.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the operator.
    Run(Box<run::Options>),
    /// Print the CustomResourceDefinitions as YAML: jira-operator crds | kubectl apply -f -
    Crds(crds::Options),
}

/// Does what the arguments ask for. The error is one line for a person.
///
/// # Errors
/// When it could not be done.
pub async fn main(cli: Cli) -> Result<(), String> {
    match cli.command {
        Command::Run(options) => run::run(*options).await,
        Command::Crds(options) => crds::run(&options),
    }
}
