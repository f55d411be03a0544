//! `DirectoryReadable`: whether people can be looked up.

use super::Guide;

pub(super) static USER_BROWSING_DENIED: Guide = Guide {
    found: "Jira was asked whether the account holds the global permission (key `USER_PICKER`), and it does not. Without it Jira answers every search for people with an empty list and no error, so that a person who exists looks like one who does not.",
    apart: &[
        "Global permissions go to groups, never to single accounts: the account is in no group that has it. Sites that share projects with outsiders often take it from the default groups.",
    ],
    mend: &[
        "As a Jira admin: *Settings* (cog) → *System* → *Global permissions* → *Browse users and groups* → add a group that the account is in.",
        "Groups are managed by an organization admin: Atlassian Administration → *Directory* → *Groups*.",
        "Without that permission: give the accounts of the people in question in `spec.users.pinned`.",
    ],
    operator: "It looks nobody up by e-mail address. Pinned people work without it.",
    terms: &[
        "`USER_PICKER`",
        "Browse Users",
        "user not found",
        "user search is empty",
    ],
};

pub(super) static PINNED_USER_NOT_FOUND: Guide = Guide {
    found: "Jira was asked for the pinned account ids, and left this one out of its answer: the site knows no such account. It does not say whether it ever did.",
    apart: &[
        "*Mistyped*: an account id usually is 24 letters and digits, or a number, a colon and a longer id. An e-mail address or a display name is none.",
        "*Of another site*: the account never had access here.",
        "*Deleted*: the account was closed for good by its owner or the organization.",
    ],
    mend: &["Step by step: [How to find an account id](#how-to-find-an-account-id)."],
    operator: "The other pinned people are used.",
    terms: &["accountId", "user key"],
};

pub(super) static PINNED_USER_INACTIVE: Guide = Guide {
    found: "Jira was asked for the pinned account ids, and calls this one not active.",
    apart: &[
        "*Deleted*: Jira goes on showing the account as *Former user*. It cannot come back; remove it, or pin the account that the person has now.",
        "The person left, or their access was suspended. Atlassian Administration → *Directory* → *Users* shows which.",
    ],
    mend: &["The steps for reactivating are those of [AccountInactive](#accountinactive)."],
    operator: "It assigns and reports nothing to the account. The other pinned people are used.",
    terms: &["deactivated user", "former user"],
};
