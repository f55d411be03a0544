//! The consent page's rules: which authorize requests are shown, and what a person's decision leads to.

use std::collections::BTreeSet;

use url::Url;

use super::world::{Account, App, LoginRefusal, Site, World};

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
    /// Which of the scopes asked for; `None` means all.
    pub(crate) scopes: Option<BTreeSet<String>>,
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
    #[error("{0}")]
    CannotLogIn(#[from] LoginRefusal),
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
        let app = world.oauth.apps.get(client_id);
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
        let app = world.oauth.apps.get(&self.client_id)?;
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
        let app = self.app(world)?;
        let mut url = Url::parse(&app.callback_url).map_err(|_| ConsentError::BadCallback)?;
        url.query_pairs_mut().extend_pairs(pairs);
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        Ok(url.into())
    }

    /// The app that asks.
    pub(crate) fn app<'a>(&self, world: &'a World) -> Result<&'a App, ConsentError> {
        world.oauth.apps.get(&self.client_id).ok_or(ConsentError::UnknownClient)
    }

    /// Whether this account may be asked for its consent at all.
    pub(crate) fn may_be_granted_by(&self, world: &World, account: &Account) -> Result<(), ConsentError> {
        account.may_log_in()?;
        let app = self.app(world)?;
        let allowed = app.shared || app.owner == account.account_id;
        allowed.then_some(()).ok_or(ConsentError::NotShared)
    }

    /// Makes the grant and a code for it, and returns where the browser goes.
    pub(crate) fn granted(
        &self,
        world: &mut World,
        account: &str,
        sites: &BTreeSet<String>,
        scopes: &BTreeSet<String>,
    ) -> Result<String, ConsentError> {
        let app = self.app(world)?.clone();
        let scopes = scopes.difference(&app.withheld).cloned().collect::<BTreeSet<_>>();
        let now = world.now();
        let oauth = &mut world.oauth;
        let grant = oauth.consent(&app.client_id, account, sites, &scopes);
        let code = oauth.issue_code(now, grant, &app, scopes.contains("offline_access"));
        self.callback(world, &[("code", &code)])
    }

    /// Where a rejected request is sent.
    pub(crate) fn rejected(&self, world: &World, rejection: &Rejection) -> Result<String, ConsentError> {
        let description = ("error_description", rejection.description);
        self.callback(world, &[("error", rejection.error), description])
    }
}

/// The sites that an account can let an app in on: those whose products it may use.
pub(crate) fn sites_of<'a>(world: &'a World, account: &str) -> Vec<&'a Site> {
    let sites = world.sites.values();
    sites
        .filter(|site| site.host.is_some() && site.has_product_access(account))
        .collect()
}

/// Carries a decision out and returns where the browser goes.
pub(crate) fn decide(world: &mut World, request: &Request, decision: &Decision) -> Result<String, ConsentError> {
    if let Some(rejection) = request.rejection(world) {
        return request.rejected(world, &rejection);
    }
    let account = world.accounts.get(&decision.account).ok_or(LoginRefusal::Unknown)?;
    request.may_be_granted_by(world, account)?;
    if !decision.accept {
        let description = ("error_description", "User did not authorize the request");
        return request.callback(world, &[("error", "access_denied"), description]);
    }
    let reached: BTreeSet<_> = sites_of(world, &decision.account)
        .iter()
        .map(|site| &site.cloud_id)
        .collect();
    if decision.sites.is_empty() || !decision.sites.iter().all(|id| reached.contains(id)) {
        return Err(ConsentError::NoSite);
    }
    let chosen = decision.scopes.as_ref();
    let scopes = chosen.map_or_else(|| request.scopes.clone(), |chosen| &request.scopes & chosen);
    request.granted(world, &decision.account, &decision.sites, &scopes)
}
