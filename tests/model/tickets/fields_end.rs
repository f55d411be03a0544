//! How the fields of a ticket end: each is as its spec says, or the object says truly why it is not.

use std::collections::BTreeSet;

use devkit::sandbox::Sandbox;
use jira_operator::api::{
    condition::{ConditionType, find},
    issue::{JiraIssueStatus, TicketDrift},
};

use super::{
    edits::{Changed, Edits, changes, labels, value},
    ledger::issue,
    objects::{Winner, winner},
    wants::{AREA, LABEL, Wants},
};

/// How often what somebody changes is written back before it rests.
const BACK: usize = 3;

/// See the module.
pub struct FieldsEnd<'a> {
    pub wants: &'a Wants,
    pub edits: &'a Edits,
    /// A person took its marker away, so that nobody knows what was written.
    pub is_unmarked: bool,
    /// Jira's id of a field of the site's own.
    pub area: &'a str,
}

/// What is known of a ticket.
struct Ticket<'a> {
    name: &'a str,
    id: u64,
    status: &'a JiraIssueStatus,
    /// All changes of its fields.
    changes: Vec<Changed>,
    reason: &'a str,
    message: &'a str,
}

impl Ticket<'_> {
    fn last(&self, place: &str) -> Option<&Changed> {
        self.changes.iter().rev().find(|changed| changed.place == place)
    }

    fn drift(&self, place: &str) -> Option<&TicketDrift> {
        let field = if place.starts_with(LABEL) { "labels" } else { place };
        self.status.drift.iter().find(|drift| drift.field == field)
    }

    fn written(&self, place: &str) -> usize {
        let of_place = self.changes.iter().filter(|changed| changed.place == place);
        of_place.filter(|changed| changed.is_ours).count()
    }

    fn is_by_others(&self, place: &str) -> bool {
        self.last(place).is_some_and(|changed| !changed.is_ours)
    }
}

impl FieldsEnd<'_> {
    /// Whether all of its fields are settled.
    ///
    /// # Errors
    /// What is missing.
    pub fn is_settled(
        &self,
        (name, id): (&str, u64),
        status: &JiraIssueStatus,
        sandbox: &Sandbox,
    ) -> Result<(), String> {
        let told = find(&status.conditions, ConditionType::FieldsApplied);
        let ticket = Ticket {
            name,
            id,
            status,
            changes: changes(sandbox, id, 0).0,
            reason: told.map_or("", |told| told.reason.as_str()),
            message: told.map_or("", |told| told.message.as_str()),
        };
        if !matches!(ticket.reason, "AsWritten" | "EditedInJira" | "KeepSuspended") {
            return Err(format!("says of its fields {:?}: {}", ticket.reason, ticket.message));
        }
        let mut differ = BTreeSet::new();
        for (place, wanted) in self.wants.now(name) {
            let live = self.live(&place, id, sandbox);
            if live != wanted {
                differ.insert(place.clone());
                self.is_told(&ticket, &place, sandbox)
                    .map_err(|why| format!("wants {wanted:?} in {place}, which is {live:?}, and {why}"))?;
            }
        }
        Self::is_true(&ticket, &differ)?;
        self.has_no_old_labels(&ticket, sandbox)
    }

    fn live(&self, place: &str, id: u64, sandbox: &Sandbox) -> String {
        let live = sandbox.state(|world| {
            let (_, issue) = issue(world, id)?;
            Some(match place {
                "summary" => value(place, &issue.summary.clone().into()),
                "description" => value(place, &issue.description.clone().into()),
                "priority" => issue.priority_id.clone().unwrap_or_default(),
                AREA => value(place, issue.fields.get(self.area)?),
                label => {
                    let label = label.strip_prefix(LABEL)?;
                    issue
                        .labels
                        .iter()
                        .find(|of| *of == label)
                        .map(|_| "there".to_owned())?
                }
            })
        });
        live.unwrap_or_default()
    }

    /// Whether it is said why a field is not as its spec wants it.
    fn is_told(&self, ticket: &Ticket<'_>, place: &str, sandbox: &Sandbox) -> Result<(), String> {
        let of_place = self
            .wants
            .since(ticket.name, self.edits.specs_at(ticket.id, place), place);
        let is_new = of_place.windows(2).any(|two| two[0] != two[1]);
        let is_by_others = ticket.is_by_others(place);
        match winner(ticket.name) {
            // What is new is left alone, without a word.
            Winner::Once if is_new || (place.starts_with(LABEL) && is_by_others) => return Ok(()),
            Winner::Cluster if ticket.written(place) < BACK => {
                return Err(format!("was written {} times only", ticket.written(place)));
            }
            Winner::Cluster if ticket.reason != "KeepSuspended" => {
                return Err(format!("is kept, and says {:?}", ticket.reason));
            }
            _ => {}
        }
        if !is_by_others && !self.is_unmarked {
            return Err("nobody else changed it".to_owned());
        }
        if let Some(drift) = ticket.drift(place) {
            return self.names_who(ticket, (place, drift), sandbox);
        }
        let is_conflict = ticket.reason == "EditedInJira" && winner(ticket.name) == Winner::People && is_new;
        if is_conflict && (ticket.message.contains(place) || ticket.message.matches(" in Jira").count() >= BACK) {
            return Ok(());
        }
        Err(format!("nothing says so: {} {}", ticket.reason, ticket.message))
    }

    /// Whether it is said who changed a field last.
    fn names_who(
        &self,
        ticket: &Ticket<'_>,
        (place, drift): (&str, &TicketDrift),
        sandbox: &Sandbox,
    ) -> Result<(), String> {
        if self.is_unmarked || place.starts_with(LABEL) {
            return Ok(());
        }
        let author = ticket
            .last(place)
            .map(|changed| changed.author.clone())
            .unwrap_or_default();
        let name = sandbox.state(|world| world.account(&author).map(|account| account.display_name.clone()));
        let is_named = match (&drift.by, &name) {
            (Some(by), Some(name)) => by == name,
            (by, None) => by.is_some(),
            (None, Some(_)) => false,
        };
        if is_named {
            return Ok(());
        }
        Err(format!("says {:?} of it, which was {name:?}", drift.by))
    }

    /// Whether what is said of fields is so.
    fn is_true(ticket: &Ticket<'_>, differ: &BTreeSet<String>) -> Result<(), String> {
        let is_other = |field: &str| {
            differ
                .iter()
                .any(|place| place == field || place.starts_with(LABEL) && field == "labels")
        };
        if let Some(drift) = ticket.status.drift.iter().find(|drift| !is_other(&drift.field)) {
            return Err(format!(
                "says that {} was changed, which is as it should be",
                drift.field
            ));
        }
        if ticket.reason != "AsWritten" && differ.is_empty() {
            return Err(format!(
                "says {} where all is as it should be: {}",
                ticket.reason, ticket.message
            ));
        }
        Ok(())
    }

    /// Whether labels are gone that the operator added, and that left the spec.
    fn has_no_old_labels(&self, ticket: &Ticket<'_>, sandbox: &Sandbox) -> Result<(), String> {
        if winner(ticket.name) == Winner::Once || self.is_unmarked {
            return Ok(());
        }
        let wanted = self.wants.now(ticket.name);
        let live = sandbox.state(|world| Some(labels(&issue(world, ticket.id)?.1.labels.clone().into())));
        let old = live.unwrap_or_default().into_iter().find(|label| {
            let place = format!("{LABEL}{label}");
            let is_ours = self.wants.since(ticket.name, 0, &place).iter().any(Option::is_some);
            let of_others = ticket
                .changes
                .iter()
                .any(|changed| changed.place == place && !changed.is_ours);
            is_ours && !of_others && !wanted.contains_key(&place)
        });
        match old {
            Some(label) => Err(format!("has the label {label}, which left its spec")),
            None => Ok(()),
        }
    }
}
