#![allow(clippy::unwrap_used)]
use super::*;
use crate::api::issue::TicketPolicy;

const NOW: &str = "2026-11-30T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn spec(policy: WritePolicy) -> JiraIssueSpec {
    JiraIssueSpec {
        phase: Some("Done".into()),
        policy: Some(TicketPolicy {
            phase: policy,
            ..TicketPolicy::default()
        }),
        ..JiraIssueSpec::default()
    }
}

fn ticket(phase: &str, reached: Option<&str>) -> JiraIssueStatus {
    JiraIssueStatus {
        key: "SUP-1".into(),
        status: "Open".into(),
        phase: phase.into(),
        applied: Some(TicketApplied {
            phase: reached.map(str::to_owned),
            ..TicketApplied::default()
        }),
        ..JiraIssueStatus::default()
    }
}

fn stand(spec: &JiraIssueSpec, status: &JiraIssueStatus) -> Stand {
    let generation = 2;
    TicketPhase {
        spec,
        status,
        generation,
    }
    .stand(at(NOW))
}

#[test]
fn a_ticket_is_moved_once_for_what_the_spec_wants_and_people_have_the_last_word() {
    use WritePolicy::{Keep, OnChange, Once};
    let outstanding = |is_back| Stand::Outstanding { is_back };
    let reached = |is_written| Stand::Reached { is_written };
    for (policy, phase, before, expected) in [
        (OnChange, "Todo", None, outstanding(false)),
        (OnChange, "Done", None, reached(false)),
        (OnChange, "Done", Some("Done"), reached(true)),
        (OnChange, "Todo", Some("Done"), Stand::MovedOn),
        (OnChange, "Todo", Some("InProgress"), outstanding(false)),
        // The spec wanted nothing in between.
        (OnChange, "Todo", Some(""), outstanding(false)),
        (Once, "Todo", None, outstanding(false)),
        (Once, "Todo", Some("Done"), Stand::MovedOn),
        (Once, "Todo", Some("InProgress"), Stand::MovedOn),
        (Once, "Done", Some("InProgress"), reached(false)),
        (Keep, "Todo", None, outstanding(false)),
        (Keep, "Todo", Some("Done"), outstanding(true)),
        (Keep, "Todo", Some("InProgress"), outstanding(false)),
    ] {
        let found = stand(&spec(policy), &ticket(phase, before));
        assert_eq!(found, expected, "{policy:?} {phase} {before:?}");
    }
    assert_eq!(
        stand(&JiraIssueSpec::default(), &ticket("Todo", Some("Done"))),
        Stand::NotWanted
    );
}

#[test]
fn a_ticket_is_moved_back_three_times_an_hour_and_rests_then_for_a_day() {
    let kept = |wanted: &str, times: &[&str]| {
        let mut status = ticket("Todo", None);
        let mut applied = TicketApplied::default();
        for time in times {
            note_moved_back(
                &mut applied,
                wanted.to_owned(),
                Time(at(time)),
                Some("Automation".into()),
            );
        }
        note_reached(&mut applied, &Wish::Phase("Done".into()));
        status.applied = Some(applied);
        status
    };
    let back = Stand::Outstanding { is_back: true };
    let wants = spec(WritePolicy::Keep);
    let twice = ["2026-11-30T11:50:00Z", "2026-11-30T11:55:00Z"];
    assert_eq!(stand(&wants, &kept("Done", &twice)), back);
    let thrice = ["2026-11-30T11:20:00Z", "2026-11-30T11:50:00Z", "2026-11-30T11:55:00Z"];
    let until = at("2026-12-01T11:55:00Z");
    assert_eq!(stand(&wants, &kept("Done", &thrice)), Stand::Suspended(until));
    // For another phase, or a day later, it is tried again.
    assert_eq!(stand(&wants, &kept("InProgress", &thrice)), back);
    let old = ["2026-11-29T11:20:00Z", "2026-11-29T11:50:00Z", "2026-11-29T11:55:00Z"];
    assert_eq!(stand(&wants, &kept("Done", &old)), back);
    // Slowly it goes on.
    let slow = ["2026-11-30T10:00:00Z", "2026-11-30T11:30:00Z", "2026-11-30T11:55:00Z"];
    assert_eq!(stand(&wants, &kept("Done", &slow)), back);
    let status = kept("Done", &thrice);
    let said = TicketPhase {
        spec: &wants,
        status: &status,
        generation: 2,
    };
    let said = said.finding(at(NOW)).unwrap();
    assert_eq!(said.reason, Reason::KeepSuspended);
    assert!(
        said.message().starts_with("Automation moved SUP-1 away"),
        "{}",
        said.message()
    );
}

#[test]
fn one_that_is_moved_away_halfway_is_moved_on_three_times_an_hour() {
    let wants = spec(WritePolicy::OnChange);
    let halfway = |at: &str, generation| {
        let mut status = ticket("Todo", None);
        status.status_id = "2".into();
        let way = TicketWay {
            generation,
            at: at.into(),
            passed: 1,
        };
        status.applied = Some(TicketApplied {
            way: Some(way),
            ..TicketApplied::default()
        });
        status
    };
    let passed = |status: &JiraIssueStatus| {
        let generation = 2;
        let spec = &wants;
        TicketPhase {
            spec,
            status,
            generation,
        }
        .passed()
    };
    let forward = Stand::Outstanding { is_back: false };
    assert_eq!(stand(&wants, &halfway("2", 2)), forward);
    assert_eq!(passed(&halfway("2", 2)), 1);
    // By a spec of before nothing is said of the way.
    assert_eq!(stand(&wants, &halfway("1", 1)), forward);
    assert_eq!((passed(&halfway("2", 1)), passed(&halfway("1", 2))), (0, 0));
    let mut away = halfway("1", 2);
    assert_eq!(stand(&wants, &away), Stand::Outstanding { is_back: true });
    let mut applied = TicketApplied::default();
    for _ in 0..3 {
        note_moved_back(&mut applied, "Done".to_owned(), Time(at(NOW)), None);
    }
    applied.way = away.applied.and_then(|applied| applied.way);
    away.applied = Some(applied);
    assert!(matches!(stand(&wants, &away), Stand::Suspended(_)));
    let said = TicketPhase {
        spec: &wants,
        status: &away,
        generation: 2,
    };
    let said = said.finding(at(NOW)).unwrap();
    assert!(
        said.message().contains("away on its way to Done again"),
        "{}",
        said.message()
    );
}

#[test]
fn what_is_held_back_says_why_and_what_is_there_says_so() {
    let wants = spec(WritePolicy::OnChange);
    let said = |status: &JiraIssueStatus, why| {
        let of = TicketPhase {
            spec: &wants,
            status,
            generation: 2,
        };
        of.withheld(at(NOW), why).unwrap().reason
    };
    for why in [Reason::TicketSuspended, Reason::Planned] {
        assert_eq!(said(&ticket("Todo", None), why), why);
        assert_eq!(said(&ticket("Done", None), why), Reason::Reached);
        assert_eq!(said(&ticket("Todo", Some("Done")), why), Reason::MovedOn);
    }
}

#[test]
fn a_move_under_way_goes_before_everything_else() {
    let mut status = ticket("Done", Some("Done"));
    status.moving = Some(crate::api::issue::TicketMove {
        wanted: "Done".into(),
        to: "5".into(),
        last: true,
        passed: 0,
        since: String::new(),
        at: Time(at(NOW)),
        holder: "a".into(),
    });
    assert_eq!(stand(&spec(WritePolicy::OnChange), &status), Stand::Moving);
}

#[test]
fn where_it_can_go_is_told_of_where_it_is_and_no_longer() {
    let (wants, status) = (spec(WritePolicy::OnChange), ticket("Todo", None));
    let known = |from: &str| TicketTransitions {
        wanted: "Done".into(),
        from: from.into(),
        available: vec!["In Progress".into()],
    };
    let of = TicketPhase {
        spec: &wants,
        status: &status,
        generation: 2,
    };
    let pending = of.finding(at(NOW)).unwrap();
    let told = |found| of.transitions(Some(&pending), Some(&found)).unwrap().available;
    assert_eq!(told(known("Open")), ["In Progress"]);
    assert!(told(known("Blocked")).is_empty());
    let reached = Finding::plain(PhaseReached, Reason::Reached);
    assert_eq!(of.transitions(Some(&reached), Some(&known("Open"))), None);
}

#[test]
fn who_moved_it_on_is_asked_once_for_each_place_and_told_while_that_stands() {
    let wants = spec(WritePolicy::OnChange);
    let of = |status: &JiraIssueStatus| {
        let of = TicketPhase {
            spec: &wants,
            status,
            generation: 2,
        };
        let said = of.finding(at(NOW)).unwrap();
        let kept = of.applied(at(NOW)).and_then(|applied| applied.moved_on);
        (of.lacks_who_moved_on(at(NOW)), said.message().clone(), kept)
    };
    let moved_on = |to: &str, by: Option<&str>| TicketMovedOn {
        to: to.into(),
        by: by.map(str::to_owned),
    };
    let mut status = ticket("Todo", Some("Done"));
    status.status_id = "1".into();
    let mut with = |found: Option<TicketMovedOn>| {
        status.applied.as_mut().unwrap().moved_on = found;
        of(&status)
    };
    let (asks, said, kept) = with(None);
    assert!(
        asks && said.starts_with("SUP-1 is Open by now, which stands.") && kept.is_none(),
        "{said}"
    );
    let dana = moved_on("1", Some("Dana Fox"));
    let (asks, said, kept) = with(Some(dana.clone()));
    assert!(
        !asks && said.starts_with("Dana Fox moved SUP-1 on to Open, which stands."),
        "{said}"
    );
    assert_eq!(kept, Some(dana.clone()));
    // Jira names nobody, and is not asked again.
    let (asks, said, _) = with(Some(moved_on("1", None)));
    assert!(!asks && said.starts_with("SUP-1 is Open by now"), "{said}");
    // It was moved further.
    let (asks, said, kept) = with(Some(moved_on("2", Some("Dana Fox"))));
    assert!(
        asks && said.starts_with("SUP-1 is Open by now") && kept.is_none(),
        "{said}"
    );
    // It is where it is wanted again.
    let mut back = ticket("Done", Some("Done"));
    back.status_id = "1".into();
    back.applied.as_mut().unwrap().moved_on = Some(dana.clone());
    let (asks, _, kept) = of(&back);
    assert!(!asks && kept.is_none());
    // What it says is not shown.
    let mut hidden = ticket("", Some("Done"));
    hidden.applied.as_mut().unwrap().moved_on = Some(dana);
    let (asks, _, kept) = of(&hidden);
    assert!(!asks && kept.is_none());
}
