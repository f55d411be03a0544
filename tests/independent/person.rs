//! A person with a browser: logs in at the server's own pages, consents, and comes back with a code.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, header};
use url::Url;

use crate::server::{REDIRECT_URI, Server};

/// The browser's cookies by name.
#[derive(Default)]
struct Cookies(BTreeMap<String, String>);

/// What the browser was answered.
struct Page {
    location: Option<Url>,
    html: String,
}

/// Lets a person called `name` grant the app access. Returns the code that the app is handed.
pub async fn grants(server: &Server, name: &str) -> String {
    let mut cookies = Cookies::default();
    let mut address = server.url("/authorize");
    address.query_pairs_mut().extend_pairs([
        ("client_id", server.app.client_id.as_str()),
        ("scope", "read:jira-work write:jira-work read:jira-user offline_access"),
        ("redirect_uri", REDIRECT_URI),
        ("state", name),
        ("response_type", "code"),
        ("prompt", "consent"),
    ]);
    loop {
        let page = cookies.send(server, server.http.get(address.clone())).await;
        let next = match page.location {
            Some(location) => location,
            None => fill_in(server, &mut cookies, &address, &page.html, name).await,
        };
        if next.as_str().starts_with(REDIRECT_URI) {
            let answer: BTreeMap<_, _> = next.query_pairs().into_owned().collect();
            assert_eq!(answer.get("state").map(String::as_str), Some(name), "{next}");
            return answer
                .get("code")
                .unwrap_or_else(|| panic!("no code: {answer:?}"))
                .clone();
        }
        address = next;
    }
}

/// Fills in the form of a page: one asks who it is, the next whether access is granted.
async fn fill_in(server: &Server, cookies: &mut Cookies, address: &Url, html: &str, name: &str) -> Url {
    let attribute = |opening: &str| {
        let (_, rest) = html.split_once(opening)?;
        rest.split('"').next().map(str::to_owned)
    };
    let action = attribute("<form autocomplete=\"off\" action=\"").expect("a form");
    let prompt = attribute("name=\"prompt\" value=\"").expect("the form's purpose");
    // Any password will do; the server keeps none.
    let form = [("prompt", prompt.as_str()), ("login", name), ("password", name)];
    let request = server.http.post(address.join(&action).expect("an address")).form(&form);
    let page = cookies.send(server, request).await;
    page.location.expect("the form leads on")
}

impl Cookies {
    async fn send(&mut self, server: &Server, request: RequestBuilder) -> Page {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, pairs.join("; "));
        let response = request.send().await.expect("the server answers");
        for line in response.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().ok().and_then(|line| line.split(';').next());
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.0.insert(name.to_owned(), value.to_owned());
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|place| place.to_str().ok());
        let location = location.map(|place| server.url(place));
        let status = response.status();
        let html = response.text().await.expect("a page");
        assert!(status.is_success() || status.is_redirection(), "{status}: {html}");
        Page { location, html }
    }
}
