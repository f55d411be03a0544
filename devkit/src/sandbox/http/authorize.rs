//! The consent page: choose account and sites, accept or cancel, and go back to the app.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use crate::sandbox::consent::{self, ConsentError, Decision, Request};
use crate::sandbox::reply::{self, escape};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Account, AccountType, World};

type Pairs = Vec<(String, String)>;

fn pairs(text: &[u8]) -> Pairs {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// `GET /authorize`.
pub(super) async fn page(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let world = shared.world();
    let query = pairs(query.unwrap_or_default().as_bytes());
    let shown = Request::read(&world, &query).and_then(|request| show(&world, &request, &query));
    shown.unwrap_or_else(|error| refuse(&error))
}

/// `POST /authorize`: the form of the page, with the request's own parameters carried along.
pub(super) async fn submit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let mut world = shared.world_mut();
    let form = pairs(&body);
    let values = |name: &'static str| {
        let found = form.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let decision = Decision {
        account: values("account").next().unwrap_or_default(),
        sites: values("site").collect(),
        accept: values("decision").next().as_deref() == Some("accept"),
    };
    let location = Request::read(&world, &form).and_then(|request| consent::decide(&mut world, &request, &decision));
    match location {
        Ok(location) => reply::redirect(&location),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &ConsentError) -> Response {
    let message = format!("<p>{}.</p>", escape(&error.to_string()));
    reply::html(400, "Something went wrong", &message)
}

fn show(world: &World, request: &Request, query: &Pairs) -> Result<Response, ConsentError> {
    if let Some(rejection) = request.rejection(world) {
        let location = request.rejected(world, &rejection)?;
        return Ok(reply::redirect(&location));
    }
    let app = world.ledger.apps.get(&request.client_id);
    let app = app.ok_or(ConsentError::UnknownClient)?;
    let mut form = String::from("<form method=\"post\" action=\"/authorize\">");
    for (key, value) in query {
        let (key, value) = (escape(key), escape(value));
        push(
            &mut form,
            format_args!("<input type=\"hidden\" name=\"{key}\" value=\"{value}\">"),
        );
    }
    form.push_str("<p><label>Account <select name=\"account\">");
    for account in world.accounts.values().filter(|account| can_log_in(account)) {
        let (id, name) = (escape(&account.account_id), escape(&account.email));
        push(&mut form, format_args!("<option value=\"{id}\">{name}</option>"));
    }
    form.push_str("</select></label></p><p><label>Use app on <select name=\"site\">");
    for site in world.sites.values().filter(|site| site.host.is_some()) {
        let (id, url) = (escape(&site.cloud_id), escape(&site.url()));
        push(&mut form, format_args!("<option value=\"{id}\">{url}</option>"));
    }
    form.push_str("</select></label></p><ul>");
    for scope in &request.scopes {
        push(&mut form, format_args!("<li>{}</li>", escape(scope)));
    }
    form.push_str("</ul><button name=\"decision\" value=\"accept\">Accept</button> ");
    form.push_str("<button name=\"decision\" value=\"deny\">Cancel</button></form>");
    let title = format!("{} is requesting access", escape(&app.name));
    Ok(reply::html(200, &title, &form))
}

fn can_log_in(account: &Account) -> bool {
    account.active && account.account_type == AccountType::Atlassian
}

fn push(form: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = form.write_fmt(text);
}
