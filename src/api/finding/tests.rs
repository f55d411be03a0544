//! What findings say.

use super::*;

#[test]
fn what_waits_for_an_outage_asks_nobody_to_mend_it() {
    let of = |condition, reason| Finding::plain(condition, reason).skips(ConditionType::ScopesGranted);
    let outage = of(ConditionType::SiteReachable, Reason::SiteUnavailable);
    assert_eq!(outage.reason, Reason::SkippedAfterSiteReachable);
    assert!(
        outage.message().ends_with("Checked again once the site answers."),
        "{}",
        outage.message()
    );
    let mistyped = of(ConditionType::SiteReachable, Reason::SiteNotFound);
    assert!(
        mistyped.message().ends_with("Fix SiteReachable first."),
        "{}",
        mistyped.message()
    );
    let hidden = of(ConditionType::AccountEligible, Reason::EmailHidden);
    assert!(
        hidden.message().ends_with("Fix AccountEligible first."),
        "{}",
        hidden.message()
    );
    let projects = of(ConditionType::ProjectsAccessible, Reason::SiteUnavailable);
    assert_eq!(projects.reason, Reason::NotChecked);
}

#[test]
fn a_long_message_is_cut_and_its_remedy_is_not() {
    let what = "long".repeat(100);
    let finding = Finding::with_remedy(ConditionType::SiteReachable, Reason::SiteNotFound, &what);
    assert_eq!(finding.message().chars().count(), LONGEST_MESSAGE);
    assert!(finding.message().ends_with(Reason::SiteNotFound.entry().remedy));
    let finding = Finding::new(ConditionType::SiteReachable, Reason::SiteFound, "ü".repeat(400));
    assert_eq!(finding.message().chars().count(), LONGEST_MESSAGE);
    assert!(finding.message().ends_with("ü…."), "{}", finding.message());
}

/// Several kinds of work tell of one synchronisation: none hides what another one found.
#[test]
fn the_gravest_finding_stands_and_names_the_other() {
    let of = |reason| Finding::plain(ConditionType::Synced, reason);
    let partial = of(Reason::SyncPartial).and_then(of(Reason::MirrorTruncated));
    assert_eq!(partial.reason, Reason::SyncPartial);
    assert!(partial.message().contains("spec.issues.maxObjects") || partial.message().contains("MirrorTruncated"));
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
    let message = long.and_then(of(Reason::MirrorTruncated)).message();
    assert!(message.ends_with("Also: MirrorTruncated."), "{message}");
}
