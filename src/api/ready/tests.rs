//! What `Ready` follows from, by tables.

#![allow(clippy::unwrap_used)]
use super::*;

fn found(reason: Reason) -> Finding {
    Finding::plain(*reason.entry().conditions.first().unwrap(), reason)
}

#[test]
fn a_warning_that_holds_nothing_back_is_told() {
    let warned = ready(&[found(Reason::OfflineAccessMissing)], false);
    assert_eq!(warned.reason, Reason::Connected);
    assert!(warned.message().contains("offline_access"), "{}", warned.message());
    let well = ready(&[found(Reason::TokenFresh)], false);
    assert_eq!(well.message(), Reason::Connected.entry().meaning);
}

#[test]
fn ready_names_the_first_cause_and_a_denial_goes_before_doubt() {
    let findings = [
        found(Reason::AuthServerUnavailable),
        found(Reason::SiteNotFound),
        found(Reason::NeverSynced),
    ];
    assert_eq!(ready(&findings, false).reason, Reason::SiteNotFound);
    let doubts = [found(Reason::SkippedAfterSiteReachable), found(Reason::SiteUnavailable)];
    assert_eq!(ready(&doubts, false).reason, Reason::SiteUnavailable);
}

#[test]
fn what_holds_nothing_back_is_named_all_the_same() {
    let findings = [found(Reason::TokenFresh), found(Reason::SomeProjectsBlocked)];
    let discovered = ready(&findings, false);
    assert!(discovered.is_true() && discovered.message().contains("cannot be read"));
    assert!(!ready(&findings, true).is_true());
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
        // Three: all are named.
        (
            &[ScopesMissing, UserBrowsingDenied, UnknownStatuses],
            ScopesMissing,
            &["Also: UserBrowsingDenied, UnknownStatuses."],
            &[],
        ),
        // Neither holds anything back: both are quoted, or named with their condition.
        (
            &[PinnedUserNotFound, UnknownStatuses],
            Connected,
            &["is connected", "pinned", "StatusMappingValid: UnknownStatuses."],
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
        let ready = ready(&findings, false);
        assert_eq!(ready.reason, *expected, "of {reasons:?}");
        for part in *said {
            assert!(ready.message().contains(part), "of {reasons:?}: {}", ready.message());
        }
        for part in *unsaid {
            assert!(!ready.message().contains(part), "of {reasons:?}: {}", ready.message());
        }
        assert!(ready.message().chars().count() <= LONGEST_MESSAGE, "of {reasons:?}");
    }
}

#[test]
fn one_cause_on_two_conditions_is_told_once() {
    let denied = found(Reason::InternalCommentDenied);
    let no_agent = found(Reason::NotAnAgent);
    let message = project_ready(&[denied.clone(), no_agent.clone()]).message();
    assert_eq!(message, denied.message());
    let message = project_ready(&[found(Reason::CreateDenied), no_agent]).message();
    assert!(message.ends_with("Also: NotAnAgent."), "{message}");
}

#[test]
fn every_two_causes_make_a_message_of_bounded_length_that_ends_as_it_should() {
    for first in Reason::ALL {
        for second in Reason::ALL {
            let message = ready(&[found(*first), found(*second)], true).message();
            assert!(
                message.chars().count() <= LONGEST_MESSAGE,
                "{first} and {second}: {message}"
            );
            assert!(message.ends_with('.'), "{first} and {second}: {message}");
        }
    }
}

#[test]
fn what_holds_back_is_a_finding_and_the_rest_is_told() {
    use ConditionType::*;
    use Reason::*;
    // The condition, the reason, and whether it holds back `Ready` of the integration without and with
    // projects that the spec names, and that of the project.
    let table: &[(ConditionType, Reason, [bool; 3])] = &[
        (Authorized, ReconnectRequired, [true, true, false]),
        (Authorized, OfflineAccessMissing, [false, false, false]),
        (SiteReachable, SiteUnavailable, [true, true, false]),
        (ProjectsAccessible, SomeProjectsBlocked, [false, true, false]),
        (ProjectsAccessible, AllProjectsBlocked, [true, true, false]),
        (DirectoryReadable, SiteUnavailable, [false, false, false]),
        (ServiceDesksReady, SomeServiceDesksBlocked, [false, false, false]),
        (StatusMappingValid, UnknownStatuses, [false, false, false]),
        (Synced, SyncFailed, [true, true, false]),
        (Synced, NeverSynced, [true, true, false]),
        (Synced, SyncPartial, [false, false, false]),
        (Synced, MirrorTruncated, [false, false, false]),
        (Synced, JqlInvalid, [false, false, false]),
        (Synced, SkippedAfterAccessible, [false, false, false]),
        (Accessible, ProjectArchived, [false, true, true]),
        (Permitted, TransitionDenied, [false, true, true]),
        (Permitted, AssignDenied, [false, false, false]),
        (Permitted, ReporterChangeDenied, [false, false, false]),
        (ServiceDeskReady, NotAnAgent, [false, false, true]),
        (ServiceDeskReady, KnowledgeBaseUnreadable, [false, false, false]),
    ];
    for (condition, reason, [discovered, named, project]) in table {
        let of = |names| holds_ready_back(*condition, *reason, names);
        assert_eq!((of(false), of(true)), (*discovered, *named), "{condition:?} {reason}");
        assert_eq!(
            holds_project_back(*condition, *reason),
            *project,
            "{condition:?} {reason}"
        );
    }
}

#[test]
fn a_note_without_room_names_its_condition_and_reason() {
    let findings = [
        Reason::PinnedUserNotFound,
        Reason::SomeServiceDesksBlocked,
        Reason::UnknownStatuses,
    ]
    .map(found);
    let message = ready(&findings, false).message();
    assert!(message.ends_with("StatusMappingValid: UnknownStatuses."), "{message}");
}
