//! What `Ready` follows from: which findings hold it back, and what its message says of the others.

use super::{
    condition_type::ConditionType,
    finding::Finding,
    message::{LONGEST_MESSAGE, with_short_tail},
    reason::{Blocks, Holds, Reason},
};

/// Whether a condition with this reason keeps `Ready` of the integration from being True. The condition is
/// one of the integration or of one of its projects.
#[must_use]
pub fn holds_ready_back(condition: ConditionType, reason: Reason, spec_names_projects: bool) -> bool {
    match condition {
        ConditionType::DirectoryReadable
        | ConditionType::ServiceDesksReady
        | ConditionType::StatusMappingValid
        | ConditionType::ServiceDeskReady => false,
        ConditionType::Accessible | ConditionType::Permitted => {
            spec_names_projects && holds_project_back(condition, reason)
        }
        _ => match reason.entry().blocks {
            Blocks::Ready => true,
            Blocks::NamedProjects => spec_names_projects,
            Blocks::Project | Blocks::Nothing => false,
        },
    }
}

/// Whether a condition with this reason keeps `Ready` of the `JiraProject` that carries it from being True.
#[must_use]
pub fn holds_project_back(condition: ConditionType, reason: Reason) -> bool {
    let of_projects = [
        ConditionType::Accessible,
        ConditionType::Permitted,
        ConditionType::ServiceDeskReady,
    ];
    of_projects.contains(&condition) && !reason.blocks_nothing()
}

/// The `Ready` finding of an integration that follows from its others.
#[must_use]
pub fn ready(findings: &[Finding], spec_names_projects: bool) -> Finding {
    summed_up(findings, Reason::Connected, &|finding| {
        holds_ready_back(finding.condition, finding.reason, spec_names_projects)
    })
}

/// The `Ready` finding of a project that follows from its others.
#[must_use]
pub fn project_ready(findings: &[Finding]) -> Finding {
    summed_up(findings, Reason::Usable, &|finding| {
        holds_project_back(finding.condition, finding.reason)
    })
}

/// The `Ready` finding of a ticket that follows from its others.
#[must_use]
pub fn ticket_ready(findings: &[Finding]) -> Finding {
    summed_up(findings, Reason::InSync, &|finding| {
        finding.condition != ConditionType::PeopleMatched && !finding.reason.blocks_nothing()
    })
}

/// Its reason is the first, in the order of the steps, that holds it back; a False one goes before
/// an Unknown one. Further causes are named after it, what merely follows from it is not.
fn summed_up(findings: &[Finding], when_true: Reason, holds_back: &dyn Fn(&Finding) -> bool) -> Finding {
    let holding = |holds: Holds| {
        let of_it = move |f: &&Finding| holds_back(f) && f.reason.entry().holds == holds;
        findings.iter().filter(of_it)
    };
    let cause = holding(Holds::False)
        .next()
        .or_else(|| holding(Holds::Unknown).find(|f| !f.reason.entry().is_consequence))
        .or_else(|| holding(Holds::Unknown).next());
    let explained = |f: &Finding| f.is_explained_among(findings.iter().map(|other| other.reason));
    // A reason that is True and has a remedy is a warning.
    let notes = findings
        .iter()
        .filter(|f| (!f.is_true() || !f.reason.entry().remedy.is_empty()) && !explained(f))
        .filter(|f| !f.reason.entry().is_consequence && f.reason != Reason::NeverSynced)
        .filter(|f| cause.is_none_or(|cause| cause.reason != f.reason));
    let Some(first) = cause else {
        return Finding::new(ConditionType::Ready, when_true, noting(when_true, notes));
    };
    let also = notes.map(|f| f.reason.as_str()).collect::<Vec<_>>().join(", ");
    let also = if also.is_empty() {
        also
    } else {
        format!(" Also: {also}.")
    };
    let message = with_short_tail(&first.message(), &also);
    Finding::new(ConditionType::Ready, first.reason, message)
}

/// What is said where nothing holds it back: each note in its own words, or, where there is no room, by what its reason
/// means, with the condition and the reason that say more.
fn noting<'f>(when_true: Reason, notes: impl Iterator<Item = &'f Finding>) -> String {
    notes.fold(when_true.entry().meaning.to_owned(), |message, note| {
        let named = format!(" {}: {}.", note.condition.as_str(), note.reason);
        let tails = [
            format!(" {}", note.message()),
            format!(" {}{named}", note.reason.entry().meaning),
        ];
        let fits = |tail: &&String| message.chars().count() + tail.chars().count() <= LONGEST_MESSAGE;
        with_short_tail(&message, tails.iter().find(fits).unwrap_or(&named))
    })
}

#[cfg(test)]
mod tests;
