//! Can people be looked up?

use super::{enumerate, unavailable};
use crate::{
    api::{
        condition::{ConditionType::DirectoryReadable, Finding},
        integration::PinnedUser,
        reason::Reason,
    },
    diagnose::evidence::DirectoryEvidence,
};

/// Judges the directory.
#[must_use]
pub fn judge(pinned: &[PinnedUser], evidence: &DirectoryEvidence) -> Finding {
    if !evidence.may_browse {
        let what = "The account may not browse users, so nobody can be looked up by e-mail address.";
        return Finding::with_remedy(DirectoryReadable, Reason::UserBrowsingDenied, what);
    }
    let known = match &evidence.pinned {
        Ok(known) => known,
        Err(error) => return unavailable(DirectoryReadable, error),
    };
    let account = |person: &PinnedUser| known.iter().find(|user| user.account_id == person.account_id);
    let emails = |test: &dyn Fn(&PinnedUser) -> bool| -> Vec<String> {
        let found = pinned.iter().filter(|person| test(person));
        found.map(|person| person.email.clone()).collect()
    };
    let missing = emails(&|person| account(person).is_none());
    let inactive = emails(&|person| account(person).is_some_and(|user| !user.active));
    let inactive_too = match inactive.as_slice() {
        [] => String::new(),
        some => format!(" Deactivated: {}.", enumerate(some, 2)),
    };
    if !missing.is_empty() {
        let what = format!(
            "The site knows no account with the accountId pinned for {}.{inactive_too}",
            enumerate(&missing, 2)
        );
        return Finding::with_remedy(DirectoryReadable, Reason::PinnedUserNotFound, &what);
    }
    if !inactive.is_empty() {
        let what = format!("The account pinned for {} is deactivated.", enumerate(&inactive, 2));
        return Finding::with_remedy(DirectoryReadable, Reason::PinnedUserInactive, &what);
    }
    let also = match pinned.len() {
        0 => String::new(),
        count => format!(" All {count} pinned accounts exist and are active."),
    };
    let message = format!("The account may browse users.{also}");
    Finding::new(DirectoryReadable, Reason::UsersReadable, message)
}
