//! The sites of manifests: whether they are allowed, and whether they exist, which is the one question
//! that needs no token.

use crate::{
    api::{
        condition::{ConditionType::SiteReachable, Finding},
        reason::Reason,
    },
    atlassian::{client::AtlassianClient, error::JiraError, secret::Secret, site::SiteUrl},
    cli::context::{AtlassianContext, CheckReason, Manifests, ReportLine},
    diagnose::judge::{site::not_allowed, unavailable},
};

/// Says of each integration whether its site is allowed, and unless nothing may be asked, whether it exists.
pub async fn ask(manifests: &mut Manifests, atlassian: &AtlassianContext, offline: bool) {
    for declared in &mut manifests.integrations {
        let Some(integration) = &declared.integration else {
            continue;
        };
        if declared.is_site_refused {
            continue;
        }
        let lines = &mut declared.subject.lines;
        match SiteUrl::parse(&integration.spec.site, &atlassian.suffixes) {
            Err(error) => lines.push(ReportLine::of(&not_allowed(&error))),
            Ok(_) if offline => {}
            Ok(address) => lines.push(exists(atlassian, &address).await),
        }
    }
}

/// Asks the site who it is.
async fn exists(atlassian: &AtlassianContext, site: &SiteUrl) -> ReportLine {
    // The question is asked without a token, whatever the caller has.
    let client = AtlassianClient::new(
        atlassian.http.clone(),
        atlassian.endpoints.clone(),
        Secret::new(String::new()),
    );
    match client.tenant_info(site).await {
        Ok(tenant) => ReportLine::local(
            SiteReachable.as_str(),
            CheckReason::SiteExists,
            format!("{site} exists (cloudId {}).", tenant.cloud_id),
        ),
        Err(JiraError::NotFound(_) | JiraError::Redirected) => {
            let what = format!("No Jira Cloud site answers at {site}.");
            ReportLine::of(&Finding::with_remedy(SiteReachable, Reason::SiteNotFound, &what))
        }
        Err(error) => ReportLine::of(&unavailable(SiteReachable, &error)),
    }
}
