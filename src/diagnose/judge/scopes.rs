//! Does the grant have the scopes that the spec needs?

use std::collections::BTreeSet;

use super::enumerate;
use crate::api::{
    condition::{ConditionType::ScopesGranted, Finding},
    integration::Mode,
    reason::Reason,
    requirements,
};

/// What decides which scopes are needed.
#[derive(Clone, Copy, Debug)]
pub struct ScopeNeeds {
    /// What the integration is to do.
    pub mode: Mode,
    /// Whether there are service projects in scope.
    pub service_projects: bool,
}

impl ScopeNeeds {
    fn scopes(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        requirements::scopes(self.mode, self.service_projects)
    }
}

/// The scopes that are missing. A scope is missing when the token answer or the site's entry
/// does not list it, because a grant may have been given fewer scopes for one of its sites.
#[must_use]
pub fn missing(needs: ScopeNeeds, of_token: Option<&[String]>, of_site: &[String]) -> BTreeSet<&'static str> {
    let lacks = |list: &[String], scope: &str| !list.is_empty() && !list.iter().any(|s| s == scope);
    needs
        .scopes()
        .map(|(scope, _)| scope)
        .filter(|scope| lacks(of_site, scope) || of_token.is_some_and(|list| lacks(list, scope)))
        .collect()
}

/// Judges the scopes.
#[must_use]
pub fn judge(needs: ScopeNeeds, missing: &BTreeSet<&'static str>) -> Finding {
    if missing.is_empty() {
        return Finding::plain(ScopesGranted, Reason::AllScopesGranted);
    }
    let lacking: Vec<String> = needs
        .scopes()
        .filter(|(scope, _)| missing.contains(scope))
        .map(|(scope, feature)| format!("{scope} (to {feature})"))
        .collect();
    let what = format!("The grant lacks the classic scope {}.", enumerate(&lacking, 2));
    Finding::with_remedy(ScopesGranted, Reason::ScopesMissing, &what)
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

    fn needs(mode: Mode) -> ScopeNeeds {
        ScopeNeeds {
            mode,
            service_projects: false,
        }
    }

    #[test]
    fn service_projects_need_more() {
        let all = list(&["read:jira-user", "read:jira-work", "write:jira-work"]);
        let desks = ScopeNeeds {
            service_projects: true,
            ..needs(Mode::Enforce)
        };
        let lacking = missing(desks, Some(&all), &all);
        assert_eq!(
            lacking.into_iter().collect::<Vec<_>>(),
            ["read:servicedesk-request", "write:servicedesk-request"]
        );
    }

    #[test]
    fn each_missing_scope_is_named_with_what_needs_it() {
        let all = list(&["read:jira-user", "read:jira-work", "write:jira-work", "offline_access"]);
        assert!(missing(needs(Mode::Enforce), Some(&all), &all).is_empty());
        let reading = list(&["read:jira-user", "read:jira-work"]);
        assert!(missing(needs(Mode::Observe), Some(&reading), &reading).is_empty());
        let lacking = missing(needs(Mode::Enforce), Some(&reading), &[]);
        let finding = judge(needs(Mode::Enforce), &lacking);
        assert_eq!(finding.reason, Reason::ScopesMissing);
        assert!(finding.message().contains("write:jira-work (to write issues)"));
    }

    #[test]
    fn a_list_that_is_not_given_is_no_evidence() {
        assert!(missing(needs(Mode::Enforce), None, &[]).is_empty());
    }
}
