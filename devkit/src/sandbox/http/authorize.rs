//! The consent page: who is logged in, which site, which scopes; accept or cancel, and go back to the app.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::page::{Body, Fields, hidden, page as html};
use super::{login_page, session_cookie};
use crate::sandbox::consent::{self, ConsentError, Decision, Request};
use crate::sandbox::reply::{self, escape};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::{Account, World};

/// Fields in which the form says what the person decided; an app cannot put them there.
const OWN_FIELDS: [&str; 5] = ["account", "site", "scopes", "chosen", "decision"];

/// `GET /authorize`. Whoever is not logged in is sent to the login page first; whoever is, is not asked who they are.
pub(super) async fn page(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.unwrap_or_default();
    let world = shared.world();
    let shown = show(&world, &query, world.logged_in(session_cookie::of(&headers)));
    shown.unwrap_or_else(|error| refuse(&error, &query))
}

/// `POST /authorize`: the form of the page, with the request's own parameters carried along. The account stands in the
/// form, so that what was shown is what is granted, whoever logged in in another tab meanwhile.
pub(super) async fn submit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let mut world = shared.world_mut();
    let form = Fields::read(&body);
    let owned = |name: &'static str| form.values(name).map(str::to_owned).collect::<BTreeSet<_>>();
    let decision = Decision {
        account: form.value("account").to_owned(),
        sites: owned("site").into_iter().filter(|site| !site.is_empty()).collect(),
        scopes: (form.value("scopes") == "chosen").then(|| owned("chosen")),
        accept: form.value("decision") == "accept",
    };
    let request = Request::read(&world, form.all());
    match request.and_then(|request| consent::decide(&mut world, &request, &decision)) {
        Ok(location) => reply::redirect(&location),
        Err(error) => refuse(&error, ""),
    }
}

fn refuse(error: &ConsentError, query: &str) -> Response {
    let mut body = Body::default();
    body.add(format_args!("<p>{}.</p>\n", escape(&error.to_string())));
    if matches!(error, ConsentError::NotShared) && !query.is_empty() {
        body.add(switch_account(query));
    }
    html(400, "Something went wrong", &body)
}

fn switch_account(query: &str) -> String {
    let address = login_page::address(&format!("/authorize?{query}"));
    format!("<p><a href=\"{}\">Switch account</a></p>\n", escape(&address))
}

fn show(world: &World, query: &str, account: Option<&Account>) -> Result<Response, ConsentError> {
    let fields = Fields::read(query.as_bytes());
    let request = Request::read(world, fields.all())?;
    if let Some(rejection) = request.rejection(world) {
        let location = request.rejected(world, &rejection)?;
        return Ok(reply::redirect(&location));
    }
    let Some(account) = account else {
        return Ok(reply::redirect(&login_page::address(&format!("/authorize?{query}"))));
    };
    request.may_be_granted_by(world, account)?;
    let app = escape(&request.app(world)?.name);
    let mut body = Body::default();
    let who = login_page::describe(account);
    body.add(format_args!("<p>Logged in as <strong>{who}</strong></p>\n"));
    body.add(switch_account(query));
    body.add("<form method=\"post\" action=\"/authorize\">\n");
    let carried = fields
        .all()
        .iter()
        .filter(|(key, _)| !OWN_FIELDS.contains(&key.as_str()));
    for (key, value) in carried {
        body.add(hidden(key, value));
    }
    body.add(hidden("account", &account.account_id));
    let sites = site_chooser(world, account);
    let no_site = "<p>This account can use no site on which the app could be let in.</p>\n";
    body.add(sites.as_deref().unwrap_or(no_site));
    body.add(format_args!("<p>{app} asks for:</p>\n{}", scope_list(&request.scopes)));
    if sites.is_some() {
        body.add(scope_choice(&request.scopes));
        body.add("<button name=\"decision\" value=\"accept\">Accept</button> ");
    }
    body.add("<button name=\"decision\" value=\"deny\" formnovalidate>Cancel</button>\n</form>");
    let title = format!("{} is requesting access", request.app(world)?.name);
    Ok(html(200, &title, &body))
}

/// The sites to choose from, if there are any.
fn site_chooser(world: &World, account: &Account) -> Option<String> {
    let sites = consent::sites_of(world, &account.account_id);
    let options = sites.iter().map(|site| {
        let (id, url) = (escape(&site.cloud_id), escape(&site.url()));
        format!("<option value=\"{id}\">{url}</option>\n")
    });
    let options: String = options.collect();
    // Nothing is chosen beforehand: the order of sites means nothing.
    let chooser = format!(
        "<label for=\"site\">Use app on</label>\n<select id=\"site\" name=\"site\" required>\n\
         <option value=\"\">Choose a site</option>\n{options}</select>\n"
    );
    (!options.is_empty()).then_some(chooser)
}

fn scope_list(scopes: &BTreeSet<String>) -> String {
    let lines = scopes.iter().map(|scope| format!("<li>{}</li>\n", escape(scope)));
    format!("<ul>\n{}</ul>\n", lines.collect::<String>())
}

/// What Atlassian's page has not: a choice of scopes, to see what an app makes of a grant that holds less than it asked for.
fn scope_choice(scopes: &BTreeSet<String>) -> String {
    let boxes = scopes.iter().map(|scope| {
        let scope = escape(scope);
        format!("<label><input type=\"checkbox\" name=\"chosen\" value=\"{scope}\" checked> Grant {scope}</label>\n")
    });
    format!(
        "<details><summary>Sandbox only: grant fewer</summary>\n\
         <p>Atlassian lets nobody choose. What is unticked here is not granted.</p>\n{}{}</details>\n",
        hidden("scopes", "chosen"),
        boxes.collect::<String>()
    )
}
