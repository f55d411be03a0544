//! The login page: an address is all that it takes, and the browser stays logged in, also for the next app that asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::page::{Body, Fields, hidden, page as html};
use super::session_cookie;
use crate::sandbox::reply::{self, escape};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Account, LoginRefusal, World};

/// Where people log in who then go on to `location` on this server.
pub(super) fn address(location: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(location.as_bytes()).collect();
    format!("/login?continue={encoded}")
}

/// `GET /login`. Shown to those who are logged in as well: so they become somebody else.
pub(super) async fn page(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = Fields::read(query.unwrap_or_default().as_bytes());
    let world = shared.world();
    let present = world.logged_in(session_cookie::of(&headers));
    form(&world, present, destination(&query))
}

/// `POST /login`.
pub(super) async fn submit(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = Fields::read(&body);
    let destination = destination(&fields);
    let mut world = shared.world_mut();
    match world.log_in(fields.value("email")) {
        Ok(session) => {
            let mut answer = reply::redirect(destination.unwrap_or("/login"));
            session_cookie::begin(&mut answer, &session);
            answer
        }
        Err(refusal) => refuse(refusal, world.logged_in(session_cookie::of(&headers)), destination),
    }
}

/// Where the browser goes after the login: to a consent page of this server, and nowhere else.
fn destination(fields: &Fields) -> Option<&str> {
    let wanted = fields.value("continue");
    wanted.starts_with("/authorize?").then_some(wanted)
}

/// Name and address of an account, as a person reads them.
pub(super) fn describe(account: &Account) -> String {
    format!("{} ({})", escape(&account.display_name), escape(&account.email))
}

fn form(world: &World, present: Option<&Account>, destination: Option<&str>) -> Response {
    let carried = destination.map_or_else(String::new, |place| hidden("continue", place));
    let mut body = Body::default();
    body.add(
        "<p class=\"note\">A sandbox of Atlassian's login, without passwords: an address is enough. \
         The browser stays logged in until it is closed.</p>\n",
    );
    if let Some(account) = present {
        body.add(format_args!(
            "<p>This browser is logged in as <strong>{}</strong>.</p>\n",
            describe(account)
        ));
    }
    if let (Some(_), Some(place)) = (present, destination) {
        body.add(format_args!(
            "<p><a href=\"{}\">Go on with this account</a></p>\n",
            escape(place)
        ));
    }
    body.add(format_args!(
        "<form method=\"post\" action=\"/login\">\n{carried}\
         <label for=\"email\">Email</label>\n\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required autofocus>\n\
         <button>Log in</button>\n</form>\n\
         <h2>Or choose an account</h2>\n\
         <form method=\"post\" action=\"/login\">\n{carried}<ul class=\"choices\">\n"
    ));
    let people = world.accounts.values().filter(|account| account.may_log_in().is_ok());
    let people: BTreeMap<_, _> = people.map(|account| (&account.email, account)).collect();
    for account in people.values() {
        let (name, email) = (escape(&account.display_name), escape(&account.email));
        body.add(format_args!(
            "<li><button name=\"email\" value=\"{email}\">{name} <small>{email}</small></button></li>\n"
        ));
    }
    body.add("</ul>\n</form>");
    html(200, "Log in to continue", &body)
}

fn refuse(refusal: LoginRefusal, present: Option<&Account>, destination: Option<&str>) -> Response {
    let mut body = Body::default();
    let why = escape(&refusal.to_string());
    body.add(format_args!("<p>You cannot log in with this address: {why}.</p>\n"));
    if let Some(account) = present {
        body.add(format_args!(
            "<p>This browser is still logged in as <strong>{}</strong>.</p>\n",
            describe(account)
        ));
    }
    let again = destination.map_or_else(|| "/login".to_owned(), address);
    body.add(format_args!(
        "<p><a href=\"{}\">Log in with another account</a></p>",
        escape(&again)
    ));
    html(403, "This account cannot log in", &body)
}
