//! What follows from findings, by tables.

#![allow(clippy::unwrap_used)]
use super::*;

fn at(second: i64) -> Time {
    Time(jiff::Timestamp::from_second(second).unwrap())
}

fn found(reason: Reason) -> Finding {
    Finding::plain(*reason.entry().conditions.first().unwrap(), reason)
}

#[test]
fn transition_times_move_only_on_flips() {
    let write = |before: &[Condition], reason, second| {
        let findings = [found(reason)];
        let ready = ready(&findings, Reason::Connected, false);
        conditions(before, &findings, &ready, 1, &at(second))
    };
    let first = write(&[], Reason::TokenFresh, 1);
    let same = write(&first, Reason::OfflineAccessMissing, 2);
    assert_eq!(
        find(&same, ConditionType::Authorized).unwrap().last_transition_time,
        at(1)
    );
    let flipped = write(&same, Reason::NotConnected, 3);
    assert_eq!(
        find(&flipped, ConditionType::Authorized).unwrap().last_transition_time,
        at(3)
    );
}

#[test]
fn a_warning_that_holds_nothing_back_is_told() {
    let warned = ready(&[found(Reason::OfflineAccessMissing)], Reason::Connected, false);
    assert_eq!(warned.reason, Reason::Connected);
    assert!(warned.message.contains("offline_access"), "{}", warned.message);
    let well = ready(&[found(Reason::TokenFresh)], Reason::Connected, false);
    assert_eq!(well.message, Reason::Connected.entry().meaning);
}

#[test]
fn ready_names_the_first_cause_and_a_denial_goes_before_doubt() {
    let findings = [
        found(Reason::AuthServerUnavailable),
        found(Reason::SiteNotFound),
        found(Reason::NeverSynced),
    ];
    assert_eq!(ready(&findings, Reason::Connected, false).reason, Reason::SiteNotFound);
    let doubts = [found(Reason::SkippedAfterSiteReachable), found(Reason::SiteUnavailable)];
    assert_eq!(ready(&doubts, Reason::Connected, false).reason, Reason::SiteUnavailable);
}

#[test]
fn what_holds_nothing_back_is_named_all_the_same() {
    let findings = [found(Reason::TokenFresh), found(Reason::SomeProjectsBlocked)];
    let discovered = ready(&findings, Reason::Connected, false);
    assert!(discovered.is_true() && discovered.message.contains("cannot be used"));
    assert!(!ready(&findings, Reason::Connected, true).is_true());
}

#[test]
fn reconciling_and_stalled_are_present_only_while_true() {
    let present = |reason| {
        let findings = [found(reason)];
        let ready = ready(&findings, Reason::Connected, false);
        let all = conditions(&[], &findings, &ready, 1, &at(1));
        (
            find(&all, ConditionType::Reconciling).is_some(),
            find(&all, ConditionType::Stalled).is_some(),
        )
    };
    assert_eq!(present(Reason::TokenFresh), (false, false));
    assert_eq!(present(Reason::CredentialsNotFound), (false, false));
    assert_eq!(present(Reason::AuthServerUnavailable), (true, false));
    assert_eq!(present(Reason::ReconnectRequired), (false, true));
}

/// Findings, what `Ready` then is, what its message says, and what it does not repeat.
type Row = (
    &'static [Reason],
    Reason,
    &'static [&'static str],
    &'static [&'static str],
);

#[test]
fn two_causes_are_both_told_and_the_root_leads() {
    use Reason::*;
    let table: &[Row] = &[
        // The step before leads; the one after is named by its reason.
        (
            &[SiteNotFound, ScopesMissing],
            SiteNotFound,
            &["Also: ScopesMissing."],
            &[],
        ),
        (
            &[ScopesMissing, UserBrowsingDenied],
            ScopesMissing,
            &["Also: UserBrowsingDenied."],
            &[],
        ),
        (&[WrongAccount, SyncFailed], WrongAccount, &["Also: SyncFailed."], &[]),
        // What follows from the root is no cause of its own.
        (
            &[SiteNotGranted, SkippedAfterSiteReachable, NeverSynced],
            SiteNotGranted,
            &[],
            &["Skipped", "NeverSynced", "Also"],
        ),
        // Certainty goes before doubt, whatever their order.
        (
            &[SiteUnavailable, AccountInactive],
            AccountInactive,
            &["Also: SiteUnavailable."],
            &[],
        ),
        (
            &[EmailHidden, NoProjectsVisible],
            NoProjectsVisible,
            &["Also: EmailHidden."],
            &[],
        ),
        // Three: all are told.
        (
            &[ScopesMissing, UserBrowsingDenied, UnknownStatuses],
            ScopesMissing,
            &["Also: UserBrowsingDenied, UnknownStatuses."],
            &[],
        ),
        // Neither holds anything back: both are told in their own words, or where to look.
        (
            &[PinnedUserNotFound, UnknownStatuses],
            Connected,
            &["is connected", "pinned", "See StatusMappingValid."],
            &["Also"],
        ),
        // A warning stands beside a cause.
        (
            &[OfflineAccessMissing, SiteChanged],
            SiteChanged,
            &["Also: OfflineAccessMissing."],
            &[],
        ),
    ];
    for (reasons, expected, said, unsaid) in table {
        let findings: Vec<Finding> = reasons.iter().copied().map(found).collect();
        let ready = ready(&findings, Connected, false);
        assert_eq!(ready.reason, *expected, "of {reasons:?}");
        for part in *said {
            assert!(ready.message.contains(part), "of {reasons:?}: {}", ready.message);
        }
        for part in *unsaid {
            assert!(!ready.message.contains(part), "of {reasons:?}: {}", ready.message);
        }
        assert!(ready.message.chars().count() <= LONGEST_MESSAGE, "of {reasons:?}");
    }
}

#[test]
fn one_cause_on_two_conditions_is_told_once() {
    let denied = found(Reason::InternalCommentDenied);
    let no_agent = found(Reason::NotAnAgent);
    let message = ready(&[denied.clone(), no_agent.clone()], Reason::Usable, true).message;
    assert_eq!(message, denied.message);
    let message = ready(&[found(Reason::CreateDenied), no_agent], Reason::Usable, true).message;
    assert!(message.ends_with("Also: NotAnAgent."), "{message}");
}

#[test]
fn every_two_causes_make_a_message_of_bounded_length_that_ends_as_it_should() {
    for first in Reason::ALL {
        for second in Reason::ALL {
            let message = ready(&[found(*first), found(*second)], Reason::Connected, true).message;
            assert!(
                message.chars().count() <= LONGEST_MESSAGE,
                "{first} and {second}: {message}"
            );
            assert!(message.ends_with('.'), "{first} and {second}: {message}");
        }
    }
}

#[test]
fn a_long_message_is_cut_and_its_remedy_is_not() {
    let what = "long".repeat(100);
    let finding = Finding::with_remedy(ConditionType::SiteReachable, Reason::SiteNotFound, &what);
    assert_eq!(finding.message.chars().count(), LONGEST_MESSAGE);
    assert!(finding.message.ends_with(Reason::SiteNotFound.entry().remedy));
    let finding = Finding::new(ConditionType::SiteReachable, Reason::SiteFound, "ü".repeat(400));
    assert_eq!(finding.message.chars().count(), LONGEST_MESSAGE);
    assert!(finding.message.ends_with("ü…."), "{}", finding.message);
}

/// Several kinds of work tell of one synchronisation: none hides what another one found.
#[test]
fn the_gravest_finding_stands_and_names_the_other() {
    let of = |reason| Finding::plain(ConditionType::Synced, reason);
    let partial = of(Reason::SyncPartial).and_then(of(Reason::MirrorTruncated));
    assert_eq!(partial.reason, Reason::SyncPartial);
    assert!(partial.message.contains("spec.issues.maxObjects") || partial.message.contains("MirrorTruncated"));
    let failed = of(Reason::SyncFailed).and_then(of(Reason::SyncPartial));
    assert_eq!(failed.reason, Reason::SyncFailed);
    let spent = of(Reason::MirrorTruncated).and_then(of(Reason::QuotaExhausted));
    assert_eq!(spent.reason, Reason::QuotaExhausted);
    let told = Finding::new(ConditionType::Synced, Reason::SyncSucceeded, "Synchronising.");
    assert_eq!(
        of(Reason::SyncSucceeded).and_then(told.clone()),
        told,
        "the later of two"
    );
    assert_eq!(of(Reason::SyncFailed).and_then(told), of(Reason::SyncFailed));
    let long = Finding::new(ConditionType::Synced, Reason::SyncPartial, "x".repeat(400));
    let message = long.and_then(of(Reason::MirrorTruncated)).message;
    assert!(message.ends_with("Also: MirrorTruncated."), "{message}");
}
