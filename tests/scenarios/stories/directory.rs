//! The directory of people: who comes into it, who stays, who leaves, and what it costs.

use std::{collections::BTreeMap, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, Mark, Request, When};
use jira_operator::api::integration::{DirectoryStatus, JiraIntegration};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, ResourceExt,
    api::{ListParams, ObjectMeta, PostParams},
};
use serde_json::{Value, json};

use super::{Story, story};
use crate::{
    plane::Plane,
    stage::{
        BOT, Stage,
        claim::claim,
        hands::connected,
        look::{PATIENCE, is_ready},
    },
};

/// Where people are asked for by id.
const BY_ID: &str = "/rest/api/3/user/bulk";
/// Where the whole list is asked for.
const LIST: &str = "/rest/api/3/users/search";
/// How the directory is found.
const LABELS: &str = "jira-operator.dev/integration=acme,jira-operator.dev/component=users";

pub fn stories() -> Vec<Story> {
    vec![
        story("directory::people_come_change_and_leave", life),
        story("directory::ten_thousand_accounts_most_of_them_apps", mostly_apps),
        story("directory::a_person_has_the_name", name_taken),
        story("directory::nobody_leaves_by_a_failure", failures),
        story("directory::nobody_leaves_by_a_false_answer", false_answers),
    ]
}

fn wanted() -> Value {
    json!({"projects": [{"key": "SUP"}], "users": {"directory": "ConfigMap"}})
}

fn users(object: &JiraIntegration) -> Option<&DirectoryStatus> {
    object.status.as_ref()?.users.as_ref()
}

/// How often something was asked for.
fn asked(stage: &Stage, mark: Mark, path: &str) -> usize {
    let calls = stage.sandbox.requests_since(mark);
    calls.iter().filter(|call| call.path.ends_with(path)).count()
}

/// The trouble that is told of.
fn trouble(object: &JiraIntegration) -> Option<&str> {
    users(object)?.trouble.as_deref()
}

fn is_complete(users: &DirectoryStatus) -> bool {
    users.last_sync_time.is_some() && users.next_offset.is_none()
}

impl Stage {
    /// The `ConfigMap`s of the directory by name.
    async fn shards(&self) -> BTreeMap<String, ConfigMap> {
        let params = ListParams::default().labels(LABELS);
        let list = self.all::<ConfigMap>().list(&params).await.expect("the ConfigMaps");
        list.items.into_iter().map(|map| (map.name_any(), map)).collect()
    }

    /// Everybody in the directory by display name, as a workload reads it.
    async fn people(&self) -> BTreeMap<String, Value> {
        let shards = self.shards().await;
        let lists = shards
            .values()
            .map(|map| &map.data.as_ref().expect("data")["users.json"]);
        let lists = lists.map(|text| serde_json::from_str::<Vec<Value>>(text).expect("a JSON list"));
        let named = |person: Value| (person["displayName"].as_str().expect("a name").to_owned(), person);
        lists.flatten().map(named).collect()
    }

    /// Waits until the directory is complete.
    async fn until_listed(&self) -> DirectoryStatus {
        let found = self
            .until("acme", "one with a complete directory", |o| {
                users(o).is_some_and(is_complete)
            })
            .await;
        users(&found).expect("a directory").clone()
    }

    /// Asks for everything, and waits until the list was asked for anew and read to its end.
    async fn list_again(&self) -> DirectoryStatus {
        let mark = self.sandbox.mark();
        self.request("acme").await;
        let listed = |calls: &[Request]| calls.iter().any(|call| call.path.ends_with(LIST));
        let waited = tokio::time::timeout(PATIENCE, self.sandbox.wait_for_requests(mark, listed)).await;
        assert!(waited.is_ok(), "nobody was listed\n{}", self.log_tail());
        self.until_listed().await
    }
}

async fn life(plane: Arc<Plane>) {
    let stage = connected(&plane, "directory", wanted()).await;
    let status = stage.until_listed().await;
    let people = stage.people().await;
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
    let shards = stage.shards().await;
    let map = &shards["acme-users-0"];
    assert_eq!(map.labels()["app.kubernetes.io/managed-by"], "jira-operator");
    assert_eq!(map.owner_references()[0].kind, "JiraIntegration");

    stage.list_again().await;
    let version = |map: &ConfigMap| map.metadata.resource_version.clone();
    assert_eq!(
        version(&stage.shards().await["acme-users-0"]),
        version(map),
        "nothing was written"
    );

    stage.jira(Command::DeactivateAccount {
        account: Some("dana@acme.example".into()),
        keep_grants: true,
    });
    stage.jira(Command::HideEmail {
        account: Some("alex@acme.example".into()),
        hidden: true,
    });
    let pat = people["Pat Projectless"]["accountId"].clone();
    stage.jira(Command::RemoveProductAccess {
        site: None,
        account: Some("pat@acme.example".into()),
        status: None,
        unlisted: true,
    });
    let after = stage.list_again().await;
    let now = stage.people().await;
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

    stage.change("acme", json!({"users": {"directory": "None"}})).await;
    let without = stage
        .until("acme", "one without a directory", |o| users(o).is_none())
        .await;
    assert!(stage.shards().await.is_empty());
    assert!(is_ready(&without));
    stage.close().await;
}

/// Ten thousand accounts, of which few are people.
async fn mostly_apps(plane: Arc<Plane>) {
    let mut stage = Stage::open(&plane, "directory-apps").await;
    for number in 0..10_000 {
        let add = json!({
            "command": "addAccount", "email": "", "displayName": format!("App {number}"), "accountType": "app",
        });
        stage.command(add);
    }
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", wanted()).await;
    let status = stage.until_listed().await;
    let people = stage.people().await;
    assert!(
        people.contains_key("Dana Developer") && people.len() < 20,
        "{}",
        people.len()
    );
    assert!(status.accounts > 10_000, "{status:?}");
    let calls = stage.sandbox.requests();
    let pages = calls.iter().filter(|call| call.path.ends_with(LIST)).count();
    assert_eq!(
        pages, 12,
        "ten thousand and a few accounts, and the empty page that ends the list"
    );

    // All of them again would cost more than the tenth of an hour's points: the rest waits.
    let mark = stage.sandbox.mark();
    stage.request("acme").await;
    let paused = |o: &JiraIntegration| users(o).and_then(|users| users.next_offset) == Some(3000);
    let paused = stage.until("acme", "one that lists three thousand", paused).await;
    assert!(is_ready(&paused), "it holds nothing back");
    assert_eq!(asked(&stage, mark, LIST), 3);
    assert_eq!(stage.people().await, people, "who was not listed yet is still there");

    stage.kill_operators().await;
    stage.start_operator();
    let after = stage.request("acme").await;
    assert_eq!(
        users(&after),
        users(&paused),
        "a crash neither loses its place nor hastens it"
    );
    assert_eq!(asked(&stage, mark, LIST), 3);
    assert_eq!(stage.people().await, people);
    stage.close().await;
}

async fn name_taken(plane: Arc<Plane>) {
    let stage = Stage::open(&plane, "directory-taken").await;
    let theirs = ConfigMap {
        metadata: ObjectMeta {
            name: Some("acme-users-0".into()),
            ..ObjectMeta::default()
        },
        data: Some([("theirs".to_owned(), "kept".to_owned())].into()),
        ..ConfigMap::default()
    };
    let api: Api<ConfigMap> = stage.all();
    let theirs = api.create(&PostParams::default(), &theirs).await.unwrap();
    stage.connect("acme-oauth").await;
    stage.integrate("acme", "acme-oauth", wanted()).await;
    stage.until_listed().await;
    let shards = stage.shards().await;
    let ours: Vec<&String> = shards.keys().collect();
    assert!(ours.len() == 1 && ours[0].starts_with("acme-users-0-"), "{ours:?}");
    assert!(stage.people().await.contains_key("Dana Developer"));
    let event = stage.until_event("acme", "ConfigMapNameTaken").await;
    assert!(
        event
            .note
            .is_some_and(|note| note.contains("acme-users-0 ") && note.contains(ours[0].as_str()))
    );
    stage.list_again().await;
    let untouched = api.get("acme-users-0").await.unwrap();
    assert_eq!(
        untouched.resource_version(),
        theirs.resource_version(),
        "it was touched"
    );

    stage.change("acme", json!({"users": {"directory": "None"}})).await;
    stage
        .until("acme", "one without a directory", |o| users(o).is_none())
        .await;
    assert!(stage.shards().await.is_empty());
    let still = api.get("acme-users-0").await.unwrap();
    assert_eq!(still.resource_version(), theirs.resource_version());
    stage.close().await;
}

/// A failing list, a lost permission, text that is none, and a removed object.
async fn failures(plane: Arc<Plane>) {
    let stage = connected(&plane, "directory-failures", wanted()).await;
    stage.until_listed().await;
    let people = stage.people().await;

    let refused = FaultAction::Html { code: 502 };
    let _ = stage.sandbox.fault(FaultRule::path(LIST, When::Before, refused));
    stage.request("acme").await;
    let told = stage
        .until("acme", "one that tells of trouble", |o| {
            users(o).is_some_and(|u| u.trouble.is_some())
        })
        .await;
    stage.until_event("acme", "DirectoryOutdated").await;
    assert!(is_ready(&told), "it holds nothing back");
    claim(&told, "Synced", "True", "SyncSucceeded", &[]);
    assert_eq!(stage.people().await, people);
    stage.jira(Command::ClearFaults);
    stage.list_again().await;
    let healed = stage
        .until("acme", "one without trouble", |o| {
            users(o).is_some_and(|u| u.trouble.is_none() && is_complete(u))
        })
        .await;
    assert!(is_ready(&healed));

    let may_browse = |held| Command::SetGlobalPermission {
        site: None,
        account: Some(BOT.into()),
        permission: "USER_PICKER".into(),
        held,
    };
    stage.jira(may_browse(false));
    let mark = stage.sandbox.mark();
    let denied = stage.request("acme").await;
    claim(&denied, "DirectoryReadable", "False", "UserBrowsingDenied", &[]);
    assert_eq!(asked(&stage, mark, LIST), 0);
    assert_eq!(stage.people().await, people, "it keeps what it has");
    stage.jira(may_browse(true));

    let api: Api<ConfigMap> = stage.all();
    let spoiled = json!({"data": {"users.json": "{spoiled"}});
    let (params, patch) = (kube::api::PatchParams::default(), kube::api::Patch::Merge(spoiled));
    api.patch("acme-users-0", &params, &patch).await.unwrap();
    stage.list_again().await;
    assert_eq!(stage.people().await, people, "what a person spoiled is mended");
    stage.delete::<ConfigMap>("acme-users-0").await;
    stage.list_again().await;
    assert_eq!(stage.people().await, people, "what a person removed is made anew");
    stage.close().await;
}

/// Jira answers what cannot be: a list without anybody, one that goes round in circles, and people
/// unknown by their ids.
async fn false_answers(plane: Arc<Plane>) {
    let stage = connected(&plane, "directory-false", wanted()).await;
    let before = stage.until_listed().await;
    let people = stage.people().await;
    let answer = |path: &str, body: &str| {
        let action = FaultAction::Status {
            code: 200,
            headers: BTreeMap::default(),
            body: body.into(),
        };
        let _ = stage.sandbox.fault(FaultRule::path(path, When::Before, action));
    };

    answer(LIST, "[]");
    let mark = stage.sandbox.mark();
    let empty = stage.list_again().await;
    assert_eq!(
        asked(&stage, mark, BY_ID),
        1,
        "whom the list left out was asked for by id"
    );
    assert_eq!(stage.people().await, people);
    assert_eq!(empty.active, before.active);

    answer(BY_ID, r#"{"isLast": true, "values": []}"#);
    stage.request("acme").await;
    let says = |part: &'static str| move |o: &JiraIntegration| trouble(o).is_some_and(|told| told.contains(part));
    stage
        .until("acme", "one that mistrusts this", says("own account"))
        .await;
    assert_eq!(stage.people().await, people);

    stage.jira(Command::ClearFaults);
    answer(LIST, r#"[{"accountId": "1", "accountType": "app"}]"#);
    stage.request("acme").await;
    stage.until("acme", "one that sees the circle", says("circles")).await;
    assert_eq!(stage.people().await, people);

    stage.jira(Command::ClearFaults);
    stage.request("acme").await;
    stage
        .until("acme", "one without trouble", |o| trouble(o).is_none())
        .await;
    stage.until_listed().await;
    assert_eq!(stage.people().await, people);
    stage.close().await;
}
