//! Fields of issues: what kind of value each takes, and how metadata describe it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Text in Atlassian Document Format.
    TextArea,
    /// An address on the web.
    Url,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// One option, from a list.
    Select,
    /// One option, from radio buttons.
    RadioButtons,
    /// Several options, from a list.
    MultiSelect,
    /// Several options, from checkboxes.
    Checkboxes,
    /// An option and one below it.
    Cascading,
    /// One person.
    User,
    /// Several people.
    Users,
    /// Words.
    Labels,
    /// A priority.
    Priority,
    /// The type of the issue.
    IssueType,
    /// The project of the issue.
    Project,
    /// The issue it stands below.
    Parent,
    /// Components of the project.
    Components,
    /// Versions of the project.
    Versions,
    /// The request type of a request.
    RequestType,
    /// Something that only an app knows.
    Any,
}

impl FieldKind {
    /// Type, type of the entries, and the last part of a custom field's type.
    fn described(self) -> (&'static str, Option<&'static str>, &'static str) {
        match self {
            Self::Text => ("string", None, "textfield"),
            Self::TextArea => ("string", None, "textarea"),
            Self::Url => ("string", None, "url"),
            Self::Number => ("number", None, "float"),
            Self::Date => ("date", None, "datepicker"),
            Self::DateTime => ("datetime", None, "datetime"),
            Self::Select => ("option", None, "select"),
            Self::RadioButtons => ("option", None, "radiobuttons"),
            Self::MultiSelect => ("array", Some("option"), "multiselect"),
            Self::Checkboxes => ("array", Some("option"), "multicheckboxes"),
            Self::Cascading => ("option-with-child", None, "cascadingselect"),
            Self::User => ("user", None, "userpicker"),
            Self::Users => ("array", Some("user"), "multiuserpicker"),
            Self::Labels => ("array", Some("string"), "labels"),
            Self::Priority => ("priority", None, ""),
            Self::IssueType => ("issuetype", None, ""),
            Self::Project => ("project", None, "project"),
            Self::Parent => ("issuelink", None, ""),
            Self::Components => ("array", Some("component"), ""),
            Self::Versions => ("array", Some("version"), "multiversion"),
            Self::RequestType => ("sd-customerrequesttype", None, "vp-origin"),
            Self::Any => ("any", None, "any"),
        }
    }

    /// Whether its values are people.
    pub(crate) fn is_of_people(self) -> bool {
        matches!(self, Self::User | Self::Users)
    }

    /// What can be done to it in an update.
    pub(crate) fn operations(self) -> &'static [&'static str] {
        match self.described().0 {
            "array" => &["add", "set", "remove"],
            _ => &["set"],
        }
    }
}

/// A choice of a field, with the choices below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOption {
    /// Numeric id, as text.
    pub id: String,
    /// Its text.
    pub value: String,
    /// Choices below it.
    pub children: Vec<FieldOption>,
}

/// A field of a site: one of Jira's own, or a custom one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `summary`, `customfield_10044` and so on.
    pub id: String,
    /// Name. Several fields may have the same.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// What may be chosen.
    pub options: Vec<FieldOption>,
}

impl Field {
    /// Whether it is none of Jira's own.
    pub(crate) fn is_custom(&self) -> bool {
        self.id.starts_with("customfield_")
    }

    /// The type as metadata describe it.
    pub(crate) fn schema(&self) -> Value {
        let (kind, items, custom) = self.kind.described();
        let mut schema = Map::from_iter([("type".to_owned(), kind.into())]);
        if let Some(items) = items {
            schema.insert("items".to_owned(), items.into());
        }
        match self.id.strip_prefix("customfield_").map(str::parse::<u64>) {
            Some(Ok(id)) => {
                let plugin = match self.kind {
                    FieldKind::RequestType => "com.atlassian.servicedesk",
                    _ => "com.atlassian.jira.plugin.system.customfieldtypes",
                };
                schema.insert("custom".to_owned(), format!("{plugin}:{custom}").into());
                schema.insert("customId".to_owned(), id.into());
            }
            _ => {
                schema.insert("system".to_owned(), self.id.clone().into());
            }
        }
        Value::Object(schema)
    }

    /// What may be chosen, as `createmeta` lists it.
    pub(crate) fn choices(&self, base: &str) -> Vec<Value> {
        self.options.iter().map(|option| choice(base, option)).collect()
    }
}

fn choice(base: &str, option: &FieldOption) -> Value {
    let mut body = json!({
        "self": format!("{base}/customFieldOption/{}", option.id),
        "value": option.value,
        "id": option.id,
    });
    if let (false, Some(body)) = (option.children.is_empty(), body.as_object_mut()) {
        let children: Vec<Value> = option.children.iter().map(|child| choice(base, child)).collect();
        body.insert("children".to_owned(), children.into());
    }
    body
}

/// The custom field that holds a request's type.
pub(crate) const REQUEST_TYPE: &str = "customfield_10010";

/// Jira's own fields that can be set: id, English name, kind.
const SYSTEM: &[(&str, &str, FieldKind)] = &[
    ("project", "Project", FieldKind::Project),
    ("issuetype", "Issue Type", FieldKind::IssueType),
    ("summary", "Summary", FieldKind::Text),
    ("description", "Description", FieldKind::TextArea),
    ("priority", "Priority", FieldKind::Priority),
    ("labels", "Labels", FieldKind::Labels),
    ("assignee", "Assignee", FieldKind::User),
    ("reporter", "Reporter", FieldKind::User),
    ("parent", "Parent", FieldKind::Parent),
    ("duedate", "Due date", FieldKind::Date),
    ("components", "Components", FieldKind::Components),
    ("fixVersions", "Fix versions", FieldKind::Versions),
    ("environment", "Environment", FieldKind::TextArea),
];

/// Jira's own fields, in the order in which screens show them.
pub(crate) fn system_fields() -> impl Iterator<Item = Field> {
    SYSTEM.iter().map(|(id, name, kind)| Field {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        kind: *kind,
        options: Vec::new(),
    })
}
