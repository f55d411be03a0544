//! By what the ticket of an object is found again: after a lost answer, a restart, and in a rebuilt cluster.

use kube::ResourceExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::issue::{ExistingPolicy, JiraIssue, WrittenFields};

/// The issue property that a ticket carries.
pub const PROPERTY: &str = "jira-operator.dev";
/// Most bytes of its value that Jira keeps.
const LONGEST: usize = 32_768;
/// What is left out of a marker that is too long, one after the other.
const LEFT_OUT: [fn(&mut WrittenFields); 3] = [
    // Which fields Jira refused is still known, and that is all that follows from it.
    |written| written.refused.values_mut().for_each(String::clear),
    // What Jira made of a value is told from what people did by its history.
    |written| written.fields.values_mut().for_each(|field| field.found.clear()),
    // Nothing is known of what was written, as of a ticket that is taken over: what Jira has then stands, and labels that
    // leave the spec stay. A part would be worse than nothing: of a field that it lacks the spec would be written.
    |written| *written = WrittenFields::default(),
];
/// How many hexadecimal digits an identity has.
const DIGITS: usize = 20;

/// Names the ticket of an object: the same in every cluster that has the same scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(String);

impl Identity {
    /// That of an object. `scope` tells clusters apart that apply the same manifests. Where existing tickets are
    /// ignored, `object` is the uid instead of the name.
    #[must_use]
    pub fn of(scope: &str, namespace: &str, object: &str) -> Self {
        let digest = Sha256::digest(format!("{scope}\n{namespace}\n{object}"));
        let hex: String = format!("{digest:x}").chars().take(DIGITS).collect();
        Self(hex)
    }

    /// One that was read.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The label that a ticket carries where its project has labels.
    #[must_use]
    pub fn label(&self) -> String {
        format!("k8s-{}", self.0)
    }
}

/// What the issue property says: whose ticket it is. Set together with the creation where Jira's API allows that.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Marker {
    /// Version of this form.
    pub v: u32,
    /// The identity.
    #[serde(rename = "K")]
    pub identity: Identity,
    /// Which creation of the object it was, from 1. The highest is the object's.
    pub n: i64,
    /// What tells clusters apart.
    pub scope: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Uid of the object that it was created for.
    pub uid: String,
    /// What was written to it, beside whose it is.
    #[serde(flatten)]
    pub kept: Kept,
    /// Id of the ticket that the object had before, which was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<String>,
}

/// What was written to a ticket and has to outlive its object: a cluster that is built anew has it from nowhere else.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Id of the comment that names a reporter who could not be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The phase, or the status, that the spec wanted and the ticket came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Of a request: its address in the customer portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
    /// Of a request: digests of how the spec names those who were added as participants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
    /// The fields of the spec.
    #[serde(flatten)]
    pub written: WrittenFields,
}

impl Marker {
    /// That of the first ticket of an object. `scope` tells clusters apart that apply the same manifests.
    #[must_use]
    pub fn of(object: &JiraIssue, scope: &str) -> Self {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let uid = object.uid().unwrap_or_default();
        let identified_by = match object.spec.policy().existing {
            ExistingPolicy::Ignore => &uid,
            ExistingPolicy::Adopt | ExistingPolicy::AdoptUnresolved => &name,
        };
        Self {
            v: 1,
            identity: Identity::of(scope, &namespace, identified_by),
            n: 1,
            scope: scope.to_owned(),
            namespace,
            name,
            uid,
            kept: Kept::default(),
            former: None,
        }
    }

    /// The same with what was written of the fields.
    #[must_use]
    pub fn having_written(self, written: WrittenFields) -> Self {
        let kept = Kept { written, ..self.kept };
        Self { kept, ..self }
    }

    /// The marker that a property holds.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone())
            .ok()
            .filter(|marker: &Self| marker.v == 1)
    }

    /// Whether the marker that an issue carries is another object's.
    #[must_use]
    pub fn is_foreign(&self, found: Option<&Self>) -> bool {
        found.is_some_and(|found| found.identity != self.identity)
    }

    /// Whether a ticket with this marker, which another object of the same namespace and scope had, has lost it: `there` is
    /// the object of the name that it says, as it is now. The same name does not make it the same object, where tickets are
    /// told apart by uid.
    #[must_use]
    pub fn has_lost(&self, there: Option<&JiraIssue>) -> bool {
        let Some(there) = there else {
            return true;
        };
        let status = there.status.as_ref();
        let written = status.and_then(|status| status.identity.as_deref());
        let marked = status
            .and_then(|status| status.creation.as_ref())
            .map(|mark| mark.identity.as_str());
        let named = [written, marked]
            .into_iter()
            .flatten()
            .any(|known| known == self.identity.as_str());
        !named && Self::of(there, &self.scope).identity != self.identity
    }

    /// As the value of a property, which Jira never refuses for its size: what a rebuilt cluster misses least is left out
    /// first.
    #[must_use]
    pub fn value(&self) -> Value {
        let mut marker = self.clone();
        for leave_out in LEFT_OUT {
            let value = serde_json::to_value(&marker).unwrap_or_default();
            if value.to_string().len() <= LONGEST {
                return value;
            }
            leave_out(&mut marker.kept.written);
        }
        serde_json::to_value(&marker).unwrap_or_default()
    }

    /// As Jira takes it when an issue is created or changed.
    #[must_use]
    pub fn property(&self) -> Value {
        json!({"key": PROPERTY, "value": self.value()})
    }

    /// What Jira's history says of a change of ours: which object wants it, in which generation.
    #[must_use]
    pub fn history(&self, generation: i64) -> Value {
        json!({
            "type": "jira-operator.dev",
            "generator": {"id": "jira-operator", "type": "kubernetes"},
            "cause": {"id": format!("{}/{}@{generation}", self.namespace, self.name), "type": "JiraIssue"},
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn an_identity_depends_on_scope_namespace_and_name_alone() {
        let one = Identity::of("app", "shop", "checkout");
        assert_eq!(one, Identity::of("app", "shop", "checkout"));
        let others = [
            ("other", "shop", "checkout"),
            ("app", "shops", "checkout"),
            ("app", "shop", "check"),
        ];
        for (scope, namespace, name) in others {
            assert_ne!(one, Identity::of(scope, namespace, name));
        }
        // No name runs into the next one.
        assert_ne!(Identity::of("a", "b", "c"), Identity::of("a\nb", "c", ""));
        assert_eq!(one.as_str().len(), DIGITS);
        assert!(one.label().starts_with("k8s-") && one.label().len() == DIGITS + 4);
    }

    #[test]
    fn a_marker_is_read_back_and_another_version_is_none() {
        let marker = Marker {
            v: 1,
            identity: Identity::of("app", "shop", "checkout"),
            n: 2,
            scope: "app".into(),
            namespace: "shop".into(),
            name: "checkout".into(),
            uid: "7".into(),
            kept: Kept::default(),
            former: None,
        };
        assert_eq!(Marker::read(&marker.value()), Some(marker.clone()));
        let mut newer = marker.value();
        newer.as_object_mut().unwrap().insert("v".into(), 2.into());
        assert_eq!(Marker::read(&newer), None);
        assert_eq!(Marker::read(&Value::Null), None);
    }

    #[test]
    fn a_ticket_is_without_object_where_none_of_its_identity_is_there() {
        let of = |name: &str, uid: &str| -> JiraIssue {
            let mut object = JiraIssue::new(name, crate::api::issue::JiraIssueSpec::default());
            (object.metadata.namespace, object.metadata.uid) = (Some("shop".to_owned()), Some(uid.to_owned()));
            object
        };
        let marker = Marker::of(&of("a", "1"), "app");
        assert!(marker.has_lost(None));
        assert!(!marker.has_lost(Some(&of("a", "2"))), "an object of this name has it");
        let by_uid = Marker {
            identity: Identity::of("app", "shop", "1"),
            ..marker
        };
        let mut other = of("a", "2");
        assert!(
            by_uid.has_lost(Some(&other)),
            "the name is the same, and the object another one"
        );
        other.status = Some(crate::api::issue::JiraIssueStatus {
            identity: Some(by_uid.identity.as_str().to_owned()),
            ..Default::default()
        });
        assert!(!by_uid.has_lost(Some(&other)));
    }

    fn marker() -> Marker {
        let object = JiraIssue::new("checkout", crate::api::issue::JiraIssueSpec::default());
        let mut marker = Marker::of(&object, "app");
        (marker.kept.note, marker.kept.phase) = (Some("20031".into()), Some("Done".into()));
        marker
    }

    /// One whose value has so many bytes, by a label of that length.
    fn of_bytes(bytes: usize, mut written: WrittenFields) -> Marker {
        written.labels = vec![String::new()];
        let short = marker().having_written(written.clone());
        let rest = bytes - serde_json::to_string(&short).unwrap().len();
        written.labels = vec!["x".repeat(rest)];
        marker().having_written(written)
    }

    fn written() -> WrittenFields {
        let field = crate::api::issue::AppliedField {
            wanted: "0123456789ab".into(),
            found: "ba9876543210".into(),
            theirs: false,
        };
        WrittenFields {
            fields: [("summary".to_owned(), field)].into(),
            refused: [("priority".to_owned(), "Priority is not valid".to_owned())].into(),
            ..WrittenFields::default()
        }
    }

    #[test]
    fn a_marker_of_just_the_most_bytes_is_whole_and_one_byte_more_costs_words_alone() {
        let size = |marker: &Marker| marker.value().to_string().len();
        let most = of_bytes(LONGEST, written());
        assert_eq!(size(&most), LONGEST);
        assert_eq!(Marker::read(&most.value()), Some(most));
        let more = of_bytes(LONGEST + 1, written());
        let read = Marker::read(&more.value()).unwrap();
        assert!(size(&more) <= LONGEST);
        assert_eq!(read.kept.written.refused["priority"], "");
        assert_eq!(read.kept.written.fields, more.kept.written.fields);
        assert_eq!(read.kept.written.labels, more.kept.written.labels);
        // Without the words it is one byte too long still.
        let words = written().refused["priority"].len();
        let read = Marker::read(&of_bytes(LONGEST + words + 1, written()).value()).unwrap();
        let field = &read.kept.written.fields["summary"];
        assert_eq!((field.wanted.as_str(), field.found.as_str()), ("0123456789ab", ""));
        assert!(read.kept.written.refused.contains_key("priority") && !read.kept.written.labels.is_empty());
    }

    #[test]
    fn a_marker_of_as_many_labels_and_fields_as_there_can_be_says_nothing_of_them_and_whose_it_is() {
        let labels: Vec<String> = (0..50).map(|n| format!("{n}{}", "ü".repeat(250))).collect();
        let of_fields = written().fields.remove("summary").unwrap();
        let fields = (0..100).map(|n| (format!("fields.{n}{}", "名".repeat(250)), of_fields.clone()));
        let all = WrittenFields {
            fields: fields.collect(),
            labels,
            ..written()
        };
        let long = marker().having_written(all);
        let read = Marker::read(&long.value()).unwrap();
        assert!(long.value().to_string().len() <= LONGEST);
        assert_eq!(read, long.having_written(WrittenFields::default()));
        assert_eq!(read.kept.note.as_deref(), Some("20031"));
    }
}
