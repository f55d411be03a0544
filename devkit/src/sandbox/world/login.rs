//! Who is logged in at Atlassian in which browser, and who can log in at all.

use super::account::{Account, AccountType};
use super::state::World;
use crate::sandbox::random;

/// Why an account cannot log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginRefusal {
    #[error("there is no Atlassian account with this address")]
    Unknown,
    #[error("this is a managed service account: it has no password and cannot log in, so it can give no consent")]
    ServiceAccount,
    #[error("this account belongs to an app and cannot log in")]
    App,
    #[error("this is a portal customer of one site, not an Atlassian account")]
    Customer,
    #[error("this account is deactivated")]
    Deactivated,
}

impl Account {
    /// Whether the account can log in. Only people do; apps and managed service accounts have nothing to do it with.
    pub(crate) fn may_log_in(&self) -> Result<(), LoginRefusal> {
        match (self.account_type, self.app_type.as_deref()) {
            (AccountType::Atlassian, _) if self.active => Ok(()),
            (AccountType::Atlassian, _) => Err(LoginRefusal::Deactivated),
            (AccountType::App, Some("service")) => Err(LoginRefusal::ServiceAccount),
            (AccountType::App, _) => Err(LoginRefusal::App),
            (AccountType::Customer | AccountType::Unknown, _) => Err(LoginRefusal::Customer),
        }
    }
}

impl World {
    /// Logs an account in and returns the value of the session cookie. Addresses differ by more than case.
    pub(crate) fn log_in(&mut self, email: &str) -> Result<String, LoginRefusal> {
        let email = email.trim();
        let mut accounts = self.accounts.values();
        let account = accounts.find(|account| !email.is_empty() && account.email.eq_ignore_ascii_case(email));
        let account = account.ok_or(LoginRefusal::Unknown)?;
        account.may_log_in()?;
        let session = random::secret("session-", 40);
        self.sessions.0.insert(session.clone(), account.account_id.clone());
        Ok(session)
    }

    /// Whoever is logged in with this session cookie; nobody any more once the account can no longer log in.
    pub(crate) fn logged_in(&self, session: &str) -> Option<&Account> {
        let account = self.accounts.get(self.sessions.0.get(session)?)?;
        account.may_log_in().is_ok().then_some(account)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sandbox::world::seeded;

    #[test]
    fn only_people_with_an_active_account_log_in() {
        let mut world = seeded().unwrap();
        let mut refusal = |email: &str| world.log_in(email).err();
        assert_eq!(refusal(" Jira-Bot@acme.example "), None);
        assert_eq!(refusal("nobody@acme.example"), Some(LoginRefusal::Unknown));
        assert_eq!(refusal(""), Some(LoginRefusal::Unknown));
        assert_eq!(refusal("left@acme.example"), Some(LoginRefusal::Deactivated));
        assert_eq!(refusal("casey@customer.example"), Some(LoginRefusal::Customer));
        let service = "348c658682ae8701d3e9@serviceaccount.atlassian.com";
        assert_eq!(refusal(service), Some(LoginRefusal::ServiceAccount));
    }

    #[test]
    fn a_session_ends_with_the_account() {
        let mut world = seeded().unwrap();
        let session = world.log_in("dana@acme.example").unwrap();
        let id = world.logged_in(&session).unwrap().account_id.clone();
        assert!(world.logged_in("session-of-nobody").is_none());
        world.accounts.get_mut(&id).unwrap().active = false;
        assert!(world.logged_in(&session).is_none());
    }
}
