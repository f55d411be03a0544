//! What the person at the terminal reads: the link, and what became of it.

use std::time::Duration;

use kube::ResourceExt;

use super::{NOTHING, REFUSED, delivery::Delivered, spoken, target::ConnectTarget};
use crate::{
    api::condition::Finding,
    cli::context::{CheckReport, CheckedObject as Object, ReportLine, on_stderr, say_on_stderr, show_on_stderr},
    connect::{ConnectFailure, ConnectOutcome},
    server::connect::{pages::ResultPage, words::of_outcome},
};

/// Says what to do with the link.
pub fn show_link(subject: &ConnectTarget, callback: &str, link: &str) {
    let spec = &subject.integration.spec;
    let account = spec.account.as_ref();
    let account = account.and_then(|account| account.email.as_deref().or(account.account_id.as_deref()));
    say_on_stderr(&match account {
        Some(account) => format!("Log in as {account}, not as yourself, choose {} and accept.", spec.site),
        None => format!(
            "Log in as the account that the operator is to act as, not as yourself, choose {} and accept. Which account that is cannot be checked, because spec.account is not set.",
            spec.site
        ),
    });
    say_on_stderr("If your browser is logged in at Atlassian as somebody else, open the link in a private window.");
    say_on_stderr(&format!("The app's callback URL has to be {callback}"));
    show_on_stderr(&format!("\n  {link}\n\n"));
}

/// Says that nobody came.
pub fn never_came(timeout: Duration, callback: &str) -> String {
    format!(
        "the browser did not come back within {}, so nothing was changed. If it ended on a page of Atlassian's that says something went wrong, compare the app's callback URL in the developer console: it must be {callback}",
        spoken(timeout)
    )
}

/// The same in the browser.
pub fn page(delivered: &Delivered, callback: &str) -> ResultPage {
    match &delivered.outcome {
        ConnectOutcome::Failed(failure) => ResultPage {
            lines: vec![failure.text(callback).what, next(failure, delivered, callback)],
            ..of_outcome(&delivered.outcome, callback)
        },
        outcome => {
            let mut told = of_outcome(outcome, callback);
            told.lines
                .extend((!delivered.said.is_empty()).then(|| delivered.said.clone()));
            told
        }
    }
}

/// Says what came of it, and gives the exit code.
pub fn tell(subject: &ConnectTarget, delivered: &Delivered, callback: &str) -> u8 {
    match &delivered.outcome {
        ConnectOutcome::Connected { account, findings, .. } => {
            report(subject, findings);
            say_on_stderr(&format!(
                "Connected as {} ({}).",
                account.display_name, account.account_id
            ));
            say_on_stderr(&delivered.said);
            0
        }
        ConnectOutcome::Refused(findings) => {
            report(subject, findings);
            say_on_stderr("The grant was not taken over, and nothing of it is kept. One that was there is as before.");
            if delivered.outcome.is_wrong() { REFUSED } else { NOTHING }
        }
        ConnectOutcome::Failed(failure) => {
            let told = failure.text(callback);
            let next = next(failure, delivered, callback);
            show_on_stderr("\n");
            say_on_stderr(&format!("{}. {} {next}", told.title, told.what));
            NOTHING
        }
    }
}

/// The next step here, where no operator tries again and no status has a link.
fn next(failure: &ConnectFailure, delivered: &Delivered, callback: &str) -> String {
    match failure {
        ConnectFailure::Unsaved { .. } => delivered.said.clone(),
        ConnectFailure::Changed => "Run this command again.".to_owned(),
        other => other.text(callback).next,
    }
}

fn report(subject: &ConnectTarget, findings: &[Finding]) {
    let integration = &subject.integration;
    let namespace = integration.namespace().unwrap_or_default();
    let mut object = Object::new("JiraIntegration", &namespace, &integration.name_any());
    object.lines = findings.iter().map(ReportLine::of).collect();
    let report = CheckReport::of(vec![object]);
    show_on_stderr(&format!("\n{}", on_stderr(&report)));
}
