//! Looks for comments that were made: for the one whose answer is lost, and for all where the status was.

use kube::ResourceExt;

use super::{
    comment_calls::{CommentCalls, Kept},
    comments::{Commenter, Early, known, later},
    context::comment_place,
};
use crate::{
    api::issue::{CommentSending, JiraIssue, SentComment, TicketComment},
    atlassian::{rate_limit::waits_after_429::RETRY, ticket_models::Comment},
    tickets::{Found, Settled},
};

/// Comments in a page of Jira's.
const PAGE: u32 = 100;
/// Most comments that are looked through: Jira takes no more of an issue.
const MOST: usize = 5000;

impl Commenter<'_> {
    /// Looks for the comment whose answer is lost, before another one is made.
    pub async fn settled(&self, live: JiraIssue, calls: &CommentCalls<'_>) -> Early<JiraIssue> {
        let Some(sending) = known(&live).and_then(|known| known.sending.clone()) else {
            return Ok(live);
        };
        let place = comment_place(&live.uid().unwrap_or_default());
        let mut settling = self.at.ctx.settling(&place, &sending.at.0.to_string());
        let all = self.page(calls, 0).await?;
        let sent = known(&live).map_or(&[][..], |known| &known.sent);
        if let Some(comment) = calls.marks().find(&sending, &all, sent) {
            self.at.ctx.settled(&place);
            return self.found(&live, calls, &sending, comment).await;
        }
        let times = self.at.ctx.outbox.times;
        let so_far = settling.lookups.note(Found::Nothing, settling.since.elapsed(), times);
        self.at.ctx.keep_settling(&place, settling);
        if let Settled::Again(wait) = so_far {
            return Err(later(wait));
        }
        self.at.ctx.settled(&place);
        self.not_sending(&live).await
    }

    /// It was made. Where it was to be internal and is not, it does not stay.
    async fn found(
        &self,
        live: &JiraIssue,
        calls: &CommentCalls<'_>,
        sending: &CommentSending,
        comment: &Comment,
    ) -> Early<JiraIssue> {
        if calls.is_exposed(sending.visibility, comment.jsd_public) {
            return match calls.remove(&comment.id).await {
                Ok(()) => {
                    self.deleted(live, &sending.name, (&sending.hash, sending.visibility))
                        .await
                }
                Err(Kept::Later(wait)) => Err(later(wait)),
                Err(Kept::Refused(words)) => Err(self.left(live, calls.exposed(&sending.name, &words))),
            };
        }
        let sent = SentComment {
            name: sending.name.clone(),
            id: comment.id.clone(),
            hash: sending.hash.clone(),
            visibility: sending.visibility,
        };
        if calls.marks().read(comment).is_none() {
            calls.mark(&sent).await;
        }
        self.made(live, &sent).await
    }

    async fn page(&self, calls: &CommentCalls<'_>, start: usize) -> Early<Vec<Comment>> {
        let answer = calls.jira.comments(&calls.ticket.id, start, PAGE).await;
        answer
            .map(|answer| answer.comments)
            .map_err(|error| later(error.retry_after_or(RETRY)))
    }

    /// Finds those that were made before the status was lost: among the newest, and among all where nothing is known.
    pub async fn recovered(&self, live: JiraIssue, calls: &CommentCalls<'_>) -> Early<JiraIssue> {
        let before = known(&live).cloned().unwrap_or_default();
        let is_new = |wanted: &TicketComment| before.sent.iter().all(|made| made.name != wanted.name);
        if !live.spec.comments.iter().any(is_new) {
            return Ok(live);
        }
        let is_unknown = before.sent.is_empty();
        let mut all = self.page(calls, 0).await?;
        while is_unknown && !all.is_empty() && all.len() % PAGE as usize == 0 && all.len() < MOST {
            let more = self.page(calls, all.len()).await?;
            if more.is_empty() {
                break;
            }
            all.extend(more);
        }
        let found = calls.marks().made_before(&live.spec.comments, &all, &before);
        let mut live = live;
        for sent in found {
            let unmarked = all.iter().find(|comment| comment.id == sent.id);
            let unmarked = unmarked.filter(|comment| calls.marks().read(comment).is_none());
            match unmarked {
                // It is none that was made as internal.
                Some(comment) if calls.is_exposed(sent.visibility, comment.jsd_public) => continue,
                Some(_) => calls.mark(&sent).await,
                None => {}
            }
            live = self.made(&live, &sent).await?;
        }
        Ok(live)
    }
}
