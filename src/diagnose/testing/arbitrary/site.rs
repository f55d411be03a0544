//! The site, and what is granted there.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::answers::{answer, text};
use crate::{
    api::{integration::SiteStatus, requirements::scopes as needed},
    atlassian::models::{AccessibleResource, TenantInfo},
    diagnose::evidence::SiteEvidence,
};

/// The address that most evidence is about.
pub const SITE: &str = "https://acme.atlassian.net";
/// Addresses as Atlassian gives them.
const URLS: [&str; 3] = [SITE, "https://globex.atlassian.net", "https://acme-new.atlassian.net"];
/// Ids of sites.
const IDS: [&str; 3] = ["c1", "c2", "c3"];

/// What stands in spec.site.
pub fn address() -> BoxedStrategy<String> {
    let wrong = select(vec![
        "https://10.0.0.1",
        "http://acme.atlassian.net",
        "https://jira.acme.example",
        "acme",
    ]);
    prop_oneof![8 => Just(SITE.to_owned()), 1 => wrong.prop_map(str::to_owned), 1 => text()].boxed()
}

/// Suffixes that are allowed besides.
pub fn suffixes() -> BoxedStrategy<Vec<String>> {
    vec(
        select(vec!["acme.example", "*.corp.example", ""]).prop_map(str::to_owned),
        0..2,
    )
    .boxed()
}

fn id() -> BoxedStrategy<String> {
    select(IDS.to_vec()).prop_map(str::to_owned).boxed()
}

fn url() -> BoxedStrategy<String> {
    prop_oneof![5 => select(URLS.to_vec()).prop_map(str::to_owned), 1 => text()].boxed()
}

/// The site of earlier reconciliations.
pub fn bound() -> BoxedStrategy<SiteStatus> {
    (id(), text(), url(), url())
        .prop_map(|(cloud_id, name, url, spec_site)| SiteStatus {
            cloud_id,
            name,
            url,
            spec_site: Some(spec_site),
            ..SiteStatus::default()
        })
        .boxed()
}

/// Every scope that can be needed, with what needs it.
fn every_scope() -> impl Iterator<Item = (&'static str, &'static str)> {
    needed(false, true).chain(needed(true, true))
}

/// Scopes: all that can be needed, some of them, or others.
pub fn scopes() -> BoxedStrategy<Vec<String>> {
    let all: Vec<String> = every_scope().map(|(scope, _)| scope.to_owned()).collect();
    let some = vec(select(all.clone()), 0..6);
    prop_oneof![3 => Just(all), 2 => some, 1 => vec(text(), 0..3)].boxed()
}

fn resource() -> BoxedStrategy<AccessibleResource> {
    (id(), url(), text(), scopes())
        .prop_map(|(id, url, name, scopes)| AccessibleResource { id, url, name, scopes })
        .boxed()
}

/// What was answered about the site.
pub fn site() -> BoxedStrategy<SiteEvidence> {
    let tenant = answer(id().prop_map(|cloud_id| TenantInfo { cloud_id }));
    let resources = answer(vec(resource(), 0..4));
    let any = (tenant, resources).prop_map(|(tenant, resources)| SiteEvidence { tenant, resources });
    // Most sites are reached, so that there is something behind to be judged.
    (any, option::weighted(0.7, Just(reached())))
        .prop_map(|(any, reached)| reached.unwrap_or(any))
        .boxed()
}

/// A site that is reached with every scope.
pub fn reached() -> SiteEvidence {
    let all = every_scope().map(|(scope, _)| scope.to_owned());
    let resource = AccessibleResource {
        id: "c1".into(),
        url: SITE.into(),
        name: "Acme".into(),
        scopes: all.collect(),
    };
    SiteEvidence {
        tenant: Ok(TenantInfo { cloud_id: "c1".into() }),
        resources: Ok(vec![resource]),
    }
}
