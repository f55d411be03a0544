//! Can one project be used, and if not, why?

use std::collections::BTreeSet;

use crate::{
    api::{
        condition::{
            ConditionType::{Accessible, Permitted},
            Finding,
        },
        integration::Mode,
        project::Lifecycle,
        reason::Reason,
        requirements::{self, BROWSE},
    },
    atlassian::models::Project,
    diagnose::{evidence::ProjectsEvidence, nearest::nearest},
};

/// A project as it was found, or not found.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The key that spec names, else the one found in Jira.
    pub key: &'a str,
    /// The project, if anything was found.
    pub project: Option<&'a Project>,
    /// Permissions held in it.
    pub held: &'a BTreeSet<String>,
    /// What the integration is to do there.
    pub mode: Mode,
    /// Whether the account sees no more than the customer portal of it.
    pub portal_only: bool,
    /// For a project that was not found: the visible key most like it.
    pub nearest: Option<&'a str>,
}

impl<'a> Seen<'a> {
    /// What was answered about a project, and about others that make it plain.
    #[must_use]
    pub fn as_found(
        key: &'a str,
        project: Option<&'a Project>,
        mode: Mode,
        evidence: &'a ProjectsEvidence,
        held: &'a BTreeSet<String>,
    ) -> Self {
        let visible = evidence.visible.iter().flatten().map(String::as_str);
        let desks = evidence.desks.iter().flatten();
        let portal_only = match project {
            Some(project) => evidence.portal_only.contains(&project.id),
            None => desks.into_iter().any(|desk| desk.project_key == key),
        };
        Self {
            key,
            project,
            held,
            mode,
            portal_only,
            nearest: nearest(key, visible),
        }
    }
}

impl Seen<'_> {
    /// Where the project stands in Jira.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        match self.project {
            None => Lifecycle::NotVisible,
            Some(project) if project.deleted => Lifecycle::Trashed,
            Some(project) if project.archived => Lifecycle::Archived,
            Some(_) => Lifecycle::Live,
        }
    }
}

/// Judges the project: Accessible and Permitted.
#[must_use]
pub fn judge(seen: &Seen<'_>) -> Vec<Finding> {
    let accessible = accessible(seen);
    let permitted = if accessible.is_true() {
        permitted(seen)
    } else {
        let message = format!("Not looked at, because {} cannot be accessed.", seen.key);
        Finding::new(Permitted, Reason::SkippedAfterAccessible, message)
    };
    vec![accessible, permitted]
}

fn accessible(seen: &Seen<'_>) -> Finding {
    let key = seen.key;
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
    Finding::with_remedy(Accessible, reason, &what)
}

fn not_visible(seen: &Seen<'_>) -> String {
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

fn permitted(seen: &Seen<'_>) -> Finding {
    let project_type = seen.project.map(|p| p.project_type_key.as_str()).unwrap_or_default();
    let asked = requirements::permissions(seen.mode, project_type);
    let lacking: Vec<(Reason, &str)> = asked
        .filter(|permission| !seen.held.contains(permission.key))
        .filter_map(|permission| Some((permission.denied?, permission.name)))
        .collect();
    // Who is no agent mostly lacks the rest for the same reason.
    let no_agent = lacking
        .iter()
        .find(|(reason, _)| *reason == Reason::InternalCommentDenied);
    let Some((reason, _)) = no_agent.or(lacking.first()) else {
        return Finding::plain(Permitted, Reason::PermissionsHeld);
    };
    let names: Vec<&str> = lacking.iter().map(|(_, name)| *name).collect();
    let also = if names.len() > 1 {
        " Perhaps it is in no role that has them."
    } else {
        ""
    };
    let what = format!("In project {} the account lacks: {}.{also}", seen.key, names.join(", "));
    Finding::with_remedy(Permitted, *reason, &what)
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
        requirements::permission_keys(Mode::Enforce)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    fn reasons(project: Option<&Project>, held: &BTreeSet<String>, mode: Mode) -> Vec<Reason> {
        judge(&Seen {
            key: "SUP",
            project,
            held,
            mode,
            portal_only: false,
            nearest: None,
        })
        .iter()
        .map(|f| f.reason)
        .collect()
    }

    #[test]
    fn a_usable_project_is_usable() {
        let held = all();
        assert_eq!(
            reasons(Some(&project()), &held, Mode::Enforce),
            [Reason::ProjectVisible, Reason::PermissionsHeld]
        );
    }

    #[test]
    fn each_permission_has_its_reason() {
        for permission in requirements::permissions(Mode::Enforce, "service_desk") {
            let mut held = all();
            held.remove(permission.key);
            let found = reasons(Some(&project()), &held, Mode::Enforce);
            let expected = permission.denied.unwrap_or(Reason::PermissionsHeld);
            assert!(found.contains(&expected), "{}", permission.key);
        }
    }

    #[test]
    fn observing_needs_browsing_only() {
        let held = BTreeSet::from([BROWSE.to_owned()]);
        assert_eq!(
            reasons(Some(&project()), &held, Mode::Observe),
            [Reason::ProjectVisible, Reason::PermissionsHeld]
        );
    }

    #[test]
    fn where_a_project_stands_goes_before_what_is_allowed_there() {
        let (held, mut changed) = (all(), project());
        assert_eq!(
            reasons(None, &held, Mode::Enforce),
            [Reason::ProjectNotVisible, Reason::SkippedAfterAccessible]
        );
        changed.archived = true;
        assert_eq!(
            reasons(Some(&changed), &held, Mode::Enforce).first(),
            Some(&Reason::ProjectArchived)
        );
        changed.deleted = true;
        assert_eq!(
            reasons(Some(&changed), &held, Mode::Enforce).first(),
            Some(&Reason::ProjectInTrash)
        );
        let mut renamed = project();
        renamed.key = "HELP".into();
        assert_eq!(
            reasons(Some(&renamed), &held, Mode::Enforce),
            [Reason::ProjectKeyRenamed, Reason::PermissionsHeld]
        );
    }
}
