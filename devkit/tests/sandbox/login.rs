//! The login page, by a browser that keeps cookies and follows nothing by itself.

use reqwest::{Client, RequestBuilder, header};
use url::Url;

use crate::client::Bench;
use crate::oauth::authorize_url;

/// A browser as far as the sandbox's pages need one.
pub(crate) struct Browser {
    http: Client,
    base: Url,
    cookie: Option<String>,
}

/// What a browser was answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Where it is sent, empty if nowhere.
    pub(crate) location: String,
    html: String,
}

impl Page {
    pub(crate) fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    /// The hidden fields of the page's forms.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let fields = self.html.split("<input type=\"hidden\" name=\"").skip(1);
        fields
            .map(|rest| {
                let (name, rest) = rest.split_once("\" value=\"").unwrap();
                let (value, _) = rest.split_once('"').unwrap();
                (name.to_owned(), value.replace("&amp;", "&"))
            })
            .collect()
    }
}

impl Browser {
    pub(crate) fn new(bench: &Bench) -> Self {
        Self {
            http: bench.http.clone(),
            base: Url::parse(bench.sandbox.url()).unwrap(),
            cookie: None,
        }
    }

    /// Opens an address of the sandbox, whole or beginning with its path.
    pub(crate) async fn open(&mut self, address: &str) -> Page {
        let request = self.http.get(self.base.join(address).unwrap());
        self.send(request).await
    }

    /// Sends a form.
    pub(crate) async fn post(&mut self, path: &str, form: &[(String, String)]) -> Page {
        let request = self.http.post(self.base.join(path).unwrap()).form(form);
        self.send(request).await
    }

    /// Sends the consent page's form with these decisions.
    pub(crate) async fn submit(&mut self, page: &Page, decisions: &[(&str, &str)]) -> Page {
        let mut form = page.fields();
        let decisions = decisions.iter();
        form.extend(decisions.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if !form.iter().any(|(name, _)| name == "chosen") {
            form.retain(|(name, _)| name != "scopes");
        }
        self.post("/authorize", &form).await
    }

    /// Sends the login page's form.
    pub(crate) async fn log_in(&mut self, email: &str, destination: Option<&str>) -> Page {
        let mut form = vec![("email".to_owned(), email.to_owned())];
        form.extend(destination.map(|place| ("continue".to_owned(), place.to_owned())));
        self.post("/login", &form).await
    }

    async fn send(&mut self, request: RequestBuilder) -> Page {
        let cookies = self.cookie.iter();
        let request = cookies.fold(request, |request, cookie| request.header(header::COOKIE, cookie));
        let response = request.send().await.unwrap();
        let headers = response.headers();
        let value = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        if let Some(set) = value(header::SET_COOKIE) {
            assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        let (status, location) = (response.status().as_u16(), value(header::LOCATION));
        Page {
            status,
            location: location.unwrap_or_default(),
            html: response.text().await.unwrap(),
        }
    }
}

fn path_and_query(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap())
}

#[tokio::test]
async fn a_stranger_logs_in_first_and_comes_to_the_consent_page() {
    let bench = Bench::new().await;
    let mut browser = Browser::new(&bench);
    let url = authorize_url(&bench, "read:jira-work");
    let sent = browser.open(url.as_str()).await;
    assert_eq!(sent.status, 302);
    assert!(sent.location.starts_with("/login?continue="), "{}", sent.location);

    let page = browser.open(&sent.location).await;
    assert_eq!(page.status, 200);
    assert!(page.says("without passwords") && page.says("<label for=\"email\">Email</label>"));
    // People are offered, and neither apps nor those who left.
    assert!(page.says("jira-bot@acme.example") && page.says("drew@globex.example"));
    assert!(!page.says("serviceaccount") && !page.says("left@acme.example") && !page.says("casey@customer.example"));

    let destination = page.fields().remove(0).1;
    assert_eq!(destination, path_and_query(&url));
    let sent = browser.log_in("Jira-Bot@acme.example", Some(&destination)).await;
    assert_eq!((sent.status, &sent.location), (302, &destination));
    let consent = browser.open(&sent.location).await;
    assert!(consent.says("Logged in as <strong>Jira Bot (jira-bot@acme.example)</strong>"));
}

#[tokio::test]
async fn a_browser_that_is_logged_in_as_somebody_else_is_not_asked_who_it_is() {
    let bench = Bench::new().await;
    let mut browser = Browser::new(&bench);
    browser.log_in("dana@acme.example", None).await;
    let consent = browser.open(authorize_url(&bench, "read:jira-work").as_str()).await;
    assert_eq!(consent.status, 200);
    assert!(consent.says("Dana Developer") && consent.says("Switch account"));

    let (_, rest) = consent.html.split_once("<a href=\"").unwrap();
    let switch = rest.split('"').next().unwrap().to_owned();
    let page = browser.open(&switch).await;
    assert!(page.says("This browser is logged in as <strong>Dana Developer (dana@acme.example)</strong>"));
    let destination = page.fields().remove(0).1;
    let sent = browser.log_in("jira-bot@acme.example", Some(&destination)).await;
    assert!(
        browser
            .open(&sent.location)
            .await
            .says("Jira Bot (jira-bot@acme.example)")
    );
}

#[tokio::test]
async fn who_cannot_log_in_is_told_why_and_may_try_another_account() {
    let bench = Bench::new().await;
    let mut browser = Browser::new(&bench);
    let destination = path_and_query(&authorize_url(&bench, "read:jira-work"));
    for (email, why) in [
        (
            "348c658682ae8701d3e9@serviceaccount.atlassian.com",
            "managed service account",
        ),
        ("casey@customer.example", "portal customer"),
        ("left@acme.example", "deactivated"),
        ("<nobody>@acme.example", "no Atlassian account"),
    ] {
        let refused = browser.log_in(email, Some(&destination)).await;
        assert_eq!(refused.status, 403, "{email}");
        assert!(
            refused.says(why) && refused.says("Log in with another account"),
            "{email}"
        );
    }
    let sent = browser.open(authorize_url(&bench, "read:jira-work").as_str()).await;
    assert_eq!(sent.status, 302, "a refused login logs nobody in");
}

#[tokio::test]
async fn the_login_leads_to_the_sandboxs_own_consent_page_only() {
    let bench = Bench::new().await;
    let mut browser = Browser::new(&bench);
    for elsewhere in [
        "https://elsewhere.example/",
        "//elsewhere.example/authorize?",
        "/_sandbox/tokens",
    ] {
        let sent = browser.log_in("dana@acme.example", Some(elsewhere)).await;
        assert_eq!((sent.status, sent.location.as_str()), (302, "/login"), "{elsewhere}");
    }
}

#[tokio::test]
async fn the_log_keeps_no_state_of_an_authorization() {
    let bench = Bench::new().await;
    let mut browser = Browser::new(&bench);
    let url = authorize_url(&bench, "read:jira-work");
    let sent = browser.open(url.as_str()).await;
    browser.open(&sent.location).await;
    let requests = bench.sandbox.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/authorize", "/login"]);
    assert!(
        requests
            .iter()
            .all(|request| request.query.is_none() && request.body.is_none())
    );
}
