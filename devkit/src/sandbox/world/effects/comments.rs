//! Writes to comments.

use serde_json::Value;

use super::Step;
use crate::sandbox::world::attached::Comment;
use crate::sandbox::world::happening::Event;
use crate::sandbox::world::ledger::Operation;
use crate::sandbox::world::write::{NewComment, Receipt};

impl Step<'_> {
    /// The issue is as new as its comment, of which webhooks tell by itself.
    fn touch_by_comment(&mut self, issue: u64) -> Option<()> {
        let seen = self.site.webhooks.happened();
        self.touch(issue)?;
        if !self.site.webhooks.rules.comment_updates_issue {
            self.site.webhooks.take_back(seen);
        }
        Some(())
    }

    pub(super) fn comment(&mut self, issue: u64, new: NewComment) -> Option<Receipt> {
        let id = self.site.tickets.next_id();
        let comment = Comment {
            id,
            author: self.me(),
            update_author: self.me(),
            body: new.body,
            wiki: new.wiki,
            internal: new.internal,
            visibility: new.visibility,
            properties: new.properties.clone(),
            created: self.now,
            updated: self.now,
        };
        self.touch_by_comment(issue)?;
        self.site
            .tell_comment(Event::CommentCreated, issue, comment.clone(), self.now);
        let attached = self.site.tickets.attached.entry(issue).or_default();
        attached.comments.push(comment);
        let effect = self.enter(Operation::Comment, issue)?;
        effect.comment_id = Some(id);
        effect.internal = Some(new.internal);
        effect.properties = new.properties;
        Some(Receipt {
            issue,
            part: id,
            created: true,
            ..Receipt::default()
        })
    }

    /// Changes a comment that is there; says which issue it is on.
    fn change_comment<T>(&mut self, id: u64, change: impl FnOnce(&mut Comment) -> T) -> Option<(u64, T)> {
        let issue = self.site.comment(id)?.0;
        let attached = self.site.tickets.attached.get_mut(&issue)?;
        let comment = attached.comments.iter_mut().find(|comment| comment.id == id)?;
        Some((issue, change(comment)))
    }

    pub(super) fn edit_comment(&mut self, id: u64, new: NewComment) -> Option<Receipt> {
        let (me, now, properties) = (self.me(), self.now, new.properties.clone());
        let (issue, edited) = self.change_comment(id, |comment| {
            comment.body = new.body;
            comment.wiki = new.wiki;
            comment.visibility = new.visibility;
            // Only whoever sends the property anew changes who may read it.
            comment.internal = new.internal;
            comment.properties.extend(new.properties);
            comment.update_author = me;
            comment.updated = now;
            comment.clone()
        })?;
        let internal = edited.internal;
        self.touch_by_comment(issue)?;
        self.site.tell_comment(Event::CommentUpdated, issue, edited, self.now);
        let effect = self.enter(Operation::EditComment, issue)?;
        effect.comment_id = Some(id);
        effect.internal = Some(internal);
        effect.properties = properties;
        Some(Receipt {
            issue,
            part: id,
            created: false,
            ..Receipt::default()
        })
    }

    pub(super) fn delete_comment(&mut self, id: u64) -> Option<Receipt> {
        let (issue, gone) = self.site.comment(id)?;
        let gone = gone.clone();
        let attached = self.site.tickets.attached.get_mut(&issue)?;
        attached.comments.retain(|comment| comment.id != id);
        self.touch_by_comment(issue)?;
        self.site.tell_comment(Event::CommentDeleted, issue, gone, self.now);
        self.enter(Operation::DeleteComment, issue)?.comment_id = Some(id);
        Some(Receipt {
            issue,
            part: id,
            created: false,
            ..Receipt::default()
        })
    }

    pub(super) fn set_comment_property(&mut self, id: u64, key: String, value: Option<Value>) -> Option<Receipt> {
        let set = value.clone();
        let (issue, before) = self.change_comment(id, |comment| match value {
            Some(value) => comment.properties.insert(key.clone(), value),
            None => comment.properties.remove(&key),
        })?;
        let operation = match set {
            Some(_) => Operation::SetCommentProperty,
            None => Operation::DeleteCommentProperty,
        };
        let effect = self.enter(operation, issue)?;
        effect.comment_id = Some(id);
        effect.changed.push(key.clone());
        effect.properties.extend(set.map(|value| (key, value)));
        Some(Receipt {
            issue,
            part: id,
            created: before.is_none(),
            ..Receipt::default()
        })
    }
}
