//! The fields of an issue that are asked for, as Jira answers them: every one may be missing or null.

use jiff::{Timestamp, fmt::strtime};
use serde::{Deserialize, Serialize};

use super::lenient::{id, or_default, or_odd, texts};

/// The fields that are asked for.
pub const FIELDS: [&str; 11] = [
    "summary",
    "status",
    "issuetype",
    "priority",
    "assignee",
    "reporter",
    "labels",
    "created",
    "updated",
    "resolutiondate",
    "project",
];

/// An issue.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Issue {
    /// Its id, which never changes.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Its key now.
    #[serde(default, deserialize_with = "or_default")]
    pub key: String,
    /// What was asked for.
    #[serde(default, deserialize_with = "or_default")]
    pub fields: IssueFields,
}

/// The fields of an issue. One in another form than it is documented counts as missing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct IssueFields {
    /// Summary.
    #[serde(default, deserialize_with = "or_odd")]
    pub summary: Option<String>,
    /// Status.
    #[serde(default, deserialize_with = "or_odd")]
    pub status: Option<IssueStatus>,
    /// Issue type.
    #[serde(default, deserialize_with = "or_odd")]
    pub issuetype: Option<NamedField>,
    /// Priority.
    #[serde(default, deserialize_with = "or_odd")]
    pub priority: Option<NamedField>,
    /// Who works on it.
    #[serde(default, deserialize_with = "or_odd")]
    pub assignee: Option<IssueUser>,
    /// Who reported it.
    #[serde(default, deserialize_with = "or_odd")]
    pub reporter: Option<IssueUser>,
    /// Labels.
    #[serde(default, deserialize_with = "texts")]
    pub labels: Vec<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "or_odd")]
    pub created: Option<String>,
    /// When it was updated last.
    #[serde(default, deserialize_with = "or_odd")]
    pub updated: Option<String>,
    /// When it was resolved.
    #[serde(default, deserialize_with = "or_odd")]
    pub resolutiondate: Option<String>,
    /// The project.
    #[serde(default, deserialize_with = "or_odd")]
    pub project: Option<IssueProject>,
    /// Who created it, which nobody can change; only where it was asked for.
    #[serde(default, deserialize_with = "or_odd")]
    pub creator: Option<IssueUser>,
    /// Description, as an Atlassian document; only where it was asked for.
    #[serde(default)]
    pub description: serde_json::Value,
}

/// The status of an issue.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IssueStatus {
    /// Its id.
    #[serde(default, deserialize_with = "super::lenient::maybe_id")]
    pub id: String,
    /// Its name, in the language of the account.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its category.
    pub status_category: Option<StatusCategory>,
}

/// The category of a status.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct StatusCategory {
    /// new, indeterminate, done or undefined.
    #[serde(default, deserialize_with = "or_default")]
    pub key: String,
}

/// Something with a name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct NamedField {
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
}

/// A person on an issue.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IssueUser {
    /// Atlassian account id.
    #[serde(default, deserialize_with = "or_default")]
    pub account_id: String,
    /// Display name.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
}

/// The project of an issue.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct IssueProject {
    /// Its id.
    #[serde(default, deserialize_with = "super::lenient::maybe_id")]
    pub id: String,
    /// Its key.
    #[serde(default, deserialize_with = "or_default")]
    pub key: String,
}

/// Reads a time of Jira: with an offset that has no colon, in the zone of the account.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    let broken = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok();
    let read = broken.and_then(|broken| broken.to_timestamp().ok());
    read.or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_colon() {
        let utc: Timestamp = "2026-04-28T13:33:15.438Z".parse().unwrap();
        for text in [
            "2026-04-28T15:33:15.438+0200",
            "2026-04-28T15:33:15.438+02:00",
            "2026-04-28T13:33:15.438Z",
        ] {
            assert_eq!(time(text), Some(utc), "{text}");
        }
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn each_field_that_is_read_is_asked_for() {
        let all = format!("{:?}", IssueFields::default());
        let read: Vec<&str> = all
            .trim_start_matches("IssueFields { ")
            .trim_end_matches(" }")
            .split(", ")
            .filter_map(|field| field.split_once(": ").map(|(name, _)| name))
            .collect();
        let asked: Vec<&str> = FIELDS.into_iter().chain(["creator", "description"]).collect();
        assert_eq!(read, asked);
    }

    #[test]
    fn an_issue_may_lack_everything_but_its_id() {
        let bare: Issue = serde_json::from_str(r#"{"id": 10001, "fields": null}"#).unwrap();
        assert_eq!(bare.id, "10001");
        let nulls = r#"{"id": "1", "key": "A-1", "fields": {"summary": null, "status": null, "labels": null, "assignee": null}}"#;
        let nulls: Issue = serde_json::from_str(nulls).unwrap();
        assert!(nulls.fields.labels.is_empty() && nulls.fields.status.is_none());
    }
}
