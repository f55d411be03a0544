//! The calls that make and change one comment. What is to be internal is never public: it is read back.

use std::time::Duration;

use crate::{
    api::{
        condition::{ConditionType::CommentsSent, Finding},
        issue::{CommentVisibility, SentComment, TicketComment},
        reason::Reason,
        requirements::COMMENT,
    },
    atlassian::{
        error::JiraError,
        jira::{PermissionQueries, Session},
        rate_limit::waits_after_429::RETRY,
        ticket_models::CreatedComment,
        write_error::{Refusal, WriteError},
    },
    tickets::{CommentMarks, CommentText, Identity, PROPERTY, WritePermit, comment_hash, is_unreadable, sent_comment},
};

const FULL: u16 = 413;
const GONE: u16 = 404;

/// A ticket as it was just read.
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Id of its project.
    pub project: String,
    /// When it was updated last, by Jira's clock.
    pub updated: String,
    /// Whether its project is a service project.
    pub is_service: bool,
    /// Whose ticket it is.
    pub identity: Identity,
}

/// What became of a comment.
pub enum Made {
    /// It is there, under this id.
    There(String),
    /// There is none that can be changed.
    Missing,
    /// It was to be internal, Jira made it public, and it was deleted.
    Deleted,
    /// Jira refused it.
    Refused(Finding),
    /// Nothing was done.
    Later(Duration),
    /// It may have been made.
    Uncertain,
}

/// Why one that is to be deleted stays.
#[derive(Debug)]
pub enum Kept {
    /// Jira did not answer, or asks to wait so long.
    Later(Duration),
    /// Jira refused it, in these words.
    Refused(String),
}

/// The calls for one ticket.
pub struct CommentCalls<'a> {
    /// The calls to the site.
    pub jira: &'a Session,
    /// What may be written.
    pub permit: &'a WritePermit,
    /// The ticket.
    pub ticket: &'a Ticket,
}

impl CommentCalls<'_> {
    /// By what its comments are found.
    pub fn marks(&self) -> CommentMarks<'_> {
        CommentMarks {
            identity: &self.ticket.identity,
            account: &self.permit.account,
        }
    }

    /// Whether customers are not to read it.
    pub fn is_internal(&self, visibility: CommentVisibility) -> bool {
        self.ticket.is_service && visibility == CommentVisibility::Internal
    }

    /// Whether customers read what is to be internal. What Jira does not say is not believed.
    pub fn is_exposed(&self, visibility: CommentVisibility, public: Option<bool>) -> bool {
        self.is_internal(visibility) && public != Some(false)
    }

    /// Makes a comment; without formatting where Jira cannot read it as it is.
    pub async fn make(&self, wanted: &TicketComment, text: &CommentText) -> Made {
        let first = self.send(wanted, text).await;
        let answer = match first {
            Err(WriteError::Refused(refusal)) if is_unreadable(&refusal) => {
                match CommentText::unformatted(&wanted.body, self.is_internal(wanted.visibility)) {
                    Ok(plain) => self.send(wanted, &plain).await,
                    Err(_) => Err(WriteError::Refused(refusal)),
                }
            }
            other => other,
        };
        match answer {
            Ok(made) => self.kept(wanted, made).await,
            Err(WriteError::Refused(refusal)) => Made::Refused(self.refused(wanted, &refusal).await),
            Err(WriteError::NotDone(error)) => Made::Later(error.retry_after_or(RETRY)),
            Err(WriteError::Uncertain(_)) => Made::Uncertain,
        }
    }

    /// Whether one would be sent now.
    ///
    /// # Errors
    /// The 429 for which it waits.
    pub fn may_be_sent(&self, wanted: &TicketComment) -> Result<(), JiraError> {
        if self.is_internal(wanted.visibility) {
            self.jira.may_comment_request(&self.ticket.id)
        } else {
            self.jira.may_comment_issue(&self.ticket.id)
        }
    }

    async fn send(&self, wanted: &TicketComment, text: &CommentText) -> Result<CreatedComment, WriteError> {
        let (jira, ticket) = (self.jira.about(&wanted.name), self.ticket);
        if self.is_internal(wanted.visibility) {
            jira.comment_request(&ticket.id, &text.wiki, false).await
        } else {
            let body = self.marks().body(wanted, text);
            jira.comment_issue(&ticket.id, &body).await
        }
    }

    /// A comment that was made, or changed: one that was to be internal and is not is deleted.
    async fn kept(&self, wanted: &TicketComment, made: CreatedComment) -> Made {
        if !self.is_internal(wanted.visibility) {
            return Made::There(made.id);
        }
        let public = match made.public {
            None => match self.jira.comment(&self.ticket.id, &made.id).await {
                Ok(comment) => comment.jsd_public,
                // It is looked for, and looked at, once Jira answers.
                Err(_) => return Made::Uncertain,
            },
            told => told,
        };
        if self.is_exposed(wanted.visibility, public) {
            return match self.remove(&made.id).await {
                Ok(()) => Made::Deleted,
                Err(_) => Made::Uncertain,
            };
        }
        self.mark(&sent_comment(wanted, &made.id)).await;
        Made::There(made.id)
    }

    /// Deletes one that must not stay.
    ///
    /// # Errors
    /// Why it stays.
    pub async fn remove(&self, id: &str) -> Result<(), Kept> {
        match self.jira.delete_comment(&self.ticket.id, id).await {
            Ok(()) | Err(WriteError::Refused(Refusal { status: GONE, .. })) => Ok(()),
            Err(error) => {
                tracing::warn!(key = self.ticket.key, %error, "a comment that was to be internal is public and could not be deleted");
                Err(match error {
                    WriteError::Refused(refusal) => Kept::Refused(refusal.text()),
                    WriteError::NotDone(error) | WriteError::Uncertain(error) => {
                        Kept::Later(error.retry_after_or(RETRY))
                    }
                })
            }
        }
    }

    /// What is said of one that customers read, and that Jira does not let the account delete.
    pub fn exposed(&self, name: &str, words: &str) -> Finding {
        let (key, words) = (&self.ticket.key, words.trim_end_matches('.'));
        let what = format!(
            "Delete the comment {name} of {key} in Jira: customers can read it, and the account may not delete it: {words}."
        );
        Finding::with_remedy(CommentsSent, Reason::InternalNotPossible, &what)
    }

    /// Marks a comment that was made without its mark. Where that fails it is found by its words.
    pub async fn mark(&self, made: &SentComment) {
        let value = self.marks().value(made);
        let jira = self.jira.about(&made.name);
        if let Err(error) = jira.mark_comment((&self.ticket.id, &made.id), PROPERTY, &value).await {
            tracing::info!(key = self.ticket.key, %error, "a comment carries no mark");
        }
    }

    /// Changes a comment that is there and nobody else changed. Another one takes its place where that cannot be done, so
    /// that no words of people are lost.
    pub async fn change(&self, wanted: &TicketComment, text: &CommentText, made: &SentComment) -> Made {
        let comment = match self.jira.comment(&self.ticket.id, &made.id).await {
            Ok(comment) => comment,
            Err(JiraError::NotFound(_)) => return Made::Missing,
            Err(error) => return Made::Later(error.retry_after_or(RETRY)),
        };
        let mark = self.marks().read(&comment);
        if mark.is_some_and(|mark| mark.hash == comment_hash(&wanted.body)) {
            return Made::There(made.id.clone());
        }
        if !comment.is_of(&self.permit.account) || self.is_exposed(wanted.visibility, comment.jsd_public) {
            return Made::Missing;
        }
        let jira = self.jira.about(&wanted.name);
        let body = self.marks().changed_body(wanted, text);
        match jira.edit_comment(&self.ticket.id, &made.id, &body).await {
            Ok(changed) if self.is_exposed(wanted.visibility, changed.public) => match self.remove(&made.id).await {
                Ok(()) => Made::Deleted,
                Err(Kept::Later(wait)) => Made::Later(wait),
                Err(Kept::Refused(words)) => Made::Refused(self.exposed(&wanted.name, &words)),
            },
            Ok(_) => Made::There(made.id.clone()),
            Err(WriteError::Refused(refusal)) if is_unreadable(&refusal) => {
                Made::Refused(self.refused(wanted, &refusal).await)
            }
            Err(WriteError::Refused(_)) => Made::Missing,
            // To change it again changes nothing.
            Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => Made::Later(error.retry_after_or(RETRY)),
        }
    }

    fn what(&self, wanted: &TicketComment, words: &str) -> String {
        let words = words.trim_end_matches('.');
        format!(
            "The comment {} of {} was not made: {words}.",
            wanted.name, self.ticket.key
        )
    }

    /// What is said of a text that cannot be sent.
    pub fn unsendable(&self, wanted: &TicketComment, why: &str) -> Finding {
        Finding::with_remedy(CommentsSent, Reason::CommentRefused, &self.what(wanted, why))
    }

    async fn refused(&self, wanted: &TicketComment, refusal: &Refusal) -> Finding {
        let words = refusal.text();
        let is_internal = self.is_internal(wanted.visibility);
        let reason = match refusal.status {
            FULL => Reason::CommentLimitReached,
            400 | 401 | 403 | 404 if !is_unreadable(refusal) && !self.may_comment().await => Reason::CommentDenied,
            401 | 403 | 404 if is_internal => Reason::InternalNotPossible,
            _ => Reason::CommentRefused,
        };
        Finding::with_remedy(CommentsSent, reason, &self.what(wanted, &words))
    }

    /// Whether the account may comment in the project, as Jira says now. Where it does not answer it is believed to.
    async fn may_comment(&self) -> bool {
        let project = &self.ticket.project;
        let questions = PermissionQueries {
            projects: vec![(vec![COMMENT], vec![project.clone()])],
            ..PermissionQueries::default()
        };
        let held = self.jira.permissions(&questions).await;
        held.map_or(true, |held| {
            held.projects.get(project).is_some_and(|held| held.contains(COMMENT))
        })
    }
}
