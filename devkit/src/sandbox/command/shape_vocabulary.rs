//! The vocabulary of commands that give a site another shape: roles, groups, statuses, language.

use serde::{Deserialize, Serialize};

use crate::sandbox::world::StatusCategory;

/// A change to how a site is set up. A status is named by id or name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[allow(missing_docs)] // As with the other commands, each says what its fields are for.
pub enum ShapeCommand {
    // Roles and groups.
    /// Gives a role another name, with all who play it and all it may do. Company-managed projects share their roles:
    /// it is renamed in every one of them. With `project`, a team-managed one, only there.
    RenameRole {
        site: Option<String>,
        project: Option<String>,
        role: String,
        name: String,
    },
    /// Gives the account the role in person.
    AddToRole {
        site: Option<String>,
        project: String,
        role: String,
        account: Option<String>,
    },
    /// Gives the role to a group.
    AddGroupToRole {
        site: Option<String>,
        project: String,
        role: String,
        group: String,
    },
    /// Takes the role from the account, or from the group. A role held through a group stays until the group loses it.
    RemoveFromRole {
        site: Option<String>,
        project: String,
        role: String,
        account: Option<String>,
        group: Option<String>,
    },
    /// Makes the account a member of the group, which is made if there is none.
    AddToGroup {
        site: Option<String>,
        group: String,
        account: Option<String>,
    },
    /// Takes the account out of the group.
    RemoveFromGroup {
        site: Option<String>,
        group: String,
        account: Option<String>,
    },

    // Statuses.
    /// Gives a status another name. Company-managed projects share statuses by id: it is renamed in every project that
    /// has it. `project` tells which is meant where several have statuses of one name.
    RenameStatus {
        site: Option<String>,
        project: Option<String>,
        status: String,
        name: String,
    },
    /// Gives an issue type another name, in the same way.
    RenameIssueType {
        site: Option<String>,
        project: Option<String>,
        issue_type: String,
        name: String,
    },
    /// Gives a priority, named by its id or its present name, another one on the whole site. As with statuses and issue
    /// types, no issue is touched by it.
    RenamePriority {
        site: Option<String>,
        priority: String,
        name: String,
    },
    /// Adds a status to a project's workflow. `category` is `new`, `indeterminate` or `done`. A company-managed project
    /// takes the status of that name that another one has, if there is one; its workflow becomes its own.
    AddStatus {
        site: Option<String>,
        project: String,
        name: String,
        category: StatusCategory,
    },
    /// Takes a status out of a project's workflow; issues in it move to the first one.
    RemoveStatus {
        site: Option<String>,
        project: String,
        status: String,
    },
    /// Replaces all statuses of a project's workflow, at least one; issues in statuses that go move to the first one.
    SetStatuses {
        site: Option<String>,
        project: String,
        statuses: Vec<NewStatus>,
    },

    // Languages.
    /// Turns the site to another language than English, `de`: statuses, issue types, roles, request types and form
    /// fields of present and future projects get that language's names, and all accounts on the site its locale, in
    /// which Jira's refusals and the names of permissions are told. Keys, ids and i18nKeys stay. For good.
    SetLanguage { site: Option<String>, language: String },
    /// Gives an account's profile a locale, `de_DE` or `en_GB`, in which Jira's refusals are told to it.
    SetLocale { account: Option<String>, locale: String },

    // Everybody and everything at once.
    /// So many accounts stand before all others in the list of users and are left out of its pages once these are
    /// cut: pages are short, or empty, although more follow.
    PassOverUsers { site: Option<String>, count: usize },
    /// Hides every account's address by the profile's privacy setting, the dedicated one's too, or shows it.
    HideAllEmails { hidden: bool },
    /// Deletes all projects but one for ever.
    KeepOnlyProject { site: Option<String>, project: String },
}

/// A status to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStatus {
    /// Name.
    pub name: String,
    /// Category.
    pub category: StatusCategory,
}
