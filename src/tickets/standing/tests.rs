#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::sync::Arc;

use super::*;
use crate::{
    api::{
        integration::{StatusMapping, Tickets},
        project::JiraProject,
    },
    sync::phase::Phases,
};
use serde_json::json;

fn issue(key: &str, project: (&str, &str), updated: &str) -> JiraIssueStatus {
    serde_json::from_value(json!({
        "id": "7", "key": key, "url": format!("https://acme/browse/{key}"), "project": project.0,
        "projectId": project.1, "summary": "Slow", "status": "Open", "statusId": "1", "category": "new",
        "phase": "Todo", "updated": updated,
    }))
    .unwrap()
}

fn object(status: JiraIssueStatus, created: Option<&str>) -> JiraIssue {
    let mut status = serde_json::to_value(status).unwrap();
    let identity = Identity::of("app", "shop", "a");
    status["identity"] = json!(identity.as_str());
    if let Some(reason) = created {
        let is_true = ["TicketCreated", "TicketAdopted"].contains(&reason);
        status["conditions"] = json!([{
            "type": "Created", "status": if is_true { "True" } else { "False" }, "reason": reason, "message": "m",
            "lastTransitionTime": "2026-11-30T10:00:00Z",
        }]);
    }
    serde_json::from_value(json!({
        "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue", "metadata": {"name": "a"},
        "spec": {"integration": "acme", "project": "ENG", "type": "Bug", "summary": "Slow"}, "status": status,
    }))
    .unwrap()
}

fn projects() -> Vec<Arc<JiraProject>> {
    let project = |declared: &str, key: &str, id: &str| -> Arc<JiraProject> {
        let project = json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraProject", "metadata": {"name": key},
            "spec": {"integration": "acme", "key": declared}, "status": {"key": key, "id": id, "lifecycle": "Live"},
        });
        Arc::new(serde_json::from_value(project).unwrap())
    };
    vec![project("ENG", "DEV", "1"), project("OPS", "OPS", "2")]
}

fn found(object: &JiraIssue, news: &TicketNews, listed: &[&str]) -> Standing {
    let tickets = Tickets {
        projects: listed.iter().map(|key| (*key).to_owned()).collect(),
        ..serde_json::from_value::<Tickets>(json!({})).unwrap()
    };
    let projects = projects();
    standing(object, news, &Reach::new(&tickets, &projects, Phases::default()))
}

fn shown(status: JiraIssueStatus, marker: Option<&str>) -> TicketNews {
    let marker = marker.map(|name| Marker {
        v: 1,
        identity: Identity::of("app", "shop", name),
        n: 1,
        scope: "app".into(),
        namespace: "shop".into(),
        name: name.into(),
        uid: "u".into(),
        kept: crate::tickets::Kept::default(),
        former: None,
    });
    TicketNews {
        said: Some(Said::Shown(Box::new(ShownTicket { status, marker }))),
        duplicates: None,
    }
}

fn reasons(standing: &Standing) -> (Reason, Reason) {
    (standing.valid.reason, standing.created.reason)
}

const EARLY: &str = "2026-11-30T10:00:00.000Z";
const LATE: &str = "2026-11-30T11:00:00.000Z";

#[test]
fn a_ticket_follows_what_jira_says_and_never_goes_back() {
    let before = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketAdopted"));
    let quiet = found(&before, &TicketNews::default(), &[]);
    assert_eq!(reasons(&quiet), (Reason::SpecAccepted, Reason::TicketAdopted));
    assert_eq!(quiet.issue.summary, "Slow");
    let mut changed = issue("OPS-9", ("OPS", "2"), LATE);
    changed.summary = "Fast".to_owned();
    let moved = found(&before, &shown(changed, Some("a")), &[]);
    assert_eq!(reasons(&moved), (Reason::SpecAccepted, Reason::TicketAdopted));
    assert_eq!(
        (moved.issue.key.as_str(), moved.issue.summary.as_str()),
        ("OPS-9", "Fast")
    );
    let late = object(issue("DEV-1", ("DEV", "1"), LATE), Some("TicketAdopted"));
    let mut outdated = issue("DEV-1", ("DEV", "1"), EARLY);
    outdated.summary = "Old".to_owned();
    assert_eq!(
        found(&late, &shown(outdated, None), &[]).issue.summary,
        "Slow",
        "the index is late"
    );
}

#[test]
fn outside_the_projects_of_tickets_nothing_is_kept_but_the_name() {
    let before = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketCreated"));
    for (news, listed) in [
        (shown(issue("HR-1", ("HR", "9"), LATE), None), &[][..]),
        (shown(issue("OPS-1", ("OPS", "2"), LATE), None), &["ENG"][..]),
        (TicketNews::default(), &["OPS"][..]),
    ] {
        let out = found(&before, &news, listed);
        assert_eq!(reasons(&out), (Reason::ProjectNotInScope, Reason::TicketCreated));
        assert!(out.issue.summary.is_empty() && out.issue.phase.is_empty() && out.issue.updated.is_empty());
        assert!(!out.issue.key.is_empty() && out.issue.id == "7" && !out.is_unread);
    }
    // By the key that the spec declares, or by the one that the project has now.
    for listed in ["ENG", "DEV"] {
        let there = found(&before, &TicketNews::default(), &[listed]);
        assert_eq!(there.valid.reason, Reason::SpecAccepted, "{listed}");
    }
    let mut bare = issue("DEV-1", ("DEV", "1"), "");
    bare.status.clear();
    let back = found(&object(bare, Some("TicketCreated")), &TicketNews::default(), &[]);
    assert!(back.is_unread, "it is in reach again, and nothing is known of it");
}

#[test]
fn what_became_of_a_ticket_stands_until_it_is_shown_again() {
    let before = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketCreated"));
    for loss in [Loss::Gone, Loss::Hidden, Loss::Archived] {
        let news = TicketNews {
            said: Some(Said::Lost(loss)),
            duplicates: None,
        };
        let lost = found(&before, &news, &[]);
        assert_eq!(lost.created.reason, loss.reason());
        assert_eq!(lost.issue.summary, "Slow", "what was seen last");
    }
    let gone = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketGone"));
    let still = found(&gone, &TicketNews::default(), &[]);
    assert_eq!(
        (still.created.reason, still.created.message().as_str()),
        (Reason::TicketGone, "m")
    );
    let back = found(&gone, &shown(issue("DEV-1", ("DEV", "1"), EARLY), None), &[]);
    assert_eq!(back.created.reason, Reason::TicketFound);
}

#[test]
fn an_issue_with_the_marker_of_another_object_is_not_shown() {
    let before = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketCreated"));
    let news = shown(issue("DEV-1", ("DEV", "1"), LATE), Some("b"));
    let taken = found(&before, &news, &[]);
    assert_eq!(reasons(&taken), (Reason::SpecAccepted, Reason::AlreadyManaged));
    assert!(taken.issue.summary.is_empty());
    let managed = object(taken.issue, Some("AlreadyManaged"));
    let unmarked = found(&managed, &shown(issue("DEV-1", ("DEV", "1"), LATE), None), &[]);
    assert_eq!(unmarked.created.reason, Reason::AlreadyManaged);
    let ours = found(&managed, &shown(issue("DEV-1", ("DEV", "1"), LATE), Some("a")), &[]);
    assert_eq!(
        (ours.created.reason, ours.issue.summary.as_str()),
        (Reason::TicketFound, "Slow")
    );
}

#[test]
fn a_second_issue_of_one_creation_is_told_until_it_is_put_away() {
    let before = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketCreated"));
    let twice = TicketNews {
        said: None,
        duplicates: Some(vec!["DEV-2".to_owned()]),
    };
    let told = found(&before, &twice, &[]);
    assert_eq!(told.created.reason, Reason::DuplicateTicket);
    assert!(told.created.message().contains("DEV-2"));
    let mut status = issue("DEV-1", ("DEV", "1"), EARLY);
    status.duplicates = told.duplicates;
    let before = object(status, Some("DuplicateTicket"));
    assert_eq!(
        found(&before, &TicketNews::default(), &[]).created.reason,
        Reason::DuplicateTicket
    );
    let healed = TicketNews {
        said: None,
        duplicates: Some(Vec::new()),
    };
    assert_eq!(found(&before, &healed, &[]).created.reason, Reason::TicketFound);
}

#[test]
fn rules_for_phases_that_change_need_no_answer_of_jira() {
    let before = object(issue("DEV-1", ("DEV", "1"), EARLY), Some("TicketCreated"));
    let rule: StatusMapping =
        serde_json::from_value(json!({"phase": "Waiting", "statuses": ["Open"], "projects": ["ENG"]})).unwrap();
    let tickets: Tickets = serde_json::from_value(json!({})).unwrap();
    let projects = projects();
    let reach = Reach::new(&tickets, &projects, Phases::new(&[rule]));
    assert_eq!(standing(&before, &TicketNews::default(), &reach).issue.phase, "Waiting");
}

#[test]
fn only_what_makes_a_difference_is_news() {
    let status = issue("DEV-1", ("DEV", "1"), EARLY);
    let before = object(status.clone(), Some("TicketCreated")).status.unwrap();
    let as_shown = |status: &JiraIssueStatus, marker: Option<&str>| match shown(status.clone(), marker).said {
        Some(Said::Shown(shown)) => *shown,
        _ => unreachable!(),
    };
    let mut same = status.clone();
    (same.hash, same.phase) = ("other".to_owned(), "Other".to_owned());
    assert!(!is_news(&before, &as_shown(&same, Some("a"))));
    assert!(is_news(&before, &as_shown(&same, Some("b"))));
    let mut changed = status.clone();
    changed.labels = vec!["x".to_owned()];
    assert!(is_news(&before, &as_shown(&changed, None)), "without another time, too");
    let gone = object(status.clone(), Some("TicketGone")).status.unwrap();
    assert!(is_news(&gone, &as_shown(&same, None)));
}
