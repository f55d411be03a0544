//! `check -f … --refresh --save FILE`: everything, live, from files alone. The refresh token is
//! exchanged, and the new one is kept before anything else is done with the answer.

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{
    evidence_file::Saved,
    manifest::{Declared, Manifests},
    report::Subject,
    save::Place,
    secret_manifest::SecretManifest,
    world::Atlassian,
};
use crate::{
    api::{
        condition::{ConditionType::Authorized, Finding},
        integration::JiraIntegration,
        reason::Reason,
    },
    atlassian::{
        client::AtlassianClient,
        oauth::{TokenEndpoint, Tokens},
        secret::Secret,
        token_answer::ExchangeFailure,
    },
    diagnose::{evidence, examine},
    grant::credentials::Credentials,
};

/// What is needed to spend a token.
#[derive(Debug)]
struct Ready {
    index: usize,
    integration: JiraIntegration,
    secret: SecretManifest,
    credentials: Credentials,
    token: Secret,
}

/// What came of it.
#[derive(Debug)]
pub struct Refreshed {
    /// The evidence, where there was an access token.
    pub evidence: Option<Saved>,
}

/// Exchanges the token, keeps the new one, and looks at everything. The findings take the place of
/// those of the integration.
///
/// # Errors
/// When nothing could be spent, or the new token could not be kept.
pub async fn refresh(manifests: &mut Manifests, atlassian: &Atlassian, save: &Path) -> Result<Refreshed, String> {
    let ready = ready(manifests)?;
    let place = Place::prepare("--save", save)?;
    let deaf = Deaf::until_kept()?;
    let endpoint = TokenEndpoint::new(atlassian.http.clone(), atlassian.endpoints.clone());
    let answer = endpoint.refresh(&ready.credentials.app, &ready.token).await;
    let name = ready.secret.name.clone();
    let mut written = ready.secret.secret.clone();
    written.metadata.name = Some(name.clone());
    written.metadata.namespace = ready.secret.namespace.clone();
    let keep = |token: &Secret| place.keep(&written, &ready.credentials, token);
    let (tokens, finding) = match answer {
        Ok(tokens) => {
            keep(tokens.refresh_token.as_ref().unwrap_or(&ready.token))?;
            let finding = granted(&tokens, save);
            (Some(tokens), finding)
        }
        Err(ExchangeFailure::Salvaged { refresh_token }) => {
            keep(&refresh_token)?;
            let what = format!(
                "Atlassian's answer could not be read; the new refresh token is in {}.",
                save.display()
            );
            (
                None,
                Finding::with_remedy(Authorized, Reason::AuthServerUnavailable, &what),
            )
        }
        Err(failure) => (None, refused(&failure, &name)),
    };
    deaf.listen();
    let Some(declared) = manifests.integrations.get_mut(ready.index) else {
        return Ok(Refreshed { evidence: None });
    };
    let evidence = match tokens {
        None => {
            declared.subject.lines.push(super::report::Line::of(&finding));
            None
        }
        Some(tokens) => Some(look(declared, &ready.integration, atlassian, tokens, finding).await),
    };
    Ok(Refreshed { evidence })
}

/// While the token is exchanged and kept, the program cannot be interrupted: it would be lost.
struct Deaf {
    interrupt: Signal,
    terminate: Signal,
}

impl Deaf {
    fn until_kept() -> Result<Self, String> {
        let of = |kind| signal(kind).map_err(|error| error.to_string());
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
        })
    }

    /// From now on it ends when it is told to, or has been told meanwhile.
    fn listen(mut self) {
        tokio::spawn(async move {
            let code = tokio::select! {
                _ = self.interrupt.recv() => 130,
                _ = self.terminate.recv() => 143,
            };
            std::process::exit(code);
        });
    }
}

async fn look(
    declared: &mut Declared,
    integration: &JiraIntegration,
    atlassian: &Atlassian,
    tokens: Tokens,
    authorized: Finding,
) -> Saved {
    let jira = AtlassianClient::new(atlassian.http.clone(), atlassian.endpoints.clone(), tokens.access_token);
    let asked = evidence::DeclaredSpec::of(integration, &atlassian.suffixes);
    let subject = &mut declared.subject;
    let mut saved = Saved::new(&subject.namespace, &subject.name, &[authorized]);
    saved.evidence = Some(examine::gather(&jira, asked, tokens.scopes).await);
    if let Some(live) = saved.subjects().into_iter().next() {
        take(subject, live);
    }
    saved
}

/// What was found live stands after what the file tells.
fn take(subject: &mut Subject, live: Subject) {
    let site = |line: &super::report::Line| line.condition == "SiteReachable";
    subject.lines.retain(|line| !site(line));
    subject.ready = live.ready;
    subject.notes.extend(live.notes);
    subject.lines.extend(live.lines);
    subject.parts = live.parts;
    subject.closing = live.closing;
}

/// One integration without findings whose Secret has a refresh token: nothing is spent for less.
fn ready(manifests: &Manifests) -> Result<Ready, String> {
    if manifests.has_findings() {
        return Err("nothing was spent, because of the findings above: mend them first".to_owned());
    }
    let mut all: Vec<Ready> = Vec::new();
    for (index, declared) in manifests.integrations.iter().enumerate() {
        let Some((integration, secret)) = declared.integration.as_ref().zip(declared.secret.as_ref()) else {
            continue;
        };
        if let Ok(credentials) = secret.credentials()
            && let Some(token) = credentials.refresh_token.clone()
        {
            all.push(Ready {
                index,
                integration: integration.clone(),
                secret: secret.clone(),
                credentials,
                token,
            });
        }
    }
    match (all.pop(), all.len()) {
        (Some(ready), 0) => Ok(ready),
        (None, _) => Err(
            "--refresh needs a JiraIntegration and its Secret with a refresh-token among the files; nothing was spent"
                .to_owned(),
        ),
        (Some(_), more) => Err(format!(
            "--refresh takes one JiraIntegration with its Secret, and the files have {}; nothing was spent",
            more + 1
        )),
    }
}

fn granted(tokens: &Tokens, save: &Path) -> Finding {
    let save = save.display();
    if tokens.refresh_token.is_none() {
        let what = format!("The refresh token works, but Atlassian sent no new one; the old one is in {save}.");
        return Finding::with_remedy(Authorized, Reason::OfflineAccessMissing, &what);
    }
    let message = format!("The refresh token was exchanged; the new one is in {save}, and the old one is spent.");
    Finding::new(Authorized, Reason::TokenFresh, message)
}

fn refused(failure: &ExchangeFailure, secret: &str) -> Finding {
    let (reason, what) = match failure {
        ExchangeFailure::GrantRefused { description } => (
            Reason::ReconnectRequired,
            format!("Atlassian refused the refresh-token in Secret {secret} ({description})."),
        ),
        ExchangeFailure::ClientRefused => (
            Reason::ClientSecretRejected,
            format!("Atlassian refused the client-id or client-secret in Secret {secret}; nothing was spent."),
        ),
        other => (
            Reason::AuthServerUnavailable,
            format!(
                "No access token could be obtained: {other}. The refresh token may be spent all the same; Atlassian accepts it for ten minutes more."
            ),
        ),
    };
    Finding::with_remedy(Authorized, reason, &what)
}
