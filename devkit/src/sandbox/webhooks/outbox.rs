//! The outbox: what is to be delivered, and what became of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};

use super::delivery::{Delivery, NewDelivery, Step};
use super::fault::WebhookFault;
use super::forged::ForgedDelivery;
use super::queue::Queue;
use super::settings::DeliveryChange;

/// The outbox of a sandbox.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    /// Whose turn it is to put in what happened.
    turn: Mutex<()>,
    work: Notify,
    changed: watch::Sender<u64>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            turn: Mutex::default(),
            work: Notify::new(),
            changed: watch::Sender::new(0),
        }
    }
}

impl Outbox {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of whoever puts in what happened, until it is dropped.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        self.work.notify_one();
        self.changed.send_modify(|count| *count += 1);
    }

    /// Takes a delivery over, which then meets the first fault that is for it.
    pub(crate) fn push(&self, new: NewDelivery) {
        self.lock().push(new);
        self.touch();
    }

    /// Takes a stranger's delivery over, and answers its number.
    pub(crate) fn push_forged(&self, new: NewDelivery, forged: ForgedDelivery) -> u64 {
        let number = self.lock().push_forged(new, forged);
        self.touch();
        number
    }

    pub(crate) fn change_settings(&self, change: DeliveryChange) {
        self.lock().settings.change(change);
        self.touch();
    }

    /// Gives a host a port of this machine, or takes it away.
    pub(crate) fn map_host(&self, host: &str, port: Option<u16>) {
        let (mut queue, host) = (self.lock(), host.to_lowercase());
        match port {
            Some(port) => {
                queue.ports.insert(host, port);
            }
            None => {
                queue.ports.remove(&host);
            }
        }
    }

    pub(crate) fn add_fault(&self, fault: WebhookFault) {
        self.lock().faults.push(fault);
    }

    /// Takes all faults down and sends what they hold, in the order in which it came.
    pub(crate) fn clear_faults(&self) {
        self.lock().clear_faults();
        self.touch();
    }

    /// All deliveries still remembered, oldest first.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.lock().deliveries().to_vec()
    }

    /// The tokens that Jira sent of late.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.lock().tokens.iter().cloned().collect()
    }

    /// Waits until `enough` holds for all deliveries, and returns them.
    pub(crate) async fn wait(&self, enough: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        let mut changes = self.changed.subscribe();
        loop {
            {
                let mut queue = self.lock();
                let deliveries = queue.deliveries();
                if enough(deliveries) {
                    return deliveries.to_vec();
                }
            }
            // The sender lives in `self`, so this ends only by a change.
            if changes.changed().await.is_err() {
                return self.deliveries();
            }
        }
    }

    /// Waits until there may be work.
    pub(super) async fn work(&self) {
        self.work.notified().await;
    }

    /// Takes what is to be sent now, one after the other.
    pub(super) fn take_due(&self) -> Option<Vec<Step>> {
        self.lock().take_due()
    }

    /// When the next try is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lock().next_due()
    }

    /// Notes what came of a try, and tries again later where Jira does.
    pub(super) fn finish(&self, step: Step, host: &str, result: Result<u16, String>) {
        self.lock().finish(step, host, result);
        self.touch();
    }
}
