//! Is it the right account, of the right kind, and may it use the site?

use super::unavailable;
use crate::{
    api::{
        condition::{ConditionType::AccountEligible, Finding},
        integration::{AccountStatus, ExpectedAccount},
        reason::Reason,
    },
    atlassian::{error::JiraError, models::Myself},
    diagnose::evidence::DeclaredSpec,
};

/// Where managed service accounts have their e-mail addresses.
const SERVICE_ACCOUNT_SUFFIX: &str = "@serviceaccount.atlassian.com";
/// How portal customers' account ids begin.
const CUSTOMER_PREFIX: &str = "qm:";

/// Which account is expected.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountExpectation<'a> {
    /// spec.account.
    pub spec: Option<&'a ExpectedAccount>,
    /// The account that was accepted before.
    pub accepted: Option<&'a AccountStatus>,
}

/// A check of the account: the finding, where it applies.
type AccountPolicy = fn(&Myself, AccountExpectation<'_>) -> Option<(Reason, String)>;

/// The checks, gravest first.
const POLICIES: &[AccountPolicy] = &[service_account, customer, app, inactive, another, changed, hidden];

impl<'a> AccountExpectation<'a> {
    /// Which account a declaration expects.
    #[must_use]
    pub fn of(declared: &'a DeclaredSpec) -> Self {
        Self {
            spec: declared.account.as_ref(),
            accepted: declared.accepted.as_ref(),
        }
    }

    /// Whether the account is the one that was accepted before for the address that spec gives, so that of the
    /// two it is the account's that has changed.
    fn knows(self, account: &Myself) -> bool {
        let wanted = self.spec.filter(|spec| spec.account_id.is_none());
        let wanted = wanted.and_then(|spec| spec.email.as_deref());
        let of_it = self.accepted.filter(|known| known.account_id == account.account_id);
        let declared = of_it.and_then(|known| known.spec_email.as_deref());
        declared
            .zip(wanted)
            .is_some_and(|(declared, wanted)| declared.eq_ignore_ascii_case(wanted))
    }
}

/// Judges the account.
#[must_use]
pub fn judge(expected: AccountExpectation<'_>, answer: &Result<Myself, JiraError>) -> Finding {
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
        let kind = match account.account_type.as_str() {
            "atlassian" => "",
            _ => ", and Jira does not tell of which kind it is",
        };
        let message = format!("The grant belongs to {}{kind}.", named(account));
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
        ..AccountStatus::default()
    }
}

/// The same, with the address for which it was accepted.
#[must_use]
pub fn remembered(account: &Myself, expected: AccountExpectation<'_>, finding: &Finding) -> AccountStatus {
    let now = expected.spec.filter(|spec| spec.account_id.is_none());
    let before = expected.accepted.filter(|known| known.account_id == account.account_id);
    let spec_email = if finding.is_true() {
        now.and_then(|spec| spec.email.clone())
    } else {
        before.and_then(|known| known.spec_email.clone())
    };
    AccountStatus {
        spec_email,
        ..status(account)
    }
}

/// The e-mail address, where Jira shows one.
fn email(account: &Myself) -> Option<&str> {
    account.email_address.as_deref().filter(|email| !email.is_empty())
}

fn named(account: &Myself) -> String {
    format!("{} ({})", account.display_name, account.account_id)
}

fn service_account(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
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

fn customer(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
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

fn app(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let is_app = account.account_type == "app" && service_account(account, expected).is_none();
    is_app.then(|| {
        (
            Reason::AppAccount,
            format!("The grant belongs to {}, an app's account.", named(account)),
        )
    })
}

fn inactive(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
    (!account.active).then(|| {
        (
            Reason::AccountInactive,
            format!("Account {} is deactivated.", named(account)),
        )
    })
}

fn another(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let spec = expected.spec?;
    let (wanted, same) = match (&spec.account_id, &spec.email) {
        (Some(id), _) => (id, *id == account.account_id),
        (None, Some(email)) => (email, self::email(account)?.eq_ignore_ascii_case(email)),
        (None, None) => return None,
    };
    let address = email(account).filter(|_| spec.account_id.is_none());
    let address = address
        .map(|address| format!(" with the address {address}"))
        .unwrap_or_default();
    (!same && !expected.knows(account)).then(|| {
        (
            Reason::WrongAccount,
            format!(
                "The grant belongs to {}{address}, but spec.account names {wanted}.",
                named(account)
            ),
        )
    })
}

fn changed(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let wanted = expected.spec?.email.as_deref()?;
    let address = email(account).filter(|address| !address.eq_ignore_ascii_case(wanted))?;
    expected.knows(account).then(|| {
        let what = format!(
            "The grant belongs to {}, as before, but its e-mail address is {address} now and no longer {wanted}.",
            named(account)
        );
        (Reason::EmailChanged, what)
    })
}

fn hidden(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let by_email = expected.spec.filter(|e| e.account_id.is_none() && e.email.is_some());
    (by_email.is_some() && email(account).is_none()).then(|| {
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
        let expected = AccountExpectation {
            spec: expected,
            accepted: None,
        };
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
        let other = by_email("other@acme.example");
        let expected = AccountExpectation {
            spec: Some(&other),
            accepted: None,
        };
        let finding = judge(expected, &Ok(account));
        assert_eq!(finding.reason, Reason::AppAccount);
        assert!(finding.message().contains("other@acme.example"));
    }

    /// An account keeps its id for ever, and its address only until somebody changes it.
    #[test]
    fn an_account_whose_address_changed_is_no_other_account() {
        let spec = by_email("Jira-Bot@acme.example");
        let first = judge(
            AccountExpectation {
                spec: Some(&spec),
                accepted: None,
            },
            &Ok(person()),
        );
        let of = |spec, accepted| AccountExpectation {
            spec: Some(spec),
            accepted: Some(accepted),
        };
        let accepted = remembered(
            &person(),
            AccountExpectation {
                spec: Some(&spec),
                accepted: None,
            },
            &first,
        );
        assert_eq!(accepted.spec_email.as_deref(), Some("Jira-Bot@acme.example"));

        let mut moved = person();
        moved.email_address = Some("jira-bot@newacme.example".into());
        let finding = judge(of(&spec, &accepted), &Ok(moved.clone()));
        assert_eq!(finding.reason, Reason::EmailChanged);
        assert!(
            finding.message().contains("jira-bot@newacme.example now"),
            "{}",
            finding.message()
        );
        let still = remembered(&moved, of(&spec, &accepted), &finding);
        assert_eq!(still.spec_email, accepted.spec_email);

        // Another account, and another address in the spec, are what they were.
        let mut other = moved.clone();
        other.account_id = "5b11".into();
        let wrong = judge(of(&spec, &accepted), &Ok(other.clone()));
        assert_eq!(wrong.reason, Reason::WrongAccount);
        assert!(
            wrong.message().contains("with the address jira-bot@newacme.example"),
            "{}",
            wrong.message()
        );
        let wrongly = remembered(&other, of(&spec, &accepted), &wrong);
        assert_eq!(
            judge(of(&spec, &wrongly), &Ok(other)).reason,
            Reason::WrongAccount,
            "nor the second time"
        );
        let changed = by_email("somebody@acme.example");
        assert_eq!(
            judge(of(&changed, &accepted), &Ok(person())).reason,
            Reason::WrongAccount
        );
    }

    #[test]
    fn an_account_of_untold_kind_is_called_nothing_else() {
        let mut account = person();
        account.account_type = "unknown".into();
        let finding = judge(AccountExpectation::default(), &Ok(account));
        assert_eq!(finding.reason, Reason::StandardAccount);
        assert!(
            finding.message().contains("does not tell of which kind"),
            "{}",
            finding.message()
        );
    }
}
