//! When a creation whose answer is lost is looked for, and when it is believed that Jira did nothing.

use std::time::Duration;

use super::candidates::{Doubt, Found};

/// The waits of creations. All of them scale with the time after which Jira is believed to have done nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreationTimes {
    settle: Duration,
}

/// After how much of the whole time each look-up is made, in thirtieths.
const LOOKUPS: [u32; 5] = [0, 1, 3, 12, 30];

impl CreationTimes {
    /// By the time after which a ticket that is not found was not created. Jira may commit late.
    #[must_use]
    pub const fn new(settle: Duration) -> Self {
        Self { settle }
    }

    /// How long a creation may be sent after it was written down: 45 s of 300 s.
    #[must_use]
    pub fn deadline(self) -> Duration {
        self.settle * 3 / 20
    }

    /// How much of that has to be left when it is sent: 20 s of 300 s.
    #[must_use]
    pub fn least_left(self) -> Duration {
        self.settle / 15
    }

    /// How old an object has to be that a process finds at its start without a mark: another process may have sent its
    /// creation and lost the object. 60 s of 300 s.
    #[must_use]
    pub fn first_list(self) -> Duration {
        self.settle / 5
    }

    /// How soon what was sent and is not found is looked for again, so long after it was sent. None where it counts as
    /// not done.
    #[must_use]
    pub fn next_look(self, elapsed: Duration) -> Option<Duration> {
        (elapsed < self.settle).then(|| next_after(elapsed, self))
    }

    /// How long the newest issues of a project are good for other look-ups too: 5 s of 300 s. What this process creates
    /// meanwhile it knows itself, and what another one begins it sees marked.
    #[must_use]
    pub fn newest(self) -> Duration {
        self.settle / 60
    }

    /// The same for objects whose tickets were listed: what came of a later creation of theirs is among the newest ones
    /// since. 300 s of 300 s.
    #[must_use]
    pub const fn newest_of_listed(self) -> Duration {
        self.settle
    }

    /// How long what became of a creation is remembered for another object of the same name: 10 min of 5.
    #[must_use]
    pub fn remembered(self) -> Duration {
        self.settle * 2
    }
}

/// What follows from the look-ups for a creation whose answer is lost.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// It is looked for again after so long.
    Again(Duration),
    /// The ticket was found.
    Found(Found),
    /// Nothing was created: it is sent again.
    NotCreated,
    /// It cannot be told, so a person has to.
    Unclear(Doubt),
}

/// The look-ups for one creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// How many in a row found nothing.
    empty: u32,
}

impl Lookups {
    /// Takes in what a look-up found, `elapsed` after the answer was lost.
    pub fn note(&mut self, found: Found, elapsed: Duration, times: CreationTimes) -> Settled {
        match found {
            Found::Ticket(_) => return Settled::Found(found),
            Found::Unclear(doubt) => {
                self.empty = 0;
                if elapsed >= times.settle {
                    return Settled::Unclear(doubt);
                }
            }
            Found::Nothing => {
                self.empty += 1;
                // Two agree, of which one is late enough.
                if elapsed >= times.settle && self.empty >= 2 {
                    return Settled::NotCreated;
                }
            }
        }
        Settled::Again(next_after(elapsed, times))
    }
}

/// How long until the next look-up.
fn next_after(elapsed: Duration, times: CreationTimes) -> Duration {
    let at = LOOKUPS.iter().map(|thirtieths| times.settle * *thirtieths / 30);
    let next = at.filter(|at| *at > elapsed).min();
    next.map_or(times.settle / 30, |at| at.saturating_sub(elapsed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tickets::candidates::FoundTicket;

    const TIMES: CreationTimes = CreationTimes::new(Duration::from_mins(5));

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_not_found_counts_as_not_done_after_the_whole_time() {
        assert_eq!(TIMES.next_look(at(0)), Some(at(10)));
        assert_eq!(TIMES.next_look(at(121)), Some(at(179)));
        assert_eq!(TIMES.next_look(at(300)), None);
    }

    #[test]
    fn look_ups_come_at_once_and_after_ten_thirty_120_and_300_seconds() {
        let mut lookups = Lookups::default();
        let mut elapsed = Duration::ZERO;
        let mut all = vec![0];
        while let Settled::Again(wait) = lookups.note(Found::Nothing, elapsed, TIMES) {
            elapsed += wait;
            all.push(elapsed.as_secs());
        }
        assert_eq!(all, [0, 10, 30, 120, 300]);
    }

    #[test]
    fn one_look_up_after_a_long_time_is_not_enough() {
        let mut lookups = Lookups::default();
        assert_eq!(lookups.note(Found::Nothing, at(900), TIMES), Settled::Again(at(10)));
        assert_eq!(lookups.note(Found::Nothing, at(910), TIMES), Settled::NotCreated);
    }

    #[test]
    fn what_is_unclear_is_looked_at_until_the_end_and_then_left_to_a_person() {
        let mut lookups = Lookups::default();
        let doubt = || Doubt {
            keys: vec!["SUP-1".into()],
            number: 1,
        };
        let unclear = || Found::Unclear(doubt());
        assert_eq!(lookups.note(unclear(), at(0), TIMES), Settled::Again(at(10)));
        assert_eq!(lookups.note(unclear(), at(300), TIMES), Settled::Unclear(doubt()));
        // It may become clear: another object's ticket is marked meanwhile.
        assert_eq!(lookups.note(Found::Nothing, at(310), TIMES), Settled::Again(at(10)));
        assert_eq!(lookups.note(Found::Nothing, at(320), TIMES), Settled::NotCreated);
    }

    #[test]
    fn a_ticket_is_taken_whenever_it_is_found() {
        let ticket = Found::Ticket(Box::new(FoundTicket {
            issue: serde_json::from_value(serde_json::json!({"id": "1", "key": "SUP-1"})).unwrap(),
            marker: None,
        }));
        assert_eq!(
            Lookups::default().note(ticket.clone(), at(0), TIMES),
            Settled::Found(ticket)
        );
    }

    #[test]
    fn all_waits_scale() {
        let short = CreationTimes::new(at(30));
        assert_eq!((TIMES.deadline(), TIMES.least_left()), (at(45), at(20)));
        assert_eq!(TIMES.first_list(), at(60));
        assert_eq!(
            (short.deadline(), short.least_left()),
            (Duration::from_millis(4500), at(2))
        );
        assert_eq!(
            Lookups::default().note(Found::Nothing, at(0), short),
            Settled::Again(at(1))
        );
    }
}
