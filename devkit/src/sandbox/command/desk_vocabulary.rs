//! The vocabulary of commands about service desks.

use serde::{Deserialize, Serialize};

use crate::sandbox::world::FormField;

/// A change to a service desk. A request type is named by id or name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[allow(missing_docs)] // As with the other commands, each says what its fields are for.
pub enum DeskCommand {
    /// Replaces all request types of the desk; an empty list publishes none.
    SetRequestTypes {
        site: Option<String>,
        project: String,
        request_types: Vec<NewRequestType>,
    },
    /// Adds a request type.
    AddRequestType {
        site: Option<String>,
        project: String,
        request_type: NewRequestType,
    },
    /// Deletes a request type.
    RemoveRequestType {
        site: Option<String>,
        project: String,
        request_type: String,
    },
    /// Changes a request type, or all of the desk, in what is given. `group_ids`: its portal groups, none hides it,
    /// `["1"]` shows it. `restricted`: only the desk's administrators get to see it, through the API too.
    /// `creatable: false`: nobody can make requests of it, as when its issue type has left the project's scheme.
    /// (To forbid all of them to one account take its `CREATE_ISSUES`; in service projects the holder `portal` has
    /// that too.)
    ChangeRequestType {
        site: Option<String>,
        project: String,
        request_type: Option<String>,
        group_ids: Option<Vec<String>>,
        restricted: Option<bool>,
        creatable: Option<bool>,
    },
    /// Puts a field into the form of a request type, or of all, in the place of the one with its id. A `required` field
    /// with `visible: false` and without `preset_values` can be filled by nobody: `/field` tells it to the desk's
    /// administrators, who must ask for `expand=hiddenFields`, and `canCreateRequest` does not reflect it.
    SetFormField {
        site: Option<String>,
        project: String,
        request_type: Option<String>,
        field: FormField,
    },
    /// Takes a field out of the form of a request type, or of all.
    RemoveFormField {
        site: Option<String>,
        project: String,
        request_type: Option<String>,
        field_id: String,
    },
    /// Takes the service desk from a project; the project stays of type `service_desk`.
    RemoveDesk { site: Option<String>, project: String },
    /// Gives the desk back as it was, or an empty one to a service project that never had one.
    RestoreDesk { site: Option<String>, project: String },
    /// Whether everybody with portal access may open the desk's portal (as at first), or only those with any role in
    /// the project, a customer's too (`addToRole`). Who may not open it cannot raise requests and does not see the desk.
    SetCustomerAccess {
        site: Option<String>,
        project: String,
        open: bool,
    },
    /// Titles of the articles in the desk's knowledge base; left out, the desk has none.
    SetArticles {
        site: Option<String>,
        project: String,
        articles: Option<Vec<String>>,
    },
    /// Gives or takes the site's Confluence licence. Without it searches for articles are refused with 403.
    SetKnowledgeBase { site: Option<String>, licensed: bool },
    /// Whether lists of request types say `canCreateRequest`. Not shown, only `requesttype/permissions/check` tells.
    ShowCanCreate { site: Option<String>, shown: bool },
    /// Cuts the pages of this API to so many entries, while they tell the limit that was asked for; left out, they hold
    /// up to 100 again. What Jira caps pages at, and whether it says so, is not documented.
    CapPages { site: Option<String>, most: Option<usize> },
}

/// A request type to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRequestType {
    /// Its name.
    pub name: String,
    /// Name or id of the issue type behind it, by default the project's first.
    pub issue_type: Option<String>,
    /// Its groups in the portal, `["1"]` by default; an empty list hides it.
    pub group_ids: Option<Vec<String>>,
    /// Whether it is for the desk's administrators only.
    #[serde(default)]
    pub restricted: bool,
    /// The form, by default a required summary and a description.
    pub fields: Option<Vec<FormField>>,
}
