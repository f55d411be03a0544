//! A ticket that is there, and why Jira may not show it any more. Pure.

use super::identity::Identity;
use crate::api::reason::Reason;

/// A ticket that is there, as its object knows it.
#[derive(Clone, Debug)]
pub struct BoundTicket {
    /// Jira's id of it.
    pub id: u64,
    /// Id of the project that it was in.
    pub project_id: String,
    /// Whether that is a service project.
    pub is_desk: bool,
    /// Why Jira did not show it, as the object says.
    pub loss: Option<Loss>,
    /// By what it is found.
    pub identity: Option<Identity>,
    /// Keys of further issues that carry its marker.
    pub duplicates: Vec<String>,
}

/// Why Jira does not show a ticket, or shows it as one that is put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It was deleted, or a security level hides it: Jira answers alike.
    Gone,
    /// It is refused to the account, or its project is not shown any more.
    Hidden,
    /// It is archived, alone or with its project.
    Archived,
}

impl Loss {
    /// As conditions say it.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Gone => Reason::TicketGone,
            Self::Hidden => Reason::TicketHidden,
            Self::Archived => Reason::TicketArchived,
        }
    }

    /// What a condition says.
    #[must_use]
    pub fn of(reason: Reason) -> Option<Self> {
        [Self::Gone, Self::Hidden, Self::Archived]
            .into_iter()
            .find(|loss| loss.reason() == reason)
    }
}
