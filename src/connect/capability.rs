//! The link by which a person connects an integration. It carries a code that only the operator can
//! make, so that only who can read the object's status has it; it opens nothing but the consent.

use kube::ResourceExt;
use url::Url;

use super::key::Key;
use crate::{
    api::{integration::JiraIntegration, reason::Reason},
    atlassian::secret::TokenHash,
};

/// What the code in a link is for.
const PURPOSE: &str = "jira-operator.dev/connect-link";

/// An integration that can be connected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid: an object that was deleted and created anew is another one.
    pub uid: String,
}

impl Who {
    /// Of an object.
    #[must_use]
    pub fn of(integration: &JiraIntegration) -> Self {
        Self {
            namespace: integration.namespace().unwrap_or_default(),
            name: integration.name_any(),
            uid: integration.uid().unwrap_or_default(),
        }
    }
}

/// Whether the conditions say that only a person's consent helps.
#[must_use]
pub fn is_needed(integration: &JiraIntegration) -> bool {
    let conditions = integration.status.iter().flat_map(|status| &status.conditions);
    let reasons = conditions.filter_map(|condition| Reason::parse(&condition.reason));
    reasons.into_iter().any(Reason::needs_consent)
}

/// The present need: another grant than this one. Once there is another, the link is worthless.
fn need(lineage: Option<&TokenHash>) -> &str {
    lineage.map_or("none", TokenHash::as_str)
}

/// The link. `lineage` is that of the grant that is there, if any. None when the public address cannot
/// carry a path.
#[must_use]
pub fn link(public_url: &Url, key: &Key, who: &Who, lineage: Option<&TokenHash>) -> Option<Url> {
    let mut url = public_url.clone();
    url.path_segments_mut()
        .ok()?
        .clear()
        .extend(["connect", &who.namespace, &who.name]);
    let code = key.sign(&[PURPOSE, &who.uid, need(lineage)]);
    url.query_pairs_mut().append_pair("key", &code);
    Some(url)
}

/// Whether this is the code of the present link, compared in constant time.
#[must_use]
pub fn is_valid(key: &Key, who: &Who, lineage: Option<&TokenHash>, code: &str) -> bool {
    key.verifies(&[PURPOSE, &who.uid, need(lineage)], code)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_link_is_stable_until_there_is_another_grant_and_then_worthless() {
        let (key, public) = (Key::random(), Url::parse("https://jira.example.com").unwrap());
        let who = Who {
            namespace: "support".into(),
            name: "acme".into(),
            uid: "u1".into(),
        };
        let first = link(&public, &key, &who, None).unwrap();
        assert_eq!(Some(&first), link(&public, &key, &who, None).as_ref());
        assert!(
            first
                .as_str()
                .starts_with("https://jira.example.com/connect/support/acme?key=")
        );
        let (_, code) = first.query_pairs().next().unwrap();
        let connected = TokenHash::stored("abc");
        assert!(is_valid(&key, &who, None, &code));
        assert!(!is_valid(&key, &who, Some(&connected), &code));
        let namesake = Who {
            uid: "u2".into(),
            ..who.clone()
        };
        assert!(!is_valid(&key, &namesake, None, &code));
        assert!(!is_valid(&Key::random(), &who, None, &code));
    }
}
