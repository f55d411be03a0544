//! Service desks: who reaches them, and what request types and fields say about the caller.

use serde_json::json;

use crate::client::{Bench, answer, command, text};

#[tokio::test]
async fn desks_are_listed_to_everybody_who_may_open_the_portal() {
    let bench = Bench::new().await;
    let (status, page) = answer(bench.get("/rest/servicedeskapi/servicedesk?limit=1")).await;
    assert_eq!(
        (status, &page["isLastPage"], &page["size"]),
        (200, &json!(false), &json!(1))
    );
    let customer = bench.mint(json!({"command": "mintGrant", "account": "casey@customer.example"}));
    let path = "/rest/servicedeskapi/servicedesk";
    let (_, page) = answer(bench.get_as(&customer.access_token, path)).await;
    let keys: Vec<_> = page["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| text(&d["projectKey"]))
        .collect();
    assert_eq!(keys, ["SUP", "ITS"]);
    for name in ["SUP", "projectKey:SUP", text(&page["values"][0]["id"]).as_str()] {
        let (_, desk) = answer(bench.get(&format!("{path}/{name}"))).await;
        assert_eq!(desk["projectKey"], "SUP", "{name}");
    }
    let (status, error) = answer(bench.get(&format!("{path}/ENG"))).await;
    assert_eq!(status, 404);
    assert!(error["i18nErrorMessage"]["i18nKey"].is_string());
}

#[tokio::test]
async fn pages_can_be_shorter_than_the_limit_that_they_tell() {
    let bench = Bench::new().await;
    let capped = json!({"command": "capPages", "most": 1});
    bench.sandbox.command(command(capped)).unwrap();
    let (_, page) = answer(bench.get("/rest/servicedeskapi/servicedesk?limit=100")).await;
    let reported = (&page["size"], &page["limit"], &page["isLastPage"]);
    assert_eq!(reported, (&json!(1), &json!(100), &json!(false)));
    let (_, page) = answer(bench.get("/rest/servicedeskapi/servicedesk?limit=100&start=1")).await;
    assert_eq!((&page["size"], &page["isLastPage"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn request_types_show_what_the_caller_may_see_and_do() {
    let bench = Bench::new().await;
    let path = "/rest/servicedeskapi/servicedesk/SUP/requesttype";
    let names = async |query: &str| {
        let (_, page) = answer(bench.get(&format!("{path}{query}"))).await;
        let values = page["values"].as_array().unwrap().clone();
        values.iter().map(|kind| text(&kind["name"])).collect::<Vec<_>>()
    };
    // The restricted one is for administrators; the one without a group is hidden in the portal only.
    assert_eq!(
        names("").await,
        ["Ask a question", "Report a problem", "Emailed request"]
    );
    assert!(names("?searchQuery=emailed").await.is_empty());
    assert_eq!(
        names("?searchQuery=emailed&includeHiddenRequestTypesInSearch=true")
            .await
            .len(),
        1
    );
    bench.run(json!({"command": "grantPermission", "project": "SUP", "permission": "ADMINISTER_PROJECTS"}));
    assert_eq!(names("").await.len(), 4);

    let (_, fields) = answer(bench.get(&format!("{path}/1/field"))).await;
    assert_eq!(fields["canRaiseOnBehalfOf"], true);
    assert_eq!(fields["requestTypeFields"][0]["fieldId"], "summary");
    bench.run(json!({"command": "removeAgentLicence"}));
    let (_, fields) = answer(bench.get(&format!("{path}/1/field"))).await;
    assert_eq!(fields["canRaiseOnBehalfOf"], false);
    assert_eq!(answer(bench.get(&format!("{path}/99/field"))).await.0, 404);
}

#[tokio::test]
async fn experimental_calls_want_to_be_opted_into() {
    let bench = Bench::new().await;
    let path = "/rest/servicedeskapi/servicedesk/SUP/requesttype/permissions/check";
    let body = json!({"requestTypeIds": [1, 2, 99], "permissions": ["canCreateRequest"]});
    assert_eq!(answer(bench.post(path, &body)).await.0, 412);
    let opted = bench.post(path, &body).header("X-ExperimentalApi", "opt-in");
    let (status, body) = answer(opted).await;
    assert_eq!((status, &body["canCreateRequest"]), (200, &json!([1, 2])));
}

#[tokio::test]
async fn a_desks_own_articles_take_the_one_granular_scope() {
    let bench = Bench::new().await;
    let everywhere = "/rest/servicedeskapi/knowledgebase/article?query=password&highlight=false";
    let (status, page) = answer(bench.get(everywhere)).await;
    assert_eq!((status, &page["size"]), (200, &json!(2)));
    let of_desk = "/rest/servicedeskapi/servicedesk/SUP/knowledgebase/article?query=password";
    let (status, body) = answer(bench.get(of_desk)).await;
    assert_eq!(
        (status, text(&body["message"])),
        (401, "Unauthorized; scope does not match".to_owned())
    );
    bench.run(json!({"command": "addScope", "scope": "read:knowledgebase:jira-service-management"}));
    assert_eq!(answer(bench.get(of_desk)).await.0, 200);
}
