//! Is it the right account, of the right kind, and may it use the site?

use super::unavailable;
use crate::{
    api::{
        condition::{ConditionType::AccountEligible, Finding},
        integration::{AccountStatus, ExpectedAccount},
        reason::Reason,
    },
    atlassian::{error::JiraError, models::Myself},
    diagnose::declared::DeclaredSpec,
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
        return Finding::new(AccountEligible, Reason::StandardAccount, belongs(account, kind));
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

/// Whose the grant is, and what of it.
fn belongs(account: &Myself, what: &str) -> String {
    format!("The grant belongs to {}{what}.", named(account))
}

fn is_service_account(account: &Myself) -> bool {
    let address = email(account).unwrap_or_default().to_lowercase();
    let kind = account.app_type.as_deref().unwrap_or_default();
    address.ends_with(SERVICE_ACCOUNT_SUFFIX) || kind.eq_ignore_ascii_case("service")
}

fn service_account(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let what = belongs(account, ", a managed service account");
    is_service_account(account).then_some((Reason::ManagedServiceAccount, what))
}

fn customer(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let is_customer = account.account_type == "customer" || account.account_id.starts_with(CUSTOMER_PREFIX);
    let what = belongs(account, ", a customer of the service portal");
    is_customer.then_some((Reason::PortalCustomerAccount, what))
}

fn app(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let is_app = account.account_type == "app" && !is_service_account(account);
    is_app.then_some((Reason::AppAccount, belongs(account, ", an app's account")))
}

fn inactive(account: &Myself, _: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let what = format!("Account {} is deactivated.", named(account));
    (!account.active).then_some((Reason::AccountInactive, what))
}

fn another(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let spec = expected.spec?;
    let (wanted, same) = match (&spec.account_id, &spec.email) {
        (Some(id), _) => (id, *id == account.account_id),
        (None, Some(email)) => (email, self::email(account)?.eq_ignore_ascii_case(email)),
        (None, None) => return None,
    };
    let address = email(account).filter(|_| spec.account_id.is_none());
    let address = address.map(|address| format!(" with the address {address}"));
    let address = address.unwrap_or_default();
    let what = belongs(account, &format!("{address}, but spec.account names {wanted}"));
    (!same && !expected.knows(account)).then_some((Reason::WrongAccount, what))
}

fn changed(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let wanted = expected.spec?.email.as_deref()?;
    let address = email(account).filter(|address| !address.eq_ignore_ascii_case(wanted))?;
    let now = format!(", as before, but its e-mail address is {address} now and no longer {wanted}");
    let what = belongs(account, &now);
    expected.knows(account).then_some((Reason::EmailChanged, what))
}

fn hidden(account: &Myself, expected: AccountExpectation<'_>) -> Option<(Reason, String)> {
    let by_email = expected.spec.filter(|e| e.account_id.is_none() && e.email.is_some());
    let what = belongs(account, ", whose e-mail address Jira does not show");
    (by_email.is_some() && email(account).is_none()).then_some((Reason::EmailHidden, what))
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

    type Change = fn(&mut Myself);

    fn expecting<'a>(spec: &'a ExpectedAccount, accepted: Option<&'a AccountStatus>) -> AccountExpectation<'a> {
        let spec = Some(spec);
        AccountExpectation { spec, accepted }
    }

    fn reason(spec: Option<&ExpectedAccount>, change: impl FnOnce(&mut Myself)) -> Reason {
        let mut account = person();
        change(&mut account);
        let accepted = None;
        judge(AccountExpectation { spec, accepted }, &Ok(account)).reason
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
        use Reason::*;
        let table: [(Option<&str>, Change, Reason); 7] = [
            (
                None,
                |a| a.email_address = Some("x@ServiceAccount.atlassian.com".into()),
                ManagedServiceAccount,
            ),
            (
                None,
                |a| (a.account_type, a.app_type) = ("app".into(), Some("service".into())),
                ManagedServiceAccount,
            ),
            (None, |a| a.account_type = "app".into(), AppAccount),
            (None, |a| a.account_id = "qm:1".into(), PortalCustomerAccount),
            (None, |a| a.active = false, AccountInactive),
            (Some("other@acme.example"), |_| (), WrongAccount),
            (Some("jira-bot@acme.example"), |a| a.email_address = None, EmailHidden),
        ];
        for (expected, change, told) in table {
            assert_eq!(reason(expected.map(by_email).as_ref(), change), told);
        }
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
        let finding = judge(expecting(&other, None), &Ok(account));
        assert_eq!(finding.reason, Reason::AppAccount);
        assert!(finding.message().contains("other@acme.example"));
    }

    /// An account keeps its id for ever, and its address only until somebody changes it.
    #[test]
    fn an_account_whose_address_changed_is_no_other_account() {
        let spec = by_email("Jira-Bot@acme.example");
        let first = judge(expecting(&spec, None), &Ok(person()));
        let accepted = remembered(&person(), expecting(&spec, None), &first);
        assert_eq!(accepted.spec_email.as_deref(), Some("Jira-Bot@acme.example"));

        let mut moved = person();
        moved.email_address = Some("jira-bot@newacme.example".into());
        let finding = judge(expecting(&spec, Some(&accepted)), &Ok(moved.clone()));
        assert_eq!(finding.reason, Reason::EmailChanged);
        assert!(
            finding.message().contains("jira-bot@newacme.example now"),
            "{}",
            finding.message()
        );
        let still = remembered(&moved, expecting(&spec, Some(&accepted)), &finding);
        assert_eq!(still.spec_email, accepted.spec_email);

        // Another account, and another address in the spec, are what they were.
        let mut other = moved.clone();
        other.account_id = "5b11".into();
        let wrong = judge(expecting(&spec, Some(&accepted)), &Ok(other.clone()));
        assert_eq!(wrong.reason, Reason::WrongAccount);
        assert!(
            wrong.message().contains("with the address jira-bot@newacme.example"),
            "{}",
            wrong.message()
        );
        let wrongly = remembered(&other, expecting(&spec, Some(&accepted)), &wrong);
        assert_eq!(
            judge(expecting(&spec, Some(&wrongly)), &Ok(other)).reason,
            Reason::WrongAccount,
            "nor the second time"
        );
        let changed = by_email("somebody@acme.example");
        assert_eq!(
            judge(expecting(&changed, Some(&accepted)), &Ok(person())).reason,
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
