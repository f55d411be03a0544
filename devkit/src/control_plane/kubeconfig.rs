//! Writes kubeconfig files. They are JSON, which every reader of YAML reads.

use std::fs;
use std::path::Path;

use k8s_openapi::ByteString;
use serde_json::json;

use super::credentials::write_private;
use super::error::Error;

/// Name of cluster, user and context in all of them; marks a file as one that may be overwritten.
const NAME: &str = "jira-operator-devkit";

/// Where and how a client connects.
pub(super) struct Connection<'a> {
    pub(super) server: &'a str,
    /// For an `https` server.
    pub(super) ca_pem: &'a str,
    pub(super) token: &'a str,
    pub(super) namespace: Option<&'a str>,
}

/// Writes `file`, whole at once and readable by this user alone.
pub(super) fn write(file: &Path, connection: &Connection) -> Result<(), Error> {
    let cluster = if connection.server.starts_with("https:") {
        let authority = ByteString(connection.ca_pem.as_bytes().to_vec());
        json!({ "server": connection.server, "certificate-authority-data": authority })
    } else {
        json!({ "server": connection.server })
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": NAME, "cluster": cluster }],
        "users": [{ "name": NAME, "user": { "token": connection.token } }],
        "contexts": [{
            "name": NAME,
            "context": { "cluster": NAME, "user": NAME, "namespace": connection.namespace.unwrap_or("default") },
        }],
        "current-context": NAME,
    });
    let part = file.with_added_extension(format!("{:08x}.part", rand::random::<u32>()));
    write_private(&part, &format!("{config:#}\n"))?;
    fs::rename(&part, file).map_err(Error::at(file))
}

/// Whether `file` may be written: it is missing, empty, or of this launcher's making.
pub(super) fn may_overwrite(file: &Path) -> bool {
    fs::read_to_string(file).map_or_else(
        |error| error.kind() == std::io::ErrorKind::NotFound,
        |text| text.trim().is_empty() || text.contains(NAME),
    )
}
