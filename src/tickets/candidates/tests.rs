#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use serde_json::json;

const ACCOUNT: &str = "bot";

fn text(text: &str) -> serde_json::Value {
    crate::tickets::text::plain_to_adf(text).unwrap()
}

fn issue(id: u64, creator: &str, marker: Option<i64>, labelled: bool) -> MarkedIssue {
    let identity = Identity::of("app", "shop", "a");
    let marker = marker.map(|n| Marker {
        v: 1,
        identity: identity.clone(),
        n,
        scope: "app".into(),
        namespace: "shop".into(),
        name: "a".into(),
        uid: "u".into(),
        kept: crate::tickets::Kept::default(),
        former: None,
    });
    let properties = marker
        .map(|marker| json!({PROPERTY: marker.value()}))
        .unwrap_or(json!({}));
    let labels = if labelled { vec![identity.label()] } else { Vec::new() };
    serde_json::from_value(json!({
        "id": id.to_string(), "key": format!("SUP-{id}"), "properties": properties,
        "fields": {"creator": {"accountId": creator}, "labels": labels, "summary": "Slow", "description": text("Very"),
            "project": {"id": "10000"}, "created": "2026-04-28T15:33:02.000+0000"},
    }))
    .unwrap()
}

/// What a request looked like when it was sent.
fn traits(looks: &str) -> RequestTraits<'_> {
    RequestTraits {
        looks,
        text: "Very",
        project_id: "10000",
        since: "2026-04-28T15:33:00Z".parse().unwrap(),
    }
}

/// The digest of that of one with the summary `Slow`.
fn slow(reporter: &str) -> String {
    looks("10000", reporter, "Slow")
}

/// Picks for the first creation of the object, or for one that differs from it so.
fn picked_for(differs: impl FnOnce(&mut Wanted<'_>), issues: &[MarkedIssue]) -> Found {
    let identity = Identity::of("app", "shop", "a");
    let mut wanted = Wanted {
        identity: &identity,
        number: 1,
        account: ACCOUNT,
        customer: None,
        request: None,
    };
    differs(&mut wanted);
    pick(&wanted, issues)
}

/// Picks for a request that looked like this when it was sent.
fn picked_as(sent: &str, customer: Option<&str>, issues: &[MarkedIssue]) -> Found {
    let identity = Identity::of("app", "shop", "a");
    let wanted = Wanted {
        identity: &identity,
        number: 1,
        account: ACCOUNT,
        customer,
        request: Some(traits(sent)),
    };
    pick(&wanted, issues)
}

fn picked(issues: &[MarkedIssue], as_request: bool) -> Found {
    if as_request {
        picked_as(&slow(""), None, issues)
    } else {
        picked_for(|_| {}, issues)
    }
}

fn unclear(keys: &[&str]) -> Found {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Found::Unclear(Doubt { keys, number: 1 })
}

fn id(found: &Found) -> &str {
    match found {
        Found::Ticket(ticket) => &ticket.issue.id,
        _ => "",
    }
}

#[test]
fn a_marker_and_the_creator_prove_a_ticket_and_a_label_alone_does_where_we_created_it() {
    assert_eq!(id(&picked(&[issue(1, ACCOUNT, Some(1), true)], false)), "1");
    assert_eq!(
        id(&picked(&[issue(1, ACCOUNT, Some(1), false)], false)),
        "1",
        "somebody took the label away"
    );
    assert_eq!(
        id(&picked(&[issue(1, ACCOUNT, None, true)], false)),
        "1",
        "somebody removed the property"
    );
    assert_eq!(
        picked(&[issue(1, "ann", None, true)], false),
        Found::Nothing,
        "a clone carries the label"
    );
    assert_eq!(picked(&[], false), Found::Nothing);
}

#[test]
fn what_another_account_created_with_our_marker_is_unclear() {
    let found = picked(&[issue(1, "former", Some(1), true)], false);
    assert_eq!(found, unclear(&["SUP-1"]));
    // Beside the ticket itself a copy of it is no matter.
    assert_eq!(
        id(&picked(
            &[issue(2, "ann", Some(1), true), issue(1, ACCOUNT, Some(1), true)],
            false
        )),
        "1"
    );
}

#[test]
fn of_several_the_latest_creation_counts_and_of_one_creation_the_first_issue() {
    let all = [
        issue(3, ACCOUNT, Some(1), true),
        issue(5, ACCOUNT, Some(2), true),
        issue(4, ACCOUNT, Some(2), true),
    ];
    assert_eq!(id(&picked(&all, false)), "4");
}

#[test]
fn an_unmarked_request_is_taken_only_where_it_is_the_only_one_like_it() {
    assert_eq!(id(&picked(&[issue(1, ACCOUNT, None, false)], true)), "1");
    assert_eq!(
        picked(&[issue(1, ACCOUNT, None, false)], false),
        Found::Nothing,
        "an issue is marked from the start"
    );
    assert_eq!(
        picked(&[issue(1, "ann", None, false)], true),
        Found::Nothing,
        "a person asked the same"
    );
    let two = [issue(1, ACCOUNT, None, false), issue(2, ACCOUNT, None, false)];
    assert_eq!(picked(&two, true), unclear(&["SUP-1", "SUP-2"]));
}

#[test]
fn what_came_of_an_earlier_creation_is_not_the_ticket_of_a_later_one() {
    let picked = |issues: &[MarkedIssue]| picked_for(|wanted| wanted.number = 2, issues);
    assert_eq!(picked(&[issue(1, ACCOUNT, Some(1), true)]), Found::Nothing);
    assert_eq!(picked(&[issue(1, ACCOUNT, None, true)]), Found::Nothing);
    let both = [issue(1, ACCOUNT, Some(1), true), issue(2, ACCOUNT, Some(2), true)];
    assert_eq!(id(&picked(&both)), "2");
    assert_eq!(picked(&[issue(1, "former", Some(1), true)]), Found::Nothing);
    // The number that is in doubt is the highest of those who carry the marker.
    let foreign = picked(&[issue(1, "former", Some(3), true)]);
    let keys = vec!["SUP-1".to_owned()];
    assert_eq!(foreign, Found::Unclear(Doubt { keys, number: 3 }));
}

#[test]
fn a_request_with_another_text_is_not_taken_and_not_excluded() {
    let mut other = issue(1, ACCOUNT, None, false);
    other.issue.fields.description = text("Not at all");
    assert_eq!(picked(&[other.clone()], true), unclear(&["SUP-1"]));
    other.issue.fields.description = text(" *Very*. ");
    assert_eq!(id(&picked(&[other], true)), "1", "formatting is no difference");
}

#[test]
fn a_request_that_its_reporter_seems_to_have_created_is_unclear() {
    let theirs = json!({"id": "1", "key": "SUP-1", "fields": {"creator": {"accountId": "kim"}, "summary": "Slow",
        "description": text("Very"), "reporter": {"accountId": "kim"}, "project": {"id": "10000"}, "created": "2026-04-28T15:33:02.000+0000"}});
    let request: MarkedIssue = serde_json::from_value(theirs).unwrap();
    let picked = |customer: &str| picked_as(&slow(customer), None, std::slice::from_ref(&request));
    assert_eq!(picked("kim"), unclear(&["SUP-1"]));
    assert_eq!(picked(""), Found::Nothing);
    assert_eq!(picked("dana"), Found::Nothing);
}

#[test]
fn a_label_on_what_the_customer_seems_to_have_created_is_unclear() {
    let picked = |creator, number| {
        let differs = |wanted: &mut Wanted<'_>| (wanted.customer, wanted.number) = (Some("kim"), number);
        picked_for(differs, &[issue(1, creator, None, true)])
    };
    assert_eq!(picked("kim", 1), unclear(&["SUP-1"]));
    assert_eq!(picked("kim", 2), Found::Nothing, "it came of an earlier creation");
    assert_eq!(picked("ann", 1), Found::Nothing, "a clone carries the label");
}

#[test]
fn a_request_is_known_by_what_was_sent_whatever_the_spec_says_by_now() {
    let raised = |reporter: &str, creator: &str| {
        let mut issue = issue(1, creator, None, false);
        issue.issue.fields.reporter = Some(serde_json::from_value(json!({"accountId": reporter})).unwrap());
        issue
    };
    let picked = |sent: &str, request: MarkedIssue| picked_as(sent, Some("dana"), &[request]);
    // It was raised for kim, and the spec names dana by now.
    assert_eq!(id(&picked(&slow("kim"), raised("kim", ACCOUNT))), "1");
    assert_eq!(picked(&slow("kim"), raised("dana", ACCOUNT)), Found::Nothing);
    assert_eq!(picked(&slow("kim"), raised("kim", "kim")), unclear(&["SUP-1"]));
    assert_eq!(
        picked(&looks("10000", "kim", "Fast"), raised("kim", ACCOUNT)),
        Found::Nothing
    );
    // One that was written down without a digest may look as it will.
    assert_eq!(picked("", raised("ann", ACCOUNT)), unclear(&["SUP-1"]));
}

#[test]
fn another_summary_or_an_earlier_time_is_another_request_and_one_that_was_moved_is_unclear() {
    let odd = |field: &str, value: serde_json::Value| {
        let mut fields = json!({"creator": {"accountId": ACCOUNT}, "summary": "Slow", "project": {"id": "10000"},
            "description": text("Very"), "created": "2026-04-28T15:33:02.000+0000"});
        fields.as_object_mut().unwrap().insert(field.to_owned(), value);
        let issue = serde_json::from_value(json!({"id": "1", "key": "SUP-1", "fields": fields})).unwrap();
        picked(&[issue], true)
    };
    assert_eq!(odd("summary", json!("Fast")), Found::Nothing);
    let moved = odd("project", json!({"id": "10001"}));
    assert_eq!(moved, unclear(&["SUP-1"]), "it was found by its former key");
    assert_eq!(odd("created", json!("2026-04-28T15:30:00.000+0000")), Found::Nothing);
    assert_eq!(odd("created", json!(null)), Found::Nothing);
    assert_eq!(id(&odd("labels", json!(["x"]))), "1");
}
