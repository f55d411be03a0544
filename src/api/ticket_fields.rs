//! What the operator says of the fields of a ticket: what was written, and what somebody changed in Jira since.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};

/// What was written of the fields of a ticket: in the status of its object, and in the ticket's marker, which outlives it.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct WrittenFields {
    /// The fields of the spec that were written, by their place in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, AppliedField>,
    /// Labels that were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Labels of the spec that others had added before; they stay when they leave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels_of_others: Vec<String>,
    /// Fields that Jira did not take when the ticket was created, by their ids, each with its words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, String>,
}

impl WrittenFields {
    /// The same of a ticket that was created without these fields, each with Jira's words.
    #[must_use]
    pub fn without(mut self, refused: BTreeMap<String, String>) -> Self {
        if refused.contains_key("labels") {
            self.labels.clear();
        }
        self.refused.extend(refused);
        self
    }
}

/// What was written of a field.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AppliedField {
    /// Digest of what the spec said then.
    pub wanted: String,
    /// Digest of what Jira had then; empty where that was not seen yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub found: String,
    /// Whether nothing was written: Jira had something else when the ticket was taken over, which stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub theirs: bool,
}

/// A field that is not as the spec wants it, because somebody changed it in Jira.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketDrift {
    /// Its place in the spec, such as summary or fields.Severity.
    pub field: String,
    /// What Jira has, cut short.
    pub actual: String,
    /// Display name of who changed it, where Jira names somebody.
    pub by: Option<String>,
    /// When, in UTC.
    pub at: Option<Time>,
}

/// How often something was written back after somebody had changed it in Jira.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct WriteBacks {
    /// What was wanted of it: the digest of a field, a phase as itself. Another wish is counted anew.
    #[serde(default)]
    pub wanted: String,
    /// When, the last three times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<Time>,
    /// Who had changed it last.
    pub by: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::api::issue::TicketApplied;
    use serde_json::json;

    #[test]
    fn what_an_earlier_version_wrote_is_read_and_written_alike() {
        let before = json!({
            "refused": {"priority": "No."}, "compared": "2026-11-30T10:00:00Z", "phase": "Done",
            "fields": {"summary": {"wanted": "a", "found": "b"}, "parent": {"wanted": "c", "theirs": true}},
            "labels": ["ours"], "labelsOfOthers": ["theirs"],
            "links": [{"url": "https://a.example", "title": "a"}],
            "keptFields": {"summary": {"wanted": "00b6e578e2dd", "at": ["2026-11-30T10:00:00Z"], "by": "Dana"}},
            "kept": {"wanted": "Done"}, "way": {"generation": 3, "at": "10001", "passed": 1},
        });
        let read: TicketApplied = serde_json::from_value(before.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), before);
        assert_eq!(serde_json::to_value(TicketApplied::default()).unwrap(), json!({}));
        let empty: TicketApplied = serde_json::from_value(json!({})).unwrap();
        assert_eq!(empty, TicketApplied::default());
    }
}
