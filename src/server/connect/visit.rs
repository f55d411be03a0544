//! Who comes with which link, and the pages for those who come with none.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::warn;

use super::{
    Pages,
    known_keys::KeyLookup,
    pages::{ResultPage, show},
};
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

/// A page instead of what was asked for.
pub(super) struct ErrorPage(StatusCode, Box<ResultPage>);

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        let mut answer = show(self.0, &*self.1);
        if self.0 == StatusCode::TOO_MANY_REQUESTS {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from_static("10"));
        }
        answer
    }
}

pub(super) fn error_page(status: StatusCode, title: &str, lines: &[&str]) -> ErrorPage {
    let told = ResultPage {
        title: title.to_owned(),
        tone: "bad",
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        ..ResultPage::default()
    };
    ErrorPage(status, Box::new(told))
}

pub(super) async fn nothing_here() -> Response {
    let lines = ["The pages here are opened by the link in the status of a JiraIntegration:"];
    let ErrorPage(status, mut told) = error_page(StatusCode::NOT_FOUND, "There is nothing here", &lines);
    "kubectl get jiraintegration NAME -o jsonpath='{.status.authorizationURL}'".clone_into(&mut told.command);
    show(status, &*told)
}

/// Longest time for a page. What is under way with Atlassian continues without it.
const LONGEST: Duration = Duration::from_mins(1);

/// Answers in time, whatever is waited for.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let answer = within(LONGEST, request, next).await;
    answer.unwrap_or_else(|| {
        error_page(
            StatusCode::SERVICE_UNAVAILABLE,
            "That took too long",
            &["The cluster did not answer in time. Reload the page in a moment."],
        )
        .into_response()
    })
}

impl Pages {
    /// Counts a request about an integration.
    pub(super) fn admit(&self, namespace: &str, name: &str) -> Result<(), ErrorPage> {
        if self.limits.admits(namespace, name) {
            return Ok(());
        }
        Err(too_many())
    }

    /// A link that is not valid, whatever is wrong with it: whether an integration exists is nobody's business.
    pub(super) fn miss(&self) -> ErrorPage {
        if !self.limits.admits_miss() {
            return too_many();
        }
        error_page(
            StatusCode::NOT_FOUND,
            "This link is not valid",
            &[
                "It was used already and did its work, it belongs to an integration that is gone, or it was not copied whole.",
                "If the integration still needs to be connected, its status has a new link in authorizationURL.",
            ],
        )
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
            Ok(KeyLookup::NotAsked) => return Err(too_many()),
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

fn too_many() -> ErrorPage {
    error_page(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        &["Wait a few seconds and reload the page."],
    )
}

pub(super) fn unreachable(error: &kube::Error) -> ErrorPage {
    warn!(error = describe(error), "a connect page could not ask the cluster");
    error_page(
        StatusCode::SERVICE_UNAVAILABLE,
        "The cluster did not answer",
        &["Nothing was changed. Reload the page in a moment."],
    )
}
