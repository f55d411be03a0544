//! Whom the addresses of a spec mean: who is pinned, else who shows exactly this address, else nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    matching::{NoMatch, account_of},
    person_searches::{DirectoryError, Searching},
};
use crate::api::{
    integration::PinnedUser,
    issue::{JiraIssueSpec, PersonReference},
};

/// The accounts that were found for addresses, in lower case, and why none was.
#[derive(Clone, Debug, Default)]
pub struct People {
    accounts: BTreeMap<String, String>,
    pinned: BTreeSet<String>,
    unknown: BTreeMap<String, NoMatch>,
}

/// Who is meant by a person of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// An account, by its id.
    Account {
        /// The id.
        id: String,
        /// How it was found.
        matched: &'static str,
        /// How the spec names it.
        named: String,
    },
    /// Nobody who has an account.
    Unknown {
        /// The address.
        email: String,
        /// Why.
        why: NoMatch,
    },
}

impl People {
    /// Asks Jira about addresses that are not pinned. Needs read:jira-user.
    ///
    /// # Errors
    /// Where the directory cannot be asked: that says nothing of anybody.
    pub async fn find(
        searching: Searching<'_>,
        pinned: &[PinnedUser],
        addresses: impl IntoIterator<Item = String>,
    ) -> Result<Self, DirectoryError> {
        let mut people = Self::default();
        let all: BTreeSet<String> = addresses.into_iter().map(|email| email.trim().to_lowercase()).collect();
        for email in all {
            let is_pinned = pinned.iter().any(|pin| pin.email.trim().to_lowercase() == email);
            let found = if is_pinned {
                account_of(&email, pinned, std::iter::empty()).map(str::to_owned)
            } else {
                searching.find(&email).await?
            };
            match found {
                Ok(id) => {
                    people.accounts.insert(email.clone(), id);
                    people.pinned.extend(is_pinned.then_some(email));
                }
                Err(why) => {
                    people.unknown.insert(email, why);
                }
            }
        }
        Ok(people)
    }

    /// Account ids by address.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeMap<String, String> {
        &self.accounts
    }

    /// Who is meant.
    #[must_use]
    pub fn of(&self, reference: &PersonReference) -> Person {
        if let Some(id) = &reference.account_id {
            return Person::Account {
                id: id.clone(),
                matched: "AccountId",
                named: id.clone(),
            };
        }
        let email = reference.email.as_deref().unwrap_or_default().trim().to_lowercase();
        match self.accounts.get(&email) {
            Some(id) => Person::Account {
                id: id.clone(),
                matched: if self.pinned.contains(&email) {
                    "Pinned"
                } else {
                    "Email"
                },
                named: email,
            },
            None => Person::Unknown {
                why: self
                    .unknown
                    .get(&email)
                    .cloned()
                    .unwrap_or_else(|| NoMatch::NotInDirectory(email.clone())),
                email,
            },
        }
    }
}

impl Person {
    /// The account, where there is one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account { id, .. } => Some(id),
            Self::Unknown { .. } => None,
        }
    }
}

/// The people of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketRoles {
    /// Who asks.
    pub reporter: Option<Person>,
    /// Who works on it.
    pub assignee: Option<Person>,
    /// Who takes part.
    pub participants: Vec<Person>,
}

impl TicketRoles {
    /// Those that the spec names.
    #[must_use]
    pub fn of(spec: &JiraIssueSpec, people: &People) -> Self {
        Self {
            reporter: spec.reporter.as_ref().map(|person| people.of(person)),
            assignee: spec.assignee.as_ref().map(|person| people.of(person)),
            participants: spec.participants.iter().map(|person| people.of(person)).collect(),
        }
    }

    /// The address and the cause, where the reporter has no account.
    #[must_use]
    pub fn unknown_reporter(&self) -> Option<(&str, &NoMatch)> {
        match &self.reporter {
            Some(Person::Unknown { email, why }) => Some((email, why)),
            _ => None,
        }
    }
}

/// The addresses that the spec names, but for those in its fields.
pub fn addresses(spec: &JiraIssueSpec) -> impl Iterator<Item = String> {
    let people = spec.reporter.iter().chain(&spec.assignee).chain(&spec.participants);
    people.filter_map(|person| person.email.clone())
}
