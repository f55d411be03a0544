//! Is the site there, is it the one this integration is bound to, and does the grant reach it?

use std::collections::BTreeSet;

use super::{enumerate, unavailable};
use crate::{
    api::{
        condition::{ConditionType::SiteReachable, Finding},
        integration::SiteStatus,
        reason::Reason,
    },
    atlassian::{
        error::JiraError,
        models::{AccessibleResource, TenantInfo},
        site::{SiteUrl, SiteUrlError},
    },
    diagnose::evidence::{JiraResult, SiteEvidence},
};

/// The site that was found, and the scopes granted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedSite {
    /// What the status says of it.
    pub status: SiteStatus,
    /// Scopes that the grant has on the site.
    pub scopes: Vec<String>,
}

/// The finding for an address that the operator may not talk to.
#[must_use]
pub fn not_allowed(error: &SiteUrlError) -> Finding {
    Finding::with_remedy(SiteReachable, Reason::SiteNotAllowed, &error.to_string())
}

/// Judges the site. `bound` is the site of earlier reconciliations.
///
/// # Errors
/// The finding, when it is not True.
pub fn judge(
    site: &SiteUrl,
    bound: Option<&SiteStatus>,
    evidence: &SiteEvidence,
) -> Result<(JudgedSite, Finding), Finding> {
    let granted = match &evidence.resources {
        Ok(granted) => granted,
        Err(error) => return Err(unavailable(SiteReachable, error)),
    };
    let cloud_id = identify(site, bound, granted, &evidence.tenant)?;
    if let Some(bound) = bound.filter(|bound| bound.cloud_id != cloud_id) {
        return Err(changed(site, bound));
    }
    let entries: Vec<&AccessibleResource> = granted.iter().filter(|r| r.id == cloud_id).collect();
    let first = entries.first().ok_or_else(|| not_granted(site, granted))?;
    let found = JudgedSite {
        status: SiteStatus {
            cloud_id,
            name: first.name.clone(),
            url: first.url.clone(),
            spec_site: Some(site.to_string()),
            ..SiteStatus::default()
        },
        // The same site stands in the list once for each product.
        scopes: entries.iter().flat_map(|r| r.scopes.clone()).collect(),
    };
    let message = if site.is(&first.url) {
        format!("{site} is {} and the grant reaches it.", first.name)
    } else {
        format!(
            "The site was renamed: it is {} now. It is followed; set spec.site to the new address.",
            first.url
        )
    };
    Ok((found, Finding::new(SiteReachable, Reason::SiteFound, message)))
}

/// The id of the site. Where the list of granted sites names the address it decides, because Atlassian
/// gives it to the grant itself; `tenant_info` is asked of an address that a person typed, without
/// authentication, and may be redirected or refused. It only tells of what the list does not name.
fn identify(
    site: &SiteUrl,
    bound: Option<&SiteStatus>,
    granted: &[AccessibleResource],
    tenant: &JiraResult<TenantInfo>,
) -> Result<String, Finding> {
    let under_it: BTreeSet<&str> = granted
        .iter()
        .filter(|r| site.is(&r.url))
        .map(|r| r.id.as_str())
        .collect();
    if let (1, Some(only)) = (under_it.len(), under_it.first()) {
        return Ok((*only).to_owned());
    }
    let error = match tenant {
        Ok(tenant) => return Ok(tenant.cloud_id.clone()),
        Err(error) => error,
    };
    // Under the old address of a renamed site nobody answers, or a redirect does. If the grant still reaches
    // the site that this very address was bound to, it is the same site.
    let bound = bound.filter(|bound| bound.spec_site.iter().chain([&bound.url]).any(|url| site.is(url)));
    if let Some(bound) = bound.filter(|bound| granted.iter().any(|r| r.id == bound.cloud_id)) {
        return Ok(bound.cloud_id.clone());
    }
    Err(match error {
        JiraError::NotFound(_) | JiraError::Redirected if under_it.is_empty() => {
            let what = format!("No Jira Cloud site answers at {site}.{}", reached(granted));
            Finding::with_remedy(SiteReachable, Reason::SiteNotFound, &what)
        }
        error => unavailable(SiteReachable, error).noting(&format!("The grant lists no site as {site}.")),
    })
}

fn changed(site: &SiteUrl, bound: &SiteStatus) -> Finding {
    let what = format!(
        "{site} is another site than {} (cloudId {}), to which this integration is bound; nothing of it is touched.",
        bound.url, bound.cloud_id
    );
    Finding::with_remedy(SiteReachable, Reason::SiteChanged, &what)
}

fn not_granted(site: &SiteUrl, granted: &[AccessibleResource]) -> Finding {
    let what = if granted.is_empty() {
        format!(
            "The grant reaches no site at all, so not {site}. Likely causes: the scopes are not Jira's, the account has no product access, or the site blocks the app."
        )
    } else {
        format!("The grant does not reach {site}.{}", reached(granted))
    };
    Finding::with_remedy(SiteReachable, Reason::SiteNotGranted, &what)
}

fn reached(granted: &[AccessibleResource]) -> String {
    let mut urls: Vec<String> = granted.iter().map(|r| r.url.clone()).collect();
    urls.sort();
    urls.dedup();
    match urls.len() {
        0 => String::new(),
        _ => format!(" It reaches {}.", enumerate(&urls, 5)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::atlassian::rate_limit::RateLimit;

    fn site(host: &str) -> SiteUrl {
        SiteUrl::parse(&format!("https://{host}.atlassian.net"), &[]).unwrap()
    }

    fn resource(id: &str, host: &str) -> AccessibleResource {
        AccessibleResource {
            id: id.into(),
            url: format!("https://{host}.atlassian.net"),
            name: host.into(),
            scopes: vec!["read:jira-work".into()],
        }
    }

    fn evidence(tenant: Result<&str, JiraError>, resources: Vec<AccessibleResource>) -> SiteEvidence {
        SiteEvidence {
            tenant: tenant.map(|id| TenantInfo { cloud_id: id.into() }),
            resources: Ok(resources),
        }
    }

    fn bound(id: &str, host: &str) -> SiteStatus {
        let url = format!("https://{host}.atlassian.net");
        SiteStatus {
            cloud_id: id.into(),
            name: host.into(),
            url: url.clone(),
            spec_site: Some(url),
            ..SiteStatus::default()
        }
    }

    fn reason(site: &SiteUrl, bound: Option<&SiteStatus>, evidence: &SiteEvidence) -> Reason {
        judge(site, bound, evidence).map_or_else(|f| f.reason, |(_, f)| f.reason)
    }

    #[test]
    fn the_site_is_matched_by_its_id_and_never_by_its_place_in_the_list() {
        let both = vec![resource("c2", "globex"), resource("c1", "acme")];
        let (found, _) = judge(&site("acme"), None, &evidence(Ok("c1"), both)).unwrap();
        assert_eq!(found.status.name, "acme");
    }

    #[test]
    fn what_is_not_granted_names_what_is() {
        let finding = judge(&site("acme"), None, &evidence(Ok("c1"), vec![resource("c2", "globex")])).unwrap_err();
        assert_eq!(finding.reason, Reason::SiteNotGranted);
        assert!(finding.message().contains("globex.atlassian.net"));
        let none = judge(&site("acme"), None, &evidence(Ok("c1"), vec![])).unwrap_err();
        assert!(none.message().contains("product access"));
    }

    #[test]
    fn a_renamed_site_is_followed_and_another_site_is_not() {
        let gone = || Err(JiraError::NotFound(String::new()));
        let renamed = evidence(gone(), vec![resource("c1", "acme-new")]);
        assert_eq!(
            reason(&site("acme"), Some(&bound("c1", "acme")), &renamed),
            Reason::SiteFound
        );
        let new_address = evidence(Ok("c1"), vec![resource("c1", "acme-new")]);
        assert_eq!(
            reason(&site("acme-new"), Some(&bound("c1", "acme")), &new_address),
            Reason::SiteFound
        );
        let other = evidence(Ok("c9"), vec![resource("c9", "acme")]);
        assert_eq!(
            reason(&site("acme"), Some(&bound("c1", "acme")), &other),
            Reason::SiteChanged
        );
        let typo = evidence(gone(), vec![resource("c1", "acme")]);
        assert_eq!(
            reason(&site("acne"), Some(&bound("c1", "acme")), &typo),
            Reason::SiteNotFound
        );
    }

    fn outage() -> JiraError {
        JiraError::unavailable("x")
    }

    /// An unauthenticated answer of an edge server does not outvote what Atlassian tells the grant.
    #[test]
    fn a_site_that_the_grant_lists_is_found_whatever_tenant_info_answers() {
        let refusals = [
            JiraError::NotFound("none".into()),
            JiraError::Redirected,
            outage(),
            JiraError::RateLimited(RateLimit {
                reason: "x".into(),
                retry_after: None,
            }),
        ];
        for refusal in refusals {
            for before in [None, Some(bound("c1", "acme"))] {
                let listed = evidence(
                    Err(refusal.clone()),
                    vec![resource("c2", "globex"), resource("c1", "acme")],
                );
                let (found, finding) = judge(&site("acme"), before.as_ref(), &listed).unwrap();
                assert_eq!(
                    (found.status.cloud_id.as_str(), finding.reason),
                    ("c1", Reason::SiteFound)
                );
            }
            let renamed = evidence(Err(refusal.clone()), vec![resource("c1", "acme-new")]);
            let found = reason(&site("acme"), Some(&bound("c1", "acme")), &renamed);
            assert_eq!(found, Reason::SiteFound, "{refusal:?}");
        }
        let another = evidence(Ok("c9"), vec![resource("c1", "acme")]);
        let found = reason(&site("acme"), Some(&bound("c1", "acme")), &another);
        assert_eq!(
            found,
            Reason::SiteFound,
            "nor does another id that the grant does not list"
        );
    }

    #[test]
    fn a_site_that_is_not_listed_is_told_by_what_tenant_info_answers() {
        let with = |error: JiraError| {
            let evidence = evidence(Err(error), vec![resource("c2", "globex")]);
            judge(&site("acme"), Some(&bound("c1", "acme")), &evidence).unwrap_err()
        };
        for nothing_there in [JiraError::NotFound("none".into()), JiraError::Redirected] {
            let finding = with(nothing_there);
            assert_eq!(finding.reason, Reason::SiteNotFound);
            assert!(
                finding.message().contains("It reaches https://globex.atlassian.net."),
                "{}",
                finding.message()
            );
        }
        assert_eq!(with(outage()).reason, Reason::SiteUnavailable);
    }

    #[test]
    fn an_outage_proves_nothing() {
        let tenant_down = evidence(Err(outage()), vec![resource("c2", "globex")]);
        assert_eq!(reason(&site("acme"), None, &tenant_down), Reason::SiteUnavailable);
        let mut gateway_down = evidence(Ok("c1"), vec![]);
        gateway_down.resources = Err(outage());
        assert_eq!(reason(&site("acme"), None, &gateway_down), Reason::SiteUnavailable);
    }
}
