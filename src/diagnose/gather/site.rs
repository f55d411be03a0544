//! Asks about the site.

use crate::{
    atlassian::{client::AtlassianClient, site::SiteUrl},
    diagnose::evidence::SiteEvidence,
};

/// Asks about the site: two calls.
pub async fn site(client: &AtlassianClient, site: &SiteUrl) -> SiteEvidence {
    let (tenant, resources) = futures::join!(client.tenant_info(site), client.accessible_resources());
    SiteEvidence { tenant, resources }
}
