//! Can requests be raised on one service desk, and if not, why?

use std::collections::BTreeSet;

use super::enumerate;
use crate::{
    api::{
        condition::{ConditionType::ServiceDeskReady, Finding},
        reason::Reason,
        requirements::{AGENT, CREATE},
    },
    atlassian::{desk_models::RequestType, error::JiraError},
    diagnose::{
        evidence::{DeskEvidence, DesksEvidence},
        request_type::{self, creatable, is_hidden, is_restricted},
    },
};

/// A service project and what was answered about its desk.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Key of the project, as messages name it.
    pub key: &'a str,
    /// Id of the project.
    pub project_id: &'a str,
    /// Permissions held in the project.
    pub held: &'a BTreeSet<String>,
    /// Whether tickets are written there.
    pub is_for_tickets: bool,
    /// What was answered about all desks.
    pub evidence: &'a DesksEvidence,
}

/// A check of the desk: the finding, where it applies.
type DeskPolicy = fn(&Desk<'_>) -> Option<(Reason, String)>;

/// The checks, gravest first.
const POLICIES: &[DeskPolicy] = &[no_agent, missing, none_shown, none_usable];

/// Judges the desk; none where Jira did not answer.
#[must_use]
pub fn judge(desk: &Desk<'_>) -> Option<Finding> {
    let mut found = POLICIES.iter().filter_map(|policy| policy(desk));
    // Articles are refused for all desks at once, which is no news of one with graver trouble.
    let Some((reason, what)) = found.next().or_else(|| articles(desk)) else {
        return desk.types().map(|types| usable(desk, types));
    };
    let also: String = found.map(|(_, what)| format!(" {what}")).collect();
    Some(Finding::with_remedy(ServiceDeskReady, reason, &format!("{what}{also}")))
}

impl<'a> Desk<'a> {
    fn answer(&self) -> Option<&'a DeskEvidence> {
        self.evidence.desks.get(self.project_id)
    }

    /// Whether there is a desk for the account. What was asked about it was because there is, or because
    /// nothing is known against it.
    fn is_listed(&self) -> Option<bool> {
        if self.answer().is_some() {
            return Some(true);
        }
        let listed = self.evidence.listed.as_ref()?.as_ref().ok()?;
        Some(listed.iter().any(|desk| desk.project_id == self.project_id))
    }

    fn types(&self) -> Option<&'a [RequestType]> {
        self.answer()?.request_types.as_deref().ok()
    }

    /// Whether Jira says that requests of the type may be raised, or not.
    fn creatable(&self, kind: &RequestType) -> Option<bool> {
        let checked = self.answer().and_then(|a| a.creatable.as_ref()?.as_ref().ok());
        creatable(kind, checked)
    }
}

fn usable(desk: &Desk<'_>, types: &[RequestType]) -> Finding {
    let hindered = types.iter().filter(|t| is_hidden(t) || is_restricted(t)).count();
    let also = match hindered {
        0 => String::new(),
        1 => "; one is hidden or restricted".to_owned(),
        some => format!("; {some} of them are hidden or restricted"),
    };
    let count = match types.len() {
        1 => "one request type".to_owned(),
        all => format!("{all} request types"),
    };
    let message = format!("The service desk of {} has {count}{also}.", desk.key);
    Finding::new(ServiceDeskReady, Reason::ServiceDeskUsable, message)
}

fn missing(desk: &Desk<'_>) -> Option<(Reason, String)> {
    // Jira lists the desks that the account can reach: to an agent it would list this one.
    (desk.is_listed() == Some(false) && desk.held.contains(AGENT)).then(|| {
        let what = format!(
            "{} is a service project, but Jira lists no service desk for it.",
            desk.key
        );
        (Reason::ServiceDeskMissing, what)
    })
}

/// Reading needs no agent, but where the portal is closed to the account.
fn no_agent(desk: &Desk<'_>) -> Option<(Reason, String)> {
    let shut_out = desk.is_listed() == Some(false);
    ((desk.is_for_tickets || shut_out) && !desk.held.contains(AGENT)).then(|| {
        let also = if shut_out {
            ", and Jira shows it no service desk there"
        } else {
            ""
        };
        let what = format!("The account is no agent of {}{also}.", desk.key);
        (Reason::NotAnAgent, what)
    })
}

fn none_shown(desk: &Desk<'_>) -> Option<(Reason, String)> {
    let refused = match &desk.answer()?.request_types {
        Ok(types) if types.is_empty() => {
            "none is published, or all are restricted, which only project administrators see"
        }
        Err(error) if is_refusal(error) => "it refuses to list them",
        _ => return None,
    };
    let what = format!("Jira shows the account no request type of {}: {refused}.", desk.key);
    Some((Reason::NoRequestTypes, what))
}

/// Whether Jira says by an error that the account gets to see no request type.
#[must_use]
pub fn is_refusal(error: &JiraError) -> bool {
    matches!(
        error,
        JiraError::Forbidden(_) | JiraError::NotFound(_) | JiraError::Unauthorized(_)
    )
}

/// Why one type cannot be used. Where it stands in the portal is for people: Jira's own word that requests of
/// it may be raised goes before it.
fn hindrance(desk: &Desk<'_>, kind: &RequestType) -> Option<Reason> {
    let may = desk.creatable(kind) == Some(true);
    if !may && is_restricted(kind) {
        Some(Reason::RequestTypesRestricted)
    } else if !may && is_hidden(kind) {
        Some(Reason::RequestTypesHidden)
    } else if desk.is_for_tickets && (desk.creatable(kind) == Some(false) || !unseen_fields(desk, kind).is_empty()) {
        Some(Reason::RequestTypesNotCreatable)
    } else {
        None
    }
}

fn none_usable(desk: &Desk<'_>) -> Option<(Reason, String)> {
    let types = desk.types().filter(|types| !types.is_empty())?;
    let hindrances: Option<Vec<Reason>> = types.iter().map(|kind| hindrance(desk, kind)).collect();
    let hindrances = hindrances?;
    // What was nearest to being of use says best what to do.
    let reason = *hindrances.iter().max()?;
    let of_it = types.iter().zip(&hindrances).filter(|(_, other)| **other == reason);
    let of_it: Vec<&RequestType> = of_it.map(|(kind, _)| kind).collect();
    let (how, else_wrong) = match reason {
        Reason::RequestTypesRestricted => ("restricted".to_owned(), ""),
        Reason::RequestTypesHidden => ("in no portal group".to_owned(), "restricted"),
        _ => (closed_how(desk, &of_it), "hidden or restricted"),
    };
    let also = match types.len() - of_it.len() {
        0 => String::new(),
        1 => format!("; one other is {else_wrong}"),
        some => format!("; {some} others are {else_wrong}"),
    };
    let names: Vec<String> = of_it.iter().map(|kind| kind.name.clone()).collect();
    let key = desk.key;
    let list = enumerate(&names, 2);
    let what = format!("No request type of {key} can be used: {list} ({how}){also}.");
    Some((reason, what))
}

/// What is said of types of which no request can be raised.
fn closed_how(desk: &Desk<'_>, types: &[&RequestType]) -> String {
    let fields: BTreeSet<String> = types.iter().flat_map(|kind| unseen_fields(desk, kind)).collect();
    let fields: Vec<String> = fields.into_iter().collect();
    let told = types.iter().any(|kind| desk.creatable(kind) == Some(false));
    let lacks = if desk.held.contains(CREATE) {
        ""
    } else {
        ", which lacks Create issues"
    };
    match (told, fields.as_slice()) {
        (_, []) => format!("not open to the account{lacks}"),
        (true, fields) => format!(
            "not open to the account{lacks}; the form requires {}, hidden from it",
            enumerate(fields, 2)
        ),
        (false, fields) => format!("the form requires {}, hidden from the account", enumerate(fields, 2)),
    }
}

/// Fields that the form of a type requires, that the account cannot fill in, and that nothing
/// else fills in.
fn unseen_fields(desk: &Desk<'_>, kind: &RequestType) -> Vec<String> {
    let mut probed = desk.answer().into_iter().flat_map(|answer| &answer.forms);
    let probed = probed.find(|(probed, _)| probed.id == kind.id);
    let probed = probed.and_then(|(_, form)| form.as_ref().ok());
    // A form that was asked for by itself shows hidden fields, too, to who administers the desk.
    probed
        .or(kind.fields.as_ref())
        .map(request_type::unseen_fields)
        .unwrap_or_default()
}

/// Of a desk that does not exist there are no articles to tell of.
fn articles(desk: &Desk<'_>) -> Option<(Reason, String)> {
    desk.answer()?;
    let why = refused_articles(desk.evidence)?;
    Some((
        Reason::KnowledgeBaseUnreadable,
        format!("Jira refuses the account articles{why}."),
    ))
}

/// Why articles cannot be read, where that is proved. A site without a knowledge base has none,
/// which is no finding.
#[must_use]
pub fn refused_articles(evidence: &DesksEvidence) -> Option<&'static str> {
    match evidence.knowledge_base.as_ref()? {
        Err(JiraError::Forbidden(_) | JiraError::Unauthorized(_)) => Some(""),
        Err(JiraError::ScopeMismatch(_)) => Some(" for want of a scope"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
