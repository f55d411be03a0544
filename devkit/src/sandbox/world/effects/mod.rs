//! Carries writes out, each in one step, and enters them into the ledger.

mod changes;
mod comments;
mod links;
mod webhooks;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::sandbox::world::issue::Issue;
use crate::sandbox::world::ledger::{Effect, Operation};
use crate::sandbox::world::site::Site;
use crate::sandbox::world::write::{Author, NewIssue, Receipt, Write};

impl Site {
    /// Carries a write out; `None` when what it is about is not there.
    pub(crate) fn carry_out(&mut self, author: &Author, write: Write, now: Timestamp) -> Option<Receipt> {
        let seen = self.webhooks.happened();
        let mut step = Step {
            site: self,
            author,
            now,
        };
        let receipt = step.perform(write);
        self.webhooks.sign(seen, author.account_id.as_deref());
        receipt
    }
}

/// One write on its way.
struct Step<'a> {
    site: &'a mut Site,
    author: &'a Author,
    now: Timestamp,
}

impl Step<'_> {
    fn perform(&mut self, write: Write) -> Option<Receipt> {
        match write {
            Write::Create(new) => self.create(*new),
            Write::Edit {
                issue,
                values,
                properties,
            } => self.edit(issue, values, properties),
            Write::Transition {
                issue,
                to,
                values,
                properties,
                comment,
            } => self.transition(issue, (to, values), properties, comment),
            Write::Property { issue, key, value } => self.set_property(issue, key, value),
            Write::Comment { issue, comment } => self.comment(issue, *comment),
            Write::EditComment { comment, new } => self.edit_comment(comment, *new),
            Write::DeleteComment { comment } => self.delete_comment(comment),
            Write::CommentProperty { comment, key, value } => self.set_comment_property(comment, key, value),
            Write::RemoteLink { issue, global_id, body } => self.link_remotely(issue, global_id, body),
            Write::DeleteRemoteLink { issue, link } => self.delete_remote_link(issue, link),
            Write::IssueLink { kind, inward, outward } => self.link(&kind, inward, outward),
            Write::Participants { issue, accounts, added } => self.change_participants(issue, accounts, added),
            Write::Clone { issue, summary } => self.clone_issue(issue, &summary),
            Write::Move { issue, project } => self.move_issue(issue, project),
            Write::Delete { issue } => self.delete(issue),
            Write::RegisterWebhooks { url, webhooks } => self.register_webhooks(&url, webhooks),
            Write::DeleteWebhooks { ids } => self.delete_webhooks(&ids),
            Write::RefreshWebhooks { ids } => self.refresh_webhooks(&ids),
        }
    }

    fn me(&self) -> String {
        self.author.account_id.clone().unwrap_or_default()
    }

    /// Enters an effect, to be completed by the caller.
    fn enter(&mut self, operation: Operation, issue: u64) -> Option<&mut Effect> {
        let (project, found) = self.site.issue_by_id(issue)?;
        let issue_key = format!("{}-{}", project.key, found.number);
        let ledger = &mut self.site.tickets.ledger;
        ledger.push(Effect {
            sequence: ledger.len() as u64,
            at: self.now,
            account_id: self.author.account_id.clone(),
            client_id: self.author.client_id.clone(),
            operation,
            issue_id: issue,
            issue_key,
            changed: Vec::new(),
            properties: BTreeMap::new(),
            comment_id: None,
            internal: None,
            history_metadata: self.author.history.clone(),
        });
        ledger.last_mut()
    }

    /// The same for one thing that changed.
    fn enter_change(&mut self, operation: Operation, issue: u64, changed: &str) {
        if let Some(effect) = self.enter(operation, issue) {
            effect.changed.push(changed.to_owned());
        }
    }

    /// Changes an issue; search follows as late as it does.
    fn change<T>(&mut self, id: u64, change: impl FnOnce(&mut Issue) -> T) -> Option<T> {
        let (project, issue) = self.site.issue_by_id(id)?;
        let (project, mut issue) = (project.id, issue.clone());
        let changed = change(&mut issue);
        self.site.write_issue(project, issue, self.now);
        Some(changed)
    }

    /// The issue is as new as what now hangs on it.
    fn touch(&mut self, id: u64) -> Option<()> {
        let now = self.now;
        self.change(id, |issue| issue.updated = now)
    }

    fn create(&mut self, new: NewIssue) -> Option<Receipt> {
        let now = self.now;
        let changed: Vec<String> = new.values.keys().cloned().collect();
        let properties = new.properties.clone();
        let id = self
            .site
            .add_issue_with(new.project, "", &new.creator, now, |_, issue| {
                for (field, value) in new.values {
                    issue.set_value(&field, value);
                }
                issue.properties = new.properties;
                issue.request = new.request;
            })?;
        if let Some(effect) = self.enter(Operation::Create, id) {
            effect.changed = changed;
            effect.properties = properties;
        }
        Some(Receipt {
            issue: id,
            created: true,
            ..Receipt::default()
        })
    }

    fn set_property(&mut self, id: u64, key: String, value: Option<Value>) -> Option<Receipt> {
        let set = value.clone();
        let before = self.change(id, |issue| match value {
            Some(value) => issue.properties.insert(key.clone(), value),
            None => issue.properties.remove(&key),
        })?;
        let operation = match set {
            Some(_) => Operation::SetProperty,
            None => Operation::DeleteProperty,
        };
        let effect = self.enter(operation, id)?;
        effect.changed.push(key.clone());
        effect.properties.extend(set.map(|value| (key, value)));
        Some(Receipt {
            issue: id,
            created: before.is_none(),
            ..Receipt::default()
        })
    }

    fn change_participants(&mut self, id: u64, accounts: Vec<String>, added: bool) -> Option<Receipt> {
        let now = self.now;
        let changed = self.change(id, |issue| {
            let participants = &mut issue.request.get_or_insert_default().participants;
            let mut changed = accounts;
            changed.retain(|account| participants.contains(account) != added);
            if added {
                participants.extend(changed.iter().cloned());
            } else {
                participants.retain(|account| !changed.contains(account));
            }
            issue.updated = now;
            changed
        })?;
        let operation = if added {
            Operation::AddParticipants
        } else {
            Operation::RemoveParticipants
        };
        self.enter(operation, id)?.changed = changed;
        Some(Receipt {
            issue: id,
            ..Receipt::default()
        })
    }

    fn clone_issue(&mut self, model: u64, summary: &str) -> Option<Receipt> {
        let (project, issue) = self.site.issue_by_id(model)?;
        let (project, mut copy, rules) = (project.id, issue.clone(), self.site.tickets.undocumented);
        if !rules.clone_copies_properties {
            copy.properties.clear();
        }
        if !rules.clone_copies_labels {
            copy.labels.clear();
        }
        let (me, now) = (self.me(), self.now);
        let id = self.site.add_issue_with(project, summary, &me, now, |_, issue| {
            copy.id = issue.id;
            copy.number = issue.number;
            copy.status_id.clone_from(&issue.status_id);
            copy.summary.clone_from(&issue.summary);
            copy.creator.clone_from(&issue.creator);
            copy.reporter.clone_from(&issue.reporter);
            (copy.created, copy.updated, copy.resolved) = (now, now, None);
            *issue = copy;
        })?;
        self.enter(Operation::Clone, id);
        Some(Receipt {
            issue: id,
            created: true,
            ..Receipt::default()
        })
    }

    fn move_issue(&mut self, id: u64, project: u64) -> Option<Receipt> {
        self.site.move_issue(id, project, self.now)?;
        self.enter(Operation::Move, id);
        Some(Receipt {
            issue: id,
            ..Receipt::default()
        })
    }

    fn delete(&mut self, id: u64) -> Option<Receipt> {
        self.enter(Operation::Delete, id)?;
        self.site.tell_deletion(id, self.now);
        self.site.delete_issue(id).then_some(Receipt {
            issue: id,
            ..Receipt::default()
        })
    }
}
