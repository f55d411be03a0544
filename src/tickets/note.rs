//! The comment that names a reporter who could not be set: internal in a service project, made once.

use serde_json::json;

use super::{
    identity::{Identity, Marker, PROPERTY},
    text,
};
use crate::{
    api::reason::Reason,
    atlassian::{
        error::JiraError,
        jira::Session,
        ticket_models::{CreatedComment, CreatedIssue},
        write_error::{Refusal, WriteError},
    },
};

/// The comment of one ticket.
pub struct ReporterNote<'a> {
    /// The calls to the site.
    pub session: &'a Session,
    /// The ticket.
    pub ticket: &'a CreatedIssue,
    /// Whether it is a request of a service project, where comments can be internal.
    pub is_request: bool,
    /// Account id of the dedicated account.
    pub account: &'a str,
    /// Whose ticket it is.
    pub identity: &'a Identity,
    /// The person, as the spec names them.
    pub named: &'a str,
    /// Why they are not the reporter.
    pub reason: Reason,
}

/// Whether the comment is there.
#[derive(Debug, PartialEq, Eq)]
pub enum FoundNote {
    /// It is, under this id.
    There(String),
    /// It is not, or not any more.
    Nothing,
    /// Customers read it, and Jira refused in these words that the account deletes it.
    Exposed(String),
}

/// A comment that is gone is refused with this.
const GONE: u16 = 404;

/// The reasons for which a comment names the reporter.
pub const NOTED: [Reason; 3] = [
    Reason::ReporterUnknown,
    Reason::ReporterNotCustomer,
    Reason::ReporterRefused,
];
/// What the comment says where it cannot be internal.
const ORDINARY: &str = "Everybody who sees this ticket can read this comment.";

impl ReporterNote<'_> {
    fn text(&self) -> String {
        let named = self.named;
        let text = match self.reason {
            Reason::ReporterNotCustomer => {
                format!("Requested by {named}, for whom Jira did not let this request be raised.")
            }
            Reason::ReporterRefused => {
                format!(
                    "Requested by {named}, whom the account that created this ticket could not set as the reporter."
                )
            }
            _ => format!(
                "Requested by {named}, who has no account that shows this address on this site. To answer, invite the \
                 person or write to this address."
            ),
        };
        if self.is_request {
            text
        } else {
            format!("{text} {ORDINARY}")
        }
    }

    /// Whether it was made. Read from the database, so that it is found at once. Those that customers read are deleted.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn find(&self) -> Result<FoundNote, JiraError> {
        let comments = self.session.newest_comments(&self.ticket.id).await?.comments;
        let ours = comments.into_iter().rev().filter(|comment| {
            let author = comment.author.as_ref().map(|author| author.account_id.as_str());
            author == Some(self.account) && text::adf_to_text(&comment.body).trim() == self.text()
        });
        let (exposed, hidden): (Vec<_>, Vec<_>) = ours.partition(|comment| self.is_exposed(comment.jsd_public));
        for comment in exposed {
            match self.session.delete_comment(&self.ticket.id, &comment.id).await {
                Ok(()) | Err(WriteError::Refused(Refusal { status: GONE, .. })) => {}
                Err(WriteError::Refused(refusal)) => return Ok(FoundNote::Exposed(refusal.text())),
                Err(WriteError::NotDone(error) | WriteError::Uncertain(error)) => return Err(error),
            }
        }
        let ours = hidden.into_iter().next();
        Ok(ours.map_or(FoundNote::Nothing, |comment| FoundNote::There(comment.id)))
    }

    /// Whether customers read what is to be internal. What Jira does not say is not believed.
    fn is_exposed(&self, public: Option<bool>) -> bool {
        self.is_request && public != Some(false)
    }

    /// Writes its id into the marker of the ticket, from where a rebuilt cluster has it. Where that fails it is found by
    /// its text.
    pub async fn keep_in_marker(&self, id: &str) {
        let kept = async {
            let name = std::slice::from_ref(&self.ticket.id);
            let found = self
                .session
                .fetch_marked(name, PROPERTY)
                .await
                .map_err(|error| error.to_string())?;
            let property = found.issues.first().and_then(|issue| issue.properties.get(PROPERTY));
            let ours = property
                .and_then(Marker::read)
                .filter(|marker| marker.identity == *self.identity);
            let Some(mut marker) = ours else {
                return Ok(());
            };
            marker.kept.note = Some(id.to_owned());
            let written = self
                .session
                .set_property(&self.ticket.id, PROPERTY, &marker.value())
                .await;
            written.map_err(|error| error.to_string())
        };
        let kept: Result<(), String> = kept.await;
        if let Err(why) = kept {
            tracing::info!(
                key = self.ticket.key,
                why,
                "the marker of a ticket does not name its note"
            );
        }
    }

    /// Whether it would be sent now.
    ///
    /// # Errors
    /// The 429 for which it waits.
    pub fn may_be_sent(&self) -> Result<(), JiraError> {
        if self.is_request {
            self.session.may_comment_request(&self.ticket.id)
        } else {
            self.session.may_comment_issue(&self.ticket.id)
        }
    }

    /// Makes it. In a service project it is never public: one that Jira made so is deleted, and counts as refused.
    ///
    /// # Errors
    /// As every change.
    pub async fn send(&self) -> Result<CreatedComment, WriteError> {
        let text = self.text();
        let unwritable = |error: text::TextError| {
            WriteError::Refused(Refusal {
                messages: vec![error.to_string()],
                ..Refusal::default()
            })
        };
        if !self.is_request {
            let body = json!({
                "body": text::plain_to_adf(&text).map_err(unwritable)?,
                "properties": [{"key": PROPERTY, "value": {"K": self.identity.as_str(), "name": "reporter"}}],
            });
            return self.session.comment_issue(&self.ticket.id, &body).await;
        }
        let text = text::plain_to_wiki(&text).map_err(unwritable)?;
        let made = self.session.comment_request(&self.ticket.id, &text, false).await?;
        let public = match made.public {
            None => self
                .session
                .comment(&self.ticket.id, &made.id)
                .await
                .map(|comment| comment.jsd_public),
            told => Ok(told),
        };
        // Where Jira does not answer it is looked for, and looked at, later.
        if self.is_exposed(public.map_err(WriteError::Uncertain)?) {
            self.session.delete_comment(&self.ticket.id, &made.id).await?;
            let messages = vec!["the comment was made public although an internal one was asked for".to_owned()];
            return Err(WriteError::Refused(Refusal {
                messages,
                ..Refusal::default()
            }));
        }
        Ok(made)
    }
}
