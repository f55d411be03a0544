//! Where the new refresh token goes: a file that only its owner reads, proved writable before the
//! old token is spent, and replaced at once or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use k8s_openapi::api::core::v1::Secret as Manifest;
use serde_json::json;

use super::error::CliError;
use crate::{
    atlassian::secret::Secret,
    grant::{CLIENT_ID, CLIENT_SECRET, Credentials, REFRESH_TOKEN},
};

/// First line of a file that this program wrote, and may replace.
const HEADER: &str = "# Written by jira-operator";
/// Bytes that are taken on the disk beforehand: more than the manifest needs.
const ROOM: usize = 16 * 1024;

/// A file that is ready to receive the token. Dropped without it, nothing is left behind.
#[derive(Debug)]
pub struct OutputFile {
    target: PathBuf,
    waiting: PathBuf,
    file: File,
    /// Whether what waits holds a token, so that it must not be removed.
    holds_token: bool,
}

impl OutputFile {
    /// Makes the place ready.
    pub fn prepare(flag: &str, target: &Path) -> Result<Self, CliError> {
        let shown = target.display();
        match fs::read_to_string(target) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Ok(text) if text.starts_with(HEADER) => {}
            Ok(_) => {
                let foreign = "the file exists and was not written by this program; name another one";
                return Err(format!("{flag} {shown}: {foreign}").into());
            }
            Err(error) => return Err(CliError::system(format!("{flag} {shown}"))(error)),
        }
        let cannot = |error: std::io::Error| format!("{flag} {shown} cannot be written: {error}. Nothing was changed.");
        let name = target
            .file_name()
            .ok_or_else(|| format!("{flag} {shown} is no name of a file"))?;
        let waiting = format!(".{}.{:08x}", name.to_string_lossy(), rand::random::<u32>());
        let waiting = target.with_file_name(waiting);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&waiting)
            .map_err(cannot)?;
        let written = file.write_all(&[b'\n'; ROOM]).and_then(|()| file.sync_all());
        let place = Self {
            target: target.to_owned(),
            waiting,
            file,
            holds_token: false,
        };
        Ok(written.map(|()| place).map_err(cannot)?)
    }

    /// Puts the Secret with the new token there.
    pub fn keep(mut self, secret: &Manifest, credentials: &Credentials, token: &Secret) -> Result<(), CliError> {
        let shown = self.target.display().to_string();
        let lost = |error: &dyn std::fmt::Display| {
            format!(
                "the new refresh token could not be written to {shown}: {error}. Run this again with another file; a refresh token that was exchanged is accepted for ten minutes more"
            )
        };
        let text = secret_manifest(secret, credentials, token).map_err(|error| lost(&error))?;
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.set_len(u64::try_from(text.len()).unwrap_or(u64::MAX)))
            .and_then(|()| self.file.sync_all());
        written.map_err(|error| lost(&error))?;
        self.holds_token = true;
        fs::rename(&self.waiting, &self.target).map_err(|error| {
            let waiting = self.waiting.display();
            format!("the new refresh token could not be moved to {shown}: {error}. It is in {waiting}")
        })?;
        // The token is in place; that the folder's entry reached the disk cannot be helped further.
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if !self.holds_token {
            let _ = fs::remove_file(&self.waiting);
        }
    }
}

/// The Secret as it can be applied, as text. All three keys stand in it, so that it can take the place of
/// the manifest that it was made from.
pub fn secret_manifest(
    secret: &Manifest,
    credentials: &Credentials,
    token: &Secret,
) -> Result<String, serde_saphyr::ser::Error> {
    let mut metadata = json!({"name": secret.metadata.name});
    if let (Some(fields), Some(namespace)) = (metadata.as_object_mut(), &secret.metadata.namespace) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "stringData": {
            CLIENT_ID: credentials.app.client_id,
            CLIENT_SECRET: credentials.app.client_secret.expose(),
            REFRESH_TOKEN: token.expose(),
        },
    });
    let yaml = serde_saphyr::to_string(&manifest)?;
    Ok(format!("{HEADER}. It holds secrets: keep it out of Git.\n{yaml}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::atlassian::oauth::OAuthApp;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("jira-operator-save-{:08x}", rand::random::<u32>()));
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn kept(target: &Path, token: &str) -> Result<(), CliError> {
        let mut secret = Manifest::default();
        secret.metadata.name = Some("acme-oauth".to_owned());
        let credentials = Credentials {
            app: OAuthApp {
                client_id: "id".to_owned(),
                client_secret: Secret::new("s".repeat(9)),
            },
            refresh_token: None,
        };
        OutputFile::prepare("--save", target)?.keep(&secret, &credentials, &Secret::new(token.to_owned()))
    }

    #[test]
    fn the_token_is_kept_in_a_file_of_its_owner_alone_and_replaced_the_next_time() {
        let folder = folder();
        let target = folder.join("token.yaml");
        for token in ["r".repeat(12), "q".repeat(12)] {
            kept(&target, &token).unwrap();
            let text = fs::read_to_string(&target).unwrap();
            let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            assert_eq!(read.pointer("/stringData/refresh-token").unwrap(), &token);
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_of_somebody_else_is_refused_and_an_unused_place_leaves_nothing() {
        let folder = folder();
        let target = folder.join("acme.yaml");
        fs::write(&target, "kind: JiraIntegration\n").unwrap();
        assert!(
            OutputFile::prepare("--save", &target)
                .unwrap_err()
                .to_string()
                .contains("was not written by this program")
        );
        assert!(OutputFile::prepare("--save", &folder.join("missing/token.yaml")).is_err());
        drop(OutputFile::prepare("--save", &folder.join("token.yaml")).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
