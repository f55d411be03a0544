//! A process with its grants through what others do to their Secrets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::*;
use crate::grant::{
    disconnect::disconnect,
    testing::{Fault, World, credentials, grant},
};

mod consents;

const NAME: &str = "acme-grant";

async fn held(process: &Arc<Grants>, namespace: &str, supplied: &str) -> Result<ActiveGrant, GrantError> {
    let wish = AccessOptions {
        is_rightful: true,
        ..AccessOptions::default()
    };
    process
        .access(&grant(namespace), credentials(Some(supplied)), wish)
        .await
}

/// The same without a token in the person's Secret.
async fn asked(process: &Arc<Grants>, wish: AccessOptions) -> Result<ActiveGrant, GrantError> {
    process.access(&grant("ns"), credentials(None), wish).await
}

/// A world where `ns` has adopted the token `first`, and the process that did it.
async fn adopted() -> (World, Arc<Grants>) {
    let world = World::default();
    let process = world.process(&["ns", "other"]).await;
    world.cluster.supply("ns", "first");
    let found = held(&process, "ns", "first").await;
    assert!(found.is_ok(), "{found:?}");
    (world, process)
}

/// As if the access token had run out.
fn run_out(world: &World) {
    let mut object = world.cluster.object("ns", NAME).unwrap();
    let ago = |hours| {
        let at = (Timestamp::now() - SignedDuration::from_hours(hours)).to_string();
        serde_json::to_value(k8s_openapi::ByteString(at.into_bytes())).unwrap()
    };
    object["data"]["expires-at"] = ago(1);
    object["data"]["refreshed-at"] = ago(2);
    world.cluster.put("ns", NAME, object);
}

fn trace(object: &Value) -> GrantIdentity {
    let meta: ObjectMeta = serde_json::from_value(object["metadata"].clone()).unwrap();
    GrantIdentity::of(&meta).unwrap()
}

/// Deletes the grant Secret, and the watch tells of it.
fn deleted(world: &World, process: &Grants) {
    let object = world.cluster.delete("ns", NAME);
    process.observe(&grant("ns"), trace(&object), SecretEvent::Deleted);
}

async fn disconnected(world: &World, process: &Grants) {
    let supplied = credentials(Some("first"));
    let ended = disconnect(&process.store, &grant("ns"), supplied.refresh_token.as_ref()).await;
    assert!(ended.is_ok_and(|was_connected| was_connected));
    let object = world.cluster.object("ns", NAME).unwrap();
    process.observe(&grant("ns"), trace(&object), SecretEvent::Standing);
}

/// The write took effect, and its answer was lost: the client sent it again, and saw a conflict.
#[tokio::test]
async fn a_token_whose_write_was_answered_too_late_is_stored_and_is_the_new_grants() {
    let world = World::default();
    let process = world.process(&["ns"]).await;
    world.cluster.supply("ns", "first");
    // The lock comes first, the tokens second.
    world.cluster.fail(Method::PUT, NAME, Fault::Conflict, 1);
    let found = held(&process, "ns", "first").await.unwrap();
    assert_eq!(
        found.lineage,
        Some(Secret::new("first".into()).hash()),
        "not the former grant's"
    );
    assert!(found.idle_expires_at > Timestamp::now() + SignedDuration::from_hours(24 * 89));
    assert_eq!(world.atlassian.spent(), ["first"]);
    assert!(!process.has_unsaved());
}

/// Another process exchanged the token, too, and was faster.
#[tokio::test]
async fn tokens_that_somebody_overtook_are_not_taken_for_the_grants() {
    let (world, process) = adopted().await;
    run_out(&world);
    let mut theirs = world.cluster.object("ns", NAME).unwrap();
    let text = |text: &str| serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap();
    theirs["data"]["refresh-token"] = text("refresh-of-others");
    theirs["data"]["access-token"] = text("access-of-others");
    theirs["data"]["expires-at"] = text("9999-01-01T00:00:00Z");
    theirs["data"]["rotation"] = text("2");
    world.cluster.overtake(NAME, 1, theirs);
    let found = held(&process, "ns", "first").await.unwrap();
    assert_eq!(found.access.token, Secret::new("access-of-others".into()));
    assert!(!process.has_unsaved());
}

#[tokio::test]
async fn a_token_that_another_grant_adopted_is_spent_by_nobody_else_whatever_their_age() {
    let (world, process) = adopted().await;
    // The other namespace has had a grant for longer than this token: its Secret is made older.
    world.cluster.supply("other", "theirs");
    held(&process, "other", "theirs").await.unwrap();
    let mut older = world.cluster.object("other", NAME).unwrap();
    older["metadata"]["creationTimestamp"] = json!("1970-01-01T00:00:00Z");
    world.cluster.put("other", NAME, older);
    let spent = world.atlassian.spent();

    world.cluster.supply("other", "first");
    let found = held(&process, "other", "first").await;
    assert!(matches!(found, Err(GrantError::SharedElsewhere)), "{found:?}");
    // Also where the first one has adopted another token since.
    world.cluster.supply("ns", "second");
    held(&process, "ns", "second").await.unwrap();
    let found = held(&process, "other", "first").await;
    assert!(matches!(found, Err(GrantError::SharedElsewhere)), "{found:?}");
    assert_eq!(world.atlassian.spent(), [spent, vec!["second".to_owned()]].concat());
}

#[tokio::test]
async fn a_namespace_that_may_not_be_looked_into_stops_no_other() {
    let (world, process) = adopted().await;
    run_out(&world);
    world
        .cluster
        .fail(Method::GET, "/namespaces/other/secrets", Fault::Refuse(403), 1);
    assert!(held(&process, "ns", "first").await.is_ok());
    // What cannot be known because the API server is in trouble is waited for, and names nobody.
    run_out(&world);
    world
        .cluster
        .fail(Method::GET, "/namespaces/other/secrets", Fault::Refuse(500), 1);
    let found = held(&process, "ns", "first").await;
    let finding = crate::grant::findings::trouble(&found.unwrap_err(), &grant("ns")).unwrap();
    assert!(
        finding.message().contains("could not be looked for copies of"),
        "{}",
        finding.message()
    );
    assert!(!finding.message().contains("other/"), "{}", finding.message());
}

#[tokio::test]
async fn a_grant_secret_that_is_set_back_in_place_is_not_spent() {
    let (world, process) = adopted().await;
    let backup = world.cluster.object("ns", NAME).unwrap();
    run_out(&world);
    held(&process, "ns", "first").await.unwrap();
    let now = world.cluster.data("ns", NAME).unwrap();
    assert_eq!(world.atlassian.spent().len(), 2);

    world.cluster.put("ns", NAME, backup);
    run_out(&world);
    held(&process, "ns", "first").await.unwrap();
    let after = world.cluster.data("ns", NAME).unwrap();
    assert_eq!(after["refresh-token"], now["refresh-token"], "written as it was");
    assert_eq!(world.atlassian.spent().len(), 2, "the spent one is not posted");
}

#[tokio::test]
async fn a_disconnect_holds_whatever_is_deleted_afterwards() {
    let (world, process) = adopted().await;
    disconnected(&world, &process).await;
    deleted(&world, &process);
    for _ in 0..2 {
        let found = held(&process, "ns", "first").await;
        assert!(matches!(found, Err(GrantError::NotConnected(_))), "{found:?}");
    }
    let back = world.cluster.data("ns", NAME).unwrap();
    assert!(back.contains_key("disconnected-at") && !back.contains_key("refresh-token"));
    assert_eq!(
        world.atlassian.spent(),
        ["first"],
        "nor is the token in the person's Secret adopted anew"
    );
}

/// A reconciliation that is under way reads before the watch tells.
#[tokio::test]
async fn nothing_is_written_back_before_the_watch_told_what_was_deleted() {
    let (world, process) = adopted().await;
    let supplied = credentials(Some("first"));
    disconnect(&process.store, &grant("ns"), supplied.refresh_token.as_ref())
        .await
        .unwrap();
    let tombstone = world.cluster.delete("ns", NAME);
    let found = held(&process, "ns", "first").await;
    assert!(matches!(found, Err(GrantError::Deleted)), "{found:?}");
    assert!(world.cluster.object("ns", NAME).is_none());
    process.observe(&grant("ns"), trace(&tombstone), SecretEvent::Deleted);
    let found = held(&process, "ns", "first").await;
    assert!(matches!(found, Err(GrantError::NotConnected(_))), "{found:?}");
}

#[tokio::test]
async fn a_grant_that_was_deleted_by_accident_is_written_back() {
    let (world, process) = adopted().await;
    let before = world.cluster.data("ns", NAME).unwrap();
    deleted(&world, &process);
    held(&process, "ns", "first").await.unwrap();
    let back = world.cluster.data("ns", NAME).unwrap();
    assert_eq!(back["refresh-token"], before["refresh-token"]);
    assert_eq!(world.atlassian.spent(), ["first"]);
    // Where the watch was interrupted meanwhile, nobody knows what it was.
    world.cluster.delete("ns", NAME);
    process.observe_relist(Some("ns"), &HashSet::new());
    let found = asked(&process, AccessOptions::default()).await;
    assert!(matches!(found, Err(GrantError::NotConnected(_))), "{found:?}");
}

#[tokio::test]
async fn a_token_that_was_corrected_meanwhile_is_not_adopted_over_the_right_one() {
    let (world, process) = adopted().await;
    world.cluster.supply("ns", "corrected");
    // A slow reconciliation had read another one.
    let found = held(&process, "ns", "wrong").await.unwrap();
    assert_eq!(found.lineage, Some(Secret::new("corrected".into()).hash()));
    assert_eq!(world.atlassian.spent(), ["first", "corrected"]);
}

#[tokio::test]
async fn a_rejected_token_is_no_comfort_while_the_endpoint_is_down() {
    let (world, process) = adopted().await;
    world.atlassian.answers(503, json!({}));
    let wish = AccessOptions {
        rejected: Some(Secret::new("access-1".into())),
        ..AccessOptions::default()
    };
    let found = asked(&process, wish).await;
    assert!(
        matches!(found, Err(GrantError::Unavailable { still: None, .. })),
        "{found:?}"
    );
    let found = asked(&process, AccessOptions::default()).await;
    assert!(found.is_ok(), "for others it is as good as ever");
}

/// Each try is perhaps the one that Atlassian answers with new tokens, as long as it still does.
#[tokio::test]
async fn a_token_that_was_perhaps_spent_is_tried_each_minute_however_often_that_failed() {
    let (world, process) = adopted().await;
    run_out(&world);
    for _ in 0..12 {
        world.atlassian.answers(503, json!({}));
        let wish = AccessOptions {
            requested: true,
            ..AccessOptions::default()
        };
        let found = asked(&process, wish).await;
        let Err(GrantError::Unavailable { retry_at, .. }) = found else {
            unreachable!("{found:?}")
        };
        let wait = retry_at.duration_since(Timestamp::now());
        assert!(wait <= SignedDuration::from_secs(60), "{wait:#}");
    }
}

/// An answer that repeats what was sent is none, and the grant that was there goes on.
#[tokio::test]
async fn an_echo_replaces_no_grant() {
    let (world, process) = adopted().await;
    world.cluster.supply("ns", "second");
    let echo = json!({"sent": {"client_id": "id", "refresh_token": "second"}});
    world.atlassian.answers(200, echo);
    let found = held(&process, "ns", "second").await;
    assert!(
        matches!(found, Err(GrantError::Unavailable { still: Some(_), .. })),
        "{found:?}"
    );
    assert_eq!(world.cluster.data("ns", NAME).unwrap()["refresh-token"], "refresh-1");
}

#[tokio::test]
async fn an_answer_without_end_brings_no_tokens() {
    let (world, process) = adopted().await;
    run_out(&world);
    let long = json!({"access_token": "a", "expires_in": 3600, "token_type": "bearer", "x": "x".repeat(2 << 20)});
    world.atlassian.answers(200, long);
    let found = held(&process, "ns", "first").await;
    assert!(matches!(found, Err(GrantError::Unavailable { .. })), "{found:?}");
}

#[tokio::test]
async fn a_refusal_is_tried_once_more_when_a_person_asks_and_ends_when_atlassian_answers() {
    let (world, process) = adopted().await;
    run_out(&world);
    let refusal = json!({"error": "unauthorized_client", "error_description": "refresh_token is invalid"});
    world.atlassian.answers(403, refusal.clone());
    world.atlassian.answers(403, refusal);
    let ask = async |requested| {
        let wish = AccessOptions {
            requested,
            ..AccessOptions::default()
        };
        asked(&process, wish).await
    };
    for (requested, spent) in [(false, 2), (false, 2), (true, 3)] {
        let found = ask(requested).await;
        assert!(matches!(found, Err(GrantError::Refused(_))), "{found:?}");
        assert_eq!(world.atlassian.spent().len(), spent);
    }
    assert!(ask(true).await.is_ok());
}

/// Objects that others labelled are many: they are read in pages.
#[tokio::test]
async fn all_pages_of_grant_secrets_are_looked_at() {
    let (world, process) = adopted().await;
    let mut object = world.cluster.object("ns", NAME).unwrap();
    for number in 0..120 {
        let name = format!("theirs-{number:03}");
        object["metadata"]["name"] = json!(name);
        object["metadata"]["uid"] = json!(name);
        world.cluster.put("other", &name, object.clone());
    }
    let before = world.cluster.requests().len();
    let all = process.store.list(Some("ns")).await.unwrap();
    assert_eq!(all.len(), 121);
    let asked = world.cluster.requests().split_off(before);
    let pages = asked.iter().filter(|asked| asked.ends_with("/namespaces/ns/secrets"));
    assert_eq!(pages.count(), 3, "{asked:?}");
}
