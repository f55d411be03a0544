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
        // Accounts are asked for by their ids, which needs no such right.
        let wrong = pinned_wrong(pinned, evidence).filter(|wrong| wrong.reason != Reason::SiteUnavailable);
        let also = wrong
            .map(|wrong| format!(" Also: {}", wrong.first_sentence()))
            .unwrap_or_default();
        let what = format!("The account may not browse users, so nobody can be looked up by e-mail address.{also}");
        return Finding::with_remedy(DirectoryReadable, Reason::UserBrowsingDenied, &what);
    }
    if let Some(wrong) = pinned_wrong(pinned, evidence) {
        return wrong;
    }
    let also = match pinned.len() {
        0 => String::new(),
        1 => " The one pinned account exists and is active.".to_owned(),
        count => format!(" All {count} pinned accounts exist and are active."),
    };
    let message = format!("The account may browse users.{also}");
    Finding::new(DirectoryReadable, Reason::UsersReadable, message)
}

/// What is wrong with the accounts that are pinned.
fn pinned_wrong(pinned: &[PinnedUser], evidence: &DirectoryEvidence) -> Option<Finding> {
    let known = match &evidence.pinned {
        Ok(known) => known,
        Err(error) => return Some(unavailable(DirectoryReadable, error)),
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
        some => format!(" Not active: {}.", enumerate(some, 2)),
    };
    if !missing.is_empty() {
        let what = format!(
            "The site knows no account with the accountId pinned for {}.{inactive_too}",
            enumerate(&missing, 2)
        );
        return Some(Finding::with_remedy(
            DirectoryReadable,
            Reason::PinnedUserNotFound,
            &what,
        ));
    }
    (!inactive.is_empty()).then(|| {
        let what = format!("The account pinned for {} is not active.", enumerate(&inactive, 2));
        Finding::with_remedy(DirectoryReadable, Reason::PinnedUserInactive, &what)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::atlassian::{error::JiraError, models::User};

    fn pinned(people: &[&str]) -> Vec<PinnedUser> {
        let person = |name: &&str| PinnedUser {
            email: format!("{name}@acme.example"),
            account_id: format!("id-{name}"),
        };
        people.iter().map(person).collect()
    }

    /// Accounts of the site; a deactivated one is written with a dash before it.
    fn known(people: &[&str]) -> Vec<User> {
        let user = |name: &&str| {
            let id = format!("id-{}", name.trim_start_matches('-'));
            serde_json::from_value(serde_json::json!({"accountId": id, "active": !name.starts_with('-')})).unwrap()
        };
        people.iter().map(user).collect()
    }

    #[test]
    fn who_is_pinned_exists_and_is_active() {
        use Reason::*;
        /// Whether users may be browsed, who is pinned, whom the site knows.
        type Given<'a> = (bool, &'a [&'a str], &'a [&'a str]);
        let table: &[(Given<'_>, Reason, &[&str])] = &[
            ((true, &[], &[]), UsersReadable, &["may browse users."]),
            ((true, &["ann"], &["ann"]), UsersReadable, &["The one pinned"]),
            (
                (true, &["ann", "bob"], &["bob", "ann", "-eve"]),
                UsersReadable,
                &["All 2 pinned"],
            ),
            ((false, &[], &[]), UserBrowsingDenied, &["Browse users"]),
            // Accounts are asked for by their ids, which needs no right.
            (
                (false, &["ann"], &[]),
                UserBrowsingDenied,
                &[
                    "may not browse users",
                    "Also: The site knows no account with the accountId pinned for ann@acme.example.",
                ],
            ),
            (
                (false, &["ann"], &["ann"]),
                UserBrowsingDenied,
                &["may not browse users"],
            ),
            ((true, &["ann"], &["bob"]), PinnedUserNotFound, &["ann@acme.example"]),
            ((true, &["ann"], &["-ann"]), PinnedUserInactive, &["ann@acme.example"]),
            (
                (true, &["ann", "bob"], &["-bob"]),
                PinnedUserNotFound,
                &["ann@acme.example", "Not active: bob@acme.example."],
            ),
            (
                (true, &["ann", "bob", "cat"], &[]),
                PinnedUserNotFound,
                &["ann@acme.example, bob@acme.example and 1 more"],
            ),
        ];
        for ((may_browse, people, site), reason, said) in table {
            let evidence = DirectoryEvidence {
                may_browse: *may_browse,
                pinned: Ok(known(site)),
            };
            let finding = judge(&pinned(people), &evidence);
            assert_eq!(finding.reason, *reason, "{people:?} among {site:?}");
            for part in *said {
                assert!(finding.message().contains(part), "{}", finding.message());
            }
        }
    }

    #[test]
    fn an_outage_says_nothing_about_anybody() {
        let evidence = DirectoryEvidence {
            may_browse: true,
            pinned: Err(JiraError::Forbidden("You may not do that.".into())),
        };
        let finding = judge(&pinned(&["ann"]), &evidence);
        assert_eq!(finding.reason, Reason::SiteUnavailable);
        assert!(
            finding.message().contains("403: You may not do that. It is"),
            "{}",
            finding.message()
        );
    }
}
