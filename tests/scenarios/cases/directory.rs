//! The directory of people: who comes into it, who stays, who leaves, and what it costs.

use std::sync::Arc;

use devkit::sandbox::Command;
use jira_operator::api::integration::JiraIntegration;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, PostParams},
};
use serde_json::json;

use super::{Scenario, scenario};
use crate::{
    cluster::Cluster,
    harness::{
        Harness,
        actions::connected,
        directory::{LIST, asked, users, wanted},
        observe::is_ready,
    },
};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("directory::people_come_change_and_leave", life),
        scenario("directory::ten_thousand_accounts_most_of_them_apps", mostly_apps),
        scenario("directory::a_person_has_the_name", name_taken),
        scenario("directory::accounts_are_left_out_of_pages", passed_over),
    ]
}

async fn life(cluster: Arc<Cluster>) {
    let harness = connected(&cluster, "directory", wanted()).await;
    let status = harness.until_listed().await;
    let people = harness.people().await;
    assert_eq!(people["Dana Developer"]["emailAddress"], "dana@acme.example");
    assert!(
        people["Dana Developer"]["accountId"]
            .as_str()
            .is_some_and(|id| id.contains(':'))
    );
    assert!(people["Devin Developer"].get("emailAddress").is_none(), "it is hidden");
    for other in ["Casey Customer", "Automation for Jira", "Build Service", "Gale Admin"] {
        assert!(!people.contains_key(other), "{other} is no person of the site");
    }
    let active = people.values().filter(|person| person["active"] == true).count();
    assert_eq!((status.config_maps, status.active), (1, i64::try_from(active).unwrap()));
    assert_eq!((status.without_email, status.equal_names), (1, 0));
    assert!(
        status.accounts > status.active + status.inactive,
        "apps are counted: {status:?}"
    );
    let shards = harness.shards().await;
    let map = &shards["acme-users-0"];
    assert_eq!(map.labels()["app.kubernetes.io/managed-by"], "jira-operator");
    assert_eq!(map.owner_references()[0].kind, "JiraIntegration");

    harness.list_again().await;
    let version = |map: &ConfigMap| map.metadata.resource_version.clone();
    assert_eq!(
        version(&harness.shards().await["acme-users-0"]),
        version(map),
        "nothing was written"
    );

    harness.jira(Command::DeactivateAccount {
        account: Some("dana@acme.example".into()),
        keep_grants: true,
    });
    harness.jira(Command::HideEmail {
        account: Some("alex@acme.example".into()),
        hidden: true,
    });
    let pat = people["Pat Projectless"]["accountId"].clone();
    harness.jira(Command::RemoveProductAccess {
        site: None,
        account: Some("pat@acme.example".into()),
        status: None,
        unlisted: true,
    });
    let after = harness.list_again().await;
    let now = harness.people().await;
    assert_eq!(now["Dana Developer"]["active"], false, "who is deactivated stays");
    assert!(now["Alex Agent"].get("emailAddress").is_none());
    assert!(
        !now.contains_key("Pat Projectless"),
        "nobody is known by that id any more: {pat}"
    );
    assert_eq!(
        (after.active, after.inactive, after.without_email),
        (status.active - 2, status.inactive + 1, status.without_email + 1)
    );

    harness.change("acme", json!({"users": {"directory": "None"}})).await;
    let without = harness
        .until("acme", "one without a directory", |o| users(o).is_none())
        .await;
    assert!(harness.shards().await.is_empty());
    assert!(is_ready(&without));
    harness.close().await;
}

/// Ten thousand accounts, of which few are people.
async fn mostly_apps(cluster: Arc<Cluster>) {
    let mut harness = Harness::open(&cluster, "directory-apps").await;
    for number in 0..10_000 {
        let add = json!({
            "command": "addAccount", "email": "", "displayName": format!("App {number}"), "accountType": "app",
        });
        harness.command(add);
    }
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", wanted()).await;
    let status = harness.until_listed().await;
    let people = harness.people().await;
    assert!(
        people.contains_key("Dana Developer") && people.len() < 20,
        "{}",
        people.len()
    );
    assert!(status.accounts > 10_000, "{status:?}");
    let calls = harness.sandbox.requests();
    let pages = calls.iter().filter(|call| call.path.ends_with(LIST)).count();
    assert_eq!(
        pages, 12,
        "ten thousand and a few accounts, and the empty page that ends the list"
    );

    // All of them again would cost more than the tenth of an hour's points: the rest waits.
    let mark = harness.sandbox.mark();
    harness.request("acme").await;
    let paused = |o: &JiraIntegration| users(o).and_then(|users| users.next_offset) == Some(3000);
    let paused = harness.until("acme", "one that lists three thousand", paused).await;
    assert!(is_ready(&paused), "it holds nothing back");
    assert_eq!(asked(&harness, mark, LIST), 3);
    assert_eq!(harness.people().await, people, "who was not listed yet is still there");

    harness.kill_operators().await;
    harness.start_operator();
    let after = harness.request("acme").await;
    assert_eq!(
        users(&after),
        users(&paused),
        "a crash neither loses its place nor hastens it"
    );
    assert_eq!(asked(&harness, mark, LIST), 3);
    assert_eq!(harness.people().await, people);
    harness.close().await;
}

async fn name_taken(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "directory-taken").await;
    let theirs = ConfigMap {
        metadata: ObjectMeta {
            name: Some("acme-users-0".into()),
            ..ObjectMeta::default()
        },
        data: Some([("theirs".to_owned(), "kept".to_owned())].into()),
        ..ConfigMap::default()
    };
    let api: Api<ConfigMap> = harness.all();
    let theirs = api.create(&PostParams::default(), &theirs).await.unwrap();
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", wanted()).await;
    harness.until_listed().await;
    let shards = harness.shards().await;
    let ours: Vec<&String> = shards.keys().collect();
    assert!(ours.len() == 1 && ours[0].starts_with("acme-users-0-"), "{ours:?}");
    assert!(harness.people().await.contains_key("Dana Developer"));
    let event = harness.until_event("acme", "ConfigMapNameTaken").await;
    assert!(
        event
            .note
            .is_some_and(|note| note.contains("acme-users-0 ") && note.contains(ours[0].as_str()))
    );
    harness.list_again().await;
    let untouched = api.get("acme-users-0").await.unwrap();
    assert_eq!(
        untouched.resource_version(),
        theirs.resource_version(),
        "it was touched"
    );

    harness.change("acme", json!({"users": {"directory": "None"}})).await;
    harness
        .until("acme", "one without a directory", |o| users(o).is_none())
        .await;
    assert!(harness.shards().await.is_empty());
    let still = api.get("acme-users-0").await.unwrap();
    assert_eq!(still.resource_version(), theirs.resource_version());
    harness.close().await;
}

/// Jira leaves accounts out of pages that it cut before, so that pages are short and one has nobody new.
async fn passed_over(cluster: Arc<Cluster>) {
    let harness = Harness::open(&cluster, "directory-short").await;
    harness.command(json!({"command": "passOverUsers", "count": 500}));
    harness.command(json!({"command": "addAccounts", "count": 700}));
    harness.connect("acme-oauth").await;
    harness.integrate("acme", "acme-oauth", wanted()).await;
    let status = harness.until_listed().await;
    let people = harness.people().await;
    assert!(
        people.len() > 700 && people.contains_key("Dana Developer"),
        "{}",
        people.len()
    );
    assert_eq!(status.last_error, None);
    let again = harness.list_again().await;
    assert_eq!((again.active, again.last_error), (status.active, None));
    harness.close().await;
}
