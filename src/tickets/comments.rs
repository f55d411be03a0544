//! The comments that the spec of a ticket asks for: which are still to be made or changed, by what each is found again,
//! and what is said of them. Pure.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    identity::{Identity, PROPERTY},
    text::{self, TextError},
};
use crate::{
    api::{
        condition::{ConditionType::CommentsSent, Finding},
        issue::{CommentSending, CommentVisibility, SentComment, TicketComment, TicketComments},
        reason::Reason,
    },
    atlassian::ticket_models::Comment,
};

/// The property by which Jira Service Management knows a comment as internal.
const INTERNAL: &str = "sd.public.comment";
/// How many hexadecimal digits a digest has.
const DIGITS: usize = 16;
/// Most comments that are remembered as made: those of the spec, and others that left it.
const MOST: usize = 200;

/// What is to be done about a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outstanding<'a> {
    /// As the spec has it.
    pub wanted: &'a TicketComment,
    /// As it was made with another text; none where it is to be made.
    pub made: Option<&'a SentComment>,
}

/// What is to be done, in the order of the spec. One that was made with another visibility is another comment.
#[must_use]
pub fn outstanding<'a>(wanted: &'a [TicketComment], known: Option<&'a TicketComments>) -> Vec<Outstanding<'a>> {
    let sent = known.map_or(&[][..], |known| known.sent.as_slice());
    let of = |wanted: &'a TicketComment| {
        let named = |made: &&SentComment| made.name == wanted.name && made.visibility == wanted.visibility;
        let made = sent.iter().find(named);
        let is_there = made.is_some_and(|made| made.hash == hash(&wanted.body));
        let made = made.filter(|made| !made.id.is_empty());
        (!is_there).then_some(Outstanding { wanted, made })
    };
    wanted.iter().filter_map(of).collect()
}

/// Whether nothing is to be done, and nothing is under way.
#[must_use]
pub fn are_sent(wanted: &[TicketComment], known: Option<&TicketComments>) -> bool {
    known.is_none_or(|known| known.sending.is_none()) && outstanding(wanted, known).is_empty()
}

/// What is said of comments that are still to be made, or that all are. None where the spec asks for none.
#[must_use]
pub fn comments_finding(wanted: &[TicketComment], known: Option<&TicketComments>) -> Option<Finding> {
    let left = outstanding(wanted, known).len();
    match left {
        _ if wanted.is_empty() => None,
        0 => Some(exposed(wanted, known).unwrap_or_else(|| Finding::plain(CommentsSent, Reason::AllSent))),
        left => Some(withheld(left, Reason::ChangesPending)),
    }
}

/// What is said of comments that Jira made public, and that were deleted therefore.
fn exposed(wanted: &[TicketComment], known: Option<&TicketComments>) -> Option<Finding> {
    let mut sent = known.into_iter().flat_map(|known| &known.sent);
    let is_of_spec = |made: &&SentComment| wanted.iter().any(|wanted| wanted.name == made.name);
    let deleted = sent.find(|made| made.id.is_empty() && is_of_spec(made))?;
    let what = format!(
        "The comment {} was to be internal, Jira made it public, and it was deleted. It is made again once its text or its \
         name is another one.",
        deleted.name
    );
    Some(Finding::with_remedy(CommentsSent, Reason::InternalNotPossible, &what))
}

/// What is said of comments that are not made for a reason.
#[must_use]
pub fn withheld(left: usize, why: Reason) -> Finding {
    let what = format!("Comments that are not made or changed yet: {left}.");
    Finding::with_remedy(CommentsSent, why, &what)
}

/// A text as Jira takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommentText {
    /// As an Atlassian document.
    pub document: Value,
    /// As wiki markup, where it is wanted so.
    pub wiki: String,
}

impl CommentText {
    /// Of Markdown. What customers are not to read is sent as wiki markup, which can be longer than the document.
    ///
    /// # Errors
    /// Where Jira would not take it.
    pub fn formatted(markdown: &str, is_internal: bool) -> Result<Self, TextError> {
        let wiki = is_internal.then(|| text::markdown_to_wiki(markdown));
        Ok(Self {
            document: text::markdown_to_adf(markdown)?,
            wiki: wiki.transpose()?.unwrap_or_default(),
        })
    }

    /// Of the same text without any formatting.
    ///
    /// # Errors
    /// Where Jira would not take it.
    pub fn unformatted(markdown: &str, is_internal: bool) -> Result<Self, TextError> {
        let wiki = is_internal.then(|| text::plain_to_wiki(markdown));
        Ok(Self {
            document: text::plain_to_adf(markdown)?,
            wiki: wiki.transpose()?.unwrap_or_default(),
        })
    }

    /// Whether nobody could read anything in it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        text::adf_to_text(&self.document).trim().is_empty()
    }

    /// Digest of its words.
    #[must_use]
    pub fn words(&self) -> String {
        words(&self.document)
    }
}

/// Digest of a text.
#[must_use]
pub fn hash(text: &str) -> String {
    let digest = format!("{:x}", Sha256::digest(text));
    digest.chars().take(DIGITS).collect()
}

/// Digest of the words of a document: the same whichever form it was sent in.
fn words(document: &Value) -> String {
    let text = text::adf_to_text(document);
    let letters: String = text.chars().filter(|letter| letter.is_alphanumeric()).collect();
    hash(&letters)
}

/// What marks the comments of one ticket as the operator's.
pub struct CommentMarks<'a> {
    /// Whose ticket it is.
    pub identity: &'a Identity,
    /// Account id of the dedicated account.
    pub account: &'a str,
}

impl CommentMarks<'_> {
    /// The value of the property of a comment.
    #[must_use]
    pub fn value(&self, made: &SentComment) -> Value {
        json!({
            "K": self.identity.as_str(), "name": made.name, "hash": made.hash, "visibility": made.visibility,
        })
    }

    /// A comment as the platform takes it. Outside of service projects nothing is internal, and the flag is passed over.
    #[must_use]
    pub fn body(&self, wanted: &TicketComment, text: &CommentText) -> Value {
        let mut body = self.changed_body(wanted, text);
        let flag = json!({"key": INTERNAL, "value": {"internal": true}});
        let properties = body.get_mut("properties").and_then(Value::as_array_mut);
        if let Some(properties) = properties.filter(|_| wanted.visibility == CommentVisibility::Internal) {
            properties.push(flag);
        }
        body
    }

    /// One that is changed, as the platform takes it. Without the flag it stays for those who read it before.
    #[must_use]
    pub fn changed_body(&self, wanted: &TicketComment, text: &CommentText) -> Value {
        let mark = json!({"key": PROPERTY, "value": self.value(&sent(wanted, ""))});
        json!({"body": text.document, "properties": [mark]})
    }

    /// What a comment of this ticket is marked as.
    #[must_use]
    pub fn read(&self, comment: &Comment) -> Option<SentComment> {
        let value = comment.property(PROPERTY)?;
        let part = |name: &str| value.get(name).and_then(Value::as_str);
        (part("K") == Some(self.identity.as_str())).then_some(())?;
        Some(SentComment {
            name: part("name")?.to_owned(),
            id: comment.id.clone(),
            hash: part("hash").unwrap_or_default().to_owned(),
            visibility: serde_json::from_value(value.get("visibility")?.clone()).ok()?,
        })
    }

    /// The comments of the spec among those that Jira has, newest first, whose status was lost: those that are marked, and
    /// unmarked ones of the account with the same words.
    #[must_use]
    pub fn made_before(&self, wanted: &[TicketComment], all: &[Comment], known: &TicketComments) -> Vec<SentComment> {
        let mut found: Vec<SentComment> = Vec::new();
        let is_known = |name: &str, found: &[SentComment]| {
            let mut both = known.sent.iter().chain(found);
            both.any(|made| made.name == name)
        };
        for made in all.iter().filter_map(|comment| self.read(comment)) {
            if !is_known(&made.name, &found) {
                found.push(made);
            }
        }
        for one in wanted {
            let Some(sending) = sending(one, "").filter(|_| !is_known(&one.name, &found)) else {
                continue;
            };
            let taken: Vec<SentComment> = known.sent.iter().chain(&found).cloned().collect();
            found.extend(self.find(&sending, all, &taken).map(|comment| sent(one, &comment.id)));
        }
        found
    }

    /// The comment of this name among those that Jira has, newest first: by its mark, else an unmarked one of the account
    /// with the same words, which is none that is known already.
    #[must_use]
    pub fn find<'c>(&self, wanted: &CommentSending, all: &'c [Comment], known: &[SentComment]) -> Option<&'c Comment> {
        let is_named = |comment: &&Comment| {
            self.read(comment)
                .is_some_and(|made| made.name == wanted.name && made.visibility == wanted.visibility)
        };
        let since = wanted.since.parse::<jiff::Timestamp>().ok();
        let is_new = |comment: &&Comment| {
            let is_late = since.is_none_or(|since| comment.created_at().is_some_and(|at| at >= since));
            is_late && known.iter().all(|known| known.id != comment.id)
        };
        let is_like = |comment: &&Comment| {
            let is_hidden = wanted.visibility == CommentVisibility::Public && comment.jsd_public == Some(false);
            let is_unmarked = comment.property(PROPERTY).is_none() && comment.is_of(self.account);
            is_unmarked && !is_hidden && words(&comment.body) == wanted.words
        };
        let marked = all.iter().filter(is_new).find(is_named);
        marked.or_else(|| all.iter().filter(is_new).find(is_like))
    }
}

/// What is written down before a comment is sent. `since` is when the ticket was updated last, by Jira's clock. None where
/// its text is none that Jira takes.
#[must_use]
pub fn sending(wanted: &TicketComment, since: &str) -> Option<CommentSending> {
    Some(CommentSending {
        name: wanted.name.clone(),
        hash: hash(&wanted.body),
        words: CommentText::formatted(&wanted.body, false).ok()?.words(),
        visibility: wanted.visibility,
        since: since.to_owned(),
        at: Time(jiff::Timestamp::now()),
    })
}

/// What is written down once it was made.
#[must_use]
pub fn sent(wanted: &TicketComment, id: &str) -> SentComment {
    SentComment {
        name: wanted.name.clone(),
        id: id.to_owned(),
        hash: hash(&wanted.body),
        visibility: wanted.visibility,
    }
}

/// With a comment that was made, and no longer is being made. The oldest of those that left the spec are forgotten.
#[must_use]
pub fn with_sent(mut known: TicketComments, sent: SentComment, wanted: &[TicketComment]) -> TicketComments {
    known.sending = known.sending.filter(|sending| sending.name != sent.name);
    known.sent.retain(|made| made.name != sent.name);
    known.sent.push(sent);
    let named: BTreeSet<&str> = wanted.iter().map(|comment| comment.name.as_str()).collect();
    while known.sent.len() > MOST {
        let Some(oldest) = known.sent.iter().position(|made| !named.contains(made.name.as_str())) else {
            break;
        };
        known.sent.remove(oldest);
    }
    known
}

#[cfg(test)]
mod tests;
