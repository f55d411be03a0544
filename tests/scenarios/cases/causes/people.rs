//! People who cannot be looked up: the account may not browse users, or a pinned person is not there.

use serde_json::{Value, json};

use super::{Row, jira, row};
use crate::harness::problem::{Change, expect};

const DANA: (&str, &str) = ("dana@acme.example", "712020:853689d5-e044-4f01-af68-7848bc485ef8");
const OLGA: (&str, &str) = ("olga@acme.example", "712020:f955630c-2051-45d4-af70-b01f88203e31");

/// Whether the account may browse users.
pub(super) fn browsing(held: bool) -> Value {
    json!({"command": "setGlobalPermission", "permission": "USER_PICKER", "held": held})
}

fn pins(people: &[(&str, &str)]) -> Change {
    let pinned = people
        .iter()
        .map(|(email, id)| json!({"email": email, "accountId": id}));
    Change::Spec(json!({"users": {"pinned": pinned.collect::<Vec<_>>()}}))
}

pub(super) fn rows() -> Vec<Row> {
    let says = |reason, named| [expect("acme", "DirectoryReadable", reason, named)];
    vec![
        // It holds nothing back, and is said.
        row(
            jira([browsing(false)]),
            &says(
                "UserBrowsingDenied",
                &[
                    "may not browse users",
                    "nobody can be looked up",
                    "Browse users and groups",
                ],
            ),
            jira([browsing(true)]),
        )
        .stays_ready(&["may not browse users"]),
        row(pins(&[DANA, OLGA]), &[], jira([])).shows((
            "acme",
            "DirectoryReadable",
            "True",
            "UsersReadable",
            &["All 2 pinned accounts exist"],
        )),
        row(
            pins(&[(DANA.0, "712020:nobody-at-all"), OLGA]),
            &says(
                "PinnedUserNotFound",
                &[
                    "accountId pinned for dana@acme.example",
                    "ends the address of the person's profile",
                ],
            ),
            pins(&[DANA, OLGA]),
        )
        .stays_ready(&[DANA.0]),
        row(
            jira([json!({"command": "deactivateAccount", "account": OLGA.0, "keepGrants": true})]),
            &says(
                "PinnedUserInactive",
                &["pinned for olga@acme.example is not active", "reactivate the account"],
            ),
            jira([json!({"command": "reactivateAccount", "account": OLGA.0})]),
        ),
    ]
}
