//! Who may do what: every answer about permissions follows from product access, licences, groups, roles and schemes.

use std::collections::BTreeSet;

use super::issue::Issue;
use super::permission::Holder;
use super::project::Project;
use super::site::Site;

/// What an archived project still lets people do.
const WHILE_ARCHIVED: &[&str] = &[
    "BROWSE_PROJECTS",
    "VIEW_DEV_TOOLS",
    "VIEW_READONLY_WORKFLOW",
    "VIEW_VOTERS_AND_WATCHERS",
];

/// From where a permission is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lens {
    /// What the account can really do in Jira.
    Work,
    /// As from the customer portal, where "Portal Access" counts too. This is how `mypermissions` answers.
    Portal,
}

impl Site {
    fn in_any(&self, account: &str, groups: &BTreeSet<String>) -> bool {
        let mut members = groups.iter().filter_map(|group| self.groups.get(group));
        members.any(|members| members.contains(account))
    }

    /// Whether the account is a member of the group.
    #[must_use]
    pub fn in_group(&self, account: &str, group: &str) -> bool {
        let members = self.groups.get(group);
        members.is_some_and(|members| members.contains(account))
    }

    /// Whether the account may use Jira itself on this site.
    #[must_use]
    pub fn has_product_access(&self, account: &str) -> bool {
        self.in_any(account, &self.user_groups) || self.is_agent(account)
    }

    /// Whether the account has an agent's licence.
    #[must_use]
    pub fn is_agent(&self, account: &str) -> bool {
        self.in_any(account, &self.agent_groups)
    }

    /// Whether the account may open the customer portal.
    #[must_use]
    pub fn has_portal_access(&self, account: &str) -> bool {
        self.customers.contains(account) || self.has_product_access(account)
    }

    /// Whether the account holds a global permission.
    #[must_use]
    pub fn holds_globally(&self, account: &str, permission: &str) -> bool {
        let holders = self.global.get(permission).into_iter().flatten();
        self.has_product_access(account)
            && holders.into_iter().any(|holder| match holder {
                Holder::Group(group) => self.in_group(account, group),
                Holder::User(user) => user == account,
                Holder::LoggedIn => true,
                _ => false,
            })
    }

    /// Whether the account holds a project permission, in the project or for one issue of it.
    pub(crate) fn holds(
        &self,
        project: &Project,
        issue: Option<&Issue>,
        account: &str,
        permission: &str,
        lens: Lens,
    ) -> bool {
        let open = project.archived.is_none() || WHILE_ARCHIVED.contains(&permission);
        open && project.deleted.is_none() && self.scheme_grants(project, issue, account, permission, lens)
    }

    /// What the scheme says, whatever state the project is in.
    fn scheme_grants(
        &self,
        project: &Project,
        issue: Option<&Issue>,
        account: &str,
        permission: &str,
        lens: Lens,
    ) -> bool {
        if permission == "SERVICEDESK_AGENT" && !(project.is_service_desk() && self.is_agent(account)) {
            return false;
        }
        let holders = project.scheme.get(permission).into_iter().flatten();
        holders
            .into_iter()
            .any(|holder| self.is_holder(project, issue, account, holder, lens))
    }

    /// Whether a holder of the scheme means this account.
    pub(crate) fn is_holder(
        &self,
        project: &Project,
        issue: Option<&Issue>,
        account: &str,
        holder: &Holder,
        lens: Lens,
    ) -> bool {
        let me = Some(account);
        if *holder == Holder::Portal {
            return lens == Lens::Portal && self.opens_portal(project, account);
        }
        self.has_product_access(account)
            && match holder {
                Holder::Role(role) => self.plays(project, role, account),
                Holder::Group(group) => !project.is_private && self.in_group(account, group),
                Holder::User(user) => user == account,
                Holder::LoggedIn => !project.is_private,
                Holder::Lead => project.lead == account,
                // Without an issue the question is whether it could be so, and anybody can be the reporter.
                Holder::Reporter => issue.is_none_or(|issue| issue.reporter.as_deref() == me),
                Holder::Assignee => issue.is_none_or(|issue| issue.assignee.as_deref() == me),
                Holder::Portal => false,
            }
    }

    /// Whether the account has a role; in a private project only in person.
    pub(crate) fn plays(&self, project: &Project, role: &str, account: &str) -> bool {
        project.roles.get(role).is_some_and(|actors| {
            let everybody = actors.logged_in && self.has_product_access(account);
            let as_one_of_many = everybody || self.in_any(account, &actors.groups);
            actors.users.contains(account) || (!project.is_private && as_one_of_many)
        })
    }

    /// Whether the account may open the portal of the project's desk: anybody may where it is open, else those with
    /// any role, a customer's too. That makes nobody an agent.
    pub(crate) fn opens_portal(&self, project: &Project, account: &str) -> bool {
        let plays_any = || project.roles.keys().any(|role| self.plays(project, role, account));
        let desk = project.desk.as_ref();
        let opens = desk.is_some_and(|desk| desk.open && !project.is_private || plays_any());
        opens && self.has_portal_access(account)
    }

    /// Whether the account may read the project.
    #[must_use]
    pub fn browses(&self, project: &Project, account: &str) -> bool {
        self.holds(project, None, account, "BROWSE_PROJECTS", Lens::Work)
    }

    /// Whether the account may read the issue, which nobody may while it is hidden.
    #[must_use]
    pub fn reads(&self, project: &Project, issue: &Issue, account: &str) -> bool {
        !self.issue_locations.hidden.contains(&issue.id) && self.browses(project, account)
    }

    /// Whether lists of projects show it to the account: also to its administrators, and also while it lies in the trash.
    pub(crate) fn views(&self, project: &Project, account: &str) -> bool {
        let grants = |permission| self.scheme_grants(project, None, account, permission, Lens::Work);
        grants("BROWSE_PROJECTS") || grants("ADMINISTER_PROJECTS") || self.holds_globally(account, "ADMINISTER")
    }

    /// Whether the account may change the project's settings.
    pub(crate) fn administers(&self, project: &Project, account: &str) -> bool {
        self.holds(project, None, account, "ADMINISTER_PROJECTS", Lens::Work)
            || self.holds_globally(account, "ADMINISTER")
    }
}
