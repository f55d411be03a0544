//! A `JiraIssue` object as it is read back: which issue it is of, and what is remembered of that.

use jiff::Timestamp;
use kube::ResourceExt;
use serde::de::IgnoredAny;

use super::index::{IndexEntry, StoredObject};
use crate::{api::issue::JiraIssue, cluster::lenient_object::LenientObject};

/// Of a ticket, whose spec may be long, the spec is not kept either.
pub type IssueObject = LenientObject<JiraIssue, IgnoredAny>;

impl IssueObject {
    /// The object in the version that was read.
    #[must_use]
    pub fn stored(&self) -> StoredObject {
        StoredObject {
            object: self.name_any(),
            version: self.resource_version().unwrap_or_default(),
            generation: self.metadata.generation.unwrap_or_default(),
        }
    }

    /// Id of the issue that the object is of, as far as that can be read.
    #[must_use]
    pub fn issue(&self) -> Option<u64> {
        let id = self.status.get("id")?;
        id.as_u64().or_else(|| id.as_str()?.parse().ok())
    }

    /// Id of the project that it was in, as far as that can be read.
    #[must_use]
    pub fn project(&self) -> Option<String> {
        self.text("projectId").filter(|id| !id.is_empty()).map(str::to_owned)
    }

    /// What is remembered of the issue. None where a part of it cannot be read: the object is written anew
    /// then, as an orphaned one.
    #[must_use]
    pub fn entry(&self) -> Option<IndexEntry> {
        // Of an issue that Jira does not date none stands there; earlier versions wrote an empty one.
        let updated = match self.status.get("updated") {
            None => 0,
            Some(time) => match time.as_str()? {
                "" => 0,
                time => time.parse::<Timestamp>().ok()?.as_millisecond(),
            },
        };
        Some(IndexEntry {
            id: self.issue()?,
            stored: self.stored(),
            project_id: self.project()?,
            updated,
            is_open: self.text("category")? != "done",
            digest: u64::from_str_radix(self.text("hash")?, 16).ok()?,
        })
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.status.get(field)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::{Value, json};

    fn object(status: &Value) -> IssueObject {
        let metadata = json!({"name": "acme-sup-1", "resourceVersion": "7", "generation": 2});
        let object = json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue",
            "metadata": metadata, "spec": 7, "status": status,
        });
        serde_json::from_value(object).unwrap()
    }

    fn whole() -> Value {
        json!({
            "id": "10012", "projectId": "10000", "category": "done",
            "updated": "2026-04-28T15:33:02.000Z", "hash": "00000000000000ff",
        })
    }

    #[test]
    fn an_object_says_which_issue_it_is_of_and_how_that_was() {
        let entry = object(&whole()).entry().unwrap();
        let stored = StoredObject {
            object: "acme-sup-1".to_owned(),
            version: "7".to_owned(),
            generation: 2,
        };
        assert_eq!((entry.id, entry.stored), (10012, stored));
        assert_eq!(
            (entry.project_id.as_str(), entry.is_open, entry.digest),
            ("10000", false, 255)
        );
        assert_eq!(entry.updated, 1_777_390_382_000);
        let mut undated = whole();
        undated["updated"] = json!("");
        assert_eq!(object(&undated).entry().unwrap().updated, 0);
        undated.as_object_mut().unwrap().remove("updated");
        assert_eq!(object(&undated).entry().unwrap().updated, 0);
    }

    /// Of each field each kind of thing that can stand there.
    #[test]
    fn no_status_makes_reading_fail() {
        let malformed = [
            json!(null),
            json!(true),
            json!(-1),
            json!([1]),
            json!({"a": "b"}),
            json!("§"),
        ];
        for status in &malformed {
            assert_eq!(object(status).issue(), None, "{status}");
            assert!(object(status).entry().is_none(), "{status}");
        }
        for (field, _) in whole().as_object().unwrap() {
            let mut lacking = whole();
            lacking.as_object_mut().unwrap().remove(field);
            assert_eq!(
                object(&lacking).entry().is_some(),
                field == "updated",
                "without {field}"
            );
            for value in &malformed {
                // Of these any text does.
                if ["category", "projectId"].contains(&field.as_str()) && value.is_string() {
                    continue;
                }
                let mut status = whole();
                status[field] = value.clone();
                let read = object(&status);
                assert!(read.entry().is_none(), "{field}: {value}");
                assert_eq!(read.issue().is_some(), field != "id", "{field}: {value}");
            }
        }
        let bare: IssueObject = serde_json::from_value(json!({"metadata": {"name": "a"}})).unwrap();
        assert!(bare.entry().is_none());
        let mut number = whole();
        number["id"] = json!(10012);
        assert_eq!(object(&number).entry().map(|entry| entry.id), Some(10012));
    }
}
