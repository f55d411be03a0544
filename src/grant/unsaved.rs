//! New tokens that are not stored yet, and where they may go when the Secret is not what it was.

use jiff::Timestamp;

use super::record::Record;
use crate::atlassian::secret::TokenHash;

/// Tokens that are in memory only.
pub(super) struct UnsavedTokens {
    pub(super) record: Record,
    pub(super) spent: TokenHash,
    /// They come of a person's consent, and take the place of the grant that was there when it was exchanged,
    /// refreshed or not. What another person did since stands.
    pub(super) replaces: Option<Precondition>,
}

/// What a consent was given for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Precondition {
    lineage: Option<TokenHash>,
    disconnected: Option<Timestamp>,
}

impl Precondition {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            lineage: record.lineage().cloned(),
            disconnected: record.disconnected,
        }
    }

    /// Whether the consent was given after this disconnect.
    pub(super) fn is_after(&self, disconnected: Option<Timestamp>) -> bool {
        self.disconnected == disconnected
    }
}

/// How unsaved tokens stand to the Secret as it is now.
#[derive(Debug)]
pub(super) enum Rebased {
    /// They are written onto it.
    Onto,
    /// It is created anew for them.
    Anew,
    /// They are in it: the write took effect, and its answer was lost.
    Ours(Box<Record>),
    /// Somebody else's tokens or wish stand.
    Unwanted,
}

/// Moves unsaved tokens onto the Secret as it is now.
pub(super) fn rebase(unsaved: &mut UnsavedTokens, current: Option<Record>) -> Rebased {
    let ours = &mut unsaved.record;
    let Some(current) = current else {
        ours.secret.metadata.uid = None;
        ours.secret.metadata.resource_version = None;
        return Rebased::Anew;
    };
    if holds(&current, ours, unsaved.replaces.is_some()) {
        return Rebased::Ours(Box::new(current));
    }
    // Whoever marked it: as long as the same token is to be spent, nobody has a newer one.
    let still_locked = current.lock.as_ref().is_some_and(|lock| lock.spends == unsaved.spent);
    let still_stored = current
        .refresh_token
        .as_ref()
        .is_some_and(|token| token.hash() == unsaved.spent);
    // A tombstone is nothing to write over: a person ended the grant, whose tokens these are.
    let nothing_there = current.refresh_token.is_none() && current.lock.is_none() && current.disconnected.is_none();
    let is_replaced = unsaved.replaces == Some(Precondition::of(&current));
    let wanted = is_replaced || still_locked || still_stored || nothing_there || current.is_earlier_than(ours);
    ours.home_uid.clone_from(&current.secret.metadata.uid);
    ours.secret = current.secret;
    if wanted { Rebased::Onto } else { Rebased::Unwanted }
}

/// Whether the Secret holds these tokens; or, of a consent, its grant as it was refreshed since.
fn holds(current: &Record, ours: &Record, is_consent: bool) -> bool {
    let token = |record: &Record| record.access.as_ref().map(|access| access.token.clone());
    let same = current.refresh_token == ours.refresh_token && token(current) == token(ours);
    let first = ours.lineage().filter(|_| is_consent && current.refresh_token.is_some());
    let descends = first.is_some() && current.lineage() == first;
    current.disconnected == ours.disconnected && (same || descends) && current.rotation >= ours.rotation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlassian::secret::Secret;

    fn with_token(token: &str) -> Record {
        Record {
            refresh_token: Some(Secret::new(token.to_owned())),
            ..Record::default()
        }
    }

    fn unsaved(replaces: Option<&Record>) -> UnsavedTokens {
        UnsavedTokens {
            record: with_token("new"),
            spent: Secret::new("spent".to_owned()).hash(),
            replaces: replaces.map(Precondition::of),
        }
    }

    fn tombstone() -> Record {
        Record {
            disconnected: Some(Timestamp::UNIX_EPOCH),
            ..Record::default()
        }
    }

    fn is_wanted(mut unsaved: UnsavedTokens, current: Option<Record>) -> bool {
        matches!(rebase(&mut unsaved, current), Rebased::Onto | Rebased::Anew)
    }

    #[test]
    fn unsaved_tokens_go_where_the_spent_one_is_or_nothing_and_not_over_the_wish_of_a_person() {
        for (current, wanted) in [
            (None, true),
            (Some(Record::default()), true),
            (Some(with_token("spent")), true),
            (Some(with_token("newer")), false),
            (Some(tombstone()), false),
        ] {
            assert_eq!(is_wanted(unsaved(None), current.clone()), wanted, "{current:?}");
        }
        // A consent ends a tombstone that was there, and takes the place of a grant that was refreshed meanwhile.
        assert!(is_wanted(unsaved(Some(&tombstone())), Some(tombstone())));
        assert!(is_wanted(unsaved(Some(&with_token("old"))), Some(with_token("newer"))));
        // What somebody did after it stands: another consent, or a disconnect.
        let mut another = with_token("another");
        another.remember(&Secret::new("another".to_owned()));
        assert!(!is_wanted(unsaved(Some(&with_token("old"))), Some(another)));
        assert!(!is_wanted(unsaved(Some(&with_token("old"))), Some(tombstone())));
    }

    #[test]
    fn tokens_that_are_in_the_secret_are_stored_whoever_told_of_a_conflict() {
        let ours = |current: Record, replaces: Option<&Record>| {
            let mut unsaved = unsaved(replaces);
            unsaved.record.remember(&Secret::new("first".to_owned()));
            matches!(rebase(&mut unsaved, Some(current)), Rebased::Ours(_))
        };
        assert!(ours(with_token("new"), None));
        assert!(!ours(with_token("newer"), None));
        // Of a consent also where another process refreshed it since.
        let mut refreshed = with_token("newer");
        refreshed.remember(&Secret::new("first".to_owned()));
        assert!(ours(refreshed.clone(), Some(&with_token("old"))));
        refreshed.disconnected = Some(Timestamp::UNIX_EPOCH);
        assert!(!ours(refreshed, Some(&with_token("old"))));
    }
}
