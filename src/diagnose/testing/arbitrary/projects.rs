//! Projects, and what is held in them.

use std::collections::BTreeSet;

use proptest::{
    collection::{btree_map, btree_set, vec},
    option,
    prelude::*,
    sample::select,
};

use super::{
    answers::{id, key, text},
    desks::listed,
};
use crate::{
    api::requirements::{AGENT, BROWSE_USERS, permission_keys},
    atlassian::{error::JiraError, models::Project},
    diagnose::{declared::KnownProject, evidence::ProjectsEvidence},
};

/// Keys of spec.projects, each once.
pub fn keys() -> BoxedStrategy<Vec<String>> {
    btree_set(key(), 0..5).prop_map(Vec::from_iter).boxed()
}

/// Projects that were seen before.
pub fn known() -> BoxedStrategy<Vec<KnownProject>> {
    vec(
        (id(), key()).prop_map(|(id, key)| KnownProject {
            id,
            key,
            closed: false,
            workflows: Vec::new(),
        }),
        0..4,
    )
    .boxed()
}

fn project() -> BoxedStrategy<Project> {
    let kinds = [
        "service_desk",
        "service_desk",
        "software",
        "business",
        "product_discovery",
        "customer_service",
    ];
    let kind = prop_oneof![9 => select(kinds.to_vec()).prop_map(str::to_owned), 1 => text()];
    let state = (prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (id(), key(), text(), kind, option::of(text()), state)
        .prop_map(|(id, key, name, project_type_key, style, state)| Project {
            id,
            key,
            name,
            project_type_key,
            style,
            archived: state.0,
            deleted: state.1,
        })
        .boxed()
}

fn held() -> BoxedStrategy<BTreeSet<String>> {
    let all: BTreeSet<String> = permission_keys().into_iter().map(str::to_owned).collect();
    let mut each = Vec::from_iter(all.clone());
    let (some, whole) = (btree_set(select(each.clone()), 0..9), all.clone());
    each.extend([AGENT, AGENT].map(str::to_owned));
    let but_one = select(each).prop_map(move |one| whole.iter().filter(|key| **key != one).cloned().collect());
    prop_oneof![3 => Just(all), 3 => but_one, 1 => some, 1 => btree_set(text(), 0..2)].boxed()
}

/// What was answered about the projects in scope.
pub fn projects() -> BoxedStrategy<ProjectsEvidence> {
    let seen = (vec(project(), 0..6), btree_map(key(), option::of(project()), 0..3));
    let global = prop_oneof![Just(BTreeSet::from([BROWSE_USERS.to_owned()])), Just(BTreeSet::new())];
    let rights = (vec(held(), 5), global, btree_set(id(), 0..2));
    let unanswered = btree_set(prop_oneof![id(), key()], 0..2);
    let further = (option::of(keys()), option::of(listed()), unanswered);
    (seen, rights, further)
        .prop_map(|(seen, rights, further)| ProjectsEvidence {
            found: seen
                .0
                .into_iter()
                .map(|project| (project.id.clone(), project))
                .collect(),
            resolved: seen.1,
            held: (1..6).map(|id| id.to_string()).zip(rights.0).collect(),
            held_globally: rights.1,
            portal_only: rights.2,
            unanswered: further.2.into_iter().map(|id| (id, JiraError::Redirected)).collect(),
            visible: further.0,
            desks: further.1,
        })
        .boxed()
}
