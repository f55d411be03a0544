//! A person as the directory has them, and how many there are of which kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::atlassian::models::User;

/// What Jira calls the account of a person; others are app, customer and unknown.
const PERSON: &str = "atlassian";

/// A person.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryEntry {
    /// Atlassian account id.
    pub account_id: String,
    /// Display name, chosen by the person.
    #[serde(default)]
    pub display_name: String,
    /// Absent when the profile hides it.
    pub email_address: Option<String>,
    /// False once deactivated.
    pub active: bool,
}

impl DirectoryEntry {
    /// The account as a person, if it is one and neither an app nor a customer of a portal.
    #[must_use]
    pub fn of(user: User) -> Option<Self> {
        (user.account_type == PERSON).then(|| Self {
            account_id: user.account_id,
            display_name: user.display_name,
            email_address: user.email_address.filter(|email| !email.is_empty()),
            active: user.active,
        })
    }
}

/// How many people there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectoryCounts {
    /// Active ones.
    pub active: i64,
    /// Deactivated ones.
    pub inactive: i64,
    /// Active ones without a visible e-mail address.
    pub without_email: i64,
    /// Active ones who share their display name with others.
    pub equal_names: i64,
}

impl DirectoryCounts {
    /// Counts.
    #[must_use]
    pub fn of<'p>(people: impl Iterator<Item = &'p DirectoryEntry>) -> Self {
        let mut counts = Self::default();
        let mut names: BTreeMap<String, i64> = BTreeMap::new();
        for person in people {
            if !person.active {
                counts.inactive += 1;
                continue;
            }
            counts.active += 1;
            counts.without_email += i64::from(person.email_address.is_none());
            *names.entry(person.display_name.trim().to_lowercase()).or_default() += 1;
        }
        counts.equal_names = names.into_values().filter(|count| *count > 1).sum();
        counts
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn person(value: &Value) -> Option<DirectoryEntry> {
        DirectoryEntry::of(serde_json::from_value(value.clone()).unwrap())
    }

    #[test]
    fn apps_customers_and_the_unknown_are_no_people() {
        for kind in ["app", "customer", "unknown", "", "robot"] {
            assert_eq!(person(&json!({"accountId": "1", "accountType": kind})), None, "{kind}");
        }
        let hidden = person(&json!({"accountId": "1", "accountType": "atlassian", "emailAddress": null})).unwrap();
        assert_eq!((hidden.email_address, hidden.active), (None, true));
    }

    #[test]
    fn equal_names_and_hidden_addresses_are_counted_among_the_active() {
        let people: Vec<DirectoryEntry> = [
            ("1", "Ann Lee", Some("a@acme.example"), true),
            ("2", " ann lee", None, true),
            ("3", "Ann Lee", None, false),
            ("4", "Bo", Some("b@acme.example"), true),
        ]
        .into_iter()
        .map(|(id, name, email, active)| DirectoryEntry {
            account_id: id.into(),
            display_name: name.into(),
            email_address: email.map(str::to_owned),
            active,
        })
        .collect();
        let counts = DirectoryCounts::of(people.iter());
        let expected = DirectoryCounts {
            active: 3,
            inactive: 1,
            without_email: 1,
            equal_names: 2,
        };
        assert_eq!(counts, expected);
    }
}
