//! Which transition moves a ticket towards where its spec wants it. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    fields::{FieldConversion, TextForm},
    metadata::{TicketField, TicketMetadata},
};
use crate::{
    api::issue::{JiraIssueSpec, JiraIssueStatus},
    atlassian::transition_models::Transition,
};

/// The field of a resolution, which the spec has a field of its own for.
pub const RESOLUTION: &str = "resolution";
const ASSIGNEE: &str = "assignee";
/// What every ticket has, so that a screen that demands it is content.
const ON_EVERY_TICKET: [&str; 5] = ["summary", "issuetype", "project", "reporter", "priority"];

/// Where the spec wants a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// In a status that stands for this phase.
    Phase(String),
    /// In this status, by name or as `id:`.
    Status(String),
}

/// Where a ticket is, or a transition leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Name of the status.
    pub status: String,
    /// Its id.
    pub status_id: String,
    /// The phase that it stands for.
    pub phase: String,
}

/// A transition, and what it takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Way {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub to: Place,
    /// Whether its conditions are met.
    pub is_available: bool,
    /// Whether it has a screen.
    pub has_screen: bool,
    /// The fields of the screen.
    pub fields: Vec<TicketField>,
    /// Whether it leads to where the ticket is, or creates one.
    pub leads_nowhere: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice<'w> {
    /// This transition is made.
    Take(Step<'w>),
    /// What the screen of this one demands the spec does not fill: a sentence for each field.
    NeedsFields(&'w Way, Vec<String>),
    /// The conditions of this one are not met.
    Conditional(&'w Way),
    /// None leads there.
    Nowhere,
}

/// A transition to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'w> {
    /// The transition.
    pub way: &'w Way,
    /// What is set with it.
    pub fields: Map<String, Value>,
    /// Whether the ticket is then where the spec wants it.
    pub is_last: bool,
    /// How many of the stops in `spec.via` are then behind it.
    pub passed: usize,
}

/// A name as it is compared with others.
fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Whether a name, or `id:` with an id, means a status.
fn means(name: &str, place: &Place) -> bool {
    match name.strip_prefix("id:") {
        Some(id) => id.trim() == place.status_id,
        None => plain(name) == plain(&place.status),
    }
}

impl Wish {
    /// That of a spec.
    #[must_use]
    pub fn of(spec: &JiraIssueSpec) -> Option<Self> {
        let phase = spec.phase.clone().map(Self::Phase);
        phase.or_else(|| spec.status.clone().map(Self::Status))
    }

    /// As people read it.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Phase(name) | Self::Status(name) => name,
        }
    }

    /// As it is written down: no phase is called as a status is.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Phase(phase) => phase.clone(),
            Self::Status(status) => format!("status {status}"),
        }
    }

    /// What a plan says of the move: which transition it is depends on where the ticket is then.
    #[must_use]
    pub fn plan(&self) -> String {
        format!("POST /rest/api/3/issue/{{id}}/transitions, to {}", self.shown())
    }

    /// Whether a ticket in this place is where it is wanted.
    #[must_use]
    pub fn is_met(&self, place: &Place) -> bool {
        match self {
            Self::Phase(phase) => *phase == place.phase,
            Self::Status(status) => means(status, place),
        }
    }
}

impl Place {
    /// That of a ticket.
    #[must_use]
    pub fn of(status: &JiraIssueStatus) -> Self {
        Self {
            status: status.status.clone(),
            status_id: status.status_id.clone(),
            phase: status.phase.clone(),
        }
    }
}

impl Way {
    /// A transition as Jira answers it; `phase` says what its target stands for.
    #[must_use]
    pub fn of(transition: &Transition, phase: impl FnOnce(&JiraIssueStatus) -> String) -> Self {
        let target = JiraIssueStatus {
            status: transition.to.name.clone(),
            status_id: transition.to.id.clone(),
            category: transition.to.status_category.clone().unwrap_or_default().key,
            ..JiraIssueStatus::default()
        };
        Self {
            id: transition.id.clone(),
            name: transition.name.clone(),
            to: Place {
                phase: phase(&target),
                ..Place::of(&target)
            },
            is_available: transition.is_available,
            has_screen: transition.has_screen,
            fields: transition.fields().iter().map(TicketField::from).collect(),
            leads_nowhere: transition.looped || transition.is_initial,
        }
    }

    /// Whether it leads away from a place. One that does not is never made: Jira tells watchers of it all the same.
    fn leads_on(&self, here: &Place) -> bool {
        !self.leads_nowhere && self.to.status_id != here.status_id
    }
}

/// A ticket that is to be moved.
pub struct Itinerary<'a> {
    /// What is wanted.
    pub spec: &'a JiraIssueSpec,
    /// Where it is wanted.
    pub wish: &'a Wish,
    /// What is known of it.
    pub status: &'a JiraIssueStatus,
    /// How many of the stops in `spec.via` are behind it, where it was moved here: a stop that is named by its transition
    /// does not tell that from where the ticket is.
    pub passed: usize,
}

impl Itinerary<'_> {
    /// Picks the transition. What `spec.via` names is gone through in its order, from where the ticket is on; what can be
    /// left out is. Of several those go first that lead to a status of the name, then those that have no screen, and then
    /// the workflow's order decides.
    #[must_use]
    pub fn choose<'w>(&self, ways: &'w [Way]) -> Choice<'w> {
        let here = Place::of(self.status);
        let via = self.spec.via.as_slice();
        let here_is = via.iter().rposition(|stop| means(stop, &here)).map_or(0, |at| at + 1);
        let stops = via.iter().map(Some).chain([None]).enumerate();
        let (mut lacking, mut conditional) = (None, None);
        for (number, stop) in stops.skip(here_is.max(self.passed).min(via.len())) {
            let leads_there = |way: &&Way| match stop {
                Some(stop) => means(stop, &way.to) || plain(stop) == plain(&way.name),
                None => self.wish.is_met(&way.to),
            };
            let mut fitting: Vec<&Way> = ways
                .iter()
                .filter(|way| way.leads_on(&here))
                .filter(leads_there)
                .collect();
            fitting.sort_by_key(|way| (stop.is_some_and(|stop| !means(stop, &way.to)), way.has_screen));
            for way in fitting {
                match (way.is_available, self.filled(way)) {
                    (true, Ok(fields)) => {
                        return Choice::Take(Step {
                            way,
                            fields,
                            is_last: self.wish.is_met(&way.to),
                            passed: number + 1,
                        });
                    }
                    (true, Err(problems)) => {
                        lacking.get_or_insert((way, problems));
                    }
                    (false, _) => {
                        conditional.get_or_insert(way);
                    }
                }
            }
        }
        match (lacking, conditional) {
            (Some((way, problems)), _) => Choice::NeedsFields(way, problems),
            (None, Some(way)) => Choice::Conditional(way),
            (None, None) => Choice::Nowhere,
        }
    }

    /// The names of the statuses that the ticket can be moved to, in the workflow's order.
    #[must_use]
    pub fn available(&self, ways: &[Way]) -> Vec<String> {
        let here = Place::of(self.status);
        let mut all: Vec<String> = Vec::new();
        for way in ways.iter().filter(|way| way.is_available && way.leads_on(&here)) {
            if !all.contains(&way.to.status) {
                all.push(way.to.status.clone());
            }
        }
        all
    }

    /// What is set with a transition: the resolution where it takes one, and what its screen demands.
    fn filled(&self, way: &Way) -> Result<Map<String, Value>, Vec<String>> {
        let (mut given, mut set, mut problems) = (BTreeMap::new(), Map::new(), Vec::new());
        let taken = way.fields.iter().find(|field| field.id == RESOLUTION);
        match (&self.spec.resolution, taken) {
            (Some(name), Some(field)) if field.allowed.is_empty() => {
                set.insert(RESOLUTION.to_owned(), json!({"name": name}));
            }
            (Some(name), Some(_)) => {
                given.insert(RESOLUTION.to_owned(), json!(name));
            }
            _ => {}
        }
        let needed = way.fields.iter().filter(|field| field.is_needed);
        for field in needed.filter(|field| self.spec.resolution.is_none() || field.id != RESOLUTION) {
            if let Some(value) = self.of_spec(field) {
                given.insert(field.id.clone(), value.clone());
            } else if field.id == ASSIGNEE && self.account().is_some() {
                set.insert(ASSIGNEE.to_owned(), json!({"accountId": self.account()}));
            } else if !self.has(&field.id) {
                problems.push(lacks(field));
            }
        }
        let metadata = TicketMetadata {
            type_name: way.name.clone(),
            fields: way.fields.clone(),
            ..TicketMetadata::default()
        };
        let conversion = FieldConversion {
            metadata: &metadata,
            text_form: TextForm::Document,
            accounts: &BTreeMap::new(),
        };
        let (converted, wrong) = conversion.all(&given);
        set.extend(converted);
        problems.extend(wrong.into_iter().map(|problem| problem.what));
        if problems.is_empty() { Ok(set) } else { Err(problems) }
    }

    /// The value that `spec.fields` has for a field, by its id or its name.
    fn of_spec(&self, field: &TicketField) -> Option<&Value> {
        let is_it = |name: &String| *name == field.id || plain(name) == plain(&field.name);
        self.spec
            .fields
            .iter()
            .find(|(name, _)| is_it(name))
            .map(|(_, value)| value)
    }

    fn account(&self) -> Option<&str> {
        let people = self.status.people.as_ref()?;
        people.assignee.as_ref()?.account_id.as_deref()
    }

    /// Whether the ticket has a value in a field, as far as that is known.
    fn has(&self, field: &str) -> bool {
        match field {
            ASSIGNEE => self.status.assignee.is_some(),
            "labels" => !self.status.labels.is_empty(),
            "description" => self.spec.description.is_some(),
            "parent" => self.spec.parent.is_some(),
            other => ON_EVERY_TICKET.contains(&other),
        }
    }
}

/// What is said of a field that the spec does not fill.
fn lacks(field: &TicketField) -> String {
    let choices = field.choices();
    let choices = if choices.is_empty() {
        choices
    } else {
        format!(", one of: {choices}")
    };
    match field.id.as_str() {
        RESOLUTION => format!("{} (spec.resolution){choices}.", field.name),
        ASSIGNEE => format!("{} (spec.assignee).", field.name),
        id => format!("{} (spec.fields.{id}){choices}.", field.name),
    }
}

#[cfg(test)]
mod tests;
