//! Invites a person to connect, by a link in the status, while only a person's consent helps.

use tracing::warn;

use super::{context::Context, observe::Seen, outcome::Outcome};
use crate::{
    connect::{capability::Who, key::KeyError},
    grant::store::describe,
};

/// The link for what a pass found, where the pages are served. What could not be asked leaves it as it was.
pub(super) async fn invite(ctx: &Context, seen: &Seen, outcome: &Outcome) -> Option<String> {
    let links = ctx.links.as_ref()?;
    let needed = outcome.findings.values().any(|finding| finding.reason.needs_consent());
    if !needed || seen.credentials.is_err() {
        return None;
    }
    let who = Who::of(&seen.integration);
    let error = match links.make(&who, &seen.grant, &seen.target.owner).await {
        Ok(link) => return link,
        Err(error) => error,
    };
    let (namespace, name) = (&who.namespace, &who.name);
    let (why, kept) = match &error {
        KeyError::Cluster(error) => (describe(error), seen.status.authorization_url.clone()),
        KeyError::NotOurs => (error.to_string(), None),
    };
    warn!(namespace, name, why, "no link to connect could be made");
    kept
}
