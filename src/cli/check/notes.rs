//! What is said at the end of an integration: of its projects, and of what nothing needs and more could be done with.

use std::collections::BTreeSet;

use crate::{
    api::{
        condition::{ConditionType, is_true},
        integration::JiraIntegration,
        project::{JiraProject, Lifecycle},
        requirements::{self, BROWSE, SERVICE_DESK, TicketProjects, lacking},
    },
    diagnose::{Evidence, judge::enumerate},
};

/// Most names in a note.
const NAMED: usize = 5;

/// What tickets would take where none are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UnneededForTickets {
    projects: BTreeSet<String>,
    permissions: BTreeSet<&'static str>,
    scopes: BTreeSet<&'static str>,
}

impl UnneededForTickets {
    /// As Jira's answers show it.
    #[must_use]
    pub fn live(evidence: &Evidence) -> Self {
        let tickets = evidence.declared.ticket_projects();
        let mut found = Self::default();
        let Some(Ok(projects)) = &evidence.projects else {
            return found;
        };
        for project in projects.in_use() {
            let held = projects.held_in(&project.id);
            if held.contains(BROWSE) && !tickets.has(&projects.keys_of(project)) {
                found.add(&project.key, &project.project_type_key, &held);
            }
        }
        found.of_scopes(tickets, projects.has_service_projects(), evidence.scopes.as_deref());
        found
    }

    /// As the status shows it.
    #[must_use]
    pub fn written(integration: &JiraIntegration, projects: &[JiraProject]) -> Self {
        let tickets = integration.spec.ticket_projects();
        let mut found = Self::default();
        let mut has_desks = false;
        for project in projects {
            let status = project.status.clone().unwrap_or_default();
            let kind = status.project_type.unwrap_or_default();
            has_desks |= kind == SERVICE_DESK;
            let (key, now) = (&project.spec.key, status.key.as_ref().unwrap_or(&project.spec.key));
            let is_usable =
                status.lifecycle == Lifecycle::Live && is_true(&status.conditions, ConditionType::Accessible);
            if is_usable && !tickets.has(&[key, now]) {
                found.add(key, &kind, &status.permissions.into_iter().collect());
            }
        }
        let scopes = integration.status.as_ref().map(|status| status.scopes.as_slice());
        found.of_scopes(tickets, has_desks, scopes);
        found
    }

    /// The sentence that says so.
    fn note(&self) -> Option<String> {
        let projects: Vec<String> = self.projects.iter().cloned().collect();
        let permissions: Vec<&str> = self.permissions.iter().copied().collect();
        let scopes: Vec<&str> = self.scopes.iter().copied().collect();
        let of_projects = (!projects.is_empty()).then(|| {
            format!(
                "in {} the account lacks {}",
                enumerate(&projects, NAMED),
                permissions.join(", ")
            )
        });
        let of_scopes = (!scopes.is_empty()).then(|| format!("the grant lacks {}", scopes.join(", ")));
        let both: Vec<String> = of_scopes.into_iter().chain(of_projects).collect();
        (!both.is_empty()).then(|| {
            format!(
                "Note: nothing needs it while spec.tickets has no tickets written there, but for tickets {}.",
                both.join(", and ")
            )
        })
    }

    fn add(&mut self, key: &str, project_type: &str, held: &BTreeSet<String>) {
        let lacking = lacking(project_type, held);
        self.projects.extend((!lacking.is_empty()).then(|| key.to_owned()));
        self.permissions.extend(lacking.into_iter().map(|(_, name)| name));
    }

    fn of_scopes(&mut self, tickets: TicketProjects<'_>, has_desks: bool, granted: Option<&[String]>) {
        let Some(granted) = granted.filter(|granted| !tickets.any() && !granted.is_empty()) else {
            return;
        };
        let needed = requirements::scopes(true, has_desks).map(|(scope, _)| scope);
        self.scopes
            .extend(needed.filter(|scope| !granted.iter().any(|given| given == scope)));
    }
}

/// What is said at the end: of the projects, what tickets would take, and what the account does not administer.
#[must_use]
pub fn closing(sums: &str, tickets: &UnneededForTickets, not_administered: &[String]) -> Vec<String> {
    let mut closing = Vec::new();
    closing.extend((!sums.is_empty()).then(|| sums.to_owned()));
    closing.extend(tickets.note());
    if !not_administered.is_empty() {
        closing.push(format!(
            "Note: the account lacks Administer projects in {}. Nothing needs it, but without it Jira shows no restricted request types.",
            enumerate(not_administered, NAMED)
        ));
    }
    closing
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::cli::check::evidence_file::SavedEvidence;

    #[test]
    fn what_tickets_would_take_is_noted_where_none_are_written() {
        let saved = SavedEvidence::load(Path::new("tests/fixtures/evidence/healthy.json")).unwrap();
        let mut evidence = saved.evidence.unwrap();
        let note = |evidence: &Evidence| UnneededForTickets::live(evidence).note();
        assert_eq!((evidence.declared.tickets.clone(), note(&evidence)), (None, None));
        let projects = evidence.projects.as_mut().unwrap().as_mut().unwrap();
        for held in projects.held.values_mut() {
            held.remove("EDIT_ISSUES");
        }
        let scopes = evidence.scopes.as_mut().unwrap();
        scopes.retain(|scope| scope != "write:jira-work");
        let said = note(&evidence).unwrap();
        for part in [
            "the grant lacks write:jira-work, and in ",
            "the account lacks Edit issues.",
        ] {
            assert!(said.contains(part), "{said}");
        }
        evidence.declared.tickets = Some(Vec::new());
        assert_eq!(note(&evidence), None);
    }
}
