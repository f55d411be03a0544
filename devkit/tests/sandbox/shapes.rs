//! Healthy sites of many shapes: other kinds of project, other roles, statuses and languages.

use serde_json::{Value, json};

use crate::client::{Bench, answer, command, found, keys, text};

async fn statuses(bench: &Bench) -> Vec<Value> {
    let (status, body) = answer(bench.get("/rest/api/3/status")).await;
    assert_eq!(status, 200, "{body}");
    body.as_array().unwrap().clone()
}

fn names(list: &[Value]) -> Vec<String> {
    list.iter().map(|entry| text(&entry["name"])).collect()
}

/// The permissions that the dedicated account really holds in a project.
async fn holds(bench: &Bench, project: &str, permission: &str) -> bool {
    let id = bench
        .sandbox
        .state(|world| world.site("acme").unwrap().project(project).unwrap().id);
    let body = json!({"projectPermissions": [{"permissions": [permission], "projects": [id]}]});
    let (_, body) = answer(bench.post("/rest/api/3/permissions/check", &body)).await;
    body["projectPermissions"][0]["projects"] == json!([id])
}

#[tokio::test]
async fn statuses_are_shared_unless_a_project_is_team_managed() {
    let bench = Bench::new().await;
    let before = statuses(&bench).await;
    assert_eq!(before.iter().filter(|status| status["name"] == "Done").count(), 1);
    assert!(before.iter().all(|status| status.get("scope").is_none()));
    bench.run(json!({"command": "createProject", "key": "SOFT"}));
    assert_eq!(statuses(&bench).await.len(), before.len());
    for key in ["TMA", "TMB"] {
        bench.run(json!({"command": "createProject", "key": key, "template": "team-managed"}));
    }
    let after = statuses(&bench).await;
    let scoped: Vec<&Value> = after.iter().filter(|status| status.get("scope").is_some()).collect();
    assert_eq!((after.len(), scoped.len()), (before.len() + 6, 6));
    let id = bench
        .sandbox
        .state(|world| world.site("acme").unwrap().project("TMA").unwrap().id);
    let scope = json!({"type": "PROJECT", "project": {"id": id.to_string()}});
    assert_eq!(scoped.iter().filter(|status| status["scope"] == scope).count(), 3);
    // What nobody may browse is not shown.
    bench.run(json!({"command": "revokePermission", "project": "TMA", "permission": "BROWSE_PROJECTS"}));
    assert_eq!(statuses(&bench).await.len(), before.len() + 3);
}

#[tokio::test]
async fn a_renamed_status_is_renamed_wherever_it_is_shared() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "renameStatus", "status": "Waiting for customer", "name": "Warten auf Kunden"}));
    let (_, types) = answer(bench.get("/rest/api/3/project/ITS/statuses")).await;
    let renamed = types[0]["statuses"].as_array().unwrap().clone();
    let renamed = renamed.iter().find(|status| status["id"] == "10011").unwrap().clone();
    assert_eq!(
        (&renamed["name"], &renamed["statusCategory"]["key"]),
        (&json!("Warten auf Kunden"), &json!("indeterminate"))
    );
    let names = names(&statuses(&bench).await);
    assert!(!names.contains(&"Waiting for customer".to_owned()));
}

#[tokio::test]
async fn a_new_name_of_a_type_a_priority_or_a_person_touches_no_issue() {
    let bench = Bench::new().await;
    let path = "/rest/api/3/issue/ENG-1?fields=issuetype,priority,reporter,updated";
    let (_, before) = answer(bench.get(path)).await;
    let of = |issue: &Value, field: &str, name: &str| text(&issue["fields"][field][name]);
    let account = of(&before, "reporter", "accountId");
    bench.run(json!({"command": "renameIssueType", "issueType": of(&before, "issuetype", "name"), "name": "Defect"}));
    bench.run(json!({"command": "renamePriority", "priority": of(&before, "priority", "name"), "name": "Urgent"}));
    bench.run(json!({"command": "renameAccount", "account": account, "displayName": "Somebody Else"}));
    let (_, after) = answer(bench.get(path)).await;
    assert_eq!(before["fields"]["updated"], after["fields"]["updated"]);
    for (field, name, new) in [
        ("issuetype", "name", "Defect"),
        ("priority", "name", "Urgent"),
        ("reporter", "displayName", "Somebody Else"),
    ] {
        assert_eq!(of(&after, field, name), new);
    }
    let found = found(&bench, "project = ENG AND priority = urgent AND issuetype = Defect").await;
    assert!(found.contains(&"ENG-1".to_owned()), "{found:?}");
    bench.run(json!({"command": "createProject", "key": "NEW"}));
    let (_, types) = answer(bench.get("/rest/api/3/project/NEW/statuses")).await;
    assert!(
        names(types.as_array().unwrap()).contains(&"Defect".to_owned()),
        "it is shared"
    );
    let unknown = json!({"command": "renamePriority", "priority": "Medium rare", "name": "X"});
    assert!(bench.sandbox.command(command(unknown)).is_err());
}

#[tokio::test]
async fn a_workflow_can_gain_lose_and_change_its_statuses() {
    let bench = Bench::new().await;
    let add = |project: &str| json!({"command": "addStatus", "project": project, "name": "On Hold", "category": "indeterminate"});
    bench.run(add("ENG"));
    bench.run(add("OPS"));
    assert!(bench.sandbox.command(command(add("OPS"))).is_err());
    let held: Vec<Value> = statuses(&bench).await;
    assert_eq!(held.iter().filter(|status| status["name"] == "On Hold").count(), 1);
    bench.run(json!({"command": "updateIssue", "issue": "ENG-1", "status": "On Hold"}));
    bench.run(json!({"command": "removeStatus", "project": "ENG", "status": "On Hold"}));
    let (_, issue) = answer(bench.get("/rest/api/3/issue/ENG-1?fields=status")).await;
    assert_eq!(issue["fields"]["status"]["name"], "To Do");
    let wanted = json!([{"name": "Offen", "category": "new"}, {"name": "Done", "category": "done"}]);
    bench.run(json!({"command": "setStatuses", "project": "ENG", "statuses": wanted}));
    let (_, types) = answer(bench.get("/rest/api/3/project/ENG/statuses")).await;
    assert_eq!(names(types[0]["statuses"].as_array().unwrap()), ["Offen", "Done"]);
    assert_eq!(
        types[0]["statuses"][1]["id"], "10002",
        "Done stays the one that others have"
    );
    let none = json!({"command": "setStatuses", "project": "ENG", "statuses": []});
    assert!(bench.sandbox.command(command(none)).is_err());
}

#[tokio::test]
async fn roles_keep_their_rights_under_any_name_and_through_groups() {
    let bench = Bench::new().await;
    let rename = json!({"command": "renameRole", "role": "Service Desk Team", "name": "Helping Hands"});
    bench.run(rename.clone());
    assert!(bench.sandbox.command(command(rename)).is_err(), "it is gone");
    for key in ["SUP", "ITS"] {
        assert!(holds(&bench, key, "SERVICEDESK_AGENT").await, "{key}");
    }
    let (_, project) = answer(bench.get("/rest/api/3/project/SUP")).await;
    assert!(project["roles"].get("Helping Hands").is_some());

    let leave =
        json!({"command": "removeFromRole", "project": "SUP", "role": "Helping Hands", "group": "integrations"});
    bench.run(leave);
    assert!(!holds(&bench, "SUP", "SERVICEDESK_AGENT").await && holds(&bench, "ITS", "SERVICEDESK_AGENT").await);
    bench.run(json!({"command": "addToGroup", "group": "robots"}));
    bench.run(json!({"command": "addGroupToRole", "project": "SUP", "role": "Helping Hands", "group": "robots"}));
    assert!(holds(&bench, "SUP", "SERVICEDESK_AGENT").await);
    bench.run(json!({"command": "removeFromGroup", "group": "robots"}));
    assert!(!holds(&bench, "SUP", "SERVICEDESK_AGENT").await);
    bench.run(json!({"command": "addToRole", "project": "SUP", "role": "Helping Hands"}));
    assert!(holds(&bench, "SUP", "SERVICEDESK_AGENT").await);
    bench.run(json!({"command": "removeFromRole", "project": "SUP", "role": "Helping Hands"}));
    assert!(!holds(&bench, "SUP", "SERVICEDESK_AGENT").await);
    for wrong in [
        json!({"command": "addGroupToRole", "project": "SUP", "role": "Helping Hands", "group": "nobodies"}),
        json!({"command": "renameRole", "project": "SUP", "role": "Helping Hands", "name": "X"}),
    ] {
        assert!(bench.sandbox.command(command(wrong.clone())).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn every_kind_of_project_is_usable_by_the_dedicated_account() {
    let bench = Bench::new().await;
    let templates = [
        ("TMS", "team-managed-service", "service_desk"),
        ("OPN", "open-service", "service_desk"),
        ("JPD", "product-discovery", "product_discovery"),
        ("CSM", "customer-service", "customer_service"),
        ("TMW", "team-managed", "software"),
    ];
    for (key, template, kind) in templates {
        bench.run(json!({"command": "createProject", "key": key, "template": template}));
        let (_, project) = answer(bench.get(&format!("/rest/api/3/project/{key}"))).await;
        assert_eq!(
            (&project["projectTypeKey"], &project["style"]),
            (&json!(kind), &json!("next-gen"))
        );
        for permission in [
            "CREATE_ISSUES",
            "EDIT_ISSUES",
            "ADD_COMMENTS",
            "TRANSITION_ISSUES",
            "ASSIGN_ISSUES",
            "MODIFY_REPORTER",
        ] {
            assert!(holds(&bench, key, permission).await, "{key} {permission}");
        }
        assert_eq!(
            holds(&bench, key, "SERVICEDESK_AGENT").await,
            kind == "service_desk",
            "{key}"
        );
    }
    let (_, desks) = answer(bench.get("/rest/servicedeskapi/servicedesk")).await;
    let desks: Vec<String> = desks["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|desk| text(&desk["projectKey"]))
        .collect();
    assert_eq!(desks, ["SUP", "ITS", "TMS", "OPN"]);
    let (_, types) = answer(bench.get("/rest/servicedeskapi/servicedesk/TMS/requesttype")).await;
    let kinds = bench
        .sandbox
        .state(|world| world.site("acme").unwrap().project("TMS").unwrap().workflow.clone());
    let of = text(&types["values"][0]["issueTypeId"]);
    assert!(kinds.issue_types.iter().any(|kind| kind.id == of), "{of}");

    // Without any role in person or through a group: an open desk has everybody as its agent, licence provided.
    bench.run(json!({"command": "removeFromGroup", "group": "integrations"}));
    assert!(holds(&bench, "OPN", "SERVICEDESK_AGENT").await && !holds(&bench, "TMS", "SERVICEDESK_AGENT").await);
    bench.run(json!({"command": "removeAgentLicence"}));
    assert!(holds(&bench, "OPN", "EDIT_ISSUES").await && !holds(&bench, "OPN", "SERVICEDESK_AGENT").await);
}

#[tokio::test]
async fn a_site_speaks_another_language_and_keeps_its_keys() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "setLanguage", "language": "de"}));
    bench.run(json!({"command": "createProject", "key": "NEU", "template": "team-managed-service"}));
    for key in ["SUP", "ITS", "NEU"] {
        assert!(holds(&bench, key, "SERVICEDESK_AGENT").await, "{key}");
    }
    let all = names(&statuses(&bench).await);
    assert!(
        all.contains(&"Warten auf Kunden".to_owned()) && !all.contains(&"Done".to_owned()),
        "{all:?}"
    );
    let (_, types) = answer(bench.get("/rest/servicedeskapi/servicedesk/SUP/requesttype")).await;
    assert_eq!(types["values"][0]["name"], "Eine Frage stellen");
    let (_, mine) = answer(bench.get("/rest/api/3/mypermissions?permissions=CREATE_ISSUES")).await;
    assert_eq!(mine["permissions"]["CREATE_ISSUES"]["name"], "Vorgänge erstellen");

    let (status, refusal) = answer(bench.get("/rest/api/3/project/NOPE")).await;
    assert_eq!(
        (status, text(&refusal["errorMessages"][0])),
        (
            404,
            "Es konnte kein Projekt mit dem Schlüssel 'NOPE' gefunden werden.".to_owned()
        )
    );
    let jql = json!({"jql": "project = NOPE"});
    let (status, refusal) = answer(bench.post("/rest/api/3/search/jql", &jql)).await;
    let said = "Der Wert 'NOPE' ist für das Feld 'project' nicht vorhanden.";
    assert_eq!((status, text(&refusal["errorMessages"][0])), (400, said.to_owned()));
    let (_, refusal) = answer(bench.get("/rest/servicedeskapi/servicedesk/NOPE")).await;
    assert!(text(&refusal["errorMessage"]).starts_with("Die Service-Desk-ID"));
    assert_eq!(
        refusal["i18nErrorMessage"]["i18nKey"],
        "sd.admin.servicedesk.error.no.servicedesk"
    );
    let again = json!({"command": "setLanguage", "language": "de"});
    assert!(bench.sandbox.command(command(again)).is_err());
    bench.run(json!({"command": "setLocale", "locale": "en_GB"}));
    let (_, refusal) = answer(bench.get("/rest/api/3/project/NOPE")).await;
    assert_eq!(
        refusal["errorMessages"][0],
        "No project could be found with key 'NOPE'."
    );
}

#[tokio::test]
async fn one_project_or_five_hundred() {
    let bench = Bench::new().await;
    bench.run(json!({"command": "createProjects", "count": 200}));
    bench.run(json!({"command": "createProjects", "count": 300, "prefix": "D", "template": "service"}));
    let (_, body) = answer(bench.get("/rest/api/3/project/search")).await;
    assert_eq!(body["total"], 504);
    let (_, body) = answer(bench.get("/rest/servicedeskapi/servicedesk?limit=100")).await;
    assert_eq!((&body["size"], &body["isLastPage"]), (&json!(100), &json!(false)));
    bench.run(json!({"command": "keepOnlyProject", "project": "OPS"}));
    let (_, body) = answer(bench.get("/rest/api/3/project/search")).await;
    assert_eq!(keys(&body), ["OPS"]);
    let (_, body) = answer(bench.get("/rest/servicedeskapi/servicedesk")).await;
    assert_eq!(body["size"], 0);
}
