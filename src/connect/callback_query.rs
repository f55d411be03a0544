//! What the browser brings back from Atlassian.

use super::outcome::ConnectFailure;
use crate::{atlassian::secret::Secret, grant::Consent};

/// The parameters of the way back (RFC 6749 §4.1.2).
#[derive(Clone, Debug)]
pub struct CallbackQuery {
    /// Says which consent it belongs to.
    pub state: String,
    /// The authorization code.
    pub code: Option<Secret>,
    /// Why there is none.
    pub error: Option<String>,
    /// The same in words.
    pub description: String,
}

impl CallbackQuery {
    /// Reads the query. A parameter that is given twice is one too many: then nothing is believed.
    #[must_use]
    pub fn read(query: &str) -> Option<Self> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| -> Option<Option<String>> {
            let mut found = pairs
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.clone());
            let first = found.next();
            found.next().is_none().then_some(first)
        };
        Some(Self {
            state: value("state")??,
            code: value("code")?.filter(|code| !code.is_empty()).map(Secret::new),
            error: value("error")?,
            description: value("error_description")?.unwrap_or_default(),
        })
    }

    /// The consent that is to be brought to its end. `redirect_uri` is the address that the browser came back to.
    ///
    /// # Errors
    /// Why there is none.
    pub fn consent(&self, redirect_uri: &str) -> Result<Consent, ConnectFailure> {
        match (&self.error, &self.code) {
            (Some(error), _) => Err(declined(error, &self.description)),
            (None, None) => Err(declined("invalid_request", "neither a code nor an error came back")),
            (None, Some(code)) => Ok(Consent {
                code: code.clone(),
                redirect_uri: redirect_uri.to_owned(),
            }),
        }
    }
}

/// The answer of Atlassian to a consent that ended with an error (RFC 6749 §4.1.2.1).
fn declined(error: &str, description: &str) -> ConnectFailure {
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    match error {
        "access_denied" => ConnectFailure::Declined,
        _ => ConnectFailure::AppRefused {
            error: clean(error),
            description: clean(description),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_is_given_twice_is_not_believed() {
        let read = |query: &str| CallbackQuery::read(query);
        assert!(read("code=a&state=b").is_some_and(|a| a.code.is_some() && a.error.is_none()));
        assert!(
            read("error=access_denied&state=b&error_description=no+thanks")
                .is_some_and(|a| a.description == "no thanks")
        );
        for query in [
            "",
            "code=a",
            "code=a&code=b&state=c",
            "code=a&state=b&state=c",
            "error=x&error=y&state=b",
        ] {
            assert!(read(query).is_none(), "{query}");
        }
        assert!(read("code=&state=b").is_some_and(|a| a.code.is_none()));
    }
}
