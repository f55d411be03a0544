//! Accounts: people, apps and portal customers, by `accountType` and `appType`.

use serde::{Deserialize, Serialize};

/// The value of `accountType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountType {
    /// A person with an Atlassian account.
    #[default]
    Atlassian,
    /// An app, a managed service account or an agent.
    App,
    /// A customer of a service desk's portal.
    Customer,
    /// Unknown to Jira.
    Unknown,
}

impl AccountType {
    /// The value as it stands in an answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Atlassian => "atlassian",
            Self::App => "app",
            Self::Customer => "customer",
            Self::Unknown => "unknown",
        }
    }
}

/// One account, the same on every site.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The account's only dependable name.
    pub account_id: String,
    /// E-mail address; empty for apps that have none.
    #[serde(default)]
    pub email: String,
    /// Whether the profile shows the address to others; `/myself` hides it alike.
    #[serde(default = "yes")]
    pub email_visible: bool,
    /// The self-chosen name.
    pub display_name: String,
    /// Kind of account.
    #[serde(default)]
    pub account_type: AccountType,
    /// Refines `app`: `service`, `agent` or `unknown`; absent for ordinary apps.
    pub app_type: Option<String>,
    /// Whether the account may log in.
    #[serde(default = "yes")]
    pub active: bool,
    /// Time zone of the profile (IANA).
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Language of the profile.
    #[serde(default = "english")]
    pub locale: String,
}

fn yes() -> bool {
    true
}

fn utc() -> String {
    "Etc/UTC".to_owned()
}

fn english() -> String {
    "en_GB".to_owned()
}

impl Account {
    /// A person's account with the usual settings.
    #[must_use]
    pub fn person(account_id: String, email: &str, display_name: &str) -> Self {
        Self {
            account_id,
            email: email.to_owned(),
            email_visible: true,
            display_name: display_name.to_owned(),
            account_type: AccountType::Atlassian,
            app_type: None,
            active: true,
            time_zone: utc(),
            locale: english(),
        }
    }

    /// The address as the REST API shows it. That of a managed service account is always visible.
    #[must_use]
    pub fn shown_email(&self) -> Option<&str> {
        let managed = self.email.ends_with("@serviceaccount.atlassian.com");
        let shown = !self.email.is_empty() && (self.email_visible || managed);
        shown.then_some(self.email.as_str())
    }
}
