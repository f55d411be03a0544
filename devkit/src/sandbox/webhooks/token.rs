//! The tokens of deliveries: JSON Web Tokens by HS256 with the app's client secret, and those of strangers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::forged::ForgedToken;

/// What a token is made of.
pub(super) struct Making<'a> {
    pub(super) secret: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
    /// How long it lives.
    pub(super) seconds: i64,
    /// Claims beside `iat` and `exp`, or in their place.
    pub(super) claims: &'a Map<String, Value>,
}

impl Making<'_> {
    /// The token that Jira sends.
    pub(super) fn right(&self) -> String {
        signed(&header("HS256"), &self.claims_at(self.now), self.secret)
    }

    /// The token of a stranger, if it sends one.
    pub(super) fn forged(&self, kind: &ForgedToken) -> Option<String> {
        let now = self.claims_at(self.now);
        Some(match kind {
            ForgedToken::Right => self.right(),
            ForgedToken::Missing => return None,
            ForgedToken::WrongSecret => signed(&header("HS256"), &now, &format!("{}-not", self.secret)),
            ForgedToken::Unsigned => format!("{}.", unsigned(&header("none"), &now)),
            ForgedToken::Algorithm { name } => signed(&header(name), &now, self.secret),
            ForgedToken::Critical => {
                let header = json!({"alg": "HS256", "typ": "JWT", "crit": ["sandbox"], "sandbox": true});
                signed(&header, &now, self.secret)
            }
            ForgedToken::Expired { seconds } => {
                let made = self.now.saturating_sub(*seconds).saturating_sub(self.seconds);
                signed(&header("HS256"), &self.claims_at(made), self.secret)
            }
            ForgedToken::FromFuture { seconds } => {
                let made = self.now.saturating_add(*seconds);
                signed(&header("HS256"), &self.claims_at(made), self.secret)
            }
            ForgedToken::Altered => {
                let right = self.right();
                let signature = right.rsplit('.').next().unwrap_or_default();
                let other = self.claims_at(self.now.saturating_sub(1));
                format!("{}.{signature}", unsigned(&header("HS256"), &other))
            }
        })
    }

    fn claims_at(&self, made: i64) -> Value {
        let mut claims = Map::from_iter([
            ("iat".to_owned(), made.into()),
            ("exp".to_owned(), made.saturating_add(self.seconds).into()),
        ]);
        claims.extend(self.claims.clone());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims)
    }
}

fn header(algorithm: &str) -> Value {
    json!({"alg": algorithm, "typ": "JWT"})
}

/// Header and claims, as they are signed.
fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let text = unsigned(header, claims);
    let signature = hmac_sha256(secret.as_bytes(), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first example of RFC 4231.
    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        let signature = hmac_sha256(&[0x0b; 20], b"Hi There");
        let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn claims_can_be_added_and_taken_away() {
        let claims = Map::from_iter([("iss".to_owned(), "x".into()), ("iat".to_owned(), Value::Null)]);
        let making = Making {
            secret: "s",
            now: 1000,
            seconds: 60,
            claims: &claims,
        };
        assert_eq!(making.claims_at(1000), json!({"exp": 1060, "iss": "x"}));
    }
}
