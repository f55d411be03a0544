//! What evidence a finding about a person needs, said a second time and independently of the judge.

use crate::{
    atlassian::{error::JiraError, models::User},
    diagnose::{
        evidence::{PersonEvidence, Raising},
        judge::person::PersonReason::{self, *},
    },
};

/// Whether the evidence shows what is found about the person.
pub fn backs_person(evidence: &PersonEvidence, reason: PersonReason) -> bool {
    let users: &[User] = evidence.found.as_deref().unwrap_or_default();
    let hides = |user: &User| user.email_address.as_deref().unwrap_or_default().is_empty();
    let shows = |user: &User| {
        let address = user.email_address.as_deref().unwrap_or_default();
        !address.is_empty() && address.eq_ignore_ascii_case(&evidence.email)
    };
    let meant = |user: &&User| evidence.pinned.is_some() || shows(user) || hides(user);
    let unseen = |error: &JiraError| matches!(error, JiraError::NotFound(_) | JiraError::Forbidden(_));
    match reason {
        PersonNotLookedUp => evidence.may_browse != Ok(true),
        PersonNotFound => evidence.found.is_ok() && !users.iter().any(|user| meant(&user)),
        PersonInactive => users.iter().filter(meant).any(|user| !user.active),
        PersonEmailHidden => evidence.pinned.is_none() && users.iter().any(hides) && !users.iter().any(shows),
        PersonProjectNotVisible => {
            let project = evidence.service_project.as_ref().err();
            let assigned = evidence.assignable.as_ref().and_then(|answer| answer.as_ref().err());
            project.is_some_and(unseen) || assigned.is_some_and(unseen)
        }
        PersonNotAssignable => evidence.assignable == Some(Ok(false)) && evidence.may_browse == Ok(true),
        RequestsForOthersDenied => evidence.may_raise == Some(Ok(Raising::Denied)),
        PersonNotAsked => {
            let untold = [Raising::Untold, Raising::NoRequestType];
            let raising = evidence.may_raise.as_ref();
            let raising = raising.is_some_and(|answer| answer.as_ref().map_or(true, |told| untold.contains(told)));
            let assignable = evidence.assignable.as_ref().is_some_and(Result::is_err);
            let account = evidence.found.is_err() || evidence.may_browse.is_err();
            account || assignable || raising || evidence.service_project.is_err()
        }
        PersonUsable => {
            let assigned = evidence.assignable.as_ref().is_none_or(|answer| *answer == Ok(true));
            let raised = evidence.may_raise.as_ref();
            let raised = raised.is_none_or(|answer| *answer == Ok(Raising::Allowed));
            let known = users.iter().filter(meant).any(|user| user.active);
            known && assigned && raised && evidence.service_project.is_ok()
        }
    }
}
