//! What commands share: where Atlassian and the cluster are, what stands in manifests, and how
//! something is reported.

mod atlassian;
mod cluster;
mod duration;
mod layout;
mod manifests;
mod output;
mod output_file;
mod reasons;
mod render;
mod report;
mod severity;

pub use self::{
    atlassian::{Atlassian, AtlassianOptions},
    cluster::{Cluster, ClusterOptions, KubeOptions},
    duration::duration,
    layout::Block,
    manifests::{Manifests, with_folders},
    output::{Format, on_stderr, print, say, say_blocks, say_on_stderr, show_on_stderr},
    output_file::{Place, manifest},
    reasons::LocalReason,
    report::{COULD_NOT_LOOK, FINDINGS, Line, Report, Subject},
    severity::Mark,
};
#[cfg(test)]
pub use self::{
    layout::Page,
    manifests::CRD_SCHEMAS,
    render::{short, text},
};
