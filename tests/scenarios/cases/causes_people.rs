//! People who cannot be looked up: the account may not browse users, or somebody pinned is not there.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        actions::connected,
        assertions::assert_condition,
        problem::{Change, expect},
    },
};

const DANA: &str = "dana@acme.example";
const OLGA: &str = "olga@acme.example";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("causes::the_account_may_not_browse_users", browsing_denied),
        scenario("causes::somebody_pinned_is_not_there", pinned),
    ]
}

fn picker(held: bool) -> Command {
    Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held,
    }
}

async fn browsing_denied(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "no-users", json!({})).await;
    let named = [
        "may not browse users",
        "nobody can be looked up",
        "Browse users and groups",
    ];
    let says = expect("acme", "DirectoryReadable", "UserBrowsingDenied", &named);
    let problem = harness.broken_by(picker(false), &[says]).await;
    // It holds nothing back, and is said.
    assert_condition(&problem.integration, "Ready", "True", "Connected", &named[..1]);
    harness.fixed_by(problem, picker(true)).await;
    harness.close().await;
}

fn id_of(harness: &Harness, email: &str) -> String {
    harness
        .sandbox
        .state(|world| world.account(email).expect("an account").account_id.clone())
}

fn pins(people: &[(&str, &str)]) -> Value {
    let pinned: Vec<Value> = people
        .iter()
        .map(|(email, id)| json!({"email": email, "accountId": id}))
        .collect();
    json!({"users": {"pinned": pinned}})
}

async fn pinned(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "pinned", json!({})).await;
    let (dana, olga) = (id_of(&harness, DANA), id_of(&harness, OLGA));
    let right = pins(&[(DANA, &dana), (OLGA, &olga)]);
    let fine = harness.broken_by(Change::Spec(right.clone()), &[]).await;
    let message = ["All 2 pinned accounts exist"];
    assert_condition(
        &fine.integration,
        "DirectoryReadable",
        "True",
        "UsersReadable",
        &message,
    );

    let named = [
        "accountId pinned for dana@acme.example",
        "ends the address of the person's profile",
    ];
    let says = expect("acme", "DirectoryReadable", "PinnedUserNotFound", &named);
    let wrong = pins(&[(DANA, "712020:nobody-at-all"), (OLGA, &olga)]);
    let problem = harness.broken_by(Change::Spec(wrong), &[says]).await;
    assert_condition(&problem.integration, "Ready", "True", "Connected", &[DANA]);
    harness.fixed_by(problem, Change::Spec(right)).await;

    let (account, keep_grants) = (Some(OLGA.into()), true);
    let breaking = Command::DeactivateAccount { account, keep_grants };
    let named = ["pinned for olga@acme.example is not active", "reactivate the account"];
    let says = expect("acme", "DirectoryReadable", "PinnedUserInactive", &named);
    let problem = harness.broken_by(breaking, &[says]).await;
    let account = Some(OLGA.into());
    harness.fixed_by(problem, Command::ReactivateAccount { account }).await;
    harness.close().await;
}
