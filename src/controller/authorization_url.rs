//! Invites a person to connect, by a link in the status, while only a person's consent helps.

use tracing::warn;

use super::{context::Context, observe::ObservedState, outcome::Outcome};
use crate::{
    api::{condition::Finding, reason::WAYS_TO_CONNECT},
    cluster::error::describe,
    connect::{key::KeyError, link::LinkSubject},
};

/// How the link is named before the command.
const BY_LINK: &str = "open status.authorizationURL, or ";
/// The command, which needs no link.
const BY_COMMAND: &str = "run jira-operator connect.";

/// Says in what was found which way there is to connect. That is never longer than what it takes the place of.
pub(super) fn name_the_way(outcome: &mut Outcome) {
    let link = if outcome.authorization_url.is_some() {
        BY_LINK
    } else {
        ""
    };
    for finding in outcome.findings.values_mut() {
        let way = format!("{link}{BY_COMMAND}");
        *finding = finding.clone().rewording(WAYS_TO_CONNECT, &way);
    }
}

/// What is said of an integration that has no link any more.
pub(super) fn without_link(finding: Finding) -> Finding {
    finding.rewording(BY_LINK, "")
}

/// The link for what a pass found, where the pages are served. What could not be asked leaves it as it was.
pub(super) async fn authorization_url(ctx: &Context, observed: &ObservedState, outcome: &Outcome) -> Option<String> {
    let links = ctx.links.as_ref()?;
    let needed = outcome
        .findings
        .values()
        .any(|finding| finding.reason.entry().needs_consent);
    if !needed || observed.credentials.is_err() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{condition::ConditionType, reason::Reason};

    #[test]
    fn a_message_names_no_link_that_is_not_there() {
        let told = |link: Option<&str>| {
            let mut outcome = Outcome {
                authorization_url: link.map(str::to_owned),
                ..Outcome::default()
            };
            outcome.note(Finding::plain(ConditionType::Authorized, Reason::NotConnected));
            name_the_way(&mut outcome);
            let found = outcome.findings.remove(&ConditionType::Authorized);
            found.map(|finding| finding.message())
        };
        let (with, without) = (told(Some("https://a.example")), told(None));
        let ends = |told: Option<&String>, end: &str| told.is_some_and(|told| told.ends_with(end));
        assert!(ends(
            with.as_ref(),
            "account: open status.authorizationURL, or run jira-operator connect."
        ));
        assert!(ends(without.as_ref(), "account: run jira-operator connect."));
        let later =
            with.map(|message| without_link(Finding::new(ConditionType::Authorized, Reason::NotConnected, message)));
        assert_eq!(
            later.map(|finding| finding.message()),
            without,
            "of a link that went nothing is said"
        );
    }
}
