//! What the pages for people have in common: plain HTML with labels, readable on a phone, without scripts.

use std::fmt::{Display, Write};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::sandbox::reply::escape;

const STYLE: &str = "\
:root { color-scheme: light dark }
body { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.3rem; line-height: 1.3 } h2 { font-size: 1rem; margin-top: 2rem }
label { display: block } ul { padding-left: 1.2rem }
input[type=email], select, button { font: inherit; padding: .5rem .7rem; box-sizing: border-box }
input[type=email], select { width: 100%; margin: .3rem 0 1rem }
ul.choices { list-style: none; padding: 0 } .choices button { width: 100%; text-align: left; margin-bottom: .4rem }
form > button { margin-top: 1rem } small { display: block; overflow-wrap: anywhere } .note { border-left: .25rem solid #888; padding-left: .8rem }";

/// The body of a page, piece by piece.
#[derive(Default)]
pub(super) struct Body(String);

impl Body {
    /// Adds HTML; what comes from outside is escaped already.
    pub(super) fn add(&mut self, html: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{html}");
    }
}

/// A page of the authorization server. The title is plain text. A browser that goes back asks for it again.
pub(super) fn page(code: u16, title: &str, body: &Body) -> Response {
    let (title, Body(body)) = (escape(title), body);
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style></head>\n\
         <body><main>\n<h1>{title}</h1>\n{body}\n</main></body></html>\n"
    );
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = (status, Html(text)).into_response();
    let no_store = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
    answer
}

/// A field that a form carries along.
pub(super) fn hidden(name: &str, value: &str) -> String {
    let (name, value) = (escape(name), escape(value));
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
}

/// Fields of a query or a form, in their order.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    pub(super) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// The values of a field that may stand there several times.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a field, empty when it is missing.
    pub(super) fn value<'a>(&'a self, name: &'a str) -> &'a str {
        self.values(name).next().unwrap_or_default()
    }
}
