//! Refusals as Jira writes them, and what follows from each.

#![allow(clippy::unwrap_used)]

use serde_json::{Map, json};

use super::*;
use crate::{
    api::issue::{JiraIssueSpec, PersonReference},
    atlassian::ticket_models::CreateField,
    tickets::{
        draft::DraftParts,
        gate::TicketProject,
        identity::{Identity, Marker},
        people::{People, TicketRoles},
    },
};

fn metadata(desk: bool) -> TicketMetadata {
    let field = |id: &str, name: &str, allowed: serde_json::Value| {
        let field = json!({"fieldId": id, "name": name, "allowedValues": allowed});
        TicketField::from(&serde_json::from_value::<CreateField>(field).unwrap())
    };
    TicketMetadata {
        type_name: "Bug".into(),
        desk: desk.then(|| "10".to_owned()),
        can_raise_on_behalf: true,
        fields: vec![
            field("labels", "Labels", json!([])),
            field("c1", "Team", json!([{"id": "1", "value": "SRE"}])),
        ],
        ..TicketMetadata::default()
    }
}

fn draft(metadata: &TicketMetadata) -> Draft {
    let person = |id: &str| PersonReference {
        account_id: Some(id.to_owned()),
        ..PersonReference::default()
    };
    let spec = JiraIssueSpec {
        summary: Some("Slow".into()),
        description: Some("**p99**".into()),
        reporter: Some(person("kim")),
        assignee: Some(person("dana")),
        participants: vec![person("one"), person("two")],
        ..JiraIssueSpec::default()
    };
    let marker = Marker {
        v: 1,
        identity: Identity::of("app", "shop", "a"),
        n: 1,
        scope: "app".into(),
        namespace: "shop".into(),
        name: "a".into(),
        uid: "u".into(),
        kept: crate::tickets::Kept::default(),
        former: None,
    };
    let roles = TicketRoles::of(&spec, &People::default());
    let parts = DraftParts {
        spec: &spec,
        project: &TicketProject {
            id: "10000".into(),
            key: "ENG".into(),
            is_service: metadata.desk.is_some(),
            desk_trouble: None,
        },
        metadata,
        roles: &roles,
        fields: Map::new(),
        marker: &marker,
        generation: 1,
    };
    parts.draft().unwrap()
}

fn refusal(status: u16, fields: &[(&str, &str)], messages: &[&str]) -> Refusal {
    let own = |text: &&str| (*text).to_owned();
    Refusal {
        status,
        fields: fields.iter().map(|(field, text)| (own(field), own(text))).collect(),
        messages: messages.iter().map(own).collect(),
        ..Refusal::default()
    }
}

fn parts(desk: bool, refusal: &Refusal) -> Vec<Part> {
    let metadata = metadata(desk);
    let draft = draft(&metadata);
    RefusedCreation {
        refusal,
        draft: &draft,
        metadata: &metadata,
    }
    .parts()
}

fn said(desk: bool, refusal: &Refusal, may_create: Option<bool>) -> (Reason, String) {
    let metadata = metadata(desk);
    let draft = draft(&metadata);
    let refused = RefusedCreation {
        refusal,
        draft: &draft,
        metadata: &metadata,
    };
    let finding = refused.finding(may_create);
    (finding.reason, finding.message())
}

#[test]
fn an_issue_is_tried_without_the_labels_and_people_that_are_refused() {
    let off = "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.";
    let people = [
        ("labels", off),
        ("reporter", "The reporter specified is not a user."),
        ("assignee", "x"),
    ];
    let all = parts(false, &refusal(400, &people, &[]));
    assert_eq!(all, [Part::Assignee, Part::Labels, Part::Reporter]);
    // With another field it is refused without them, too.
    let with_team = [("labels", off), ("c1", "Team is required.")];
    assert!(parts(false, &refusal(400, &with_team, &[])).is_empty());
    assert_eq!(parts(false, &refusal(400, &[], &["INVALID_INPUT"])), [Part::Formatting]);
    assert!(parts(false, &refusal(400, &[], &["Say what caused it."])).is_empty());
}

#[test]
fn a_part_is_left_out_once() {
    let metadata = metadata(false);
    let refusal = refusal(400, &[("labels", "cannot be set")], &[]);
    let draft = draft(&metadata).without(Part::Labels, "words".into());
    let refused = RefusedCreation {
        refusal: &refusal,
        draft: &draft,
        metadata: &metadata,
    };
    assert!(refused.parts().is_empty());
    assert_eq!(refused.finding(None).reason, Reason::FieldNotOnScreen);
}

#[test]
fn a_request_is_tried_without_the_people_whom_the_answer_is_about() {
    for status in [400, 403] {
        let stranger = "The customer that the request is raised on behalf of has no access.";
        let mut of_key = refusal(status, &[], &["No."]);
        of_key.key = Some("sd.request.create.error.on.behalf.denied".into());
        for of_reporter in [
            refusal(status, &[], &[stranger]),
            refusal(status, &[], &["The user 'kim' is no customer."]),
            refusal(status, &[("raiseOnBehalfOf", "No access.")], &[]),
            of_key,
        ] {
            assert_eq!(parts(true, &of_reporter), [Part::Reporter], "{of_reporter}");
        }
        let other = refusal(status, &[], &["The desk takes no requests at present."]);
        assert!(parts(true, &other).is_empty(), "{status}");
    }
    assert!(parts(true, &refusal(400, &[("reporter", "x"), ("c1", "y")], &[])).is_empty());
    let two = refusal(400, &[], &["The user 'two' does not exist."]);
    assert_eq!(parts(true, &two), [Part::Participant("two".into())]);
    let mut of_all = refusal(400, &[], &["Nobody."]);
    of_all.key = Some("sd.request.participant.error".into());
    assert_eq!(parts(true, &of_all).len(), 2);
    let mut form = refusal(422, &[], &["Invalid request"]);
    form.questions.insert("12".into(), "The field is required".into());
    assert!(parts(true, &form).is_empty());
    assert_eq!(said(true, &form, None).0, Reason::FormRequired);
}

#[test]
fn each_refusal_has_its_reason() {
    let of_field = |words: &str| said(false, &refusal(400, &[("c1", words)], &[]), None);
    let (reason, message) = of_field("Team is required.");
    assert_eq!(reason, Reason::FieldRequired);
    assert!(message.contains("Team (c1)") && message.contains("SRE"), "{message}");
    assert_eq!(
        of_field("Field 'c1' cannot be set. It is not on the appropriate screen, or unknown.").0,
        Reason::FieldNotOnScreen
    );
    assert_eq!(of_field("Option id '9' is not valid").0, Reason::FieldValueInvalid);
    let words = refusal(400, &[], &["Say what caused it."]);
    let (reason, message) = said(false, &words, Some(true));
    assert_eq!(reason, Reason::WorkflowRefused);
    assert!(message.contains("Say what caused it."), "{message}");
    assert_eq!(said(false, &words, Some(false)).0, Reason::CreateDenied);
    assert_eq!(
        said(true, &refusal(403, &[], &["No."]), Some(true)).0,
        Reason::RequestTypeRestricted
    );
    assert_eq!(
        said(true, &refusal(400, &[], &["No."]), Some(true)).0,
        Reason::CreationRefused
    );
    assert_eq!(
        said(false, &refusal(400, &[], &["INVALID_INPUT"]), None).0,
        Reason::CreationRefused
    );
    assert_eq!(
        said(false, &refusal(404, &[], &["Gone."]), Some(true)).0,
        Reason::CreationRefused
    );
}
