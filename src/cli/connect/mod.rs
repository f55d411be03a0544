//! `jira-operator connect`: the consent from a terminal, with the callback on this machine.

mod browser;
mod delivery;
mod loopback;
mod messages;
mod options;
mod signals;
mod target;

use std::time::Duration;

pub use self::options::Options;
use self::{
    delivery::{Delivered, Delivery},
    loopback::{Loopback, WaitingBrowser},
    signals::Signals,
    target::ConnectTarget,
};
use crate::cli::context::{AtlassianContext, CliError, say_on_stderr};
use crate::connect::{ConnectOutcome, authorize, nonce};

/// Exit code where the grant was not the right one.
const REFUSED: u8 = 1;
/// Exit code where it was aborted or failed.
pub const NOTHING: u8 = 2;
/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Connects, and gives the exit code.
pub(super) async fn run(options: Options) -> Result<u8, CliError> {
    delivery::refuse_terminal(options.print.as_deref())?;
    let atlassian = AtlassianContext::of(&options.atlassian)?;
    let subject = ConnectTarget::find(&options).await?;
    let delivery = Delivery::prepare(options.print.as_deref(), &subject, &atlassian).await?;
    let state = nonce();
    let mut loopback = Loopback::listen(options.port, state.clone()).await?;
    let (endpoints, credentials) = (&atlassian.endpoints, &subject.credentials);
    let link = authorize(endpoints, credentials, &loopback.callback, state.expose())
        .ok_or("Atlassian's address is not usable")?;
    let mut signals = Signals::listen()?;
    messages::show_link(&subject, &loopback.callback, link.as_str());
    // The link stands in the arguments of what opens the browser, where others on this machine can read it, and
    // come back with an account of their own before the person does. That is refused where the account is known.
    let known = subject.integration.spec.account.is_some();
    if known && !options.no_browser && browser::open(link.as_str()) {
        say_on_stderr("The link was opened in the browser.");
    }
    say_on_stderr("Waiting for the browser. Ctrl-C ends it and changes nothing.");
    let waiting = tokio::select! {
        arrived = loopback.arrival() => arrived.ok_or("the callback's listener ended")?,
        () = tokio::time::sleep(options.timeout) => return Err(messages::never_came(options.timeout, &loopback.callback).into()),
        () = signals.come() => {
            say_on_stderr("Interrupted before the browser came back; nothing was changed.");
            return Ok(INTERRUPTED);
        }
    };
    say_on_stderr("The browser came back. Exchanging the code and checking what was granted.");
    let consented = conclude(&waiting, delivery, &subject, &atlassian, &loopback.callback);
    let delivered = to_the_end(consented, &mut signals).await;
    waiting.show(messages::page(&delivered, &loopback.callback));
    let code = messages::tell(&subject, &delivered, &loopback.callback);
    loopback.close().await;
    Ok(code)
}

/// Nothing interrupts it any more: a grant that is exchanged has to be kept.
async fn to_the_end(work: impl Future<Output = Delivered>, signals: &mut Signals) -> Delivered {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = signals.come() => say_on_stderr("A moment: what was granted is brought to its place first."),
        }
    }
}

async fn conclude(
    waiting: &WaitingBrowser,
    delivery: Delivery,
    subject: &ConnectTarget,
    atlassian: &AtlassianContext,
    callback: &str,
) -> Delivered {
    match waiting.answer.consent(callback) {
        Ok(consent) => delivery.deliver(subject, atlassian, consent).await,
        Err(failure) => ConnectOutcome::Failed(failure).into(),
    }
}

/// A time as people say it.
fn spoken(time: Duration) -> String {
    match time.as_secs() {
        1 => "1 second".to_owned(),
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}
