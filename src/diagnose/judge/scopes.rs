//! Does the grant have the scopes that the spec needs?

use std::collections::BTreeSet;

use super::enumerate;
use crate::api::{
    condition::{ConditionType::ScopesGranted, Finding},
    reason::Reason,
    requirements,
};

/// What decides which scopes are needed.
#[derive(Clone, Copy, Debug)]
pub struct ScopeNeeds {
    /// Whether there are service projects in scope.
    pub service_projects: bool,
    /// Whether tickets are written.
    pub tickets: bool,
    /// Whether that is in service projects, too.
    pub ticket_desks: bool,
}

impl ScopeNeeds {
    /// The scopes that are needed, each with the feature that needs it.
    pub fn scopes(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let for_tickets = requirements::scopes(true, self.ticket_desks).filter(move |_| self.tickets);
        requirements::scopes(false, self.service_projects).chain(for_tickets)
    }
}

/// What the grant was given.
#[derive(Clone, Copy, Debug)]
pub struct GrantedScopes<'a> {
    /// As the token answer lists it.
    pub of_token: Option<&'a [String]>,
    /// As the site's entry lists it.
    pub of_site: &'a [String],
}

impl GrantedScopes<'_> {
    /// Those of these scopes that are missing. A scope is missing when the token answer or the site's entry
    /// does not list it, because a grant may have been given fewer scopes for one of its sites.
    #[must_use]
    pub fn lacking(self, scopes: impl Iterator<Item = (&'static str, &'static str)>) -> BTreeSet<&'static str> {
        let lacks = |list: &[String], scope: &str| !list.is_empty() && !list.iter().any(|s| s == scope);
        scopes
            .map(|(scope, _)| scope)
            .filter(|scope| lacks(self.of_site, scope) || self.of_token.is_some_and(|list| lacks(list, scope)))
            .collect()
    }
}

/// Judges the scopes. What only tickets would take is said where none are written.
#[must_use]
pub fn judge(needs: ScopeNeeds, granted: GrantedScopes<'_>) -> Finding {
    let missing = granted.lacking(needs.scopes());
    if missing.is_empty() {
        return all_granted(needs, granted);
    }
    let lacking: Vec<String> = needs
        .scopes()
        .filter(|(scope, _)| missing.contains(scope))
        .map(|(scope, feature)| format!("{scope} (to {feature})"))
        .collect();
    let what = format!("The grant lacks the classic scope {}.", enumerate(&lacking, 2));
    Finding::with_remedy(ScopesGranted, Reason::ScopesMissing, &what)
}

fn all_granted(needs: ScopeNeeds, granted: GrantedScopes<'_>) -> Finding {
    let for_tickets = granted.lacking(requirements::scopes(true, needs.service_projects));
    let for_tickets: Vec<&str> = for_tickets.into_iter().collect();
    if for_tickets.is_empty() {
        return Finding::plain(ScopesGranted, Reason::AllScopesGranted);
    }
    let granted = Reason::AllScopesGranted.entry().meaning;
    let message = format!("{granted} Tickets would take {} as well.", for_tickets.join(" and "));
    Finding::new(ScopesGranted, Reason::AllScopesGranted, message)
}

/// The finding for a call that Jira refused for its scopes although the lists have them all.
#[must_use]
pub fn refused(asked: &str) -> Finding {
    let what = format!("Jira refused {asked} because the grant's scopes do not cover it.");
    Finding::with_remedy(ScopesGranted, Reason::ScopesMissing, &what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|s| (*s).to_owned()).collect()
    }

    fn needs(tickets: bool) -> ScopeNeeds {
        ScopeNeeds {
            service_projects: false,
            tickets,
            ticket_desks: false,
        }
    }

    fn granted<'a>(of_token: Option<&'a [String]>, of_site: &'a [String]) -> GrantedScopes<'a> {
        GrantedScopes { of_token, of_site }
    }

    #[test]
    fn service_projects_need_more() {
        let all = list(&["read:jira-user", "read:jira-work", "write:jira-work"]);
        let lacking = |ticket_desks| {
            let needs = ScopeNeeds {
                service_projects: true,
                tickets: true,
                ticket_desks,
            };
            let lacking = granted(Some(&all), &all).lacking(needs.scopes());
            lacking.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(lacking(true), ["read:servicedesk-request", "write:servicedesk-request"]);
        assert_eq!(lacking(false), ["read:servicedesk-request"]);
    }

    #[test]
    fn each_missing_scope_is_named_with_what_needs_it() {
        let all = list(&["read:jira-user", "read:jira-work", "write:jira-work", "offline_access"]);
        assert!(granted(Some(&all), &all).lacking(needs(true).scopes()).is_empty());
        let reading = list(&["read:jira-user", "read:jira-work", "offline_access"]);
        let finding = judge(needs(true), granted(Some(&reading), &[]));
        assert_eq!(finding.reason, Reason::ScopesMissing);
        assert!(finding.message().contains("write:jira-work (to write issues)"));
    }

    #[test]
    fn without_tickets_what_they_would_take_is_said_and_nothing_more() {
        let reading = list(&["read:jira-user", "read:jira-work", "offline_access"]);
        let finding = judge(needs(false), granted(Some(&reading), &reading));
        assert_eq!(finding.reason, Reason::AllScopesGranted);
        assert!(
            finding
                .message()
                .ends_with("Tickets would take write:jira-work as well."),
            "{}",
            finding.message()
        );
    }

    #[test]
    fn a_list_that_is_not_given_is_no_evidence() {
        assert!(granted(None, &[]).lacking(needs(true).scopes()).is_empty());
    }
}
