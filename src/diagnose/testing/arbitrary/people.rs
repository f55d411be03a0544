//! The account that asks, and the people it asks about.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::answers::{answer, text};
use crate::{
    api::integration::{AccountStatus, ExpectedAccount, PinnedUser},
    atlassian::models::{Myself, User},
    diagnose::evidence::{DirectoryEvidence, PersonEvidence, Raising},
};

fn account_id() -> BoxedStrategy<String> {
    let few = select(vec!["5b10", "712020:1", "712020:2", "qm:1:2"]);
    prop_oneof![5 => few.prop_map(str::to_owned), 1 => text()].boxed()
}

fn email() -> BoxedStrategy<String> {
    let few = select(vec![
        "jira-bot@acme.example",
        "Ann@acme.example",
        "ann@acme.example",
        "x@serviceaccount.atlassian.com",
        "",
    ]);
    prop_oneof![5 => few.prop_map(str::to_owned), 1 => text()].boxed()
}

fn kind() -> BoxedStrategy<String> {
    prop_oneof![
        6 => Just("atlassian".to_owned()),
        1 => Just("app".to_owned()),
        1 => Just("customer".to_owned()),
        1 => text()
    ]
    .boxed()
}

/// spec.account.
pub fn expected() -> BoxedStrategy<ExpectedAccount> {
    let both = (option::of(email()), option::of(account_id()));
    both.prop_map(|(email, account_id)| ExpectedAccount { email, account_id })
        .boxed()
}

/// The account that was accepted before for an address.
pub fn accepted(expected: &ExpectedAccount) -> Option<AccountStatus> {
    Some(AccountStatus {
        spec_email: Some(expected.email.clone()?),
        account_id: "5b10".into(),
        ..AccountStatus::default()
    })
}

/// The account that holds the grant.
pub fn myself() -> BoxedStrategy<Myself> {
    let kinds = (kind(), option::weighted(0.2, select(vec!["service", "agent"])));
    let shown = (text(), option::of(email()), prop::bool::weighted(0.9));
    (account_id(), kinds, shown)
        .prop_map(|(account_id, kinds, shown)| Myself {
            account_id,
            account_type: kinds.0,
            app_type: kinds.1.map(str::to_owned),
            display_name: shown.0,
            email_address: shown.1,
            active: shown.2,
        })
        .boxed()
}

/// An account that nothing speaks against.
pub fn ordinary() -> Myself {
    Myself {
        account_id: "5b10".into(),
        account_type: "atlassian".into(),
        app_type: None,
        display_name: "Jira Bot".into(),
        email_address: None,
        active: true,
    }
}

fn user() -> BoxedStrategy<User> {
    (account_id(), kind(), text(), option::of(email()), any::<bool>())
        .prop_map(|(account_id, account_type, display_name, email_address, active)| User {
            account_id,
            account_type,
            display_name,
            email_address,
            active,
        })
        .boxed()
}

/// spec.users.pinned.
pub fn pinned() -> BoxedStrategy<Vec<PinnedUser>> {
    let person = (email(), account_id()).prop_map(|(email, account_id)| PinnedUser { email, account_id });
    vec(person, 0..4).boxed()
}

/// What was answered about people.
pub fn directory() -> BoxedStrategy<DirectoryEvidence> {
    (prop::bool::weighted(0.8), answer(vec(user(), 0..4)))
        .prop_map(|(may_browse, pinned)| DirectoryEvidence { may_browse, pinned })
        .boxed()
}

/// What was answered about one person and one project.
pub fn person() -> BoxedStrategy<PersonEvidence> {
    let asked = (email(), text(), option::of(account_id()));
    let found = (answer(any::<bool>()), answer(vec(user(), 0..4)), any::<bool>());
    let raising = select(vec![
        Raising::Allowed,
        Raising::Denied,
        Raising::Untold,
        Raising::NoRequestType,
    ]);
    let able = (
        option::of(answer(any::<bool>())),
        option::of(answer(raising)),
        answer(any::<bool>()),
    );
    (asked, found, able)
        .prop_map(|(asked, found, able)| PersonEvidence {
            email: asked.0,
            project: asked.1,
            pinned: asked.2,
            may_browse: found.0,
            found: found.1,
            looked_through: found.2,
            service_project: able.2,
            assignable: able.0,
            may_raise: able.1,
        })
        .boxed()
}
