//! `jira-operator connect`: the consent from a terminal, with the callback on this machine.

mod browser;
mod delivery;
mod loopback;
mod options;
mod subject;

use kube::ResourceExt;
use tokio::signal::unix::{SignalKind, signal};

pub use self::options::Options;
use self::{delivery::Delivery, loopback::Loopback, subject::Subject};
use super::check::{
    output,
    report::{Line, Report, Subject as Object},
    world::Atlassian,
};
use crate::{
    api::consent::scope_parameter,
    connect::{
        key::nonce,
        outcome::{Failure, Outcome},
        service::declined,
    },
    grant::connect::Consent,
    server::connect::pages::{Told, of_outcome},
};

/// Exit code where the grant was not the right one.
const REFUSED: u8 = 1;
/// Exit code where nothing came of it.
pub const NOTHING: u8 = 2;
/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Connects, and gives the exit code.
pub(super) async fn run(options: Options) -> Result<u8, String> {
    let atlassian = Atlassian::of(&options.atlassian)?;
    let subject = Subject::find(&options, &atlassian).await?;
    let delivery = Delivery::prepare(options.print.as_deref(), &subject, &atlassian)?;
    let state = nonce();
    let mut loopback = Loopback::listen(options.port, state.clone()).await?;
    let client_id = &subject.credentials.app.client_id;
    let link = atlassian
        .endpoints
        .authorize(client_id, &scope_parameter(), &loopback.callback, state.expose())
        .ok_or("Atlassian's address is not usable")?;
    invite(&subject, &loopback.callback, link.as_str(), options.no_browser);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let waiting = tokio::select! {
        arrived = loopback.arrival() => arrived.ok_or("the callback's listener ended")?,
        () = tokio::time::sleep(options.timeout) => return Err(never_came(&options, &loopback.callback)),
        _ = interrupt.recv() => return Ok(interrupted()),
        _ = terminate.recv() => return Ok(interrupted()),
    };
    // From here on nothing interrupts it: a grant that is exchanged has to be kept.
    let (outcome, said) = match (&waiting.answer.error, &waiting.answer.code) {
        (Some(error), _) => (declined(error, &waiting.answer.description), String::new()),
        (None, None) => (
            declined("invalid_request", "neither a code nor an error came back"),
            String::new(),
        ),
        (None, Some(code)) => {
            let redirect_uri = loopback.callback.clone();
            let consent = Consent {
                code: code.clone(),
                redirect_uri,
            };
            delivery.deliver(&subject, &atlassian, consent).await
        }
    };
    waiting.show(page(&outcome, &said, &loopback.callback));
    let code = tell(&subject, &outcome, &said, &loopback.callback);
    loopback.close().await;
    Ok(code)
}

fn invite(subject: &Subject, callback: &str, link: &str, no_browser: bool) {
    let spec = &subject.integration.spec;
    let account = spec.account.as_ref();
    let account = account.and_then(|account| account.email.as_deref().or(account.account_id.as_deref()));
    match account {
        Some(account) => eprintln!("Log in as {account}, not as yourself, choose {} and accept.", spec.site),
        None => eprintln!(
            "Log in as the account that the operator is to act as, not as yourself, choose {} and accept. spec.account does not say which: it would be checked.",
            spec.site
        ),
    }
    eprintln!("If your browser is logged in at Atlassian as somebody else, open the link in a private window.");
    eprintln!("The app's callback URL has to be {callback}.\n\n  {link}\n");
    if !no_browser && browser::open(link) {
        eprintln!("The link was opened in the browser.");
    }
    eprintln!("Waiting for the browser. Ctrl-C ends it and changes nothing.");
}

fn never_came(options: &Options, callback: &str) -> String {
    format!(
        "the browser did not come back within {} seconds, so nothing was changed. If it ended on a page of Atlassian's that says something went wrong, compare the app's callback URL in the developer console: it must be {callback}",
        options.timeout.as_secs()
    )
}

fn interrupted() -> u8 {
    eprintln!("\nInterrupted before the browser came back; nothing was changed.");
    INTERRUPTED
}

fn page(outcome: &Outcome, said: &str, callback: &str) -> Told {
    let mut told = of_outcome(outcome, callback);
    told.lines.extend((!said.is_empty()).then(|| said.to_owned()));
    told
}

/// Says what came of it, and gives the exit code.
fn tell(subject: &Subject, outcome: &Outcome, said: &str, callback: &str) -> u8 {
    let integration = &subject.integration;
    let report = |findings: &[crate::api::condition::Finding]| {
        let namespace = integration.namespace().unwrap_or_default();
        let mut object = Object::new("JiraIntegration", &namespace, &integration.name_any());
        object.lines = findings.iter().map(Line::of).collect();
        eprint!("\n{}", output::on_stderr(&Report::of(vec![object])));
    };
    let code = match outcome {
        Outcome::Connected { account, findings } => {
            report(findings);
            eprintln!("Connected as {} ({}).", account.display_name, account.account_id);
            0
        }
        Outcome::Refused(findings) => {
            report(findings);
            eprintln!("The grant was not taken over.");
            REFUSED
        }
        Outcome::Failed(failure) => {
            let told = failure.told(callback);
            // The terminal has no operator behind it that would try again.
            let next = match failure {
                Failure::Unsaved { .. } => String::new(),
                _ => told.next,
            };
            eprintln!("\n{}. {} {next}", told.title, told.what);
            NOTHING
        }
    };
    if !said.is_empty() {
        eprintln!("{said}");
    }
    code
}
