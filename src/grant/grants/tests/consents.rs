//! Consents that others get in the way of, and new tokens that wait to be stored.

use super::*;
use crate::grant::connect::{Consent, ConsentError};

fn consent() -> Consent {
    Consent {
        code: Secret::new("code".into()),
        redirect_uri: "http://localhost/callback".into(),
    }
}

#[tokio::test]
async fn a_consent_that_somebody_overtook_is_not_called_connected() {
    let (world, process) = adopted().await;
    // While it is judged, another process, whose clock is ahead, takes the lock for stale and disconnects.
    let (store, cluster) = (process.store.clone(), world.cluster.clone());
    let judge = move |_| async move {
        let mut object = cluster.object("ns", NAME).unwrap();
        for key in ["exchange-holder", "exchange-deadline", "exchange-spends"] {
            object["data"].as_object_mut().unwrap().remove(key);
        }
        cluster.put("ns", NAME, object);
        disconnect(&store, &grant("ns"), None).await.unwrap();
        Ok::<(), ()>(())
    };
    let taken = process.connect(&grant("ns"), credentials(None), consent(), judge).await;
    assert!(matches!(taken, Err(ConsentError::Superseded)), "{taken:?}");
    let left = world.cluster.data("ns", NAME).unwrap();
    assert!(!left.contains_key("refresh-token") && left.contains_key("disconnected-at"));
    assert!(!process.has_unsaved());
}

/// Somebody's own Secret took the place of the grant Secret while the consent was judged.
#[tokio::test]
async fn a_consent_that_has_no_place_is_not_kept() {
    let (world, process) = adopted().await;
    let cluster = world.cluster.clone();
    let judge = move |_| async move {
        cluster.delete("ns", NAME);
        let metadata = json!({"name": NAME, "namespace": "ns", "uid": "theirs"});
        cluster.put(
            "ns",
            NAME,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}),
        );
        Ok::<(), ()>(())
    };
    let taken = process.connect(&grant("ns"), credentials(None), consent(), judge).await;
    assert!(
        matches!(taken, Err(ConsentError::Cluster(GrantError::NameTaken))),
        "{taken:?}"
    );
    assert!(!process.has_unsaved(), "it is told that nothing of it is kept");
}

#[tokio::test]
async fn tokens_of_a_grant_that_nobody_names_are_stored_once_more_and_then_dropped() {
    let (world, process) = adopted().await;
    assert!(unsaved(&world, &process).await, "the tokens wait");
    process.forget(&grant("ns"));
    world.cluster.delete("ns", NAME);
    process.save_unsaved().await;
    assert!(!process.has_unsaved());
    assert!(
        world.cluster.object("ns", NAME).is_none(),
        "it is not made anew for nobody"
    );
}

/// Connects anew; the new tokens cannot be stored. Whether they wait.
async fn unsaved(world: &World, process: &Arc<Grants>) -> bool {
    let cluster = world.cluster.clone();
    let judge = move |_| async move {
        cluster.fail(Method::PUT, NAME, Fault::Refuse(500), 1);
        Ok::<(), ()>(())
    };
    let taken = process.connect(&grant("ns"), credentials(None), consent(), judge).await;
    assert!(
        matches!(
            taken,
            Err(ConsentError::Cluster(GrantError::NotWritable { unsaved: true, .. }))
        ),
        "{taken:?}"
    );
    process.has_unsaved()
}

/// One grant that cannot be stored keeps no other from being stored at the end.
#[tokio::test]
async fn at_the_end_all_are_stored_at_once() {
    let (world, process) = adopted().await;
    assert!(unsaved(&world, &process).await);
    world.cluster.supply("other", "theirs");
    held(&process, "other", "theirs").await.unwrap();
    world
        .cluster
        .fail(Method::PUT, "/namespaces/other/", Fault::Refuse(403), usize::MAX);
    world
        .cluster
        .fail(Method::POST, "/namespaces/other/", Fault::Refuse(403), usize::MAX);
    let place = process.slots.slot(&grant("other"));
    let earlier = place.lock().await.stored.clone().unwrap();
    place.lock().await.undo(&earlier, &grant("other"));
    let ended = tokio::time::timeout(Duration::from_millis(700), process.shut_down()).await;
    assert!(ended.is_err(), "the one is tried again and again");
    let stored = world.cluster.data("ns", NAME).unwrap();
    assert_eq!(stored["refresh-token"], "refresh-2", "and the other is stored");
}
