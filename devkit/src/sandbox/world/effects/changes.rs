//! Edits and transitions, what the history tells of them, and automation that sets them back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::Step;
use crate::sandbox::world::attached::Change;
use crate::sandbox::world::issue::Values;
use crate::sandbox::world::ledger::Operation;
use crate::sandbox::world::site::Site;
use crate::sandbox::world::tickets::DueReversal;
use crate::sandbox::world::write::{Author, NewComment, Receipt};

/// Who sets back what people change.
const AUTOMATION: &str = "712020:2da11470-bcdf-47b1-a764-a25f49a695a9";

impl Site {
    /// Whether automation has something to set back by now.
    pub(crate) fn has_due_reversals(&self, now: Timestamp) -> bool {
        self.tickets.due.iter().any(|due| due.at <= now)
    }

    /// Lets automation set back what it was waiting for.
    pub(crate) fn reverse_due(&mut self, now: Timestamp) {
        let all = std::mem::take(&mut self.tickets.due);
        let (due, later) = all.into_iter().partition(|due| due.at <= now);
        self.tickets.due = later;
        for DueReversal { issue, values, .. } in due {
            set_back(self, issue, values, now);
        }
    }
}

fn set_back(site: &mut Site, issue: u64, values: Values, now: Timestamp) {
    let automation = Author::person(AUTOMATION);
    let seen = site.webhooks.happened();
    let mut step = Step {
        site,
        author: &automation,
        now,
    };
    step.set_back(issue, values);
    site.webhooks.sign(seen, automation.account_id.as_deref());
}

impl Step<'_> {
    pub(super) fn edit(&mut self, id: u64, values: Values, properties: BTreeMap<String, Value>) -> Option<Receipt> {
        let former = self.set_all(id, values, properties.clone(), false)?;
        if let Some(effect) = self.enter(Operation::Edit, id) {
            effect.changed = former.keys().cloned().collect();
            effect.properties = properties;
        }
        self.revert(id, former);
        Some(Receipt {
            issue: id,
            ..Receipt::default()
        })
    }

    /// Into a status, also into the one that it is in, which is told to watchers like any other move.
    pub(super) fn transition(
        &mut self,
        id: u64,
        (to, mut values): (String, Values),
        properties: BTreeMap<String, Value>,
        comment: Option<Box<NewComment>>,
    ) -> Option<Receipt> {
        values.insert("status".to_owned(), to.into());
        let former = self.set_all(id, values, properties.clone(), true)?;
        if let Some(effect) = self.enter(Operation::Transition, id) {
            effect.changed = former.keys().cloned().collect();
            effect.properties = properties;
        }
        if let Some(comment) = comment {
            self.comment(id, *comment);
        }
        self.revert(id, former);
        Some(Receipt {
            issue: id,
            ..Receipt::default()
        })
    }

    fn set_back(&mut self, id: u64, mut values: Values) {
        match values.remove("status") {
            Some(Value::String(status)) => self.transition(id, (status, values), BTreeMap::new(), None),
            _ => self.edit(id, values, BTreeMap::new()),
        };
    }

    /// Sets values and answers what stood there before, of those that are other values.
    fn set_all(
        &mut self,
        id: u64,
        values: Values,
        properties: BTreeMap<String, Value>,
        is_move: bool,
    ) -> Option<Values> {
        let (now, me, history) = (self.now, self.me(), self.author.history.clone());
        let workflow = self.site.issue_by_id(id)?.0.workflow.clone();
        let (former, items) = self.change(id, |issue| {
            let named: Vec<String> = values.keys().cloned().chain(["resolution".to_owned()]).collect();
            let before: Values = named.iter().map(|field| (field.clone(), issue.value(field))).collect();
            for (field, value) in values {
                issue.set_value(&field, value);
            }
            issue.properties.extend(properties);
            if is_move {
                issue.follow_status(&workflow, now);
            }
            let after = |field: &String| issue.value(field);
            let former: Values = before
                .into_iter()
                .filter(|(field, value)| after(field) != *value)
                .collect();
            let items = former
                .iter()
                .map(|(field, value)| (field.clone(), value.clone(), after(field)));
            let items: Vec<_> = items.collect();
            if is_move || !former.is_empty() {
                issue.updated = now;
            }
            (former, items)
        })?;
        if !items.is_empty() {
            let change = Change {
                id: self.site.tickets.next_id(),
                author: me,
                at: now,
                items,
                history,
            };
            self.site.tickets.attached.entry(id).or_default().changes.push(change);
        }
        Some(former)
    }

    /// Lets automation set back what it does not like to be changed, at once or after a while.
    fn revert(&mut self, id: u64, former: Values) {
        if self.author.account_id.as_deref() == Some(AUTOMATION) {
            return;
        }
        let (mut at_once, now) = (Values::new(), self.now);
        for (field, value) in former {
            let rules = &self.site.tickets.reversals;
            let Some(rule) = rules.iter().find(|rule| rule.issue == id && rule.field == field) else {
                continue;
            };
            if rule.after.is_zero() {
                at_once.insert(field, value);
            } else {
                let due = DueReversal {
                    at: now.checked_add(rule.after).unwrap_or(now),
                    issue: id,
                    values: Values::from([(field, value)]),
                };
                self.site.tickets.due.push(due);
            }
        }
        if !at_once.is_empty() {
            set_back(self.site, id, at_once, now);
        }
    }
}
