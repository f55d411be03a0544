//! The pages, as what stands on them. Text is escaped by the templates.

use askama::Template;
use axum::{
    Router,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use tracing::warn;

use crate::api::{
    condition::{ConditionType, Finding},
    reason::{Holds, Reason},
    scopes::Scope,
};

/// Where the pages' style is.
pub const STYLE: &str = "/connect/-/style.css";

/// The page that a link opens.
#[derive(Template)]
#[template(path = "start.html")]
pub struct StartPage<'a> {
    /// Namespace of the integration.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Address of the site.
    pub site: &'a str,
    /// Why a person is needed.
    pub why: &'a str,
    /// The account to log in as; none where the spec names none.
    pub account: Option<&'a str>,
    /// What will be asked for.
    pub scopes: &'a [Scope],
    /// Whether the integration only reads.
    pub is_read_only: bool,
    /// Where the button leads.
    pub start: &'a str,
}

/// A page with a message.
#[derive(Default, Template)]
#[template(path = "result.html")]
pub struct ResultPage {
    /// The sentence on top.
    pub title: String,
    /// How it is meant: good, bad or unsure.
    pub tone: &'static str,
    /// Sentences.
    pub lines: Vec<String>,
    /// Conditions with what was found.
    pub findings: Vec<ConditionLine>,
    /// Where to try again.
    pub again: Option<String>,
    /// Whether the page reloads by itself.
    pub refreshes: bool,
    /// Seconds until it does.
    pub every: u32,
    /// The command that says more in the terminal.
    pub command: String,
}

impl ResultPage {
    /// One with a sentence on top, how it is meant, and what it says.
    #[must_use]
    pub fn saying(title: &str, tone: &'static str, lines: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            tone,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// The same with what was found.
    pub(super) fn with(self, findings: &[Finding]) -> Self {
        Self {
            findings: of_findings(findings),
            ..self
        }
    }

    /// The same, which reloads by itself after so many seconds.
    pub(super) fn reloading(self, every: u32) -> Self {
        Self {
            refreshes: true,
            every,
            ..self
        }
    }
}

/// One condition on a page.
pub struct ConditionLine {
    /// Good, bad or unsure.
    pub tone: &'static str,
    /// The condition.
    pub condition: String,
    /// Its reason.
    pub reason: String,
    /// What it says, where something is to be said.
    pub message: String,
}

fn line(tone: &'static str, condition: &str, reason: &str, message: &str) -> ConditionLine {
    ConditionLine {
        tone,
        condition: condition.to_owned(),
        reason: reason.to_owned(),
        message: if tone == "good" {
            String::new()
        } else {
            message.to_owned()
        },
    }
}

/// A template as an answer.
pub fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            warn!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page instead of what was asked for.
pub(super) struct ErrorPage(pub(super) StatusCode, pub(super) Box<ResultPage>);

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        let mut answer = show(self.0, &*self.1);
        if self.0 == StatusCode::TOO_MANY_REQUESTS {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from_static("10"));
        }
        answer
    }
}

pub(super) fn error_page(status: StatusCode, title: &str, lines: &[&str]) -> ErrorPage {
    ErrorPage(status, Box::new(ResultPage::saying(title, "bad", lines)))
}

/// What the pages are set with.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let style = || async { asset("text/css; charset=utf-8", include_str!("pages/style.css")) };
    let icon = || async { asset("image/svg+xml", include_str!("pages/icon.svg")) };
    Router::new()
        .route(STYLE, get(style))
        .route("/connect/-/icon.svg", get(icon))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, text).into_response()
}

/// Findings as lines. A reason that is reported of a condition that is True elsewhere is one that keeps
/// this consent from being taken.
#[must_use]
pub fn of_findings(findings: &[Finding]) -> Vec<ConditionLine> {
    let tone = |finding: &Finding| match finding.reason.entry().holds {
        Holds::True if finding.reason == Reason::OfflineAccessMissing => "bad",
        Holds::True => "good",
        Holds::False => "bad",
        Holds::Unknown => "unsure",
    };
    let all = findings.iter();
    all.map(|f| line(tone(f), f.condition.as_str(), f.reason.as_str(), &f.message()))
        .collect()
}

/// The steps of an integration as lines; what sums them up is left out.
#[must_use]
pub fn of_conditions(conditions: &[Condition]) -> Vec<ConditionLine> {
    let steps = ConditionType::STEPS.into_iter();
    let found = steps.filter_map(|step| conditions.iter().find(|c| c.type_ == step.as_str()));
    found
        .map(|condition| {
            let tone = match condition.status.as_str() {
                "True" => "good",
                "False" => "bad",
                _ => "unsure",
            };
            line(tone, &condition.type_, &condition.reason, &condition.message)
        })
        .collect()
}
