#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

fn wanted(name: &str, body: &str, visibility: CommentVisibility) -> TicketComment {
    TicketComment {
        name: name.into(),
        body: body.into(),
        visibility,
    }
}

fn made(name: &str, body: &str, visibility: CommentVisibility) -> SentComment {
    SentComment {
        name: name.into(),
        id: format!("id-{name}"),
        hash: hash(body),
        visibility,
    }
}

use CommentVisibility::{Internal, Public};

#[test]
fn a_comment_is_made_once_changed_with_its_text_and_never_turned_public() {
    let spec = [
        wanted("a", "one", Internal),
        wanted("b", "two", Internal),
        wanted("c", "three", Public),
        wanted("d", "four", Public),
    ];
    let known = TicketComments {
        sent: vec![
            made("a", "one", Internal),
            made("b", "other", Internal),
            made("c", "other", Internal),
            made("gone", "stays", Public),
        ],
        ..TicketComments::default()
    };
    let left = outstanding(&spec, Some(&known));
    let told: Vec<(&str, bool)> = left
        .iter()
        .map(|one| (one.wanted.name.as_str(), one.made.is_some()))
        .collect();
    assert_eq!(told, [("b", true), ("c", false), ("d", false)]);
    assert_eq!(
        comments_finding(&spec, Some(&known)).unwrap().reason,
        Reason::ChangesPending
    );
    assert_eq!(
        comments_finding(&spec[..1], Some(&known)).unwrap().reason,
        Reason::AllSent
    );
    assert!(comments_finding(&[], Some(&known)).is_none());
}

#[test]
fn words_are_the_same_in_whichever_form() {
    let markdown = "**p99** of [checkout](https://acme.example/x) is `4.2 s`\n\n- one\n- two";
    let formatted = CommentText::formatted(markdown, true).unwrap();
    assert!(!formatted.is_blank());
    assert_eq!(formatted.words(), words(&json!("p99 of checkout is 4.2 s * one * two")));
    assert!(
        CommentText::formatted("<!-- -->", true).unwrap().is_blank()
            || !CommentText::formatted(" \n", true).unwrap().words().is_empty()
    );
}

#[test]
fn a_lost_comment_is_found_by_its_mark_or_its_words() {
    let identity = Identity::read("k");
    let marks = CommentMarks {
        identity: &identity,
        account: "bot",
    };
    let comment = |value: Value| -> Comment { serde_json::from_value(value).unwrap() };
    let at = |second: u32| format!("2026-04-28T15:00:{second:02}.000+0000");
    let sending = CommentSending {
        name: "runbook".into(),
        hash: hash("See it"),
        words: CommentText::formatted("See it", false).unwrap().words(),
        visibility: Internal,
        since: "2026-04-28T15:00:10Z".into(),
        at: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH),
    };
    let bot = json!({"accountId": "bot"});
    let other = json!({"accountId": "dana"});
    let unmarked = |id: &str, author: &Value, second: u32| {
        comment(json!({"id": id, "author": author, "body": "See it", "created": at(second)}))
    };
    let marked = comment(json!({"id": "9", "author": bot, "body": "edited", "created": at(11),
        "properties": [{"key": PROPERTY, "value": marks.value(&sent(&wanted("runbook", "h", Internal), "9"))}]}));
    let find = |all: &[Comment], known: &[SentComment]| marks.find(&sending, all, known).map(|one| one.id.clone());
    assert_eq!(find(&[unmarked("1", &other, 12)], &[]), None, "somebody else's");
    assert_eq!(find(&[unmarked("1", &bot, 9)], &[]), None, "older");
    assert_eq!(find(&[unmarked("1", &bot, 12)], &[]), Some("1".into()));
    assert_eq!(find(&[unmarked("1", &bot, 12), marked], &[]), Some("9".into()));
    let known = [SentComment {
        id: "1".into(),
        ..SentComment::default()
    }];
    assert_eq!(find(&[unmarked("1", &bot, 12)], &known), None, "it is another one");
}

#[test]
fn what_left_the_spec_is_forgotten_last() {
    let spec = [wanted("kept", "x", Public)];
    let mut known = with_sent(TicketComments::default(), made("kept", "x", Public), &spec);
    for n in 0..MOST + 10 {
        known = with_sent(known, made(&format!("n{n}"), "x", Public), &spec);
    }
    assert_eq!(known.sent.len(), MOST);
    assert_eq!(known.sent[0].name, "kept");
}
