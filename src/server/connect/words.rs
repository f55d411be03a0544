//! The words of the connect pages, also of those that `jira-operator connect` shows. Those of the page that the link
//! opens stand in `pages/start.html`, those that the terminal says too in `connect/failed_consent_words.rs`; findings bring their
//! own, and what is around them, also what their signs mean, stands in `pages/result.html`. `docs/connect-reference.md` explains
//! the titles that refuse.

use axum::http::StatusCode;

use super::pages::{ErrorPage, ResultPage, error_page};
use crate::{
    api::condition::Finding,
    connect::{ConnectOutcome, OutcomeText, StateRejected},
};

/// Where those begin anew whose consent was not taken.
const AGAIN: &str = "Open the link in the status of the JiraIntegration and start from there.";

/// What became of a consent, as a page.
#[must_use]
pub fn of_outcome(outcome: &ConnectOutcome, callback: &str) -> ResultPage {
    match outcome {
        ConnectOutcome::Connected { account, findings, .. } => {
            let line = format!("The grant of {} is OK. You can close this page.", account.display_name);
            ResultPage::saying("Connected", "good", &[&line]).with(findings)
        }
        ConnectOutcome::Refused(findings) => {
            let line = if outcome.is_wrong() {
                "It is not the right one, and nothing of it was kept."
            } else {
                "Something got in the way, which says nothing against it; nothing of it was kept."
            };
            let line = format!("{line} What was there is as before.");
            ResultPage::saying("The grant was not taken over", "bad", &[&line]).with(findings)
        }
        ConnectOutcome::Failed(failure) => {
            let OutcomeText { title, what, next } = failure.text(callback);
            ResultPage::saying(&title, "bad", &[&what, &next])
        }
    }
}

pub(super) fn working() -> ResultPage {
    let line = "The consent is being exchanged and checked.";
    ResultPage::saying("Asking Atlassian…", "unsure", &[line]).reloading(1)
}

/// Who began a consent may read what came of it, and is not sent away.
pub(super) fn not_now() -> ResultPage {
    let line = "Too many pages of this integration are open just now. This one reloads by itself.";
    ResultPage::saying("One moment…", "unsure", &[line]).reloading(10)
}

/// The grant is stored. Whose it is is known where this consent brought it.
pub(super) fn connected(site: &str, whose: Option<&str>, ready: bool, settled: bool) -> ResultPage {
    let (title, tone, line) = match (ready, settled) {
        (true, _) => ("Connected and ready", "good", "You can close this page."),
        (false, true) => (
            "Connected, and there is something to fix",
            "unsure",
            "The grant is stored. What is marked below is fixed in Jira or in the spec; nothing needs to be connected again for it.",
        ),
        (false, false) => (
            "Connected",
            "good",
            "The grant is stored. The operator now looks at the site.",
        ),
    };
    let whose = whose.map(|whose| format!(" as {whose}")).unwrap_or_default();
    ResultPage::saying(
        title,
        tone,
        &[&format!("The operator is connected to {site}{whose}."), line],
    )
}

pub(super) fn gone() -> ResultPage {
    let line = "The JiraIntegration was deleted meanwhile, or created anew. Start from the link of the new one.";
    ResultPage::saying("The integration is gone", "bad", &[line])
}

pub(super) fn nothing_to_show() -> ErrorPage {
    error_page(
        StatusCode::NOT_FOUND,
        "There is nothing to show any more",
        &[
            "The result of a consent is shown for a while, and only to the browser that began. The status of the JiraIntegration says how it stands.",
        ],
    )
}

/// The consent did not come back as it was begun.
pub(super) fn rejected(why: &StateRejected) -> ErrorPage {
    match why {
        StateRejected::TooMany => error_page(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many consents come back",
            &["This one was not used. Reload this page in ten seconds, or start again from the link."],
        ),
        StateRejected::Expired => error_page(
            StatusCode::BAD_REQUEST,
            "That took too long",
            &[
                "Ten minutes have passed since you began, so nothing was taken over.",
                AGAIN,
            ],
        ),
        StateRejected::OtherBrowser => error_page(
            StatusCode::FORBIDDEN,
            "This was begun in another browser",
            &[
                "A consent has to end in the browser, and the kind of window, in which it began; cookies must be allowed for this page. Nothing was taken over.",
                AGAIN,
            ],
        ),
        StateRejected::Unknown | StateRejected::Used => error_page(
            StatusCode::BAD_REQUEST,
            "This consent was not begun here",
            &[
                "What Atlassian sent back belongs to nothing that is under way here, so nothing was taken over now: it was changed, or the operator was restarted meanwhile.",
                "If the integration's status has no link any more, it is connected.",
                AGAIN,
            ],
        ),
    }
}

/// What came back belongs to no consent of the command that waits on this machine.
#[must_use]
pub fn not_begun_by_the_command() -> ResultPage {
    let line = "What came back does not belong to the command that is waiting. Use the link that it printed last.";
    ResultPage::saying("This consent was not begun here", "bad", &[line])
}

/// It came back a second time.
#[must_use]
pub fn used_already() -> ResultPage {
    let line = "The terminal says what came of it.";
    ResultPage::saying("This consent was used already", "bad", &[line])
}

/// It came back when the command had ended.
#[must_use]
pub fn command_ended() -> ResultPage {
    let line = "Nothing was taken over. Run it again.";
    ResultPage::saying("The command has ended", "bad", &[line])
}

/// Too many come back that were not begun here.
pub(super) fn too_many_consents() -> ErrorPage {
    error_page(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        &["Wait a few seconds, then start again from the link."],
    )
}

pub(super) fn too_many() -> ErrorPage {
    error_page(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        &["Wait a few seconds and reload the page."],
    )
}

pub(super) fn link_not_valid() -> ErrorPage {
    error_page(
        StatusCode::NOT_FOUND,
        "This link is not valid",
        &[
            "It was used already and did its work, it belongs to an integration that is gone, or it was not copied whole.",
            "If the integration still needs to be connected, its status has a new link in authorizationURL.",
        ],
    )
}

/// Somebody came without a link.
pub(super) fn nothing_here() -> ErrorPage {
    let lines = ["The pages here are opened by the link in the status of a JiraIntegration:"];
    let ErrorPage(status, mut told) = error_page(StatusCode::NOT_FOUND, "There is nothing here", &lines);
    "kubectl get jiraintegration NAME -o jsonpath='{.status.authorizationURL}'".clone_into(&mut told.command);
    ErrorPage(status, told)
}

pub(super) fn no_answer_in_time() -> ErrorPage {
    error_page(
        StatusCode::SERVICE_UNAVAILABLE,
        "That took too long",
        &["The cluster did not answer in time. Reload the page in a moment."],
    )
}

pub(super) fn no_answer() -> ErrorPage {
    error_page(
        StatusCode::SERVICE_UNAVAILABLE,
        "The cluster did not answer",
        &["Nothing was changed. Reload the page in a moment."],
    )
}

pub(super) fn no_account() -> ErrorPage {
    error_page(
        StatusCode::FORBIDDEN,
        "Name the account first",
        &[
            "spec.account of the JiraIntegration must name the dedicated account, so that nobody can bind one of their own.",
        ],
    )
}

pub(super) fn suspended() -> ErrorPage {
    error_page(
        StatusCode::CONFLICT,
        "The integration is suspended",
        &["Set spec.suspend to false, and try again."],
    )
}

pub(super) fn unusable_address() -> ErrorPage {
    error_page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Atlassian's address is not usable",
        &[],
    )
}

/// What a consent brings could not be stored just now.
pub(super) fn not_storable(findings: &[Finding]) -> ResultPage {
    let line = "So nobody is sent to Atlassian before this is fixed.";
    ResultPage::saying("The grant could not be stored", "bad", &[line]).with(findings)
}

pub(super) fn credentials_unusable(finding: Finding) -> ResultPage {
    ResultPage::saying("The app's credentials cannot be used", "bad", &[]).with(&[finding])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_quotes_titles_that_there_are() {
        let (ours, terminal) = (
            include_str!("words.rs"),
            include_str!("../../connect/failed_consent_words.rs"),
        );
        let rows = include_str!("../../../docs/connect-reference.md").lines();
        let names = rows.filter_map(|row| row.strip_prefix("| *")?.split_once("* |"));
        let titles: Vec<&str> = names.flat_map(|(titles, _)| titles.split("*, *")).collect();
        assert!(titles.len() > 10, "{titles:?}");
        for quoted in titles {
            let title = format!("\"{}\"", quoted.split(". ").next().unwrap_or_default());
            assert!(
                ours.contains(&title) || terminal.contains(&title),
                "docs/connect-reference.md explains {title}, which no page says"
            );
        }
    }
}
