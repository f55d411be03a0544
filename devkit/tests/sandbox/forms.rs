//! What can be wrong with a service desk: its request types, their forms, its portal, its knowledge base.

use devkit::sandbox::{Answer, Command, NewRequestType};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::client::{Bench, answer, command, text};

const DESKS: &str = "/rest/servicedeskapi/servicedesk";

async fn listed(request: RequestBuilder) -> Vec<Value> {
    let (status, page) = answer(request).await;
    assert_eq!(status, 200, "{page}");
    page["values"].as_array().unwrap().clone()
}

async fn types(bench: &Bench) -> Vec<Value> {
    listed(bench.get(&format!("{DESKS}/SUP/requesttype"))).await
}

fn named(types: &[Value], name: &str) -> Value {
    let mut types = types.iter();
    types.find(|kind| kind["name"] == name).unwrap().clone()
}

/// What the bulk check says about request types, with `accountId` where one is given.
async fn check(bench: &Bench, ids: &[u64], account: Option<&str>) -> (u16, Value) {
    let mut body = json!({"requestTypeIds": ids, "permissions": ["canCreateRequest", "canAdminister"]});
    if let Some(account) = account {
        body["accountId"] = account.into();
    }
    let request = bench.post(&format!("{DESKS}/SUP/requesttype/permissions/check"), &body);
    answer(request.header("X-ExperimentalApi", "opt-in")).await
}

fn change(request_type: Option<&str>, what: &Value) -> Value {
    let mut change = json!({"command": "changeRequestType", "project": "SUP", "requestType": request_type});
    change
        .as_object_mut()
        .unwrap()
        .extend(what.as_object().unwrap().clone());
    change
}

#[tokio::test]
async fn a_desk_can_publish_none_or_others() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setRequestTypes", "project": "SUP", "requestTypes": []}));
    assert!(types(&bench).await.is_empty());
    let kind = json!({"name": "Lost badge", "issueType": "Incident"});
    bench.run(json!({"command": "addRequestType", "project": "SUP", "requestType": kind}));
    let badge = named(&types(&bench).await, "Lost badge");
    assert_eq!(
        (&badge["issueTypeId"], &badge["groupIds"], &badge["canCreateRequest"]),
        (&json!("10011"), &json!(["1"]), &json!(true))
    );
    // Request types are counted across the site: no number is used twice.
    assert_ne!(text(&badge["id"]), "1");
    bench.run(json!({"command": "removeRequestType", "project": "SUP", "requestType": "Lost badge"}));
    assert!(types(&bench).await.is_empty());
    let unknown = json!({"command": "removeRequestType", "project": "SUP", "requestType": "Lost badge"});
    assert!(bench.sandbox.command(command(unknown)).is_err());
}

#[tokio::test]
async fn hidden_restricted_and_uncreatable_are_three_different_things() {
    let bench = Bench::new().await;
    bench.run(change(None, &json!({"groupIds": [], "restricted": false})));
    let hidden = types(&bench).await;
    assert_eq!(hidden.len(), 4);
    assert!(
        hidden
            .iter()
            .all(|kind| kind["groupIds"] == json!([]) && kind["canCreateRequest"] == true)
    );

    bench.run(change(None, &json!({"groupIds": ["1"], "restricted": true})));
    assert!(types(&bench).await.is_empty());
    let right = |command| json!({"command": command, "project": "SUP", "permission": "ADMINISTER_PROJECTS"});
    bench.run(right("grantPermission"));
    let restricted = types(&bench).await;
    assert!(restricted.len() == 4 && restricted.iter().all(|kind| kind["restrictionStatus"] == "RESTRICTED"));
    assert_eq!(check(&bench, &[1], None).await.1["canAdminister"], json!([1]));
    bench.run(right("revokePermission"));

    bench.run(change(None, &json!({"restricted": false})));
    bench.run(change(Some("Ask a question"), &json!({"creatable": false})));
    assert_eq!(named(&types(&bench).await, "Ask a question")["canCreateRequest"], false);
    let (status, held) = check(&bench, &[1, 2], None).await;
    assert_eq!((status, &held["canCreateRequest"]), (200, &json!([2])));
}

#[tokio::test]
async fn without_create_issues_nothing_can_be_created() {
    let bench = Bench::new().await;
    let create = |holder: Option<&str>| json!({"command": "revokePermission", "project": "SUP", "permission": "CREATE_ISSUES", "holder": holder});
    bench.run(create(None));
    // The portal's view still lets everybody in.
    assert_eq!(named(&types(&bench).await, "Ask a question")["canCreateRequest"], true);
    bench.run(create(Some("portal")));
    assert_eq!(named(&types(&bench).await, "Ask a question")["canCreateRequest"], false);
    assert_eq!(check(&bench, &[1, 2, 3], None).await.1["canCreateRequest"], json!([]));
}

#[tokio::test]
async fn a_list_may_be_silent_about_creating_and_the_check_is_not() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "showCanCreate", "shown": false}));
    assert!(
        types(&bench)
            .await
            .iter()
            .all(|kind| kind.get("canCreateRequest").is_none())
    );
    assert_eq!(check(&bench, &[1, 2], None).await.1["canCreateRequest"], json!([1, 2]));
}

#[tokio::test]
async fn hidden_fields_are_told_to_administrators_who_ask() {
    let bench = Bench::new().await;
    let field = json!({"fieldId": "customfield_10050", "name": "Cost centre", "required": true, "visible": false});
    bench.run(json!({"command": "setFormField", "project": "SUP", "requestType": "1", "field": field}));
    let shown = async |query: &str| {
        let path = format!("{DESKS}/SUP/requesttype/1/field{query}");
        let (_, body) = answer(bench.get(&path)).await;
        let fields = body["requestTypeFields"].as_array().unwrap().clone();
        fields.into_iter().find(|field| field["fieldId"] == "customfield_10050")
    };
    assert_eq!(shown("?expand=hiddenFields").await, None);
    // The form is no matter of permissions.
    assert_eq!(named(&types(&bench).await, "Ask a question")["canCreateRequest"], true);
    bench.run(json!({"command": "grantPermission", "project": "SUP", "permission": "ADMINISTER_PROJECTS"}));
    assert_eq!(shown("").await, None);
    let hidden = shown("?expand=hiddenFields").await.unwrap();
    assert_eq!(
        (&hidden["required"], &hidden["visible"], &hidden["presetValues"]),
        (&json!(true), &json!(false), &json!([]))
    );
    let field = json!({"fieldId": "customfield_10050", "name": "Cost centre", "required": true, "visible": false, "presetValues": ["7"]});
    bench.run(json!({"command": "setFormField", "project": "SUP", "field": field}));
    assert_eq!(
        shown("?expand=hiddenFields").await.unwrap()["presetValues"],
        json!(["7"])
    );
    bench.run(json!({"command": "removeFormField", "project": "SUP", "fieldId": "customfield_10050"}));
    assert_eq!(shown("?expand=hiddenFields").await, None);
}

#[tokio::test]
async fn a_service_project_can_lack_its_desk() {
    let bench = Bench::new().await;
    bench
        .sandbox
        .command(Command::RemoveDesk {
            site: None,
            project: "SUP".to_owned(),
        })
        .unwrap();
    let desks = listed(bench.get(DESKS)).await;
    assert!(desks.iter().all(|desk| desk["projectKey"] != "SUP"));
    assert_eq!(answer(bench.get(&format!("{DESKS}/SUP"))).await.0, 404);
    let (_, project) = answer(bench.get("/rest/api/3/project/SUP")).await;
    assert_eq!(project["projectTypeKey"], "service_desk");
    bench.run(json!({"command": "restoreDesk", "project": "SUP"}));
    assert_eq!(types(&bench).await.len(), 3);
    for wrong in ["SUP", "ENG"] {
        let restore = json!({"command": "restoreDesk", "project": wrong});
        assert!(bench.sandbox.command(command(restore)).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_closed_portal_opens_to_those_with_a_role() {
    let bench = Bench::new().await;
    let casey = "casey@customer.example";
    let customer = bench.mint(json!({"command": "mintGrant", "account": casey}));
    let id = bench
        .sandbox
        .state(|world| world.account(casey).unwrap().account_id.clone());
    let desks = async || listed(bench.get_as(&customer.access_token, DESKS)).await.len();
    assert_eq!(desks().await, 2);
    // Only administrators learn what others may do.
    assert_eq!(check(&bench, &[1], Some(&id)).await.0, 401);
    bench.run(json!({"command": "grantPermission", "project": "SUP", "permission": "ADMINISTER_PROJECTS"}));
    assert_eq!(check(&bench, &[1], Some("nobody")).await.0, 400);
    assert_eq!(
        check(&bench, &[1, 2], Some(&id)).await.1["canCreateRequest"],
        json!([1, 2])
    );

    bench.run(json!({"command": "setCustomerAccess", "project": "SUP", "open": false}));
    assert_eq!(desks().await, 1);
    assert_eq!(check(&bench, &[1, 2], Some(&id)).await.1["canCreateRequest"], json!([]));
    assert_eq!(types(&bench).await.len(), 4, "the team is still in");
    let join = json!({"command": "addToRole", "project": "SUP", "role": "Service Desk Customers", "account": casey});
    bench.run(join);
    assert_eq!(desks().await, 2);
    assert_eq!(
        check(&bench, &[1, 2], Some(&id)).await.1["canCreateRequest"],
        json!([1, 2])
    );
}

#[tokio::test]
async fn request_types_of_all_desks_come_in_one_experimental_list() {
    let bench = Bench::new().await;
    let path = "/rest/servicedeskapi/requesttype";
    assert_eq!(answer(bench.get(path)).await.0, 412);
    let all = listed(bench.get(path).header("X-ExperimentalApi", "opt-in")).await;
    assert_eq!(all.len(), 6);
    let page = bench.get(&format!("{path}?searchQuery=problem&limit=1"));
    let (_, page) = answer(page.header("X-ExperimentalApi", "opt-in")).await;
    let next = text(&page["_links"]["next"]);
    assert!(
        next.ends_with("/requesttype?searchQuery=problem&start=1&limit=1"),
        "{next}"
    );
    let desk = text(&listed(bench.get(DESKS)).await[0]["id"]);
    let one = bench.get(&format!("{path}?serviceDeskId={desk}"));
    let one = listed(one.header("X-ExperimentalApi", "opt-in")).await;
    assert!(one.len() == 3 && one.iter().all(|kind| kind["serviceDeskId"] == desk));
}

#[tokio::test]
async fn articles_want_a_licence_a_scope_and_both_parameters() {
    let bench = Bench::new().await;
    let everywhere = "/rest/servicedeskapi/knowledgebase/article";
    let search = async || answer(bench.get(&format!("{everywhere}?query=a&highlight=false"))).await;
    let found = async || search().await.1["size"].as_u64().unwrap();
    assert_eq!(found().await, 4);
    for missing in ["?query=a", "?highlight=false"] {
        assert_eq!(answer(bench.get(&format!("{everywhere}{missing}"))).await.0, 400);
    }
    // A desk without knowledge base is nothing to complain about.
    bench.run(json!({"command": "setArticles", "project": "SUP"}));
    assert_eq!(found().await, 2);
    bench.run(json!({"command": "setArticles", "project": "SUP", "articles": ["A badge was lost"]}));
    assert_eq!(found().await, 3);
    bench.run(json!({"command": "setKnowledgeBase", "licensed": false}));
    let (status, refusal) = search().await;
    assert_eq!(status, 403);
    assert!(refusal["i18nErrorMessage"]["i18nKey"].is_string());
    bench.run(json!({"command": "setKnowledgeBase", "licensed": true}));
    bench.run(json!({"command": "dropScope", "scope": "read:servicedesk-request"}));
    let (status, refusal) = search().await;
    assert_eq!(
        (status, &refusal["message"]),
        (401, &json!("Unauthorized; scope does not match"))
    );
}

#[test]
fn commands_are_read_as_they_are_written_and_say_what_is_wrong() {
    let read = |text: Value| serde_json::from_value::<Command>(text).map_err(|error| error.to_string());
    let kind = NewRequestType {
        name: "Lost badge".to_owned(),
        ..NewRequestType::default()
    };
    let add = Command::AddRequestType {
        site: None,
        project: "SUP".to_owned(),
        request_type: kind,
    };
    let written = serde_json::to_value(&add).unwrap();
    assert_eq!(written["command"], "addRequestType");
    assert!(matches!(read(written), Ok(Command::AddRequestType { .. })));
    let plain = serde_json::to_value(Command::ClearFaults).unwrap();
    assert_eq!(plain, json!({"command": "clearFaults"}));
    assert!(matches!(read(plain), Ok(Command::ClearFaults)));
    let wrong = read(json!({"command": "removeDesk", "projekt": "SUP"})).unwrap_err();
    assert!(wrong.contains("projekt"), "{wrong}");
    let update = json!({"command": "updateIssue", "issue": "ENG-1", "labels": ["new"]});
    let update = serde_json::to_value(read(update).unwrap()).unwrap();
    assert_eq!(
        (&update["command"], &update["labels"]),
        (&json!("updateIssue"), &json!(["new"]))
    );
    let wrong = read(json!({"command": "updateIssue", "issue": "ENG-1", "label": "new"})).unwrap_err();
    assert!(wrong.contains("label"), "{wrong}");
    let wrong = read(json!({"command": "archiveProject"})).unwrap_err();
    assert!(wrong.contains("project"), "{wrong}");
    assert!(read(json!({"command": "flyAway"})).unwrap_err().contains("flyAway"));
}

#[tokio::test]
async fn the_answer_of_a_command_over_http_is_the_same() {
    let bench = Bench::new().await;
    let body = json!({"command": "removeDesk", "project": "SUP"});
    let request = bench.http.post(bench.url("/_sandbox/commands")).json(&body);
    assert_eq!(
        answer(request).await,
        (200, serde_json::to_value(Answer::Done).unwrap())
    );
    assert!(
        bench
            .sandbox
            .state(|world| world.site("acme").unwrap().project("SUP").unwrap().desk.is_none())
    );
}
