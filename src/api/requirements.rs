//! What reading takes of Atlassian, and what writing tickets takes: one table of features with their OAuth scopes and
//! Jira permissions, by which a grant and an account are judged. What a consent asks for is in
//! [`scopes`](super::scopes).

use std::collections::BTreeSet;

use super::reason::Reason;

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
    /// The reason that a ticket gets whose spec asks for it, where Jira refuses: no project is judged by it, and it is not
    /// asked about.
    pub refused: Option<Reason>,
    /// Needed in Jira Service Management projects only.
    pub service_projects_only: bool,
}

/// Something the operator does, and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// What it does, as a phrase.
    pub name: &'static str,
    /// Done only where tickets are written.
    pub for_tickets: bool,
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
        refused: None,
        service_projects_only: false,
    }
}

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
/// The permission to edit issues.
pub const EDIT: &str = "EDIT_ISSUES";
/// The permission to move issues.
pub const TRANSITION: &str = "TRANSITION_ISSUES";
/// The permission to comment on issues.
pub const COMMENT: &str = "ADD_COMMENTS";
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
    refused: None,
    service_projects_only: true,
};

/// Every feature.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "recognise the account and look people up",
        for_tickets: false,
        service_projects_only: false,
        scopes: &[SCOPE_USER],
        permissions: &[],
    },
    Feature {
        name: "read projects",
        for_tickets: false,
        service_projects_only: false,
        scopes: &[SCOPE_WORK],
        permissions: &[everywhere(BROWSE, "Browse projects", Reason::BrowseDenied)],
    },
    Feature {
        name: "read service desks, request types and articles",
        for_tickets: false,
        service_projects_only: true,
        scopes: &[SCOPE_DESK],
        permissions: &[],
    },
    Feature {
        name: "tell agents from portal customers",
        for_tickets: false,
        service_projects_only: true,
        scopes: &[],
        permissions: &[AGENT_ACCESS],
    },
    Feature {
        name: "write issues",
        for_tickets: true,
        service_projects_only: false,
        scopes: &["write:jira-work"],
        permissions: &[
            everywhere(CREATE, "Create issues", Reason::CreateDenied),
            everywhere(EDIT, "Edit issues", Reason::EditDenied),
            everywhere(COMMENT, "Add comments", Reason::CommentDenied),
            everywhere(TRANSITION, "Transition issues", Reason::TransitionDenied),
            everywhere("ASSIGN_ISSUES", "Assign issues", Reason::AssignDenied),
            everywhere("MODIFY_REPORTER", "Modify reporter", Reason::ReporterChangeDenied),
        ],
    },
    Feature {
        name: "raise requests and write internal comments in service projects",
        for_tickets: true,
        service_projects_only: true,
        scopes: &["write:servicedesk-request"],
        permissions: &[Permission {
            denied: Some(Reason::InternalCommentDenied),
            ..AGENT_ACCESS
        }],
    },
    Feature {
        name: "link tickets to pages, where spec.links asks for it",
        for_tickets: true,
        service_projects_only: false,
        scopes: &[],
        permissions: &[Permission {
            key: "LINK_ISSUES",
            name: "Link issues",
            denied: None,
            refused: Some(Reason::LinkDenied),
            service_projects_only: false,
        }],
    },
    Feature {
        name: "see restricted request types",
        for_tickets: false,
        service_projects_only: true,
        scopes: &[],
        permissions: &[Permission {
            key: ADMINISTER,
            name: "Administer projects",
            ..AGENT_ACCESS
        }],
    },
];

/// The projects in which tickets are written: those of `spec.tickets`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TicketProjects<'a>(pub Option<&'a [String]>);

impl TicketProjects<'_> {
    /// Whether tickets are written at all.
    #[must_use]
    pub const fn any(self) -> bool {
        self.0.is_some()
    }

    /// Whether it names projects of which fewer can be written to.
    #[must_use]
    pub fn are_short_of(self, writable: Option<i64>) -> bool {
        let named = i64::try_from(self.0.map_or(0, <[String]>::len)).unwrap_or(i64::MAX);
        writable.is_some_and(|writable| writable < named)
    }

    /// Whether tickets are written in the project that has one of these keys.
    #[must_use]
    pub fn has(self, keys: &[&str]) -> bool {
        self.0
            .is_some_and(|listed| listed.is_empty() || listed.iter().any(|key| keys.contains(&key.as_str())))
    }
}

/// The scopes that reading takes, or writing tickets, each with the feature that needs it; those of service projects
/// only where there are some.
pub fn scopes(for_tickets: bool, service_projects: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    of(for_tickets)
        .filter(move |feature| service_projects || !feature.service_projects_only)
        .flat_map(|feature| feature.scopes.iter().map(|scope| (*scope, feature.name)))
}

/// The permissions that reading takes in a project of a type, or writing tickets.
pub fn permissions(for_tickets: bool, project_type: &str) -> impl Iterator<Item = &'static Permission> {
    let service = project_type == SERVICE_DESK;
    of(for_tickets)
        .flat_map(|feature| feature.permissions)
        .filter(move |permission| service || !permission.service_projects_only)
}

/// The permissions for tickets that an account lacks in a project of a type.
#[must_use]
pub fn lacking(project_type: &str, held: &BTreeSet<String>) -> Vec<(Reason, &'static str)> {
    permissions(true, project_type)
        .filter(|permission| !held.contains(permission.key))
        .filter_map(|permission| Some((permission.denied?, permission.name)))
        .collect()
}

/// Every permission that is asked about anywhere.
#[cfg(test)]
pub(crate) fn permission_keys() -> Vec<&'static str> {
    keys(|_| true)
}

/// What is asked of project permissions in bulk, whether or not tickets are written: those needed everywhere of all
/// projects, those needed in service projects of these. Each project is given by its id and type.
#[must_use]
pub fn questions(projects: &[(String, String)]) -> Vec<(Vec<&'static str>, Vec<String>)> {
    let ids = |service_only: bool| {
        let asked = projects
            .iter()
            .filter(|(_, kind)| !service_only || kind == SERVICE_DESK);
        asked.map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    [false, true]
        .into_iter()
        .map(|service_only| (keys(|p| p.service_projects_only == service_only), ids(service_only)))
        .filter(|(keys, ids)| !keys.is_empty() && !ids.is_empty())
        .collect()
}

/// The keys of those permissions, each once.
fn keys(which: impl Fn(&Permission) -> bool) -> Vec<&'static str> {
    let all = FEATURES.iter().flat_map(|feature| feature.permissions);
    let asked = all.filter(|p| p.refused.is_none() && which(p));
    let mut keys: Vec<&'static str> = asked.map(|p| p.key).collect();
    let mut seen = BTreeSet::new();
    keys.retain(|key| seen.insert(*key));
    keys
}

fn of(for_tickets: bool) -> impl Iterator<Item = &'static Feature> {
    FEATURES
        .iter()
        .filter(move |feature| feature.for_tickets == for_tickets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_needs_nothing_that_writes() {
        assert!(scopes(false, true).all(|(scope, _)| scope.starts_with("read:")));
        let keys: Vec<&str> = permissions(false, SERVICE_DESK).map(|p| p.key).collect();
        assert_eq!(keys, [BROWSE, AGENT, ADMINISTER]);
        let needed = permissions(false, SERVICE_DESK).filter(|p| p.denied.is_some());
        assert_eq!(needed.map(|p| p.key).collect::<Vec<_>>(), [BROWSE]);
    }

    #[test]
    fn a_site_without_service_projects_is_not_asked_for_agents() {
        let project = |kind: &str| ("1".to_owned(), kind.to_owned());
        let asked = |projects: &[(String, String)]| questions(projects).len();
        assert_eq!(asked(&[project("software")]), 1);
        assert_eq!(asked(&[project("software"), project(SERVICE_DESK)]), 2);
        assert_eq!(asked(&[]), 0);
    }

    #[test]
    fn each_permission_is_asked_about_once() {
        let keys = permission_keys();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert!(keys.contains(&AGENT) && keys.contains(&CREATE));
        assert!(
            !keys.contains(&"LINK_ISSUES"),
            "a ticket that wants a link says so itself"
        );
    }

    #[test]
    fn agents_are_needed_in_service_projects_only() {
        let keys = |kind| permissions(true, kind).map(|p| p.key).collect::<Vec<_>>();
        assert!(keys(SERVICE_DESK).contains(&AGENT));
        assert!(!keys("software").contains(&AGENT));
    }

    #[test]
    fn tickets_are_written_where_the_spec_says() {
        let keys = ["SUP".to_owned()];
        let (all, one) = (TicketProjects(Some(&[])), TicketProjects(Some(&keys)));
        assert!(all.any() && all.has(&["ENG"]));
        assert!(one.has(&["HELP", "SUP"]) && !one.has(&["ENG"]));
        let none = TicketProjects::default();
        assert!(!none.any() && !none.has(&["SUP"]));
        assert!(one.are_short_of(Some(0)) && !one.are_short_of(Some(1)) && !one.are_short_of(None));
        assert!(!all.are_short_of(Some(0)) && !none.are_short_of(None));
    }
}
