//! The link by which a person connects an integration. It carries a code that only the operator can
//! make, so that only who can read the object's status has it; it opens nothing but the consent.

use kube::ResourceExt;
use url::Url;

use super::key::{CODE_LENGTH, Key};
use crate::{
    api::{integration::JiraIntegration, reason::Reason},
    atlassian::secret::TokenHash,
};

/// What the second half of the code in a link is for.
const PURPOSE: &str = "jira-operator.dev/connect-link";
/// What its first half is for.
const PURPOSE_OF_PLACE: &str = "jira-operator.dev/connect-place";

/// An integration that can be connected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkSubject {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid: an object that was deleted and created anew is another one.
    pub uid: String,
}

impl LinkSubject {
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
    reasons.into_iter().any(|reason| reason.entry().needs_consent)
}

/// The present need: another grant than this one. Once there is another, the link is worthless.
fn need(lineage: Option<&TokenHash>) -> &str {
    lineage.map_or("none", TokenHash::as_str)
}

/// The link. `lineage` is that of the grant that is there, if any. None when the public address cannot
/// carry a path.
#[must_use]
pub fn link(public_url: &Url, key: &Key, who: &LinkSubject, lineage: Option<&TokenHash>) -> Option<Url> {
    let mut url = public_url.clone();
    url.path_segments_mut()
        .ok()?
        .clear()
        .extend(["connect", &who.namespace, &who.name]);
    let place = key.sign(&[PURPOSE_OF_PLACE, &who.namespace, &who.name]);
    let code = key.sign(&[PURPOSE, &who.uid, need(lineage)]);
    url.query_pairs_mut().append_pair("key", &format!("{place}{code}"));
    Some(url)
}

/// The two halves of the code in a link.
fn halves(code: &str) -> Option<(&str, &str)> {
    code.split_at_checked(CODE_LENGTH)
        .filter(|(_, rest)| rest.len() == CODE_LENGTH)
}

/// Whether it looks like the code of a link, so that a key is worth asking for.
#[must_use]
pub fn is_code(code: &str) -> bool {
    halves(code).is_some() && code.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is the code of some link, be it an old one, to the integration of this name: known by the key
/// alone. So nobody who only guesses has anything looked up.
#[must_use]
pub fn is_of_place(key: &Key, namespace: &str, name: &str, code: &str) -> bool {
    halves(code).is_some_and(|(place, _)| key.verifies(&[PURPOSE_OF_PLACE, namespace, name], place))
}

/// Whether this is the code of the present link, compared in constant time.
#[must_use]
pub fn is_valid(key: &Key, who: &LinkSubject, lineage: Option<&TokenHash>, code: &str) -> bool {
    let present = |(_, code): (&str, &str)| key.verifies(&[PURPOSE, &who.uid, need(lineage)], code);
    is_of_place(key, &who.namespace, &who.name, code) && halves(code).is_some_and(present)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_link_is_stable_until_there_is_another_grant_and_then_worthless() {
        let (key, public) = (Key::random(), Url::parse("https://jira.example.com").unwrap());
        let who = LinkSubject {
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
        let namesake = LinkSubject {
            uid: "u2".into(),
            ..who.clone()
        };
        assert!(!is_valid(&key, &namesake, None, &code));
        assert!(!is_valid(&Key::random(), &who, None, &code));
        assert!(is_code(&code) && !is_code(&code[1..]) && !is_code(&code.replace('a', "ä")));
        assert!(is_of_place(&key, "support", "acme", &code));
        assert!(!is_of_place(&key, "support", "other", &code));
        assert!(!is_of_place(&Key::random(), "support", "acme", &code));
        let (place, _) = code.split_at(CODE_LENGTH);
        assert!(!is_valid(&key, &who, None, &format!("{place}{place}")));
    }
}
