//! What each mode needs of Atlassian: one table of features with their OAuth scopes and Jira
//! permissions. The checks, the consent and the documentation read it; nothing else lists them.

use super::{integration::Mode, reason::Reason};

/// `projectTypeKey` of Jira Service Management projects.
pub const SERVICE_DESK: &str = "service_desk";

/// A Jira project permission that a feature needs.
#[derive(Clone, Copy, Debug)]
pub struct Permission {
    /// Jira's key, as `POST /rest/api/3/permissions/check` takes it.
    pub key: &'static str,
    /// The name as Jira's permission schemes show it.
    pub name: &'static str,
    /// The reason a project gets when the account lacks it.
    pub denied: Reason,
    /// Needed in Jira Service Management projects only.
    pub service_projects_only: bool,
}

/// Something the operator does, and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// What it does, as a phrase.
    pub name: &'static str,
    /// The modes that do it.
    pub modes: &'static [Mode],
    /// The classic OAuth scopes it takes.
    pub scopes: &'static [&'static str],
    /// The project permissions it takes.
    pub permissions: &'static [Permission],
}

const fn everywhere(key: &'static str, name: &'static str, denied: Reason) -> Permission {
    Permission {
        key,
        name,
        denied,
        service_projects_only: false,
    }
}

const BOTH: &[Mode] = &[Mode::Enforce, Mode::Observe];
const WRITING: &[Mode] = &[Mode::Enforce];

/// The scope that lets the operator ask who the account is.
pub const SCOPE_USER: &str = "read:jira-user";
/// The scope that lets the operator read projects and permissions.
pub const SCOPE_WORK: &str = "read:jira-work";
/// The permission without which a project cannot be read.
pub const BROWSE: &str = "BROWSE_PROJECTS";

/// Every feature.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "recognise the account",
        modes: BOTH,
        scopes: &[SCOPE_USER],
        permissions: &[],
    },
    Feature {
        name: "read projects",
        modes: BOTH,
        scopes: &[SCOPE_WORK],
        permissions: &[everywhere(BROWSE, "Browse projects", Reason::BrowseDenied)],
    },
    Feature {
        name: "write issues",
        modes: WRITING,
        scopes: &["write:jira-work"],
        permissions: &[
            everywhere("CREATE_ISSUES", "Create issues", Reason::CreateDenied),
            everywhere("EDIT_ISSUES", "Edit issues", Reason::EditDenied),
            everywhere("ADD_COMMENTS", "Add comments", Reason::CommentDenied),
            everywhere("TRANSITION_ISSUES", "Transition issues", Reason::TransitionDenied),
            everywhere("ASSIGN_ISSUES", "Assign issues", Reason::AssignDenied),
            everywhere("MODIFY_REPORTER", "Modify reporter", Reason::ReporterChangeDenied),
        ],
    },
    Feature {
        name: "write internal comments in service projects",
        modes: WRITING,
        scopes: &[],
        permissions: &[Permission {
            key: "SERVICEDESK_AGENT",
            name: "Service project agent access",
            denied: Reason::InternalCommentDenied,
            service_projects_only: true,
        }],
    },
];

/// The scopes that a mode needs, each with the feature that needs it.
pub fn scopes(mode: Mode) -> impl Iterator<Item = (&'static str, &'static str)> {
    of(mode).flat_map(|feature| feature.scopes.iter().map(|scope| (*scope, feature.name)))
}

/// The permissions that a mode needs in a project of a type.
pub fn permissions(mode: Mode, project_type: &str) -> impl Iterator<Item = &'static Permission> {
    let service = project_type == SERVICE_DESK;
    of(mode)
        .flat_map(|feature| feature.permissions)
        .filter(move |permission| service || !permission.service_projects_only)
}

/// Every permission a mode may need anywhere.
#[cfg(test)]
pub(crate) fn permission_keys(mode: Mode) -> Vec<&'static str> {
    permissions(mode, SERVICE_DESK).map(|p| p.key).collect()
}

/// What is asked of permissions in bulk: those needed everywhere of all projects, those needed in
/// service projects of these. Each project is given by its id and type.
#[must_use]
pub fn questions(mode: Mode, projects: &[(String, String)]) -> Vec<(Vec<&'static str>, Vec<String>)> {
    let ids = |service_only: bool| {
        let asked = projects
            .iter()
            .filter(|(_, kind)| !service_only || kind == SERVICE_DESK);
        asked.map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    let keys = |service_only: bool| {
        let all = permissions(mode, SERVICE_DESK).filter(|p| p.service_projects_only == service_only);
        all.map(|p| p.key).collect::<Vec<_>>()
    };
    [false, true]
        .into_iter()
        .map(|service_only| (keys(service_only), ids(service_only)))
        .filter(|(keys, ids)| !keys.is_empty() && !ids.is_empty())
        .collect()
}

fn of(mode: Mode) -> impl Iterator<Item = &'static Feature> {
    FEATURES.iter().filter(move |feature| feature.modes.contains(&mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observing_needs_nothing_that_writes() {
        assert!(scopes(Mode::Observe).all(|(scope, _)| scope.starts_with("read:")));
        assert_eq!(permission_keys(Mode::Observe), [BROWSE]);
    }

    #[test]
    fn a_site_without_service_projects_is_not_asked_for_agents() {
        let project = |kind: &str| ("1".to_owned(), kind.to_owned());
        let asked = |projects: &[(String, String)]| questions(Mode::Enforce, projects).len();
        assert_eq!(asked(&[project("software")]), 1);
        assert_eq!(asked(&[project("software"), project(SERVICE_DESK)]), 2);
        assert_eq!(asked(&[]), 0);
    }

    #[test]
    fn agents_are_needed_in_service_projects_only() {
        let keys = |kind| permissions(Mode::Enforce, kind).map(|p| p.key).collect::<Vec<_>>();
        assert!(keys(SERVICE_DESK).contains(&"SERVICEDESK_AGENT"));
        assert!(!keys("software").contains(&"SERVICEDESK_AGENT"));
    }
}
