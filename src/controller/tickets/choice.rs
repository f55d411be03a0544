//! What a person says of issues of which it cannot be told whether one is the ticket of an object.

use kube::ResourceExt;

use super::conclude::TicketOutcome;
use crate::{
    api::{
        condition::{ConditionType::Created, Finding},
        issue::JiraIssue,
        names,
        reason::Reason,
    },
    tickets::Doubt,
};

/// Most keys that are named.
const NAMED: usize = 10;

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'d> {
    /// This one is.
    Adopt(&'d str),
    /// None is: another one is created, under this number.
    CreateAnyway(i64),
    /// Nothing yet.
    None,
}

/// Only a key that is in question is taken over, and only the creation that is in question is repeated.
pub fn chosen<'d>(object: &JiraIssue, doubt: &'d Doubt) -> Choice<'d> {
    let said = |annotation| object.annotations().get(annotation).map(|said| said.trim());
    let adopted = said(names::ADOPT).and_then(|key| doubt.keys.iter().find(|known| *known == key));
    let next = doubt.number + 1;
    let repeats = said(names::CREATE_ANYWAY).is_some_and(|number| number.parse() == Ok(next));
    match (adopted, repeats) {
        (Some(key), _) => Choice::Adopt(key),
        (None, true) => Choice::CreateAnyway(next),
        (None, false) => Choice::None,
    }
}

/// What is said until then.
pub fn uncertain(doubt: &Doubt) -> TicketOutcome {
    let named = doubt.keys.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>();
    let more = match doubt.keys.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" or one of {more} more"),
    };
    let (keys, next) = (named.join(" or "), doubt.number + 1);
    let what = format!("The ticket may be {keys}{more}; another one would be number {next}.");
    TicketOutcome::of(Finding::with_remedy(Created, Reason::CreationUncertain, &what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_chooses_a_key_in_question_or_the_next_number() {
        let doubt = Doubt {
            keys: vec!["SUP-1".into(), "SUP-2".into()],
            number: 2,
        };
        let said = |annotation: &str, value: &str| {
            let mut object = JiraIssue::new("a", crate::api::issue::JiraIssueSpec::default());
            object.annotations_mut().insert(annotation.to_owned(), value.to_owned());
            object
        };
        assert_eq!(chosen(&said(names::ADOPT, " SUP-2 "), &doubt), Choice::Adopt("SUP-2"));
        assert_eq!(chosen(&said(names::ADOPT, "SUP-3"), &doubt), Choice::None);
        assert_eq!(
            chosen(&said(names::CREATE_ANYWAY, "3"), &doubt),
            Choice::CreateAnyway(3)
        );
        // An answer to an earlier question is none to this one.
        assert_eq!(chosen(&said(names::CREATE_ANYWAY, "2"), &doubt), Choice::None);
        assert_eq!(chosen(&said("other", "3"), &doubt), Choice::None);
        assert!(
            uncertain(&doubt)
                .findings
                .iter()
                .any(|finding| finding.message().contains("number 3"))
        );
    }
}
