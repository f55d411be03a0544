//! What is said of the people of a ticket: who has the role that the spec names, and why others have not. Pure.

use super::{
    draft::{Draft, FirstCall},
    parts::Part,
    people::{Person, TicketRoles},
};
use crate::api::{
    condition::{ConditionType::PeopleMatched, Finding},
    issue::{IssuePerson, JiraIssueSpec, JiraIssueStatus, PersonReference, TicketPeople, TicketPerson},
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
    let (matched, account_id) = match person {
        Person::Account { id, matched, .. } => (*matched, Some(id.clone())),
        Person::Unknown { .. } => ("None", None),
    };
    TicketPerson {
        matched: matched.to_owned(),
        account_id,
        reason,
        why,
        ..TicketPerson::default()
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
            Some((Reason::AssigneeNotAssignable, not_assignable(named, project, words)))
        }
    };
    said(person, problem)
}

fn not_assignable(named: &str, project: &str, words: &str) -> String {
    format!("{named} cannot be assigned in {project}{}.", after(words))
}

/// The same of who was found and whom Jira does not let.
#[must_use]
pub fn unassignable(spec: &JiraIssueSpec, person: TicketPerson, (project, words): (&str, &str)) -> TicketPerson {
    let named = spec.assignee.as_ref().and_then(PersonReference::named);
    TicketPerson {
        reason: Some(Reason::AssigneeNotAssignable.as_str().to_owned()),
        why: Some(not_assignable(named.unwrap_or_default(), project, words)),
        ..person
    }
}

fn participant(person: &Person, draft: &Draft) -> TicketPerson {
    let refused = person
        .account()
        .and_then(|id| draft.without.get(&Part::Participant(id.to_owned())));
    taking_part(person, refused.map(String::as_str))
}

/// Who takes part in a request. `refused`: Jira's words, where it does not let that person.
#[must_use]
pub fn taking_part(person: &Person, refused: Option<&str>) -> TicketPerson {
    let problem = match person {
        Person::Unknown { email, why } => Some(format!("spec.participants names {email}: {why}.")),
        Person::Account { named, .. } => {
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

/// How an account was found that somebody set in Jira for a person of the spec who had not the role.
pub const IN_JIRA: &str = "Jira";

/// The same after somebody set the reporter or the assignee in Jira, who had not the role. None where nobody did.
/// `before` is what was known of the ticket, and `account` the dedicated one, which is the reporter where nobody else is.
#[must_use]
pub fn set_in_jira(before: &JiraIssueStatus, now: &JiraIssueStatus, account: &str) -> Option<TicketPeople> {
    let mut people = before.people.clone()?;
    let is_lacking = |person: &&mut TicketPerson| person.reason.is_some();
    let (mut is_changed, is_other) = (false, |live: &&IssuePerson| live.account_id != account);
    if let Some((person, live)) = people
        .reporter
        .as_mut()
        .filter(is_lacking)
        .zip(now.reporter.as_ref().filter(is_other))
    {
        (*person, is_changed) = (has_role(person, live), true);
    }
    // Jira may choose an assignee itself: only one who was not there before was set by somebody.
    let was_nobody = !before.updated.is_empty() && before.assignee.is_none();
    if let Some((person, live)) = people.assignee.as_mut().filter(is_lacking).zip(now.assignee.as_ref())
        && (was_nobody || person.account_id.as_ref() == Some(&live.account_id))
    {
        (*person, is_changed) = (has_role(person, live), true);
    }
    is_changed.then_some(people)
}

/// The person whom somebody gave the role in Jira.
fn has_role(person: &TicketPerson, live: &IssuePerson) -> TicketPerson {
    let is_meant = person.account_id.as_ref() == Some(&live.account_id);
    TicketPerson {
        matched: if is_meant {
            person.matched.clone()
        } else {
            IN_JIRA.to_owned()
        },
        account_id: Some(live.account_id.clone()),
        reason: None,
        why: None,
        ..person.clone()
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

    fn live(account: &str) -> IssuePerson {
        IssuePerson {
            account_id: account.into(),
            display_name: "Dana".into(),
        }
    }

    /// A ticket that was created without the people of its spec.
    fn lacking() -> JiraIssueStatus {
        let devin = TicketPerson {
            account_id: Some("devin".into()),
            ..person(Some(Reason::AssigneeNotAssignable), "Devin cannot be assigned.")
        };
        JiraIssueStatus {
            updated: "2026-11-30T10:00:00Z".into(),
            reporter: Some(live("bot")),
            people: Some(TicketPeople {
                reporter: Some(person(Some(Reason::ReporterUnknown), "Nobody is kim.")),
                assignee: Some(devin),
                participants: Vec::new(),
            }),
            ..JiraIssueStatus::default()
        }
    }

    /// Who then has which role, and why not.
    fn told(before: &JiraIssueStatus, now: &JiraIssueStatus) -> Option<[String; 2]> {
        let people = set_in_jira(before, now, "bot")?;
        let of = |person: Option<TicketPerson>| {
            let person = person.unwrap_or_default();
            let said = person.reason.or(person.account_id).unwrap_or_default();
            format!("{} {said}", person.matched)
        };
        Some([of(people.reporter), of(people.assignee)])
    }

    #[test]
    fn whoever_is_set_in_jira_has_the_role_and_who_was_there_before_has_not() {
        let before = lacking();
        let (unknown, refused) = ("Email ReporterUnknown", "Email AssigneeNotAssignable");
        assert_eq!(told(&before, &before), None);
        let reported = JiraIssueStatus {
            reporter: Some(live("dana")),
            ..before.clone()
        };
        assert_eq!(told(&before, &reported), Some(["Jira dana".into(), refused.into()]));
        let assigned = |who: &str, before: &JiraIssueStatus| JiraIssueStatus {
            assignee: Some(live(who)),
            ..before.clone()
        };
        assert_eq!(
            told(&before, &assigned("devin", &before)),
            Some([unknown.into(), "Email devin".into()])
        );
        assert_eq!(
            told(&before, &assigned("dana", &before)),
            Some([unknown.into(), "Jira dana".into()])
        );
        // Jira chose somebody itself when the ticket was created.
        let chosen = assigned("lead", &before);
        assert_eq!(told(&chosen, &chosen), None);
        assert_eq!(
            told(
                &JiraIssueStatus {
                    updated: String::new(),
                    ..before.clone()
                },
                &chosen
            ),
            None
        );
        let followed = JiraIssueStatus {
            people: set_in_jira(&before, &reported, "bot"),
            ..reported
        };
        assert_eq!(told(&followed, &followed), None);
    }

    #[test]
    fn only_a_request_has_internal_comments() {
        assert_eq!(NotePlace::of(true, true), NotePlace::Internal);
        assert_eq!(NotePlace::of(false, false), NotePlace::Ordinary);
        assert_eq!(NotePlace::of(false, true), NotePlace::Nowhere);
    }
}
