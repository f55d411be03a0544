//! Deliveries in their order: which try is due when, which are kept back, and which are lost.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use jiff::Timestamp;

use super::delivery::{Attempt, Delivery, NewDelivery, Outcome, Step};
use super::fault::{WebhookFault, WebhookTrouble};
use super::forged::{ForgedDelivery, ForgedToken};
use super::settings::Settings;
use crate::sandbox::random;
use crate::sandbox::world::Flow;

/// How many deliveries may wait; further ones are lost.
const MOST_WAITING: usize = 20_000;
/// How many deliveries are remembered; older ones that are over fall out.
const REMEMBERED: usize = 60_000;
/// How many tokens are kept to search for leaks.
const KEPT_TOKENS: usize = 1000;
/// How often Jira tries again.
const MOST_RETRIES: u32 = 5;
/// After how many minutes of failures a host gets a single try for each further delivery.
const PATIENCE_MINUTES: u32 = 30;

/// What is sent for a delivery, kept as long as it may be sent.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) body: Bytes,
    /// How many tries are scheduled.
    left: u32,
    /// The token of the first try.
    pub(super) token: Option<String>,
    /// What a stranger sends in the place of Jira's token, and as the count of retries.
    pub(super) forged: Option<(ForgedToken, u32)>,
}

/// The queue itself.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) settings: Settings,
    pub(super) ports: BTreeMap<String, u16>,
    pub(super) faults: Vec<WebhookFault>,
    records: VecDeque<Delivery>,
    next: u64,
    /// What is sent for those that are not over, by their numbers.
    contents: HashMap<u64, Contents>,
    /// Tries by the time at which they are due, each with what is sent right after it.
    due: BTreeMap<(Instant, u64), Vec<Step>>,
    /// Kept back by faults, in the order of deliveries.
    held: Vec<u64>,
    /// Tokens of late, to search for leaks.
    pub(super) tokens: VecDeque<String>,
    /// Since when a host only fails.
    failing: BTreeMap<String, Instant>,
}

impl Queue {
    /// Takes a delivery over, which then meets the first fault that is for it.
    pub(super) fn push(&mut self, new: NewDelivery) {
        let trouble = self.faults.iter_mut().find_map(|fault| fault.meet(&new));
        let wait = match new.flow {
            Flow::Primary => self.settings.primary,
            Flow::Secondary => self.settings.secondary,
        };
        let number = self.enter(new, None);
        self.begin(number, wait, trouble);
    }

    /// Takes a stranger's delivery over, and answers its number.
    pub(super) fn push_forged(&mut self, new: NewDelivery, forged: ForgedDelivery) -> u64 {
        let number = self.enter(new, Some((forged.token, forged.retry.unwrap_or(0))));
        if let (Some(identifier), Some(record)) = (forged.identifier, self.record(number)) {
            record.identifier = identifier;
        }
        self.begin(number, Duration::ZERO, None);
        number
    }

    /// Takes all faults down and lets go what they hold, in the order in which it came.
    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
        for number in std::mem::take(&mut self.held) {
            self.wait_for(number, Duration::ZERO);
        }
    }

    /// The deliveries still remembered, oldest first.
    pub(super) fn deliveries(&mut self) -> &[Delivery] {
        self.records.make_contiguous()
    }

    /// Takes what is to be sent now, one after the other.
    pub(super) fn take_due(&mut self) -> Option<Vec<Step>> {
        let is_due = self.next_due()? <= Instant::now();
        let (_, steps) = is_due.then(|| self.due.pop_first())??;
        Some(steps)
    }

    /// When the next try is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    /// Keeps a token to search for leaks.
    pub(super) fn keep(&mut self, token: &str) {
        if self.tokens.len() >= KEPT_TOKENS {
            self.tokens.pop_front();
        }
        self.tokens.push_back(token.to_owned());
    }

    pub(super) fn record(&mut self, number: u64) -> Option<&mut Delivery> {
        let first = self.records.front()?.number;
        self.records.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// What is sent for a delivery that is not over.
    pub(super) fn contents(&mut self, number: u64) -> Option<&mut Contents> {
        self.contents.get_mut(&number)
    }

    fn enter(&mut self, new: NewDelivery, forged: Option<(ForgedToken, u32)>) -> u64 {
        let number = self.next;
        self.next += 1;
        while self.records.len() >= REMEMBERED && self.records.front().is_some_and(Delivery::is_over) {
            self.records.pop_front();
        }
        self.records.push_back(Delivery {
            number,
            identifier: random::uuid(),
            cloud_id: new.cloud_id,
            client_id: new.client_id,
            account_id: new.account_id,
            url: new.url,
            event: new.event,
            issue_id: new.issue_id,
            comment_id: new.comment_id,
            webhook_ids: new.webhook_ids,
            flow: new.flow,
            forged: forged.is_some(),
            attempts: Vec::new(),
            outcome: Outcome::Waiting,
        });
        let contents = Contents {
            body: new.body.into(),
            left: 0,
            token: None,
            forged,
        };
        self.contents.insert(number, contents);
        number
    }

    /// Sends a new delivery on its way, with its trouble.
    fn begin(&mut self, number: u64, wait: Duration, trouble: Option<WebhookTrouble>) {
        if self.due.len() + self.held.len() >= MOST_WAITING {
            return self.lose(number, Outcome::Overflowed);
        }
        match trouble {
            None => self.wait_for(number, wait),
            Some(WebhookTrouble::Drop) => self.lose(number, Outcome::Dropped),
            Some(WebhookTrouble::Delay { milliseconds }) => {
                self.wait_for(number, wait + Duration::from_millis(milliseconds));
            }
            Some(WebhookTrouble::Duplicate { copies }) => {
                self.wait_for(number, wait);
                for _ in 0..copies {
                    let copy = Step {
                        number,
                        retry: 0,
                        is_copy: true,
                    };
                    self.schedule(wait, vec![copy]);
                }
            }
            Some(WebhookTrouble::Hold) => self.hold(number),
            Some(WebhookTrouble::Reverse { count }) => {
                self.hold(number);
                if self.held.len() >= count {
                    let held = std::mem::take(&mut self.held);
                    for number in &held {
                        self.stand(*number, Outcome::Waiting);
                    }
                    self.schedule(wait, held.into_iter().rev().map(Step::first).collect());
                }
            }
        }
    }

    fn hold(&mut self, number: u64) {
        self.stand(number, Outcome::Held);
        self.held.push(number);
    }

    fn stand(&mut self, number: u64, outcome: Outcome) {
        if let Some(record) = self.record(number) {
            record.outcome = outcome;
        }
    }

    /// It is never sent.
    fn lose(&mut self, number: u64, outcome: Outcome) {
        self.stand(number, outcome);
        self.contents.remove(&number);
    }

    /// The first try of a delivery after so long.
    fn wait_for(&mut self, number: u64, wait: Duration) {
        self.stand(number, Outcome::Waiting);
        self.schedule(wait, vec![Step::first(number)]);
    }

    fn schedule(&mut self, wait: Duration, steps: Vec<Step>) {
        for step in &steps {
            if let Some(contents) = self.contents(step.number) {
                contents.left += 1;
            }
        }
        let due = Instant::now() + wait;
        // Of those due at one time, what came first goes first.
        let after = self.due.range(..=(due, u64::MAX)).next_back();
        let place = after
            .filter(|((at, _), _)| *at == due)
            .map_or(0, |((_, place), _)| place + 1);
        self.due.insert((due, place), steps);
    }

    /// Notes what came of a try, and schedules another one where Jira does.
    pub(super) fn finish(&mut self, step: Step, host: &str, result: Result<u16, String>) {
        let (status, error) = match result {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error)),
        };
        let is_patient = if status.is_some_and(|status| (200..300).contains(&status)) {
            self.failing.remove(host);
            true
        } else {
            let since = *self.failing.entry(host.to_owned()).or_insert_with(Instant::now);
            step.retry > 0 || since.elapsed() < self.settings.minute * PATIENCE_MINUTES
        };
        if let Some(record) = self.record(step.number) {
            record.attempts.push(Attempt {
                at: Timestamp::now(),
                retry: step.retry,
                status,
                error,
            });
        }
        if !step.is_copy {
            self.decide(step, status, is_patient);
        }
        if let Some(contents) = self.contents(step.number) {
            contents.left -= 1;
            if contents.left == 0 {
                self.contents.remove(&step.number);
            }
        }
    }

    /// Whether a delivery was taken, is tried again, or is lost.
    fn decide(&mut self, step: Step, status: Option<u16>, is_patient: bool) {
        let is_forged = self
            .contents(step.number)
            .is_none_or(|contents| contents.forged.is_some());
        let may_retry = !is_forged && step.retry < MOST_RETRIES && is_patient;
        match status {
            Some(200..300) => self.stand(step.number, Outcome::Delivered),
            Some(408 | 409 | 425 | 429 | 500..600) | None if may_retry => {
                let minutes = random::between(5.0, 15.0);
                let again = Step {
                    retry: step.retry + 1,
                    ..step
                };
                self.schedule(self.settings.minute.mul_f64(minutes), vec![again]);
            }
            Some(408 | 409 | 425 | 429 | 500..600) | None => self.stand(step.number, Outcome::Failed),
            Some(_) => self.stand(step.number, Outcome::Refused),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn delivery(flow: Flow) -> NewDelivery {
        NewDelivery {
            cloud_id: String::new(),
            client_id: String::new(),
            account_id: String::new(),
            url: String::new(),
            event: "jira:issue_updated".to_owned(),
            issue_id: None,
            comment_id: None,
            webhook_ids: Vec::new(),
            flow,
            body: "{}".to_owned(),
        }
    }

    #[test]
    fn what_comes_while_too_many_wait_is_lost() {
        let mut queue = Queue::default();
        for _ in 0..=MOST_WAITING {
            queue.push(delivery(Flow::Primary));
        }
        let outcomes: Vec<Outcome> = queue.deliveries().iter().map(|delivery| delivery.outcome).collect();
        assert_eq!(outcomes.last(), Some(&Outcome::Overflowed));
        let lost = outcomes.iter().filter(|outcome| **outcome == Outcome::Overflowed);
        assert_eq!(lost.count(), 1);
    }

    #[test]
    fn each_flow_waits_as_long_as_it_is_set_to_and_a_retry_for_minutes() {
        let mut queue = Queue::default();
        queue.settings.secondary = Duration::from_mins(15);
        queue.push(delivery(Flow::Secondary));
        queue.push(delivery(Flow::Primary));
        let first = queue.take_due().unwrap();
        assert_eq!(first.iter().map(|step| step.number).collect::<Vec<_>>(), [1]);
        assert!(queue.take_due().is_none());
        let in_minutes = |queue: &Queue| queue.next_due().unwrap().duration_since(Instant::now()).as_secs() / 60;
        assert_eq!(in_minutes(&queue), 14);
        queue.due.clear();
        for step in first {
            queue.finish(step, "host", Ok(503));
        }
        assert!((4..15).contains(&in_minutes(&queue)));
    }
}
