//! The key under which connect links are made: random, in a Secret of the operator beside the
//! integrations that somebody has to connect, and gone with the last of them.

use hmac::{Hmac, Mac, digest::KeyInit};
use k8s_openapi::{ByteString, api::core::v1, apimachinery::pkg::apis::meta::v1::OwnerReference};
use kube::{Api, Client, ResourceExt, api::PostParams};
use sha2::Sha256;
use thiserror::Error;

use crate::{api::names, atlassian::secret::Secret};

/// The key's own key in the Secret.
const KEY: &str = "key";
/// Bytes of a key: as many as the hash has.
const LENGTH: usize = 32;
/// Characters of a code.
pub const CODE_LENGTH: usize = 2 * LENGTH;
/// How often a write starts again after somebody else was faster.
const ATTEMPTS: usize = 3;

/// A secret key for message authentication codes (HMAC-SHA256).
#[derive(Clone)]
pub struct Key([u8; LENGTH]);

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// A Secret of somebody else has the name, or what is in it is no key.
    #[error(
        "Secret {} is not the operator's, or holds no key; delete it",
        names::CONNECT_KEY_SECRET
    )]
    NotOurs,
    /// The API server did not answer, or refused.
    #[error(transparent)]
    Cluster(#[from] kube::Error),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A random key.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    fn read(secret: &v1::Secret) -> Option<Self> {
        let ours = secret.labels().get(names::COMPONENT_LABEL)?;
        let bytes = &secret.data.as_ref()?.get(KEY)?.0;
        let key = <[u8; LENGTH]>::try_from(bytes.as_slice()).ok()?;
        (ours == names::COMPONENT_CONNECT).then_some(Self(key))
    }

    /// The code over these parts, in hexadecimal. The first part says what the code is for, so that a code
    /// for one thing is none for another.
    #[must_use]
    pub fn sign(&self, parts: &[&str]) -> String {
        format!("{:x}", self.mac(parts).finalize().into_bytes())
    }

    /// Whether `code` is the code over these parts, compared in constant time.
    #[must_use]
    pub fn verifies(&self, parts: &[&str], code: &str) -> bool {
        let is_ours = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let bytes: Option<Vec<u8>> = (code.len() == CODE_LENGTH && code.bytes().all(is_ours))
            .then(|| {
                let pairs = (0..code.len()).step_by(2).map(|at| code.get(at..at + 2));
                pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
            })
            .flatten();
        bytes.is_some_and(|bytes| self.mac(parts).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, parts: &[&str]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.0);
        for part in parts {
            // With its length before it, no part can be mistaken for two.
            mac.update(&part.len().to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

/// HMAC-SHA256 takes a block of 64 bytes, to which RFC 2104 pads a shorter key with zeros.
fn keyed(key: &[u8; LENGTH]) -> Hmac<Sha256> {
    let mut block = [0; 2 * LENGTH];
    let (start, _) = block.split_at_mut(LENGTH);
    start.copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

/// Access to the keys.
#[derive(Clone)]
pub struct Keys {
    client: Client,
}

impl Keys {
    /// Keys in this cluster.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn api(&self, namespace: &str) -> Api<v1::Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The key of a namespace, where there is one.
    ///
    /// # Errors
    /// When the API server cannot be asked, or the Secret is somebody else's.
    pub async fn existing(&self, namespace: &str) -> Result<Option<Key>, KeyError> {
        match self.api(namespace).get_opt(names::CONNECT_KEY_SECRET).await? {
            None => Ok(None),
            Some(secret) => Key::read(&secret).map(Some).ok_or(KeyError::NotOurs),
        }
    }

    /// The key of a namespace, made if there is none. It stays as long as one of the owners does.
    ///
    /// # Errors
    /// When it cannot be read or written, or the Secret is somebody else's.
    pub async fn ensure(&self, namespace: &str, owner: &OwnerReference) -> Result<Key, KeyError> {
        let api = self.api(namespace);
        let params = PostParams::default();
        for _ in 0..ATTEMPTS {
            let written = match api.get_opt(names::CONNECT_KEY_SECRET).await? {
                None => api.create(&params, &new_secret(namespace, owner)).await,
                Some(secret) => {
                    let key = Key::read(&secret).ok_or(KeyError::NotOurs)?;
                    if secret.owner_references().iter().any(|known| known.uid == owner.uid) {
                        return Ok(key);
                    }
                    let shared = with_owner(secret, owner);
                    api.replace(names::CONNECT_KEY_SECRET, &params, &shared).await
                }
            };
            match written {
                Ok(secret) => return Key::read(&secret).ok_or(KeyError::NotOurs),
                // Created, changed or deleted by somebody else meanwhile: looked at again.
                Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.existing(namespace).await?.ok_or(KeyError::NotOurs)
    }
}

fn new_secret(namespace: &str, owner: &OwnerReference) -> v1::Secret {
    let mut secret = v1::Secret::default();
    secret.metadata.name = Some(names::CONNECT_KEY_SECRET.to_owned());
    secret.metadata.namespace = Some(namespace.to_owned());
    let labels = [
        (names::MANAGED_BY, names::MANAGER),
        (names::COMPONENT_LABEL, names::COMPONENT_CONNECT),
    ];
    secret.metadata.labels = Some(labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    secret.data = Some([(KEY.to_owned(), ByteString(Key::random().0.to_vec()))].into());
    with_owner(secret, owner)
}

fn with_owner(mut secret: v1::Secret, owner: &OwnerReference) -> v1::Secret {
    let shared = OwnerReference {
        controller: None,
        ..owner.clone()
    };
    secret.metadata.owner_references.get_or_insert_default().push(shared);
    secret
}

/// A random text that nobody guesses: 128 bits in hexadecimal.
#[must_use]
pub fn nonce() -> Secret {
    Secret::new(format!("{:032x}", rand::random::<u128>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_holds_for_its_key_and_its_parts_alone() {
        let (key, other) = (Key::random(), Key::random());
        let code = key.sign(&["a", "bc"]);
        assert!(key.verifies(&["a", "bc"], &code));
        assert!(!key.verifies(&["ab", "c"], &code), "parts do not flow into one another");
        assert!(!other.verifies(&["a", "bc"], &code));
        for broken in [
            "",
            "00",
            "zz",
            &code.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
            &format!("+{}", &code[1..]),
            &code[1..],
            &format!("{code}00"),
            &"ä".repeat(32),
        ] {
            assert!(!key.verifies(&["a", "bc"], broken), "{broken}");
        }
    }
}
