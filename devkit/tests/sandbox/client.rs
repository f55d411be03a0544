//! A client of the sandbox for its own tests.

use devkit::sandbox::{Answer, AppCredentials, Command, Sandbox, Tokens};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Value, json};

/// A sandbox, its app, and the dedicated account's grant on the first site.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) app: AppCredentials,
    pub(crate) tokens: Tokens,
    pub(crate) http: Client,
}

/// A command of the sandbox, from JSON as over the control endpoint.
pub(crate) fn command(text: Value) -> Command {
    serde_json::from_value(text).unwrap()
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder();
        let http = http.redirect(redirect::Policy::none()).build().unwrap();
        let sandbox = Sandbox::start().await.unwrap();
        let app = sandbox.app(None).unwrap();
        let tokens = sandbox.mint(&app.client_id, None).unwrap();
        Self {
            sandbox,
            app,
            tokens,
            http,
        }
    }

    pub(crate) fn run(&self, text: Value) -> Answer {
        self.sandbox.command(command(text)).unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    pub(crate) fn cloud_id(&self, site: &str) -> String {
        let read = |world: &devkit::sandbox::World| world.site(site).unwrap().cloud_id.clone();
        self.sandbox.state(read)
    }

    /// A request to a site's REST API with the dedicated account's token.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.get_as(&self.tokens.access_token, path)
    }

    pub(crate) fn get_as(&self, token: &str, path: &str) -> RequestBuilder {
        let base = format!("/ex/jira/{}", self.cloud_id("acme"));
        self.http.get(self.url(&format!("{base}{path}"))).bearer_auth(token)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let base = format!("/ex/jira/{}", self.cloud_id("acme"));
        let request = self.http.post(self.url(&format!("{base}{path}")));
        request.bearer_auth(&self.tokens.access_token).json(body)
    }

    /// A request with any method to a site's REST API with the dedicated account's token.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> RequestBuilder {
        self.send_as(&self.tokens.access_token, method, path, body)
    }

    pub(crate) fn send_as(&self, token: &str, method: &str, path: &str, body: &Value) -> RequestBuilder {
        let url = self.url(&format!("/ex/jira/{}{path}", self.cloud_id("acme")));
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth(token);
        if body.is_null() { request } else { request.json(body) }
    }

    /// The access token of an account's own grant.
    pub(crate) fn token_of(&self, account: &str) -> String {
        self.mint(json!({"command": "mintGrant", "account": account}))
            .access_token
    }

    /// The account's id.
    pub(crate) fn account(&self, email: &str) -> String {
        let read = |world: &devkit::sandbox::World| world.account(email).unwrap().account_id.clone();
        self.sandbox.state(read)
    }

    /// A token request with a refresh token.
    pub(crate) fn refresh_request(&self, refresh_token: &str) -> RequestBuilder {
        self.http.post(self.url("/oauth/token")).json(&json!({
            "grant_type": "refresh_token",
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "refresh_token": refresh_token,
        }))
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        answer(self.refresh_request(refresh_token)).await
    }

    /// The refresh token that a successful refresh gives.
    pub(crate) async fn rotated(&self, refresh_token: &str) -> String {
        let (status, body) = self.refresh(refresh_token).await;
        assert_eq!(status, 200, "{body}");
        text(&body["refresh_token"])
    }

    /// The tokens of a grant minted by this command.
    pub(crate) fn mint(&self, text: Value) -> Tokens {
        self.sandbox.mint_as(command(text)).unwrap()
    }
}

/// Status and JSON body.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    read(request.send().await.unwrap()).await
}

pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The keys of listed projects.
pub(crate) fn keys(body: &Value) -> Vec<String> {
    let values = body["values"].as_array().unwrap();
    values.iter().map(|project| text(&project["key"])).collect()
}

/// A page of a search.
pub(crate) async fn search(bench: &Bench, body: Value) -> (u16, Value) {
    answer(bench.post("/rest/api/3/search/jql", &body)).await
}

/// The keys that a query finds, which are a hundred at most.
pub(crate) async fn found(bench: &Bench, jql: &str) -> Vec<String> {
    let (status, body) = search(bench, json!({"jql": jql, "fields": ["key"], "maxResults": 100})).await;
    assert_eq!(status, 200, "{jql}: {body}");
    let issues = body["issues"].as_array().unwrap();
    issues.iter().map(|issue| text(&issue["key"])).collect()
}

/// Why a query is refused.
pub(crate) async fn refused(bench: &Bench, jql: &str) -> String {
    let (status, body) = search(bench, json!({"jql": jql})).await;
    assert_eq!(status, 400, "{jql}: {body}");
    text(&body["errorMessages"][0])
}

/// An issue's id by its key.
pub(crate) fn id_of(bench: &Bench, key: &str) -> u64 {
    bench
        .sandbox
        .state(|world| world.site("acme").unwrap().issue(key).unwrap().1.id)
}
