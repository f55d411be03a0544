//! What was written and could not be written down, while the spec went back to what it said before.

use super::*;

#[test]
fn a_field_that_was_written_and_not_written_down_is_written_back_to_what_the_spec_says() {
    let wants = spec("Ours", &[], TicketPolicy::default());
    let lost = written("Other", &[]).written;
    let live = json!({"summary": "Other"});
    let by = |author: &str| {
        marked(
            &wants,
            (&written("Ours", &[]), &lost),
            &live,
            &[change(author, "summary")],
        )
    };
    let (needs, found) = by(US);
    assert!(needs);
    assert_eq!(words(&found), "write summary");
    // What somebody wrote since stands.
    assert_eq!(words(&by("712020:dana").1), "drift summary \"Other\" by Dana");
    // What Jira has is then its own form of what was written.
    let known = written("Ours", &[]).written;
    let (_, found) = marked(&wants, (&written("Ours", &[]), &known), &live, &[change(US, "summary")]);
    assert_eq!(words(&found), "");
}

#[test]
fn a_label_that_was_added_and_not_written_down_goes_once_it_left_the_spec() {
    let wants = spec("Ours", &["a"], TicketPolicy::default());
    let lost = written("Ours", &["a", "b"]).written;
    let live = json!({"summary": "Ours", "labels": ["a", "b", "people"]});
    let of = |changes: &[Change]| marked(&wants, (&written("Ours", &["a"]), &lost), &live, changes);
    let ours = labelled(US, "a", "a b");
    let (needs, found) = of(&[ours.clone(), labelled("712020:dana", "a b", "a b people")]);
    assert!(needs);
    assert_eq!(
        (found.remove.clone(), found.add.clone()),
        (vec!["b".to_owned()], vec![])
    );
    // Somebody removed it since, and added it again.
    let removed = labelled("712020:dana", "a b", "a");
    assert!(
        !of(&[ours, removed, labelled("712020:dana", "a", "a b people")])
            .1
            .has_writes()
    );
}

/// Somebody changes the labels from these to those.
fn labelled(author: &str, from: &str, to: &str) -> Change {
    let mut change = json!({"items": [{"fieldId": LABELS, "fromString": from, "toString": to}]});
    change["author"] = json!({"accountId": author});
    serde_json::from_value(change).unwrap()
}

#[test]
fn a_label_that_was_added_and_not_written_down_is_the_clusters() {
    let wants = spec("Ours", &["a"], TicketPolicy::default());
    let lost = written("Ours", &["a"]).written;
    let live = json!({"summary": "Ours", "labels": ["a"]});
    let (_, found) = marked(&wants, (&written("Ours", &[]), &lost), &live, &[]);
    assert_eq!(found.applied.written.labels, ["a"]);
    // Without the marker it was somebody else's before.
    let (_, found) = marked(&wants, (&written("Ours", &[]), &WrittenFields::default()), &live, &[]);
    assert_eq!(found.applied.written.labels_of_others, ["a"]);
}

#[test]
fn a_field_that_was_written_and_not_written_down_is_not_written_again_over_what_somebody_made_of_it() {
    for (kept, words_of_it) in [
        (WritePolicy::Keep, "write summary, back summary"),
        (WritePolicy::OnChange, "drift summary \"Before\" by Dana"),
    ] {
        let wants = spec("Ours", &[], policy(kept, ConflictPolicy::Overwrite));
        let mut before = written("Before", &[]);
        before.compared = Some("2026-11-30T10:30:00Z".into());
        let (lost, live) = (written_of(&wants), json!({"summary": "Before"}));
        let of = |changes: &[Change]| marked(&wants, (&before, &lost), &live, changes);
        let (needs, found) = of(&[change(US, "summary"), change("712020:dana", "summary")]);
        assert!(needs);
        assert_eq!(words(&found), words_of_it);
        // The marker is of a time before the ticket was compared: the spec says something new.
        before.compared = Some("2026-11-30T11:00:00Z".into());
        let of = |changes: &[Change]| marked(&wants, (&before, &lost), &live, changes);
        let (_, found) = of(&[change(US, "summary"), change("712020:dana", "summary")]);
        assert_eq!(words(&found), "write summary");
        // It was not compared since something was written of it, and the marker said the same as the status then.
        before.compared = None;
        let of = |changes: &[Change]| marked(&wants, (&before, &lost), &live, changes);
        let (_, found) = of(&[change(US, "summary"), change("712020:dana", "summary")]);
        assert_eq!(words(&found), words_of_it);
    }
}
