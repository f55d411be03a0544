//! What is said of the people of a ticket: who has the role that the spec names, and why others have not. Pure.

use super::{
    draft::{Draft, FirstCall},
    parts::Part,
    people::{Person, TicketRoles},
};
use crate::api::{
    condition::{ConditionType::PeopleMatched, Finding},
    issue::{JiraIssueSpec, PersonReference, TicketPeople, TicketPerson},
    reason::Reason,
};

/// Where a reporter is named who could not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotePlace {
    /// In a comment that customers do not see: requests have such.
    Internal,
    /// In a comment that everybody sees who sees the ticket.
    Ordinary,
    /// Nowhere: customers of a service project would see a comment on an issue that is no request.
    Nowhere,
}

impl NotePlace {
    /// That of a ticket.
    #[must_use]
    pub const fn of(is_request: bool, is_service_project: bool) -> Self {
        match (is_request, is_service_project) {
            (true, _) => Self::Internal,
            (false, false) => Self::Ordinary,
            (false, true) => Self::Nowhere,
        }
    }

    const fn said(self) -> &'static str {
        match self {
            Self::Internal => "An internal comment names the person.",
            Self::Ordinary => "An ordinary comment, which all readers of the ticket see, names the person.",
            Self::Nowhere => "No comment names the person: the ticket is no request, and customers would read it.",
        }
    }
}

/// Who has which role, as the status says it.
#[must_use]
pub fn people_of(roles: &TicketRoles, draft: &Draft) -> TicketPeople {
    let participants = roles.participants.iter().map(|person| participant(person, draft));
    TicketPeople {
        reporter: roles.reporter.as_ref().map(|person| reporter(person, roles, draft)),
        assignee: roles.assignee.as_ref().map(|person| assignee(person, draft)),
        participants: participants.collect(),
    }
}

fn said(person: &Person, problem: Option<(Reason, String)>) -> TicketPerson {
    let (reason, why) = problem.unzip();
    let reason = reason.map(|reason| reason.as_str().to_owned());
    match person {
        Person::Account { id, matched, .. } => TicketPerson {
            matched: (*matched).to_owned(),
            account_id: Some(id.clone()),
            reason,
            why,
            ..TicketPerson::default()
        },
        Person::Unknown { .. } => TicketPerson {
            matched: "None".to_owned(),
            reason,
            why,
            ..TicketPerson::default()
        },
    }
}

fn reporter(person: &Person, roles: &TicketRoles, draft: &Draft) -> TicketPerson {
    let is_request = matches!(draft.first, FirstCall::Request(_));
    let problem = match (person, draft.without.get(&Part::Reporter)) {
        (Person::Unknown { email, why }, _) => {
            Some((Reason::ReporterUnknown, format!("spec.reporter names {email}: {why}.")))
        }
        (Person::Account { .. }, None) => None,
        (Person::Account { named, .. }, Some(words)) if is_request && !words.is_empty() => {
            let words = words.trim_end_matches('.');
            let what = format!("Jira does not let the request be raised for {named}: {words}.");
            Some((Reason::ReporterNotCustomer, what))
        }
        (Person::Account { named, .. }, Some(words)) => {
            let what = if is_request {
                format!("The account may not raise requests for others, and so not for {named}.")
            } else {
                format!("The account cannot set {named} as the reporter{}.", after(words))
            };
            Some((Reason::ReporterRefused, what))
        }
    };
    let problem = problem.map(|(reason, what)| {
        let place = NotePlace::of(is_request, draft.project.is_service);
        let is_unassignable = draft.without.contains_key(&Part::Assignee) && roles.assignee.is_none();
        let chosen = if is_unassignable {
            " Jira chose the assignee itself."
        } else {
            ""
        };
        let reason = match place {
            NotePlace::Nowhere => Reason::NoteRefused,
            NotePlace::Internal | NotePlace::Ordinary => reason,
        };
        (reason, format!("{what} {}{chosen}", place.said()))
    });
    said(person, problem)
}

fn assignee(person: &Person, draft: &Draft) -> TicketPerson {
    let refused = draft.without.get(&Part::Assignee);
    assigned(person, refused.map(String::as_str), &draft.project.key)
}

/// Who works on a ticket. `refused`: Jira's words, where it does not let that person.
#[must_use]
pub fn assigned(person: &Person, refused: Option<&str>, project: &str) -> TicketPerson {
    let problem = match (person, refused) {
        (Person::Unknown { email, why }, _) => {
            Some((Reason::AssigneeUnknown, format!("spec.assignee names {email}: {why}.")))
        }
        (Person::Account { .. }, None) => None,
        (Person::Account { named, .. }, Some(words)) => {
            let what = format!("{named} cannot be assigned in {project}{}.", after(words));
            Some((Reason::AssigneeNotAssignable, what))
        }
    };
    said(person, problem)
}

/// The same of who was found and whom Jira does not let.
#[must_use]
pub fn unassignable(spec: &JiraIssueSpec, person: TicketPerson, (project, words): (&str, &str)) -> TicketPerson {
    let named = spec
        .assignee
        .as_ref()
        .and_then(PersonReference::named)
        .unwrap_or_default();
    TicketPerson {
        reason: Some(Reason::AssigneeNotAssignable.as_str().to_owned()),
        why: Some(format!("{named} cannot be assigned in {project}{}.", after(words))),
        ..person
    }
}

fn participant(person: &Person, draft: &Draft) -> TicketPerson {
    let problem = match person {
        Person::Unknown { email, why } => Some(format!("spec.participants names {email}: {why}.")),
        Person::Account { id, named, .. } => {
            let refused = draft.without.get(&Part::Participant(id.clone()));
            refused.map(|words| format!("Jira does not let {named} take part{}.", after(words)))
        }
    };
    said(person, problem.map(|what| (Reason::ParticipantUnknown, what)))
}

/// Jira's words, where it said any.
fn after(words: &str) -> String {
    match words.trim_end_matches('.') {
        "" => String::new(),
        words => format!(": {words}"),
    }
}

/// What the condition says of them: the first who has not the role, and the others after it.
#[must_use]
pub fn finding(people: &TicketPeople) -> Finding {
    let all = people
        .reporter
        .iter()
        .chain(&people.assignee)
        .chain(&people.participants);
    let problems = all.filter_map(|person| {
        let reason = Reason::parse(person.reason.as_deref()?)?;
        Some(Finding::with_remedy(PeopleMatched, reason, person.why.as_deref()?))
    });
    let summed_up = problems.reduce(Finding::and_then);
    summed_up.unwrap_or_else(|| Finding::plain(PeopleMatched, Reason::AllMatched))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(reason: Option<Reason>, why: &str) -> TicketPerson {
        TicketPerson {
            matched: "Email".into(),
            reason: reason.map(|reason| reason.as_str().to_owned()),
            why: reason.map(|_| why.to_owned()),
            ..TicketPerson::default()
        }
    }

    #[test]
    fn the_reporter_goes_first_and_the_others_are_named() {
        let people = TicketPeople {
            reporter: Some(person(Some(Reason::ReporterUnknown), "Nobody is kim.")),
            assignee: Some(person(Some(Reason::AssigneeNotAssignable), "Dana cannot be assigned.")),
            participants: vec![person(None, "")],
        };
        let found = finding(&people);
        assert_eq!(found.reason, Reason::ReporterUnknown);
        assert!(
            found.message().contains("Also: Dana cannot be assigned."),
            "{}",
            found.message()
        );
        assert_eq!(finding(&TicketPeople::default()).reason, Reason::AllMatched);
    }

    #[test]
    fn only_a_request_has_internal_comments() {
        assert_eq!(NotePlace::of(true, true), NotePlace::Internal);
        assert_eq!(NotePlace::of(false, false), NotePlace::Ordinary);
        assert_eq!(NotePlace::of(false, true), NotePlace::Nowhere);
    }
}
