//! Is it the right account, of the right kind, and may it use the site?

use super::unavailable;
use crate::{
    api::{
        condition::{ConditionType::AccountEligible, Finding},
        integration::{AccountStatus, ExpectedAccount},
        reason::Reason,
    },
    atlassian::{error::JiraError, models::Myself},
};

/// Where managed service accounts have their e-mail addresses.
const SERVICE_ACCOUNT_SUFFIX: &str = "@serviceaccount.atlassian.com";
/// How portal customers' account ids begin.
const CUSTOMER_PREFIX: &str = "qm:";

/// A check of the account: the finding, where it applies.
type Policy = fn(&Myself, Option<&ExpectedAccount>) -> Option<(Reason, String)>;

/// The checks, gravest first.
const POLICIES: &[Policy] = &[service_account, customer, app, inactive, another, hidden];

/// Judges the account.
#[must_use]
pub fn judge(expected: Option<&ExpectedAccount>, answer: &Result<Myself, JiraError>) -> Finding {
    let account = match answer {
        Ok(account) => account,
        Err(JiraError::Unauthorized(_) | JiraError::Forbidden(_) | JiraError::NotFound(_)) => {
            return Finding::with_remedy(
                AccountEligible,
                Reason::NoProductAccess,
                "The token is good and the site is granted, but Jira refuses the account: it has no product access, or the site restricts it.",
            );
        }
        Err(error) => return unavailable(AccountEligible, error),
    };
    let mut found = POLICIES.iter().filter_map(|policy| policy(account, expected));
    let Some((reason, what)) = found.next() else {
        let message = format!("The grant belongs to {}.", named(account));
        return Finding::new(AccountEligible, Reason::StandardAccount, message);
    };
    // The gravest stands; a further one is worth a word, unless the first explains it.
    let also: String = found.map(|(_, what)| format!(" {what}")).collect();
    Finding::with_remedy(AccountEligible, reason, &format!("{what}{also}"))
}

/// The finding for an account whose id, as a status tells it, is not the expected one.
#[must_use]
pub fn another_than(expected: &ExpectedAccount, known: &AccountStatus) -> Finding {
    let wanted = expected.account_id.as_ref().or(expected.email.as_ref());
    let what = format!(
        "The grant belongs to {} ({}), but spec.account names {}.",
        known.display_name,
        known.account_id,
        wanted.map(String::as_str).unwrap_or_default()
    );
    Finding::with_remedy(AccountEligible, Reason::WrongAccount, &what)
}

/// The account as a status tells it.
#[must_use]
pub fn status(account: &Myself) -> AccountStatus {
    AccountStatus {
        account_id: account.account_id.clone(),
        display_name: account.display_name.clone(),
        account_type: account.account_type.clone(),
    }
}

/// The e-mail address, where Jira shows one.
fn email(account: &Myself) -> Option<&str> {
    account.email_address.as_deref().filter(|email| !email.is_empty())
}

fn named(account: &Myself) -> String {
    format!("{} ({})", account.display_name, account.account_id)
}

fn service_account(account: &Myself, _: Option<&ExpectedAccount>) -> Option<(Reason, String)> {
    let by_email = account
        .email_address
        .as_ref()
        .is_some_and(|email| email.to_lowercase().ends_with(SERVICE_ACCOUNT_SUFFIX));
    let by_type = account
        .app_type
        .as_deref()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("service"));
    (by_email || by_type).then(|| {
        (
            Reason::ManagedServiceAccount,
            format!("The grant belongs to {}, a managed service account.", named(account)),
        )
    })
}

fn customer(account: &Myself, _: Option<&ExpectedAccount>) -> Option<(Reason, String)> {
    let is_customer = account.account_type == "customer" || account.account_id.starts_with(CUSTOMER_PREFIX);
    is_customer.then(|| {
        (
            Reason::PortalCustomerAccount,
            format!(
                "The grant belongs to {}, a customer of the service portal.",
                named(account)
            ),
        )
    })
}

fn app(account: &Myself, expected: Option<&ExpectedAccount>) -> Option<(Reason, String)> {
    let is_app = account.account_type == "app" && service_account(account, expected).is_none();
    is_app.then(|| {
        (
            Reason::AppAccount,
            format!("The grant belongs to {}, an app's account.", named(account)),
        )
    })
}

fn inactive(account: &Myself, _: Option<&ExpectedAccount>) -> Option<(Reason, String)> {
    (!account.active).then(|| {
        (
            Reason::AccountInactive,
            format!("Account {} is deactivated.", named(account)),
        )
    })
}

fn another(account: &Myself, expected: Option<&ExpectedAccount>) -> Option<(Reason, String)> {
    let expected = expected?;
    let (wanted, same) = match (&expected.account_id, &expected.email) {
        (Some(id), _) => (id, *id == account.account_id),
        (None, Some(email)) => (email, self::email(account)?.eq_ignore_ascii_case(email)),
        (None, None) => return None,
    };
    (!same).then(|| {
        (
            Reason::WrongAccount,
            format!(
                "The grant belongs to {}, but spec.account names {wanted}.",
                named(account)
            ),
        )
    })
}

fn hidden(account: &Myself, expected: Option<&ExpectedAccount>) -> Option<(Reason, String)> {
    let expected = expected.filter(|e| e.account_id.is_none() && e.email.is_some());
    (expected.is_some() && email(account).is_none()).then(|| {
        (
            Reason::EmailHidden,
            format!(
                "The grant belongs to {}, whose e-mail address Jira does not show.",
                named(account)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn person() -> Myself {
        serde_json::from_value(serde_json::json!({
            "accountId": "5b10", "accountType": "atlassian", "displayName": "Bot",
            "emailAddress": "Jira-Bot@acme.example", "active": true
        }))
        .unwrap()
    }

    fn reason(expected: Option<&ExpectedAccount>, change: impl FnOnce(&mut Myself)) -> Reason {
        let mut account = person();
        change(&mut account);
        judge(expected, &Ok(account)).reason
    }

    fn by_email(email: &str) -> ExpectedAccount {
        ExpectedAccount {
            email: Some(email.into()),
            account_id: None,
        }
    }

    #[test]
    fn an_ordinary_account_is_eligible_whatever_the_case_of_its_address() {
        assert_eq!(reason(None, |_| ()), Reason::StandardAccount);
        assert_eq!(
            reason(Some(&by_email("jira-bot@ACME.example")), |_| ()),
            Reason::StandardAccount
        );
    }

    #[test]
    fn each_kind_of_account_is_told_apart() {
        let service_mail = |a: &mut Myself| a.email_address = Some("x@ServiceAccount.atlassian.com".into());
        assert_eq!(reason(None, service_mail), Reason::ManagedServiceAccount);
        let service_type = |a: &mut Myself| {
            a.account_type = "app".into();
            a.app_type = Some("service".into());
        };
        assert_eq!(reason(None, service_type), Reason::ManagedServiceAccount);
        assert_eq!(reason(None, |a| a.account_type = "app".into()), Reason::AppAccount);
        assert_eq!(
            reason(None, |a| a.account_id = "qm:1".into()),
            Reason::PortalCustomerAccount
        );
        assert_eq!(reason(None, |a| a.active = false), Reason::AccountInactive);
        assert_eq!(
            reason(Some(&by_email("other@acme.example")), |_| ()),
            Reason::WrongAccount
        );
        assert_eq!(
            reason(Some(&by_email("jira-bot@acme.example")), |a| a.email_address = None),
            Reason::EmailHidden
        );
    }

    #[test]
    fn the_account_id_decides_alone() {
        let both = ExpectedAccount {
            email: Some("other@acme.example".into()),
            account_id: Some("5b10".into()),
        };
        assert_eq!(reason(Some(&both), |a| a.email_address = None), Reason::StandardAccount);
    }

    #[test]
    fn the_gravest_stands_and_the_message_names_all() {
        let mut account = person();
        account.account_type = "app".into();
        let finding = judge(Some(&by_email("other@acme.example")), &Ok(account));
        assert_eq!(finding.reason, Reason::AppAccount);
        assert!(finding.message.contains("other@acme.example"));
    }
}
