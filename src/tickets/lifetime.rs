//! When the object of a ticket that is done is removed: pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::api::issue::{JiraIssueSpec, JiraIssueStatus};

/// The phase of what is done.
const DONE: &str = "Done";

/// How long the object of a ticket is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// While somebody wants it.
    Unbounded,
    /// For so long, if nothing happens to the ticket.
    For(Duration),
    /// It is over.
    Over,
}

/// How long the object is kept. Where a workflow sets no resolution, it counts from the last update, which is never
/// earlier than the moment at which the ticket was done.
#[must_use]
pub fn lifetime(spec: &JiraIssueSpec, status: &JiraIssueStatus, now: Timestamp) -> Lifetime {
    let since = status.resolved.as_deref().unwrap_or(&status.updated);
    match (spec.ttl_seconds_after_done, since.parse::<Timestamp>()) {
        (Some(seconds), Ok(since)) if status.phase == DONE => {
            let left = SignedDuration::from_secs(seconds).saturating_sub(now.duration_since(since));
            Duration::try_from(left)
                .ok()
                .filter(|left| !left.is_zero())
                .map_or(Lifetime::Over, Lifetime::For)
        }
        _ => Lifetime::Unbounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(ttl: Option<i64>, phase: &str, resolved: Option<&str>) -> Lifetime {
        let spec = JiraIssueSpec {
            ttl_seconds_after_done: ttl,
            ..JiraIssueSpec::default()
        };
        let status = JiraIssueStatus {
            phase: phase.to_owned(),
            resolved: resolved.map(str::to_owned),
            updated: "2026-11-30T10:30:00.000Z".to_owned(),
            ..JiraIssueStatus::default()
        };
        let now = "2026-11-30T11:00:00Z".parse().unwrap_or_default();
        lifetime(&spec, &status, now)
    }

    #[test]
    fn an_object_is_kept_while_its_ticket_is_not_done_and_so_long_after() {
        let resolved = Some("2026-11-30T10:00:00.000Z");
        assert_eq!(left(None, "Done", resolved), Lifetime::Unbounded);
        assert_eq!(left(Some(0), "InProgress", resolved), Lifetime::Unbounded, "reopened");
        assert_eq!(left(Some(3600), "Done", resolved), Lifetime::Over);
        assert_eq!(
            left(Some(3601), "Done", resolved),
            Lifetime::For(Duration::from_secs(1))
        );
        assert_eq!(
            left(Some(3600), "Done", None),
            Lifetime::For(Duration::from_mins(30)),
            "without a resolution the last update counts"
        );
        assert_eq!(left(Some(i64::MAX), "Done", Some("soon")), Lifetime::Unbounded);
    }
}
