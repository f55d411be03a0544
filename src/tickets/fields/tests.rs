//! Values of every kind of field, right and wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

fn metadata() -> TicketMetadata {
    let field = |id: &str, name: &str, schema: Value, allowed: Value| {
        let field = json!({"fieldId": id, "name": name, "schema": schema, "allowedValues": allowed});
        TicketField::from(&serde_json::from_value::<crate::atlassian::ticket_models::CreateField>(field).unwrap())
    };
    let teams = json!([{"id": "1", "value": "SRE"}, {"id": "2", "value": "Web"}]);
    let kind = |kind: &str| json!({"type": kind});
    let many = |items: &str| json!({"type": "array", "items": items});
    let area = json!({"type": "string", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:textarea"});
    let cascade = json!([{"id": "5", "value": "EU", "children": [{"id": "6", "value": "Bonn"}]}]);
    TicketMetadata {
        type_name: "Bug".into(),
        type_id: "10004".into(),
        fields: vec![
            field("c1", "Team", kind("option"), teams.clone()),
            field("c2", "Teams", many("option"), teams.clone()),
            field("c3", "Points", kind("number"), json!([])),
            field("c4", "Start date", kind("date"), json!([])),
            field("c5", "Seen at", kind("datetime"), json!([])),
            field("c6", "Region", kind("option-with-child"), cascade),
            field("c7", "Approver", kind("user"), json!([])),
            field("c8", "Watchers", many("user"), json!([])),
            field("c9", "Tags", many("string"), json!([])),
            field("c10", "Steps", area, json!([])),
            field("c11", "Note", kind("string"), json!([])),
            field("c12", "Anything", kind("any"), json!([])),
            field("c13", "Twice", kind("string"), json!([])),
            field("c14", "Twice", kind("string"), json!([])),
            field("summary", "Summary", kind("string"), json!([])),
            field("security", "Security Level", kind("securitylevel"), json!([])),
            field(
                "versions",
                "Affects versions",
                many("version"),
                json!([{"id": "9", "name": "1.0"}]),
            ),
        ],
        ..TicketMetadata::default()
    }
}

fn convert(fields: Value) -> (Map<String, Value>, Vec<FieldProblem>) {
    let metadata = metadata();
    let accounts = BTreeMap::from([("kim@acme.example".to_owned(), "k1".to_owned())]);
    let conversion = FieldConversion {
        metadata: &metadata,
        text_form: TextForm::Wiki,
        accounts: &accounts,
    };
    conversion.all(&serde_json::from_value(fields).unwrap())
}

#[test]
fn values_become_what_their_fields_take() {
    let rows = [
        ("Team", json!("web"), json!({"id": "2"})),
        ("c1", json!("id:1"), json!({"id": "1"})),
        ("Team", json!({"value": "New"}), json!({"value": "New"})),
        ("Team", json!(null), json!(null)),
        ("Teams", json!(["SRE", "Web"]), json!([{"id": "1"}, {"id": "2"}])),
        ("Teams", json!("SRE"), json!([{"id": "1"}])),
        ("points", json!(3), json!(3)),
        ("Points", json!("2.5"), json!(2.5)),
        ("Start date", json!("2027-01-04"), json!("2027-01-04")),
        (
            "Seen at",
            json!("2027-01-04T09:30:00+02:00"),
            json!("2027-01-04T07:30:00.000+0000"),
        ),
        (
            "Region",
            json!(["EU", "Bonn"]),
            json!({"id": "5", "child": {"id": "6"}}),
        ),
        ("Region", json!("eu"), json!({"id": "5"})),
        ("Approver", json!("Kim@acme.example"), json!({"accountId": "k1"})),
        ("Approver", json!("5b10"), json!({"accountId": "5b10"})),
        ("Watchers", json!(["kim@acme.example"]), json!([{"accountId": "k1"}])),
        ("Tags", json!(["a", "b"]), json!(["a", "b"])),
        ("Steps", json!("plain"), json!("plain")),
        ("Note", json!(7), json!("7")),
        ("Note", json!(true), json!("true")),
        ("Anything", json!("x"), json!("x")),
        ("Affects versions", json!(["1.0"]), json!([{"id": "9"}])),
    ];
    for (name, value, wanted) in rows {
        let (set, problems) = convert(json!({ name: value }));
        assert_eq!(problems, [], "{name}");
        assert_eq!(set.values().collect::<Vec<_>>(), [&wanted], "{name}");
    }
}

#[test]
fn what_a_field_does_not_take_is_named_with_what_it_does() {
    let refused = [
        (
            "Team",
            json!("Ops"),
            "Team (c1) is \"Ops\", and must be one of: SRE, Web.",
        ),
        ("Team", json!(["SRE"]), "must be one value, not a list."),
        (
            "Teams",
            json!(["SRE", "Ops"]),
            "is \"Ops\", and must be one of: SRE, Web.",
        ),
        ("Points", json!("many"), "must be a number."),
        ("Points", json!("NaN"), "must be a number."),
        ("Start date", json!("04.01.2027"), "must be a date such as 2027-01-31."),
        ("Start date", json!(20_270_104), "must be a date such as"),
        ("Seen at", json!("tomorrow"), "must be a time such as"),
        ("Region", json!(["EU", "Rome"]), "must be below EU one of: Bonn."),
        ("Region", json!(["Mars"]), "must be one of: EU."),
        ("Region", json!(["EU", "Bonn", "x"]), "a value and one below it"),
        (
            "Approver",
            json!("dana@acme.example"),
            "who has no account that shows this address",
        ),
        ("Tags", json!(["a b"]), "must be text without spaces."),
    ];
    for (name, value, wanted) in refused {
        let (set, problems) = convert(json!({ name: value }));
        assert!(set.is_empty(), "{name}");
        assert_eq!(problems.len(), 1, "{name}");
        assert_eq!(problems[0].reason, FieldValueInvalid, "{name}");
        assert!(problems[0].what.contains(wanted), "{}", problems[0].what);
    }
}

#[test]
fn a_field_is_found_by_its_name_or_its_id_and_never_guessed() {
    let refused = [
        (
            "Teem",
            FieldUnknown,
            "Bug has no field Teem that can be set at creation. Did you mean Team?",
        ),
        ("Twice", FieldAmbiguous, "use one of c13, c14."),
        ("Summary", FieldUnknown, "use spec.summary."),
        ("summary", FieldUnknown, "use spec.summary."),
        ("project", FieldUnknown, "use spec.project."),
        ("Security Level", FieldUnknown, "it restricts who sees the ticket."),
    ];
    for (name, reason, wanted) in refused {
        let (_, problems) = convert(json!({ name: "x" }));
        assert_eq!(problems[0].reason, reason, "{name}");
        assert!(problems[0].what.contains(wanted), "{}", problems[0].what);
    }
    let (set, problems) = convert(json!({"Team": "SRE", "c1": "Web"}));
    assert_eq!((set.len(), problems.len()), (1, 1));
    assert!(problems[0].what.contains("twice"));
}

#[test]
fn addresses_are_read_of_fields_for_people_alone() {
    let fields = json!({"Approver": "Kim@acme.example", "Watchers": ["a@b", "5b10"], "Note": "x@y"});
    let fields = serde_json::from_value(fields).unwrap();
    assert_eq!(addresses(&metadata(), &fields), ["kim@acme.example", "a@b"]);
}
