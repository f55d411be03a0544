//! What to do about a grant now: a pure function of what is stored, what the person supplied,
//! and the time.

use jiff::{SignedDuration, Timestamp};

use super::{
    credentials::Credentials,
    record::{Access, Mark, Record, Refusal, RefusalKind, fingerprint},
};
use crate::atlassian::{endpoints::HTTP_TIMEOUT, secret::Secret};

/// How long others wait for a process that exchanges: the longest call, and time to write.
pub const MARK_LIFETIME: SignedDuration = SignedDuration::from_secs(HTTP_TIMEOUT.as_secs().cast_signed() + 30);

/// What to do.
#[derive(Debug)]
pub enum Decision {
    /// The stored access token is good.
    Use(Access),
    /// Exchange this refresh token.
    Exchange(Exchange),
    /// Another process is exchanging; look again then, or when the Secret changes.
    Busy {
        /// When its mark ends.
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

/// Decides. `holder` is this process; `rejected` an access token that Atlassian no longer
/// accepts although it has not expired.
#[must_use]
pub fn decide(
    record: Option<&Record>,
    credentials: &Credentials,
    now: Timestamp,
    holder: &str,
    rejected: Option<&Secret>,
) -> Decision {
    let empty = Record::default();
    let record = record.unwrap_or(&empty);
    if record.is_foreign() {
        return Decision::NameTaken;
    }
    if let Some(token) = supplied(record, credentials) {
        return unless_refused(record, credentials, token)
            .or_else(|| unless_marked(record, now, holder))
            .unwrap_or_else(|| exchange(record, token, true));
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
        return not_connected(record, credentials).unwrap_or_else(|again| {
            unless_marked(record, now, holder).unwrap_or_else(|| exchange(record, again, true))
        });
    };
    if let Some(refused) = unless_refused(record, credentials, token) {
        return refused;
    }
    match record.access.as_ref().filter(|access| !is_due(access, now, rejected)) {
        Some(access) => Decision::Use(access.clone()),
        None => unless_marked(record, now, holder).unwrap_or_else(|| exchange(record, token, false)),
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
/// again, because what else is needed for an exchange was changed since.
fn not_connected<'c>(record: &Record, credentials: &'c Credentials) -> Result<Decision, &'c Secret> {
    match (&record.refusal, &credentials.refresh_token) {
        (Some(refusal), Some(token)) if refusal.fingerprint != fingerprint(&credentials.app, token) => Err(token),
        (Some(refusal), Some(_)) => Ok(Decision::Refused(refusal.clone())),
        (None, Some(_)) => Ok(Decision::NotConnected(NotConnected::RefreshTokenUsed)),
        (_, None) => Ok(Decision::NotConnected(NotConnected::NoRefreshToken)),
    }
}

fn unless_refused(record: &Record, credentials: &Credentials, token: &Secret) -> Option<Decision> {
    let refusal = record.refusal.as_ref()?;
    let same = refusal.fingerprint == fingerprint(&credentials.app, token);
    same.then(|| Decision::Refused(refusal.clone()))
}

fn unless_marked(record: &Record, now: Timestamp, holder: &str) -> Option<Decision> {
    let mark = record.mark.as_ref()?;
    (mark.holder != holder && mark.deadline > now).then_some(Decision::Busy { until: mark.deadline })
}

fn exchange(record: &Record, token: &Secret, adopts: bool) -> Decision {
    let earlier = record.mark.as_ref().filter(|mark| mark.spends == token.hash());
    Decision::Exchange(Exchange {
        token: token.clone(),
        adopts,
        interrupted: earlier.and_then(|mark| mark.deadline.checked_sub(MARK_LIFETIME).ok()),
    })
}

fn is_due(access: &Access, now: Timestamp, rejected: Option<&Secret>) -> bool {
    now >= refresh_at(access) || rejected == Some(&access.token)
}

/// When an access token is replaced: after 60 to 70 % of its lifetime. The place within follows
/// from the token itself, so that it stays the same however often it is asked for, and grants
/// that were made together are not refreshed together.
#[must_use]
pub fn refresh_at(access: &Access) -> Timestamp {
    let lifetime = access.expires_at.duration_since(access.refreshed_at);
    let spread = access.token.hash().as_str().bytes().map(i64::from).sum::<i64>() % 100;
    let part = lifetime.as_millis() * i128::from(600 + spread) / 1000;
    let part = i64::try_from(part).unwrap_or(i64::MAX);
    access
        .refreshed_at
        .checked_add(SignedDuration::from_millis(part))
        .unwrap_or(access.expires_at)
}

/// The mark for an exchange that begins now.
#[must_use]
pub fn mark(exchange: &Exchange, holder: &str, now: Timestamp) -> Mark {
    Mark {
        holder: holder.to_owned(),
        deadline: now.saturating_add(MARK_LIFETIME).unwrap_or(Timestamp::MAX),
        spends: exchange.token.hash(),
        adopts: exchange.adopts,
    }
}

/// The refusal to remember after an exchange.
#[must_use]
pub fn refusal(exchange: &Exchange, credentials: &Credentials, kind: RefusalKind, description: String) -> Refusal {
    Refusal {
        fingerprint: fingerprint(&credentials.app, &exchange.token),
        kind,
        description,
        interrupted: exchange.interrupted,
    }
}

#[cfg(test)]
mod tests;
