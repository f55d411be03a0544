//! Permissions follow from roles, schemes and licences.

use serde_json::{Value, json};

use crate::client::{Bench, answer, keys};

/// The projects (by key) in which the dedicated account holds a permission, by the bulk check.
async fn holds_in(bench: &Bench, permission: &str) -> Vec<String> {
    let (ids, names): (Vec<u64>, Vec<String>) = bench.sandbox.state(|world| {
        let projects = world.site("acme").unwrap().projects.values();
        projects.map(|project| (project.id, project.key.clone())).unzip()
    });
    let body = json!({"projectPermissions": [{"permissions": [permission], "projects": ids}]});
    let (status, body) = answer(bench.post("/rest/api/3/permissions/check", &body)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["projectPermissions"][0]["permission"], permission);
    let held = body["projectPermissions"][0]["projects"].as_array().unwrap();
    let name = |id: &Value| {
        let at = ids.iter().position(|known| Some(*known) == id.as_u64()).unwrap();
        names[at].clone()
    };
    held.iter().map(name).collect()
}

async fn mine(bench: &Bench, permission: &str, query: &str) -> (u16, Value) {
    let path = format!("/rest/api/3/mypermissions?permissions={permission}{query}");
    let (status, body) = answer(bench.get(&path)).await;
    (status, body["permissions"][permission]["havePermission"].clone())
}

#[tokio::test]
async fn each_permission_can_be_taken_and_given_back_alone() {
    let bench = Bench::new().await;
    assert_eq!(holds_in(&bench, "EDIT_ISSUES").await, ["ENG", "OPS", "SUP", "ITS"]);
    for permission in [
        "BROWSE_PROJECTS",
        "CREATE_ISSUES",
        "EDIT_ISSUES",
        "ADD_COMMENTS",
        "TRANSITION_ISSUES",
        "ASSIGN_ISSUES",
        "MODIFY_REPORTER",
    ] {
        let change = |command| json!({"command": command, "project": "SUP", "permission": permission});
        bench.run(change("revokePermission"));
        assert!(!holds_in(&bench, permission).await.contains(&"SUP".to_owned()));
        assert!(holds_in(&bench, permission).await.contains(&"ITS".to_owned()));
        bench.run(change("grantPermission"));
        assert!(holds_in(&bench, permission).await.contains(&"SUP".to_owned()));
    }
    // The dedicated account is no administrator of projects.
    assert!(holds_in(&bench, "ADMINISTER_PROJECTS").await.is_empty());
}

#[tokio::test]
async fn an_archived_project_can_be_read_and_not_written() {
    let bench = Bench::new().await;
    let browsed = holds_in(&bench, "BROWSE_PROJECTS").await;
    assert!(browsed.contains(&"OLD".to_owned()) && !browsed.contains(&"BIN".to_owned()));
    assert!(!holds_in(&bench, "CREATE_ISSUES").await.contains(&"OLD".to_owned()));
}

#[tokio::test]
async fn a_private_project_vanishes_for_those_not_named_in_person() {
    let bench = Bench::new().await;
    let private = |private: bool| json!({"command": "setProjectPrivate", "project": "ENG", "private": private});
    bench.run(private(true));
    let (_, body) = answer(bench.get("/rest/api/3/project/search")).await;
    assert_eq!(keys(&body), ["ITS", "OPS", "SUP"]);
    assert_eq!(answer(bench.get("/rest/api/3/project/ENG")).await.0, 404);
    bench.run(private(false));
    assert_eq!(answer(bench.get("/rest/api/3/project/ENG")).await.0, 200);
}

#[tokio::test]
async fn administrators_list_projects_that_they_cannot_browse() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "revokePermission", "project": "ENG", "permission": "BROWSE_PROJECTS"}));
    let list = async |query: &str| {
        let (_, body) = answer(bench.get(&format!("/rest/api/3/project/search?{query}"))).await;
        keys(&body)
    };
    assert_eq!(list("").await, ["ITS", "OPS", "SUP"]);
    bench.run(json!({"command": "grantPermission", "project": "ENG", "permission": "ADMINISTER_PROJECTS"}));
    assert_eq!(list("").await, ["ENG", "ITS", "OPS", "SUP"]);
    assert_eq!(list("action=browse").await, ["ITS", "OPS", "SUP"]);
}

#[tokio::test]
async fn mypermissions_looks_at_service_projects_as_from_the_portal() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "revokePermission", "project": "SUP", "permission": "BROWSE_PROJECTS"}));
    // The trap: portal access says yes, while Jira itself does not show the project.
    assert_eq!(
        mine(&bench, "BROWSE_PROJECTS", "&projectKey=SUP").await,
        (200, json!(true))
    );
    assert_eq!(answer(bench.get("/rest/api/3/project/SUP")).await.0, 404);
    assert!(!holds_in(&bench, "BROWSE_PROJECTS").await.contains(&"SUP".to_owned()));
    // Being an agent takes a licence beside the role.
    assert_eq!(
        mine(&bench, "SERVICEDESK_AGENT", "&projectKey=ITS").await,
        (200, json!(true))
    );
    bench.run(json!({"command": "removeAgentLicence"}));
    assert_eq!(
        mine(&bench, "SERVICEDESK_AGENT", "&projectKey=ITS").await,
        (200, json!(false))
    );
    assert_eq!(
        mine(&bench, "BROWSE_PROJECTS", "&projectKey=ITS").await,
        (200, json!(true))
    );
}

#[tokio::test]
async fn global_permissions_and_bad_questions() {
    let bench = Bench::new().await;
    assert_eq!(mine(&bench, "USER_PICKER", "").await, (200, json!(true)));
    assert_eq!(mine(&bench, "ADMINISTER", "").await, (200, json!(false)));
    bench.run(json!({"command": "setGlobalPermission", "permission": "USER_PICKER", "held": false}));
    assert_eq!(mine(&bench, "USER_PICKER", "").await, (200, json!(false)));
    assert_eq!(mine(&bench, "EDIT_ISSUES", "").await, (200, json!(true)));
    assert_eq!(mine(&bench, "NO_SUCH", "").await.0, 400);
    assert_eq!(mine(&bench, "EDIT_ISSUES", "&projectKey=NOPE").await.0, 404);

    let check = async |body: Value| answer(bench.post("/rest/api/3/permissions/check", &body)).await;
    let (status, body) = check(json!({"globalPermissions": ["ADMINISTER", "BULK_CHANGE"]})).await;
    assert_eq!((status, &body["globalPermissions"]), (200, &json!(["BULK_CHANGE"])));
    for empty in [
        json!({"projectPermissions": []}),
        json!({"projectPermissions": [{"permissions": [], "projects": [1]}]}),
    ] {
        assert_eq!(check(empty).await.0, 400, "without at least one project permission");
    }
    let unknown = json!({"projectPermissions": [{"permissions": ["PERMISSION_123"], "projects": [1]}]});
    let (status, body) = check(unknown).await;
    let errors = json!({"PERMISSION_123": "Unrecognized permission"});
    assert_eq!((status, &body["errors"]), (400, &errors));
    let ids: Vec<u64> = (1..=1001).collect();
    let many = json!({"projectPermissions": [{"permissions": ["EDIT_ISSUES"], "projects": ids}]});
    assert_eq!(check(many).await.0, 400);
    let other = bench
        .sandbox
        .state(|w| w.account("dana@acme.example").unwrap().account_id.clone());
    let (status, _) = check(json!({"accountId": other, "globalPermissions": ["ADMINISTER"]})).await;
    assert_eq!(status, 403);
    let body = json!({"permissions": ["EDIT_ISSUES", "MANAGE_SPRINTS_PERMISSION"]});
    let (_, body) = answer(bench.post("/rest/api/3/permissions/project", &body)).await;
    assert_eq!(body["projects"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_may_only_open_the_portal_sees_the_desk_and_not_the_project() {
    let bench = Bench::new().await;
    // Product access, and no role anywhere.
    let pat = bench.mint(json!({"command": "mintGrant", "account": "pat@acme.example"}));
    let ask = async |path: &str| answer(bench.get_as(&pat.access_token, path)).await;
    let (_, desks) = ask("/rest/servicedeskapi/servicedesk").await;
    assert_eq!(desks["size"], 2);
    let (_, mine) = ask("/rest/api/3/mypermissions?permissions=BROWSE_PROJECTS&projectKey=SUP").await;
    assert_eq!(mine["permissions"]["BROWSE_PROJECTS"]["havePermission"], true);
    let search = async || keys(&ask("/rest/api/3/project/search").await.1);
    let hidden = async || {
        assert_eq!(ask("/rest/api/3/project/SUP").await.0, 404);
        let (status, body) = ask("/rest/api/3/search/jql?jql=project%20%3D%20SUP").await;
        assert_eq!(status, 400, "{body}");
    };
    let id = bench
        .sandbox
        .state(|w| w.site("acme").unwrap().project("SUP").unwrap().id);
    let checked = async || {
        let body = json!({"projectPermissions": [{"permissions": ["BROWSE_PROJECTS"], "projects": [id]}]});
        let path = format!("/ex/jira/{}/rest/api/3/permissions/check", bench.cloud_id("acme"));
        let request = bench.http.post(bench.url(&path)).bearer_auth(&pat.access_token);
        let (_, body) = answer(request.json(&body)).await;
        body["projectPermissions"][0]["projects"].clone()
    };
    assert_eq!((search().await, checked().await), (vec!["OPS".to_owned()], json!([])));
    hidden().await;
    bench.run(json!({"command": "setPortalLens", "inPermissionsCheck": true}));
    assert_eq!((search().await, checked().await), (vec!["OPS".to_owned()], json!([id])));
    hidden().await;
    bench.run(json!({"command": "setPortalLens", "inPermissionsCheck": false, "inProjectSearch": true}));
    assert_eq!(search().await, ["ITS", "OPS", "SUP"]);
    assert_eq!(checked().await, json!([]));
    hidden().await;
}
