//! A browser that a person uses to consent: from the link by way of Atlassian's page to the callback.

use std::time::Duration;

use devkit::sandbox::{Answer, Command};
use reqwest::Client;

use super::Harness;

/// Longest time until a page is there: a consent waits for whoever holds the grant.
const PAGE_WITHIN: Duration = Duration::from_secs(90);

/// What the person does at Atlassian: by default the dedicated account accepts for its site.
#[derive(Clone, Copy, Default)]
pub struct Choice<'a> {
    pub account: Option<&'a str>,
    pub declines: bool,
}

/// A page as it is shown.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub text: String,
}

impl Page {
    /// Asserts that the page says these things.
    #[track_caller]
    pub fn assert_says(&self, status: u16, named: &[&str]) {
        assert_eq!(self.status, status, "{}", self.text);
        for part in named {
            assert!(self.text.contains(part), "{part:?} is not in:\n{}", self.text);
        }
    }
}

impl Harness {
    /// The person opens the link and decides. Where Atlassian then sends the browser.
    pub fn decide(&self, link: &str, choice: Choice<'_>) -> String {
        self.sent_to(Command::Consent {
            authorize_url: link.to_owned(),
            account: choice.account.map(str::to_owned),
            sites: None,
            deny: choice.declines,
        })
    }

    /// The same of a consent to other sites.
    pub fn grant_sites(&self, link: &str, sites: &[&str]) -> String {
        self.sent_to(Command::MintCode {
            authorize_url: link.to_owned(),
            account: None,
            sites: Some(sites.iter().map(|site| (*site).to_owned()).collect()),
        })
    }

    fn sent_to(&self, command: Command) -> String {
        match self.sandbox.command(command).expect("the page of Atlassian") {
            Answer::Redirect { location } => location,
            _ => panic!("a consent ends with a redirect"),
        }
    }

    /// Opens the link, decides and goes where Atlassian sends the browser. What is shown there.
    pub async fn follow(&self, link: &str, choice: Choice<'_>) -> Page {
        visit(&self.decide(link, choice)).await
    }
}

/// Opens an address, and then what its page is set with, as browsers do.
pub async fn visit(location: &str) -> Page {
    let client = Client::builder().timeout(PAGE_WITHIN).build().expect("a browser");
    let answer = client.get(location).send().await.expect("the callback answers");
    let headers = answer.headers().clone();
    for (header, value) in [("referrer-policy", "no-referrer"), ("cache-control", "no-store")] {
        assert_eq!(
            headers.get(header).and_then(|v| v.to_str().ok()),
            Some(value),
            "{header}"
        );
    }
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a page");
    let style = reqwest::Url::parse(location)
        .expect("an address")
        .join("/connect/-/style.css");
    // On a connection of its own, as a browser may.
    let style = reqwest::get(style.expect("an address"))
        .await
        .expect("the style answers");
    assert_eq!(style.status(), 200, "the page has its style");
    Page { status, text }
}
