//! Writes to links, inside of Jira and out of it.

use serde_json::Value;

use super::Step;
use crate::sandbox::world::attached::{IssueLink, RemoteLink};
use crate::sandbox::world::ledger::Operation;
use crate::sandbox::world::write::Receipt;

impl Step<'_> {
    pub(super) fn link_remotely(&mut self, issue: u64, global_id: Option<String>, body: Value) -> Option<Receipt> {
        self.touch(issue)?;
        let fresh = self.site.tickets.next_id();
        let links = &mut self.site.tickets.attached.entry(issue).or_default().remote_links;
        let same = |link: &&mut RemoteLink| global_id.is_some() && link.global_id == global_id;
        let (part, created) = if let Some(link) = links.iter_mut().find(same) {
            link.body = body;
            (link.id, false)
        } else {
            links.push(RemoteLink {
                id: fresh,
                global_id: global_id.clone(),
                body,
            });
            (fresh, true)
        };
        self.enter_change(Operation::RemoteLink, issue, &global_id.unwrap_or_default());
        Some(Receipt {
            issue,
            part,
            created,
            ..Receipt::default()
        })
    }

    pub(super) fn delete_remote_link(&mut self, issue: u64, link: u64) -> Option<Receipt> {
        let links = &mut self.site.tickets.attached.get_mut(&issue)?.remote_links;
        let at = links.iter().position(|known| known.id == link)?;
        let gone = links.remove(at);
        self.touch(issue)?;
        self.enter_change(Operation::DeleteRemoteLink, issue, &gone.global_id.unwrap_or_default());
        Some(Receipt {
            issue,
            part: link,
            created: false,
            ..Receipt::default()
        })
    }

    /// Links two issues; a link that is there already stays the only one.
    pub(super) fn link(&mut self, kind: &str, inward: u64, outward: u64) -> Option<Receipt> {
        let links = self.site.attached(outward).map_or(&[][..], |own| &own.issue_links);
        let same = |link: &&IssueLink| link.kind == kind && link.other == inward && link.inward;
        if let Some(link) = links.iter().find(same) {
            return Some(Receipt {
                issue: outward,
                part: link.id,
                created: false,
                ..Receipt::default()
            });
        }
        let id = self.site.tickets.next_id();
        for (issue, other, is_inward) in [(outward, inward, true), (inward, outward, false)] {
            let link = IssueLink {
                id,
                kind: kind.to_owned(),
                other,
                inward: is_inward,
            };
            let attached = self.site.tickets.attached.entry(issue).or_default();
            attached.issue_links.push(link);
            self.touch(issue)?;
        }
        self.enter_change(Operation::IssueLink, outward, kind);
        Some(Receipt {
            issue: outward,
            part: id,
            created: true,
            ..Receipt::default()
        })
    }
}
