//! What each mode needs of Atlassian: one table of features with their OAuth scopes and Jira
//! permissions, by which a grant and an account are judged. What a consent asks for is in [`scopes`](super::scopes).

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
    /// The reason a project gets when the account lacks it; none where it only helps.
    pub denied: Option<Reason>,
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
    /// Done only where there are Jira Service Management projects.
    pub service_projects_only: bool,
    /// The classic OAuth scopes it takes.
    pub scopes: &'static [&'static str],
    /// The project permissions it takes.
    pub permissions: &'static [Permission],
}

const fn everywhere(key: &'static str, name: &'static str, denied: Reason) -> Permission {
    Permission {
        key,
        name,
        denied: Some(denied),
        service_projects_only: false,
    }
}

const BOTH: &[Mode] = &[Mode::Enforce, Mode::Observe];
const WRITING: &[Mode] = &[Mode::Enforce];
const OBSERVING: &[Mode] = &[Mode::Observe];

/// The scope that lets the operator ask who the account is.
pub const SCOPE_USER: &str = "read:jira-user";
/// The scope that lets the operator read projects and permissions.
pub const SCOPE_WORK: &str = "read:jira-work";
/// The scope that lets the operator read service desks.
pub const SCOPE_DESK: &str = "read:servicedesk-request";
/// The permission without which a project cannot be read.
pub const BROWSE: &str = "BROWSE_PROJECTS";
/// The permission to create issues, and so to raise requests.
pub const CREATE: &str = "CREATE_ISSUES";
/// The permission that makes an agent. What Jira answers about the others in a service project
/// may be what a portal customer may do.
pub const AGENT: &str = "SERVICEDESK_AGENT";
/// The permission of project administrators: it helps, and nothing needs it.
pub const ADMINISTER: &str = "ADMINISTER_PROJECTS";
/// The global permission without which every search for people is empty.
pub const BROWSE_USERS: &str = "USER_PICKER";

/// Agent access where it only helps to tell agents from portal customers.
const AGENT_ACCESS: Permission = Permission {
    key: AGENT,
    name: "Service project agent access",
    denied: None,
    service_projects_only: true,
};

/// Every feature.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "recognise the account and look people up",
        modes: BOTH,
        service_projects_only: false,
        scopes: &[SCOPE_USER],
        permissions: &[],
    },
    Feature {
        name: "read projects",
        modes: BOTH,
        service_projects_only: false,
        scopes: &[SCOPE_WORK],
        permissions: &[everywhere(BROWSE, "Browse projects", Reason::BrowseDenied)],
    },
    Feature {
        name: "read service desks, request types and articles",
        modes: BOTH,
        service_projects_only: true,
        scopes: &[SCOPE_DESK],
        permissions: &[],
    },
    Feature {
        name: "tell agents from portal customers",
        modes: OBSERVING,
        service_projects_only: true,
        scopes: &[],
        permissions: &[AGENT_ACCESS],
    },
    Feature {
        name: "write issues",
        modes: WRITING,
        service_projects_only: false,
        scopes: &["write:jira-work"],
        permissions: &[
            everywhere(CREATE, "Create issues", Reason::CreateDenied),
            everywhere("EDIT_ISSUES", "Edit issues", Reason::EditDenied),
            everywhere("ADD_COMMENTS", "Add comments", Reason::CommentDenied),
            everywhere("TRANSITION_ISSUES", "Transition issues", Reason::TransitionDenied),
            everywhere("ASSIGN_ISSUES", "Assign issues", Reason::AssignDenied),
            everywhere("MODIFY_REPORTER", "Modify reporter", Reason::ReporterChangeDenied),
        ],
    },
    Feature {
        name: "raise requests and write internal comments in service projects",
        modes: WRITING,
        service_projects_only: true,
        scopes: &["write:servicedesk-request"],
        permissions: &[Permission {
            denied: Some(Reason::InternalCommentDenied),
            ..AGENT_ACCESS
        }],
    },
    Feature {
        name: "see restricted request types",
        modes: BOTH,
        service_projects_only: true,
        scopes: &[],
        permissions: &[Permission {
            key: ADMINISTER,
            name: "Administer projects",
            ..AGENT_ACCESS
        }],
    },
];

/// The scopes that a mode needs, each with the feature that needs it; those of service projects
/// only where there are some.
pub fn scopes(mode: Mode, service_projects: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    of(mode)
        .filter(move |feature| service_projects || !feature.service_projects_only)
        .flat_map(|feature| feature.scopes.iter().map(|scope| (*scope, feature.name)))
}

/// The permissions that are asked about for a mode in a project of a type.
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

/// What is asked of project permissions in bulk: those needed everywhere of all projects, those
/// needed in service projects of these. Each project is given by its id and type.
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
        assert!(scopes(Mode::Observe, true).all(|(scope, _)| scope.starts_with("read:")));
        assert_eq!(permission_keys(Mode::Observe), [BROWSE, AGENT, ADMINISTER]);
        let needed = permissions(Mode::Observe, SERVICE_DESK).filter(|p| p.denied.is_some());
        assert_eq!(needed.map(|p| p.key).collect::<Vec<_>>(), [BROWSE]);
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
