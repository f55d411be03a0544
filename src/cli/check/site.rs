//! Whether a site exists: the one question that needs no token.

use super::{reasons::LocalReason, report::Line, world::Atlassian};
use crate::{
    api::{
        condition::{ConditionType::SiteReachable, Finding},
        reason::Reason,
    },
    atlassian::{client::AtlassianClient, error::JiraError, secret::Secret, site::SiteUrl},
    diagnose::judge::unavailable,
};

/// Asks the site who it is.
pub async fn exists(atlassian: &Atlassian, site: &SiteUrl) -> Line {
    // The question is asked without a token, whatever the caller has.
    let client = AtlassianClient::new(
        atlassian.http.clone(),
        atlassian.endpoints.clone(),
        Secret::new(String::new()),
    );
    match client.tenant_info(site).await {
        Ok(tenant) => Line::local(
            SiteReachable.as_str(),
            LocalReason::SiteExists,
            format!("{site} exists (cloudId {}).", tenant.cloud_id),
        ),
        Err(JiraError::NotFound(_) | JiraError::Redirected) => {
            let what = format!("No Jira Cloud site answers at {site}.");
            Line::of(&Finding::with_remedy(SiteReachable, Reason::SiteNotFound, &what))
        }
        Err(error) => Line::of(&unavailable(SiteReachable, &error)),
    }
}
