//! All projects of an integration, in one condition.

use super::{enumerate, summed_up};
use crate::api::{
    condition::{
        ConditionType::{self, Accessible, Permitted, ProjectsAccessible},
        Finding,
    },
    integration::ProjectCounts,
    project::Lifecycle,
    ready::holds_project_back,
    reason::Reason,
    requirements::TicketProjects,
};

/// Most projects that a message names.
const MOST_NAMED: usize = 4;

/// What is summed up of one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSummary {
    /// Its key.
    pub key: String,
    /// Where it stands in Jira.
    pub lifecycle: Lifecycle,
    /// The finding that blocks it, if one does.
    pub blocked: Option<Finding>,
    /// What there is to say of it although it can be used.
    pub warning: Option<Finding>,
    /// Whether tickets are written there.
    pub is_for_tickets: bool,
}

impl ProjectSummary {
    /// Sums up a project's findings.
    #[must_use]
    pub fn of(key: &str, lifecycle: Lifecycle, findings: &[Finding]) -> Self {
        let of = |type_: ConditionType| findings.iter().filter(move |f| f.condition == type_);
        let blocks = |f: &&Finding| holds_project_back(f.condition, f.reason);
        let warns = |f: &&Finding| !blocks(f) && !f.reason.entry().remedy.is_empty();
        let own = || of(Accessible).chain(of(Permitted));
        Self {
            key: key.to_owned(),
            lifecycle,
            blocked: own().find(blocks).cloned(),
            warning: own().find(warns).cloned(),
            is_for_tickets: false,
        }
    }

    /// The same, of a project in which tickets are written, or not.
    #[must_use]
    pub fn where_tickets_are_written(self, is_for_tickets: bool) -> Self {
        Self { is_for_tickets, ..self }
    }

    /// Whether this is what blocks it: that it cannot be read, or not be written to.
    fn is_blocked_by(&self, condition: ConditionType) -> bool {
        self.blocked.as_ref().is_some_and(|why| why.condition == condition)
    }

    /// Whether Jira did not answer about it.
    fn is_unanswered(&self) -> bool {
        self.blocked
            .as_ref()
            .is_some_and(|why| why.reason == Reason::NotChecked)
    }

    fn is_archived(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Archived | Lifecycle::Trashed)
    }
}

/// Counts the projects.
#[must_use]
pub fn count(projects: &[ProjectSummary], tickets: TicketProjects<'_>) -> ProjectCounts {
    let number = |test: &dyn Fn(&ProjectSummary) -> bool| {
        let count = projects.iter().filter(|project| test(project)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    };
    let writable = number(&|p| p.is_for_tickets && p.blocked.is_none());
    ProjectCounts {
        in_scope: Some(number(&|_| true)),
        visible: number(&|p| p.lifecycle == Lifecycle::Live),
        readable: Some(number(&|p| !p.is_blocked_by(Accessible))),
        writable: tickets.any().then_some(writable),
        blocked: number(&|p| p.blocked.is_some()),
        ..ProjectCounts::default()
    }
}

/// Judges the projects. `any_visible` is false when the account sees no live project at all.
#[must_use]
pub fn judge(projects: &[ProjectSummary], any_visible: bool) -> Finding {
    let blocked: Vec<&ProjectSummary> = projects.iter().filter(|p| p.blocked.is_some()).collect();
    let one = blocked.first().filter(|_| blocked.len() == 1);
    let one = one.and_then(|project| project.blocked.as_ref());
    // Of one that is archived it is known what it is, and that it is seen.
    let archived_only = !projects.is_empty() && projects.iter().all(ProjectSummary::is_archived);
    if !any_visible && !archived_only {
        let list = if blocked.is_empty() {
            String::new()
        } else {
            format!(" In scope: {}.", named(blocked.iter().copied()))
        };
        let what = format!("The account sees no live project on the site.{list}");
        return Finding::with_remedy(ProjectsAccessible, Reason::NoProjectsVisible, &what);
    }
    if blocked.is_empty() {
        return Finding::new(ProjectsAccessible, Reason::AllProjectsAccessible, all_usable(projects));
    }
    if blocked.iter().all(|project| project.is_unanswered()) {
        return unanswered(&blocked, projects.len());
    }
    let what = how_blocked(&blocked, projects.len());
    let reason = if blocked.len() == projects.len() {
        Reason::AllProjectsBlocked
    } else {
        Reason::SomeProjectsBlocked
    };
    summed_up(ProjectsAccessible, reason, &what, one)
}

fn all_usable(projects: &[ProjectSummary]) -> String {
    let all = match projects.len() {
        1 => "The one project in scope can be used.".to_owned(),
        all => format!("All {all} projects in scope can be used."),
    };
    let warned: Vec<(&ProjectSummary, &Finding)> =
        projects.iter().filter_map(|p| Some((p, p.warning.as_ref()?))).collect();
    match warned.as_slice() {
        [] => all,
        [(_, warning)] => format!("{all} {}", warning.message()),
        [(project, warning), ..] => format!(
            "{all} There is something to say of {} of them, such as {} ({}): kubectl get jiraprojects.",
            warned.len(),
            project.key,
            warning.reason
        ),
    }
}

/// Jira did not answer about some, and nothing speaks against the others.
fn unanswered(blocked: &[&ProjectSummary], all: usize) -> Finding {
    let why = blocked.iter().find_map(|project| project.blocked.as_ref());
    let why = why.map(Finding::message).unwrap_or_default();
    let what = match all {
        1 => why,
        _ => format!(
            "Jira did not answer about {} of {all} projects; the others go on. {why}",
            blocked.len()
        ),
    };
    Finding::new(ProjectsAccessible, Reason::NotChecked, what)
}

/// How many cannot be read or not be written to, and which.
fn how_blocked(blocked: &[&ProjectSummary], all: usize) -> String {
    let of = |type_| {
        blocked
            .iter()
            .copied()
            .filter(move |project| project.is_blocked_by(type_))
    };
    let (how, list) = match (of(Accessible).count(), of(Permitted).count()) {
        (_, 0) => ("be read", named(of(Accessible))),
        (0, _) => ("be written to (spec.tickets)", named(of(Permitted))),
        _ => {
            let list = format!(
                "not read {}; not written to {}",
                named(of(Accessible)),
                named(of(Permitted))
            );
            ("be used", list)
        }
    };
    match (blocked.len(), all) {
        (_, 1) => format!("The one project in scope cannot {how}: {list}."),
        (some, all) if some == all => format!("None of the {all} projects in scope can {how}: {list}."),
        (some, all) => format!("{some} of {all} projects cannot {how}: {list}."),
    }
}

fn named<'p>(projects: impl Iterator<Item = &'p ProjectSummary>) -> String {
    let all: Vec<String> = projects
        .filter_map(|p| p.blocked.as_ref().map(|why| format!("{} ({})", p.key, why.reason)))
        .collect();
    enumerate(&all, MOST_NAMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(key: &str, reason: Reason) -> ProjectSummary {
        let lifecycle = match reason {
            Reason::ProjectArchived => Lifecycle::Archived,
            Reason::ProjectNotVisible => Lifecycle::NotVisible,
            _ => Lifecycle::Live,
        };
        let permitted = reason.entry().conditions.first() == Some(&Permitted);
        let condition = if permitted { Permitted } else { Accessible };
        ProjectSummary::of(key, lifecycle, &[Finding::plain(condition, reason)])
    }

    fn projects(reasons: &[Reason]) -> Vec<ProjectSummary> {
        let keys = ["A", "B", "C", "D", "E"];
        keys.iter()
            .zip(reasons)
            .map(|(key, reason)| project(key, *reason))
            .collect()
    }

    fn for_tickets(all: Vec<ProjectSummary>) -> Vec<ProjectSummary> {
        let of = all.into_iter();
        of.map(|project| project.where_tickets_are_written(true)).collect()
    }

    #[test]
    fn it_is_said_what_cannot_be_read_and_what_not_written_to() {
        use Reason::*;
        let table: &[(&[Reason], Reason, &str)] = &[
            (
                &[ProjectVisible, ProjectVisible],
                AllProjectsAccessible,
                "All 2 projects in scope can be used.",
            ),
            (
                &[ProjectVisible, ProjectArchived],
                SomeProjectsBlocked,
                "1 of 2 projects cannot be read: B (ProjectArchived).",
            ),
            (
                &[ProjectVisible, EditDenied],
                SomeProjectsBlocked,
                "1 of 2 projects cannot be written to (spec.tickets): B (EditDenied).",
            ),
            (
                &[ProjectVisible, EditDenied, BrowseDenied],
                SomeProjectsBlocked,
                "2 of 3 projects cannot be used: not read C (BrowseDenied); not written to B (EditDenied).",
            ),
            (
                &[BrowseDenied],
                AllProjectsBlocked,
                "The one project in scope cannot be read: A (BrowseDenied).",
            ),
            (
                &[CreateDenied, EditDenied],
                AllProjectsBlocked,
                "None of the 2 projects in scope can be written to (spec.tickets): A (CreateDenied), B (EditDenied).",
            ),
            (
                &[ProjectVisible, NotChecked],
                NotChecked,
                "Jira did not answer about 1 of 2 projects; the others go on.",
            ),
            (
                &[BrowseDenied, NotChecked],
                AllProjectsBlocked,
                "None of the 2 projects in scope can be read",
            ),
        ];
        for (reasons, expected, said) in table {
            let finding = judge(&projects(reasons), true);
            assert_eq!(finding.reason, *expected, "{reasons:?}: {}", finding.message());
            assert!(
                finding.message().starts_with(said),
                "{reasons:?}: {}",
                finding.message()
            );
        }
    }

    /// An ordinary account may not set reporters: its projects can be read, and written to.
    #[test]
    fn without_assignee_and_reporter_a_project_can_be_used() {
        let one = judge(&projects(&[Reason::ProjectVisible, Reason::ReporterChangeDenied]), true);
        assert_eq!(one.reason, Reason::AllProjectsAccessible);
        assert!(one.message().contains("Modify reporter"), "{}", one.message());
        let all = projects(&[Reason::AssignDenied, Reason::ReporterChangeDenied]);
        let both = judge(&all, true);
        assert_eq!(both.reason, Reason::AllProjectsAccessible);
        assert!(
            both.message().contains("2 of them, such as A (AssignDenied)"),
            "{}",
            both.message()
        );
        let counts = count(&for_tickets(all), TicketProjects(Some(&[])));
        assert_eq!(
            (counts.readable, counts.writable, counts.blocked),
            (Some(2), Some(2), 0)
        );
    }

    #[test]
    fn what_is_read_is_counted_as_readable() {
        use Reason::*;
        let all = projects(&[
            ProjectVisible,
            ReporterChangeDenied,
            TransitionDenied,
            ProjectArchived,
            ProjectNotVisible,
        ]);
        let counts = count(&for_tickets(all), TicketProjects(Some(&[])));
        assert_eq!(
            (counts.visible, counts.readable, counts.writable),
            (3, Some(3), Some(2))
        );
        assert_eq!((counts.blocked, counts.in_scope), (3, Some(5)));
        let observed = count(&projects(&[ProjectVisible, ProjectArchived]), TicketProjects::default());
        assert_eq!(
            (observed.readable, observed.writable, observed.in_scope),
            (Some(1), None, Some(2))
        );
    }

    #[test]
    fn an_archived_project_is_seen() {
        use Reason::*;
        assert_eq!(judge(&[], false).reason, NoProjectsVisible);
        let none = judge(&projects(&[ProjectArchived, ProjectNotVisible]), false);
        assert_eq!(none.reason, NoProjectsVisible);
        assert!(
            none.message()
                .starts_with("The account sees no live project on the site. In scope: A"),
            "{}",
            none.message()
        );
        let archived = judge(&projects(&[ProjectArchived]), false);
        assert_eq!(archived.reason, AllProjectsBlocked);
    }
}
