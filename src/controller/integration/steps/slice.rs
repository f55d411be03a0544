//! The work that the steps of a reconciliation allow: it fetches, in slices. A slice ends after ten seconds,
//! leaves a checkpoint in status, and the next one follows at once as a reconciliation of its own, so that
//! refreshes, changes of the spec and other integrations get their turn.

use std::time::{Duration, Instant};

use crate::{
    atlassian::jira::Session,
    controller::{
        admission::{Admission, GIVES_WAY_AFTER},
        reconcile_kind::ReconcileKind,
    },
};

/// How long a slice may take.
const LONGEST: Duration = Duration::from_secs(10);

/// What every kind of work needs to know.
pub struct Slice<'a> {
    /// Jira, as the account that was judged.
    pub session: &'a Session,
    /// Address of the site, for links.
    pub site_url: &'a str,
    /// What the reconciliation does besides.
    pub kind: ReconcileKind,
    /// A person asked for everything now.
    pub requested: bool,
    admission: &'a Admission,
    begun: Instant,
}

impl<'a> Slice<'a> {
    /// A slice that begins now.
    #[must_use]
    pub fn begin(
        session: &'a Session,
        site_url: &'a str,
        kind: ReconcileKind,
        requested: bool,
        admission: &'a Admission,
    ) -> Self {
        Self {
            session,
            site_url,
            kind,
            requested: requested && kind == ReconcileKind::Full,
            admission,
            begun: Instant::now(),
        }
    }

    /// Whether the slice is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let took = self.begun.elapsed();
        let gives_way =
            self.kind != ReconcileKind::Resume && took >= GIVES_WAY_AFTER && self.admission.is_awaited(self.kind);
        took >= LONGEST || gives_way || self.admission.is_stopping()
    }
}
