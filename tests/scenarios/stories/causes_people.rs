//! People who cannot be looked up: the account may not browse users, or somebody pinned is not there.

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        Stage,
        claim::claim,
        hands::connected,
        trouble::{Change, told},
    },
};

const DANA: &str = "dana@acme.example";
const OLGA: &str = "olga@acme.example";

pub fn stories() -> Vec<Story> {
    vec![
        story("causes::the_account_may_not_browse_users", browsing_denied),
        story("causes::somebody_pinned_is_not_there", pinned),
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

async fn browsing_denied(plane: Arc<Plane>) {
    let stage = connected(&plane, "no-users", json!({})).await;
    let named = [
        "may not browse users",
        "nobody can be looked up",
        "Browse users and groups",
    ];
    let says = told("acme", "DirectoryReadable", "UserBrowsingDenied", &named);
    let trouble = stage.suffers(picker(false), &[says]).await;
    // It holds nothing back, and is said.
    claim(&trouble.integration, "Ready", "True", "Connected", &named[..1]);
    stage.heals(trouble, picker(true)).await;
    stage.close().await;
}

fn id_of(stage: &Stage, email: &str) -> String {
    stage
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

async fn pinned(plane: Arc<Plane>) {
    let stage = connected(&plane, "pinned", json!({})).await;
    let (dana, olga) = (id_of(&stage, DANA), id_of(&stage, OLGA));
    let right = pins(&[(DANA, &dana), (OLGA, &olga)]);
    let fine = stage.suffers(Change::Spec(right.clone()), &[]).await;
    let message = ["All 2 pinned accounts exist"];
    claim(
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
    let says = told("acme", "DirectoryReadable", "PinnedUserNotFound", &named);
    let wrong = pins(&[(DANA, "712020:nobody-at-all"), (OLGA, &olga)]);
    let trouble = stage.suffers(Change::Spec(wrong), &[says]).await;
    claim(&trouble.integration, "Ready", "True", "Connected", &[DANA]);
    stage.heals(trouble, Change::Spec(right)).await;

    let (account, keep_grants) = (Some(OLGA.into()), true);
    let spoil = Command::DeactivateAccount { account, keep_grants };
    let named = ["pinned for olga@acme.example is not active", "reactivate the account"];
    let says = told("acme", "DirectoryReadable", "PinnedUserInactive", &named);
    let trouble = stage.suffers(spoil, &[says]).await;
    let account = Some(OLGA.into());
    stage.heals(trouble, Command::ReactivateAccount { account }).await;
    stage.close().await;
}
