//! `docs/troubleshooting.md`: the table of reasons, joined with what writers say of them. Checks and messages
//! link to the headings, whose anchors are the reasons' names in lower case.

use std::fmt::Write as _;

use jira_operator::{
    api::{
        condition::ConditionType,
        ready::{holds_project_back, holds_ready_back},
        reason::{Disposition, Holds, Reason},
    },
    cli::markdown::{anchor, headings},
    diagnose::judge::person::PersonReason,
};

use super::{
    prose::{self, CAUSES, Entry, FIX, FOUND, OPERATOR, TERMS},
    wrap::fill,
};

const NOTE: &str = "<!-- Written from docs/reasons/ and the table of reasons: \
    UPDATE_FIXTURES=1 cargo test --test generated. Do not edit. -->";

/// The conditions in the order in which the page has them: the integration's, then a project's, then a ticket's.
fn conditions() -> impl Iterator<Item = ConditionType> {
    let of_others = [
        ConditionType::Accessible,
        ConditionType::Permitted,
        ConditionType::ServiceDeskReady,
        ConditionType::Valid,
        ConditionType::Created,
        ConditionType::PeopleMatched,
        ConditionType::FieldsApplied,
        ConditionType::PhaseReached,
        ConditionType::CommentsSent,
    ];
    ConditionType::STEPS.into_iter().chain(of_others)
}

/// The condition under which the page has a reason; none for those that follow from others.
pub fn home(reason: Reason) -> Option<ConditionType> {
    let first = reason.entry().conditions.first().copied();
    first.filter(|_| !reason.entry().is_consequence)
}

/// The page.
pub fn page() -> String {
    let start = prose::text("start");
    let (title, start) = start.split_once('\n').unwrap();
    let mut page = format!("{title}\n\n{NOTE}\n{start}");
    page.push_str(&index());
    for condition in conditions() {
        let prose = prose::load(&prose::of(condition));
        let here = Reason::ALL.iter().filter(|reason| home(**reason) == Some(condition));
        page.push_str(&part(&prose, here.copied()));
    }
    let consequences = Reason::ALL.iter().filter(|reason| reason.entry().is_consequence);
    page.push_str(&part(&prose::load(prose::SKIPPED), consequences.copied()));
    page.push_str(&fine());
    page.push_str(&deeper(&prose::text("procedures")));
    page.push_str(&people());
    page.push_str(&deeper(&prose::text("check")));
    page
}

/// Each reason that needs a person, with the first sentence of its remedy.
fn index() -> String {
    let mut text = String::from("\n## What to do, by reason\n\n| reason | what to do |\n|---|---|\n");
    let of_conditions = conditions().flat_map(|condition| {
        let here = Reason::ALL
            .iter()
            .filter(move |reason| home(**reason) == Some(condition));
        here.map(|reason| (reason.as_str(), reason.entry().remedy))
    });
    let of_people = PersonReason::ALL
        .iter()
        .map(|reason| (reason.as_str(), reason.remedy()));
    for (name, remedy) in of_conditions.chain(of_people).filter(|(_, remedy)| !remedy.is_empty()) {
        let _ = writeln!(
            text,
            "| [{name}](#{}) | {} |",
            name.to_lowercase(),
            first_sentence(remedy)
        );
    }
    text
}

/// Dots within addresses and names of fields end no sentence.
fn first_sentence(text: &str) -> String {
    let end = [". ", ": ", "; "].iter().filter_map(|mark| text.find(mark)).min();
    let sentence = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    format!("{}.", plain(sentence.trim_end_matches('.')))
}

/// A file with its headings one level deeper.
fn deeper(text: &str) -> String {
    format!("\n#{}", text.replace("\n## ", "\n### "))
}

/// The part about one condition: the reasons in the order of the table.
fn part(prose: &prose::Prose, reasons: impl Iterator<Item = Reason>) -> String {
    let mut text = format!("\n## {}\n\n{}\n", prose.title, prose.introduction);
    let mut told: Vec<&str> = Vec::new();
    for reason in reasons {
        let entry = prose.entries.iter().find(|entry| entry.is_of(reason.as_str()));
        let Some(entry) = entry.filter(|entry| !told.contains(&entry.heading.as_str())) else {
            continue;
        };
        told.push(&entry.heading);
        text.push_str(&section(reason, entry));
    }
    text
}

fn section(reason: Reason, entry: &Entry) -> String {
    let of_table = reason.entry();
    let (whose, meaning, remedy) = if entry.heading == reason.as_str() {
        (carriers(reason), of_table.meaning, of_table.remedy)
    } else {
        (
            "The condition".to_owned(),
            SKIPPED,
            "Fix the condition that the reason names first.",
        )
    };
    let whose = if reason.entry().is_consequence {
        "The condition"
    } else {
        &whose
    };
    let opening = format!("{whose} is {}. {}", of_table.holds.as_str(), plain(meaning));
    let mut text = format!("\n{}### {}\n\n{}", anchors(entry), entry.heading, fill(&opening));
    text.push_str(&remedies(entry, remedy));
    text.push_str(&causes(entry, of_table.cause));
    let what = what_the_operator_does(reason, holds_ready(reason));
    let operator = format!("{what} {}{}", entry.part(OPERATOR), of_ready(reason));
    text.push_str(&labelled(OPERATOR, &operator));
    text.push_str(&labelled(FOUND, entry.part(FOUND)));
    text.push_str(&terms(entry));
    text
}

/// What all the reasons mean that say which condition comes first.
const SKIPPED: &str = "It was skipped, because the condition that the reason names is not True.";

/// Where several reasons have one heading: an anchor for each.
fn anchors(entry: &Entry) -> String {
    let of_reasons = Reason::ALL.iter().map(|reason| reason.as_str());
    let alike = of_reasons.filter(|name| entry.heading != *name && entry.is_of(name));
    let anchors: String = alike.map(invisible).collect();
    if anchors.is_empty() {
        anchors
    } else {
        format!("{anchors}\n\n")
    }
}

fn invisible(name: &str) -> String {
    format!("<a id=\"{}\"></a>", name.to_lowercase())
}

fn labelled(label: &str, text: &str) -> String {
    format!("\n{}", fill(&format!("**{label}.** {text}")))
}

/// The remedy, and how it is done: further words, or a list.
fn remedies(entry: &Entry, remedy: &str) -> String {
    let remedy = if remedy.is_empty() { "Mostly nothing." } else { remedy };
    let how = entry.part(FIX);
    if how.starts_with("1. ") {
        return format!("{}\n{how}\n", labelled(FIX, &plain(remedy)));
    }
    labelled(FIX, &format!("{} {how}", plain(remedy)))
}

fn causes(entry: &Entry, cause: &str) -> String {
    let list = entry.part(CAUSES);
    match cause {
        "" => format!("\n**Causes.**\n\n{list}\n"),
        cause => format!("{}\n{list}\n", labelled("Causes, likeliest first", &plain(cause))),
    }
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

fn terms(entry: &Entry) -> String {
    match entry.part(TERMS) {
        "" => String::new(),
        terms => format!("\n{}", fill(&format!("*{TERMS} as:* {terms}."))),
    }
}

/// When a reason keeps Ready from being True.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HoldsReady {
    Always,
    WhereProjectsAreNamed,
    Never,
}

/// By the rule that decides it. What follows from others is reported with its cause.
fn holds_ready(reason: Reason) -> HoldsReady {
    let Some(condition) = home(reason) else {
        return HoldsReady::Always;
    };
    // What a JiraProject carries concerns that project's Ready.
    let of_project = holds_project_back(condition, reason);
    match [false, true].map(|named| of_project || holds_ready_back(condition, reason, named)) {
        [_, false] => HoldsReady::Never,
        [false, true] => HoldsReady::WhereProjectsAreNamed,
        [true, true] => HoldsReady::Always,
    }
}

/// When what waits for a person is checked again: single questions are asked on each interval only about what
/// the spec names.
fn checks_again(reason: Reason) -> &'static str {
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
            "It is tried again by itself, at most 15 minutes apart{}.",
            shown("Reconciling")
        ),
        Disposition::Wait => "It waits, and goes on by itself.".to_owned(),
        Disposition::Stalled => format!(
            "It waits for a person{}; checked again {}.",
            shown("Stalled"),
            checks_again(reason)
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

/// What needs nobody: a table, with anchors, for checks link here too.
fn fine() -> String {
    let mut text = String::from(
        "\n## Reasons that are fine\n\nOf conditions that are True and need nobody.\n\n| reason | condition | says |\n|---|---|---|\n",
    );
    let needs_nobody = |reason: &&Reason| reason.entry().holds == Holds::True && reason.entry().remedy.is_empty();
    for reason in Reason::ALL.iter().filter(needs_nobody) {
        let (name, meaning) = (reason.as_str(), plain(reason.entry().meaning));
        let _ = writeln!(
            text,
            "| {}{name} | {} | {meaning} |",
            invisible(name),
            carriers(*reason)
        );
    }
    text
}

/// The findings about one person, which no condition carries.
fn people() -> String {
    let prose = prose::load(prose::PEOPLE);
    let mut text = format!("\n## {}\n\n{}\n", prose.title, prose.introduction);
    for reason in PersonReason::ALL {
        let _ = write!(text, "\n### {}\n\n{}", reason.as_str(), fill(reason.meaning()));
        if let Some(entry) = prose.entries.iter().find(|entry| entry.is_of(reason.as_str())) {
            text.push_str(&remedies(entry, reason.remedy()));
            text.push_str(&causes(entry, ""));
            text.push_str(&labelled(OPERATOR, entry.part(OPERATOR)));
            text.push_str(&labelled(FOUND, entry.part(FOUND)));
            text.push_str(&terms(entry));
        }
    }
    text
}

#[test]
fn each_reason_has_one_anchor_which_is_its_name() {
    let page = page();
    let of_headings = headings(&page).map(|(_, heading)| anchor(heading));
    let set = page
        .split("<a id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned());
    let mut anchors: Vec<String> = of_headings.chain(set).collect();
    let of_people = PersonReason::ALL.iter().map(|reason| reason.as_str());
    for name in Reason::ALL.iter().map(|reason| reason.as_str()).chain(of_people) {
        let here = anchors.iter().filter(|anchor| **anchor == name.to_lowercase());
        assert_eq!(here.count(), 1, "{name}");
    }
    anchors.sort();
    let all = anchors.len();
    anchors.dedup();
    assert_eq!(anchors.len(), all, "two headings have the same anchor");
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
    let part = part.replace('\n', " ");
    assert!(
        !part.contains("Stalled") && part.contains("leaves `Ready` True"),
        "{part}"
    );
}
