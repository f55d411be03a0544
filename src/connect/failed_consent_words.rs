//! The words for what becomes of a consent where there was nothing to look at, for the page and the terminal alike. Everything else that the
//! pages say is in `server/connect/words.rs`.

use super::outcome::ConnectFailure;
use crate::api::scopes;

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeText {
    /// The sentence on top.
    pub title: String,
    /// What happened.
    pub what: String,
    /// The next step.
    pub next: String,
}

impl ConnectFailure {
    /// In words. `callback` is the address that the app has to have.
    #[must_use]
    pub fn text(&self, callback: &str) -> OutcomeText {
        let (title, what, next) = match self {
            Self::Declined => (
                "Access was declined",
                "The consent was not accepted, so nothing was changed.".to_owned(),
                "Try again and choose Accept; the account must be the dedicated one.".to_owned(),
            ),
            Self::AppRefused { error, description } => app_refused(error, description, callback),
            Self::CodeRefused { description } => (
                "Atlassian did not honour the consent",
                format!("Atlassian gave no tokens for the code ({description}). A code works once, within a short time, and for the app and callback address it was made for."),
                format!("Try again. If it happens again, compare the callback URL of the app in the developer console: it must be {callback}."),
            ),
            Self::NotAsked => (
                "The cluster did not answer",
                "How the integration stands could not be looked up, so the consent was not used and nothing was changed."
                    .to_owned(),
                "Try again in a moment, from the link.".to_owned(),
            ),
            Self::AlreadyConnected => (
                "Connected meanwhile",
                "The integration was connected in another window since you started, so this consent was not needed and nothing was changed.".to_owned(),
                "You can close this page.".to_owned(),
            ),
            Self::Changed => (
                "The integration changed meanwhile",
                "The JiraIntegration, or the Secret that it names, is not what it was when you started, so nothing was stored.".to_owned(),
                "Read the link in its status again, and start from there.".to_owned(),
            ),
            Self::Unsaved { detail } => (
                "The grant is not stored yet",
                format!("Atlassian gave the grant, and it could not be stored: {detail}."),
                "The operator keeps it in memory and tries again by itself. Fix what the cluster says before the operator is restarted.".to_owned(),
            ),
        };
        OutcomeText {
            title: title.to_owned(),
            what,
            next,
        }
    }
}

fn app_refused(error: &str, description: &str, callback: &str) -> (&'static str, String, String) {
    let said = if description.is_empty() { error } else { description };
    let next = match error {
        "invalid_scope" => format!(
            "Add all scopes to the app in the developer console under Permissions, then try again: {}.",
            scopes::of_jira().collect::<Vec<_>>().join(" ")
        ),
        "unauthorized_client" | "invalid_request" => format!(
            "In the developer console, compare the app's client id and its callback URL, which must be {callback}, then try again."
        ),
        _ => "Try again in a while. If it goes on, look at the app in the developer console.".to_owned(),
    };
    (
        "Atlassian refused the request",
        format!("Atlassian said: {said}."),
        next,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_explains_each_title() {
        let manual = include_str!("../../docs/connect-reference.md");
        let words = String::new;
        // A new failure follows the one before it.
        let next = |failure: &ConnectFailure| match failure {
            ConnectFailure::Declined => Some(ConnectFailure::AppRefused {
                error: words(),
                description: words(),
            }),
            ConnectFailure::AppRefused { .. } => Some(ConnectFailure::CodeRefused { description: words() }),
            ConnectFailure::CodeRefused { .. } => Some(ConnectFailure::NotAsked),
            ConnectFailure::NotAsked => Some(ConnectFailure::AlreadyConnected),
            ConnectFailure::AlreadyConnected => Some(ConnectFailure::Changed),
            ConnectFailure::Changed => Some(ConnectFailure::Unsaved { detail: words() }),
            ConnectFailure::Unsaved { .. } => None,
        };
        let all: Vec<_> = std::iter::successors(Some(ConnectFailure::Declined), next).collect();
        assert_eq!(all.len(), 7);
        for failure in all {
            let title = failure.text("").title;
            assert!(
                manual.contains(&format!("*{title}*")),
                "docs/connect-reference.md has no row for {title}"
            );
        }
    }
}
