//! Makes the comments that the spec of a ticket asks for, one after the other: each is written down first, made once, and
//! [looked for](super::comment_search) where its answer is lost.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use kube::ResourceExt;

use super::{
    comment_calls::{CommentCalls, Made, Ticket},
    context::{TicketContext, comment_place},
    look::SOON,
    phase::{Mover, Pending, REFUSED},
    rested::Moment,
    shown::read,
};
use crate::{
    api::{
        condition::{ConditionType::CommentsSent, Finding},
        integration::JiraIntegration,
        issue::{CommentVisibility, JiraIssue, JiraIssueStatus, SentComment, TicketComment, TicketComments},
        project::JiraProject,
        reason::Reason,
        requirements::SERVICE_DESK,
    },
    atlassian::rate_limit::waits_after_429::RETRY,
    tickets::{
        CommentText, Identity, are_sent, comment_hash, comments_finding, comments_withheld, outstanding_comments,
        sending, sent_comment, with_sent,
    },
};

/// What came of it.
#[derive(Debug, Default)]
pub struct CommentStep {
    /// What is said of it, where that does not follow from what is written down.
    pub finding: Option<Finding>,
    /// After how long it goes on.
    pub wait: Option<Duration>,
}

/// What ends it before all are made.
pub type Early<T> = Result<T, CommentStep>;

/// It goes on after a while.
pub const fn later(wait: Duration) -> CommentStep {
    CommentStep {
        finding: None,
        wait: Some(wait),
    }
}

/// What is known of the comments of a ticket.
pub fn known(object: &JiraIssue) -> Option<&TicketComments> {
    object.status.as_ref()?.comments.as_ref()
}

fn with_comments(object: &JiraIssue, change: impl FnOnce(TicketComments) -> TicketComments) -> JiraIssueStatus {
    let mut status = object.status.clone().unwrap_or_default();
    status.comments = Some(change(status.comments.take().unwrap_or_default()));
    status
}

/// What was said of comments before, where they are still not all made.
pub fn carried(object: &JiraIssue) -> Option<Finding> {
    let now = comments_finding(&object.spec.comments, known(object))?;
    let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let before = Finding::carried(CommentsSent, conditions).filter(|before| !now.is_true() && !before.is_true());
    Some(before.unwrap_or(now))
}

/// Whether a comment is to be made or changed.
pub fn pending(object: &JiraIssue, ctx: &TicketContext, integration: &JiraIntegration) -> Pending {
    if are_sent(&object.spec.comments, known(object)) {
        return Pending::default();
    }
    let rests = ctx.rested_comments.left(object, &Moment::of(object, integration, ""));
    Pending {
        is_due: rests.is_none(),
        finding: rests.and_then(|_| carried(object)),
        rests,
    }
}

/// What is said of comments that are not made because nothing is to be sent, and what would be sent, without the texts.
pub fn withheld(object: &JiraIssue, why: Reason) -> (Option<Finding>, Vec<String>) {
    let left = outstanding_comments(&object.spec.comments, known(object));
    if left.is_empty() {
        return (None, Vec::new());
    }
    let finding = comments_withheld(left.len(), why);
    if why != Reason::Planned {
        return (Some(finding), Vec::new());
    }
    let plan = left.iter().map(|one| {
        let call = one
            .made
            .map_or_else(|| "POST comment".to_owned(), |made| format!("PUT comment/{}", made.id));
        format!("{call} {} {:?}", one.wanted.name, one.wanted.visibility)
    });
    (Some(finding), plan.collect())
}

/// The first one that is still to be made or changed, as the object is now, and was not tried.
fn next(live: &JiraIssue, tried: &BTreeSet<String>) -> Option<(TicketComment, Option<SentComment>)> {
    let left = outstanding_comments(&live.spec.comments, known(live)).into_iter();
    let mut left = left.filter(|one| !tried.contains(&one.wanted.name));
    left.next().map(|one| (one.wanted.clone(), one.made.cloned()))
}

/// Makes the comments of tickets of one integration.
pub struct Commenter<'a> {
    /// What is at hand.
    pub at: &'a Mover<'a>,
}

impl Commenter<'_> {
    /// Makes and changes what is to be. What is as it is to be costs no call.
    pub async fn step(&self, object: &JiraIssue) -> CommentStep {
        match Box::pin(self.go(object)).await {
            Ok(step) | Err(step) => step,
        }
    }

    async fn go(&self, object: &JiraIssue) -> Early<CommentStep> {
        let live = self.at.store.latest(object);
        let ticket = self.ticket(&live).await.ok_or(later(RETRY))?;
        let calls = CommentCalls {
            jira: &self.at.session.session,
            permit: self.at.permit,
            ticket: &ticket,
        };
        let live = Box::pin(self.settled(live, &calls)).await?;
        let mut live = Box::pin(self.recovered(live, &calls)).await?;
        let (mut refused, mut tried) = (None, BTreeSet::new());
        while let Some((wanted, made)) = next(&live, &tried) {
            tried.insert(wanted.name.clone());
            let (now, finding) = Box::pin(self.bring(live, &calls, &wanted, made.as_ref())).await?;
            live = now;
            let Some(finding) = finding else { continue };
            let is_last = matches!(finding.reason, Reason::CommentDenied | Reason::CommentLimitReached);
            refused.get_or_insert(finding);
            if is_last {
                break;
            }
        }
        Ok(match refused {
            Some(finding) => self.left(&live, finding),
            None => CommentStep::default(),
        })
    }

    /// The comments are left as they are for a while, and why is told.
    pub fn left(&self, live: &JiraIssue, finding: Finding) -> CommentStep {
        let moment = Moment::of(live, self.at.integration, "");
        self.at.ctx.rested_comments.note(live, moment, REFUSED);
        CommentStep {
            finding: Some(finding),
            wait: Some(REFUSED),
        }
    }

    /// Reads the ticket: where it is now decides whether anything is written, and whether a comment can be internal. None
    /// where that is not known, or it may not be written there.
    async fn ticket(&self, live: &JiraIssue) -> Option<Ticket> {
        let before = live.status.as_ref()?;
        let read = read(self.at.session, self.at.integration, self.at.permit, &before.id).await;
        let shown = read.ok()??;
        let identity = Identity::read(before.identity.as_deref()?);
        let is_ours = shown.marker.is_none_or(|marker| marker.identity == identity);
        let of_it = |project: &&JiraProject| {
            let known = project.status.as_ref().and_then(|status| status.id.as_deref());
            known == Some(shown.status.project_id.as_str())
        };
        let mut projects = self.at.projects.iter().map(AsRef::as_ref);
        let kind = projects.find(of_it)?.status.as_ref()?.project_type.clone()?;
        (is_ours && self.at.reach.has(&shown.status)).then(|| Ticket {
            id: shown.status.id,
            key: shown.status.key,
            project: shown.status.project_id,
            updated: shown.status.updated,
            is_service: kind == SERVICE_DESK,
            identity,
        })
    }

    async fn change(
        &self,
        live: &JiraIssue,
        change: impl Fn(TicketComments) -> TicketComments + Send + Sync,
    ) -> Early<JiraIssue> {
        let changed = |current: &JiraIssue| with_comments(current, &change);
        match self.at.store.change(live, changed).await {
            Ok(Some(live)) => Ok(live),
            Ok(None) => Err(CommentStep::default()),
            Err(_) => Err(later(SOON)),
        }
    }

    /// Writes down that one is there.
    pub async fn made(&self, live: &JiraIssue, sent: &SentComment) -> Early<JiraIssue> {
        let wanted = live.spec.comments.clone();
        self.change(live, |known| with_sent(known, sent.clone(), &wanted)).await
    }

    /// Writes down that one was deleted, since Jira had made it public: it is not made again with this text.
    pub async fn deleted(
        &self,
        live: &JiraIssue,
        name: &str,
        (hash, visibility): (&str, CommentVisibility),
    ) -> Early<JiraIssue> {
        let deleted = SentComment {
            name: name.to_owned(),
            id: String::new(),
            hash: hash.to_owned(),
            visibility,
        };
        self.made(live, &deleted).await
    }

    /// Writes down that none is being made.
    pub async fn not_sending(&self, live: &JiraIssue) -> Early<JiraIssue> {
        // Another process may have begun another one.
        let ours = known(live).and_then(|known| known.sending.clone());
        let without = |known: TicketComments| TicketComments {
            sending: known.sending.filter(|sending| Some(sending) != ours.as_ref()),
            ..known
        };
        self.change(live, without).await
    }

    /// Makes or changes one, or says why not.
    async fn bring(
        &self,
        live: JiraIssue,
        calls: &CommentCalls<'_>,
        wanted: &TicketComment,
        made: Option<&SentComment>,
    ) -> Early<(JiraIssue, Option<Finding>)> {
        let text = match CommentText::formatted(&wanted.body, calls.is_internal(wanted.visibility)) {
            Ok(text) if !text.is_blank() => text,
            Ok(_) => return Ok((live, Some(calls.unsendable(wanted, "its text is blank")))),
            Err(error) => return Ok((live, Some(calls.unsendable(wanted, &error.to_string())))),
        };
        let Some(made) = made else {
            return Box::pin(self.make(live, calls, wanted, &text)).await;
        };
        let live = Box::pin(self.changing(live, made)).await?;
        match calls.change(wanted, &text, made).await {
            Made::Missing => Box::pin(self.make(live, calls, wanted, &text)).await,
            other => Box::pin(self.concluded(live, wanted, other)).await,
        }
    }

    /// Writes down that the text of one is not known any more, before it is changed: its answer may be lost, and the spec go
    /// back to the text before.
    async fn changing(&self, live: JiraIssue, made: &SentComment) -> Early<JiraIssue> {
        if made.hash.is_empty() {
            return Ok(live);
        }
        let unknown = SentComment {
            hash: String::new(),
            ..made.clone()
        };
        self.made(&live, &unknown).await
    }

    async fn make(
        &self,
        live: JiraIssue,
        calls: &CommentCalls<'_>,
        wanted: &TicketComment,
        text: &CommentText,
    ) -> Early<(JiraIssue, Option<Finding>)> {
        // Another process has begun one since it was looked for.
        if known(&live).is_some_and(|known| known.sending.is_some()) {
            return Err(later(SOON));
        }
        calls
            .may_be_sent(wanted)
            .map_err(|error| later(error.retry_after_or(RETRY)))?;
        let started = Instant::now();
        let begun = with_comments(&live, |known| TicketComments {
            sending: sending(wanted, &calls.ticket.updated),
            ..known
        });
        let live = self.at.store.write(&live, &begun).await.map_err(|_| later(SOON))?;
        let times = self.at.ctx.outbox.times;
        if started.elapsed() > times.deadline().saturating_sub(times.least_left()) {
            self.not_sending(&live).await?;
            return Err(later(SOON));
        }
        let made = calls.make(wanted, text).await;
        Box::pin(self.concluded(live, wanted, made)).await
    }

    /// Writes down what became of one.
    async fn concluded(
        &self,
        live: JiraIssue,
        wanted: &TicketComment,
        made: Made,
    ) -> Early<(JiraIssue, Option<Finding>)> {
        match made {
            Made::There(id) => {
                let live = self.made(&live, &sent_comment(wanted, &id)).await?;
                Ok((live, None))
            }
            Made::Deleted => {
                let of = (comment_hash(&wanted.body), wanted.visibility);
                let live = self.deleted(&live, &wanted.name, (&of.0, of.1)).await?;
                Ok((live, None))
            }
            Made::Refused(finding) => Ok((self.not_sending(&live).await?, Some(finding))),
            Made::Later(wait) => {
                self.not_sending(&live).await?;
                Err(later(wait))
            }
            // It may have been made: it is looked for from now on.
            Made::Uncertain | Made::Missing => {
                self.at.ctx.settled(&comment_place(&live.uid().unwrap_or_default()));
                Err(later(Duration::ZERO))
            }
        }
    }
}
