//! The newest comments of a ticket as its status shows them. Pure.

use super::{identity::PROPERTY, text::adf_to_text};
use crate::{
    api::{
        integration::KeptComments,
        issue::{CommentsRead, JiraIssueStatus, ShownComment, TicketComments},
    },
    atlassian::ticket_models::{Comment, Comments},
};

/// Most characters of a text that are kept.
const LONGEST: usize = 500;
/// How many are read where internal ones are left out.
const AMONG: u32 = 50;

/// How comments are to be read, where those that are known are not those of the ticket as it is. A ticket that nobody
/// changed since it was created has none.
#[must_use]
pub fn to_be_read(
    issue: &JiraIssueStatus,
    known: Option<&TicketComments>,
    kept: &KeptComments,
) -> Option<CommentsRead> {
    let read = CommentsRead {
        updated: issue.updated.clone(),
        latest: kept.latest,
        internal: kept.internal,
    };
    let is_known = known.and_then(|known| known.read.as_ref()) == Some(&read);
    let is_untouched = issue.updated.is_empty() || issue.updated == issue.created;
    (kept.latest > 0 && !is_known && !is_untouched).then_some(read)
}

/// How many are asked for.
#[must_use]
pub fn asked_for(read: &CommentsRead) -> u32 {
    let latest = u32::try_from(read.latest).unwrap_or_default();
    if read.internal { latest } else { latest.max(AMONG) }
}

/// What is kept of comments that Jira answered.
#[must_use]
pub fn with_latest(mut known: TicketComments, read: CommentsRead, answer: &Comments) -> TicketComments {
    let most = usize::try_from(read.latest).unwrap_or_default();
    let all = answer.comments.iter().map(shown);
    known.latest = all
        .filter(|comment| read.internal || !comment.internal)
        .take(most)
        .collect();
    known.total = answer.total.map(i64::from);
    known.read = Some(read);
    known
}

/// The same without what may not be shown now, or is not to be.
#[must_use]
pub fn restricted(mut known: TicketComments, kept: &KeptComments, is_in_reach: bool) -> TicketComments {
    let most = usize::try_from(kept.latest).unwrap_or_default();
    if !is_in_reach || most == 0 {
        (known.latest, known.total, known.read) = (Vec::new(), None, None);
    }
    known.latest.retain(|comment| kept.internal || !comment.internal);
    known.latest.truncate(most);
    known
}

/// One that Jira does not say is public counts as internal.
fn shown(comment: &Comment) -> ShownComment {
    let text: Vec<char> = adf_to_text(&comment.body)
        .trim()
        .chars()
        .filter(|letter| *letter == '\n' || !letter.is_control())
        .collect();
    let mut shown: String = text.iter().take(LONGEST).collect();
    if text.len() > LONGEST {
        shown.pop();
        shown.push('…');
    }
    let author = comment.author.as_ref();
    ShownComment {
        id: comment.id.clone(),
        author: author.map(|author| author.display_name.clone()).unwrap_or_default(),
        created: comment.created_at().map(|at| at.to_string()).unwrap_or_default(),
        internal: comment.jsd_public != Some(true) || comment.visibility.is_some(),
        from_cluster: comment.property(PROPERTY).is_some(),
        text: shown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::{Value, json};

    fn answer(comments: &Value) -> Comments {
        serde_json::from_value(json!({"total": 7, "comments": comments})).unwrap()
    }

    fn issue(updated: &str) -> JiraIssueStatus {
        JiraIssueStatus {
            created: "2026-04-28T15:00:00Z".into(),
            updated: updated.into(),
            ..JiraIssueStatus::default()
        }
    }

    #[test]
    fn they_are_read_once_for_each_change_and_not_of_what_nobody_touched() {
        let kept = KeptComments::default();
        assert_eq!(to_be_read(&issue("2026-04-28T15:00:00Z"), None, &kept), None);
        let changed = issue("2026-04-28T15:01:00Z");
        let read = to_be_read(&changed, None, &kept).unwrap();
        let known = with_latest(TicketComments::default(), read, &answer(&json!([])));
        assert_eq!(to_be_read(&changed, Some(&known), &kept), None);
        let more = KeptComments {
            internal: true,
            ..kept.clone()
        };
        assert!(to_be_read(&changed, Some(&known), &more).is_some());
        let none = KeptComments { latest: 0, ..kept };
        assert_eq!(to_be_read(&changed, None, &none), None);
    }

    #[test]
    fn what_is_internal_is_shown_only_where_asked_for_and_nothing_is_long() {
        let all = answer(&json!([
            {"id": "3", "body": "x".repeat(600), "jsdPublic": true, "created": "2026-04-28T15:00:00.000+0000",
             "author": {"accountId": "d", "displayName": "Dana Fox"},
             "properties": [{"key": PROPERTY, "value": {}}]},
            {"id": "2", "body": "secret", "jsdPublic": false},
            {"id": "1", "body": "to a role", "jsdPublic": true, "visibility": {"type": "role", "value": "x"}},
            {"id": "0", "body": "nobody says", "author": null},
        ]));
        let read = |internal| CommentsRead {
            updated: "u".into(),
            latest: 5,
            internal,
        };
        let open = with_latest(TicketComments::default(), read(false), &all);
        assert_eq!(open.total, Some(7));
        assert_eq!(open.latest.len(), 1);
        let first = &open.latest[0];
        assert!(first.from_cluster && first.text.chars().count() == LONGEST && first.author == "Dana Fox");
        let whole = with_latest(TicketComments::default(), read(true), &all);
        assert_eq!(whole.latest.iter().filter(|comment| comment.internal).count(), 3);
        let again = restricted(whole.clone(), &KeptComments::default(), true);
        assert_eq!(again.latest, open.latest);
        assert_eq!(
            restricted(whole, &KeptComments::default(), false),
            TicketComments::default()
        );
    }
}
