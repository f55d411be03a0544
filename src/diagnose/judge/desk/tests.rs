//! Service desks and what is found of them, by tables.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::needless_pass_by_value)]

use serde_json::{Value, json};

use super::*;
use crate::api::requirements::permission_keys;

/// A request type, from what differs of an ordinary one.
fn kind(id: u32, differs: Value) -> RequestType {
    let mut kind = json!({
        "id": id.to_string(), "name": format!("Type {id}"),
        "groupIds": ["1"], "canCreateRequest": true, "restrictionStatus": "OPEN",
    });
    for (key, value) in differs.as_object().unwrap() {
        kind[key] = value.clone();
    }
    serde_json::from_value(kind).unwrap()
}

fn hidden(id: u32) -> RequestType {
    kind(id, json!({"groupIds": [], "canCreateRequest": null}))
}

fn restricted(id: u32) -> RequestType {
    kind(
        id,
        json!({"restrictionStatus": "RESTRICTED", "canCreateRequest": false}),
    )
}

fn closed(id: u32) -> RequestType {
    kind(id, json!({"canCreateRequest": false}))
}

fn untold(id: u32) -> RequestType {
    kind(id, json!({"canCreateRequest": null}))
}

fn evidence(types: Vec<RequestType>) -> DesksEvidence {
    let desk = DeskEvidence {
        request_types: Ok(types),
        creatable: None,
        forms: Vec::new(),
    };
    DesksEvidence {
        listed: Some(Ok(serde_json::from_value(
            json!([{"id": "7", "projectId": "1", "projectKey": "SUP"}]),
        )
        .unwrap())),
        desks: [("1".to_owned(), desk)].into(),
        knowledge_base: Some(Ok(())),
    }
}

fn judged(evidence: &DesksEvidence, is_for_tickets: bool, without: Option<&str>) -> Option<Finding> {
    let held = permission_keys().into_iter().filter(|key| Some(*key) != without);
    judge(&Desk {
        key: "SUP",
        project_id: "1",
        held: &held.map(str::to_owned).collect(),
        is_for_tickets,
        evidence,
    })
}

fn finding(evidence: &DesksEvidence) -> Finding {
    judged(evidence, true, None).unwrap()
}

/// The one desk of the evidence.
fn only(evidence: &mut DesksEvidence) -> &mut DeskEvidence {
    evidence.desks.get_mut("1").unwrap()
}

#[test]
fn one_type_of_use_is_enough_and_else_the_nearest_to_it_is_told() {
    use Reason::*;
    let table: &[(Vec<RequestType>, Reason, &[&str])] = &[
        (vec![kind(1, json!({}))], ServiceDeskUsable, &["has one request type."]),
        // Where groups, restrictions and permissions are not told, nothing is claimed of them.
        (
            vec![kind(
                1,
                json!({"groupIds": null, "restrictionStatus": null, "canCreateRequest": null}),
            )],
            ServiceDeskUsable,
            &[],
        ),
        (
            vec![hidden(1), restricted(2), closed(3), kind(4, json!({}))],
            ServiceDeskUsable,
            &["has 4 request types; 2 of them are hidden or restricted."],
        ),
        (vec![], NoRequestTypes, &["no request type of SUP", "restricted"]),
        (vec![hidden(1)], RequestTypesHidden, &["Type 1 (in no portal group)"]),
        (vec![restricted(1)], RequestTypesRestricted, &["Type 1 (restricted)"]),
        (
            vec![kind(
                1,
                json!({"restrictionStatus": "restricted", "canCreateRequest": null}),
            )],
            RequestTypesRestricted,
            &[],
        ),
        // What Jira says may be raised can be, wherever the portal shows it.
        (
            vec![kind(1, json!({"restrictionStatus": "RESTRICTED"}))],
            ServiceDeskUsable,
            &["has one request type; one is hidden or restricted."],
        ),
        (
            vec![kind(1, json!({"groupIds": []})), kind(2, json!({"groupIds": []}))],
            ServiceDeskUsable,
            &["has 2 request types; 2 of them are hidden or restricted."],
        ),
        (
            vec![closed(1)],
            RequestTypesNotCreatable,
            &["Type 1 (not open to the account)"],
        ),
        // All are told.
        (
            vec![hidden(1), closed(2), hidden(3), hidden(4), restricted(5)],
            RequestTypesNotCreatable,
            &["can be used: Type 2 (not open to the account); 4 others are hidden or restricted. Show"],
        ),
        (
            vec![hidden(1), restricted(2)],
            RequestTypesHidden,
            &["Type 1 (in no portal group); one other is restricted. Put"],
        ),
    ];
    for (types, reason, said) in table {
        let finding = finding(&evidence(types.clone()));
        assert_eq!(finding.reason, *reason, "{types:?}: {}", finding.message());
        for part in *said {
            assert!(finding.message().contains(part), "{part} in {}", finding.message());
        }
    }
}

#[test]
fn who_is_no_agent_writes_nothing_and_may_read() {
    let evidence = evidence(vec![closed(1)]);
    let reason = |mode, without| judged(&evidence, mode, without).unwrap().reason;
    assert_eq!(reason(true, Some(AGENT)), Reason::NotAnAgent);
    assert_eq!(reason(true, None), Reason::RequestTypesNotCreatable);
    assert_eq!(reason(false, Some(AGENT)), Reason::ServiceDeskUsable);
}

#[test]
fn the_permission_check_tells_where_the_list_does_not() {
    let mut evidence = evidence(vec![untold(1), untold(2)]);
    only(&mut evidence).creatable = Some(Ok(BTreeSet::from(["2".to_owned()])));
    assert_eq!(finding(&evidence).reason, Reason::ServiceDeskUsable);
    only(&mut evidence).creatable = Some(Ok(BTreeSet::new()));
    assert_eq!(finding(&evidence).reason, Reason::RequestTypesNotCreatable);
    // That it could not be asked proves nothing.
    only(&mut evidence).creatable = Some(Err(JiraError::Forbidden("no".into())));
    assert_eq!(finding(&evidence).reason, Reason::ServiceDeskUsable);
}

#[test]
fn a_required_field_that_nobody_can_fill_in_closes_a_form() {
    let form = |differs: Value| {
        let mut field = json!({"fieldId": "customfield_1", "name": "Cost centre", "required": true, "visible": false});
        for (key, value) in differs.as_object().unwrap() {
            field[key] = value.clone();
        }
        serde_json::from_value(json!({"requestTypeFields": [field]})).unwrap()
    };
    let with = |form| {
        let mut evidence = evidence(vec![untold(1)]);
        only(&mut evidence).forms = vec![(untold(1), form)];
        finding(&evidence)
    };
    let closed = with(Ok(form(json!({}))));
    assert_eq!(closed.reason, Reason::RequestTypesNotCreatable);
    assert!(
        closed
            .message()
            .contains("Type 1 (the form requires Cost centre, hidden from the account). Show"),
        "{}",
        closed.message()
    );
    for harmless in [
        json!({"required": false}),
        json!({"visible": true}),
        json!({"presetValues": [{"value": "4711"}]}),
        json!({"defaultValues": ["x"]}),
    ] {
        assert_eq!(
            with(Ok(form(harmless.clone()))).reason,
            Reason::ServiceDeskUsable,
            "{harmless}"
        );
    }
    assert_eq!(
        with(Err(JiraError::NotFound("no".into()))).reason,
        Reason::ServiceDeskUsable
    );
}

/// What Jira proves is said, and Create issues is not blamed where the account holds it.
#[test]
fn a_type_that_is_closed_is_told_with_what_is_known_of_it() {
    let evidence = evidence(vec![closed(1)]);
    let held = finding(&evidence);
    assert!(!held.message().contains("Create issues"), "{}", held.message());
    let lacking = judged(&evidence, true, Some(CREATE)).unwrap();
    assert!(
        lacking
            .message()
            .contains("not open to the account, which lacks Create issues")
    );
    let long = "A request type with a long name ".repeat(9);
    let named = kind(1, json!({"name": long, "canCreateRequest": false}));
    let message = finding(&self::evidence(vec![named])).message();
    assert!(message.chars().count() < 300 && message.contains(Reason::RequestTypesNotCreatable.entry().remedy));
    let cut = message.split('…').next().unwrap();
    assert!(
        long.contains(&format!("{} ", cut.split(": ").nth(1).unwrap())),
        "{message}"
    );
}

#[test]
fn a_desk_that_is_not_listed_is_missing_unless_there_is_no_list() {
    let mut evidence = DesksEvidence {
        listed: Some(Ok(Vec::new())),
        ..DesksEvidence::default()
    };
    assert_eq!(finding(&evidence).reason, Reason::ServiceDeskMissing);
    for listed in [Some(Err(JiraError::Redirected)), None] {
        evidence.listed = listed;
        assert_eq!(judged(&evidence, true, None), None);
    }
}

#[test]
fn only_a_refusal_shows_that_no_type_is_shown() {
    let judged_with = |error: JiraError| {
        let mut evidence = evidence(Vec::new());
        only(&mut evidence).request_types = Err(error);
        judged(&evidence, true, None).map(|finding| finding.reason)
    };
    let text = || "no".to_owned();
    for refusal in [
        JiraError::Forbidden(text()),
        JiraError::NotFound(text()),
        JiraError::Unauthorized(text()),
    ] {
        assert_eq!(judged_with(refusal), Some(Reason::NoRequestTypes));
    }
    let message = text();
    for none in [JiraError::Redirected, JiraError::Refused { status: 400, message }] {
        assert_eq!(judged_with(none), None);
    }
}

#[test]
fn articles_are_the_least_and_not_told_beside_what_is_graver() {
    let mut usable = evidence(vec![kind(1, json!({}))]);
    usable.knowledge_base = Some(Err(JiraError::Forbidden("no".into())));
    assert_eq!(finding(&usable).reason, Reason::KnowledgeBaseUnreadable);
    only(&mut usable).request_types = Ok(Vec::new());
    let both = finding(&usable);
    assert_eq!(both.reason, Reason::NoRequestTypes);
    assert!(!both.message().contains("articles"), "{}", both.message());
    let mut none = evidence(vec![kind(1, json!({}))]);
    none.knowledge_base = Some(Err(JiraError::NotFound("no".into())));
    assert_eq!(finding(&none).reason, Reason::ServiceDeskUsable);
}
