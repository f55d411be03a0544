//! Exchanges at Atlassian's token endpoint.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    RedirectUrl, RefreshToken, RequestTokenError, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicRequestTokenError, BasicTokenResponse},
};
use reqwest::{Client, StatusCode};

use super::{
    body::{self, Body, BodyEnd},
    endpoints::Endpoints,
    secret::Secret,
    token_answer::{ExchangeFailure, NO_TOKENS, ended, find_refresh_token, refusal},
};

/// Lifetime of an access token whose answer names none; Atlassian's own figure [RFC 6749 §5.1
/// leaves it open].
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// The credentials of an OAuth 2.0 (3LO) app.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    /// The app's public id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

/// What a successful exchange brings.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Opens the API gateway.
    pub access_token: Secret,
    /// How long, counted from the request.
    pub lifetime: Duration,
    /// The next refresh token; absent when offline access was not granted.
    pub refresh_token: Option<Secret>,
    /// Scopes that were granted, where the answer says so.
    pub scopes: Option<Vec<String>>,
}

/// The token endpoint.
#[derive(Clone, Debug)]
pub struct TokenEndpoint {
    http: Client,
    endpoints: Arc<Endpoints>,
}

/// Carries our own classification through the oauth2 crate's error.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
struct Classified(ExchangeFailure);

impl TokenEndpoint {
    /// The token endpoint at these addresses.
    #[must_use]
    pub fn new(http: Client, endpoints: Arc<Endpoints>) -> Self {
        Self { http, endpoints }
    }

    /// Exchanges a refresh token. The token counts as spent from the moment of the call, however
    /// it ends.
    ///
    /// # Errors
    /// An [`ExchangeFailure`]; only `GrantRefused` proves that the grant is dead.
    pub async fn refresh(&self, app: &OAuthApp, refresh_token: &Secret) -> Result<Tokens, ExchangeFailure> {
        let client = self.client(app)?;
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let found: Arc<Mutex<Option<Secret>>> = Arc::default();
        let send = self.sender(&found);
        let answer = read(client.exchange_refresh_token(&token).request_async(&send).await, &found);
        answer.map_err(|failure| failure.without(&[token.secret(), app.client_secret.expose()]))
    }

    /// Exchanges the code that a consent ended with. `redirect_uri` is the one that the consent was
    /// asked for with (RFC 6749 §4.1.3). A code works once, and not for long.
    ///
    /// # Errors
    /// An [`ExchangeFailure`]; `GrantRefused` says that the code is used, expired or another app's.
    pub async fn exchange_code(
        &self,
        app: &OAuthApp,
        code: &Secret,
        redirect_uri: &str,
    ) -> Result<Tokens, ExchangeFailure> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| no_url("the callback address"))?;
        let client = self.client(app)?.set_redirect_uri(redirect);
        let code = AuthorizationCode::new(code.expose().to_owned());
        let found: Arc<Mutex<Option<Secret>>> = Arc::default();
        let send = self.sender(&found);
        let answer = read(client.exchange_code(code.clone()).request_async(&send).await, &found);
        answer.map_err(|failure| failure.without(&[code.secret(), app.client_secret.expose()]))
    }

    fn client(&self, app: &OAuthApp) -> Result<OauthClient, ExchangeFailure> {
        let url =
            TokenUrl::new(self.endpoints.token()).map_err(|_| no_url("the address of the authorization server"))?;
        Ok(BasicClient::new(ClientId::new(app.client_id.clone()))
            .set_client_secret(ClientSecret::new(app.client_secret.expose().to_owned()))
            .set_token_uri(url)
            .set_auth_type(AuthType::RequestBody))
    }

    fn sender(
        &self,
        found: &Arc<Mutex<Option<Secret>>>,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Classified>> + use<> {
        let (http, slot) = (self.http.clone(), Arc::clone(found));
        move |request: HttpRequest| send(http.clone(), request, Arc::clone(&slot)).boxed()
    }
}

/// The crate's client with a token endpoint.
type OauthClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn no_url(what: &str) -> ExchangeFailure {
    ExchangeFailure::unavailable(format!("{what} is not a URL"))
}

fn read(
    answer: Result<BasicTokenResponse, BasicRequestTokenError<Classified>>,
    found: &Mutex<Option<Secret>>,
) -> Result<Tokens, ExchangeFailure> {
    match answer {
        Ok(answer) => Ok(Tokens {
            access_token: Secret::new(answer.access_token().secret().clone()),
            lifetime: answer.expires_in().unwrap_or(DEFAULT_LIFETIME),
            refresh_token: answer.refresh_token().map(|t| Secret::new(t.secret().clone())),
            scopes: answer.scopes().map(|all| all.iter().map(|s| s.to_string()).collect()),
        }),
        Err(RequestTokenError::Request(Classified(failure))) => Err(failure),
        // The other variants carry the raw body and are never printed.
        Err(_) => Err(unreadable(found)),
    }
}

async fn send(
    http: Client,
    request: HttpRequest,
    found: Arc<Mutex<Option<Secret>>>,
) -> Result<HttpResponse, Classified> {
    let (parts, body) = request.into_parts();
    let unavailable = |error: reqwest::Error| Classified(transport(&error));
    let response = http
        .request(parts.method, parts.uri.to_string())
        .headers(parts.headers)
        .body(body)
        .send()
        .await
        .map_err(unavailable)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let Body { bytes, end } = Body::read(response, body::ONE).await;
    if status != StatusCode::OK {
        return Err(Classified(refusal(status, &headers, &bytes)));
    }
    let whole = matches!(end, BodyEnd::Whole);
    if let Ok(mut slot) = found.lock() {
        *slot = find_refresh_token(if whole { &bytes } else { ended(&bytes) });
    }
    match end {
        BodyEnd::Whole => {}
        BodyEnd::TooLong => return Err(Classified(unreadable(&found))),
        BodyEnd::Broken(error) => return Err(Classified(salvaged(&found).unwrap_or_else(|| transport(&error)))),
    }
    // Without its content type the body is judged by what it is.
    let mut answer = HttpResponse::new(bytes);
    *answer.status_mut() = status;
    Ok(answer)
}

fn unreadable(found: &Mutex<Option<Secret>>) -> ExchangeFailure {
    salvaged(found).unwrap_or_else(|| ExchangeFailure::unavailable(NO_TOKENS))
}

fn salvaged(found: &Mutex<Option<Secret>>) -> Option<ExchangeFailure> {
    let refresh_token = found.lock().ok()?.take()?;
    Some(ExchangeFailure::Salvaged { refresh_token })
}

fn transport(error: &reqwest::Error) -> ExchangeFailure {
    ExchangeFailure::unavailable(if error.is_timeout() {
        "the token endpoint did not answer in time"
    } else if error.is_connect() {
        "the token endpoint could not be reached"
    } else {
        "the connection to the token endpoint broke"
    })
}
