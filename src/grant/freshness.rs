//! What to do about a grant now: a pure function of what is stored, what the person supplied,
//! and the time.

use jiff::{SignedDuration, Timestamp};

use super::{
    credentials::Credentials,
    record::{AccessToken, ExchangeLock, Record, Refusal, RefusalKind, fingerprint},
};
use crate::atlassian::{endpoints::HTTP_TIMEOUT, oauth::OAuthApp, secret::Secret};

/// How long others wait for a process that exchanges: the longest call, and time to write.
pub const LOCK_LIFETIME: SignedDuration = SignedDuration::from_secs(HTTP_TIMEOUT.as_secs().cast_signed() + 30);

/// What to do.
#[derive(Debug)]
pub enum Decision {
    /// The stored access token is good.
    Use(AccessToken),
    /// Exchange this refresh token.
    Exchange(Exchange),
    /// Another process is exchanging; look again then, or when the Secret changes.
    Busy {
        /// When its lock ends.
        until: Timestamp,
    },
    /// Nobody has connected.
    NotConnected(NotConnected),
    /// The grant is a copy and must not be spent.
    Copy,
    /// A Secret of somebody else has the grant Secret's name.
    NameTaken,
    /// It was refused, and nothing has changed since.
    Refused(Refusal),
}

/// An exchange that is due.
#[derive(Debug)]
pub struct Exchange {
    /// The token to spend.
    pub token: Secret,
    /// Whether it comes from the person's Secret.
    pub adopts: bool,
    /// When an earlier exchange of the same token was begun whose outcome is not known.
    pub interrupted: Option<Timestamp>,
}

/// Why there is no grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotConnected {
    /// No refresh token was ever supplied.
    NoRefreshToken,
    /// The one that is supplied was adopted before.
    RefreshTokenUsed,
    /// The grant that is stored belongs to another client-id.
    ClientIdChanged,
    /// A person disconnected it then, and has not connected again.
    Disconnected(Timestamp),
}

/// How long a refused client secret is left alone: a refusal of it spends nothing, and may have been Atlassian's error.
pub const CLIENT_RETRY: SignedDuration = SignedDuration::from_hours(1);
/// Lifetimes below this are no use: a token of such a one is not replaced as soon as it is due.
const SHORTEST_LIFETIME: SignedDuration = SignedDuration::from_secs(3);
/// When such a token is replaced.
const INSTEAD: SignedDuration = SignedDuration::from_secs(15);

/// What decides besides the grant and the credentials.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Now.
    pub now: Timestamp,
    /// This process.
    pub holder: &'a str,
    /// An access token that Atlassian no longer accepts although it has not expired.
    pub rejected: Option<&'a Secret>,
    /// A person asked for it, so that what was refused is tried again.
    pub requested: bool,
    /// The lock that stands there was waited for long enough, whatever its deadline says.
    pub outwaited: bool,
}

/// Decides.
#[must_use]
pub fn decide(record: Option<&Record>, credentials: &Credentials, situation: &Situation<'_>) -> Decision {
    let empty = Record::default();
    let record = record.unwrap_or(&empty);
    if record.is_foreign() {
        return Decision::NameTaken;
    }
    let spend = |token: &Secret, adopts| {
        unless_locked(record, situation).unwrap_or_else(|| exchange(record, credentials, token, adopts))
    };
    if let Some(token) = supplied(record, credentials) {
        return match refusal_of(record, credentials, token) {
            Some(refusal) if !is_lifted(refusal, situation) => Decision::Refused(refusal.clone()),
            _ => spend(token, true),
        };
    }
    if record.is_copy() {
        return Decision::Copy;
    }
    if record
        .client_id
        .as_ref()
        .is_some_and(|id| *id != credentials.app.client_id)
    {
        return Decision::NotConnected(NotConnected::ClientIdChanged);
    }
    if let Some(at) = record.disconnected {
        return Decision::NotConnected(NotConnected::Disconnected(at));
    }
    let Some(token) = &record.refresh_token else {
        return not_connected(record, credentials, situation).unwrap_or_else(|again| spend(again, true));
    };
    let refused = refusal_of(record, credentials, token);
    if let Some(refusal) = refused.filter(|refusal| !is_lifted(refusal, situation)) {
        return Decision::Refused(refusal.clone());
    }
    let good = |access: &&AccessToken| refused.is_none() && !is_due(access, situation);
    match record.access.as_ref().filter(good) {
        Some(access) => Decision::Use(access.clone()),
        None => spend(token, false),
    }
}

/// The refresh token in the person's Secret, if it was never adopted.
fn supplied<'c>(record: &Record, credentials: &'c Credentials) -> Option<&'c Secret> {
    credentials
        .refresh_token
        .as_ref()
        .filter(|token| !record.adopted.contains(&token.hash()))
}

/// Nothing is stored. An error when the supplied token, although it was refused, is to be tried
/// again, because what else is needed for an exchange was changed since, or because it is time to.
fn not_connected<'c>(
    record: &Record,
    credentials: &'c Credentials,
    situation: &Situation<'_>,
) -> Result<Decision, &'c Secret> {
    let Some(token) = &credentials.refresh_token else {
        return Ok(Decision::NotConnected(NotConnected::NoRefreshToken));
    };
    match &record.refusal {
        None => Ok(Decision::NotConnected(NotConnected::RefreshTokenUsed)),
        Some(refusal) => match refusal_of(record, credentials, token) {
            Some(same) if !is_lifted(same, situation) => Ok(Decision::Refused(refusal.clone())),
            _ => Err(token),
        },
    }
}

/// The refusal of this very token with these very credentials.
fn refusal_of<'r>(record: &'r Record, credentials: &Credentials, token: &Secret) -> Option<&'r Refusal> {
    let refusal = record.refusal.as_ref()?;
    (refusal.fingerprint == fingerprint(&credentials.app, token)).then_some(refusal)
}

/// Whether what was refused is tried again: refusals end, too, when an account is reactivated, a password changed
/// back or an app unblocked.
fn is_lifted(refusal: &Refusal, situation: &Situation<'_>) -> bool {
    let long_ago = refusal.retry_at().is_none_or(|at| at <= situation.now);
    situation.requested || (refusal.kind == RefusalKind::Client && long_ago)
}

fn unless_locked(record: &Record, situation: &Situation<'_>) -> Option<Decision> {
    let lock = record.lock.as_ref()?;
    let live = lock.holder != situation.holder && lock.deadline > situation.now && !situation.outwaited;
    live.then_some(Decision::Busy { until: lock.deadline })
}

fn exchange(record: &Record, credentials: &Credentials, token: &Secret, adopts: bool) -> Decision {
    let earlier = record.lock.as_ref().filter(|lock| lock.spends == token.hash());
    let begun = |lock: &ExchangeLock| lock.begun.or_else(|| lock.deadline.checked_sub(LOCK_LIFETIME).ok());
    // What is tried again was interrupted then, however often it is refused.
    let refused = || refusal_of(record, credentials, token)?.interrupted;
    Decision::Exchange(Exchange {
        token: token.clone(),
        adopts,
        interrupted: earlier.and_then(begun).or_else(refused),
    })
}

fn is_due(access: &AccessToken, situation: &Situation<'_>) -> bool {
    situation.now >= refresh_at(access) || situation.rejected == Some(&access.token)
}

/// When an access token is replaced: after 60 to 70 % of its lifetime. The place within follows
/// from the token itself, so that it stays the same however often it is asked for, and grants
/// that were made together are not refreshed together.
#[must_use]
pub fn refresh_at(access: &AccessToken) -> Timestamp {
    let lifetime = access.expires_at.duration_since(access.refreshed_at);
    if lifetime < SHORTEST_LIFETIME {
        return access.refreshed_at.saturating_add(INSTEAD).unwrap_or(access.expires_at);
    }
    let spread = access.token.hash().as_str().bytes().map(i64::from).sum::<i64>() % 100;
    let part = lifetime.as_millis() * i128::from(600 + spread) / 1000;
    let part = i64::try_from(part).unwrap_or(i64::MAX);
    access
        .refreshed_at
        .checked_add(SignedDuration::from_millis(part))
        .unwrap_or(access.expires_at)
}

/// The lock for an exchange that begins now.
#[must_use]
pub fn exchange_lock(exchange: &Exchange, holder: &str, now: Timestamp) -> ExchangeLock {
    ExchangeLock {
        holder: holder.to_owned(),
        deadline: now.saturating_add(LOCK_LIFETIME).unwrap_or(Timestamp::MAX),
        spends: exchange.token.hash(),
        adopts: exchange.adopts,
        begun: exchange.interrupted.or(Some(now)),
    }
}

/// The refusal to remember after an exchange.
#[must_use]
pub fn refusal(spent: &Exchange, app: &OAuthApp, kind: RefusalKind, description: String, now: Timestamp) -> Refusal {
    Refusal {
        fingerprint: fingerprint(app, &spent.token),
        kind,
        description,
        interrupted: spent.interrupted,
        at: Some(now),
        adopts: spent.adopts,
    }
}

impl Refusal {
    /// When it is tried again by itself. None for the refusal of a token, which waits for a person.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        let client = self.kind == RefusalKind::Client;
        self.at
            .filter(|_| client)
            .and_then(|at| at.saturating_add(CLIENT_RETRY).ok())
    }
}

#[cfg(test)]
mod tests;
