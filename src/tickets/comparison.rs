//! Three-way comparison of the fields of a ticket: what the spec wants, what was written last, and what Jira has. It says
//! what is to be written, what people changed, and what both sides changed. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Map, Value};

use super::{
    edit_plan::{EditPlan, note_labels},
    fields_due::is_taken_over,
    history::{Editor, History},
    spec_fields::{LABELS, WantedField, digests},
    values::{digest_of, is_same, shown},
    write_backs::rests_until,
};
use crate::api::issue::{
    AppliedField, ConflictPolicy, JiraIssueSpec, TicketApplied, TicketDrift, WritePolicy, WrittenFields,
};

/// A ticket whose fields are compared.
pub struct Comparison<'a> {
    /// What is wanted.
    pub spec: &'a JiraIssueSpec,
    /// The same as Jira takes it, but for the labels.
    pub wanted: &'a [WantedField],
    /// What was written.
    pub applied: &'a TicketApplied,
    /// What its marker says of that.
    pub marked: &'a WrittenFields,
    /// What Jira has, by its ids of fields.
    pub live: &'a Map<String, Value>,
    /// Since when there is an object that wants it.
    pub since: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
}

impl Comparison<'_> {
    /// Whether only Jira's history tells what is to be done.
    #[must_use]
    pub fn needs_history(&self) -> bool {
        let before = self.base();
        let is_open = |field: &&WantedField| {
            let live = self.live_of(&field.id);
            let written = before.written.fields.get(&field.place);
            let is_changed = written.map_or(!is_same(&Value::Null, live), |written| {
                written.theirs || written.found != digest_of(live)
            });
            let is_other = field.value.as_ref().is_some_and(|value| !is_same(value, live));
            is_other && (is_changed || self.unrecorded(field).is_some())
        };
        let are_labels_open = !self.missing_labels(&before).is_empty() || !self.forgotten_labels(&before).is_empty();
        self.wanted.iter().any(|field| is_open(&field)) || are_labels_open
    }

    /// What is to be done. Without a history nobody has changed anything.
    #[must_use]
    pub fn plan(&self, history: &History<'_>) -> EditPlan {
        let digests = digests(self.spec);
        let is_kept = self.spec.policy().fields == WritePolicy::Keep;
        let mut plan = EditPlan {
            applied: self.base(),
            labels: digests.get(LABELS).cloned(),
            ..EditPlan::default()
        };
        plan.applied
            .written
            .fields
            .retain(|place, _| digests.contains_key(place));
        plan.applied
            .kept_fields
            .retain(|place, kept| is_kept && digests.get(place) == Some(&kept.wanted));
        for field in self.wanted {
            self.judge(field, history, &mut plan);
        }
        self.judge_labels(digests.get(LABELS), history, &mut plan);
        plan
    }

    /// What was written before. Of a ticket that was taken over without a word of that, what Jira has is let stand.
    fn base(&self) -> TicketApplied {
        let mut applied = self.applied.clone();
        if !is_taken_over(&applied) {
            return applied;
        }
        let fields = self.wanted.iter().map(|field| {
            let live = self.live_of(&field.id);
            let written = AppliedField {
                wanted: field.digest.clone(),
                found: digest_of(live),
                theirs: field.value.as_ref().is_some_and(|value| !is_same(value, live)),
            };
            (field.place.clone(), written)
        });
        applied.written.fields = fields.collect();
        applied.written.labels_of_others.clone_from(&self.spec.labels);
        if let Some(digest) = digests(self.spec).remove(LABELS) {
            let written = AppliedField {
                wanted: digest,
                ..AppliedField::default()
            };
            applied.written.fields.insert(LABELS.to_owned(), written);
        }
        applied
    }

    fn live_of(&self, id: &str) -> &Value {
        self.live.get(id).unwrap_or(&Value::Null)
    }

    fn judge(&self, field: &WantedField, history: &History<'_>, plan: &mut EditPlan) {
        let live = self.live_of(&field.id);
        if let Some(lost) = self.lost(field, history) {
            plan.applied.written.fields.insert(field.place.clone(), lost);
        }
        let before = plan.applied.written.fields.get(&field.place).cloned();
        let is_new = before.as_ref().is_none_or(|written| written.wanted != field.digest);
        let written = |found: String| AppliedField {
            wanted: field.digest.clone(),
            found,
            theirs: false,
        };
        let Some(value) = &field.value else {
            plan.applied
                .written
                .fields
                .insert(field.place.clone(), written(String::new()));
            return;
        };
        if is_same(value, live) {
            plan.applied
                .written
                .fields
                .insert(field.place.clone(), written(digest_of(live)));
            plan.applied.written.refused.remove(&field.id);
            return;
        }
        let policy = self.spec.policy();
        let is_refused = plan.applied.written.refused.contains_key(&field.id) && !is_new;
        if is_refused || (is_new && before.is_some() && policy.fields == WritePolicy::Once) {
            return;
        }
        let is_as_left = before.as_ref().is_some_and(|written| written.found == digest_of(live));
        if is_new {
            let is_to_be = is_as_left
                || policy.fields == WritePolicy::Keep
                || policy.on_conflict == ConflictPolicy::Overwrite
                || (before.is_none() && is_same(&Value::Null, live));
            // What stood there before anybody wanted it is nobody's word against the spec.
            let since = if before.is_none() { self.since } else { None };
            match history.editor(&field.id, since) {
                Editor::Other(by, at) if !is_to_be => plan.conflicts.push(drift(&field.place, live, by, at)),
                _ => plan.set.push(field.clone()),
            }
            return;
        }
        let is_theirs = before.as_ref().is_some_and(|written| written.theirs);
        // Jira writes some values in a form of its own.
        if !is_as_left || is_theirs {
            self.judge_unchanged(field, is_theirs, history, plan);
        }
    }

    /// What the marker has of a field that the status lacks.
    fn unrecorded(&self, field: &WantedField) -> Option<&AppliedField> {
        let before = self.applied.written.fields.get(&field.place);
        let is_new = before.is_none_or(|written| written.wanted != field.digest);
        let marked = self.marked.fields.get(&field.place);
        marked.filter(|marked| is_new && marked.wanted == field.digest)
    }

    /// What was written of a field since the ticket was compared last, and could not be written down: the spec says nothing
    /// new then, and whoever changed it since did so after the operator. Where it was not compared since something was
    /// written of it, the marker said the same as the status then.
    fn lost(&self, field: &WantedField, history: &History<'_>) -> Option<AppliedField> {
        let marked = self.unrecorded(field)?;
        let is_lost = match &self.applied.compared {
            Some(compared) => compared
                .parse()
                .is_ok_and(|compared: Timestamp| history.has_own_change(&field.id, compared)),
            None => !is_taken_over(self.applied),
        };
        is_lost.then(|| marked.clone())
    }

    /// A field of which the spec says nothing new, and Jira something else than it should. `is_theirs`: it had that before.
    fn judge_unchanged(&self, field: &WantedField, is_theirs: bool, history: &History<'_>, plan: &mut EditPlan) {
        let live = self.live_of(&field.id);
        match history.editor(&field.id, None) {
            Editor::Nobody if !is_theirs && self.wrote_another(field) => plan.set.push(field.clone()),
            Editor::Nobody if !is_theirs => {
                plan.has_other_form = true;
                let written = AppliedField {
                    wanted: field.digest.clone(),
                    found: digest_of(live),
                    theirs: false,
                };
                plan.applied.written.fields.insert(field.place.clone(), written);
            }
            Editor::Nobody => self.changed(field, (live, None, None), plan),
            Editor::Other(by, at) => self.changed(field, (live, by, at), plan),
        }
    }

    /// Somebody changed a field that the spec says nothing new of.
    fn changed(&self, field: &WantedField, of: (&Value, Option<String>, Option<Timestamp>), plan: &mut EditPlan) {
        let (live, by, at) = of;
        let found = drift(&field.place, live, by.clone(), at);
        if self.is_written_back(found, plan) {
            plan.back.insert(field.place.clone(), by);
            plan.set.push(field.clone());
        }
    }

    /// Whether what somebody changed is written back; else it is told.
    fn is_written_back(&self, found: TicketDrift, plan: &mut EditPlan) -> bool {
        if self.spec.policy().fields != WritePolicy::Keep {
            plan.drift.push(found);
            return false;
        }
        let wanted = digests(self.spec).remove(&found.field).unwrap_or_default();
        match rests_until(plan.applied.kept_fields.get(&found.field), &wanted, self.now) {
            Some(_) => {
                plan.drift.push(found);
                false
            }
            None => true,
        }
    }

    /// Whether the operator wrote something else last and could not write that down: its marker goes with what is written.
    fn wrote_another(&self, field: &WantedField) -> bool {
        let marked = self.marked.fields.get(&field.place);
        marked.is_some_and(|marked| marked.wanted != field.digest)
    }

    /// Labels that the operator added, as the marker says, which could not be written down, and that left the spec since.
    fn forgotten_labels(&self, applied: &TicketApplied) -> Vec<String> {
        let live = self.live_labels();
        let known = |label: &&String| {
            let mut all = self
                .spec
                .labels
                .iter()
                .chain(&applied.written.labels)
                .chain(&applied.written.labels_of_others);
            all.any(|known| known == *label)
        };
        let marked = self.marked.labels.iter().filter(|label| !known(label));
        marked.filter(|label| live.contains(&label.as_str())).cloned().collect()
    }

    /// Labels that were there, or were added, and that somebody removed.
    fn missing_labels(&self, applied: &TicketApplied) -> Vec<String> {
        let known = applied.written.labels.iter().chain(&applied.written.labels_of_others);
        let known: Vec<&String> = known.collect();
        let live = self.live_labels();
        let is_missing = |label: &&String| known.contains(label) && !live.contains(&label.as_str());
        self.spec.labels.iter().filter(is_missing).cloned().collect()
    }

    fn live_labels(&self) -> Vec<&str> {
        let live = self.live_of(LABELS).as_array().into_iter().flatten();
        live.filter_map(Value::as_str).collect()
    }

    /// Labels are compared one by one: those of others are left alone.
    fn judge_labels(&self, digest: Option<&String>, history: &History<'_>, plan: &mut EditPlan) {
        let wanted = &self.spec.labels;
        let (live, before) = (self.live_labels(), plan.applied.clone());
        let is_there = |label: &&String| live.contains(&label.as_str());
        let written = before.written.fields.get(LABELS);
        let is_once = written.is_some() && self.spec.policy().fields == WritePolicy::Once;
        let is_refused = digest.is_some()
            && before.written.refused.contains_key(LABELS)
            && written.map(|written| &written.wanted) == digest;
        if is_once || is_refused {
            return;
        }
        let is_new = |label: &&String| {
            !before.written.labels.contains(label) && !before.written.labels_of_others.contains(label)
        };
        for label in wanted.iter().filter(is_new) {
            match (is_there(&label), self.marked.labels.contains(label)) {
                (true, true) => plan.applied.written.labels.push(label.clone()),
                (true, false) => plan.applied.written.labels_of_others.push(label.clone()),
                (false, _) => plan.add.push(label.clone()),
            }
        }
        let have_left = before.written.labels.iter().filter(|label| !wanted.contains(label));
        plan.remove.extend(have_left.filter(is_there).cloned());
        let forgotten = self.forgotten_labels(&before).into_iter();
        plan.remove
            .extend(forgotten.filter(|label| !history.is_label_of_others(label)));
        plan.applied
            .written
            .labels_of_others
            .retain(|label| wanted.contains(label));
        let removed = &plan.remove;
        plan.applied
            .written
            .labels
            .retain(|label| wanted.contains(label) || removed.contains(label));
        self.judge_missing(self.missing_labels(&before), history, plan);
        if plan.add.is_empty() && plan.remove.is_empty() {
            note_labels(&mut plan.applied, digest);
        }
    }

    /// Labels that somebody removed.
    fn judge_missing(&self, missing: Vec<String>, history: &History<'_>, plan: &mut EditPlan) {
        if missing.is_empty() {
            return;
        }
        let (by, at) = match history.editor(LABELS, None) {
            Editor::Other(by, at) => (by, at),
            Editor::Nobody => (None, None),
        };
        let found = drift(LABELS, self.live_of(LABELS), by.clone(), at);
        if self.is_written_back(found, plan) {
            plan.back.insert(LABELS.to_owned(), by);
            plan.add.extend(missing);
        }
    }
}

fn drift(place: &str, live: &Value, by: Option<String>, at: Option<Timestamp>) -> TicketDrift {
    TicketDrift {
        field: place.to_owned(),
        actual: shown(live),
        by,
        at: at.map(Time),
    }
}

#[cfg(test)]
mod tests;
