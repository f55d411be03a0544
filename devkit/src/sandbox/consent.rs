//! The consent page's rules: which authorize requests are shown, and what a person's decision leads to.

use std::collections::BTreeSet;

use url::Url;

use super::world::{AccountType, World};

/// An authorize request that may be shown to a person.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) client_id: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) state: Option<String>,
    /// Whether `response_type` is `code`, the only one there is.
    wants_code: bool,
}

/// What a person chose.
pub(crate) struct Decision {
    /// Account id.
    pub(crate) account: String,
    /// Cloud ids.
    pub(crate) sites: BTreeSet<String>,
    /// Accept or cancel.
    pub(crate) accept: bool,
}

/// Why there is nothing to decide. Shown on a page; without a trusted callback address nobody is redirected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsentError {
    #[error("client_id is missing or unknown")]
    UnknownClient,
    #[error("redirect_uri is not the callback URL of the app")]
    WrongRedirect,
    #[error("the app is private: only its owner may authorise it")]
    NotShared,
    #[error("the account cannot log in to give its consent")]
    CannotLogIn,
    #[error("the account has no access to the chosen site, or none was chosen")]
    NoSite,
    #[error("the callback URL of the app is not a URL")]
    BadCallback,
}

/// An authorize request that is answered at the callback address at once (RFC 6749 §4.1.2.1).
pub(crate) struct Rejection {
    error: &'static str,
    description: &'static str,
}

impl Request {
    /// Reads an authorize request.
    pub(crate) fn read(world: &World, query: &[(String, String)]) -> Result<Self, ConsentError> {
        let value = |name: &str| {
            let found = query.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let client_id = value("client_id").ok_or(ConsentError::UnknownClient)?;
        let app = world.ledger.apps.get(client_id);
        let app = app.ok_or(ConsentError::UnknownClient)?;
        if value("redirect_uri") != Some(app.callback_url.as_str()) {
            return Err(ConsentError::WrongRedirect);
        }
        let scope = value("scope").unwrap_or_default();
        let scopes = scope.split_whitespace().map(str::to_owned).collect();
        Ok(Self {
            client_id: client_id.to_owned(),
            scopes,
            state: value("state").map(str::to_owned),
            wants_code: value("response_type") == Some("code"),
        })
    }

    /// Whether the request can be granted at all.
    pub(crate) fn rejection(&self, world: &World) -> Option<Rejection> {
        let app = world.ledger.apps.get(&self.client_id)?;
        if !self.wants_code {
            return Some(Rejection {
                error: "unsupported_response_type",
                description: "response_type must be code",
            });
        }
        let known = |scope: &String| scope == "offline_access" || app.scopes.contains(scope);
        let valid = !self.scopes.is_empty() && self.scopes.iter().all(known);
        (!valid).then_some(Rejection {
            error: "invalid_scope",
            description: "scope names what was not added to the app",
        })
    }

    /// The callback address with these parameters and the caller's `state`.
    fn callback(&self, world: &World, pairs: &[(&str, &str)]) -> Result<String, ConsentError> {
        let app = world.ledger.apps.get(&self.client_id);
        let app = app.ok_or(ConsentError::UnknownClient)?;
        let mut url = Url::parse(&app.callback_url).map_err(|_| ConsentError::BadCallback)?;
        url.query_pairs_mut().extend_pairs(pairs);
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        Ok(url.into())
    }

    /// Where a rejected request is sent.
    pub(crate) fn rejected(&self, world: &World, rejection: &Rejection) -> Result<String, ConsentError> {
        let description = ("error_description", rejection.description);
        self.callback(world, &[("error", rejection.error), description])
    }
}

/// Carries a decision out and returns where the browser goes.
pub(crate) fn decide(world: &mut World, request: &Request, decision: &Decision) -> Result<String, ConsentError> {
    if let Some(rejection) = request.rejection(world) {
        return request.rejected(world, &rejection);
    }
    let app = world.ledger.apps.get(&request.client_id).cloned();
    let app = app.ok_or(ConsentError::UnknownClient)?;
    if !app.shared && app.owner != decision.account {
        return Err(ConsentError::NotShared);
    }
    let account = world.accounts.get(&decision.account);
    // Only people log in; apps, managed service accounts and portal customers have no Atlassian account to do it with.
    let person = |kind| kind == AccountType::Atlassian;
    if !account.is_some_and(|account| account.active && person(account.account_type)) {
        return Err(ConsentError::CannotLogIn);
    }
    if !decision.accept {
        let description = ("error_description", "User did not authorize the request");
        return request.callback(world, &[("error", "access_denied"), description]);
    }
    let me = decision.account.as_str();
    let reaches = |id: &String| {
        let site = world.sites.get(id);
        site.is_some_and(|site| site.host.is_some() && site.has_product_access(me))
    };
    if decision.sites.is_empty() || !decision.sites.iter().all(reaches) {
        return Err(ConsentError::NoSite);
    }
    let now = world.now();
    let ledger = &mut world.ledger;
    let (sites, scopes) = (&decision.sites, &request.scopes);
    let grant = ledger.consent(&app.client_id, &decision.account, sites, scopes);
    let offline = scopes.contains("offline_access");
    let code = ledger.issue_code(now, grant, &app, offline);
    request.callback(world, &[("code", &code)])
}
