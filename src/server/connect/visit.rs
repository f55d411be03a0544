//! Who comes with which link.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::warn;

use super::{Pages, known_keys::KeyLookup, pages::ErrorPage, words};
use crate::{
    api::integration::JiraIntegration,
    atlassian::secret::TokenHash,
    cluster::error::describe,
    connect::{
        Key, KeyError, grant_key,
        link::{self, LinkSubject},
    },
    server::listener::within,
};

/// An integration for which a person came with a good link.
pub(super) struct Visit {
    pub(super) integration: JiraIntegration,
    pub(super) who: LinkSubject,
    /// The grant that is there.
    pub(super) lineage: Option<TokenHash>,
}

/// Longest time for a page. What is under way with Atlassian continues without it.
const LONGEST: Duration = Duration::from_mins(1);

/// Answers in time, whatever is waited for.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let answer = within(LONGEST, request, next).await;
    answer.unwrap_or_else(|| words::no_answer_in_time().into_response())
}

impl Pages {
    /// Counts a request about an integration.
    pub(super) fn admit(&self, namespace: &str, name: &str) -> Result<(), ErrorPage> {
        if self.limits.admits(namespace, name) {
            return Ok(());
        }
        Err(words::too_many())
    }

    /// A link that is not valid, whatever is wrong with it: whether an integration exists is nobody's business.
    pub(super) fn miss(&self) -> ErrorPage {
        if !self.limits.admits_miss() {
            return words::too_many();
        }
        words::link_not_valid()
    }

    /// Checks a link. Nothing of the integration is looked up before the key has shown that the operator made
    /// the link, be it an old one.
    pub(super) async fn visit(&self, namespace: &str, name: &str, code: &str) -> Result<Visit, ErrorPage> {
        let watched = self.namespaces.is_empty() || self.namespaces.iter().any(|ns| ns == namespace);
        if !watched || !is_name(namespace) || !is_name(name) || !link::is_code(code) {
            return Err(self.miss());
        }
        let fits = |key: &Key| link::is_of_place(key, namespace, name, code);
        let found = self.keys.fitting(namespace, fits, || self.limits.admits_unknown());
        let key = match found.await {
            Ok(KeyLookup::Key(key)) => key,
            Ok(KeyLookup::Nothing) | Err(KeyError::NotOurs) => return Err(self.miss()),
            Ok(KeyLookup::NotAsked) => return Err(words::too_many()),
            Err(KeyError::Cluster(error)) => return Err(unreachable(&error)),
        };
        self.admit(namespace, name)?;
        let visit = self.look_up(namespace, name).await?.ok_or_else(|| self.miss())?;
        let valid = link::is_valid(&key, &visit.who, visit.lineage.as_ref(), code);
        if !valid || !link::is_needed(&visit.integration) {
            return Err(self.miss());
        }
        Ok(visit)
    }

    /// The integration as it is now.
    pub(super) async fn look_up(&self, namespace: &str, name: &str) -> Result<Option<Visit>, ErrorPage> {
        let found = self.connector.integration(namespace, name).await;
        let Some(integration) = found.map_err(|error| unreachable(&error))? else {
            return Ok(None);
        };
        let record = self.store.read(&grant_key(&integration)).await;
        let record = record.map_err(|error| unreachable(&error))?;
        Ok(Some(Visit {
            who: LinkSubject::of(&integration),
            lineage: record.and_then(|record| record.standing().cloned()),
            integration,
        }))
    }

    /// The present link, where a person is needed.
    pub(super) async fn link(&self, visit: &Visit) -> Option<String> {
        if !link::is_needed(&visit.integration) {
            return None;
        }
        let found = self.keys.fitting(&visit.who.namespace, |_| true, || true).await;
        let Ok(KeyLookup::Key(key)) = found else { return None };
        let link = link::link(self.public.url(), &key, &visit.who, visit.lineage.as_ref())?;
        Some(link.into())
    }
}

/// What can be a name of an object: anything else could change the question that the API server is asked.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let ends = [text.bytes().next(), text.bytes().next_back()];
    let bounded = ends.iter().all(|end| end.is_some_and(|b| b != b'-' && b != b'.'));
    bounded && text.len() <= 253 && text.bytes().all(allowed)
}

pub(super) fn unreachable(error: &kube::Error) -> ErrorPage {
    warn!(error = describe(error), "a connect page could not ask the cluster");
    words::no_answer()
}
