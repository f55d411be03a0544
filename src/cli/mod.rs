//! The command line.

pub mod check;

mod completions;
mod connect;
mod context;
mod crds;
mod disconnect;
mod explain;
mod startup_crds;

mod connect_pages;
mod lifecycle;
pub mod markdown;
mod run;
mod template;

use std::{ffi::OsStr, path::Path};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Keeps Jira Cloud sites connected to a Kubernetes cluster and says why when they are not.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, about, disable_help_subcommand = true, max_term_width = 80)]
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
    /// Say what works, what does not, and why.
    Check(Box<check::Options>),
    /// Say what a reason means, what causes it, and how to fix it.
    Explain(explain::Options),
    /// Print a manifest for a ticket, with the fields and values that Jira takes in it.
    Template(Box<template::Options>),
    /// Connect an integration: log in with its account, and the grant goes into the cluster.
    Connect(Box<connect::Options>),
    /// End the grant of an integration.
    Disconnect(disconnect::Options),
    /// Stop calling Atlassian for an integration.
    Suspend(lifecycle::IntegrationArgs),
    /// Resume an integration that was suspended.
    Resume(lifecycle::IntegrationArgs),
    /// Ask for a full resync now, and wait for it. Exit codes: 0 it is Ready, 1 it is not, 2 unknown.
    Reconcile(lifecycle::ReconcileOptions),
    /// Print the CustomResourceDefinitions as YAML: jira-operator crds | kubectl apply -f -
    Crds,
    /// Print the completions of a shell.
    Completions(completions::Options),
}

/// The program's own name.
const PROGRAM: &str = "jira-operator";
/// The file name under which kubectl finds it as `kubectl jira`.
const PLUGIN: [&str; 2] = ["kubectl-jira", "kubectl_jira"];

/// Reads the arguments, the first of which is the program's path. Ends the process where they are
/// wrong or ask for help.
#[must_use]
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Cli {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let command = named(arguments.first().map_or(OsStr::new(PROGRAM), |path| path));
    let matches = command.get_matches_from(arguments);
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The command under the name that it was called by: as a plugin it is named in usage texts as
/// people type it.
fn named(path: &OsStr) -> clap::Command {
    let file = Path::new(path).file_name().and_then(OsStr::to_str).unwrap_or_default();
    let command = Cli::command();
    if PLUGIN.contains(&file) {
        return command.bin_name("kubectl jira");
    }
    command.bin_name(PROGRAM)
}

/// Does what the arguments ask for, says why where it could not be done, and gives the exit code.
pub async fn main(cli: Cli) -> u8 {
    let failure_code = match &cli.command {
        Command::Connect(_) => connect::NOTHING,
        Command::Reconcile(_) | Command::Check(_) => context::COULD_NOT_LOOK,
        _ => 1,
    };
    let done = match cli.command {
        Command::Run(options) => run::run(*options).await.map(|()| 0),
        Command::Check(options) => check::run(*options).await,
        Command::Explain(options) => explain::run(&options).map(|()| 0),
        Command::Template(options) => template::run(*options).await.map(|()| 0),
        Command::Connect(options) => connect::run(*options).await,
        Command::Disconnect(options) => disconnect::run(options).await.map(|()| 0),
        Command::Suspend(target) => lifecycle::suspend(target, true).await.map(|()| 0),
        Command::Resume(target) => lifecycle::suspend(target, false).await.map(|()| 0),
        Command::Reconcile(options) => lifecycle::reconcile(options).await,
        Command::Crds => crds::run().map(|()| 0),
        Command::Completions(options) => completions::run(&options, Cli::command(), PROGRAM).map(|()| 0),
    };
    done.unwrap_or_else(|error| {
        eprintln!("jira-operator: {error}");
        failure_code
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_arguments_are_described_without_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn as_a_plugin_it_is_named_as_people_type_it() {
        let usage = |path: &str| {
            let error = named(OsStr::new(path))
                .try_get_matches_from([path, "check", "--help"])
                .unwrap_err();
            error.to_string()
        };
        assert!(usage("/usr/local/bin/kubectl-jira").contains("Usage: kubectl jira check"));
        assert!(usage("kubectl_jira").contains("Usage: kubectl jira check"));
        assert!(usage("/x/jira-operator").contains("Usage: jira-operator check"));
    }
}
