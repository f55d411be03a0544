//! Statuses, and the rules that name them.

use proptest::{
    collection::{btree_map, btree_set, vec},
    option,
    prelude::*,
    sample::select,
};

use super::{
    answers::{answer, key, text},
    projects::keys,
};
use crate::{api::integration::StatusMapping, atlassian::models::Status, diagnose::evidence::StatusesEvidence};

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
    let rule = (phase, vec(name(), 1..4), keys()).prop_map(|(phase, statuses, projects)| StatusMapping {
        phase: phase.into(),
        statuses,
        projects,
        issue_types: Vec::new(),
    });
    vec(rule, 0..4).boxed()
}

fn list() -> BoxedStrategy<Vec<Status>> {
    vec(
        (1_u8..9, name()).prop_map(|(id, name)| Status {
            id: id.to_string(),
            name,
        }),
        0..6,
    )
    .boxed()
}

/// What was answered about statuses.
pub fn statuses() -> BoxedStrategy<StatusesEvidence> {
    (
        option::of(answer(list())),
        btree_map(key(), answer(list()), 0..4),
        btree_set(key(), 0..2),
    )
        .prop_map(|(everywhere, by_project, not_asked)| StatusesEvidence {
            everywhere,
            by_project,
            not_asked,
        })
        .boxed()
}
