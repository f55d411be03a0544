//! Asks about the site.

use crate::{
    atlassian::{jira::Jira, site::SiteUrl},
    diagnose::evidence::SiteEvidence,
};

/// Asks about the site: two calls.
pub async fn site(jira: &Jira, site: &SiteUrl) -> SiteEvidence {
    let (tenant, resources) = futures::join!(jira.tenant_info(site), jira.accessible_resources());
    SiteEvidence { tenant, resources }
}
