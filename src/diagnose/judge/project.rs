//! Can one project be used, and if not, why?

use std::collections::BTreeSet;

use crate::{
    api::{
        condition::{
            ConditionType::{Accessible, Permitted},
            Finding,
        },
        project::Lifecycle,
        reason::Reason,
        requirements::{self, BROWSE, TicketProjects},
    },
    atlassian::{error::JiraError, models::Project},
    diagnose::{evidence::ProjectsEvidence, nearest::nearest},
};

/// How a project whose style Jira calls so gives permissions: by roles of its own, and by no scheme.
const TEAM_MANAGED: &str = "next-gen";
const BY_A_ROLE_OF_ITS_OWN: &str = "Give the account a role that has it, in the project's Space settings under Access.";
const BY_A_ROLE_WITH_ALL: &str =
    "Give the account a role that has them, or grant them to its role in the project's permission scheme.";

/// A project as it was found, or not found.
#[derive(Clone, Debug)]
pub struct ProjectFacts<'a> {
    /// The key that spec names, else the one found in Jira.
    pub key: &'a str,
    /// The project, if anything was found.
    pub project: Option<&'a Project>,
    /// Permissions held in it.
    pub held: &'a BTreeSet<String>,
    /// Whether tickets are written there.
    pub is_for_tickets: bool,
    /// Whether the account sees no more than the customer portal of it.
    pub portal_only: bool,
    /// For a project that was not found: the visible key most like it.
    pub nearest: Option<&'a str>,
    /// Why Jira gave no usable answer about it.
    pub unanswered: Option<&'a JiraError>,
}

impl<'a> ProjectFacts<'a> {
    /// What was answered about a project, and about others that make it plain.
    #[must_use]
    pub fn as_found(
        key: &'a str,
        project: Option<&'a Project>,
        tickets: TicketProjects<'_>,
        evidence: &'a ProjectsEvidence,
        held: &'a BTreeSet<String>,
    ) -> Self {
        let visible = evidence.visible.iter().flatten().map(String::as_str);
        let desks = evidence.desks.iter().flatten();
        let portal_only = match project {
            Some(project) => evidence.portal_only.contains(&project.id),
            None => desks.into_iter().any(|desk| desk.project_key == key),
        };
        let known_as = project.map_or(key, |project| project.id.as_str());
        // Under any of its keys, the former ones too.
        let keys = project.map_or_else(|| vec![key], |project| evidence.keys_of(project));
        Self {
            key,
            project,
            held,
            is_for_tickets: tickets.has(&keys),
            portal_only,
            nearest: nearest(key, visible),
            unanswered: evidence.unanswered.get(known_as),
        }
    }
}

impl ProjectFacts<'_> {
    /// Where the project stands in Jira.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        lifecycle(self.project)
    }

    fn is_team_managed(&self) -> bool {
        self.project.and_then(|project| project.style.as_deref()) == Some(TEAM_MANAGED)
    }
}

/// Where a project stands in Jira, as far as Jira shows it.
#[must_use]
pub const fn lifecycle(project: Option<&Project>) -> Lifecycle {
    match project {
        None => Lifecycle::NotVisible,
        Some(project) if project.deleted => Lifecycle::Trashed,
        Some(project) if project.archived => Lifecycle::Archived,
        Some(_) => Lifecycle::Live,
    }
}

/// Judges the project: Accessible and Permitted.
#[must_use]
pub fn judge(seen: &ProjectFacts<'_>) -> Vec<Finding> {
    let accessible = accessible(seen);
    let permitted = if accessible.reason == Reason::NotChecked {
        Finding::new(Permitted, Reason::NotChecked, accessible.message())
    } else if accessible.is_true() {
        permitted(seen)
    } else {
        let message = format!("Skipped, because {} cannot be accessed.", seen.key);
        Finding::new(Permitted, Reason::SkippedAfterAccessible, message)
    };
    vec![accessible, permitted]
}

fn accessible(seen: &ProjectFacts<'_>) -> Finding {
    let key = seen.key;
    let is_gone = matches!(seen.lifecycle(), Lifecycle::Archived | Lifecycle::Trashed);
    if let Some(error) = seen.unanswered.filter(|_| !is_gone) {
        let said = error.to_string();
        let what = format!(
            "Jira did not answer about project {key}: {}.",
            said.trim_end_matches('.')
        );
        return Finding::new(Accessible, Reason::NotChecked, what);
    }
    let (reason, what) = match (seen.lifecycle(), seen.project) {
        (Lifecycle::NotVisible, _) | (_, None) => (Reason::ProjectNotVisible, not_visible(seen)),
        (Lifecycle::Trashed, _) => (Reason::ProjectInTrash, format!("Project {key} is in the trash.")),
        (Lifecycle::Archived, _) => (Reason::ProjectArchived, format!("Project {key} is archived.")),
        (Lifecycle::Live, Some(_)) if seen.portal_only => (
            Reason::BrowseDenied,
            format!("Of project {key} the account sees the customer portal only, which does not let it read issues."),
        ),
        (Lifecycle::Live, Some(_)) if !seen.held.contains(BROWSE) => (
            Reason::BrowseDenied,
            format!("Project {key} is listed, but its permission scheme does not let the account browse it."),
        ),
        (Lifecycle::Live, Some(project)) if project.key != key => (
            Reason::ProjectKeyRenamed,
            format!("Project {key} is called {} now; it goes on under its id.", project.key),
        ),
        (Lifecycle::Live, Some(project)) => {
            let message = format!("Project {key} ({}) is visible.", project.name);
            return Finding::new(Accessible, Reason::ProjectVisible, message);
        }
    };
    Finding::advising(Accessible, reason, &what, browsing(seen, reason))
}

/// What is to be done about a project that cannot be accessed.
fn browsing(seen: &ProjectFacts<'_>, reason: Reason) -> &'static str {
    if reason == Reason::BrowseDenied && seen.is_team_managed() {
        "Give the account a role of the project, in its Space settings under Access."
    } else {
        reason.entry().remedy
    }
}

fn not_visible(seen: &ProjectFacts<'_>) -> String {
    let key = seen.key;
    if seen.portal_only {
        return format!(
            "Of project {key} the account sees the customer portal only, as any customer: it is in no role of the project."
        );
    }
    let near = seen
        .nearest
        .map(|near| format!(" Did you mean {near}?"))
        .unwrap_or_default();
    format!(
        "Jira shows the account no project {key}: it was not added, the project is private or deleted, or the key is mistyped.{near}"
    )
}

fn permitted(seen: &ProjectFacts<'_>) -> Finding {
    let project_type = seen.project.map(|p| p.project_type_key.as_str()).unwrap_or_default();
    let lacking = requirements::lacking(project_type, seen.held);
    let names: Vec<&str> = lacking.iter().map(|(_, name)| *name).collect();
    let names = names.join(", ");
    if !seen.is_for_tickets && !lacking.is_empty() {
        let held = Reason::PermissionsHeld.entry().meaning;
        let message = format!(
            "{held} Tickets, which are not written in {}, would take {names} as well.",
            seen.key
        );
        return Finding::new(Permitted, Reason::PermissionsHeld, message);
    }
    // Who is no agent mostly lacks the rest for the same reason.
    let no_agent = lacking
        .iter()
        .find(|(reason, _)| *reason == Reason::InternalCommentDenied);
    let Some((reason, _)) = no_agent.or(lacking.first()) else {
        return Finding::plain(Permitted, Reason::PermissionsHeld);
    };
    let what = format!("In project {} the account lacks: {names}.", seen.key);
    Finding::advising(Permitted, *reason, &what, remedy(seen, *reason, lacking.len()))
}

/// What is to be done about the permissions that are lacking. Agents are made alike everywhere.
fn remedy(seen: &ProjectFacts<'_>, reason: Reason, lacking: usize) -> &'static str {
    match (seen.is_team_managed(), lacking) {
        _ if reason == Reason::InternalCommentDenied => reason.entry().remedy,
        (true, 1) => BY_A_ROLE_OF_ITS_OWN,
        (true, _) => "Give the account a role that has them, in the project's Space settings under Access.",
        (false, 1) => reason.entry().remedy,
        (false, _) => BY_A_ROLE_WITH_ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        Project {
            id: "1".into(),
            key: "SUP".into(),
            name: "Support".into(),
            project_type_key: "service_desk".into(),
            style: None,
            archived: false,
            deleted: false,
        }
    }

    fn all() -> BTreeSet<String> {
        requirements::permission_keys().into_iter().map(str::to_owned).collect()
    }

    fn seen<'a>(project: Option<&'a Project>, held: &'a BTreeSet<String>, is_for_tickets: bool) -> ProjectFacts<'a> {
        ProjectFacts {
            key: "SUP",
            project,
            held,
            is_for_tickets,
            portal_only: false,
            nearest: None,
            unanswered: None,
        }
    }

    fn reasons(seen: &ProjectFacts<'_>) -> Vec<Reason> {
        judge(seen).iter().map(|finding| finding.reason).collect()
    }

    #[test]
    fn a_usable_project_is_usable() {
        let held = all();
        assert_eq!(
            reasons(&seen(Some(&project()), &held, true)),
            [Reason::ProjectVisible, Reason::PermissionsHeld]
        );
    }

    #[test]
    fn each_permission_has_its_reason() {
        for permission in requirements::permissions(true, "service_desk") {
            let mut held = all();
            held.remove(permission.key);
            let found = reasons(&seen(Some(&project()), &held, true));
            let expected = permission.denied.unwrap_or(Reason::PermissionsHeld);
            assert!(found.contains(&expected), "{}", permission.key);
        }
    }

    #[test]
    fn without_tickets_browsing_is_enough_and_what_they_would_take_is_said() {
        let held = BTreeSet::from([BROWSE.to_owned()]);
        let found = judge(&seen(Some(&project()), &held, false));
        let reasons: Vec<Reason> = found.iter().map(|finding| finding.reason).collect();
        assert_eq!(reasons, [Reason::ProjectVisible, Reason::PermissionsHeld]);
        let said = found.last().map(Finding::message).unwrap_or_default();
        assert!(
            said.contains("not written in SUP, would take Create issues, Edit issues"),
            "{said}"
        );
    }

    #[test]
    fn where_a_project_stands_goes_before_what_is_allowed_there() {
        let (held, mut changed) = (all(), project());
        assert_eq!(
            reasons(&seen(None, &held, true)),
            [Reason::ProjectNotVisible, Reason::SkippedAfterAccessible]
        );
        changed.archived = true;
        assert_eq!(
            reasons(&seen(Some(&changed), &held, true)).first(),
            Some(&Reason::ProjectArchived)
        );
        changed.deleted = true;
        assert_eq!(
            reasons(&seen(Some(&changed), &held, true)).first(),
            Some(&Reason::ProjectInTrash)
        );
        let mut renamed = project();
        renamed.key = "HELP".into();
        assert_eq!(
            reasons(&seen(Some(&renamed), &held, true)),
            [Reason::ProjectKeyRenamed, Reason::PermissionsHeld]
        );
    }

    #[test]
    fn the_remedy_fits_the_project_and_what_is_lacking() {
        let said = |style: &str, lacking: &[&str]| {
            let mut held = all();
            held.retain(|key| !lacking.contains(&key.as_str()));
            let project = Project {
                style: Some(style.into()),
                project_type_key: "software".into(),
                ..project()
            };
            let found = judge(&seen(Some(&project), &held, true));
            let worst = found.into_iter().find(|finding| !finding.is_true());
            worst.map(|finding| finding.message()).unwrap_or_default()
        };
        let one = said("classic", &["EDIT_ISSUES"]);
        assert!(
            one.ends_with("Grant it Edit issues in the project's permission scheme."),
            "{one}"
        );
        let two = said("classic", &["EDIT_ISSUES", "ADD_COMMENTS"]);
        assert!(
            two.contains("Edit issues, Add comments. Give the account a role that has them"),
            "{two}"
        );
        for lacking in [&["EDIT_ISSUES"][..], &["EDIT_ISSUES", "ADD_COMMENTS"], &[BROWSE]] {
            let message = said("next-gen", lacking);
            assert!(
                message.contains("Space settings") && !message.contains("scheme."),
                "{message}"
            );
        }
    }

    /// One project that does not answer is not known, which is neither an outage nor its fault.
    #[test]
    fn a_project_that_jira_does_not_answer_about_is_not_checked() {
        let (project, held) = (project(), all());
        let error = JiraError::Redirected;
        for project in [None, Some(&project)] {
            let unanswered = ProjectFacts {
                unanswered: Some(&error),
                ..seen(project, &held, true)
            };
            assert_eq!(reasons(&unanswered), [Reason::NotChecked, Reason::NotChecked]);
        }
    }
}
