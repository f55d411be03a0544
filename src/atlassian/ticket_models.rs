//! What Jira answers about issues that are to be created, and about those that were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    issue_answers::{failed, is_cut},
    issue_fields::{Issue, IssueUser, time},
    lenient::{id, maybe_id, or_default, or_odd, web_link},
};

/// A page of a list of `createmeta` or of one under it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatePage<T> {
    #[serde(
        alias = "issueTypes",
        alias = "results",
        default = "Vec::new",
        bound(deserialize = "T: Deserialize<'de>")
    )]
    pub(super) fields: Vec<T>,
    pub(super) total: Option<usize>,
}

/// An issue type in which the account may create issues of a project.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct CreateType {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Its name, in the language of the account.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether its issues are subtasks, which need a parent.
    #[serde(default, deserialize_with = "or_default")]
    pub subtask: bool,
}

/// A field that can be set when an issue is created.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CreateField {
    /// Its id, such as `customfield_10044`.
    #[serde(deserialize_with = "id")]
    pub field_id: String,
    /// Its name, in the language of the account.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether an issue has to have a value in it.
    #[serde(default, deserialize_with = "or_default")]
    pub required: bool,
    /// Whether it has a value where none is set.
    #[serde(default, deserialize_with = "or_default")]
    pub has_default_value: bool,
    /// The values that it takes, where there are only some.
    #[serde(default, deserialize_with = "or_default")]
    pub allowed_values: Vec<Value>,
    /// Which kind of values it takes.
    #[serde(default, deserialize_with = "or_default")]
    pub schema: FieldSchema,
}

/// Which kind of values a field takes.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct FieldSchema {
    /// The type, such as string, number, array or option.
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// Of an array: the type of its items.
    #[serde(default, deserialize_with = "or_default")]
    pub items: String,
    /// Of a system field: its name.
    #[serde(default, deserialize_with = "or_default")]
    pub system: String,
    /// Of a custom field: the kind of field, such as
    /// `com.atlassian.jira.plugin.system.customfieldtypes:textarea`.
    #[serde(default, deserialize_with = "or_default")]
    pub custom: String,
}

impl FieldSchema {
    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An issue that was created, or the issue of a request that was.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CreatedIssue {
    /// Its id.
    #[serde(alias = "issueId", deserialize_with = "id")]
    pub id: String,
    /// Its key.
    #[serde(alias = "issueKey", deserialize_with = "maybe_id")]
    pub key: String,
    /// Of a request: its address in the customer portal, where that is known.
    #[serde(default, rename = "_links", deserialize_with = "web_link")]
    pub portal_url: Option<String>,
}

/// A comment that was made.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CreatedComment {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Whether customers see it, where that is told.
    #[serde(default, alias = "jsdPublic", deserialize_with = "or_odd")]
    pub public: Option<bool>,
}

/// A link from an issue to a page elsewhere.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RemoteLink {
    /// By what whoever set it knows it.
    #[serde(default, deserialize_with = "or_default")]
    pub global_id: String,
    /// The page.
    #[serde(default, deserialize_with = "or_default")]
    pub object: LinkedPage,
}

/// A page that an issue links to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct LinkedPage {
    /// Its address.
    #[serde(default, deserialize_with = "or_default")]
    pub url: String,
    /// What the link is called.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
}

/// The comments of an answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Comments {
    /// The newest ones, newest first.
    #[serde(default, deserialize_with = "or_default")]
    pub comments: Vec<Comment>,
    /// How many there are.
    #[serde(default, deserialize_with = "or_odd")]
    pub total: Option<u32>,
}

/// A comment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Who wrote it.
    #[serde(default, deserialize_with = "or_odd")]
    pub author: Option<IssueUser>,
    /// Who changed it last.
    #[serde(default, deserialize_with = "or_odd")]
    pub update_author: Option<IssueUser>,
    /// Its text, as an Atlassian document.
    #[serde(default)]
    pub body: Value,
    /// When it was written.
    #[serde(default, deserialize_with = "or_default")]
    pub created: String,
    /// Whether customers of a service project read it.
    #[serde(default, deserialize_with = "or_odd")]
    pub jsd_public: Option<bool>,
    /// The role or group that alone reads it.
    #[serde(default, deserialize_with = "or_odd")]
    pub visibility: Option<Value>,
    /// Its properties, where they were asked for.
    #[serde(default, deserialize_with = "or_default")]
    properties: Vec<EntityProperty>,
}

/// A property of a comment.
#[derive(Clone, Debug, Deserialize)]
struct EntityProperty {
    key: String,
    value: Value,
}

impl Comment {
    /// A property of it, where it was asked for.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&Value> {
        let mut all = self.properties.iter();
        all.find(|property| property.key == key).map(|property| &property.value)
    }

    /// When it was written.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        time(&self.created)
    }

    /// Whether somebody wrote it and nobody else changed it since.
    #[must_use]
    pub fn is_of(&self, account: &str) -> bool {
        let is_it = |user: &IssueUser| user.account_id == account;
        self.author.as_ref().is_some_and(is_it) && self.update_author.as_ref().is_none_or(is_it)
    }
}

/// An issue with its properties.
#[derive(Clone, Debug, Deserialize)]
pub struct MarkedIssue {
    /// The issue.
    #[serde(flatten)]
    pub issue: Issue,
    /// Its properties, those that were asked for.
    #[serde(default, deserialize_with = "or_default")]
    pub properties: BTreeMap<String, Value>,
}

impl MarkedIssue {
    /// Jira's id of it.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.issue.id.parse().ok()
    }
}

/// An issue with its properties, and with all of its fields as Jira showed them.
#[derive(Clone, Debug)]
pub struct IssueWithFields {
    /// The issue.
    pub marked: MarkedIssue,
    /// Its fields by their ids.
    pub fields: Map<String, Value>,
}

impl IssueWithFields {
    pub(super) fn read(answer: &Value) -> Option<Self> {
        let fields = answer.get("fields").and_then(Value::as_object).cloned();
        Some(Self {
            marked: serde_json::from_value(answer.clone()).ok()?,
            fields: fields.unwrap_or_default(),
        })
    }
}

/// The marked issues of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkedIssues {
    /// Those that can be read.
    #[serde(default, deserialize_with = "or_default")]
    pub issues: Vec<MarkedIssue>,
    /// Leads to the next page; absent on the last one.
    pub next_page_token: Option<String>,
    /// What Jira warned of.
    #[serde(default, deserialize_with = "or_default")]
    warnings: Vec<Value>,
    /// Those that Jira could not answer now.
    #[serde(default, deserialize_with = "or_default")]
    issue_errors: Vec<Value>,
    /// When it was answered, by Jira's clock and to the second.
    #[serde(skip)]
    pub date: Option<Timestamp>,
}

impl MarkedIssues {
    /// Whether Jira warned that issues may be missing.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        is_cut(&self.warnings)
    }

    /// Ids of those that Jira could not answer now: nothing follows for them.
    #[must_use]
    pub fn failed(&self) -> Vec<u64> {
        failed(&self.issue_errors)
    }
}
