//! Requests of service projects: raised, on behalf of others, commented, with participants and forms.

use serde_json::{Value, json};

use crate::client::{Bench, answer, text};

const REQUEST: &str = "/rest/servicedeskapi/request";

/// A question in SUP with these parts beside.
fn request(bench: &Bench, further: Value) -> Value {
    let desk = bench.sandbox.state(|world| {
        world
            .site("acme")
            .unwrap()
            .project("SUP")
            .unwrap()
            .desk
            .as_ref()
            .unwrap()
            .id
    });
    let mut body = json!({
        "serviceDeskId": desk.to_string(),
        "requestTypeId": "1",
        "requestFieldValues": {"summary": "Cannot log in"},
    });
    if let Value::Object(further) = further {
        body.as_object_mut().unwrap().extend(further);
    }
    body
}

async fn raise(bench: &Bench, further: Value) -> (u16, Value) {
    answer(bench.post(REQUEST, &request(bench, further))).await
}

fn key(error: &Value) -> &str {
    error["i18nErrorMessage"]["i18nKey"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_request_is_an_issue_with_a_type_and_without_marks() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setIndexLag", "untilReleased": true}));
    let values = json!({"summary": "Cannot log in", "description": "It says *no*.\n# Try\n# Fail"});
    let (status, made) = raise(&bench, json!({"requestFieldValues": values})).await;
    assert_eq!((status, text(&made["issueKey"])), (201, "SUP-3".to_owned()), "{made}");
    assert_eq!(
        (&made["requestTypeId"], &made["currentStatus"]["statusCategory"]),
        (&json!("1"), &json!("INDETERMINATE"))
    );
    assert!(text(&made["_links"]["web"]).contains("/servicedesk/customer/portal/"));
    let (_, issue) = answer(bench.get("/rest/api/3/issue/SUP-3?properties=*all")).await;
    let fields = &issue["fields"];
    assert_eq!(fields["customfield_10010"]["requestType"]["id"], "1");
    assert_eq!(
        (&fields["labels"], &fields["assignee"], &issue["properties"]),
        (&json!([]), &Value::Null, &json!({}))
    );
    // Wiki markup became a document.
    assert_eq!(
        fields["description"]["content"][0]["content"][1]["marks"][0]["type"],
        "strong"
    );
    assert_eq!(fields["description"]["content"][1]["type"], "orderedList");
    let (_, shown) = answer(bench.get(&format!("{REQUEST}/SUP-3"))).await;
    assert_eq!(shown["requestFieldValues"][1]["value"], values["description"]);
    assert_eq!(
        answer(bench.get(&format!("{REQUEST}/SUP-1"))).await.0,
        404,
        "an issue, and no request"
    );
    // The second step marks it.
    let mark = json!({"update": {"labels": [{"add": "k8s-9f3c"}]}, "properties": [{"key": "p", "value": 1}]});
    assert_eq!(answer(bench.send("PUT", "/rest/api/3/issue/SUP-3", &mark)).await.0, 204);
    let document = json!({"type": "doc", "version": 1, "content": []});
    let adf = json!({"isAdfRequest": true, "requestFieldValues": {"summary": "x", "description": document}});
    assert_eq!(raise(&bench, adf).await.0, 201);
}

#[tokio::test]
async fn the_form_takes_what_it_shows() {
    let bench = Bench::new().await;
    let field = json!({"command": "addField", "name": "Severity", "kind": "select", "options": ["High", "Low"]});
    let devkit::sandbox::Answer::Field { id } = bench.run(field) else {
        panic!("no field")
    };
    let form = |required: bool, visible: bool| json!({"fieldId": id, "name": "How bad?", "required": required, "visible": visible});
    bench.run(json!({"command": "setFormField", "project": "SUP", "requestType": "1", "field": form(true, true)}));
    let path = "/rest/servicedeskapi/servicedesk/SUP/requesttype/1/field";
    let (_, shown) = answer(bench.get(path)).await;
    let shown = &shown["requestTypeFields"][2];
    assert_eq!(
        (&shown["validValues"][0]["label"], &shown["jiraSchema"]["type"]),
        (&json!("High"), &json!("option"))
    );
    let (status, refused) = raise(&bench, json!({})).await;
    assert!(
        status == 400 && text(&refused["errorMessage"]).contains("How bad? is required."),
        "{refused}"
    );
    assert_eq!(key(&refused), "sd.request.create.error.fields.invalid");
    let with = |value: Value| json!({"requestFieldValues": {"summary": "x", &id: value}});
    assert!(
        text(&raise(&bench, with(json!({"value": "z"}))).await.1["errorMessage"])
            .contains("Option value 'z' is not valid")
    );
    assert_eq!(raise(&bench, with(json!({"value": "Low"}))).await.0, 201);
    for unknown in ["labels", "assignee", "customfield_10999"] {
        let values = json!({"requestFieldValues": {"summary": "x", &id: {"value": "Low"}, unknown: "x"}});
        let (status, refused) = raise(&bench, values).await;
        assert!(
            status == 400 && text(&refused["errorMessage"]).contains(unknown),
            "{refused}"
        );
    }
    bench.run(json!({"command": "setFormField", "project": "SUP", "requestType": "1", "field": form(true, false)}));
    assert_eq!(
        raise(&bench, json!({})).await.0,
        400,
        "required, hidden and without a preset value"
    );
    let mut preset = form(true, false);
    preset["presetValues"] = json!(["High"]);
    bench.run(json!({"command": "setFormField", "project": "SUP", "requestType": "1", "field": preset}));
    let (_, made) = raise(&bench, json!({})).await;
    let issue = format!("/rest/api/3/issue/{}", text(&made["issueKey"]));
    bench.run(json!({"command": "changeScreen", "project": "SUP", "field": id}));
    assert_eq!(answer(bench.get(&issue)).await.1["fields"][&id]["value"], "High");
}

#[tokio::test]
async fn questions_beside_the_fields_are_demanded_only_where_the_form_is_enforced() {
    let bench = Bench::new().await;
    let questions = json!([{"id": "12", "label": "Start date", "required": true}, {"id": "13", "label": "Why?"}]);
    let set = |enforced: bool| json!({"command": "setForm", "project": "SUP", "requestType": "1", "questions": questions, "enforced": enforced});
    bench.run(set(false));
    assert_eq!(raise(&bench, json!({})).await.0, 201, "it comes without that form");
    bench.run(set(true));
    let (status, refused) = raise(&bench, json!({})).await;
    assert_eq!(
        (status, &refused["errors"][0]["context"][0]["id"]),
        (422, &json!("12")),
        "{refused}"
    );
    assert_eq!(key(&refused), "sd.request.create.error.proforma.form.validation.error");
    let answers = json!({"form": {"answers": {"12": {"date": "2027-01-04"}}}});
    assert_eq!(raise(&bench, answers).await.0, 201);
    // Metadata do not know of it.
    let (_, shown) = answer(bench.get("/rest/servicedeskapi/servicedesk/SUP/requesttype/1/field")).await;
    assert_eq!(shown["requestTypeFields"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn agents_raise_on_behalf_of_customers_of_the_desk() {
    let bench = Bench::new().await;
    let casey = bench.account("casey@customer.example");
    let bot = bench.account("jira-bot@acme.example");
    let (status, made) = raise(&bench, json!({"raiseOnBehalfOf": casey})).await;
    assert_eq!((status, &made["reporter"]["accountId"]), (201, &json!(casey)), "{made}");
    let creator = async |key: &Value| {
        let (_, issue) = answer(bench.get(&format!("/rest/api/3/issue/{}", text(key)))).await;
        text(&issue["fields"]["creator"]["accountId"])
    };
    assert_eq!(creator(&made["issueKey"]).await, bot);
    bench.run(json!({"command": "setUndocumented", "set": {"customerIsCreator": true}}));
    let (_, made) = raise(&bench, json!({"raiseOnBehalfOf": casey})).await;
    assert_eq!(creator(&made["issueKey"]).await, casey);
    assert!(
        bench
            .sandbox
            .effects()
            .iter()
            .all(|effect| effect.account_id.as_deref() == Some(bot.as_str()))
    );

    for stranger in ["casey@customer.example", "nobody"] {
        assert_eq!(raise(&bench, json!({"raiseOnBehalfOf": stranger})).await.0, 400);
    }
    bench.run(json!({"command": "setCustomerAccess", "project": "SUP", "open": false}));
    assert_eq!(
        raise(&bench, json!({"raiseOnBehalfOf": casey})).await.0,
        400,
        "no customer of the desk"
    );
    bench.run(json!({"command": "setUndocumented", "set": {"onBehalfRefusal": 403}}));
    assert_eq!(raise(&bench, json!({"raiseOnBehalfOf": casey})).await.0, 403);
    bench.run(json!({"command": "setCustomerAccess", "project": "SUP", "open": true}));
    bench.run(json!({"command": "removeAgentLicence"}));
    let (status, refused) = raise(&bench, json!({"raiseOnBehalfOf": casey})).await;
    assert_eq!(
        (status, key(&refused)),
        (403, "sd.request.create.error.on.behalf.denied")
    );
}

#[tokio::test]
async fn who_may_not_is_refused_with_403() {
    let bench = Bench::new().await;
    let restricted = json!({"command": "changeRequestType", "project": "SUP", "requestType": "1", "restricted": true});
    bench.run(restricted);
    assert_eq!(raise(&bench, json!({})).await.0, 403);
    assert_eq!(raise(&bench, json!({"requestTypeId": "99"})).await.0, 400);
    assert_eq!(raise(&bench, json!({"serviceDeskId": "99"})).await.0, 400);
    assert_eq!(raise(&bench, json!({"requestTypeId": 1})).await.0, 400, "ids are texts");
    bench.run(json!({"command": "dropScope", "scope": "write:servicedesk-request"}));
    let (status, refused) = raise(&bench, json!({})).await;
    assert_eq!(
        (status, text(&refused["message"])),
        (401, "Unauthorized; scope does not match".to_owned())
    );
}

#[tokio::test]
async fn participants_need_access_to_the_desk() {
    let bench = Bench::new().await;
    let (casey, dana) = (
        bench.account("casey@customer.example"),
        bench.account("dana@acme.example"),
    );
    let (status, made) = raise(&bench, json!({"requestParticipants": [dana]})).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(raise(&bench, json!({"requestParticipants": ["nobody"]})).await.0, 400);
    let path = format!("{REQUEST}/{}/participant", text(&made["issueKey"]));
    let (_, page) = answer(bench.get(&path)).await;
    assert_eq!(
        (&page["size"], &page["values"][0]["accountId"]),
        (&json!(1), &json!(dana))
    );
    let (status, page) = answer(bench.post(&path, &json!({"accountIds": [casey, dana]}))).await;
    assert_eq!((status, &page["size"]), (200, &json!(2)));
    assert_eq!(
        answer(bench.post(&path, &json!({"accountIds": ["nobody"]}))).await.0,
        400
    );
    let (status, page) = answer(bench.send("DELETE", &path, &json!({"accountIds": [dana]}))).await;
    assert_eq!((status, &page["size"]), (200, &json!(1)));
    let changed: Vec<_> = bench
        .sandbox
        .effects()
        .into_iter()
        .skip(1)
        .map(|effect| effect.changed)
        .collect();
    assert_eq!(
        changed,
        [vec![casey.clone()], vec![dana]],
        "who was there already is not added"
    );
}

#[tokio::test]
async fn internal_comments_are_for_agents_and_public_ones_for_customers_too() {
    let bench = Bench::new().await;
    let casey = bench.account("casey@customer.example");
    let customer = bench.token_of("casey@customer.example");
    let (_, made) = raise(&bench, json!({"raiseOnBehalfOf": casey})).await;
    let path = format!("{REQUEST}/{}/comment", text(&made["issueKey"]));
    let say = |body: Value| bench.post(&path, &body);
    let (status, note) = answer(say(json!({"body": "Requested by *kim*", "public": false}))).await;
    assert_eq!(
        (status, &note["public"], &note["body"]),
        (201, &json!(false), &json!("Requested by *kim*"))
    );
    assert_eq!(answer(say(json!({"body": "Hello", "public": true}))).await.0, 201);
    assert_eq!(answer(say(json!({"body": "no flag"}))).await.0, 400);
    assert_eq!(answer(say(json!({"body": " ", "public": true}))).await.0, 400);
    let (_, all) = answer(bench.get(&path)).await;
    let (_, own) = answer(bench.get_as(&customer, &path)).await;
    assert_eq!(
        (&all["size"], &own["size"], &own["values"][0]["body"]),
        (&json!(2), &json!(1), &json!("Hello"))
    );
    assert_eq!(answer(bench.get(&format!("{path}?public=false"))).await.1["size"], 1);
    let secret = format!("{path}/{}", text(&note["id"]));
    assert_eq!(answer(bench.get(&secret)).await.0, 200);
    assert_eq!(answer(bench.get_as(&customer, &secret)).await.0, 404);
    // The platform shows the same, as a document.
    let platform = format!("/rest/api/3/issue/{}/comment", text(&made["issueKey"]));
    let (_, page) = answer(bench.get(&platform)).await;
    assert_eq!(page["comments"][0]["jsdPublic"], false);
    assert_eq!(
        page["comments"][0]["body"]["content"][0]["content"][1]["marks"][0]["type"],
        "strong"
    );

    let by_customer = |public: bool| bench.send_as(&customer, "POST", &path, &json!({"body": "x", "public": public}));
    assert_eq!(answer(by_customer(true)).await.0, 201);
    assert_eq!(answer(by_customer(false)).await.0, 403);
    let hidden = json!({"body": "x", "public": false});
    assert_eq!(
        answer(bench.post(&format!("{REQUEST}/SUP-1/comment"), &hidden)).await.0,
        403,
        "no request"
    );
    assert_eq!(
        answer(bench.post(&format!("{REQUEST}/ENG-1/comment"), &hidden)).await.0,
        403
    );
    assert_eq!(
        answer(bench.get(&format!("{REQUEST}/ENG-1/comment"))).await.1["size"],
        0,
        "empty, and no refusal"
    );
}

#[tokio::test]
async fn customers_raise_requests_and_see_their_own() {
    let bench = Bench::new().await;
    let customer = bench.token_of("casey@customer.example");
    let body = request(&bench, json!({}));
    let (status, made) = answer(bench.send_as(&customer, "POST", REQUEST, &body)).await;
    assert_eq!(
        (status, &made["reporter"]["displayName"]),
        (201, &json!("Casey Customer")),
        "{made}"
    );
    let (_, others) = raise(&bench, json!({})).await;
    let see = async |made: &Value| {
        answer(bench.get_as(&customer, &format!("{REQUEST}/{}", text(&made["issueKey"]))))
            .await
            .0
    };
    assert_eq!((see(&made).await, see(&others).await), (200, 404));
}
