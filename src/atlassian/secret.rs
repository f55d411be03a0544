//! Secret material in a type that cannot be printed, logged or serialised by accident.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A client secret, an access token or a refresh token. `Debug` shows nothing of it, and it is
/// wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself, for the one place that sends or stores it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What can be stored and compared in place of the secret: the first 16 bytes of its
    /// SHA-256 in hexadecimal. Tokens are random, so it reveals nothing about them.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(format!("{:.32x}", Sha256::digest(self.expose())))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

/// Stands for a secret where the secret itself must not be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash(String);

impl TokenHash {
    /// A hash read back from where it was stored.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let secret = Secret::new("abc".repeat(8));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.hash(), Secret::new("abc".repeat(8)).hash());
        assert_ne!(secret.hash(), Secret::new("abd".repeat(8)).hash());
    }
}
