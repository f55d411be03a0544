//! The Secret that workloads mount: the access token and where to use it, nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::OwnerReference};
use kube::{Api, Client, ResourceExt, api::PostParams};

use super::record::AccessToken;
use crate::{
    api::names,
    atlassian::secret::TokenHash,
    cluster::{
        error::WriteError,
        owned::{delete, only_this},
    },
};

/// The access token.
pub const ACCESS_TOKEN: &str = "access-token";

/// Hash that names the grant whose token was judged and published, or taken back. A token of
/// another grant is judged before it is published.
pub const GRANT: &str = "jira-operator.dev/grant";

/// Whose the Secret is, and where.
#[derive(Clone, Debug)]
pub struct TokenSecret {
    /// Namespace of the integration.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// Name of the integration.
    pub integration: String,
    /// Owner reference to the integration.
    pub owner: OwnerReference,
}

/// What stands under the name.
#[derive(Clone)]
pub enum TokenSecretState {
    /// Nothing.
    Nothing,
    /// The integration's own Secret.
    Own(Box<Secret>),
    /// Somebody else's.
    Foreign,
}

/// What the Secret is to hold.
#[derive(Clone, Debug)]
pub struct TokenSecretData<'a> {
    /// The access token.
    pub access: &'a AccessToken,
    /// Gateway address with the cloudId.
    pub base_url: String,
    /// Address of the site, for links that people open.
    pub site_url: String,
}

impl TokenSecretData<'_> {
    fn data(&self) -> BTreeMap<String, ByteString> {
        [
            (ACCESS_TOKEN, self.access.token.expose().to_owned()),
            ("expires-at", to_the_second(self.access.expires_at).to_string()),
            ("base-url", self.base_url.clone()),
            ("site-url", self.site_url.clone()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())))
        .collect()
    }
}

/// Without fractions, as Kubernetes keeps times: rounded down, so that it never promises too much.
#[must_use]
pub fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Shows what it is and nothing of what it holds.
impl std::fmt::Debug for TokenSecretState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Own(_) => "Own(…)",
            Self::Foreign => "Foreign",
        })
    }
}

impl TokenSecretState {
    /// Which grant was judged last, as far as the Secret tells.
    #[must_use]
    pub fn lineage(&self) -> Option<TokenHash> {
        match self {
            Self::Own(secret) => secret.annotations().get(GRANT).map(|text| TokenHash::stored(text)),
            Self::Nothing | Self::Foreign => None,
        }
    }

    /// Whether a token is published.
    #[must_use]
    pub fn has_token(&self) -> bool {
        matches!(self, Self::Own(secret) if secret.data.as_ref().is_some_and(|data| data.contains_key(ACCESS_TOKEN)))
    }
}

/// Looks at what stands under the name.
///
/// # Errors
/// When the API server cannot be asked.
pub async fn find(client: &Client, target: &TokenSecret) -> kube::Result<TokenSecretState> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &target.namespace);
    Ok(match api.get_opt(&target.name).await? {
        None => TokenSecretState::Nothing,
        Some(secret) if is_own(&secret, target) => TokenSecretState::Own(Box::new(secret)),
        Some(_) => TokenSecretState::Foreign,
    })
}

/// Our lock is the owner reference to this very integration: other tools' edits leave it, and
/// the Secret of a predecessor of the same name does not have it.
fn is_own(secret: &Secret, target: &TokenSecret) -> bool {
    // The key of connect links has its owners, too.
    let component = secret.labels().get(names::COMPONENT_LABEL);
    component.is_none_or(|component| component == names::COMPONENT_TOKEN)
        && secret
            .owner_references()
            .iter()
            .any(|owner| owner.uid == target.owner.uid)
}

/// How often a write is tried again after somebody else changed the Secret under it.
const ATTEMPTS: usize = 3;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishResult {
    /// The Secret is as it should be.
    Done,
    /// The name was taken by somebody else meanwhile; nothing was touched.
    Taken,
}

/// Brings the Secret to what is wanted, with no write if it already is: the token, or, without
/// one, nothing. A token that is taken back leaves the Secret behind, empty, so that mounted
/// volumes lose the files; a Secret that does not exist is not created for that.
///
/// # Errors
/// A [`WriteError`], also a conflict that goes on.
pub async fn write(
    client: &Client,
    target: &TokenSecret,
    found: &TokenSecretState,
    wanted: Option<&TokenSecretData<'_>>,
    lineage: Option<&TokenHash>,
) -> Result<PublishResult, WriteError> {
    let data = wanted.map(TokenSecretData::data).unwrap_or_default();
    let mut found = found.clone();
    for _ in 0..ATTEMPTS {
        match write_once(client, target, &found, &data, lineage).await {
            // Somebody else was faster: what stands there now decides.
            Err(WriteError::Conflict | WriteError::Gone) => {
                found = find(client, target).await?;
            }
            other => return other,
        }
    }
    Err(WriteError::Conflict)
}

async fn write_once(
    client: &Client,
    target: &TokenSecret,
    found: &TokenSecretState,
    data: &BTreeMap<String, ByteString>,
    lineage: Option<&TokenHash>,
) -> Result<PublishResult, WriteError> {
    let before = match found {
        TokenSecretState::Own(secret) => (**secret).clone(),
        TokenSecretState::Nothing if data.is_empty() => return Ok(PublishResult::Done),
        TokenSecretState::Nothing => Secret::default(),
        TokenSecretState::Foreign => return Ok(PublishResult::Taken),
    };
    let wanted = desired(&before, target, data.clone(), lineage);
    if wanted == before {
        return Ok(PublishResult::Done);
    }
    let api: Api<Secret> = Api::namespaced(client.clone(), &target.namespace);
    let params = PostParams::default();
    match found {
        TokenSecretState::Own(_) => api.replace(&target.name, &params, &wanted).await?,
        _ => api.create(&params, &wanted).await?,
    };
    Ok(PublishResult::Done)
}

/// Removes what was published under a former name, where nobody would refresh it or take it back
/// any more. Somebody else's Secret of that name stays.
///
/// # Errors
/// A [`WriteError`]; the Secret is still there then.
pub async fn withdraw(client: &Client, target: &TokenSecret, former: &str) -> Result<(), WriteError> {
    let former = TokenSecret {
        name: former.to_owned(),
        ..target.clone()
    };
    let TokenSecretState::Own(secret) = find(client, &former).await? else {
        return Ok(());
    };
    let api: Api<Secret> = Api::namespaced(client.clone(), &former.namespace);
    Ok(delete(&api, &former.name, only_this(&*secret)).await?)
}

/// Data is replaced whole; labels and annotations of others stay.
fn desired(
    before: &Secret,
    target: &TokenSecret,
    data: BTreeMap<String, ByteString>,
    lineage: Option<&TokenHash>,
) -> Secret {
    let mut secret = before.clone();
    secret.metadata.name = Some(target.name.clone());
    secret.metadata.namespace = Some(target.namespace.clone());
    let labels = secret.metadata.labels.get_or_insert_default();
    for (key, value) in [
        (names::MANAGED_BY, names::MANAGER),
        (names::COMPONENT_LABEL, names::COMPONENT_TOKEN),
        (names::INTEGRATION_LABEL, target.integration.as_str()),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    if let Some(lineage) = lineage {
        let annotations = secret.metadata.annotations.get_or_insert_default();
        annotations.insert(GRANT.to_owned(), lineage.as_str().to_owned());
    }
    let owners = secret.metadata.owner_references.get_or_insert_default();
    if !owners.iter().any(|owner| owner.uid == target.owner.uid) {
        owners.push(target.owner.clone());
    }
    secret.data = if data.is_empty() { None } else { Some(data) };
    secret.type_ = Some("Opaque".to_owned());
    secret
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::atlassian::secret::Secret as Hidden;

    fn target() -> TokenSecret {
        TokenSecret {
            namespace: "ns".into(),
            name: "t".into(),
            integration: "acme".into(),
            owner: OwnerReference {
                uid: "u1".into(),
                name: "acme".into(),
                ..OwnerReference::default()
            },
        }
    }

    #[test]
    fn it_holds_exactly_four_keys_and_keeps_the_labels_of_others() {
        let access = AccessToken {
            token: Hidden::new("a".into()),
            expires_at: Timestamp::UNIX_EPOCH,
            refreshed_at: Timestamp::UNIX_EPOCH,
        };
        let what = TokenSecretData {
            access: &access,
            base_url: "b".into(),
            site_url: "s".into(),
        };
        let mut before = Secret::default();
        before.metadata.labels = Some([("theirs".to_owned(), "kept".to_owned())].into());
        before.data = Some([("alien".to_owned(), ByteString(vec![1]))].into());
        let after = desired(&before, &target(), what.data(), None);
        let keys: Vec<_> = after.data.as_ref().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["access-token", "base-url", "expires-at", "site-url"]);
        assert_eq!(after.labels().get("theirs").unwrap(), "kept");
        assert_eq!(
            desired(&after, &target(), what.data(), None),
            after,
            "written once, it is as it should be"
        );
    }

    #[test]
    fn only_the_owner_reference_makes_a_secret_ours() {
        let mut secret = desired(&Secret::default(), &target(), BTreeMap::new(), None);
        assert!(is_own(&secret, &target()));
        secret.metadata.owner_references = None;
        assert!(!is_own(&secret, &target()));
    }
}
