#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod lost;

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::{
    api::issue::{TicketPolicy, WriteBacks},
    atlassian::transition_models::Change,
    tickets::{own_fields, written_of},
};

const US: &str = "712020:bot";
const NOW: &str = "2026-11-30T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn spec(summary: &str, labels: &[&str], policy: TicketPolicy) -> JiraIssueSpec {
    JiraIssueSpec {
        summary: Some(summary.to_owned()),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        policy: Some(policy),
        ..JiraIssueSpec::default()
    }
}

fn policy(fields: WritePolicy, on_conflict: ConflictPolicy) -> TicketPolicy {
    TicketPolicy {
        fields,
        on_conflict,
        ..TicketPolicy::default()
    }
}

/// What was written by a spec and seen in Jira then.
fn written(summary: &str, labels: &[&str]) -> TicketApplied {
    let mut applied = TicketApplied {
        written: written_of(&spec(summary, labels, TicketPolicy::default())),
        compared: Some("t".into()),
        ..TicketApplied::default()
    };
    applied.written.fields.get_mut("summary").unwrap().found = digest_of(&json!(summary));
    applied
}

fn change(author: &str, field: &str) -> Change {
    serde_json::from_value(json!({
        "author": {"accountId": author, "displayName": if author == US { "Bot" } else { "Dana" }},
        "created": "2026-11-30T11:00:00.000+0000", "items": [{"fieldId": field}],
    }))
    .unwrap()
}

/// The plan.
fn plan(spec: &JiraIssueSpec, applied: &TicketApplied, live: &Value, changes: &[Change]) -> EditPlan {
    compared(spec, applied, live, changes).1
}

fn compared(spec: &JiraIssueSpec, applied: &TicketApplied, live: &Value, changes: &[Change]) -> (bool, EditPlan) {
    marked(spec, (applied, &WrittenFields::default()), live, changes)
}

/// The same with what the marker says.
fn marked(
    spec: &JiraIssueSpec,
    of: (&TicketApplied, &WrittenFields),
    live: &Value,
    changes: &[Change],
) -> (bool, EditPlan) {
    let wanted = own_fields(spec).unwrap();
    let comparison = Comparison {
        spec,
        wanted: &wanted,
        applied: of.0,
        marked: of.1,
        live: live.as_object().unwrap(),
        since: Some(at("2026-11-30T10:00:00Z")),
        now: at(NOW),
    };
    let history = History {
        changes,
        is_whole: true,
        account: US,
    };
    (comparison.needs_history(), comparison.plan(&history))
}

/// A plan in words.
fn words(plan: &EditPlan) -> String {
    let mut all: Vec<String> = plan.places().iter().map(|place| format!("write {place}")).collect();
    let named = |what: &str, drift: &TicketDrift| {
        let by = drift.by.as_deref().unwrap_or("somebody");
        format!("{what} {} {:?} by {by}", drift.field, drift.actual)
    };
    all.extend(plan.conflicts.iter().map(|one| named("conflict", one)));
    all.extend(plan.drift.iter().map(|one| named("drift", one)));
    all.extend(plan.back.keys().map(|place| format!("back {place}")));
    all.join(", ")
}

/// What the spec says, by which policy, what Jira has, what its history says; what follows.
type Row<'a> = (&'a str, (WritePolicy, ConflictPolicy), &'a str, &'a [Change], &'a str);

#[test]
fn each_of_the_ways_in_which_three_can_differ_is_told_from_the_others() {
    use ConflictPolicy::{Overwrite, Report};
    use WritePolicy::{Keep, OnChange, Once};
    let (dana, us) = ([change("712020:dana", "summary")], [change(US, "summary")]);
    let dana_title = "drift summary \"Theirs\" by Dana";
    let table: [Row<'_>; 15] = [
        ("Ours", (OnChange, Report), "Ours", &[], ""),
        ("New", (OnChange, Report), "Ours", &[], "write summary"),
        ("New", (OnChange, Report), "Ours", &dana, "write summary"),
        ("New", (OnChange, Report), "New", &dana, ""),
        ("Ours", (OnChange, Report), "Theirs", &dana, dana_title),
        ("Ours", (Once, Report), "Theirs", &dana, dana_title),
        ("Ours", (Keep, Report), "Theirs", &dana, "write summary, back summary"),
        (
            "New",
            (OnChange, Report),
            "Theirs",
            &dana,
            "conflict summary \"Theirs\" by Dana",
        ),
        ("New", (OnChange, Overwrite), "Theirs", &dana, "write summary"),
        ("New", (Keep, Report), "Theirs", &dana, "write summary"),
        ("New", (Once, Report), "Ours", &[], ""),
        ("New", (Once, Overwrite), "Theirs", &dana, ""),
        // Jira writes some values in a form of its own.
        ("Ours", (OnChange, Report), "ours ", &us, ""),
        ("Ours", (Keep, Report), "ours ", &[], ""),
        ("New", (OnChange, Report), "ours ", &us, "write summary"),
    ];
    for (says, (fields, on_conflict), live, changes, follows) in table {
        let wants = spec(says, &[], policy(fields, on_conflict));
        let found = plan(&wants, &written("Ours", &[]), &json!({"summary": live}), changes);
        assert_eq!(words(&found), follows, "{says} {fields:?} {on_conflict:?} {live}");
    }
}

#[test]
fn what_is_in_place_asks_for_no_history() {
    let wants = spec("Ours", &["a"], TicketPolicy::default());
    let live = json!({"summary": "Ours", "labels": ["a", "people"]});
    let (needs, found) = compared(&wants, &written("Ours", &["a"]), &live, &[]);
    assert!(!needs && !found.has_writes() && found.drift.is_empty());
    assert!(
        compared(
            &wants,
            &written("Ours", &["a"]),
            &json!({"summary": "x", "labels": ["a"]}),
            &[]
        )
        .0
    );
    assert!(
        compared(
            &wants,
            &written("Ours", &["a"]),
            &json!({"summary": "Ours", "labels": []}),
            &[]
        )
        .0
    );
    let new = spec("New", &["a", "b"], TicketPolicy::default());
    let (needs, found) = compared(&new, &written("Ours", &["a"]), &live, &[]);
    assert_eq!((needs, words(&found).as_str()), (false, "write summary, write labels"));
}

#[test]
fn a_field_that_the_spec_never_had_is_written_unless_somebody_wrote_it_since_there_is_an_object() {
    let mut wants = spec("Ours", &[], TicketPolicy::default());
    wants.priority = Some("High".into());
    let live = json!({"summary": "Ours", "priority": {"id": "3", "name": "Medium"}});
    let before = written("Ours", &[]);
    assert_eq!(words(&plan(&wants, &before, &live, &[])), "write priority");
    let dana = [change("712020:dana", "priority")];
    let expected = "conflict priority \"Medium\" by Dana";
    assert_eq!(words(&plan(&wants, &before, &live, &dana)), expected);
    let mut long_ago = dana;
    long_ago[0] = serde_json::from_value(json!({
        "author": {"accountId": "712020:dana", "displayName": "Dana"},
        "created": "2020-01-01T00:00:00.000+0000", "items": [{"fieldId": "priority"}],
    }))
    .unwrap();
    assert_eq!(words(&plan(&wants, &before, &live, &long_ago)), "write priority");
    let nothing = json!({"summary": "Ours", "priority": null});
    assert_eq!(words(&plan(&wants, &before, &nothing, &[])), "write priority");
}

#[test]
fn labels_of_others_are_left_alone() {
    let before = written("Ours", &["ours", "gone"]);
    let live = json!({"summary": "Ours", "labels": ["ours", "gone", "people", "k8s-1"]});
    let wants = spec("Ours", &["ours", "new", "people"], TicketPolicy::default());
    let found = plan(&wants, &before, &live, &[]);
    assert_eq!(
        (found.add.as_slice(), found.remove.as_slice()),
        (&["new".to_owned()][..], &["gone".to_owned()][..])
    );
    let body = found.body(None, 2);
    assert_eq!(
        body,
        json!({"update": {"labels": [{"add": "new"}, {"remove": "gone"}]}})
    );
    let after = found.once_written();
    assert_eq!(after.written.labels, ["ours", "new"]);
    assert_eq!(after.written.labels_of_others, ["people"]);
    // It leaves the spec, and stays in Jira.
    let live = json!({"summary": "Ours", "labels": ["ours", "new", "people"]});
    let less = spec("Ours", &["ours", "new"], TicketPolicy::default());
    assert!(!plan(&less, &after, &live, &[]).has_writes());
    let none = spec("Ours", &[], TicketPolicy::default());
    assert_eq!(plan(&none, &after, &live, &[]).remove, ["ours", "new"]);
}

#[test]
fn labels_that_jira_refused_are_forgotten_once_they_leave_the_spec() {
    let mut before = written("Ours", &["a"]);
    before.written.labels.clear();
    before.written.refused = BTreeMap::from([("labels".to_owned(), String::new())]);
    let live = json!({"summary": "Ours", "labels": []});
    let wants = |labels: &[&str]| spec("Ours", labels, TicketPolicy::default());
    assert_eq!(words(&plan(&wants(&["a"]), &before, &live, &[])), "");
    let without = plan(&wants(&[]), &before, &live, &[]);
    assert_eq!(words(&without), "");
    assert!(crate::tickets::outstanding(&wants(&[]), &without.applied).is_empty());
    assert_eq!(
        words(&plan(&wants(&["b"]), &without.applied, &live, &[])),
        "write labels"
    );
}

#[test]
fn a_label_that_somebody_removed_stays_away_unless_it_is_kept() {
    let before = written("Ours", &["a"]);
    let live = json!({"summary": "Ours", "labels": ["b"]});
    let dana = [change("712020:dana", "labels")];
    let wants = spec("Ours", &["a"], TicketPolicy::default());
    assert_eq!(
        words(&plan(&wants, &before, &live, &dana)),
        "drift labels \"b\" by Dana"
    );
    let keeps = spec("Ours", &["a"], policy(WritePolicy::Keep, ConflictPolicy::Report));
    assert_eq!(words(&plan(&keeps, &before, &live, &dana)), "write labels, back labels");
}

#[test]
fn a_ticket_that_was_taken_over_keeps_what_it_has() {
    let wants = spec("Ours", &["a"], TicketPolicy::default());
    let live = json!({"summary": "Theirs", "labels": []});
    let found = plan(&wants, &TicketApplied::default(), &live, &[]);
    assert!(!found.has_writes(), "{}", words(&found));
    assert_eq!(found.drift.len(), 2);
    // The spec says something new, and nobody changed it since.
    let next = TicketApplied {
        compared: Some("t".into()),
        ..found.applied
    };
    let new = spec("New", &["a", "b"], TicketPolicy::default());
    assert_eq!(
        words(&plan(&new, &next, &live, &[])),
        "write summary, write labels, drift labels \"\" by somebody"
    );
}

#[test]
fn what_is_fought_over_rests_after_three_times_in_an_hour() {
    let keeps = spec("Ours", &[], policy(WritePolicy::Keep, ConflictPolicy::Report));
    let dana = [change("712020:dana", "summary")];
    let live = json!({"summary": "Theirs"});
    let mut applied = written("Ours", &[]);
    for _ in 0..3 {
        let found = plan(&keeps, &applied, &live, &dana);
        assert_eq!(words(&found), "write summary, back summary");
        applied = found.begun(&applied, &Time(at(NOW)));
    }
    let found = plan(&keeps, &applied, &live, &dana);
    assert_eq!(words(&found), "drift summary \"Theirs\" by Dana");
    assert_eq!(applied.kept_fields["summary"].by.as_deref(), Some("Dana"));
    // What another field of the spec says makes no difference, and without the policy it is forgotten.
    let mut others = keeps.clone();
    others.labels = vec!["new".into()];
    let found = plan(&others, &applied, &live, &dana);
    assert_eq!(words(&found), "write labels, drift summary \"Theirs\" by Dana");
    let mut lets = keeps.clone();
    lets.policy = Some(policy(WritePolicy::OnChange, ConflictPolicy::Overwrite));
    assert!(plan(&lets, &applied, &live, &dana).applied.kept_fields.is_empty());
    // Another value begins anew.
    let earlier = WriteBacks {
        wanted: "another".into(),
        ..applied.kept_fields["summary"].clone()
    };
    applied.kept_fields = BTreeMap::from([("summary".to_owned(), earlier)]);
    assert_eq!(
        words(&plan(&keeps, &applied, &live, &dana)),
        "write summary, back summary"
    );
}

#[test]
fn one_call_has_all_and_says_in_the_marker_what_was_written() {
    let mut wants = spec("New", &["a"], TicketPolicy::default());
    wants.priority = Some("High".into());
    let found = plan(
        &wants,
        &written("Ours", &[]),
        &json!({"summary": "Ours", "labels": []}),
        &[],
    );
    let marker: crate::tickets::Marker = serde_json::from_value(json!({
        "v": 1, "K": "k", "n": 1, "scope": "s", "namespace": "shop", "name": "a", "uid": "u", "note": "7",
    }))
    .unwrap();
    let body = found.body(Some(&marker), 2);
    assert_eq!(body["fields"], json!({"summary": "New", "priority": {"name": "High"}}));
    assert_eq!(body["update"], json!({"labels": [{"add": "a"}]}));
    assert_eq!(body["historyMetadata"]["cause"]["id"], "shop/a@2");
    let read_back = crate::tickets::Marker::read(&body["properties"][0]["value"]).unwrap();
    assert_eq!(read_back.kept.note.as_deref(), Some("7"));
    assert_eq!(
        read_back.kept.written.fields.keys().collect::<Vec<_>>(),
        ["labels", "priority", "summary"]
    );
    let live = json!({"summary": "Ours", "labels": ["people"]});
    assert_eq!(
        found.in_words(live.as_object().unwrap()).unwrap(),
        "PUT /rest/api/3/issue/{id}: summary \"Ours\" becomes \"New\", priority \"\" becomes \"High\", \
         labels \"people\" becomes \"people, a\""
    );
    assert_eq!(EditPlan::default().in_words(&Map::new()), None);
    // What Jira refuses of it goes alone.
    let refusal = crate::atlassian::write_error::Refusal {
        fields: BTreeMap::from([("priority".to_owned(), "Priority is not valid".to_owned())]),
        ..crate::atlassian::write_error::Refusal::default()
    };
    let (rest, refused) = found.without_refused(&refusal);
    assert_eq!(rest.places(), ["summary", "labels"]);
    assert_eq!(refused, [("priority".to_owned(), "Priority is not valid".to_owned())]);
}
