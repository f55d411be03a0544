//! `jira-operator completions`: what a shell needs to complete commands and flags.

use std::io::Write;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Options {
    /// The shell.
    shell: SupportedShell,
}

/// Shells that are completed in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SupportedShell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script for the program under this name.
pub(super) fn run(options: &Options, mut command: Command, name: &str) -> Result<(), String> {
    let shell = match options.shell {
        SupportedShell::Bash => Shell::Bash,
        SupportedShell::Zsh => Shell::Zsh,
        SupportedShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    std::io::stdout().write_all(&script).map_err(|error| error.to_string())
}
