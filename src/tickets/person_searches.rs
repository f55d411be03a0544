//! Who has an e-mail address, as Jira said last: searched for once, however many tickets name it.

use std::time::Duration;

use thiserror::Error;

use super::matching::{NoMatch, account_of};
use crate::{
    api::requirements::BROWSE_USERS,
    atlassian::{
        error::JiraError,
        jira::{PermissionQueries, Session},
        models::User,
        shared_answers::{MOMENT, SharedAnswers},
    },
};

/// How long it is believed whose an address is.
const FOUND: Duration = Duration::from_mins(10);
/// How long it is believed to be nobody's, or that the account may not search: who is invited or shows the address is to be
/// met soon.
const NOBODY: Duration = Duration::from_secs(20);
/// Most addresses that are remembered.
const MOST: usize = 10_000;

/// The addresses, each as one account sees one site: another account may see more or fewer of them.
#[derive(Debug)]
pub struct PersonSearches(SharedAnswers<Address, Result<Match, DirectoryError>>);

/// Why Jira says nothing of anybody.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DirectoryError {
    /// It does not answer.
    #[error("{0}")]
    Jira(#[from] JiraError),
    /// Then every search is empty, whoever is there.
    #[error(
        "the account lacks the global permission Browse users and groups ({BROWSE_USERS}), and without it every search for \
         people is empty"
    )]
    BrowsingDenied,
}

impl DirectoryError {
    /// After how long it may be asked again, at least so long where Jira does not say.
    #[must_use]
    pub fn retry_after_or(&self, wait: Duration) -> Duration {
        match self {
            Self::Jira(error) => error.retry_after_or(wait),
            Self::BrowsingDenied => NOBODY,
        }
    }
}

/// The account id of who shows an address, or why nobody is meant.
type Match = Result<String, NoMatch>;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Address {
    site: String,
    account: String,
    email: String,
}

impl Default for PersonSearches {
    fn default() -> Self {
        Self(SharedAnswers::new(MOST))
    }
}

/// Who searches.
#[derive(Clone, Copy)]
pub struct Searching<'a> {
    /// The calls to the site.
    pub session: &'a Session,
    /// Account id of the dedicated account.
    pub account: &'a str,
    /// What is known.
    pub searches: &'a PersonSearches,
}

impl Searching<'_> {
    /// Who shows an address, which is in lower case. Needs read:jira-user.
    ///
    /// # Errors
    /// Where the directory cannot be asked: that says nothing of anybody.
    pub async fn find(&self, email: &str) -> Result<Match, DirectoryError> {
        let address = Address {
            site: self.session.cloud_id().to_owned(),
            account: self.account.to_owned(),
            email: email.to_owned(),
        };
        let search = async { remembered(email, self.users(email).await) };
        self.searches.0.of(address, search).await
    }

    /// Who is found. That nobody is proves nothing of an account that may not search.
    async fn users(&self, email: &str) -> Result<Vec<User>, DirectoryError> {
        let users = self.session.find_users(email).await?;
        if users.is_empty() {
            let questions = PermissionQueries {
                global: vec![BROWSE_USERS],
                ..PermissionQueries::default()
            };
            let held = self.session.permissions(&questions).await?;
            if !held.global.contains(BROWSE_USERS) {
                return Err(DirectoryError::BrowsingDenied);
            }
        }
        Ok(users)
    }
}

/// What a search says, and for how long that is believed.
fn remembered(email: &str, found: Result<Vec<User>, DirectoryError>) -> (Result<Match, DirectoryError>, Duration) {
    let matched = found.map(|users| account_of(email, &[], users.iter()).map(str::to_owned));
    let believed = match &matched {
        Ok(Ok(_)) => FOUND,
        Ok(Err(_)) | Err(DirectoryError::BrowsingDenied) => NOBODY,
        Err(DirectoryError::Jira(_)) => MOMENT,
    };
    (matched, believed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_believed_for_minutes_nobody_for_seconds_and_a_failure_for_a_moment() {
        let dana = User {
            account_id: "1".to_owned(),
            account_type: "atlassian".to_owned(),
            display_name: "Dana".to_owned(),
            email_address: Some("dana@acme.example".to_owned()),
            active: true,
        };
        let down = DirectoryError::Jira(JiraError::Forbidden("no".to_owned()));
        let of = |found| remembered("dana@acme.example", found);
        assert_eq!(of(Ok(vec![dana])), (Ok(Ok("1".to_owned())), FOUND));
        let nobody = NoMatch::NotInDirectory("dana@acme.example".to_owned());
        assert_eq!(of(Ok(Vec::new())), (Ok(Err(nobody)), NOBODY));
        assert_eq!(of(Err(down.clone())), (Err(down), MOMENT));
        let denied = DirectoryError::BrowsingDenied;
        assert_eq!(of(Err(denied.clone())), (Err(denied), NOBODY));
    }
}
