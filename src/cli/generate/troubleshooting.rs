//! `docs/troubleshooting.md`: every reason with its cause and remedy. Checks and messages link to
//! the headings, whose anchors are the reasons' names in lower case.

use std::fmt::Write as _;

use super::{
    guide::{self, Guide},
    procedures::PROCEDURES,
    start,
};
use crate::{
    api::{
        condition::ConditionType,
        ready::{holds_project_back, holds_ready_back},
        reason::{Disposition, Holds, Reason},
    },
    diagnose::judge::person::PersonReason,
};

/// The conditions in the order in which the page has them: the integration's, then a project's.
fn conditions() -> impl Iterator<Item = ConditionType> {
    let of_a_project = [
        ConditionType::Accessible,
        ConditionType::Permitted,
        ConditionType::ServiceDeskReady,
    ];
    ConditionType::STEPS.into_iter().chain(of_a_project)
}

/// The condition under which the page has a reason; none for those that follow from others.
fn home(reason: Reason) -> Option<ConditionType> {
    let first = reason.entry().conditions.first().copied();
    first.filter(|_| !reason.is_consequence())
}

/// The page.
pub(in crate::cli) fn page() -> String {
    let mut page = start::text();
    for condition in conditions() {
        let _ = write!(page, "\n## {}\n\n{}\n", condition.as_str(), introduction(condition));
        let here = Reason::ALL.iter().filter(|reason| home(**reason) == Some(condition));
        page.extend(here.filter_map(|reason| Some(section(*reason, guide::of(*reason)?))));
    }
    page.push_str("\n## Not looked at\n\nThese follow from something else, and are Unknown wherever they stand.\n");
    let consequences = Reason::ALL.iter().filter(|reason| reason.is_consequence());
    page.extend(consequences.filter_map(|reason| Some(section(*reason, guide::of(*reason)?))));
    page.push_str(&in_order());
    page.push_str(PROCEDURES);
    page.push_str(&people());
    page
}

fn introduction(condition: ConditionType) -> &'static str {
    match condition {
        ConditionType::Authorized => {
            "The grant: may the operator act for the account? Secrets, tokens, and Atlassian's token endpoint."
        }
        ConditionType::SiteReachable => "The site that `spec.site` names: is it there, and does the grant reach it?",
        ConditionType::ScopesGranted => {
            "The OAuth scopes, which cap what a token may do whatever its account may do. [permissions.md](permissions.md) says what needs which."
        }
        ConditionType::AccountEligible => {
            "The account that holds the grant: the right one, of the right kind, with access to Jira?"
        }
        ConditionType::ProjectsAccessible => {
            "All projects in scope, summed up. What hinders a single one stands on its JiraProject: [Accessible](#accessible), [Permitted](#permitted)."
        }
        ConditionType::DirectoryReadable => "People: can they be looked up, and are those that the spec pins usable?",
        ConditionType::ServiceDesksReady => {
            "All service desks in scope, summed up; absent where there are none. What hinders a single one stands on its JiraProject: [ServiceDeskReady](#servicedeskready)."
        }
        ConditionType::StatusMappingValid => "`spec.statusMapping`: do the statuses that it names exist?",
        ConditionType::Synced => "The last synchronisation: is what the cluster shows as fresh as it should be?",
        ConditionType::Accessible => "On each JiraProject: does the account see the project, and may it read it?",
        ConditionType::Permitted => {
            "On each JiraProject: does the account hold the project permissions that the mode needs? The message names all that are lacking, the reason the first."
        }
        ConditionType::ServiceDeskReady => {
            "On each JiraProject of a service project: can requests be raised on its service desk? Where several things hinder, the reason is the gravest and the message names all."
        }
        ConditionType::Ready | ConditionType::Reconciling | ConditionType::Stalled => {
            "What follows from the others: [Start here](#start-here)."
        }
    }
}

fn section(reason: Reason, guide: &Guide) -> String {
    let entry = reason.entry();
    let whose = if reason.is_consequence() {
        "The condition".to_owned()
    } else {
        carriers(reason)
    };
    let holds = entry.holds.as_str();
    let mut text = format!("\n### {reason}\n\n{whose} is {holds}. {}\n", plain(entry.meaning));
    text.push_str(&body(guide, entry.cause, entry.remedy));
    let what = what_the_operator_does(reason, holds_ready(reason));
    let ready = of_ready(reason);
    let _ = write!(text, "\n**What the operator does.** {what} {}{ready}\n", guide.operator);
    text.push_str(&terms(guide));
    text
}

fn body(guide: &Guide, cause: &str, remedy: &str) -> String {
    let mut text = format!("\n**How it was found out.** {}\n", guide.found);
    if !cause.is_empty() {
        let _ = write!(text, "\n**Causes, likeliest first.** {}\n", plain(cause));
    }
    if !guide.apart.is_empty() {
        text.push('\n');
    }
    for item in guide.apart {
        let _ = writeln!(text, "- {item}");
    }
    let remedy = if remedy.is_empty() { "Mostly nothing." } else { remedy };
    let _ = write!(text, "\n**What to do.** {}", plain(remedy));
    match guide.mend {
        [step] => {
            let _ = writeln!(text, " {step}");
        }
        steps => {
            text.push_str("\n\n");
            for (index, step) in steps.iter().enumerate() {
                let _ = writeln!(text, "{}. {step}", index + 1);
            }
        }
    }
    text
}

/// A text of the table, which is no Markdown.
fn plain(text: &str) -> String {
    text.replace('*', "\\*")
}

/// The conditions that may carry the reason.
fn carriers(reason: Reason) -> String {
    let names = reason.entry().conditions.iter().map(|c| format!("`{}`", c.as_str()));
    let names: Vec<String> = names.collect();
    match names.as_slice() {
        [some @ .., last] if !some.is_empty() => format!("{} or {last}", some.join(", ")),
        names => names.join(""),
    }
}

fn terms(guide: &Guide) -> String {
    match guide.terms {
        [] => String::new(),
        terms => format!("\n*Also searched for as:* {}.\n", terms.join(", ")),
    }
}

/// When a reason keeps Ready from being True.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HoldsReady {
    Always,
    WhereProjectsAreNamed,
    Never,
}

/// By the rule that decides it. What follows from others is told with its cause.
fn holds_ready(reason: Reason) -> HoldsReady {
    let Some(condition) = home(reason) else {
        return HoldsReady::Always;
    };
    // What a JiraProject carries is told of that project's Ready.
    let of_project = holds_project_back(condition, reason);
    match [false, true].map(|named| of_project || holds_ready_back(condition, reason, named)) {
        [_, false] => HoldsReady::Never,
        [false, true] => HoldsReady::WhereProjectsAreNamed,
        [true, true] => HoldsReady::Always,
    }
}

/// When what waits for a person is looked at again: single questions are asked on each interval only about what
/// the spec names.
fn looks_again(reason: Reason) -> &'static str {
    let by_single_questions = [
        ConditionType::Accessible,
        ConditionType::ServiceDeskReady,
        ConditionType::ServiceDesksReady,
        ConditionType::StatusMappingValid,
    ];
    if home(reason).is_some_and(|condition| by_single_questions.contains(&condition)) {
        "on each interval where the spec names the project, else every 30 minutes"
    } else {
        "on each interval"
    }
}

fn what_the_operator_does(reason: Reason, holds: HoldsReady) -> String {
    // Reconciling and Stalled follow from the reason of Ready.
    let shown = |name: &str| match holds {
        HoldsReady::Always => format!(" (`{name}`)"),
        HoldsReady::WhereProjectsAreNamed => format!(" (`{name}` where `spec.projects` names the projects)"),
        HoldsReady::Never => String::new(),
    };
    match reason.entry().disposition {
        Disposition::Fine => "Nothing stops.".to_owned(),
        Disposition::Retry => format!(
            "It tries again by itself, with growing waits of at most 15 minutes{}.",
            shown("Reconciling")
        ),
        Disposition::Wait => "It waits; what is awaited wakes it.".to_owned(),
        Disposition::Stalled => format!(
            "It waits for a person{}, and looks again {}.",
            shown("Stalled"),
            looks_again(reason)
        ),
    }
}

/// What the reason means for Ready, where that is not what one expects.
fn of_ready(reason: Reason) -> &'static str {
    match holds_ready(reason) {
        _ if reason.entry().holds == Holds::True => "",
        HoldsReady::Always => "",
        HoldsReady::WhereProjectsAreNamed => " Elsewhere it leaves `Ready` True, whose message names it.",
        HoldsReady::Never => " By itself it leaves `Ready` True, whose message names it.",
    }
}

/// What needs nobody: short, for checks link here too.
fn in_order() -> String {
    let mut text = String::from("\n## What is in order\n\nReasons of conditions that are True and need nobody.\n");
    for reason in Reason::ALL.iter().filter(|reason| guide::of(**reason).is_none()) {
        let meaning = plain(reason.entry().meaning);
        let _ = write!(text, "\n### {reason}\n\n{} is True. {meaning}\n", carriers(*reason));
    }
    text
}

/// The findings about one person, which no condition carries.
fn people() -> String {
    let mut text = String::from(
        "\n## A ticket for a person fails\n\n\
         `jira-operator check NAME -n NAMESPACE --person EMAIL --project KEY` looks one person up as the operator does. No condition speaks of single \
         people. Pinned people (`spec.users.pinned`) go first, then the exact e-mail address; a display name never matches.\n",
    );
    for reason in PersonReason::ALL {
        let _ = write!(text, "\n### {}\n\n{}\n", reason.as_str(), reason.meaning());
        if let Some(guide) = guide::of_person(*reason) {
            text.push_str(&body(guide, "", reason.remedy()));
            let _ = write!(text, "\n**What the operator does.** {}\n", guide.operator);
            text.push_str(&terms(guide));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cli::generate::sections::{anchor, headings};

    fn names() -> impl Iterator<Item = &'static str> {
        let of_people = PersonReason::ALL.iter().map(|reason| reason.as_str());
        Reason::ALL.iter().map(|reason| reason.as_str()).chain(of_people)
    }

    #[test]
    fn each_reason_has_one_heading_and_its_anchor_is_its_name() {
        let page = page();
        let headings: Vec<&str> = headings(&page).map(|(_, heading)| heading).collect();
        let mut anchors: Vec<String> = headings.iter().map(|heading| anchor(heading)).collect();
        for name in names() {
            assert_eq!(headings.iter().filter(|heading| **heading == name).count(), 1, "{name}");
            assert!(anchors.contains(&name.to_lowercase()), "{name}");
        }
        anchors.sort();
        let all = anchors.len();
        anchors.dedup();
        assert_eq!(anchors.len(), all, "two headings have the same anchor");
    }

    #[test]
    fn what_is_not_in_order_is_explained_and_nothing_else_is() {
        let guides = Reason::ALL.iter().map(|reason| {
            let needs_somebody = reason.entry().holds != Holds::True || !reason.entry().remedy.is_empty();
            (reason.as_str(), needs_somebody, guide::of(*reason))
        });
        let of_people = PersonReason::ALL
            .iter()
            .map(|reason| (reason.as_str(), !reason.remedy().is_empty(), guide::of_person(*reason)));
        for (name, needs_somebody, guide) in guides.chain(of_people) {
            assert_eq!(needs_somebody, guide.is_some(), "{name}");
            let Some(guide) = guide else { continue };
            assert!(!guide.apart.is_empty() && !guide.mend.is_empty(), "{name}");
            let texts = [guide.found, guide.operator].into_iter();
            let texts = texts.chain(guide.apart.iter().chain(guide.mend).chain(guide.terms).copied());
            for text in texts {
                assert!(!text.trim().is_empty() && text.trim() == text, "{name}: {text:?}");
            }
        }
    }

    #[test]
    fn every_condition_has_its_part() {
        for condition in conditions() {
            let heading = format!("\n## {}\n", condition.as_str());
            assert!(page().contains(&heading), "{heading}");
        }
        let told = Reason::ALL.iter().filter(|reason| guide::of(**reason).is_some());
        for reason in told {
            assert!(
                reason.is_consequence() || conditions().any(|condition| home(*reason) == Some(condition)),
                "{reason}"
            );
        }
    }

    #[test]
    fn what_holds_ready_back_follows_the_rule_that_decides_it() {
        assert_eq!(holds_ready(Reason::UserBrowsingDenied), HoldsReady::Never);
        assert_eq!(
            holds_ready(Reason::SomeProjectsBlocked),
            HoldsReady::WhereProjectsAreNamed
        );
        assert_eq!(holds_ready(Reason::ReconnectRequired), HoldsReady::Always);
        assert_eq!(of_ready(Reason::OfflineAccessMissing), "");
        let page = page();
        let (_, from) = page.split_once("\n### UserBrowsingDenied\n").unwrap();
        let (part, _) = from.split_once("\n### ").unwrap();
        assert!(
            !part.contains("Stalled") && part.contains("leaves `Ready` True"),
            "{part}"
        );
    }
}
