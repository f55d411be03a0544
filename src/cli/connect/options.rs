//! What can be asked of `connect`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::cli::context::{AtlassianOptions, ClusterOptions, duration};

/// Said at the end of --help.
pub const AFTER_HELP: &str = "\
The OAuth app has one callback URL, and a consent only comes back there. For
this command it is http://localhost:8080/connect/callback; with --port N, set
http://localhost:N/connect/callback in the developer console.

Exit codes: 0 connected, 1 the grant was rejected (wrong account, site or
scopes), 2 aborted or failed, 130 interrupted; the stored grant is unchanged
unless 0.

Examples:
  jira-operator connect acme -n support
  jira-operator connect acme --print > secret.yaml
  jira-operator connect -f acme.yaml -f secret.yaml --print=connected.yaml";

/// Options of `connect`.
// What stands here is what --help prints, where Markdown has no place.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Name of a JiraIntegration; may be left out where -f has one alone.
    #[arg(required_unless_present = "files")]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) cluster: ClusterOptions,
    /// Port of the callback on this machine.
    #[arg(long, default_value_t = 8080, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: u16,
    /// How long to wait for the browser, such as 90s or 5m.
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = duration)]
    pub(super) timeout: Duration,
    /// Print the link and open no browser.
    #[arg(long)]
    pub(super) no_browser: bool,
    /// Write no grant into the cluster, but a Secret manifest with the refresh token: to this file, readable by you
    /// alone, or without a value to standard output, which must not be a terminal.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub(super) print: Option<PathBuf>,
    /// File or folder with the JiraIntegration and its Secret, or - for standard input; repeatable. With --print, no
    /// cluster is asked.
    #[arg(short = 'f', long = "file", value_name = "FILE", requires = "print")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) atlassian: AtlassianOptions,
}
