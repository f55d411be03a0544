//! The task that delivers: so many at once, until the sandbox ends.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::address;
use super::delivery::Step;
use super::outbox::Outbox;
use super::request::{self, Parcel};
use super::token::Making;
use crate::sandbox::shared::Shared;

/// How many deliveries are under way at once.
const AT_ONCE: usize = 20;

/// Delivers until `stop`; what is under way is then given up.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(steps) = shared.outbox.take_due()
        {
            under_way.spawn(deliver(Arc::clone(&shared), steps));
        }
        let is_full = under_way.len() >= AT_ONCE;
        tokio::select! {
            () = stop.cancelled() => return,
            () = next(&shared.outbox), if !is_full => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

/// Waits until something may be due.
async fn next(outbox: &Outbox) {
    match outbox.next_due() {
        Some(due) => tokio::select! {
            () = outbox.work() => {}
            () = sleep_until(Instant::from_std(due)) => {}
        },
        None => outbox.work().await,
    }
}

/// One after the other.
async fn deliver(shared: Arc<Shared>, steps: Vec<Step>) {
    for step in steps {
        try_once(&shared, step).await;
    }
}

async fn try_once(shared: &Shared, step: Step) {
    let Some((url, parcel, waits)) = parcel(shared, step) else {
        return;
    };
    let address = address::resolve(&url, &shared.outbox.lock().ports);
    let (host, result) = match address {
        Ok(address) => (address.host.clone(), request::send(&address, parcel, waits).await),
        Err(error) => (url, Err(error)),
    };
    shared.outbox.finish(step, &host, result);
}

type Waits = (std::time::Duration, std::time::Duration);

/// What is sent in this try, and where to.
fn parcel(shared: &Shared, step: Step) -> Option<(String, Parcel, Waits)> {
    // The world is never locked while the outbox is.
    let client_id = shared.outbox.lock().record(step.number)?.client_id.clone();
    let (secret, now) = {
        let world = shared.world();
        let app = world.oauth.apps.get(&client_id);
        (
            app.map(|app| app.client_secret.clone()).unwrap_or_default(),
            world.now(),
        )
    };
    let mut queue = shared.outbox.lock();
    let settings = queue.settings.clone();
    let now = if settings.tokens_by_real_clock {
        Timestamp::now()
    } else {
        now
    };
    let making = Making {
        secret: &secret,
        now: now.as_second(),
        seconds: settings.token_seconds,
        claims: &settings.claims,
    };
    let contents = queue.contents(step.number)?;
    let (token, retry) = match &contents.forged {
        Some((kind, retry)) => (making.forged(kind), *retry),
        None if settings.retries_keep_token => {
            let kept = contents.token.get_or_insert_with(|| making.right());
            (Some(kept.clone()), step.retry)
        }
        None => (Some(making.right()), step.retry),
    };
    let (body, is_forged) = (contents.body.clone(), contents.forged.is_some());
    let record = queue.record(step.number)?;
    let parcel = Parcel {
        identifier: record.identifier.clone(),
        flow: record.flow,
        retry,
        token,
        body,
    };
    let url = record.url.clone();
    if let Some(token) = parcel.token.as_ref().filter(|_| !is_forged) {
        queue.keep(token);
    }
    Some((url, parcel, (settings.connect, settings.answer)))
}
