//! What was sent to Jira to change something, as it is told to whoever keeps a record: what was done, to which issue, the
//! names of its fields, and what came of it. Never a value.

use reqwest::RequestBuilder;
use serde_json::Value;

use super::write_error::WriteError;

/// Called for each change that was sent, or could not be.
pub type OnWrite = dyn Fn(&WriteReport) + Send + Sync;

/// What is done to an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum WriteOperation {
    /// It is created, as an issue or as a request.
    Create,
    /// Fields or properties of it are changed.
    Edit,
    /// It is moved to another status.
    Transition,
    /// A comment is made.
    Comment,
    /// A comment is changed.
    EditComment,
    /// A comment is marked, right after it was made.
    MarkComment,
    /// A comment is deleted.
    DeleteComment,
    /// A link of it to another issue or to a page is made or changed.
    Link,
    /// Such a link is removed.
    Unlink,
    /// People take part in it from now on.
    AddParticipants,
    /// Something else.
    Other,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum WriteOutcome {
    /// Jira did it.
    Done,
    /// Jira refused it.
    Refused,
    /// It was not sent, or Jira asked to slow down.
    NotDone,
    /// It is not known whether Jira did it.
    Uncertain,
}

/// A change and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteReport {
    /// What was done.
    pub operation: WriteOperation,
    /// Id or key of the issue; of a created one its key. None where it is not known.
    pub issue: Option<String>,
    /// Names of the fields and properties, in order.
    pub fields: Vec<String>,
    /// What came of it.
    pub outcome: WriteOutcome,
}

/// A change that is about to be sent.
#[derive(Debug)]
pub(super) struct SentWrite {
    operation: WriteOperation,
    issue: Option<String>,
    fields: Vec<String>,
}

impl WriteOperation {
    /// In one word, as metrics and the audit log name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// That of a call, and the issue that its path names.
    fn of<'p>(method: &str, path: &'p str) -> (Self, Option<&'p str>) {
        let rest = ["/rest/api/3/", "/rest/servicedeskapi/"]
            .into_iter()
            .find_map(|api| path.strip_prefix(api));
        let parts: Vec<&str> = rest.unwrap_or_default().split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["issue" | "request"]) => (Self::Create, None),
            ("PUT", ["issue", issue] | ["issue", issue, "assignee"])
            | ("PUT" | "DELETE", ["issue", issue, "properties", _]) => (Self::Edit, Some(issue)),
            ("POST", ["issue", issue, "transitions"]) => (Self::Transition, Some(issue)),
            ("POST", ["issue" | "request", issue, "comment"]) => (Self::Comment, Some(issue)),
            ("PUT", ["issue", issue, "comment", _]) => (Self::EditComment, Some(issue)),
            ("PUT" | "DELETE", ["comment", _, "properties", _]) => (Self::MarkComment, None),
            ("DELETE", ["issue", issue, "comment", _]) => (Self::DeleteComment, Some(issue)),
            ("POST", ["issue", issue, "remotelink"]) => (Self::Link, Some(issue)),
            ("POST", ["issueLink"]) => (Self::Link, None),
            ("DELETE", ["issue", issue, "remotelink", ..]) => (Self::Unlink, Some(issue)),
            ("POST", ["request", issue, "participant"]) => (Self::AddParticipants, Some(issue)),
            (_, [_, issue, ..]) => (Self::Other, Some(issue)),
            _ => (Self::Other, None),
        }
    }
}

impl WriteOutcome {
    /// In one word, as metrics and the audit log name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl SentWrite {
    /// Reads the call itself, so that no caller can leave anything out. `name` is method and path.
    pub(super) fn read(name: &str, request: &RequestBuilder) -> Self {
        let built = request.try_clone().and_then(|copy| copy.build().ok());
        let bytes = built.as_ref().and_then(|built| built.body()?.as_bytes());
        let body: Option<Value> = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
        Self::of(name, body.as_ref())
    }

    fn of(name: &str, body: Option<&Value>) -> Self {
        let (method, path) = name.split_once(' ').unwrap_or_default();
        let (operation, issue) = WriteOperation::of(method, path);
        let mut fields = match path.split_once("/properties/") {
            // What a property holds are no fields of the issue, whatever it calls them.
            Some((_, key)) => vec![key.to_owned()],
            None => body.map(fields).unwrap_or_default(),
        };
        fields.extend(path.ends_with("/assignee").then(|| "assignee".to_owned()));
        fields.sort_unstable();
        fields.dedup();
        Self {
            operation,
            issue: issue.map(str::to_owned),
            fields,
        }
    }

    /// The same, told by what it is called instead of by the names of its parts.
    pub(super) fn named(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.fields = vec![name.to_owned()];
        }
        self
    }

    /// With what came of it.
    pub(super) fn answered(self, answer: &Result<Value, WriteError>) -> WriteReport {
        let outcome = match answer {
            Ok(_) => WriteOutcome::Done,
            Err(WriteError::Refused(_)) => WriteOutcome::Refused,
            Err(WriteError::NotDone(_)) => WriteOutcome::NotDone,
            Err(WriteError::Uncertain(_)) => WriteOutcome::Uncertain,
        };
        let key = |answer: &Value| {
            let key = answer.get("key").or_else(|| answer.get("issueKey"));
            key.and_then(Value::as_str).map(str::to_owned)
        };
        let created = answer
            .as_ref()
            .ok()
            .filter(|_| self.operation == WriteOperation::Create)
            .and_then(key);
        WriteReport {
            operation: self.operation,
            issue: created.or(self.issue),
            fields: self.fields,
            outcome,
        }
    }
}

/// The names of the fields and properties that a body sets.
fn fields(body: &Value) -> Vec<String> {
    let objects = ["fields", "update", "requestFieldValues"].into_iter();
    let named = objects
        .filter_map(|part| body.get(part)?.as_object())
        .flat_map(|fields| fields.keys().cloned());
    let properties = body.get("properties").and_then(Value::as_array).into_iter().flatten();
    let keys = properties
        .filter_map(|property| property.get("key")?.as_str())
        .map(str::to_owned);
    let beside = [
        ("raiseOnBehalfOf", "reporter"),
        ("requestParticipants", "participants"),
        ("accountIds", "participants"),
    ];
    let people = beside
        .into_iter()
        .filter(|(part, _)| body.get(part).is_some())
        .map(|(_, name)| name.to_owned());
    named.chain(keys).chain(people).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_call_has_its_operation_and_issue() {
        for (name, operation, issue) in [
            ("POST /rest/api/3/issue", WriteOperation::Create, None),
            ("POST /rest/servicedeskapi/request", WriteOperation::Create, None),
            ("PUT /rest/api/3/issue/10001", WriteOperation::Edit, Some("10001")),
            (
                "PUT /rest/api/3/issue/10001/properties/x",
                WriteOperation::Edit,
                Some("10001"),
            ),
            (
                "POST /rest/api/3/issue/10001/transitions",
                WriteOperation::Transition,
                Some("10001"),
            ),
            (
                "POST /rest/api/3/issue/10001/comment",
                WriteOperation::Comment,
                Some("10001"),
            ),
            (
                "POST /rest/servicedeskapi/request/SUP-1/comment",
                WriteOperation::Comment,
                Some("SUP-1"),
            ),
            (
                "PUT /rest/api/3/issue/10001/comment/7",
                WriteOperation::EditComment,
                Some("10001"),
            ),
            (
                "PUT /rest/api/3/comment/7/properties/x",
                WriteOperation::MarkComment,
                None,
            ),
            (
                "DELETE /rest/api/3/issue/10001/comment/7",
                WriteOperation::DeleteComment,
                Some("10001"),
            ),
            (
                "POST /rest/api/3/issue/10001/remotelink",
                WriteOperation::Link,
                Some("10001"),
            ),
            ("POST /rest/api/3/issueLink", WriteOperation::Link, None),
            (
                "DELETE /rest/api/3/issue/10001/remotelink",
                WriteOperation::Unlink,
                Some("10001"),
            ),
            (
                "POST /rest/servicedeskapi/request/SUP-1/participant",
                WriteOperation::AddParticipants,
                Some("SUP-1"),
            ),
            (
                "POST /rest/api/3/issue/10001/votes",
                WriteOperation::Other,
                Some("10001"),
            ),
        ] {
            let sent = SentWrite::of(name, None);
            assert_eq!((sent.operation, sent.issue.as_deref()), (operation, issue), "{name}");
        }
    }

    #[test]
    fn fields_are_named_and_no_value_is() {
        let request = json!({
            "requestTypeId": "7", "requestFieldValues": {"summary": "secret", "customfield_10001": 5},
            "raiseOnBehalfOf": "kim@ext.example", "requestParticipants": ["dana"],
        });
        let sent = SentWrite::of("POST /rest/servicedeskapi/request", Some(&request));
        assert_eq!(
            sent.fields,
            ["customfield_10001", "participants", "reporter", "summary"]
        );
        let edit = json!({
            "fields": {"assignee": null}, "update": {"labels": [{"add": "secret"}]},
            "properties": [{"key": "jira-operator.dev", "value": {"name": "secret"}}], "historyMetadata": {"type": "x"},
        });
        let sent = SentWrite::of("PUT /rest/api/3/issue/10001", Some(&edit));
        assert_eq!(sent.fields, ["assignee", "jira-operator.dev", "labels"]);
        assert_eq!(
            SentWrite::of("PUT /rest/api/3/issue/10001/assignee", None).fields,
            ["assignee"]
        );
        assert_eq!(
            SentWrite::of("PUT /rest/api/3/issue/10001/properties/mine", None).fields,
            ["mine"]
        );
        let property = json!({"fields": {"summary": {"wanted": "secret"}}});
        assert_eq!(
            SentWrite::of("PUT /rest/api/3/issue/10001/properties/mine", Some(&property)).fields,
            ["mine"]
        );
    }

    #[test]
    fn a_created_issue_is_named_by_its_key() {
        let report = |answer| SentWrite::of("POST /rest/api/3/issue", None).answered(&answer);
        let done = report(Ok(json!({"id": "10001", "key": "ENG-5"})));
        assert_eq!(
            (done.issue.as_deref(), done.outcome),
            (Some("ENG-5"), WriteOutcome::Done)
        );
        let request = report(Ok(json!({"issueId": "10001", "issueKey": "SUP-5"})));
        assert_eq!(request.issue.as_deref(), Some("SUP-5"));
        let refused = report(Err(WriteError::Refused(super::super::write_error::Refusal::default())));
        assert_eq!((refused.issue, refused.outcome), (None, WriteOutcome::Refused));
    }
}
