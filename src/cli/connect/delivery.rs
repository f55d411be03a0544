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

use super::target::ConnectTarget;
use crate::{
    atlassian::{oauth::TokenEndpoint, secret::Secret},
    cli::context::{AtlassianContext, CliError, OutputFile, say_on_stderr, secret_manifest},
    connect::{ConnectFailure, ConnectOutcome, Connector, exchange_only, grant_key},
    diagnose::DeclaredSpec,
    grant::{Consent, GrantError, GrantKey, GrantStore, Grants, SaveResult, findings},
};

/// How often and after which pause a write is tried again before the grant is kept in a file.
const AGAIN: (u32, Duration) = (5, Duration::from_secs(1));
/// Stands for standard output.
const OUT: &str = "-";

/// Where the grant goes.
pub enum Delivery {
    /// Into the grant Secret.
    Cluster(Box<Connector>),
    /// Into a file that is ready.
    File(PathBuf, OutputFile),
    /// To standard output.
    Out,
}

/// What became of a consent, and where its grant is, where that is to be said.
pub struct Delivered {
    /// What became of it.
    pub outcome: ConnectOutcome,
    /// Where the grant is, and what to do with it.
    pub said: String,
}

impl From<ConnectOutcome> for Delivered {
    fn from(outcome: ConnectOutcome) -> Self {
        Self {
            outcome,
            said: String::new(),
        }
    }
}

/// Refuses to print a secret to a terminal.
pub fn refuse_terminal(print: Option<&Path>) -> Result<(), CliError> {
    if print == Some(Path::new(OUT)) && std::io::stdout().is_terminal() {
        return Err("--print shows a secret, and standard output is a terminal: send it to a file or a pipe, or name a file as --print=FILE".into());
    }
    Ok(())
}

impl Delivery {
    /// Checks that the grant can be stored, before a person is asked for anything.
    pub async fn prepare(
        print: Option<&Path>,
        subject: &ConnectTarget,
        atlassian: &AtlassianContext,
    ) -> Result<Self, CliError> {
        match print {
            None => {
                let cluster = subject
                    .cluster
                    .as_ref()
                    .ok_or("--print is needed where there is no cluster")?;
                let connector = connector(cluster.client.clone(), atlassian);
                let key = grant_key(&subject.integration);
                let could = connector.keeper.could_store(&key).await;
                could.map_err(|trouble| in_the_way(&trouble, &key))?;
                Ok(Self::Cluster(Box::new(connector)))
            }
            Some(path) if path == Path::new(OUT) => Ok(Self::Out),
            Some(path) => Ok(Self::File(path.to_owned(), OutputFile::prepare("--print", path)?)),
        }
    }

    /// Brings the consent to its end.
    pub async fn deliver(self, subject: &ConnectTarget, atlassian: &AtlassianContext, consent: Consent) -> Delivered {
        if let Self::Cluster(connector) = self {
            return into_cluster(&connector, subject, consent).await;
        }
        let (token, outcome) = match brought(subject, atlassian, &consent).await {
            Ok(brought) => brought,
            Err(outcome) => return outcome.into(),
        };
        let printed = match self {
            Self::File(path, place) => {
                let kept = place.keep(&target(subject), &subject.credentials, &token);
                kept.map(|()| {
                    let path = path.display();
                    format!("The Secret with the refresh token is in {path}, readable by you alone. Seal or apply it, and delete the file.")
                })
            }
            Self::Out | Self::Cluster(_) => to_stdout(subject, &token)
                .map(|()| "The Secret with the refresh token went to standard output.".to_owned()),
        };
        match printed {
            Ok(said) => Delivered { outcome, said },
            Err(error) => Delivered {
                outcome: ConnectOutcome::Failed(ConnectFailure::Unsaved {
                    detail: error.to_string(),
                }),
                said: rescue(subject, &token, "Seal or apply it, and delete the file."),
            },
        }
    }
}

fn in_the_way(trouble: &GrantError, key: &GrantKey) -> String {
    let found = findings::trouble(trouble, key);
    let why = found.map_or_else(
        || format!("Namespace {} is being deleted.", key.namespace),
        |f| f.message(),
    );
    format!("{why} Nobody was asked to consent, and nothing was changed")
}

fn connector(client: Client, atlassian: &AtlassianContext) -> Connector {
    let endpoint = TokenEndpoint::new(atlassian.http.clone(), Arc::clone(&atlassian.endpoints));
    Connector {
        keeper: Grants::new(GrantStore::new(client.clone(), Vec::new()), endpoint, Box::new(|_| ())),
        client,
        http: atlassian.http.clone(),
        endpoints: Arc::clone(&atlassian.endpoints),
        site_suffixes: atlassian.suffixes.clone(),
    }
}

async fn into_cluster(connector: &Connector, subject: &ConnectTarget, consent: Consent) -> Delivered {
    let key = grant_key(&subject.integration);
    let credentials = subject.credentials.clone();
    let waiting = match connector.attempt(&subject.integration, credentials, consent).await {
        Ok(outcome) if outcome.is_connected() => return stored(outcome, subject),
        Ok(outcome) => return outcome.into(),
        Err(waiting) => waiting,
    };
    say_on_stderr(&format!(
        "Atlassian gave the grant, and it could not be stored: {}. Trying again.",
        waiting.detail
    ));
    for _ in 0..AGAIN.0 {
        tokio::time::sleep(AGAIN.1).await;
        match connector.keeper.store_again(&key).await {
            Ok(SaveResult::Stored) => return stored(waiting.then, subject),
            Ok(SaveResult::Superseded) => return ConnectOutcome::Failed(ConnectFailure::Changed).into(),
            Err(_) => {}
        }
    }
    let said = match connector.keeper.give_up(&key).await {
        Some(token) => rescue(
            subject,
            &token,
            "Once the cluster takes it, kubectl apply it, and delete the file.",
        ),
        None => "Run this command again.".to_owned(),
    };
    Delivered {
        outcome: ConnectOutcome::Failed(ConnectFailure::Unsaved { detail: waiting.detail }),
        said,
    }
}

fn stored(outcome: ConnectOutcome, subject: &ConnectTarget) -> Delivered {
    let key = grant_key(&subject.integration);
    let (secret, namespace) = (key.secret_name(), &key.namespace);
    let next = if subject.integration.spec.suspend {
        let name = subject.integration.name_any();
        format!("It is used once the integration goes on: jira-operator resume {name} -n {namespace}")
    } else {
        "The operator takes it from there.".to_owned()
    };
    let said = format!("The grant is in Secret {secret} of namespace {namespace}. {next}");
    Delivered { outcome, said }
}

/// A grant that has no place yet is not thrown away: it is kept here, or where temporary files are.
fn rescue(subject: &ConnectTarget, token: &Secret, then: &str) -> String {
    let name = subject.integration.name_any();
    let apart = format!("{name}-connected-{:08x}.yaml", rand::random::<u32>());
    let files = [
        PathBuf::from(format!("{name}-connected.yaml")),
        std::env::temp_dir().join(apart),
    ];
    let mut failed = String::new();
    for file in files {
        let place = OutputFile::prepare("the file", &file);
        match place.and_then(|place| place.keep(&target(subject), &subject.credentials, token)) {
            Ok(()) => {
                let file = file.display();
                return format!(
                    "So that it is not lost, the Secret with it is in {file}, readable by you alone. {then}"
                );
            }
            Err(why) => failed = why.to_string(),
        }
    }
    format!("It could not be kept in a file either ({failed}). Run this command again.")
}

async fn brought(
    subject: &ConnectTarget,
    atlassian: &AtlassianContext,
    consent: &Consent,
) -> Result<(Secret, ConnectOutcome), ConnectOutcome> {
    let declared = DeclaredSpec::of(&subject.integration, &atlassian.suffixes);
    let key = grant_key(&subject.integration);
    let ways = (atlassian.http.clone(), Arc::clone(&atlassian.endpoints));
    let brought = exchange_only(ways, &declared, &subject.credentials, consent, &key).await?;
    Ok((brought.refresh_token, brought.outcome))
}

fn target(subject: &ConnectTarget) -> Manifest {
    let mut secret = Manifest::default();
    secret.metadata.name = Some(subject.integration.spec.secret_ref.name.clone());
    secret.metadata.namespace = subject.integration.namespace();
    secret
}

/// A file behind standard output is made readable by its owner alone; a pipe is its reader's affair.
fn to_stdout(subject: &ConnectTarget, token: &Secret) -> Result<(), CliError> {
    let failed = CliError::system("standard output");
    let mut out = File::from(std::io::stdout().as_fd().try_clone_to_owned().map_err(&failed)?);
    let is_file = out.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file {
        out.set_permissions(Permissions::from_mode(0o600)).map_err(&failed)?;
    }
    let text = secret_manifest(&target(subject), &subject.credentials, token)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(failed)
}
