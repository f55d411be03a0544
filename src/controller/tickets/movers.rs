//! Who moved a ticket, as its history in Jira says: one call, where that is to be told.

use std::time::Duration;

use super::{
    look::Look,
    phase::{Mover, wait_after},
    rested::Moment,
};
use crate::{
    api::issue::{JiraIssue, JiraIssueStatus, TicketMovedOn},
    atlassian::transition_models::Change,
};

impl Mover<'_> {
    /// Who moved the ticket last, of others than our account.
    pub async fn who_moved(&self, look: &Look) -> Option<String> {
        let changes = self.jira().newest_changes(&look.status.id).await.ok()?;
        let mut moves = changes.iter().rev().filter(|change| change.status().is_some());
        moves.find_map(|change| other(change, &self.permit.account))
    }

    /// Who moved the ticket on to where it is. Where Jira does not answer, after how long it is asked again.
    pub async fn who_moved_on(&self, object: &JiraIssue, status: &JiraIssueStatus) -> Result<TicketMovedOn, Duration> {
        match self.jira().newest_changes(&status.id).await {
            Ok(changes) => Ok(TicketMovedOn {
                by: moved_there(&changes, &status.status_id, &self.permit.account),
                to: status.status_id.clone(),
            }),
            Err(error) => {
                let wait = wait_after(&error);
                let moment = Moment::of(object, self.integration, &status.updated);
                self.ctx.rested.note(object, moment, wait);
                Err(wait)
            }
        }
    }
}

/// Who moved a ticket to this status last, where that is somebody else than our account.
fn moved_there(changes: &[Change], to: &str, account: &str) -> Option<String> {
    let mut moves = changes.iter().rev();
    let last = moves.find(|change| change.status() == Some(to))?;
    other(last, account)
}

/// The name of who made a change, other than our account.
fn other(change: &Change, account: &str) -> Option<String> {
    let author = change.author.as_ref().filter(|author| author.account_id != account)?;
    Some(author.display_name.clone()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn change(author: &str, to: &str) -> Change {
        serde_json::from_value(json!({
            "author": {"accountId": author, "displayName": author},
            "items": [{"fieldId": "status", "to": to}, {"fieldId": "resolution", "to": to}],
        }))
        .unwrap()
    }

    #[test]
    fn who_moved_it_there_last_is_named_and_our_account_is_not() {
        let changes = [
            change("bot", "5"),
            change("Dana", "3"),
            change("Kim", "4"),
            change("Alex", "3"),
        ];
        let moved_there = |to| moved_there(&changes, to, "bot");
        assert_eq!(moved_there("3").as_deref(), Some("Alex"));
        assert_eq!(moved_there("4").as_deref(), Some("Kim"));
        assert_eq!((moved_there("5"), moved_there("6")), (None, None));
        assert_eq!(super::moved_there(&[], "3", "bot"), None);
        assert_eq!(other(&change("", "3"), "bot"), None);
    }
}
