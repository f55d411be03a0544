//! Is the site there, is it the one this integration is bound to, and does the grant reach it?

use super::{enumerate, unavailable};
use crate::{
    api::{
        condition::{ConditionType::SiteReachable, Finding},
        integration::SiteStatus,
        reason::Reason,
    },
    atlassian::{
        error::JiraError,
        models::AccessibleResource,
        site::{SiteUrl, SiteUrlError},
    },
    diagnose::evidence::SiteEvidence,
};

/// The site that was found, and the scopes granted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
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

/// Judges the site. `bound` is the site of earlier passes.
///
/// # Errors
/// The finding, when it is not True.
pub fn judge(site: &SiteUrl, bound: Option<&SiteStatus>, evidence: &SiteEvidence) -> Result<(Site, Finding), Finding> {
    let granted = match &evidence.resources {
        Ok(granted) => granted,
        Err(error) => return Err(unavailable(SiteReachable, error)),
    };
    let cloud_id = match &evidence.tenant {
        Ok(tenant) => tenant.cloud_id.clone(),
        Err(JiraError::NotFound(_) | JiraError::Redirected) => renamed(site, bound, granted)?,
        Err(error) => return Err(unavailable(SiteReachable, error)),
    };
    if let Some(bound) = bound.filter(|bound| bound.cloud_id != cloud_id) {
        return Err(changed(site, bound));
    }
    let entries: Vec<&AccessibleResource> = granted.iter().filter(|r| r.id == cloud_id).collect();
    let first = entries.first().ok_or_else(|| not_granted(site, granted))?;
    let found = Site {
        status: SiteStatus {
            cloud_id,
            name: first.name.clone(),
            url: first.url.clone(),
            declared_as: site.to_string(),
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

/// Under the old address of a renamed site nobody answers, or a redirect does. If the grant
/// still reaches the site that this very address was bound to, it is the same site.
fn renamed(site: &SiteUrl, bound: Option<&SiteStatus>, granted: &[AccessibleResource]) -> Result<String, Finding> {
    bound
        .filter(|bound| site.is(&bound.declared_as) || site.is(&bound.url))
        .filter(|bound| granted.iter().any(|r| r.id == bound.cloud_id && !site.is(&r.url)))
        .map(|bound| bound.cloud_id.clone())
        .ok_or_else(|| {
            let what = format!("No Jira Cloud site answers at {site}.{}", reached(granted));
            Finding::with_remedy(SiteReachable, Reason::SiteNotFound, &what)
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
    use crate::atlassian::models::TenantInfo;

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
            declared_as: url,
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
        assert!(finding.message.contains("globex.atlassian.net"));
        let none = judge(&site("acme"), None, &evidence(Ok("c1"), vec![])).unwrap_err();
        assert!(none.message.contains("product access"));
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

    #[test]
    fn an_outage_proves_nothing() {
        let down = || JiraError::Unavailable {
            detail: "x".into(),
            retry_after: None,
        };
        let tenant_down = evidence(Err(down()), vec![resource("c1", "acme")]);
        assert_eq!(reason(&site("acme"), None, &tenant_down), Reason::SiteUnavailable);
        let mut gateway_down = evidence(Ok("c1"), vec![]);
        gateway_down.resources = Err(down());
        assert_eq!(reason(&site("acme"), None, &gateway_down), Reason::SiteUnavailable);
    }
}
