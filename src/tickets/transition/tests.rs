#![allow(clippy::unwrap_used)]
use super::*;
use crate::api::issue::{IssuePerson, TicketPeople, TicketPerson};

/// A status by its id and name, with its phase.
const OPEN: (&str, &str) = ("1", "Todo");
const WORK: (&str, &str) = ("2", "InProgress");
const REVIEW: (&str, &str) = ("3", "InProgress");
const DONE: (&str, &str) = ("5", "Done");
const CLOSED: (&str, &str) = ("6", "Done");

fn name(id: &str) -> &'static str {
    match id {
        "1" => "Open",
        "2" => "In Progress",
        "3" => "In Review",
        "5" => "Done",
        _ => "Closed",
    }
}

fn way(id: &str, title: &str, (to, phase): (&str, &str)) -> Way {
    Way {
        id: id.into(),
        name: title.into(),
        to: Place {
            status: name(to).into(),
            status_id: to.into(),
            phase: phase.into(),
        },
        is_available: true,
        ..Way::default()
    }
}

fn screen(way: Way, fields: &[(&str, bool)]) -> Way {
    let field = |(id, is_needed): &(&str, bool)| {
        let fixed = json!({"fieldId": id, "name": format!("Name of {id}"), "required": is_needed,
            "schema": {"type": if *id == RESOLUTION { "resolution" } else { "string" }},
            "allowedValues": if *id == RESOLUTION { json!([{"id": "7", "name": "Fixed"}]) } else { json!([]) }});
        let fixed: crate::atlassian::ticket_models::CreateField = serde_json::from_value(fixed).unwrap();
        TicketField::from(&fixed)
    };
    Way {
        has_screen: true,
        fields: fields.iter().map(field).collect(),
        ..way
    }
}

fn spec(edit: impl FnOnce(&mut JiraIssueSpec)) -> JiraIssueSpec {
    let mut spec = JiraIssueSpec {
        phase: Some("Done".into()),
        ..JiraIssueSpec::default()
    };
    edit(&mut spec);
    spec
}

fn at((id, phase): (&str, &str)) -> JiraIssueStatus {
    JiraIssueStatus {
        key: "SUP-1".into(),
        status: name(id).into(),
        status_id: id.into(),
        phase: phase.into(),
        ..JiraIssueStatus::default()
    }
}

/// The choice in words.
fn chosen(spec: &JiraIssueSpec, status: &JiraIssueStatus, ways: &[Way]) -> String {
    chosen_after(0, spec, status, ways)
}

/// The same, where so many stops are behind it.
fn chosen_after(passed: usize, spec: &JiraIssueSpec, status: &JiraIssueStatus, ways: &[Way]) -> String {
    let wish = Wish::of(spec).unwrap();
    let of = Itinerary {
        spec,
        wish: &wish,
        status,
        passed,
    };
    match of.choose(ways) {
        Choice::Take(step) => {
            let fields = Value::Object(step.fields);
            format!(
                "{} {fields}{}",
                step.way.id,
                if step.is_last { "" } else { " on the way" }
            )
        }
        Choice::NeedsFields(way, problems) => format!("{} needs {}", way.id, problems.join(" ")),
        Choice::Conditional(way) => format!("{} waits", way.id),
        Choice::Nowhere => "nowhere".to_owned(),
    }
}

#[test]
fn a_transition_is_chosen_by_where_it_leads_what_it_takes_and_its_place() {
    let plain = || spec(|_| ());
    let two = [
        way("11", "Start", WORK),
        way("21", "Finish", DONE),
        way("31", "Close", CLOSED),
    ];
    assert_eq!(chosen(&plain(), &at(OPEN), &two), "21 {}", "the workflow's order");
    let exact = spec(|spec| (spec.phase, spec.status) = (None, Some("closed ".into())));
    assert_eq!(chosen(&exact, &at(OPEN), &two), "31 {}");
    let by_id = spec(|spec| (spec.phase, spec.status) = (None, Some("id:6".into())));
    assert_eq!(chosen(&by_id, &at(OPEN), &two), "31 {}");
    let screened = [
        screen(way("21", "Finish", DONE), &[("summary", true)]),
        way("31", "Close", CLOSED),
    ];
    assert_eq!(
        chosen(&plain(), &at(OPEN), &screened),
        "31 {}",
        "without a screen first"
    );
    assert_eq!(
        chosen(&plain(), &at(OPEN), &screened[..1]),
        "21 {}",
        "every ticket has a summary"
    );
    let unmet = [
        Way {
            is_available: false,
            ..way("21", "Approve", DONE)
        },
        way("11", "Start", WORK),
    ];
    assert_eq!(chosen(&plain(), &at(OPEN), &unmet), "21 waits");
    assert_eq!(chosen(&plain(), &at(OPEN), &two[..1]), "nowhere");
    assert_eq!(chosen(&plain(), &at(OPEN), &[]), "nowhere");
}

#[test]
fn what_leads_nowhere_is_never_made() {
    let looped = Way {
        leads_nowhere: true,
        ..way("9", "Remind", DONE)
    };
    let initial = Way {
        leads_nowhere: true,
        ..way("1", "Create", DONE)
    };
    assert_eq!(chosen(&spec(|_| ()), &at(OPEN), &[looped, initial]), "nowhere");
    // A global one into the status that the ticket is in, under another phase by a rule of the mapping.
    let same = [way("21", "Finish", ("1", "Done"))];
    assert_eq!(chosen(&spec(|_| ()), &at(OPEN), &same), "nowhere");
    let of: Transition = serde_json::from_value(json!({"id": "9", "looped": true})).unwrap();
    assert!(Way::of(&of, |_| "Done".into()).leads_nowhere);
}

#[test]
fn the_way_is_gone_in_its_order_and_what_can_be_left_out_is() {
    let via = |stops: &[&str]| spec(|spec| spec.via = stops.iter().map(|stop| (*stop).to_owned()).collect());
    let from_open = [way("11", "Start", WORK), way("12", "Look", REVIEW)];
    assert_eq!(
        chosen(&via(&["In Progress"]), &at(OPEN), &from_open),
        "11 {} on the way"
    );
    assert_eq!(chosen(&via(&["id:2"]), &at(OPEN), &from_open), "11 {} on the way");
    assert_eq!(
        chosen(&via(&["start"]), &at(OPEN), &from_open),
        "11 {} on the way",
        "by the transition"
    );
    assert_eq!(
        chosen(&via(&["Blocked", "In Review"]), &at(OPEN), &from_open),
        "12 {} on the way"
    );
    assert_eq!(chosen(&via(&["Blocked"]), &at(OPEN), &from_open), "nowhere");
    let from_work = [
        way("10", "Stop", OPEN),
        way("12", "Look", REVIEW),
        way("21", "Finish", DONE),
    ];
    let both = via(&["In Progress", "In Review"]);
    assert_eq!(chosen(&both, &at(WORK), &from_work), "12 {} on the way");
    let from_review = [way("11", "Back", WORK), way("21", "Finish", DONE)];
    assert_eq!(chosen(&both, &at(REVIEW), &from_review), "21 {}", "never back");
    // Stops that are named by their transitions, which are there from everywhere.
    let named = via(&["Start", "Look"]);
    let from_everywhere = [
        way("11", "Start", WORK),
        way("12", "Look", REVIEW),
        way("21", "Finish", DONE),
    ];
    assert_eq!(chosen(&named, &at(OPEN), &from_everywhere), "11 {} on the way");
    assert_eq!(chosen_after(1, &named, &at(WORK), &from_everywhere), "12 {} on the way");
    assert_eq!(chosen_after(2, &named, &at(REVIEW), &from_everywhere), "21 {}");
    assert_eq!(chosen_after(9, &named, &at(REVIEW), &from_everywhere), "21 {}");
}

#[test]
fn a_stop_that_is_a_status_goes_before_a_transition_of_that_name() {
    let wants = spec(|spec| spec.via = vec!["In Review".into()]);
    let ways = [way("10", "In Review", WORK), screen(way("12", "Look", REVIEW), &[])];
    assert_eq!(chosen(&wants, &at(OPEN), &ways), "12 {} on the way");
    assert_eq!(chosen(&wants, &at(OPEN), &ways[..1]), "10 {} on the way");
}

#[test]
fn what_a_screen_demands_comes_from_the_spec_or_is_named() {
    let ways = [screen(
        way("21", "Finish", DONE),
        &[(RESOLUTION, true), ("customfield_7", true), ("customfield_8", false)],
    )];
    let bare = chosen(&spec(|_| ()), &at(OPEN), &ways);
    assert_eq!(
        bare,
        "21 needs Name of resolution (spec.resolution), one of: Fixed. Name of customfield_7 (spec.fields.customfield_7)."
    );
    let filled = spec(|spec| {
        spec.resolution = Some("fixed".into());
        spec.fields.insert("name of customfield_7".into(), "SRE".into());
        spec.fields.insert("customfield_8".into(), "not asked for".into());
    });
    assert_eq!(
        chosen(&filled, &at(OPEN), &ways),
        r#"21 {"customfield_7":"SRE","resolution":{"id":"7"}}"#
    );
    let wrong = spec(|spec| {
        spec.resolution = Some("Nonsense".into());
        spec.fields.insert("customfield_7".into(), "SRE".into());
    });
    assert!(chosen(&wrong, &at(OPEN), &ways).contains("one of: Fixed"));
    // A resolution that no screen takes is not sent.
    assert_eq!(chosen(&filled, &at(OPEN), &[way("21", "Finish", DONE)]), "21 {}");
}

#[test]
fn an_assignee_that_a_screen_demands_is_the_one_of_the_spec_or_of_the_ticket() {
    let ways = [screen(way("21", "Finish", DONE), &[(ASSIGNEE, true)])];
    assert_eq!(
        chosen(&spec(|_| ()), &at(OPEN), &ways),
        "21 needs Name of assignee (spec.assignee)."
    );
    let mut assigned = at(OPEN);
    assigned.assignee = Some(IssuePerson::default());
    assert_eq!(chosen(&spec(|_| ()), &assigned, &ways), "21 {}");
    let mut matched = at(OPEN);
    matched.people = Some(TicketPeople {
        assignee: Some(TicketPerson {
            account_id: Some("dana".into()),
            ..TicketPerson::default()
        }),
        ..TicketPeople::default()
    });
    assert_eq!(
        chosen(&spec(|_| ()), &matched, &ways),
        r#"21 {"assignee":{"accountId":"dana"}}"#
    );
}

#[test]
fn where_it_can_go_is_told_once_each() {
    let wants = spec(|_| ());
    let (wish, status) = (Wish::of(&wants).unwrap(), at(OPEN));
    let of = Itinerary {
        spec: &wants,
        wish: &wish,
        status: &status,
        passed: 0,
    };
    let ways = [
        way("11", "Start", WORK),
        way("12", "Begin", WORK),
        way("13", "Stay", OPEN),
        way("21", "Finish", DONE),
    ];
    assert_eq!(of.available(&ways), ["In Progress", "Done"]);
}
