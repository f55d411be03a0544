//! Which of the issues that a look-up found is the ticket of an object.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{
    identity::{Identity, Marker, PROPERTY},
    text::adf_to_text,
};
use crate::atlassian::{
    issue_fields::{Issue, time},
    ticket_models::{CreatedIssue, MarkedIssue},
};

/// Clocks differ, and a request is on its way for a while: so much before a creation began a request may be dated.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// How many hexadecimal digits the digest of what a request looks like has.
const LOOKS_DIGITS: usize = 16;

/// Whose ticket is looked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Its identity.
    pub identity: &'a Identity,
    /// Which creation of the object it is: what came of an earlier one is not it.
    pub number: i64,
    /// Account id of the dedicated account: what others created is never taken.
    pub account: &'a str,
    /// Account id of the customer on whose behalf a request is raised. Whether Jira calls them its creator is not
    /// established.
    pub customer: Option<&'a str>,
    /// Of a request, which is marked only after it was created: what it looks like.
    pub request: Option<RequestTraits<'a>>,
}

/// What a request looks like that was created and not marked yet.
#[derive(Clone, Copy, Debug)]
pub struct RequestTraits<'a> {
    /// Digest of how it [looked](looks) when it was sent, whatever the spec says by now; empty where that is not known.
    pub looks: &'a str,
    /// Description, as plain text.
    pub text: &'a str,
    /// Id of its project.
    pub project_id: &'a str,
    /// When the creation began.
    pub since: Timestamp,
}

/// What a look-up came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The ticket.
    Ticket(Box<FoundTicket>),
    /// It cannot be told which it is.
    Unclear(Doubt),
}

/// A ticket that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundTicket {
    /// What Jira says of it.
    pub issue: Issue,
    /// The marker that it carries, where it has one.
    pub marker: Option<Marker>,
}

impl FoundTicket {
    /// An issue that was found.
    #[must_use]
    pub fn of(issue: MarkedIssue) -> Self {
        let marker = marker_of(&issue);
        Self {
            issue: issue.issue,
            marker,
        }
    }

    /// What names it.
    #[must_use]
    pub fn name(&self) -> CreatedIssue {
        CreatedIssue {
            id: self.issue.id.clone(),
            key: self.issue.key.clone(),
            portal_url: self.marker.as_ref().and_then(|marker| marker.kept.portal.clone()),
        }
    }

    /// Whether it is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let category = self
            .issue
            .fields
            .status
            .as_ref()
            .and_then(|status| status.status_category.as_ref());
        category.is_some_and(|category| category.key == "done")
    }
}

/// Issues of which it cannot be told whether one is the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Their keys.
    pub keys: Vec<String>,
    /// The number of the creation that is in doubt.
    pub number: i64,
}

/// How much an issue without a marker is like the request that was created.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    None,
    /// All but the text, which Jira may show otherwise than it was sent, or what was changed since.
    ButForText,
    Whole,
}

/// Picks the ticket among issues that were found.
#[must_use]
pub fn pick(wanted: &Wanted<'_>, issues: &[MarkedIssue]) -> Found {
    let (mut marked, mut unmarked, mut doubtful) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = wanted.number;
    for issue in issues {
        let found = marker_of(issue);
        let is_ours = creator(issue) == Some(wanted.account);
        let is_of_customer = wanted.customer.is_some() && creator(issue) == wanted.customer;
        let has_label = issue.issue.fields.labels.contains(&wanted.identity.label());
        match &found {
            Some(found) if found.identity == *wanted.identity && is_ours => marked.push((found.n, issue)),
            // Another account was configured meanwhile, or somebody copied the issue.
            Some(found) if found.identity == *wanted.identity && found.n >= wanted.number => {
                number = number.max(found.n);
                doubtful.push(issue);
            }
            None if has_label && is_ours => marked.push((1, issue)),
            None if has_label && is_of_customer && wanted.number <= 1 => doubtful.push(issue),
            None => match likeness(wanted, issue) {
                Likeness::Whole if is_ours => unmarked.push(issue),
                Likeness::ButForText if is_ours => doubtful.push(issue),
                Likeness::Whole | Likeness::ButForText if is_customers(wanted, issue) => doubtful.push(issue),
                _ => {}
            },
            Some(_) => {}
        }
    }
    marked.retain(|(n, _)| *n >= wanted.number);
    marked.sort_by_key(|(n, issue)| (Reverse(*n), issue.issue.id.parse::<u64>().unwrap_or(u64::MAX)));
    match (marked.as_slice(), unmarked.as_slice(), doubtful.as_slice()) {
        ([(_, first), ..], ..) => ticket(first),
        ([], [one], []) => ticket(one),
        ([], [], []) => Found::Nothing,
        ([], several, doubtful) => {
            let keys = several.iter().chain(doubtful).map(|issue| issue.issue.key.clone());
            let keys = keys.collect();
            Found::Unclear(Doubt { keys, number })
        }
    }
}

fn ticket(issue: &MarkedIssue) -> Found {
    Found::Ticket(Box::new(FoundTicket::of(issue.clone())))
}

fn marker_of(issue: &MarkedIssue) -> Option<Marker> {
    issue.properties.get(PROPERTY).and_then(Marker::read)
}

fn creator(issue: &MarkedIssue) -> Option<&str> {
    issue.issue.fields.creator.as_ref().map(|who| who.account_id.as_str())
}

/// Digest of what a request looks like before it is marked. `reporter` is the account id of the customer on whose behalf it
/// is raised, empty where there is none.
#[must_use]
pub fn looks(project_id: &str, reporter: &str, summary: &str) -> String {
    let digest = Sha256::digest(format!("{project_id}\n{reporter}\n{summary}"));
    format!("{digest:x}").chars().take(LOOKS_DIGITS).collect()
}

/// How much an issue without a marker is like the request that was just created.
fn likeness(wanted: &Wanted<'_>, issue: &MarkedIssue) -> Likeness {
    let Some(request) = wanted.request else {
        return Likeness::None;
    };
    let fields = &issue.issue.fields;
    let created = fields.created.as_deref().and_then(time);
    // It was found by a key of its project: one that is in another project by now was moved.
    let is_home = fields
        .project
        .as_ref()
        .is_some_and(|project| project.id == request.project_id);
    if !is_like(request, issue) || created.is_none_or(|created| created < request.since - SKEW) {
        Likeness::None
    } else if is_home && !request.looks.is_empty() && words(&adf_to_text(&fields.description)) == words(request.text) {
        Likeness::Whole
    } else {
        Likeness::ButForText
    }
}

/// Whether it looks as what was sent. Its own reporter and summary say so: the spec may have others since.
fn is_like(request: RequestTraits<'_>, issue: &MarkedIssue) -> bool {
    let summary = issue.issue.fields.summary.as_deref().unwrap_or_default();
    let looked = |reporter| looks(request.project_id, reporter, summary) == request.looks;
    request.looks.is_empty() || looked("") || reporter(issue).is_some_and(looked)
}

/// Whether the customer on whose behalf a request was raised seems to have created it.
fn is_customers(wanted: &Wanted<'_>, issue: &MarkedIssue) -> bool {
    let (Some(request), Some(reporter)) = (wanted.request, reporter(issue)) else {
        return false;
    };
    let summary = issue.issue.fields.summary.as_deref().unwrap_or_default();
    let is_sent = request.looks.is_empty() || looks(request.project_id, reporter, summary) == request.looks;
    is_sent && creator(issue) == Some(reporter)
}

fn reporter(issue: &MarkedIssue) -> Option<&str> {
    issue.issue.fields.reporter.as_ref().map(|who| who.account_id.as_str())
}

/// What is left of a text where Jira formats it otherwise than it was sent.
fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests;
