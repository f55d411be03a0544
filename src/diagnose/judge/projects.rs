//! All projects of an integration, in one condition.

use super::{enumerate, summed_up};
use crate::api::{
    condition::{
        ConditionType::{Accessible, Permitted, ProjectsAccessible},
        Finding,
    },
    integration::ProjectCounts,
    project::Lifecycle,
    reason::Reason,
};

/// What is summed up of one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its key.
    pub key: String,
    /// Whether it is live and seen.
    pub visible: bool,
    /// The finding that blocks it, if one does.
    pub blocked: Option<Finding>,
    /// What is to be done about it although it can be used.
    pub warning: Option<String>,
}

impl Summary {
    /// Sums up a project's findings.
    #[must_use]
    pub fn of(key: &str, lifecycle: Lifecycle, findings: &[Finding]) -> Self {
        let why = |type_| findings.iter().find(|f| f.condition == type_ && !f.is_true()).cloned();
        let warnings = findings
            .iter()
            .filter(|f| f.is_true() && !f.reason.entry().remedy.is_empty());
        Self {
            key: key.to_owned(),
            visible: lifecycle == Lifecycle::Live,
            blocked: why(Accessible).or_else(|| why(Permitted)),
            warning: warnings.map(|f| f.message.clone()).next(),
        }
    }
}

/// Counts the projects.
#[must_use]
pub fn count(projects: &[Summary]) -> ProjectCounts {
    let number =
        |test: fn(&Summary) -> bool| i64::try_from(projects.iter().filter(|p| test(p)).count()).unwrap_or(i64::MAX);
    ProjectCounts {
        visible: number(|p| p.visible),
        synced: number(|p| p.blocked.is_none()),
        blocked: number(|p| p.blocked.is_some()),
    }
}

/// Judges the projects. `any_visible` is false when the account sees no live project at all.
#[must_use]
pub fn judge(projects: &[Summary], any_visible: bool) -> Finding {
    let blocked: Vec<String> = projects
        .iter()
        .filter_map(|p| p.blocked.as_ref().map(|why| format!("{} ({})", p.key, why.reason)))
        .collect();
    let first = projects.iter().find_map(|p| p.blocked.as_ref());
    let list = enumerate(&blocked, 4);
    match (projects.len(), blocked.len()) {
        _ if !any_visible => {
            let what = if blocked.is_empty() {
                String::new()
            } else {
                format!(" Blocked: {list}.")
            };
            let what = format!("The account sees no project on the site.{what}");
            Finding::with_remedy(ProjectsAccessible, Reason::NoProjectsVisible, &what)
        }
        (all, 0) => {
            let warning = projects.iter().find_map(|p| p.warning.as_ref());
            let warning = warning.map(|text| format!(" {text}")).unwrap_or_default();
            let message = match all {
                1 => format!("The one project in scope can be used.{warning}"),
                _ => format!("All {all} projects in scope can be used.{warning}"),
            };
            Finding::new(ProjectsAccessible, Reason::AllProjectsAccessible, message)
        }
        (all, blocked) if all == blocked => {
            let what = match all {
                1 => format!("The one project in scope cannot be used: {list}."),
                _ => format!("None of the {all} projects in scope can be used: {list}."),
            };
            summed_up(
                ProjectsAccessible,
                Reason::AllProjectsBlocked,
                &what,
                first.filter(|_| all == 1),
            )
        }
        (all, blocked) => {
            let what = format!("{blocked} of {all} projects cannot be used: {list}.");
            summed_up(
                ProjectsAccessible,
                Reason::SomeProjectsBlocked,
                &what,
                first.filter(|_| blocked == 1),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(key: &str, blocked: Option<Reason>) -> Summary {
        Summary {
            key: key.into(),
            visible: true,
            blocked: blocked.map(|reason| Finding::plain(Accessible, reason)),
            warning: None,
        }
    }

    #[test]
    fn the_blocked_ones_are_named_with_their_reasons() {
        let all = [project("A", None), project("B", Some(Reason::ProjectArchived))];
        let finding = judge(&all, true);
        assert_eq!(finding.reason, Reason::SomeProjectsBlocked);
        assert!(finding.message.contains("B (ProjectArchived)"));
        assert_eq!(
            count(&all),
            ProjectCounts {
                visible: 2,
                synced: 1,
                blocked: 1
            }
        );
    }

    #[test]
    fn none_visible_and_all_blocked_are_different_things() {
        assert_eq!(judge(&[], false).reason, Reason::NoProjectsVisible);
        let blocked = [project("A", Some(Reason::BrowseDenied))];
        let all = judge(&blocked, true);
        assert_eq!(all.reason, Reason::AllProjectsBlocked);
        assert!(
            all.message
                .starts_with("The one project in scope cannot be used: A (BrowseDenied).")
        );
        assert_eq!(judge(&[project("A", None)], true).reason, Reason::AllProjectsAccessible);
    }
}
