//! Where the grant goes: into its Secret in the cluster, or into a manifest.

use std::{
    fs::{File, Permissions},
    io::{IsTerminal, Write},
    os::{fd::AsFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::api::core::v1::Secret as Manifest;
use kube::{Client, ResourceExt};

use super::subject::Subject;
use crate::{
    atlassian::{oauth::TokenEndpoint, secret::Secret},
    cli::check::{
        save::{Place, manifest},
        world::Atlassian,
    },
    connect::{
        outcome::{Failure, Outcome},
        service::{Connector, bring, grant_key},
    },
    diagnose::evidence::Declared,
    grant::{connect::Consent, keeper::Keeper, store::Store},
};

/// How often and after which pause a write is tried again before the grant is kept in a file.
const AGAIN: (u32, Duration) = (5, Duration::from_secs(1));

/// Where the grant goes.
pub enum Delivery {
    /// Into the grant Secret.
    Cluster(Box<Connector>),
    /// Into a file that is ready.
    File(PathBuf, Place),
    /// To standard output.
    Out,
}

impl Delivery {
    /// Makes the way ready, before a person is asked for anything.
    ///
    /// # Errors
    /// When it cannot be gone.
    pub fn prepare(print: Option<&Path>, subject: &Subject, atlassian: &Atlassian) -> Result<Self, String> {
        match print {
            None => {
                let cluster = subject
                    .cluster
                    .as_ref()
                    .ok_or("--print is needed where there is no cluster")?;
                Ok(Self::Cluster(Box::new(connector(cluster.client.clone(), atlassian))))
            }
            Some(path) if path == Path::new("-") => {
                if std::io::stdout().is_terminal() {
                    return Err("--print shows a secret, and standard output is a terminal: send it to a file or a pipe, or name a file as --print=FILE".to_owned());
                }
                Ok(Self::Out)
            }
            Some(path) => Ok(Self::File(path.to_owned(), Place::prepare("--print", path)?)),
        }
    }

    /// Brings the consent to its end. The text says where the grant is, where that is to be said.
    pub async fn deliver(self, subject: &Subject, atlassian: &Atlassian, consent: Consent) -> (Outcome, String) {
        match self {
            Self::Cluster(connector) => into_cluster(&connector, subject, consent).await,
            Self::File(path, place) => match brought(subject, atlassian, &consent).await {
                Err(outcome) => (outcome, String::new()),
                Ok((token, outcome)) => kept(
                    place.keep(&target(subject), &subject.credentials, &token),
                    outcome,
                    || {
                        let path = path.display();
                        format!(
                            "The Secret with the refresh token is in {path}, readable by you alone. Seal or apply it, and delete the file."
                        )
                    },
                ),
            },
            Self::Out => match brought(subject, atlassian, &consent).await {
                Err(outcome) => (outcome, String::new()),
                Ok((token, outcome)) => kept(to_stdout(subject, &token), outcome, || {
                    "The Secret with the refresh token went to standard output.".to_owned()
                }),
            },
        }
    }
}

fn kept(done: Result<(), String>, outcome: Outcome, said: impl Fn() -> String) -> (Outcome, String) {
    match done {
        Ok(()) => (outcome, said()),
        Err(detail) => (Outcome::Failed(Failure::Unsaved { detail }), String::new()),
    }
}

fn connector(client: Client, atlassian: &Atlassian) -> Connector {
    let endpoint = TokenEndpoint::new(atlassian.http.clone(), Arc::clone(&atlassian.endpoints));
    Connector {
        keeper: Keeper::new(Store::new(client.clone(), Vec::new()), endpoint, Box::new(|_| ())),
        client,
        http: atlassian.http.clone(),
        endpoints: Arc::clone(&atlassian.endpoints),
        site_suffixes: atlassian.suffixes.clone(),
    }
}

async fn into_cluster(connector: &Connector, subject: &Subject, consent: Consent) -> (Outcome, String) {
    let key = grant_key(&subject.integration);
    let outcome = connector
        .complete(&subject.integration, subject.credentials.clone(), consent)
        .await;
    let Outcome::Failed(Failure::Unsaved { detail }) = outcome else {
        let stored = format!(
            "The grant is in Secret {} of namespace {}. The operator takes it from there.",
            key.secret_name(),
            key.namespace
        );
        let stored = if outcome.is_connected() { stored } else { String::new() };
        return (outcome, stored);
    };
    for _ in 0..AGAIN.0 {
        tokio::time::sleep(AGAIN.1).await;
        if connector.keeper.store_again(&key).await.is_ok() {
            let said = format!("The grant is in Secret {} after all.", key.secret_name());
            return (Outcome::Failed(Failure::Unsaved { detail }), said);
        }
    }
    let Some(token) = connector.keeper.give_up(&key).await else {
        return (Outcome::Failed(Failure::Unsaved { detail }), String::new());
    };
    let said = rescue(subject, &token);
    (Outcome::Failed(Failure::Unsaved { detail }), said)
}

/// A grant that the cluster does not take is not thrown away.
fn rescue(subject: &Subject, token: &Secret) -> String {
    let file = PathBuf::from(format!("{}-connected.yaml", subject.integration.name_any()));
    let done =
        Place::prepare("the file", &file).and_then(|place| place.keep(&target(subject), &subject.credentials, token));
    match done {
        Ok(()) => format!(
            "So that it is not lost, it is in {}, readable by you alone. Once the cluster takes it: kubectl apply -f {}, and delete the file.",
            file.display(),
            file.display()
        ),
        Err(why) => format!("It could not be kept in a file either ({why}). Run this command again."),
    }
}

async fn brought(subject: &Subject, atlassian: &Atlassian, consent: &Consent) -> Result<(Secret, Outcome), Outcome> {
    let declared = Declared::of(&subject.integration, &atlassian.suffixes);
    let key = grant_key(&subject.integration);
    let ways = (atlassian.http.clone(), Arc::clone(&atlassian.endpoints));
    let brought = bring(ways, &declared, &subject.credentials, consent, &key).await?;
    Ok((brought.refresh_token, brought.outcome))
}

fn target(subject: &Subject) -> Manifest {
    let mut secret = Manifest::default();
    secret.metadata.name = Some(subject.integration.spec.secret_ref.name.clone());
    secret.metadata.namespace = subject.integration.namespace();
    secret
}

/// A file behind standard output is made readable by its owner alone; a pipe is its reader's affair.
fn to_stdout(subject: &Subject, token: &Secret) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("standard output: {error}");
    let mut out = File::from(std::io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
    let is_file = out.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file {
        out.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
    }
    let text = manifest(&target(subject), &subject.credentials, token)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(failed)
}
