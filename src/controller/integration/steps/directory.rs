//! The directory of people, and its end when the spec no longer asks for it.
//!
//! It holds nothing back: what goes wrong with it is in `status.users` and an event.

use jiff::Timestamp;
use kube::Resource;

use super::{Run, StepError, slice::Slice};
use crate::{
    api::{
        integration::{DirectoryMode, DirectoryStatus},
        names,
    },
    atlassian::{
        error::JiraError,
        rate_limit::{Asked, RateLimit},
    },
    cluster::{
        error::{WriteError, describe},
        events::Notice,
        time::after,
    },
    controller::{integration::observe::ObservedState, reconcile_kind::ReconcileKind},
    sync::directory::{
        ConfigMaps, DirectoryError, DirectoryRun, ListingContext, ListingTurn, RIGHT_LACKING, SliceResult, TakenName,
        an_hour, slice, turn,
    },
};

/// What happened to the directory of people.
#[derive(Clone, Debug, Default)]
pub enum DirectoryChange {
    /// It stays as it was.
    #[default]
    Kept,
    /// It stands so.
    Written(DirectoryStatus),
    /// It was removed.
    Removed,
}

/// What going on with the directory led to.
#[derive(Debug, Default)]
pub struct DirectorySync {
    /// What happened to it.
    pub change: DirectoryChange,
    /// Points that it cost.
    pub points: u64,
    /// When what is left resumes.
    pub resume_at: Option<Timestamp>,
    /// Events.
    pub events: Vec<Notice>,
    /// Why nothing else makes sense.
    pub stopped: Option<StepError>,
}

/// Resumes the directory of people, where the spec asks for one and the account, known by this id, may browse
/// users: else it stays as it is.
pub async fn sync(run: Run<'_>, work: &Slice<'_>, own_id: Option<&str>) -> DirectorySync {
    let (observed, uid) = (run.observed, &run.observed.target.owner.uid);
    if !is_wanted(observed) {
        return DirectorySync::default();
    }
    let mut listing = run.ctx.directories.take(uid);
    if let Some(at) = listing.not_before.filter(|at| *at > observed.now) {
        run.ctx.directories.keep(uid, listing);
        return DirectorySync::resuming(at);
    }
    let before = observed.status.users.as_ref();
    let turn = turn(before, listing.wasted(before), observed.now, work.requested);
    let done = match (turn, before) {
        (ListingTurn::Go, Some(before)) if work.kind == ReconcileKind::Resume => {
            list(run, work, (own_id, before), &mut listing).await
        }
        (ListingTurn::Rest, _) => return DirectorySync::default(),
        // Its points would be taken for those of every such reconciliation.
        (ListingTurn::Go, _) => DirectorySync::resuming(observed.now),
        // Nothing of an earlier listing counts for it.
        (ListingTurn::Begin(status), _) => {
            return DirectorySync {
                change: DirectoryChange::Written(status),
                ..DirectorySync::resuming(observed.now)
            };
        }
        (ListingTurn::Wait(at), _) => DirectorySync::resuming(at),
    };
    run.ctx.directories.keep(uid, listing);
    done
}

/// Removes the directory where the spec no longer asks for it, even if nothing else can be done.
pub async fn remove_unwanted(run: Run<'_>) -> Option<DirectorySync> {
    let observed = run.observed;
    let before = observed.status.users.as_ref().filter(|_| !is_wanted(observed))?;
    let mut done = DirectorySync::default();
    match ConfigMaps::new(&run.ctx.client, &observed.owner()).remove_all().await {
        Ok(()) => done.change = DirectoryChange::Removed,
        Err(error) => done.fail(observed, before.clone(), &error),
    }
    Some(done)
}

/// Points that the directory costs in an hour.
#[must_use]
pub fn points_an_hour(observed: &ObservedState) -> u64 {
    let status = observed.status.users.as_ref();
    status.filter(|_| is_wanted(observed)).map_or(0, an_hour)
}

fn is_wanted(observed: &ObservedState) -> bool {
    let users = observed.integration.spec.users.as_ref();
    users.is_some_and(|users| users.directory == DirectoryMode::ConfigMap)
}

async fn list(
    run: Run<'_>,
    work: &Slice<'_>,
    (own_id, before): (Option<&str>, &DirectoryStatus),
    listing: &mut DirectoryRun,
) -> DirectorySync {
    let observed = run.observed;
    let maps = ConfigMaps::new(&run.ctx.client, &observed.owner());
    let context = ListingContext {
        jira: work.session,
        own_id,
        before,
        now: observed.now,
        is_over: &|| work.is_over(),
    };
    let points = work.session.points();
    let ended = slice(&maps, &context, listing).await;
    let mut done = DirectorySync {
        points: work.session.points().saturating_sub(points),
        ..DirectorySync::default()
    };
    match ended {
        Ok(ended) => done.take(observed, ended),
        Err(error) => done.take_error(observed, before.clone(), error),
    }
    let waits_alone = |limit: &RateLimit| !limit.stops_all(Asked::UserList);
    let stopped = done
        .stopped
        .take_if(|error| matches!(error, StepError::RateLimited(limit) if waits_alone(limit)));
    if let Some(StepError::RateLimited(limit)) = stopped {
        let at = after(Timestamp::now(), limit.pause());
        listing.not_before = Some(at);
        done.resume_at = Some(done.resume_at.map_or(at, |other| other.min(at)));
    }
    done
}

impl DirectorySync {
    fn resuming(at: Timestamp) -> Self {
        Self {
            resume_at: Some(at),
            ..Self::default()
        }
    }

    fn take(&mut self, observed: &ObservedState, ended: SliceResult) {
        self.resume_at = ended.go_on;
        self.events
            .extend(ended.taken.iter().map(|taken| name_taken(observed, taken)));
        match ended.error {
            Some(error) => self.take_error(observed, ended.status, error),
            None => self.change = DirectoryChange::Written(ended.status),
        }
    }

    fn take_error(&mut self, observed: &ObservedState, status: DirectoryStatus, error: DirectoryError) {
        let terminating = |error: &kube::Error| matches!(WriteError::from_kube(error), WriteError::Terminating);
        if error.cluster().is_some_and(terminating) {
            self.stopped = Some(StepError::Quiet);
        } else if let DirectoryError::Jira(JiraError::RateLimited(limit)) = error {
            self.change = DirectoryChange::Written(status);
            self.stopped = Some(StepError::RateLimited(limit));
        } else {
            self.fail(observed, status, &error);
        }
    }

    /// Says why the directory is not up to date: in the status, and by an event when that is new.
    fn fail(&mut self, observed: &ObservedState, status: DirectoryStatus, error: &DirectoryError) {
        let cause = error
            .cluster()
            .map(|source| format!(": {}", describe(source)))
            .unwrap_or_default();
        let last_error = if error.is_right_lacking() {
            RIGHT_LACKING.to_owned()
        } else {
            format!("{error}{cause}")
        };
        let before = observed.status.users.as_ref();
        if before.and_then(|users| users.last_error.as_ref()) != Some(&last_error) {
            let note = format!(
                "The directory of people is not up to date: {last_error}. It stays as it is and is tried again by itself."
            );
            self.events.push(warning(observed, "DirectoryOutdated", note));
        }
        self.change = DirectoryChange::Written(DirectoryStatus {
            last_error: Some(last_error),
            ..status
        });
    }
}

fn name_taken(observed: &ObservedState, taken: &TakenName) -> Notice {
    let note = format!(
        "ConfigMap {} is somebody else's and was left alone; {} is used instead. Find the directory by the labels {}={} and {}={}.",
        taken.name,
        taken.instead,
        names::INTEGRATION_LABEL,
        observed.target.integration,
        names::COMPONENT_LABEL,
        names::COMPONENT_USERS
    );
    warning(observed, "ConfigMapNameTaken", note)
}

fn warning(observed: &ObservedState, reason: &str, note: String) -> Notice {
    Notice::warning(observed.integration.object_ref(&()), reason, note)
}
