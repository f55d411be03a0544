//! Brings a consent to its end: from the code to the grant in its Secret.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1;
use kube::{Api, Client, ResourceExt, api::ListParams};
use reqwest::Client as Http;
use url::Url;

use super::{
    judge::{ConsentJudgement, judge, passing},
    outcome::{ConnectFailure, ConnectOutcome},
};
use crate::{
    api::{
        condition::{ConditionType::Authorized, Finding},
        integration::JiraIntegration,
        reason::Reason,
        scopes::scope_parameter,
    },
    atlassian::{
        client::AtlassianClient,
        endpoints::Endpoints,
        oauth::{TokenEndpoint, Tokens},
        secret::Secret,
        token_answer::ExchangeFailure,
    },
    diagnose::DeclaredSpec,
    grant::{Consent, ConsentError, Credentials, CredentialsError, GrantError, GrantKey, Grants, findings},
};

/// What connecting takes.
#[derive(Clone)]
pub struct Connector {
    /// The cluster.
    pub client: Client,
    /// The grants.
    pub keeper: Arc<Grants>,
    /// The way to Atlassian.
    pub http: Http,
    /// Where Atlassian is.
    pub endpoints: Arc<Endpoints>,
    /// Host suffixes of sites that are allowed besides Jira Cloud's.
    pub site_suffixes: Vec<String>,
}

/// The grant that belongs to an integration.
#[must_use]
pub fn grant_key(integration: &JiraIntegration) -> GrantKey {
    GrantKey {
        namespace: integration.namespace().unwrap_or_default(),
        credentials: integration.spec.secret_ref.name.clone(),
    }
}

/// Where the person consents. Always to the full set of scopes, so that later features need no new consent.
/// None when the authorization server's address cannot carry a query.
#[must_use]
pub fn authorize(endpoints: &Endpoints, credentials: &Credentials, redirect_uri: &str, state: &str) -> Option<Url> {
    endpoints.authorize(&credentials.app.client_id, &scope_parameter(), redirect_uri, state)
}

impl Connector {
    /// The integration, if there is one. By a list of one: the operator has no right to get them.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub async fn integration(&self, namespace: &str, name: &str) -> kube::Result<Option<JiraIntegration>> {
        let api: Api<JiraIntegration> = Api::namespaced(self.client.clone(), namespace);
        let one = ListParams::default().fields(&format!("metadata.name={name}"));
        Ok(api.list(&one).await?.items.into_iter().next())
    }

    /// The app's credentials.
    ///
    /// # Errors
    /// When the API server cannot be asked; inside, when the Secret cannot be used.
    pub async fn credentials(
        &self,
        integration: &JiraIntegration,
    ) -> kube::Result<Result<Credentials, CredentialsError>> {
        let key = grant_key(integration);
        let api: Api<v1::Secret> = Api::namespaced(self.client.clone(), &key.namespace);
        let secret = api.get_opt(&key.credentials).await?;
        Ok(Credentials::read(&key.credentials, secret.as_ref()))
    }

    /// Exchanges the code, judges what it brought and stores it.
    pub async fn complete(
        &self,
        integration: &JiraIntegration,
        credentials: Credentials,
        consent: Consent,
    ) -> ConnectOutcome {
        let done = self.attempt(integration, credentials, consent).await;
        done.unwrap_or_else(|waiting| {
            let detail = waiting.detail;
            ConnectOutcome::Failed(ConnectFailure::Unsaved { detail })
        })
    }

    /// The same, for somebody who stays with a grant that the cluster does not take.
    ///
    /// # Errors
    /// When the grant waits in memory.
    pub async fn attempt(
        &self,
        integration: &JiraIntegration,
        credentials: Credentials,
        consent: Consent,
    ) -> Result<ConnectOutcome, UnsavedConsent> {
        let key = grant_key(integration);
        let declared = DeclaredSpec::of(integration, &self.site_suffixes);
        let (found, keep) = tokio::sync::oneshot::channel();
        let (http, endpoints) = (self.http.clone(), Arc::clone(&self.endpoints));
        let look = move |tokens: Tokens| async move {
            let client = AtlassianClient::new(http, endpoints, tokens.access_token);
            let judged = judge(&client, &declared, tokens.scopes.as_deref()).await;
            if !judged.is_accepted() {
                return Err(judged);
            }
            // Nobody may be waiting any more; the grant is stored all the same.
            let _ = found.send(judged);
            Ok(())
        };
        match self.keeper.connect(&key, credentials, consent, look).await {
            Ok(held) => Ok(connected(keep.await.unwrap_or_default(), held.access.refreshed_at)),
            Err(ConsentError::Cluster(GrantError::NotWritable {
                detail, unsaved: true, ..
            })) => Err(UnsavedConsent {
                detail,
                then: connected(keep.await.unwrap_or_default(), Timestamp::now()),
            }),
            Err(refused) => Ok(not_taken(refused, &key)),
        }
    }
}

/// A grant that is the right one and could not be stored yet.
pub struct UnsavedConsent {
    /// What the API server answered.
    pub detail: String,
    /// What it comes to once it is stored.
    pub then: ConnectOutcome,
}

/// What a consent brought that is to be kept elsewhere than in a cluster.
pub struct UnstoredGrant {
    /// The refresh token.
    pub refresh_token: Secret,
    /// What was found of it.
    pub outcome: ConnectOutcome,
}

/// Exchanges the code and judges what it brought, for somebody who keeps it elsewhere.
///
/// # Errors
/// What became of the consent, where there is nothing to keep.
pub async fn exchange_only(
    (http, endpoints): (Http, Arc<Endpoints>),
    declared: &DeclaredSpec,
    credentials: &Credentials,
    consent: &Consent,
    key: &GrantKey,
) -> Result<UnstoredGrant, ConnectOutcome> {
    let endpoint = TokenEndpoint::new(http.clone(), Arc::clone(&endpoints));
    let exchanged = endpoint.exchange_code(&credentials.app, &consent.code, &consent.redirect_uri);
    let tokens = exchanged
        .await
        .map_err(|failure| not_taken(ConsentError::Exchange(failure), key))?;
    let Some(refresh_token) = tokens.refresh_token else {
        return Err(not_taken(ConsentError::NoRefreshToken, key));
    };
    let client = AtlassianClient::new(http, endpoints, tokens.access_token);
    let judged = judge(&client, declared, tokens.scopes.as_deref()).await;
    if !judged.is_accepted() {
        return Err(not_taken(ConsentError::Refused(judged), key));
    }
    Ok(UnstoredGrant {
        refresh_token,
        outcome: connected(judged, Timestamp::now()),
    })
}

fn connected(judged: ConsentJudgement, since: Timestamp) -> ConnectOutcome {
    ConnectOutcome::Connected {
        account: judged.account.unwrap_or_default(),
        findings: judged.findings,
        since,
    }
}

fn not_taken(refused: ConsentError<ConsentJudgement>, key: &GrantKey) -> ConnectOutcome {
    let refuse = |finding| ConnectOutcome::Refused(vec![finding]);
    let for_now = |what: &str| refuse(passing(Authorized, Reason::AuthServerUnavailable, what));
    match refused {
        ConsentError::Refused(judged) => ConnectOutcome::Refused(judged.findings),
        ConsentError::NoRefreshToken => {
            let what = "Atlassian sent no refresh token, so the grant would end within an hour; it was not stored.";
            refuse(Finding::with_remedy(Authorized, Reason::OfflineAccessMissing, what))
        }
        ConsentError::Exchange(ExchangeFailure::ClientRefused) => {
            let what = format!(
                "Atlassian refused the client-id or client-secret in Secret {}.",
                key.credentials
            );
            refuse(Finding::with_remedy(Authorized, Reason::ClientSecretRejected, &what))
        }
        ConsentError::Exchange(ExchangeFailure::GrantRefused { description }) => {
            ConnectOutcome::Failed(ConnectFailure::CodeRefused { description })
        }
        ConsentError::Exchange(ExchangeFailure::Unavailable { detail, .. }) => {
            for_now(&format!("The code could not be exchanged: {detail}."))
        }
        // Half an answer of a consent is not worth keeping: the person is here to try again.
        ConsentError::Exchange(ExchangeFailure::Salvaged { .. }) => {
            for_now("Atlassian's answer to the code could not be read.")
        }
        ConsentError::Cluster(GrantError::NotWritable { attempt, detail, .. }) => {
            let what = findings::told(&key.secret_name(), attempt, &detail);
            refuse(passing(Authorized, Reason::SecretNotWritable, &what))
        }
        ConsentError::Superseded => ConnectOutcome::Failed(ConnectFailure::Changed),
        ConsentError::Cluster(trouble) => match findings::trouble(&trouble, key) {
            Some(finding) => refuse(finding),
            None => ConnectOutcome::Failed(ConnectFailure::Changed),
        },
    }
}
