//! Access tokens that many ask for at once, as the tickets of an integration do. They are read together, kept for some
//! seconds, and dropped when a Secret that they come from changes or Jira refuses one.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    api::names,
    atlassian::{
        secret::Secret,
        shared_answers::{MOMENT, SharedAnswers},
    },
    grant::GrantKey,
};

/// How long one is good for others, where the watch of Secrets is interrupted and tells of no change.
const KEPT: Duration = Duration::from_secs(10);
/// Most that are kept.
const MOST: usize = 1000;

/// An access token and the app that it belongs to.
#[derive(Clone)]
pub struct SharedToken {
    /// client-id of the OAuth app.
    pub client_id: String,
    /// The token.
    pub token: Secret,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The tokens, by grant.
pub struct SharedAccess(SharedAnswers<GrantKey, Result<SharedToken, String>>);

impl Default for SharedAccess {
    fn default() -> Self {
        Self(SharedAnswers::new(MOST))
    }
}

impl SharedAccess {
    /// The access token of a grant; `read` is waited for where none is known.
    ///
    /// # Errors
    /// The sentence with which `read` fails.
    pub async fn of(
        &self,
        key: &GrantKey,
        read: impl Future<Output = Result<SharedToken, String>>,
    ) -> Result<SharedToken, String> {
        let read = async {
            let answer = read.await;
            let good_for = good_for(&answer);
            (answer, good_for)
        };
        self.0.of(key.clone(), read).await
    }

    /// Forgets what comes from a Secret: the credentials, or the grant.
    pub fn forget_secret(&self, namespace: &str, secret: &str) {
        let of_grant = names::credentials_of_grant(secret);
        self.0.forget(|key| {
            key.namespace == namespace && (key.credentials == secret || Some(key.credentials.as_str()) == of_grant)
        });
    }

    /// Forgets the token of a grant.
    pub fn forget(&self, key: &GrantKey) {
        self.0.forget(|known| known == key);
    }
}

/// One that lasts only seconds is asked for again before it expires, since it may be renewed.
fn good_for(answer: &Result<SharedToken, String>) -> Duration {
    let Ok(token) = answer else { return MOMENT };
    let left = token.expires_at.duration_since(Timestamp::now());
    KEPT.min(Duration::try_from(left).unwrap_or_default() / 2)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn token(seconds: i64) -> SharedToken {
        SharedToken {
            client_id: "app".to_owned(),
            token: Secret::new("a".to_owned()),
            expires_at: Timestamp::now() + jiff::SignedDuration::from_secs(seconds),
        }
    }

    #[test]
    fn a_token_is_kept_for_seconds_and_never_until_it_expires() {
        let kept = |seconds| good_for(&Ok(token(seconds))).as_secs();
        assert_eq!((kept(3600), kept(9), kept(-5)), (10, 4, 0));
        assert_eq!(good_for(&Err(String::new())), MOMENT);
    }

    #[tokio::test]
    async fn a_token_is_read_again_after_either_of_its_secrets_changed() {
        let (shared, reads) = (SharedAccess::default(), Cell::new(0));
        let key = GrantKey {
            namespace: "shop".to_owned(),
            credentials: "acme-oauth".to_owned(),
        };
        let read = || async {
            reads.set(reads.get() + 1);
            Ok(token(3600))
        };
        for (namespace, secret, expected) in [
            ("shop", "other", 1),
            ("elsewhere", "acme-oauth", 1),
            ("shop", "acme-oauth", 2),
            ("shop", "acme-oauth-grant", 3),
        ] {
            assert!(shared.of(&key, read()).await.is_ok());
            shared.forget_secret(namespace, secret);
            assert!(shared.of(&key, read()).await.is_ok());
            assert_eq!(reads.get(), expected, "{namespace} {secret}");
        }
    }
}
