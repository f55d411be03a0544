//! What is remembered of the tickets of an integration that are there, and what is asked about them next. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use super::bound_ticket::{BoundTicket, Loss};
use crate::atlassian::{jira::PAGE, ticket_models::MarkedIssue};

/// How long changes may be late in Jira's index: usually seconds, after bulk changes minutes.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// Least time between two look-ups of what was not shown.
const LOOK_UP_APART: Duration = Duration::from_mins(1);
/// How often it is asked which tickets are still there.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// What is remembered. All of it can be lost: then each ticket is read once.
#[derive(Debug, Default)]
pub struct Following {
    /// When it was asked last what changed, by Jira's clock: what was updated well before that was seen, and what is quiet
    /// is not read again.
    cursor: Option<Timestamp>,
    /// Tickets that this process has read.
    known: BTreeSet<u64>,
    /// Tickets that were not shown, since when.
    missing: BTreeMap<u64, Instant>,
    /// Tickets of which it was found out why they are not shown.
    lost: BTreeMap<u64, Loss>,
    /// The ticket that was verified last, in the order of the ids.
    verified: Option<u64>,
    /// When it was asked last which tickets are still there.
    swept: Option<Instant>,
}

impl Following {
    /// Takes over which tickets there are. What their objects say of them is believed of those that are new here.
    pub fn begin(&mut self, tickets: &[BoundTicket]) {
        let ids: BTreeSet<u64> = tickets.iter().map(|ticket| ticket.id).collect();
        self.known.retain(|id| ids.contains(id));
        self.missing.retain(|id, _| ids.contains(id));
        self.lost.retain(|id, _| ids.contains(id));
        for ticket in tickets {
            if let Some(loss) = ticket.loss.filter(|_| !self.known.contains(&ticket.id)) {
                self.known.insert(ticket.id);
                self.lost.insert(ticket.id, loss);
            }
        }
    }

    /// Those that were not read yet.
    #[must_use]
    pub fn unread(&self, tickets: &[BoundTicket]) -> Vec<u64> {
        let ids: BTreeSet<u64> = tickets.iter().map(|ticket| ticket.id).collect();
        ids.difference(&self.known).copied().collect()
    }

    /// Those that are there.
    #[must_use]
    pub fn shown(&self) -> Vec<u64> {
        let is_shown = |id: &&u64| !self.missing.contains_key(id) && !self.lost.contains_key(id);
        self.known.iter().filter(is_shown).copied().collect()
    }

    /// Those that were not shown, and of which it is not known why.
    #[must_use]
    pub fn missing(&self) -> Vec<u64> {
        self.missing.keys().copied().collect()
    }

    /// From when on changes are asked for.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        let reaching_back = self.cursor.and_then(|cursor| cursor.checked_sub(OVERLAP).ok());
        reaching_back.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// What changed was asked for, and answered at this time by Jira's clock.
    pub fn advance(&mut self, answered: Option<Timestamp>) {
        self.cursor = self.cursor.max(answered);
    }

    /// Tickets were read for the first time: from then on changes of them are asked for.
    pub fn begin_at(&mut self, answered: Option<Timestamp>) {
        self.cursor = self.cursor.or(answered);
    }

    /// They were asked for by id: those that were answered are there, the others are missing.
    pub fn read(&mut self, ids: &[u64], failed: &[u64], found: &[MarkedIssue], now: Instant) {
        for issue in found {
            self.see(issue);
        }
        let answered: BTreeSet<u64> = found.iter().filter_map(MarkedIssue::id).collect();
        for id in ids.iter().filter(|id| !failed.contains(id)) {
            self.known.insert(*id);
            if !answered.contains(id) && !self.lost.contains_key(id) {
                self.miss(*id, now);
            }
        }
    }

    /// One is there.
    pub fn see(&mut self, issue: &MarkedIssue) {
        if let Some(id) = issue.id() {
            self.missing.remove(&id);
            self.lost.remove(&id);
        }
    }

    /// One was not shown.
    pub fn miss(&mut self, id: u64, now: Instant) {
        self.missing.entry(id).or_insert(now);
    }

    /// Those that were not shown for so long, so many at most.
    #[must_use]
    pub fn due(&self, confirm_after: Duration, now: Instant) -> Vec<u64> {
        let is_due = |since: &Instant| now.saturating_duration_since(*since) >= confirm_after;
        let due = self.missing.iter().filter(|(_, since)| is_due(since));
        due.map(|(id, _)| *id).take(PAGE).collect()
    }

    /// After how long the next of them is to be looked up.
    #[must_use]
    pub fn next_look_up(&self, confirm_after: Duration) -> Option<Duration> {
        let waits = self
            .missing
            .values()
            .map(|since| confirm_after.saturating_sub(since.elapsed()));
        waits.min().map(|wait| wait.max(LOOK_UP_APART))
    }

    /// These were looked up, and some of them are not there. Of what was neither found nor lost nothing is known: it is
    /// looked up again later.
    pub fn looked_up(&mut self, ids: &[u64], lost: &[(u64, Loss)], now: Instant) {
        for id in ids {
            if let Some(since) = self.missing.get_mut(id) {
                *since = now;
            }
        }
        for (id, loss) in lost {
            self.missing.remove(id);
            self.lost.insert(*id, *loss);
        }
    }

    /// Those of which it is known why they are not shown.
    #[must_use]
    pub const fn lost(&self) -> &BTreeMap<u64, Loss> {
        &self.lost
    }

    /// Whether it is to be asked again which tickets are still there.
    #[must_use]
    pub fn is_sweep_due(&self, now: Instant) -> bool {
        self.swept
            .is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP_EVERY)
    }

    /// How long ago that was asked.
    #[must_use]
    pub fn swept_before(&self, now: Instant) -> Option<Duration> {
        self.swept.map(|swept| now.saturating_duration_since(swept))
    }

    /// It was asked.
    pub const fn swept(&mut self, now: Instant) {
        self.swept = Some(now);
    }

    /// The next ones to be read again, a page of them: some changes touch no issue's time.
    pub fn next_to_verify(&mut self) -> Vec<u64> {
        let shown = self.shown();
        let after = self.verified.unwrap_or_default();
        let (before, later): (Vec<u64>, Vec<u64>) = shown.into_iter().partition(|id| *id <= after);
        let next: Vec<u64> = later.into_iter().chain(before).take(PAGE).collect();
        self.verified = next.last().copied();
        next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tickets::bound_ticket::Loss;
    use serde_json::json;

    const MINUTE: Duration = Duration::from_mins(1);

    fn ticket(id: u64, loss: Option<Loss>) -> BoundTicket {
        BoundTicket {
            id,
            project_id: "10000".to_owned(),
            is_desk: false,
            loss,
            identity: None,
            duplicates: Vec::new(),
        }
    }

    fn issue(id: u64, updated: &str) -> MarkedIssue {
        serde_json::from_value(json!({"id": id.to_string(), "key": "ENG-1", "fields": {"updated": updated}})).unwrap()
    }

    #[test]
    fn each_ticket_is_read_once_and_what_is_not_shown_is_looked_up_after_a_while() {
        let (mut following, now) = (Following::default(), Instant::now());
        let tickets = [1, 2, 3, 4].map(|id| ticket(id, (id == 4).then_some(Loss::Archived)));
        following.begin(&tickets);
        assert_eq!(following.unread(&tickets), [1, 2, 3], "of the last one it is known");
        let found = [issue(1, "2026-11-30T10:00:00.000+0000")];
        following.read(&[1, 2, 3], &[3], &found, now);
        assert_eq!(following.unread(&tickets), [3], "Jira could not answer that one");
        assert_eq!((following.shown(), following.missing()), (vec![1], vec![2]));
        assert!(following.due(MINUTE, now).is_empty());
        assert_eq!(following.due(MINUTE, now + MINUTE), [2]);
        following.looked_up(&[2], &[], now + MINUTE);
        assert!(following.due(MINUTE, now + MINUTE).is_empty(), "nothing was proved");
        following.looked_up(&[2], &[(2, Loss::Gone)], now + MINUTE);
        assert_eq!(following.lost().keys().copied().collect::<Vec<_>>(), [2, 4]);
        following.see(&issue(2, ""));
        assert_eq!(following.shown(), [1, 2]);
        following.begin(&tickets[1..]);
        assert_eq!(following.shown(), [2], "the first object is gone");
    }

    #[test]
    fn changes_are_asked_for_from_before_the_last_answer_however_old_the_latest_one_is() {
        let mut following = Following::default();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(following.since(), Timestamp::UNIX_EPOCH);
        following.advance(None);
        assert_eq!(
            following.since(),
            Timestamp::UNIX_EPOCH,
            "it is not known when that was"
        );
        following.begin_at(at("2026-11-30T10:00:00Z"));
        following.begin_at(at("2026-11-30T11:00:00Z"));
        assert_eq!(
            Some(following.since()),
            at("2026-11-30T09:50:00Z"),
            "others were read before"
        );
        following.advance(at("2026-11-30T10:01:00Z"));
        following.advance(None);
        assert_eq!(Some(following.since()), at("2026-11-30T09:51:00Z"));
    }

    #[test]
    fn what_is_there_is_verified_page_by_page() {
        let mut following = Following::default();
        let tickets: Vec<BoundTicket> = (1..=150).map(|id| ticket(id, None)).collect();
        let found: Vec<MarkedIssue> = (1..=150).map(|id| issue(id, "")).collect();
        let ids: Vec<u64> = (1..=150).collect();
        following.begin(&tickets);
        following.read(&ids, &[], &found, Instant::now());
        let first = following.next_to_verify();
        assert_eq!((first.len(), first.first(), first.last()), (100, Some(&1), Some(&100)));
        let second = following.next_to_verify();
        assert_eq!(
            (second.len(), second.first(), second.last()),
            (100, Some(&101), Some(&50))
        );
    }

    #[test]
    fn it_is_asked_once_an_hour_which_are_still_there() {
        let (mut following, now) = (Following::default(), Instant::now());
        assert!(following.is_sweep_due(now) && following.swept_before(now).is_none());
        following.swept(now);
        assert!(!following.is_sweep_due(now + 59 * MINUTE));
        assert!(following.is_sweep_due(now + 60 * MINUTE));
    }
}
