//! A person with a browser: follows links, keeps cookies, and reads pages. Atlassian's own pages are
//! clicked through by a command of the sandbox.

use std::{collections::BTreeMap, time::Duration};

use devkit::sandbox::{Answer, AppCredentials, Command, NewApp};
use jira_operator::api::integration::JiraIntegration;
use reqwest::{Client, header, redirect::Policy};

use super::{BOT, Harness, observe::PATIENCE};

/// How often a page is checked again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A page as it was shown.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Where it leads on, if it does.
    pub location: String,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// HTML.
    pub text: String,
}

impl Page {
    /// Asserts that the page says all of this.
    pub fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.text.contains(part),
                "the page does not say {part:?}:\n{}",
                self.text
            );
        }
    }
}

/// A browser without a past.
pub struct Visitor {
    client: Client,
    cookies: BTreeMap<String, String>,
    /// Everything that was shown so far.
    pub shown: String,
}

impl Default for Visitor {
    fn default() -> Self {
        let client = Client::builder().redirect(Policy::none()).build();
        Self {
            client: client.expect("a client"),
            cookies: BTreeMap::new(),
            shown: String::new(),
        }
    }
}

impl Visitor {
    /// Opens an address.
    pub async fn open(&mut self, address: &str) -> Page {
        self.try_open(address).await.expect("the page answers")
    }

    /// Opens an address where perhaps nobody answers.
    pub async fn try_open(&mut self, address: &str) -> Option<Page> {
        let cookies: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = self.client.get(address).header(header::COOKIE, cookies.join("; "));
        let answer = request.send().await.ok()?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie").split(';').next().unwrap_or_default();
            let (name, value) = cookie.split_once('=').expect("name and value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let headers: BTreeMap<String, String> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let status = answer.status().as_u16();
        let location = headers.get("location").cloned().unwrap_or_default();
        let text = answer.text().await.ok()?;
        self.shown.push_str(&text);
        Some(Page {
            status,
            location,
            headers,
            text,
        })
    }

    /// Presses the button of the page that this link opens: where Atlassian is asked.
    pub async fn press(&mut self, link: &str) -> String {
        let page = self.open(link).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let (_, rest) = page.text.split_once("class=\"button\" href=\"").expect("a button");
        let (target, _) = rest.split_once('"').expect("its target");
        let origin = link.split("/connect/").next().unwrap_or_default();
        let left = self.open(&format!("{origin}{target}")).await;
        assert_eq!(left.status, 303, "{}", left.text);
        left.location
    }

    /// Comes back from Atlassian, and checks what came of it once that is known.
    pub async fn come_back(&mut self, callback: &str) -> Page {
        let back = self.open(callback).await;
        assert_eq!(back.status, 303, "{}", back.text);
        let origin = callback.split("/connect/").next().unwrap_or_default();
        self.until(&format!("{origin}{}", back.location), "", |page| {
            !page.text.contains("Asking Atlassian")
        })
        .await
    }

    /// Looks at a page until it is as it should be.
    pub async fn until(&mut self, address: &str, what: &str, test: impl Fn(&Page) -> bool) -> Page {
        let seen = tokio::time::timeout(PATIENCE, async {
            loop {
                let page = self.open(address).await;
                if test(&page) {
                    return page;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        seen.await.unwrap_or_else(|_| panic!("the page never said {what}"))
    }
}

impl Harness {
    /// An OAuth app whose callback is that of the pages, and its credentials, without a token, in a Secret.
    pub async fn register(&self, secret: &str) -> AppCredentials {
        let command = Command::CreateApp(NewApp {
            name: None,
            callback_url: Some(format!("{}/connect/callback", self.pages)),
            scopes: None,
            owner: None,
            private: false,
        });
        let app = match self.sandbox.command(command).expect("an app") {
            Answer::App {
                client_id,
                client_secret,
                callback_url,
            } => AppCredentials {
                client_id,
                client_secret,
                callback_url,
            },
            _ => panic!("the sandbox answers something else"),
        };
        self.put_credentials(&self.namespace, secret, &app, None).await;
        app
    }

    /// The link in the status, once there is one.
    pub async fn link(&self, name: &str) -> String {
        let found = self
            .until(name, "to be connected by a link", |o| link_of(o).is_some())
            .await;
        link_of(&found).expect("a link").to_owned()
    }

    /// Consents at Atlassian as an account, for a site: where the browser is sent.
    pub fn consent(&self, authorize_url: &str, account: &str, site: &str) -> String {
        self.click(Command::Consent {
            authorize_url: authorize_url.to_owned(),
            account: Some(account.to_owned()),
            sites: Some(vec![site.to_owned()]),
            deny: false,
        })
    }

    /// The same as the dedicated account for its site.
    pub fn accept(&self, authorize_url: &str) -> String {
        self.consent(authorize_url, BOT, "acme")
    }

    /// Clicks Cancel at Atlassian.
    pub fn decline(&self, authorize_url: &str) -> String {
        self.click(Command::Consent {
            authorize_url: authorize_url.to_owned(),
            account: Some(BOT.to_owned()),
            sites: None,
            deny: true,
        })
    }

    /// Does something at Atlassian that sends the browser back.
    pub fn click(&self, command: Command) -> String {
        match self.sandbox.command(command).expect("the consent is taken") {
            Answer::Redirect { location } => location,
            _ => panic!("the sandbox answers something else"),
        }
    }
}

/// The link in a status.
pub fn link_of(integration: &JiraIntegration) -> Option<&str> {
    integration.status.as_ref()?.authorization_url.as_deref()
}
