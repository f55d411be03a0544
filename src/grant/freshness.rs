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
mod tests {
    use super::*;
    use crate::atlassian::oauth::App;

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap_or_default()
    }

    fn credentials(refresh: Option<&str>) -> Credentials {
        Credentials {
            app: App {
                client_id: "id".into(),
                client_secret: Secret::new("s".into()),
            },
            refresh_token: refresh.map(|t| Secret::new(t.into())),
        }
    }

    fn connected() -> Record {
        let mut record = Record::new("ns", "s-grant");
        record.client_id = Some("id".into());
        record.refresh_token = Some(Secret::new("r2".into()));
        record.access = Some(Access {
            token: Secret::new("a".into()),
            expires_at: second(1000),
            refreshed_at: second(0),
        });
        record.remember(&Secret::new("r1".into()));
        record
    }

    fn at(record: &Record, supplied: Option<&str>, now: i64) -> Decision {
        decide(Some(record), &credentials(supplied), second(now), "me", None)
    }

    #[test]
    fn a_token_is_used_until_about_two_thirds_of_its_life() {
        assert!(matches!(at(&connected(), None, 599), Decision::Use(_)));
        assert!(matches!(
            at(&connected(), None, 701),
            Decision::Exchange(Exchange { adopts: false, .. })
        ));
    }

    #[test]
    fn a_new_refresh_token_is_adopted_and_an_old_one_is_not() {
        assert!(matches!(
            at(&connected(), Some("new"), 1),
            Decision::Exchange(Exchange { adopts: true, .. })
        ));
        assert!(matches!(at(&connected(), Some("r1"), 1), Decision::Use(_)));
        let first = decide(None, &credentials(Some("new")), second(1), "me", None);
        assert!(matches!(first, Decision::Exchange(Exchange { adopts: true, .. })));
    }

    #[test]
    fn a_changed_client_id_spends_nothing() {
        let mut record = connected();
        record.client_id = Some("other".into());
        assert!(matches!(
            at(&record, Some("r1"), 999),
            Decision::NotConnected(NotConnected::ClientIdChanged)
        ));
    }

    #[test]
    fn a_live_foreign_mark_is_waited_for_and_a_stale_one_is_taken() {
        let mut record = connected();
        let spends = Secret::new("r2".into()).hash();
        record.mark = Some(Mark {
            holder: "other".into(),
            deadline: second(900),
            spends,
            adopts: false,
        });
        assert!(matches!(at(&record, None, 899), Decision::Busy { .. }));
        let Decision::Exchange(taken) = at(&record, None, 901) else {
            unreachable!("a stale mark is taken")
        };
        assert_eq!(taken.interrupted, Some(second(900 - 45)));
        assert!(
            matches!(at(&record, None, 10), Decision::Use(_)),
            "a good token needs no lock"
        );
    }

    #[test]
    fn a_refusal_stands_until_secret_or_grant_changes() {
        let mut record = connected();
        let due = Exchange {
            token: Secret::new("r2".into()),
            adopts: false,
            interrupted: None,
        };
        record.refusal = Some(refusal(&due, &credentials(None), RefusalKind::Grant, String::new()));
        assert!(matches!(at(&record, None, 999), Decision::Refused(_)));
        assert!(matches!(at(&record, Some("new"), 999), Decision::Exchange(_)));
        let mut changed = credentials(None);
        changed.app.client_secret = Secret::new("other".into());
        assert!(matches!(
            decide(Some(&record), &changed, second(999), "me", None),
            Decision::Exchange(_)
        ));
    }

    #[test]
    fn a_token_refused_for_another_client_id_is_tried_for_the_right_one() {
        let mut record = Record::default();
        let due = Exchange {
            token: Secret::new("new".into()),
            adopts: true,
            interrupted: None,
        };
        let mut wrong = credentials(Some("new"));
        wrong.app.client_id = "wrong".into();
        record.remember_refused(&Secret::new("new".into()));
        record.refusal = Some(refusal(&due, &wrong, RefusalKind::Grant, String::new()));
        assert!(matches!(
            decide(Some(&record), &wrong, second(1), "me", None),
            Decision::Refused(_)
        ));
        assert!(matches!(
            at(&record, Some("new"), 1),
            Decision::Exchange(Exchange { adopts: true, .. })
        ));
    }

    #[test]
    fn an_access_token_that_is_rejected_is_replaced_before_its_time() {
        let rejected = Secret::new("a".into());
        let decision = decide(Some(&connected()), &credentials(None), second(1), "me", Some(&rejected));
        assert!(matches!(decision, Decision::Exchange(_)));
    }

    #[test]
    fn what_was_disconnected_stays_so_until_a_token_comes_that_was_never_seen() {
        let mut record = connected();
        record.disconnect(Some(&Secret::new("git".into())), second(5));
        for seen in [None, Some("r1"), Some("git")] {
            assert!(matches!(
                at(&record, seen, 9),
                Decision::NotConnected(NotConnected::Disconnected(_))
            ));
        }
        assert!(matches!(
            at(&record, Some("new"), 9),
            Decision::Exchange(Exchange { adopts: true, .. })
        ));
    }

    #[test]
    fn a_copy_is_never_spent() {
        let mut record = connected();
        record.home_uid = Some("u1".into());
        record.secret.metadata.uid = Some("u2".into());
        assert!(matches!(at(&record, Some("r1"), 999), Decision::Copy));
    }

    #[test]
    fn a_secret_of_somebody_else_is_not_touched() {
        let mut record = Record::default();
        record.secret.metadata.uid = Some("u1".into());
        assert!(matches!(at(&record, Some("new"), 1), Decision::NameTaken));
    }
}
