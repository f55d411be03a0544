//! The work that the steps of a reconciliation allow: it fetches, in slices. A slice ends after ten seconds,
//! leaves a checkpoint in status, and the next one follows at once as a reconciliation of its own, so that
//! refreshes, changes of the spec and other integrations get their turn.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Run;
use crate::{
    atlassian::jira::Session,
    controller::{admission::GIVES_WAY_AFTER, reconcile_kind::ReconcileKind},
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
    run: Run<'a>,
    begun: Instant,
}

impl<'a> Slice<'a> {
    /// A slice that begins now.
    #[must_use]
    pub fn begin(run: Run<'a>, session: &'a Session, site_url: &'a str, kind: ReconcileKind) -> Self {
        if let Some(app) = app(run) {
            let (uid, tickets) = (&run.observed.target.owner.uid, &run.observed.integration.spec.tickets);
            run.ctx.pools.note_tickets(app, uid, tickets.is_some());
        }
        Self {
            session,
            site_url,
            kind,
            requested: run.observed.inputs().is_requested() && kind == ReconcileKind::Full,
            run,
            begun: Instant::now(),
        }
    }

    /// Whether the slice is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let took = self.begun.elapsed();
        let admission = &self.run.ctx.admission;
        let gives_way =
            self.kind != ReconcileKind::Resume && took >= GIVES_WAY_AFTER && admission.is_awaited(self.kind);
        took >= LONGEST || gives_way || admission.is_stopping() || self.put_off().is_some()
    }

    /// Until when the rest of the work waits, because the rest of the hour's points is left to tickets.
    #[must_use]
    pub fn put_off(&self) -> Option<Timestamp> {
        let pools = &self.run.ctx.pools;
        pools.left_to_tickets(app(self.run)?, self.session.pool(), Timestamp::now())
    }
}

fn app(run: Run<'_>) -> Option<&str> {
    let credentials = run.observed.credentials.as_ref().ok()?;
    Some(&credentials.app.client_id)
}
