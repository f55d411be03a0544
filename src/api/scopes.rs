//! The OAuth scopes that a consent asks for: one list, which the consent, its page and the documentation read.

/// The scope without which there is no refresh token (facts of Atlassian's refresh-token documentation:
/// it is asked for in the address of the consent alone and is no permission of the app).
pub const OFFLINE: &str = "offline_access";

/// The API of the developer console that has Jira's own scopes.
pub const API_JIRA: &str = "Jira platform";
/// The API of the developer console that has the scopes of service desks.
pub const API_DESKS: &str = "Jira Service Management";

/// A scope that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its name in OAuth.
    pub name: &'static str,
    /// The API in the developer console that has it.
    pub api: &'static str,
    /// What it is for, as a phrase.
    pub purpose: &'static str,
}

const fn scope(name: &'static str, api: &'static str, purpose: &'static str) -> Scope {
    Scope { name, api, purpose }
}

/// Every scope that a consent asks for: more than is used today, so that later features need no new
/// consent.
pub const SCOPES: &[Scope] = &[
    scope("read:jira-work", API_JIRA, "projects, issues, permissions, statuses"),
    scope(
        "write:jira-work",
        API_JIRA,
        "create and change issues, comment, transition, assign",
    ),
    scope("read:jira-user", API_JIRA, "who the account is, and looking people up"),
    scope(
        "manage:jira-webhook",
        API_JIRA,
        "hearing of changes instead of asking for them",
    ),
    scope(
        "read:servicedesk-request",
        API_DESKS,
        "service desks, request types, forms, articles",
    ),
    scope(
        "write:servicedesk-request",
        API_DESKS,
        "raise requests, comment on them",
    ),
    scope("read:me", "User identity", "who consented, before a site is chosen"),
    scope(
        OFFLINE,
        "none: asked for when connecting",
        "a refresh token, without which the grant lasts an hour",
    ),
];

/// All of them, as the `scope` parameter takes them.
#[must_use]
pub fn scope_parameter() -> String {
    SCOPES.iter().map(|scope| scope.name).collect::<Vec<_>>().join(" ")
}

/// Those that a grant must have been given: Jira's own. What else is asked for shows elsewhere, offline
/// access as a refresh token.
pub fn of_jira() -> impl Iterator<Item = &'static str> {
    let own = SCOPES.iter().filter(|scope| [API_JIRA, API_DESKS].contains(&scope.api));
    own.map(|scope| scope.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::requirements::FEATURES;

    #[test]
    fn the_consent_covers_every_feature() {
        for name in FEATURES.iter().flat_map(|feature| feature.scopes) {
            assert!(of_jira().any(|scope| scope == *name), "{name}");
        }
    }
}
