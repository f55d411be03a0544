//! Notes what happens to issues, while anybody has registered a webhook.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::attached::Comment;
use super::field::REQUEST_TYPE;
use super::happening::{Event, Flow, Happening, Item};
use super::issue::Issue;
use super::site::Site;

/// What a write changes.
pub(super) struct Difference {
    is_new: bool,
    is_touched: bool,
    items: Vec<Item>,
    /// Key and value of what was set; the former value, and `false`, of what was taken away.
    properties: Vec<(String, Value, bool)>,
}

impl Site {
    /// What a write of this issue will change, if anybody is to be told of it.
    pub(super) fn difference(&self, project: u64, issue: &Issue) -> Option<Difference> {
        if !self.webhooks.listens() {
            return None;
        }
        let Some((home, former)) = self.issue_by_id(issue.id) else {
            return Some(Difference {
                is_new: true,
                is_touched: true,
                items: Vec::new(),
                properties: Vec::new(),
            });
        };
        let mut items = changed_fields(former, issue);
        if home.id != project {
            let key = |id: u64, number: u64| {
                let key = self.projects.get(&id).map(|project| project.key.as_str());
                Value::from(format!("{}-{number}", key.unwrap_or_default()))
            };
            let ids = (home.id.to_string().into(), project.to_string().into());
            items.push(("project".to_owned(), ids.0, ids.1));
            items.push((
                "Key".to_owned(),
                key(home.id, former.number),
                key(project, issue.number),
            ));
        }
        Some(Difference {
            is_new: false,
            is_touched: former.updated != issue.updated,
            items,
            properties: changed_properties(former, issue),
        })
    }

    /// Notes what a write has changed.
    pub(super) fn tell(&mut self, difference: Difference, project: u64, issue: &Arc<Issue>, now: Timestamp) {
        let happening = |event| Happening::of(event, (project, Arc::clone(issue)), now);
        if difference.is_new {
            self.webhooks.note(happening(Event::IssueCreated));
        } else if difference.is_touched || !difference.items.is_empty() {
            self.webhooks.note(Happening {
                items: difference.items,
                ..happening(Event::IssueUpdated)
            });
        }
        for (key, value, is_set) in difference.properties {
            let event = if is_set {
                Event::PropertySet
            } else {
                Event::PropertyDeleted
            };
            self.webhooks.note(Happening {
                property: Some((key, value)),
                ..happening(event)
            });
        }
    }

    /// Notes that an issue is about to be deleted, and with it its comments.
    pub(crate) fn tell_deletion(&mut self, id: u64, now: Timestamp) {
        let Some(place) = self.place_of(id) else { return };
        let comments = self.comments(id).to_vec();
        self.webhooks
            .note(Happening::of(Event::IssueDeleted, place.clone(), now));
        for comment in comments {
            self.webhooks.note(Happening {
                flow: Flow::Secondary,
                comment: Some(comment),
                ..Happening::of(Event::CommentDeleted, place.clone(), now)
            });
        }
    }

    /// Notes what happened to a comment.
    pub(super) fn tell_comment(&mut self, event: Event, issue: u64, comment: Comment, now: Timestamp) {
        if let Some(place) = self.place_of(issue) {
            self.webhooks.note(Happening {
                comment: Some(comment),
                ..Happening::of(event, place, now)
            });
        }
    }

    /// The issue as it is and its project, if anybody is to be told of it.
    fn place_of(&self, id: u64) -> Option<(u64, Arc<Issue>)> {
        let project = self.issue_by_id(id).filter(|_| self.webhooks.listens())?.0;
        Some((project.id, Arc::clone(project.issues.get(&id)?)))
    }
}

/// Fields of every issue whose changes are told.
const OWN: [&str; 11] = [
    "summary",
    "description",
    "issuetype",
    "priority",
    "labels",
    "assignee",
    "reporter",
    "parent",
    "status",
    "resolution",
    REQUEST_TYPE,
];

fn changed_fields(former: &Issue, issue: &Issue) -> Vec<Item> {
    let others = former.fields.keys().chain(issue.fields.keys()).map(String::as_str);
    let mut names: Vec<&str> = OWN.into_iter().chain(others).collect();
    names.sort_unstable();
    names.dedup();
    let item = |name: &str| (name.to_owned(), former.value(name), issue.value(name));
    let items = names.into_iter().map(item);
    items.filter(|(_, before, after)| before != after).collect()
}

fn changed_properties(former: &Issue, issue: &Issue) -> Vec<(String, Value, bool)> {
    let set = issue.properties.iter();
    let set = set.filter(|(key, value)| former.properties.get(*key) != Some(*value));
    let set = set.map(|(key, value)| (key.clone(), value.clone(), true));
    let gone = former.properties.iter();
    let gone = gone.filter(|(key, _)| !issue.properties.contains_key(*key));
    set.chain(gone.map(|(key, value)| (key.clone(), value.clone(), false)))
        .collect()
}
