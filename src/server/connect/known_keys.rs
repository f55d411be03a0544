//! The keys of links, remembered for a moment: so a link that is made up is told from one that the operator made
//! without asking the cluster anything.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::connect::{Key, KeyError, Keys};

/// How long a key that fits is believed to be the present one.
const FRESH: Duration = Duration::from_secs(10);
/// How long one that does not fit is: there may be a new one.
const AGAIN: Duration = Duration::from_secs(1);

/// What is remembered of a namespace's key.
enum CachedKey {
    /// It is the present one, as far as is known; whether it fits.
    Key(Key, bool),
    /// It has to be asked for again.
    Old,
    /// Nothing.
    Nothing,
}

/// The keys that were met.
pub struct KnownKeys {
    keys: Keys,
    met: Mutex<HashMap<String, (Key, Instant)>>,
}

impl KnownKeys {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            met: Mutex::default(),
        }
    }

    fn met(&self) -> MutexGuard<'_, HashMap<String, (Key, Instant)>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a namespace, if it fits. `may_ask` says whether one that nothing is known of may be asked for.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn fitting(
        &self,
        namespace: &str,
        fits: impl Fn(&Key) -> bool,
        may_ask: impl FnOnce() -> bool,
    ) -> Result<KeyLookup, KeyError> {
        match self.remembered(namespace, &fits, Instant::now()) {
            CachedKey::Key(key, true) => return Ok(KeyLookup::Key(key)),
            CachedKey::Key(_, false) => return Ok(KeyLookup::Nothing),
            CachedKey::Nothing if !may_ask() => return Ok(KeyLookup::NotAsked),
            CachedKey::Old | CachedKey::Nothing => {}
        }
        let asked = match self.keys.existing(namespace).await {
            Err(KeyError::NotOurs) => None,
            asked => asked?,
        };
        let mut met = self.met();
        let Some(key) = asked else {
            met.remove(namespace);
            return Ok(KeyLookup::Nothing);
        };
        met.insert(namespace.to_owned(), (key.clone(), Instant::now()));
        Ok(if fits(&key) {
            KeyLookup::Key(key)
        } else {
            KeyLookup::Nothing
        })
    }

    /// Whoever finds it old asks, and others meanwhile make do with what is known.
    fn remembered(&self, namespace: &str, fits: impl Fn(&Key) -> bool, now: Instant) -> CachedKey {
        let mut met = self.met();
        let Some((key, asked)) = met.get_mut(namespace) else {
            return CachedKey::Nothing;
        };
        let good = fits(key);
        if now.duration_since(*asked) < if good { FRESH } else { AGAIN } {
            return CachedKey::Key(key.clone(), good);
        }
        *asked = now;
        CachedKey::Old
    }
}

/// What became of a search for a key.
pub enum KeyLookup {
    /// The key.
    Key(Key),
    /// There is none that fits.
    Nothing,
    /// It was not asked for, because too many are.
    NotAsked,
}

#[cfg(test)]
mod tests {
    use kube::{Client, Config};

    use super::*;

    #[tokio::test]
    async fn a_guess_is_told_from_a_link_without_asking_again_and_again() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nowhere = Config::new("http://127.0.0.1:9".parse().unwrap_or_default());
        let Ok(client) = Client::try_from(nowhere) else {
            unreachable!("a client without a server")
        };
        let known = KnownKeys::new(Keys::new(client));
        let (key, start) = (Key::random(), Instant::now());
        assert!(matches!(known.remembered("a", |_| true, start), CachedKey::Nothing));
        known.met().insert("a".to_owned(), (key, start));
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(matches!(
            known.remembered("a", |_| true, at(9000)),
            CachedKey::Key(_, true)
        ));
        assert!(matches!(
            known.remembered("a", |_| false, at(900)),
            CachedKey::Key(_, false)
        ));
        assert!(matches!(known.remembered("a", |_| false, at(1000)), CachedKey::Old));
        assert!(
            matches!(known.remembered("a", |_| false, at(1900)), CachedKey::Key(_, false)),
            "one asks, not all"
        );
        assert!(matches!(known.remembered("a", |_| true, at(11_000)), CachedKey::Old));
    }
}
