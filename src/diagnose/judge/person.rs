//! Why a ticket for one person fails in one project.

use super::not_asked;
use crate::{
    atlassian::error::JiraError,
    diagnose::evidence::{PersonEvidence, Raising},
};

macro_rules! person_reasons {
    ($($name:ident: $meaning:literal, $remedy:literal;)+) => {
        /// What was found about a person. Told by the command line only: no condition speaks of
        /// single people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum PersonReason {
            $(#[doc = $meaning] $name,)+
        }

        impl PersonReason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [PersonReason] = &[$(PersonReason::$name,)+];

            /// The reason as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(PersonReason::$name => stringify!($name),)+ }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(PersonReason::$name => $meaning,)+ }
            }

            /// What to do.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(PersonReason::$name => $remedy,)+ }
            }
        }
    };
}

person_reasons! {
    PersonNotLookedUp:
        "The account may not browse users, so Jira answers every search with an empty list.",
        "Grant the account Browse users and groups in Jira's global permissions, or pin the person in spec.users.pinned.";
    PersonNotFound:
        "The site knows no account with this e-mail address.",
        "Invite the person to the site, correct the address, or, if their profile hides it, pin the accountId in spec.users.pinned.";
    PersonInactive:
        "The person's account is deactivated.",
        "Reactivate the account in Atlassian Administration, or name somebody else.";
    PersonEmailHidden:
        "One account was found for the address, but its profile hides the address, so that nothing proves it.",
        "Pin the person's accountId in spec.users.pinned.";
    PersonProjectNotVisible:
        "Jira shows the account no project with the key that was given.",
        "Correct the key, or add the account to the project in Jira.";
    PersonNotAssignable:
        "Issues of the project cannot be assigned to the person.",
        "Grant the person's role Assignable user in the project's permission scheme, or add the person to the project.";
    RequestsForOthersDenied:
        "The operator's account may not raise requests for other people on this service desk.",
        "Make the account an agent of the service project: Jira Service Management access and an agent role.";
    PersonNotAsked:
        "Jira did not answer a question about the person or the project.",
        "Try again; if it lasts, run the check without --person.";
    PersonUsable:
        "Nothing stands in the way of a ticket for the person, as far as Jira can be asked.", "";
}

/// A finding about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonFinding {
    /// Its reason.
    pub reason: PersonReason,
    /// What a person reads.
    pub message: String,
}

/// Judges the person: every finding, the gravest first; one that says so where there is none.
#[must_use]
pub fn judge(evidence: &PersonEvidence) -> Vec<PersonFinding> {
    let all = [
        found(evidence),
        project(evidence),
        assignable(evidence),
        requests(evidence),
    ];
    let mut findings: Vec<PersonFinding> = Vec::new();
    for finding in all.into_iter().flatten() {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if findings.is_empty() {
        findings.push(PersonFinding {
            reason: PersonReason::PersonUsable,
            message: usable(evidence),
        });
    }
    findings
}

/// What was asked about them, and what about the operator's account.
fn usable(evidence: &PersonEvidence) -> String {
    let PersonEvidence { email, project, .. } = evidence;
    let assignable = evidence.assignable == Some(Ok(true));
    let raised = evidence.may_raise == Some(Ok(Raising::Allowed));
    match (assignable, raised) {
        (true, true) => format!(
            "Issues of {project} can be assigned to {email}, and the operator's account, of which Jira was asked, may raise requests for others there."
        ),
        (true, false) => format!("Issues of {project} can be assigned to {email}."),
        (false, _) => format!(
            "{email} is a portal customer, and the operator's account, of which Jira was asked, may raise requests for others in {project}."
        ),
    }
}

/// Whether the project that the ticket is for is seen at all.
fn project(evidence: &PersonEvidence) -> Option<PersonFinding> {
    match evidence.service_project.as_ref().err()? {
        JiraError::NotFound(_) | JiraError::Forbidden(_) => Some(not_visible(evidence)),
        error => Some(unanswered(error)),
    }
}

fn not_visible(evidence: &PersonEvidence) -> PersonFinding {
    let what = format!("Jira shows the account no project {}.", evidence.project);
    finding(PersonReason::PersonProjectNotVisible, &what)
}

fn finding(reason: PersonReason, what: &str) -> PersonFinding {
    let message = format!("{what} {}", reason.remedy());
    PersonFinding { reason, message }
}

fn unanswered(error: &JiraError) -> PersonFinding {
    finding(PersonReason::PersonNotAsked, &not_asked(error))
}

fn found(evidence: &PersonEvidence) -> Option<PersonFinding> {
    let email = &evidence.email;
    match (&evidence.found, &evidence.may_browse) {
        (Ok(users), _) if !users.is_empty() => {}
        (_, Ok(false)) if evidence.pinned.is_none() => {
            let what = format!("{email} cannot be looked up: the account may not browse users.");
            return Some(finding(PersonReason::PersonNotLookedUp, &what));
        }
        (Err(error), _) | (_, Err(error)) => return Some(unanswered(error)),
        _ => return Some(not_found(evidence)),
    }
    let Some(user) = evidence.account() else {
        return Some(not_found(evidence));
    };
    if !user.active {
        let what = format!("The account of {email} ({}) is deactivated.", user.account_id);
        return Some(finding(PersonReason::PersonInactive, &what));
    }
    (evidence.pinned.is_none() && user.address().is_none()).then(|| {
        let what = format!(
            "Jira found {} for {email}, but the profile hides its address.",
            user.account_id
        );
        finding(PersonReason::PersonEmailHidden, &what)
    })
}

fn not_found(evidence: &PersonEvidence) -> PersonFinding {
    let what = match (&evidence.pinned, evidence.looked_through) {
        (Some(id), _) => format!(
            "The site knows no account {id}, which spec.users.pinned gives for {}.",
            evidence.email
        ),
        (None, true) => format!("No account of the site shows the address {}.", evidence.email),
        (None, false) => format!("Jira finds no active account for {}.", evidence.email),
    };
    finding(PersonReason::PersonNotFound, &what)
}

fn assignable(evidence: &PersonEvidence) -> Option<PersonFinding> {
    match evidence.assignable.as_ref()? {
        Ok(true) => None,
        // Without the right to browse users the list may be empty for that reason alone.
        Ok(false) if evidence.may_browse != Ok(true) => {
            let what = format!("Whether issues can be assigned to {} cannot be told.", evidence.email);
            Some(finding(PersonReason::PersonNotLookedUp, &what))
        }
        Ok(false) => {
            let what = format!(
                "Issues of {} cannot be assigned to {}.",
                evidence.project, evidence.email
            );
            Some(finding(PersonReason::PersonNotAssignable, &what))
        }
        Err(JiraError::NotFound(_)) => Some(not_visible(evidence)),
        Err(error) => Some(unanswered(error)),
    }
}

fn requests(evidence: &PersonEvidence) -> Option<PersonFinding> {
    let (email, project) = (&evidence.email, &evidence.project);
    let untold = |why: &str| {
        let what =
            format!("Whether the operator's account may raise requests for others in {project} cannot be told: {why}.");
        Some(finding(PersonReason::PersonNotAsked, &what))
    };
    match evidence.may_raise.as_ref()? {
        Ok(Raising::Allowed) => None,
        Ok(Raising::Denied) => {
            let what = format!(
                "Jira was asked about the operator's account: it may not raise requests for others in {project}, {email} included."
            );
            Some(finding(PersonReason::RequestsForOthersDenied, &what))
        }
        Ok(Raising::Untold) => untold("Jira's answer about the form leaves it out"),
        Ok(Raising::NoRequestType) => untold("it sees no request type there"),
        Err(error) => Some(unanswered(error)),
    }
}

#[cfg(test)]
mod tests;
