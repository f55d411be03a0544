//! Who is meant by an e-mail address: who is pinned, else who shows exactly this address, else
//! nobody, with the reason. A display name is chosen by its owner and never matches.

use thiserror::Error;

use crate::{api::integration::PinnedUser, atlassian::models::User};

/// Why an address matches no account.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoMatch {
    /// It is a name, and names prove nothing.
    #[error("\"{0}\" is no e-mail address, and a display name, which its owner chooses, matches nobody")]
    NotAnAddress(String),
    /// The account exists and is deactivated.
    #[error("the account of {0} is deactivated")]
    Inactive(String),
    /// Nobody shows it, and some show none.
    #[error("nobody shows the address {email}, and {hidden} people hide theirs; pin the account in spec.users.pinned")]
    EmailHidden {
        /// The address.
        email: String,
        /// How many active people hide theirs.
        hidden: usize,
    },
    /// Nobody has it.
    #[error("no account has this address")]
    NotInDirectory(String),
    /// Several show it.
    #[error("{count} active accounts show the address {email}; pin one in spec.users.pinned")]
    Ambiguous {
        /// The address.
        email: String,
        /// How many.
        count: usize,
    },
}

/// The account id of the person with this address.
///
/// # Errors
/// The reason why it matches none.
pub fn account_of<'a>(
    email: &str,
    pinned: &'a [PinnedUser],
    people: impl Iterator<Item = &'a User> + Clone,
) -> Result<&'a str, NoMatch> {
    let email = email.trim();
    let same = |other: &str| other.trim().to_lowercase() == email.to_lowercase();
    if let Some(pin) = pinned.iter().find(|pin| same(&pin.email)) {
        let deactivated = |person: &User| person.account_id == pin.account_id && !person.active;
        return match people.clone().find(|person| deactivated(person)) {
            Some(_) => Err(NoMatch::Inactive(email.to_owned())),
            None => Ok(&pin.account_id),
        };
    }
    if !email.contains('@') {
        return Err(NoMatch::NotAnAddress(email.to_owned()));
    }
    let shown = |person: &&User| is_person(person) && person.address().is_some_and(same);
    let found: Vec<&User> = people.clone().filter(shown).collect();
    let active: Vec<&User> = found.iter().copied().filter(|person| person.active).collect();
    let email = email.to_owned();
    match (active.as_slice(), found.is_empty()) {
        ([one], _) => Ok(&one.account_id),
        ([], false) => Err(NoMatch::Inactive(email)),
        ([], true) => {
            let hides = |person: &&User| is_person(person) && person.active && person.address().is_none();
            match people.filter(hides).count() {
                0 => Err(NoMatch::NotInDirectory(email)),
                hidden => Err(NoMatch::EmailHidden { email, hidden }),
            }
        }
        (several, _) => Err(NoMatch::Ambiguous {
            email,
            count: several.len(),
        }),
    }
}

/// Apps and customers of portals are nobody whom an address means.
fn is_person(user: &User) -> bool {
    user.account_type == "atlassian" && !user.is_customer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str, name: &str, email: Option<&str>, active: bool) -> User {
        User {
            account_id: id.into(),
            account_type: "atlassian".into(),
            display_name: name.into(),
            email_address: email.map(str::to_owned),
            active,
        }
    }

    fn site() -> Vec<User> {
        vec![
            person("1", "Ann Lee", Some("Ann@acme.example"), true),
            person("2", "Ann Lee", Some("ann.lee@acme.example"), true),
            person("3", "Lou Left", Some("left@acme.example"), false),
            person("4", "ann@acme.example", Some("trickster@acme.example"), true),
            person("5", "Devin", None, true),
        ]
    }

    fn pins() -> Vec<PinnedUser> {
        [
            ("devin@acme.example", "5"),
            ("Old@acme.example", "3"),
            ("new@acme.example", "9"),
        ]
        .map(|(email, id)| PinnedUser {
            email: email.into(),
            account_id: id.into(),
        })
        .into()
    }

    #[test]
    fn a_pin_goes_before_an_exact_address_and_case_does_not_matter() {
        let (people, pinned) = (site(), pins());
        let ask = |email: &str| account_of(email, &pinned, people.iter()).map(str::to_owned);
        assert_eq!(
            ask("ann@ACME.example"),
            Ok("1".into()),
            "and not who calls themselves so"
        );
        assert_eq!(ask("DEVIN@acme.example"), Ok("5".into()));
        assert_eq!(
            ask("new@acme.example"),
            Ok("9".into()),
            "the directory may not know it yet"
        );
        assert_eq!(
            ask("old@acme.example"),
            Err(NoMatch::Inactive("old@acme.example".into()))
        );
        assert_eq!(
            ask("left@acme.example"),
            Err(NoMatch::Inactive("left@acme.example".into()))
        );
        let pin = [PinnedUser {
            email: "ann@acme.example".into(),
            account_id: "2".into(),
        }];
        assert_eq!(account_of("ann@acme.example", &pin, people.iter()), Ok("2"));
    }

    #[test]
    fn a_name_matches_no_account_and_each_mismatch_has_a_reason() {
        let people = site();
        let ask = |email: &str| account_of(email, &[], people.iter());
        assert_eq!(ask("Devin"), Err(NoMatch::NotAnAddress("Devin".into())));
        let email = "ann@".to_owned();
        assert_eq!(
            ask("ann@"),
            Err(NoMatch::EmailHidden { email, hidden: 1 }),
            "a part is not enough"
        );
        let all_shown: Vec<User> = site().into_iter().filter(|p| p.email_address.is_some()).collect();
        let nobody = account_of("x@acme.example", &[], all_shown.iter());
        assert_eq!(nobody, Err(NoMatch::NotInDirectory("x@acme.example".into())));
        let twice = [person("1", "A", Some("a@b"), true), person("2", "A", Some("A@b"), true)];
        let both = account_of("a@b", &[], twice.iter());
        assert_eq!(
            both,
            Err(NoMatch::Ambiguous {
                email: "a@b".into(),
                count: 2
            })
        );
    }
}
