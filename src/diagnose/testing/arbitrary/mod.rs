//! Evidence of any kind, for property tests: what Jira could answer, and what it never would.
//! Names and ids are drawn from small pools, so that answers have to do with one another.

mod answers;
mod desks;
mod people;
mod projects;
mod site;
mod statuses;

use proptest::{collection::vec, option, prelude::*};

use self::{answers::answer, desks::desks, people::directory, projects::projects, statuses::statuses};
use crate::diagnose::{declared::DeclaredSpec, evidence::Evidence};

pub use self::{answers::outage, people::person};

/// What is declared.
pub fn declared() -> BoxedStrategy<DeclaredSpec> {
    (
        (site::address(), site::suffixes(), option::of(site::bound())),
        (option::of(people::expected()), tickets()),
        (option::of(projects::keys()), projects::known()),
        (statuses::rules(), people::pinned()),
    )
        .prop_map(
            |(site, (account, tickets), (projects, known), (status_mapping, pinned))| DeclaredSpec {
                site: site.0,
                site_suffixes: site.1,
                bound: site.2,
                accepted: account.as_ref().and_then(people::accepted),
                account,
                known,
                tickets,
                projects,
                status_mapping,
                pinned,
            },
        )
        .boxed()
}

/// In which projects tickets are written: in all, in some, in none.
fn tickets() -> BoxedStrategy<Option<Vec<String>>> {
    let some = vec(answers::key(), 1..3).prop_map(Some);
    prop_oneof![3 => Just(Some(Vec::new())), 1 => some, 1 => Just(None)].boxed()
}

/// Anything.
pub fn evidence() -> BoxedStrategy<Evidence> {
    let asked = (
        (option::of(site::scopes()), option::weighted(0.9, site::site())),
        option::weighted(0.9, answer(people::myself())),
        option::weighted(0.9, answer(projects())),
        (option::weighted(0.8, desks()), option::weighted(0.1, answers::text())),
        (option::weighted(0.8, directory()), option::weighted(0.8, statuses())),
    );
    (declared(), asked)
        .prop_map(|(declared, (first, account, projects, desks, last))| Evidence {
            declared,
            scopes: first.0,
            site: first.1,
            account,
            projects,
            desks: desks.0,
            scope_refused: desks.1,
            directory: last.0,
            statuses: last.1,
        })
        .boxed()
}

/// Evidence of a site that is reached by the right account with every scope, so that everything
/// about its projects is judged.
pub fn connected() -> BoxedStrategy<Evidence> {
    (evidence(), projects())
        .prop_map(|(mut evidence, projects)| {
            evidence.declared.site = site::SITE.to_owned();
            evidence.declared.bound = None;
            evidence.declared.account = None;
            evidence.scopes = None;
            evidence.scope_refused = None;
            evidence.site = Some(site::reached());
            evidence.account = Some(Ok(people::ordinary()));
            evidence.projects = Some(Ok(projects));
            evidence
        })
        .boxed()
}
