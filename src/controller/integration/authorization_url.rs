//! The link in the status by which a person connects, while only a person's consent helps.

use tracing::warn;

use super::{steps::Run, verdict::Verdict};
use crate::{
    cluster::error::describe,
    connect::{KeyError, link::LinkSubject},
};

/// The link for what was found, where the pages are served. What could not be asked leaves it as it was.
pub async fn authorization_url(run: Run<'_>, verdict: &Verdict) -> Option<String> {
    let Run { ctx, observed } = run;
    let links = ctx.links.as_ref()?;
    if !verdict.needs_consent() || observed.credentials.is_err() {
        return None;
    }
    let who = LinkSubject::of(&observed.integration);
    let error = match links.make(&who, &observed.grant, &observed.target.owner).await {
        Ok(link) => return link,
        Err(error) => error,
    };
    let (namespace, name) = (&who.namespace, &who.name);
    let (why, kept) = match &error {
        KeyError::Cluster(error) => (describe(error), observed.status.authorization_url.clone()),
        KeyError::NotOurs => (error.to_string(), None),
    };
    warn!(namespace, name, why, "no link to connect could be made");
    kept
}
