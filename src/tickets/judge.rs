//! Whether a ticket can be created as its spec wants it: everything that can be known is said before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    draft::{Draft, DraftParts},
    fields::{self, FieldConversion, FieldProblem, TextForm},
    gate::{TicketProject, WritePermit},
    identity::Marker,
    metadata::{TicketField, TicketMetadata},
    parts::Part,
    people::{People, TicketRoles},
    transition::Wish,
};
use crate::{
    api::{
        condition::{ConditionType::Valid, Finding},
        integration::UnknownReporter,
        issue::JiraIssueSpec,
        reason::Reason,
    },
    diagnose::nearest,
};

/// What Jira sets by itself where nobody does.
const SET_BY_JIRA: [&str; 4] = ["project", "issuetype", "reporter", "summary"];
/// How the ids of fields begin that are not Jira's own.
const CUSTOM: &str = "customfield_";
/// Most names that a message lists.
const LISTED: usize = 12;

/// What a ticket is judged with.
pub struct Judging<'a> {
    /// What a person wants.
    pub spec: &'a JiraIssueSpec,
    /// Generation of the object.
    pub generation: i64,
    /// What it may be written with.
    pub permit: &'a WritePermit,
    /// The project.
    pub project: &'a TicketProject,
    /// What its type takes.
    pub metadata: &'a TicketMetadata,
    /// Who is meant.
    pub people: &'a People,
    /// Whose ticket it is.
    pub marker: &'a Marker,
}

impl Judging<'_> {
    /// The ticket as it would be sent, and who is meant.
    ///
    /// # Errors
    /// What is said of it where it cannot be created.
    pub fn judge(&self) -> Result<(Draft, TicketRoles), Finding> {
        let text_form = match self.metadata.desk {
            Some(_) => TextForm::Wiki,
            None => TextForm::Document,
        };
        let conversion = FieldConversion {
            metadata: self.metadata,
            text_form,
            accounts: self.people.accounts(),
        };
        let (fields, mut problems) = conversion.all(&self.at_creation());
        problems.extend(self.off_screen());
        let set: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
        problems.extend(self.missing(&set));
        if let Some(finding) = refused(problems) {
            return Err(finding);
        }
        let roles = TicketRoles::of(self.spec, self.people);
        if let (Some((email, why)), UnknownReporter::Refuse) = (roles.unknown_reporter(), self.permit.unknown_reporter)
        {
            let what = format!("spec.reporter names {email}: {why}.");
            return Err(Finding::with_remedy(Valid, Reason::ReporterUnknown, &what));
        }
        let parts = DraftParts {
            spec: self.spec,
            project: self.project,
            metadata: self.metadata,
            roles: &roles,
            fields,
            marker: self.marker,
            generation: self.generation,
        };
        let draft = parts.draft().map_err(|error| {
            let what = format!("{error}.");
            Finding::with_remedy(Valid, Reason::TextTooLong, &what)
        })?;
        let draft = self
            .known_refusals(&roles)
            .into_iter()
            .fold(draft, |draft, part| draft.without(part, String::new()));
        Ok((draft, roles))
    }

    /// The fields of the spec that a creation can set.
    fn at_creation(&self) -> BTreeMap<String, Value> {
        fields_but_for_moves(self.spec, self.metadata)
    }

    /// What the spec sets by a field of its own, and the create screen does not have. What a request's form does not have
    /// is set right after it was raised.
    fn off_screen(&self) -> Vec<FieldProblem> {
        let spec = self.spec;
        let set = [
            ("description", spec.description.is_some()),
            ("priority", spec.priority.is_some()),
        ];
        let lacking = set
            .into_iter()
            .filter(|(id, is_set)| *is_set && self.metadata.desk.is_none() && self.metadata.field(id).is_none());
        let problem = |(id, _): (&str, bool)| FieldProblem {
            reason: Reason::FieldNotOnScreen,
            what: format!(
                "spec.{id} cannot be set: {id} is not on the create screen of a {} in {}.",
                self.metadata.type_name, self.project.key
            ),
        };
        lacking.map(problem).collect()
    }

    /// The parts that Jira would refuse, as its lists of fields tell: the ticket goes without.
    fn known_refusals(&self, roles: &TicketRoles) -> Vec<Part> {
        let lacks = |field: &str| self.metadata.field(field).is_none();
        match self.metadata.desk {
            Some(_) => (!self.metadata.can_raise_on_behalf && roles.reporter.is_some())
                .then_some(Part::Reporter)
                .into_iter()
                .collect(),
            None => [
                ("reporter", Part::Reporter),
                ("assignee", Part::Assignee),
                ("labels", Part::Labels),
            ]
            .into_iter()
            .filter(|(field, _)| lacks(field))
            .map(|(_, part)| part)
            .collect(),
        }
    }

    /// The fields that have to have a value and are given none.
    fn missing(&self, set: &BTreeSet<&str>) -> Option<FieldProblem> {
        let spec = self.spec;
        let own = |field: &TicketField| match field.id.as_str() {
            "description" => spec.description.is_some(),
            "priority" => spec.priority.is_some(),
            "labels" => true,
            "parent" => spec.parent.is_some(),
            "assignee" => spec.assignee.is_some(),
            id => SET_BY_JIRA.contains(&id) || set.contains(id),
        };
        let lacking: Vec<String> = self
            .metadata
            .fields
            .iter()
            .filter(|field| field.is_needed && !own(field))
            .map(how)
            .collect();
        (!lacking.is_empty()).then(|| FieldProblem {
            reason: Reason::FieldRequired,
            what: format!(
                "A {} in {} needs {}.",
                self.metadata.type_name,
                self.project.key,
                lacking.join("; ")
            ),
        })
    }
}

/// The fields of the spec, but for those that only the screen of a move has: such are named by their ids.
pub fn fields_but_for_moves(spec: &JiraIssueSpec, metadata: &TicketMetadata) -> BTreeMap<String, Value> {
    let is_moved = Wish::of(spec).is_some();
    let is_later = |id: &str| is_moved && id.starts_with(CUSTOM) && metadata.field(id).is_none();
    let all = spec.fields.iter().filter(|(name, _)| !is_later(name));
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How a field that has to be set is set.
fn how(field: &TicketField) -> String {
    let own = ["description", "priority", "parent", "assignee"].contains(&field.id.as_str());
    let place = if own {
        format!("spec.{}", field.id)
    } else {
        format!("spec.fields.{:?}", field.name)
    };
    let choices = field.choices();
    if choices.is_empty() {
        format!("{place} ({})", field.id)
    } else {
        format!("{place} ({}), one of: {choices}", field.id)
    }
}

/// One finding for all problems: of the first kind, with what is wrong in every field.
pub fn refused(problems: Vec<FieldProblem>) -> Option<Finding> {
    let reason = problems.first()?.reason;
    let all: Vec<String> = problems.into_iter().map(|problem| problem.what).collect();
    Some(Finding::with_remedy(Valid, reason, &all.join(" ")))
}

/// The type that a name or an `id:` means.
#[must_use]
pub fn type_named<'t>(wanted: &str, types: &'t [(String, String)]) -> Option<&'t (String, String)> {
    match wanted.strip_prefix("id:") {
        Some(id) => types.iter().find(|(known, _)| known == id.trim()),
        None => types
            .iter()
            .find(|(_, name)| name.to_lowercase() == wanted.trim().to_lowercase()),
    }
}

/// The same.
///
/// # Errors
/// What is said where there is none, with those that there are, the nearest first.
pub fn type_of<'t>(
    wanted: &str,
    types: &'t [(String, String)],
    (reason, place): (Reason, &str),
) -> Result<&'t (String, String), Finding> {
    type_named(wanted, types).ok_or_else(|| {
        let mut names: Vec<&str> = types.iter().map(|(_, name)| name.as_str()).collect();
        let near = nearest(wanted, names.iter().copied());
        names.sort_by_key(|name| Some(*name) != near);
        let listed = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
        let what = match names.as_slice() {
            [] => format!("There is no {wanted} that the account can create in {place}, and nothing else."),
            _ => format!("There is no {wanted} that the account can create in {place}. There are: {listed}."),
        };
        Finding::with_remedy(Valid, reason, &what)
    })
}

/// The addresses whose accounts a ticket needs.
#[must_use]
pub fn addresses(spec: &JiraIssueSpec, metadata: &TicketMetadata) -> BTreeSet<String> {
    super::people::addresses(spec)
        .chain(fields::addresses(metadata, &spec.fields))
        .collect()
}
