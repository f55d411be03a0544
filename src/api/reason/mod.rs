//! Every reason a condition can carry, with what it means, what causes it and what to do.
//! Status messages, the documentation and the command line all print from this one table.

mod entry;
#[macro_use]
mod ticket_rows;
mod table;

pub use self::{
    entry::{Blocks, Disposition, Entry, Holds, Recheck},
    table::Reason,
};
use super::condition_type::ConditionType;

/// The reasons of the integration that sum up what its projects tell.
pub const OF_BLOCKED_PROJECTS: &[Reason] = &[Reason::SomeProjectsBlocked, Reason::AllProjectsBlocked];

/// How the remedies of what only a consent helps against end, where it is not known whether the connect pages are
/// served. Who knows says which way there is.
pub const WAYS_TO_CONNECT: &str = "open status.authorizationURL, if it is there, or run jira-operator connect.";

impl Reason {
    /// The reason with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.as_str() == name)
    }

    /// The reason of a condition that was not checked, because this one is not True.
    #[must_use]
    pub fn skipped_after(cause: ConditionType) -> Self {
        match cause {
            ConditionType::Authorized => Self::SkippedAfterAuthorized,
            ConditionType::SiteReachable => Self::SkippedAfterSiteReachable,
            ConditionType::ScopesGranted => Self::SkippedAfterScopesGranted,
            ConditionType::AccountEligible => Self::SkippedAfterAccountEligible,
            _ => Self::NotChecked,
        }
    }

    /// Whether it is said, if at all, while things go on: no `Ready` waits for it.
    #[must_use]
    pub const fn blocks_nothing(self) -> bool {
        matches!(self.entry().blocks, Blocks::Nothing)
    }

    /// The reasons of the same object that always tell the cause of this one already.
    #[must_use]
    pub const fn explained_by(self) -> &'static [Self] {
        match self {
            Self::NotAnAgent => &[Self::InternalCommentDenied],
            _ => &[],
        }
    }

    /// Whether one of these reasons of the same object always explains it, so that it need not be repeated.
    #[must_use]
    pub fn is_explained_among(self, all: impl IntoIterator<Item = Self>) -> bool {
        all.into_iter().any(|other| self.explained_by().contains(&other))
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table says otherwise of some reasons than of most.
    #[test]
    fn the_exceptional_columns_hold_of_these_reasons() {
        use Reason::*;
        let those = |says: &dyn Fn(&Entry) -> bool| -> Vec<Reason> {
            let all = Reason::ALL.iter().copied();
            all.filter(|reason| reason.entry().holds != Holds::True && says(reason.entry()))
                .collect()
        };
        let of = |mut reasons: Vec<Reason>| {
            reasons.sort();
            reasons
        };
        assert_eq!(
            those(&|entry| entry.needs_consent),
            of(vec![
                NotConnected,
                ReconnectRequired,
                GrantSharedElsewhere,
                SiteNotGranted,
                ScopesMissing,
                WrongAccount,
                ManagedServiceAccount,
                AppAccount,
                PortalCustomerAccount,
                AccountInactive,
            ])
        );
        assert_eq!(
            those(&|entry| entry.recheck == Recheck::Incremental),
            of(vec![
                AllProjectsBlocked,
                SomeProjectsBlocked,
                KnowledgeBaseUnreadable,
                UserBrowsingDenied,
                PinnedUserNotFound,
                PinnedUserInactive,
                SomeServiceDesksBlocked,
                UnknownStatuses,
                AmbiguousMapping,
                SyncPartial,
                IntervalStretched,
                MirrorTruncated,
                SkippedAfterAccessible,
            ])
        );
        assert_eq!(
            those(&|entry| entry.blocks == Blocks::Nothing),
            of(vec![
                AssignDenied,
                ReporterChangeDenied,
                KnowledgeBaseUnreadable,
                SyncPartial,
                QuotaExhausted,
                IntervalStretched,
                MirrorTruncated,
                JqlInvalid,
                ReporterUnknown,
                ReporterNotCustomer,
                ReporterRefused,
                AssigneeNotAssignable,
                ParticipantUnknown,
                AssigneeUnknown,
                NoteRefused,
            ])
        );
        assert_eq!(
            those(&|entry| entry.blocks == Blocks::NamedProjects),
            [SomeProjectsBlocked]
        );
        assert_eq!(
            those(&|entry| entry.blocks == Blocks::Project),
            [SkippedAfterAccessible]
        );
        let mut by_gravity = those(&|entry| entry.gravity < 5);
        by_gravity.sort_by_key(|reason| reason.entry().gravity);
        assert_eq!(
            by_gravity,
            [MirrorTruncated, IntervalStretched, SyncPartial, QuotaExhausted]
        );
        for reason in Reason::ALL {
            let named = reason.as_str().starts_with("Skipped") || *reason == NotChecked;
            assert_eq!(reason.entry().is_consequence, named, "{reason}");
        }
    }

    #[test]
    fn every_reason_that_is_not_true_says_what_to_do_about_it() {
        for reason in Reason::ALL {
            let entry = reason.entry();
            assert!(!entry.meaning.is_empty() && !entry.conditions.is_empty(), "{reason}");
            if entry.holds != Holds::True && *reason != Reason::NotChecked {
                assert!(!entry.remedy.is_empty(), "{reason} has no remedy");
            }
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }

    #[test]
    fn what_only_a_new_grant_helps_against_ends_with_the_ways_to_connect() {
        for reason in [
            Reason::NotConnected,
            Reason::ReconnectRequired,
            Reason::GrantSharedElsewhere,
        ] {
            assert!(reason.entry().remedy.ends_with(WAYS_TO_CONNECT), "{reason}");
        }
    }

    #[test]
    fn what_is_true_needs_nobody() {
        for reason in Reason::ALL {
            let entry = reason.entry();
            assert_eq!(
                entry.holds == Holds::True,
                entry.disposition == Disposition::Fine,
                "{reason}"
            );
        }
    }
}
