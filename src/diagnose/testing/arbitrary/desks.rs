//! Service desks, their request types and forms.

use proptest::{
    collection::{btree_map, btree_set, vec},
    option,
    prelude::*,
    sample::select,
};
use serde_json::Value;

use super::answers::{answer, id, key, text};
use crate::{
    atlassian::{
        desk_models::{Form, FormField, RequestType, ServiceDesk},
        ticket_models::FieldSchema,
    },
    diagnose::evidence::{DeskEvidence, DesksEvidence},
};

/// The list of desks.
pub fn listed() -> BoxedStrategy<Vec<ServiceDesk>> {
    let desk = (id(), id(), key()).prop_map(|(id, project_id, project_key)| ServiceDesk {
        id,
        project_id,
        project_key,
    });
    let of_each = (1..6).map(|n| ServiceDesk {
        id: format!("{n}0"),
        project_id: n.to_string(),
        project_key: String::new(),
    });
    prop_oneof![2 => Just(of_each.collect()), 1 => vec(desk, 0..6)].boxed()
}

/// Request types that have one and the same hindrance, if any.
fn alike() -> BoxedStrategy<Vec<RequestType>> {
    let hindrance = select(vec!["none", "hidden", "restricted", "closed"]);
    (vec(request_type(), 1..4), hindrance)
        .prop_map(|(mut types, hindrance)| {
            for kind in &mut types {
                kind.group_ids = Some(vec!["1".to_owned(); usize::from(hindrance != "hidden")]);
                kind.restriction_status = (hindrance == "restricted").then(|| "RESTRICTED".to_owned());
                kind.can_create_request = match hindrance {
                    "none" => Some(true),
                    "closed" => Some(false),
                    _ => None,
                };
            }
            types
        })
        .boxed()
}

fn request_type() -> BoxedStrategy<RequestType> {
    let groups = option::of(vec(id(), 0..2));
    let status = option::of(prop_oneof![
        select(vec!["OPEN", "RESTRICTED"]).prop_map(str::to_owned),
        text()
    ]);
    let told = (option::of(any::<bool>()), option::weighted(0.2, form()));
    (id(), text(), groups, told, status)
        .prop_map(|(id, name, group_ids, told, restriction_status)| RequestType {
            id,
            name,
            group_ids,
            can_create_request: told.0,
            fields: told.1,
            restriction_status,
        })
        .boxed()
}

fn values() -> BoxedStrategy<Vec<Value>> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    vec(value, 0..2).boxed()
}

fn form() -> BoxedStrategy<Form> {
    let field = (text(), text(), any::<[bool; 2]>(), values(), values()).prop_map(
        |(field_id, name, [required, visible], default_values, preset_values)| FormField {
            field_id,
            name,
            required,
            visible,
            default_values,
            preset_values,
            valid_values: Vec::new(),
            jira_schema: FieldSchema::default(),
        },
    );
    (vec(field, 0..4), option::of(any::<bool>()))
        .prop_map(|(request_type_fields, can_raise_on_behalf_of)| Form {
            request_type_fields,
            can_raise_on_behalf_of,
        })
        .boxed()
}

fn desk() -> BoxedStrategy<DeskEvidence> {
    let types = prop_oneof![alike(), vec(request_type(), 0..4)];
    let creatable = option::of(answer(btree_set(id(), 0..4)));
    let forms = vec((request_type(), answer(form())), 0..3);
    (answer(types), creatable, forms)
        .prop_map(|(request_types, creatable, forms)| DeskEvidence {
            request_types,
            creatable,
            forms,
        })
        .boxed()
}

/// What was answered about service desks.
pub fn desks() -> BoxedStrategy<DesksEvidence> {
    (
        option::of(answer(listed())),
        btree_map(id(), desk(), 2..6),
        option::of(answer(Just(()))),
    )
        .prop_map(|(listed, desks, knowledge_base)| DesksEvidence {
            listed,
            desks,
            knowledge_base,
        })
        .boxed()
}
