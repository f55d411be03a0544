//! Statuses, and the rules that name them.

use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
    sample::select,
};

use super::{
    answers::{answer, key, text},
    projects::keys,
};
use crate::{
    api::integration::StatusMapping,
    atlassian::models::Status,
    diagnose::{declared::TypeStatuses, evidence::StatusesEvidence},
};

fn name() -> BoxedStrategy<String> {
    let few = select(vec![
        "To Do",
        "to do",
        "Done",
        "Waiting for customer",
        "Gelöst",
        "id:1",
        "id:",
        "Dnoe",
    ]);
    prop_oneof![5 => few.prop_map(str::to_owned), 1 => text()].boxed()
}

/// spec.statusMapping.
pub fn rules() -> BoxedStrategy<Vec<StatusMapping>> {
    let phase = select(vec!["Waiting", "Review"]);
    let types = prop_oneof![3 => Just(Vec::new()), 1 => vec(type_name(), 1..3)];
    let rule =
        (phase, vec(name(), 1..4), keys(), types).prop_map(|(phase, statuses, projects, issue_types)| StatusMapping {
            phase: phase.into(),
            statuses,
            projects,
            issue_types,
        });
    vec(rule, 0..4).boxed()
}

fn type_name() -> BoxedStrategy<String> {
    prop_oneof![4 => select(vec!["Bug", "Task"]).prop_map(str::to_owned), 1 => text()].boxed()
}

fn list() -> BoxedStrategy<Vec<TypeStatuses>> {
    let status = (1_u8..9, name()).prop_map(|(id, name)| Status {
        id: id.to_string(),
        name,
    });
    let kind = (type_name(), vec(status, 0..6)).prop_map(|(name, statuses)| TypeStatuses { name, statuses });
    vec(kind, 0..3).boxed()
}

/// What was answered about statuses.
pub fn statuses() -> BoxedStrategy<StatusesEvidence> {
    (btree_map(key(), answer(list()), 0..4), btree_set(key(), 0..2))
        .prop_map(|(by_project, not_asked)| StatusesEvidence { by_project, not_asked })
        .boxed()
}
