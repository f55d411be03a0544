//! What commands share: where Atlassian and the cluster are, what stands in manifests, and how
//! something is reported.

mod atlassian;
mod cluster;
mod duration;
mod error;
mod layout;
mod manifests;
mod output;
mod output_file;
mod reasons;
mod render;
mod report;
mod severity;

pub use self::{
    atlassian::{AtlassianContext, AtlassianOptions},
    cluster::{ClusterContext, ClusterOptions, KubeOptions},
    duration::duration,
    error::CliError,
    layout::{Block, clean},
    manifests::{Manifests, with_folders},
    output::{OutputFormat, on_stderr, print, print_text, say, say_blocks, say_on_stderr, show_on_stderr},
    output_file::{OutputFile, secret_manifest},
    reasons::CheckReason,
    report::{COULD_NOT_LOOK, CheckReport, CheckedObject, FINDINGS, ReportLine},
    severity::Severity,
};
#[cfg(test)]
pub use self::{
    layout::PageLayout,
    manifests::CRD_SCHEMAS,
    render::{short, text},
};
