//! What is said of a ticket that is there: pure, from what its object says, what Jira said last, and where tickets may be
//! written.

use super::{
    bound_ticket::Loss,
    identity::{Identity, Marker},
    reach::Reach,
};
use crate::api::{
    condition::{
        ConditionType::{Created, Valid},
        Finding, reason_of,
    },
    issue::{JiraIssue, JiraIssueStatus},
    reason::Reason,
};

/// What Jira said of a ticket since its object was written last.
#[derive(Clone, Debug, Default)]
pub struct TicketNews {
    /// Whether it is shown, and as what.
    pub said: Option<Said>,
    /// Keys of further issues that carry its marker, where that was looked at.
    pub duplicates: Option<Vec<String>>,
}

/// What Jira said.
#[derive(Clone, Debug)]
pub enum Said {
    /// The ticket is this.
    Shown(Box<ShownTicket>),
    /// It is not shown, or put away.
    Lost(Loss),
}

/// A ticket as Jira showed it.
#[derive(Clone, Debug)]
pub struct ShownTicket {
    /// What is kept of it.
    pub status: JiraIssueStatus,
    /// Its marker.
    pub marker: Option<Marker>,
}

/// What follows for the object.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whether the ticket may be written where it is.
    pub valid: Finding,
    /// Whether it is there.
    pub created: Finding,
    /// What is kept of it.
    pub issue: JiraIssueStatus,
    /// Keys of further issues that carry its marker.
    pub duplicates: Vec<String>,
    /// Whether nothing is known of it, so that it has to be read.
    pub is_unread: bool,
}

/// What is said of a ticket. Of what is outside the reach of tickets nothing but its name is kept.
#[must_use]
pub fn standing(object: &JiraIssue, news: &TicketNews, reach: &Reach<'_>) -> Standing {
    let before = object.status.clone().unwrap_or_default();
    let shown = match &news.said {
        Some(Said::Shown(shown)) => Some(shown),
        _ => None,
    };
    let issue = shown.filter(|shown| shown.status.updated >= before.updated);
    let issue = issue.map_or_else(|| before.clone(), |shown| shown.status.clone());
    let is_foreign = is_foreign(&before, shown.map(|shown| &**shown));
    let is_in_reach = reach.has(&issue);
    let duplicates = news.duplicates.clone().unwrap_or_else(|| before.duplicates.clone());
    let created = created(object, &issue, news, is_foreign, &duplicates);
    let is_kept = is_in_reach && !is_foreign;
    Standing {
        valid: if is_in_reach {
            Finding::plain(Valid, Reason::SpecAccepted)
        } else {
            out_of_reach(&issue, &object.spec.integration)
        },
        is_unread: is_kept && shown.is_none() && issue.updated.is_empty() && Loss::of(created.reason).is_none(),
        created,
        issue: if is_kept {
            reach.mapped(issue)
        } else {
            named_only(&issue)
        },
        duplicates,
    }
}

/// Whether what Jira showed makes a difference to the object.
#[must_use]
pub fn is_news(before: &JiraIssueStatus, shown: &ShownTicket) -> bool {
    let is_told_otherwise = reason_of(&before.conditions, Created)
        .is_some_and(|reason| Loss::of(reason).is_some() || reason == Reason::AlreadyManaged);
    let is_other = shown.status.updated >= before.updated && shown.status.said_by_jira() != before.said_by_jira();
    is_told_otherwise || is_other || is_foreign(before, Some(shown))
}

/// Whether the issue carries the marker of another object. What was found once stands until its own marker is seen.
fn is_foreign(before: &JiraIssueStatus, shown: Option<&ShownTicket>) -> bool {
    let own = before.identity.as_deref().map(Identity::read);
    match (own, shown.and_then(|shown| shown.marker.as_ref())) {
        (Some(own), Some(marker)) => own != marker.identity,
        _ => reason_of(&before.conditions, Created) == Some(Reason::AlreadyManaged),
    }
}

fn created(
    object: &JiraIssue,
    issue: &JiraIssueStatus,
    news: &TicketNews,
    is_foreign: bool,
    duplicates: &[String],
) -> Finding {
    let conditions = object
        .status
        .as_ref()
        .map_or(&[][..], |status| status.conditions.as_slice());
    let carried = Finding::carried(Created, conditions);
    let stalled = |reason, what: String| Finding::with_remedy(Created, reason, &what);
    let key = &issue.key;
    match &news.said {
        Some(Said::Lost(loss)) => return stalled(loss.reason(), lost(*loss, key)),
        None => {
            if let Some(carried) = carried.clone().filter(|carried| Loss::of(carried.reason).is_some()) {
                return carried;
            }
        }
        Some(Said::Shown(_)) => {}
    }
    if is_foreign {
        let what = format!("{key} is the ticket of another object, in this cluster or in another one.");
        return stalled(Reason::AlreadyManaged, what);
    }
    if !duplicates.is_empty() {
        let what = format!(
            "{} carry the marker of this object's ticket {key} too.",
            duplicates.join(", ")
        );
        return stalled(Reason::DuplicateTicket, what);
    }
    let what = format!("The ticket is {key}.");
    let reason = match carried {
        Some(carried) if carried.is_true() => carried.reason,
        Some(_) if object.spec.ticket.is_some() => Reason::TicketAdopted,
        Some(carried) if is_after_a_loss(carried.reason) => Reason::TicketFound,
        _ => Reason::TicketCreated,
    };
    Finding::with_remedy(Created, reason, &what)
}

const fn is_after_a_loss(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::TicketGone
            | Reason::TicketHidden
            | Reason::TicketArchived
            | Reason::AlreadyManaged
            | Reason::DuplicateTicket
    )
}

fn lost(loss: Loss, key: &str) -> String {
    match loss {
        Loss::Gone => format!("Jira shows the account no {key} any more. Nothing is created again by itself."),
        Loss::Hidden => {
            format!("Jira refuses {key}, or its project, to the account. Nothing is created again by itself.")
        }
        Loss::Archived => format!("{key} is archived, alone or with its project. Nothing is created again by itself."),
    }
}

fn out_of_reach(issue: &JiraIssueStatus, integration: &str) -> Finding {
    let what = format!(
        "{} is in {}, where the JiraIntegration {integration} writes no tickets: what Jira says of it is not kept.",
        issue.key, issue.project
    );
    let remedy =
        "Move it back in Jira, or name the project in spec.tickets.projects and spec.projects of the JiraIntegration.";
    Finding::advising(Valid, Reason::ProjectNotInScope, &what, remedy)
}

/// By what a ticket is called and found, and nothing of what it says.
fn named_only(issue: &JiraIssueStatus) -> JiraIssueStatus {
    JiraIssueStatus {
        id: issue.id.clone(),
        key: issue.key.clone(),
        url: issue.url.clone(),
        project: issue.project.clone(),
        project_id: issue.project_id.clone(),
        ..JiraIssueStatus::default()
    }
}

#[cfg(test)]
mod tests;
