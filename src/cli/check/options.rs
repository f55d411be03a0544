//! What can be asked of `check`, and what goes together.

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args};

use super::selection::name;
use crate::cli::context::{AtlassianOptions, CliError, KubeOptions, OutputFormat, duration};

/// Said at the end of --help.
pub const AFTER_HELP: &str = "\
Without NAME, the integrations of the namespace are checked. Where you may read
the operator's Secrets and the access token is still good, Jira is asked live;
else what the status says is shown, and why. Nothing is ever refreshed or
written.

Exit codes: 0 everything is Ready, 1 something is not, 2 something could not be
checked. Findings win. What does not set Ready to False is a warning: 0, or 1
with --strict.

Examples:
  jira-operator check acme                  one integration
  jira-operator check -A -o short           what is not fine, in all namespaces
  jira-operator check acme --wait 2m        until it is Ready, at most two minutes
  jira-operator check --person a@acme.example --project SUP
  jira-operator check -f acme.yaml          manifests, tickets against the site
  jira-operator check --operator -n jira    the operator's installation";

/// Options of `check`.
// What stands here is what --help prints, where Markdown has no place; each flag is its own question.
#[allow(clippy::doc_markdown, clippy::struct_excessive_bools)]
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
#[command(group(ArgGroup::new("mode").args(["names", "all", "files", "operator", "evidence"])))]
pub struct Options {
    /// Names of JiraIntegrations; ji/NAME is fine too.
    #[arg(value_name = "NAME", value_parser = name)]
    pub(super) names: Vec<String>,
    /// Those with these labels, as with kubectl.
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with_all = ["names", "files", "operator", "evidence"])]
    pub(super) selector: Option<String>,
    /// Namespace; by default that of the kubeconfig's context. With -f, of what names none in the files.
    #[arg(short, long, value_name = "NS", conflicts_with = "evidence")]
    pub(super) namespace: Option<String>,
    /// The integrations of all namespaces, whatever --namespace says.
    #[arg(short = 'A', long = "all-namespaces")]
    pub(super) all: bool,
    /// Why does a ticket for the person with this e-mail address fail? Checked live only.
    /// Without NAME at the namespace's only integration, or the only one with the project in scope.
    #[arg(long, value_name = "EMAIL", requires = "project", conflicts_with_all = ["all", "files", "operator", "evidence"])]
    pub(super) person: Option<String>,
    /// Key of the project that the ticket is for.
    #[arg(long, value_name = "KEY", requires = "person")]
    pub(super) project: Option<String>,
    /// File or folder of manifests, or - for standard input; repeatable. Only for tickets a cluster is asked.
    #[arg(short = 'f', long = "file", visible_alias = "filename", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Read the folders within folders, too.
    #[arg(short = 'R', long, requires = "files")]
    pub(super) recursive: bool,
    /// Send no request at all: check only what the files tell.
    #[arg(long, requires = "files", conflicts_with = "kube")]
    pub(super) offline: bool,
    /// Check the operator's installation: CRDs, Deployment, rights, Atlassian's addresses.
    #[arg(long)]
    pub(super) operator: bool,
    /// ServiceAccount of the operator; by default that of its Deployment.
    #[arg(long, value_name = "NAME", requires = "operator")]
    pub(super) service_account: Option<String>,
    /// Format of what is printed.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) output: OutputFormat,
    /// Count warnings as findings: exit code 1.
    #[arg(long)]
    pub(super) strict: bool,
    /// Wait until the status says that all is Ready, at most so long, such as 90s, 2m or 1h; then check.
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with_all = ["files", "evidence", "person"])]
    pub(super) wait: Option<Duration>,
    /// Save what Jira answered as JSON, for a report of a fault. No secrets, but names and addresses.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "files", "operator", "evidence"])]
    pub(super) evidence_out: Option<PathBuf>,
    /// Show what follows from saved evidence. Nothing is asked.
    #[arg(long, value_name = "FILE", conflicts_with = "kube")]
    pub(super) evidence: Option<PathBuf>,
    #[command(flatten)]
    pub(super) kube: KubeOptions,
    #[command(flatten)]
    pub(super) atlassian: AtlassianOptions,
}

impl Options {
    /// What clap's rules cannot say.
    pub(super) fn checked(self) -> Result<Self, CliError> {
        if self.evidence_out.is_some() && self.names.len() != 1 {
            return Err("--evidence-out needs the NAME of one integration".into());
        }
        Ok(self)
    }
}
