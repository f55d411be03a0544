//! Reads the API server's audit log: who asked what, what was answered, and by which right.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;

use super::credentials::CONTROLLER_MANAGER;

/// The audit log of one control plane. The API server writes an entry before the client sees the answer's
/// end, so what a client has seen is in the log.
#[derive(Debug, Clone)]
pub struct AuditLog {
    path: PathBuf,
}

/// One finished request, or one watch that was begun ([`Stage::ResponseStarted`]).
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// The same for the stages of one request.
    pub audit_id: String,
    /// How far the request was.
    pub stage: Stage,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// Path and query.
    pub request_uri: String,
    /// User name; a service account's is `system:serviceaccount:<namespace>:<name>`.
    pub user: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// Namespace, when the request has one.
    pub namespace: Option<String>,
    /// API group, empty for the core group.
    pub group: String,
    /// Resource in the plural; `None` for paths that are no resource.
    pub resource: Option<String>,
    /// Subresource, such as `status`.
    pub subresource: Option<String>,
    /// Name of the object, when the request or the answer has one.
    pub name: Option<String>,
    /// Identity of the object, when it is known.
    pub uid: Option<String>,
    /// HTTP status code; `None` where the connection ended before there was one.
    pub code: Option<u16>,
    /// When the request came in.
    pub request_received: Timestamp,
    /// When this stage was reached.
    pub stage_reached: Timestamp,
    /// What the API server noted, such as `authorization.k8s.io/decision`.
    pub annotations: BTreeMap<String, String>,
}

/// How far a request was when its entry was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Stage {
    /// A watch has begun; its end is another entry.
    ResponseStarted,
    /// The answer is whole.
    ResponseComplete,
    /// The API server broke down over it.
    Panic,
}

impl AuditEntry {
    /// Whether RBAC allowed it; `None` when it did not get that far.
    #[must_use]
    pub fn allowed(&self) -> Option<bool> {
        let decision = self.annotations.get("authorization.k8s.io/decision")?;
        Some(decision == "allow")
    }

    /// Which binding and role allowed it, or why it was refused, in the API server's words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.annotations.get("authorization.k8s.io/reason").map(String::as_str)
    }

    /// Whether a service account of `namespace` asked.
    #[must_use]
    pub fn is_by_service_account(&self, namespace: &str, name: &str) -> bool {
        self.user
            .strip_prefix("system:serviceaccount:")
            .and_then(|account| account.split_once(':'))
            == Some((namespace, name))
    }

    /// Whether it changes an object.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }
}

impl AuditLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// All entries so far.
    ///
    /// # Errors
    /// When the file cannot be read or holds what is no entry.
    pub fn entries(&self) -> io::Result<Vec<AuditEntry>> {
        self.from(0).read()
    }

    /// A reader of what is written from now on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tail(&self) -> io::Result<AuditTail> {
        match self.path.metadata() {
            Ok(metadata) => Ok(self.from(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.from(0)),
            Err(error) => Err(error),
        }
    }

    fn from(&self, offset: u64) -> AuditTail {
        AuditTail {
            path: self.path.clone(),
            offset,
        }
    }
}

/// Reads the audit log on from where it was left.
#[derive(Debug, Clone)]
pub struct AuditTail {
    path: PathBuf,
    /// In bytes.
    offset: u64,
}

impl AuditTail {
    /// The entries written since the last call. Costs what is new, not what is old.
    ///
    /// # Errors
    /// When the file cannot be read or holds what is no entry.
    pub fn read(&mut self) -> io::Result<Vec<AuditEntry>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // The last line may be half written.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let (lines, _) = text.split_at(whole);
        let entries = lines
            .lines()
            .map(|line| serde_json::from_str::<Event>(line).map(AuditEntry::from))
            .collect::<Result<_, _>>()?;
        self.offset += whole as u64;
        Ok(entries)
    }
}

/// What is written: metadata of every request, without the API server's own, the questions for its health,
/// and the controller manager's reading.
pub(super) fn policy() -> String {
    serde_json::json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            { "level": "None", "users": ["system:apiserver"] },
            { "level": "None", "users": [CONTROLLER_MANAGER], "verbs": ["get", "list", "watch"] },
            { "level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*"] },
            { "level": "Metadata" },
        ],
    })
    .to_string()
}

/// An entry as it is written (`audit.k8s.io/v1` Event).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    audit_id: String,
    stage: Stage,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectRef,
    response_status: Option<ResponseStatus>,
    request_received_timestamp: Timestamp,
    stage_timestamp: Timestamp,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    namespace: Option<String>,
    api_group: String,
    resource: Option<String>,
    subresource: Option<String>,
    name: Option<String>,
    uid: Option<String>,
}

#[derive(Deserialize)]
struct ResponseStatus {
    code: Option<u16>,
}

impl From<Event> for AuditEntry {
    fn from(event: Event) -> Self {
        let object = event.object_ref;
        Self {
            audit_id: event.audit_id,
            stage: event.stage,
            verb: event.verb,
            request_uri: event.request_uri,
            user: event.user.username,
            user_agent: event.user_agent,
            namespace: object.namespace,
            group: object.api_group,
            resource: object.resource,
            subresource: object.subresource,
            name: object.name,
            uid: object.uid,
            code: event.response_status.and_then(|status| status.code),
            request_received: event.request_received_timestamp,
            stage_reached: event.stage_timestamp,
            annotations: event.annotations,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::io::Write;

    const LINE: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"5ebb4c68","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/a/secrets/s","verb":"update","user":{"username":"system:serviceaccount:a:operator","groups":[]},"sourceIPs":["127.0.0.1"],"userAgent":"x","objectRef":{"resource":"secrets","namespace":"a","name":"s","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-01-23T18:44:04.849287Z","stageTimestamp":"2026-01-23T18:44:04.850796Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"because"}}"#;

    #[test]
    fn reads_on_from_where_it_was_and_waits_for_whole_lines() {
        let path = std::env::temp_dir().join(format!("audit-{:08x}.log", rand::random::<u32>()));
        let log = AuditLog::new(path.clone());
        assert!(log.entries().unwrap().is_empty());
        let mut tail = log.tail().unwrap();
        let mut file = File::create(&path).unwrap();
        let (half, rest) = LINE.split_at(100);
        write!(file, "{LINE}\n{half}").unwrap();
        let first = tail.read().unwrap();
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].code, Some(200));
        assert_eq!(first[0].allowed(), Some(true));
        assert!(first[0].is_write() && first[0].is_by_service_account("a", "operator"));
        writeln!(file, "{rest}").unwrap();
        assert_eq!(tail.read().unwrap().len(), 1);
        assert!(tail.read().unwrap().is_empty());
        assert_eq!(log.entries().unwrap().len(), 2);
        std::fs::remove_file(path).unwrap();
    }
}
