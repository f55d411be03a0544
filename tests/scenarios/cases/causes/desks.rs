//! Why request types or forms do not load.

use serde_json::{Value, json};

use super::{Row, jira, row};
use crate::harness::problem::{Change, Expectation, expect};

/// Changes all request types of SUP.
fn types(mut change: Value) -> Change {
    change["command"] = json!("changeRequestType");
    change["project"] = json!("SUP");
    jira([change])
}

/// No request type of SUP is restricted but for the one that was.
fn open() -> Change {
    let all = json!({"command": "changeRequestType", "project": "SUP", "restricted": false});
    let mut one = all.clone();
    one["requestType"] = json!("Plan a change");
    one["restricted"] = json!(true);
    jira([all, one])
}

fn field(required: bool, request_type: Option<&str>) -> Change {
    let field = json!({"fieldId": "customfield_10050", "name": "Cost centre", "required": required, "visible": false});
    jira([json!({"command": "setFormField", "project": "SUP", "requestType": request_type, "field": field})])
}

/// The account administers SUP, or no longer.
fn administrator(is: bool) -> Change {
    let command = if is { "grantPermission" } else { "revokePermission" };
    jira([json!({"command": command, "project": "SUP", "permission": "ADMINISTER_PROJECTS"})])
}

/// The types of SUP in which no field is hidden can be raised by nobody, or can.
fn others(creatable: bool) -> Change {
    let other = |name: &str| json!({"command": "changeRequestType", "project": "SUP", "requestType": name, "creatable": creatable});
    jira([other("Emailed request"), other("Plan a change")])
}

fn add(name: &str, group_ids: Option<[&str; 0]>) -> Change {
    let new = json!({"name": name, "groupIds": group_ids});
    jira([json!({"command": "addRequestType", "project": "SUP", "requestType": new})])
}

/// Creating issues is taken from the account, in the portal too, or given back.
fn creating(held: bool) -> Change {
    let command = if held { "grantPermission" } else { "revokePermission" };
    let one = json!({"command": command, "project": "SUP", "permission": "CREATE_ISSUES"});
    let mut portal = one.clone();
    portal["holder"] = json!("portal");
    jira([one, portal])
}

/// The desk of SUP cannot be used for this reason; everything else goes on.
fn blocked(breaks: Change, reason: &'static str, named: &'static [&'static str], fixes: Change) -> Row {
    let says: [Expectation<'static>; 2] = [
        expect("acme-sup", "ServiceDeskReady", reason, named),
        expect(
            "acme",
            "ServiceDesksReady",
            "SomeServiceDesksBlocked",
            &["1 of 2 service desks", "SUP ("],
        ),
    ];
    row(breaks, &says, fixes)
        .shows(("acme-sup", "Ready", "False", reason, named))
        .shows(("acme-its", "Ready", "True", "Usable", &[]))
        .stays_ready(&["SUP ("])
}

/// Administrators alone see what is restricted, and fields that a form does not show.
pub(super) fn rows() -> Vec<Row> {
    [to_anybody(), to_administrators(), without_types()].concat()
}

fn to_anybody() -> Vec<Row> {
    vec![
        blocked(
            types(json!({"restricted": true})),
            "NoRequestTypes",
            &[
                "SUP",
                "none is published, or all are restricted",
                "open one that is restricted",
            ],
            open(),
        )
        .proves("request-types-maybe-restricted"),
        blocked(
            types(json!({"creatable": false})),
            "RequestTypesNotCreatable",
            &[
                "SUP",
                "Ask a question",
                "not open to the account",
                "Customer permissions",
            ],
            types(json!({"creatable": true})),
        )
        .proves("request-types-not-creatable"),
        // Jira leaves out of the list whether a request can be raised: where issues may not be created either, it is asked.
        row(
            creating(false),
            &[
                expect("acme-sup", "Permitted", "CreateDenied", &[]),
                expect("acme", "ProjectsAccessible", "SomeProjectsBlocked", &["1 of 4"]),
                expect(
                    "acme-sup",
                    "ServiceDeskReady",
                    "RequestTypesNotCreatable",
                    &["not open to the account, which lacks Create issues"],
                ),
                expect("acme", "ServiceDesksReady", "SomeServiceDesksBlocked", &["SUP"]),
            ],
            creating(true),
        )
        .after(jira([json!({"command": "showCanCreate", "shown": false})])),
        blocked(
            jira([json!({"command": "removeDesk", "project": "SUP"})]),
            "ServiceDeskMissing",
            &[
                "SUP is a service project",
                "lists no service desk",
                "as its administrator",
            ],
            jira([json!({"command": "restoreDesk", "project": "SUP"})]),
        )
        .after(jira([json!({"command": "showCanCreate", "shown": true})]))
        .proves("service-desk-missing"),
        // A required field that the form does not show is said to nobody else.
        row(field(true, None), &[], field(false, None)),
    ]
}

fn to_administrators() -> Vec<Row> {
    vec![
        // Whom the project lets in is not hindered by a restriction to others.
        blocked(
            types(json!({"restricted": true, "creatable": false})),
            "RequestTypesRestricted",
            &["SUP", "(restricted)", "Ask a question", "Open a request type"],
            types(json!({"creatable": true})),
        )
        .after(administrator(true))
        .proves("request-types-restricted"),
        // Jira goes on saying that requests can be raised: the field alone closes the desk, and the field alone opens it.
        blocked(
            field(true, None),
            "RequestTypesNotCreatable",
            &[
                "Ask a question, Report a problem (the form requires Cost centre, hidden from the account)",
                "Show the required fields",
            ],
            field(false, None),
        )
        .after(open())
        .after(others(false))
        .leaves_out(&["not open"])
        .proves("form-field-hidden"),
        // One form that can be filled in is enough.
        row(field(true, Some("Ask a question")), &[], field(false, None)),
    ]
}

fn without_types() -> Vec<Row> {
    vec![
        blocked(
            jira([json!({"command": "setRequestTypes", "project": "SUP", "requestTypes": []})]),
            "NoRequestTypes",
            &["SUP", "none is published", "Publish a request type"],
            add("Get help", None),
        )
        .after(others(true))
        .after(administrator(false))
        .proves("request-types-none"),
        // What Jira says may be raised can be, whether or not the portal shows it.
        blocked(
            types(json!({"groupIds": [], "creatable": false})),
            "RequestTypesHidden",
            &["SUP", "Get help", "in no portal group", "Put a request type"],
            types(json!({"creatable": true})),
        )
        .proves("request-types-hidden"),
        // Some that are hidden beside one that is not are how a desk is meant to be.
        row(add("By mail", Some([])), &[], jira([]))
            .after(types(json!({"groupIds": ["1"]})))
            .shows(("acme", "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 2"])),
    ]
}
