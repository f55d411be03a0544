//! What is written to the fields of a ticket, by one call, and what is known of them then. Pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Map, Value, json};

use super::{
    identity::Marker,
    spec_fields::{LABELS, WantedField},
    text,
    values::shown,
    write_backs::once_more,
};
use crate::{
    api::issue::{AppliedField, TicketApplied, TicketDrift},
    atlassian::write_error::Refusal,
};

/// What is to be done about the fields of a ticket, and what is said of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EditPlan {
    /// The fields that are to be written.
    pub set: Vec<WantedField>,
    /// Labels that are to be added.
    pub add: Vec<String>,
    /// Labels that are to be removed.
    pub remove: Vec<String>,
    /// The places of those that are written back, and who had changed them.
    pub back: BTreeMap<String, Option<String>>,
    /// Fields that people changed, which stands, also for now.
    pub drift: Vec<TicketDrift>,
    /// Fields that both sides changed.
    pub conflicts: Vec<TicketDrift>,
    /// What was written, as far as is known before anything is sent.
    pub applied: TicketApplied,
    /// Digest of the labels that the spec wants.
    pub labels: Option<String>,
    /// What Jira has of a field counts as its own form of what was written, since its history tells of nobody else's change.
    pub has_other_form: bool,
}

impl EditPlan {
    /// Whether something is to be written.
    #[must_use]
    pub const fn has_writes(&self) -> bool {
        !(self.set.is_empty() && self.add.is_empty() && self.remove.is_empty())
    }

    /// The call. The marker says the same as the fields in the same moment, for a rebuilt cluster.
    #[must_use]
    pub fn body(&self, marker: Option<&Marker>, generation: i64) -> Value {
        let mut body = Map::new();
        let fields = self.set.iter();
        let fields: Map<String, Value> = fields
            .filter_map(|field| Some((field.id.clone(), field.value.clone()?)))
            .collect();
        if !fields.is_empty() {
            body.insert("fields".to_owned(), fields.into());
        }
        let added = self.add.iter().map(|label| json!({"add": label}));
        let removed = self.remove.iter().map(|label| json!({"remove": label}));
        let labels: Vec<Value> = added.chain(removed).collect();
        if !labels.is_empty() {
            body.insert("update".to_owned(), json!({"labels": labels}));
        }
        if let Some(marker) = marker {
            let marker = marker.clone().having_written(self.once_written().written);
            body.insert("properties".to_owned(), json!([marker.property()]));
            body.insert("historyMetadata".to_owned(), marker.history(generation));
        }
        body.into()
    }

    /// The call in words, with what Jira has and what is written of each field. None where nothing is.
    #[must_use]
    pub fn in_words(&self, live: &Map<String, Value>) -> Option<String> {
        let of = |id: &str| live.get(id).unwrap_or(&Value::Null);
        let fields = self.set.iter().map(|field| {
            let value = field.value.as_ref().unwrap_or(&Value::Null);
            (field.place.as_str(), shown(of(&field.id)), shown(value))
        });
        let had: Vec<&Value> = of(LABELS).as_array().into_iter().flatten().collect();
        let is_removed = |label: &&&Value| self.remove.iter().any(|removed| label.as_str() == Some(removed));
        let kept = had.iter().filter(|label| !is_removed(label)).map(|label| shown(label));
        let new: Vec<String> = kept.chain(self.add.iter().cloned()).collect();
        let old: Vec<String> = had.iter().map(|label| shown(label)).collect();
        let labels = (new != old).then(|| (LABELS, old.join(", "), new.join(", ")));
        let told: Vec<String> = fields
            .chain(labels)
            .map(|(place, old, new)| format!("{place} {old:?} becomes {new:?}"))
            .collect();
        (!told.is_empty()).then(|| format!("PUT /rest/api/3/issue/{{id}}: {}", told.join(", ")))
    }

    /// What was written once the call is made.
    #[must_use]
    pub fn once_written(&self) -> TicketApplied {
        let mut applied = self.applied.clone();
        for field in &self.set {
            let written = AppliedField {
                wanted: field.digest.clone(),
                ..AppliedField::default()
            };
            applied.written.fields.insert(field.place.clone(), written);
            applied.written.refused.remove(&field.id);
        }
        if !(self.add.is_empty() && self.remove.is_empty()) {
            let known: BTreeSet<&String> = applied
                .written
                .labels
                .iter()
                .chain(&applied.written.labels_of_others)
                .collect();
            let new: Vec<String> = self
                .add
                .iter()
                .filter(|label| !known.contains(label))
                .cloned()
                .collect();
            applied.written.labels.extend(new);
            applied.written.labels.retain(|label| !self.remove.contains(label));
            applied.written.refused.remove(LABELS);
            note_labels(&mut applied, self.labels.as_ref());
        }
        // What Jira makes of it is yet to be seen.
        applied.compared = None;
        applied
    }

    /// What is written down before it is sent: that fields are written back once more.
    #[must_use]
    pub fn begun(&self, before: &TicketApplied, now: &Time) -> TicketApplied {
        let mut applied = before.clone();
        for (place, by) in &self.back {
            let kept = applied.kept_fields.remove(place);
            let field = self.set.iter().find(|field| field.place == *place);
            let wanted = field.map(|field| &field.digest).or(self.labels.as_ref());
            let kept = once_more(kept, wanted.cloned().unwrap_or_default(), now.clone(), by.clone());
            applied.kept_fields.insert(place.clone(), kept);
        }
        applied
    }

    /// The same without the fields that Jira refused, and their places with its words. None where it refused none of
    /// those that were sent.
    #[must_use]
    pub fn without_refused(mut self, refusal: &Refusal) -> (Self, Vec<(String, String)>) {
        let mut refused = Vec::new();
        for (id, words) in &refusal.fields {
            if id == LABELS && !(self.add.is_empty() && self.remove.is_empty()) {
                (self.add, self.remove) = (Vec::new(), Vec::new());
                refused.push((LABELS.to_owned(), words.clone()));
            }
            let of_id = self.set.iter().filter(|field| field.id == *id);
            refused.extend(of_id.map(|field| (field.place.clone(), words.clone())));
            self.set.retain(|field| field.id != *id);
        }
        self.back
            .retain(|place, _| !refused.iter().any(|(other, _)| other == place));
        (self, refused)
    }

    /// The same with plain paragraphs in the place of documents with a form. None where there is none.
    #[must_use]
    pub fn unformatted(mut self) -> Option<Self> {
        let mut is_changed = false;
        for value in self.set.iter_mut().filter_map(|field| field.value.as_mut()) {
            is_changed |= text::unformat(value);
        }
        is_changed.then_some(self)
    }

    /// The places that are written.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        let labels = (!(self.add.is_empty() && self.remove.is_empty())).then_some(LABELS);
        self.set
            .iter()
            .map(|field| field.place.as_str())
            .chain(labels)
            .collect()
    }

    /// Writes down when it was compared.
    #[must_use]
    pub fn compared(&self, updated: &str) -> TicketApplied {
        TicketApplied {
            compared: Some(updated.to_owned()),
            ..self.applied.clone()
        }
    }
}

/// Writes down that the labels are as the spec says.
pub fn note_labels(applied: &mut TicketApplied, digest: Option<&String>) {
    match digest {
        Some(digest) => {
            let written = AppliedField {
                wanted: digest.clone(),
                ..AppliedField::default()
            };
            applied.written.fields.insert(LABELS.to_owned(), written);
        }
        None => {
            applied.written.fields.remove(LABELS);
        }
    }
}

/// What was written of the fields of a ticket, in the place of what stands there of them; all else stays.
pub fn put_fields(applied: &mut TicketApplied, of_fields: TicketApplied) {
    applied.written = of_fields.written;
    applied.compared = of_fields.compared;
    applied.kept_fields = of_fields.kept_fields;
}
