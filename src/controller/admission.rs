//! Who may run now. Fetching issues and people, which may go on for hours, has a few slots of its own,
//! so that it never takes the place of what is due on time; and keeping tokens fresh has its own too,
//! so that it waits neither for that nor for reconciliations that wait for Jira.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    reconcile_kind::ReconcileKind,
    slots::{Slot, Slots},
};

/// How long a reconciliation may go on with its work while others wait for their own.
pub(super) const GIVES_WAY_AFTER: Duration = Duration::from_secs(1);

/// The slots for reconciliations of all integrations.
#[derive(Debug)]
pub struct Admission {
    passes: Slots,
    slices: Slots,
    refreshes: Slots,
    stop: CancellationToken,
}

/// What waits for a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdmissionRequest {
    /// What it is to do.
    pub(super) due: ReconcileKind,
    /// Since when.
    pub(super) since: Timestamp,
    /// When its token is to be refreshed, whatever else it waits for.
    pub(super) token_at: Option<Timestamp>,
    /// Now.
    pub(super) now: Timestamp,
}

/// A reconciliation that may run.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Nothing more than this may be done.
    pub(super) due: ReconcileKind,
    /// It is let in for its token alone, before its turn.
    pub(super) is_early: bool,
    /// The slot that it takes.
    _slot: Slot,
}

impl Admitted {
    /// Whether it may do this: each in a slot of its kind, and in any what asks Jira nothing.
    pub(super) fn covers(&self, due: ReconcileKind) -> bool {
        let is_look = |due| matches!(due, ReconcileKind::Full | ReconcileKind::Incremental);
        due == ReconcileKind::TokenOnly || due == self.due || (is_look(due) && is_look(self.due))
    }
}

impl Admission {
    /// Slots for so many reconciliations, a sixth as many slices of long work, and twice as many that only
    /// keep a token fresh: these wait for one answer, and one that comes late spends its token for nothing.
    /// Until the process stops.
    #[must_use]
    pub fn new(passes: usize, stop: CancellationToken) -> Self {
        Self {
            passes: Slots::new(passes.max(1)),
            slices: Slots::new((passes / 6).max(1)),
            refreshes: Slots::new(passes.saturating_mul(2).max(2)),
            stop,
        }
    }

    /// Waits for a slot. While it waits its token is kept fresh: then it is let in for that alone, and
    /// comes back. None once the process stops.
    pub(super) async fn enter(&self, waiting: AdmissionRequest) -> Option<Admitted> {
        let slots = self.slots(waiting.due);
        let entered = async {
            tokio::select! {
                biased;
                slot = slots.take(waiting.since) => Admitted {
                    due: waiting.due,
                    is_early: false,
                    _slot: slot,
                },
                () = reached(waiting.token_at, waiting.now) => {
                    let slot = self.refreshes.take(waiting.token_at.unwrap_or(waiting.since)).await;
                    Admitted {
                        due: ReconcileKind::TokenOnly,
                        is_early: true,
                        _slot: slot,
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            admitted = entered => Some(admitted),
        }
    }

    /// Whether others wait for a slot of this kind.
    pub(super) fn is_awaited(&self, due: ReconcileKind) -> bool {
        self.slots(due).are_awaited()
    }

    /// Whether the process stops: what is under way ends as soon as it can.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn slots(&self, due: ReconcileKind) -> &Slots {
        match due {
            ReconcileKind::Full | ReconcileKind::Incremental => &self.passes,
            ReconcileKind::Resume => &self.slices,
            ReconcileKind::TokenOnly => &self.refreshes,
        }
    }
}

/// Ends at a time; never without one.
fn reached(at: Option<Timestamp>, now: Timestamp) -> impl Future<Output = ()> {
    let wait = at.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
    async move {
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use futures::FutureExt;
    use jiff::SignedDuration;

    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(n)
    }

    fn waiting(due: ReconcileKind, since: i64) -> AdmissionRequest {
        AdmissionRequest {
            due,
            since: second(since),
            token_at: None,
            now: second(100),
        }
    }

    fn fill(admission: &Admission, due: ReconcileKind) -> Vec<Admitted> {
        let mut all = Vec::new();
        while let Some(admitted) = admission.enter(waiting(due, 0)).now_or_never() {
            all.push(admitted.unwrap());
        }
        all
    }

    #[tokio::test]
    async fn what_takes_long_keeps_nothing_else_waiting() {
        let admission = Admission::new(48, CancellationToken::new());
        let slices = fill(&admission, ReconcileKind::Resume);
        assert_eq!(slices.len(), 8);
        let passes = fill(&admission, ReconcileKind::Incremental);
        assert_eq!(passes.len(), 48);
        assert!(
            admission
                .enter(waiting(ReconcileKind::Full, 0))
                .now_or_never()
                .is_none()
        );
        // A token is kept fresh all the same, and nothing more is done for it.
        let due = AdmissionRequest {
            token_at: Some(second(99)),
            ..waiting(ReconcileKind::Resume, 0)
        };
        let admitted = tokio::time::timeout(Duration::from_secs(1), admission.enter(due)).await;
        let admitted = admitted.expect("it does not wait for its turn").unwrap();
        assert_eq!((admitted.due, admitted.is_early), (ReconcileKind::TokenOnly, true));
        assert!(
            admitted.covers(ReconcileKind::TokenOnly)
                && !admitted.covers(ReconcileKind::Resume)
                && !admitted.covers(ReconcileKind::Incremental)
        );
        drop(passes);
        let admitted = admission.enter(waiting(ReconcileKind::Incremental, 0)).await.unwrap();
        assert!(admitted.covers(ReconcileKind::Full) && !admitted.covers(ReconcileKind::Resume));
    }

    #[tokio::test]
    async fn nothing_begins_once_the_process_stops() {
        let stop = CancellationToken::new();
        let admission = Admission::new(1, stop.clone());
        stop.cancel();
        assert!(admission.enter(waiting(ReconcileKind::Incremental, 0)).await.is_none());
    }
}
