//! Links from a ticket to pages elsewhere. Jira keeps one for each global id, so that setting one again changes nothing,
//! and only those with an id of ours are removed.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::identity::{Identity, PROPERTY};
use crate::{
    api::issue::{AppliedLink, TicketLink},
    atlassian::ticket_models::RemoteLink,
};

/// What is to be done about links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkPlan {
    /// Those that are to be set.
    pub set: Vec<TicketLink>,
    /// Addresses of those that are to be removed.
    pub remove: Vec<String>,
}

impl LinkPlan {
    /// From what the spec wants and what was written to the ticket.
    #[must_use]
    pub fn of(wanted: &[TicketLink], applied: &[AppliedLink]) -> Self {
        let is_set = |link: &&TicketLink| {
            let same = |known: &AppliedLink| known.url == link.url && known.title == link.shown() && !known.pending;
            applied.iter().any(same)
        };
        let is_wanted = |known: &&AppliedLink| wanted.iter().any(|link| link.url == known.url);
        Self {
            set: wanted.iter().filter(|link| !is_set(link)).cloned().collect(),
            remove: applied
                .iter()
                .filter(|known| !is_wanted(known))
                .map(|known| known.url.clone())
                .collect(),
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }

    /// What is written down before anything is sent: so a link whose answer is lost is known, and removed once it leaves
    /// the spec.
    #[must_use]
    pub fn begun(&self, applied: &[AppliedLink]) -> Vec<AppliedLink> {
        let is_touched =
            |known: &AppliedLink| self.remove.contains(&known.url) || self.set.iter().any(|link| link.url == known.url);
        let known = applied.iter().map(|known| AppliedLink {
            pending: known.pending || is_touched(known),
            ..known.clone()
        });
        let is_new = |link: &&TicketLink| !applied.iter().any(|known| known.url == link.url);
        let new = self.set.iter().filter(is_new).map(|link| AppliedLink {
            pending: true,
            ..set(link)
        });
        known.chain(new).collect()
    }
}

/// A link that was set.
fn set(link: &TicketLink) -> AppliedLink {
    AppliedLink {
        url: link.url.clone(),
        title: link.shown().to_owned(),
        pending: false,
    }
}

/// The links that were written to the ticket after some were set and some removed.
#[must_use]
pub fn done(applied: &[AppliedLink], are_set: &[TicketLink], are_removed: &[String]) -> Vec<AppliedLink> {
    let left = applied.iter().filter(|known| !are_removed.contains(&known.url));
    let left = left.map(|known| match are_set.iter().find(|link| link.url == known.url) {
        Some(link) => set(link),
        None => known.clone(),
    });
    left.collect()
}

/// By what Jira knows a link of ours.
#[must_use]
pub fn global_id(identity: &Identity, url: &str) -> String {
    let digest = format!("{:x}", Sha256::digest(url));
    let digest: String = digest.chars().take(20).collect();
    format!("{PROPERTY}:{}:{digest}", identity.as_str())
}

/// Those among the links of a ticket that were set for it, as its id of each says.
#[must_use]
pub fn ours(identity: &Identity, all: &[RemoteLink]) -> Vec<AppliedLink> {
    let is_ours = |link: &&RemoteLink| link.global_id == global_id(identity, &link.object.url);
    let ours = all.iter().filter(is_ours).map(|link| AppliedLink {
        url: link.object.url.clone(),
        title: link.object.title.clone(),
        pending: false,
    });
    ours.collect()
}

/// A link as Jira takes it.
#[must_use]
pub fn body(identity: &Identity, link: &TicketLink) -> Value {
    json!({
        "globalId": global_id(identity, &link.url),
        "object": {"url": link.url, "title": link.shown()},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlassian::ticket_models::LinkedPage;

    fn link(url: &str, title: Option<&str>) -> TicketLink {
        TicketLink {
            url: url.into(),
            title: title.map(str::to_owned),
        }
    }

    fn applied(url: &str, title: &str, pending: bool) -> AppliedLink {
        AppliedLink {
            url: url.into(),
            title: title.into(),
            pending,
        }
    }

    #[test]
    fn what_is_written_already_costs_nothing() {
        let wanted = [link("https://a", Some("A")), link("https://b", None)];
        let written = [
            applied("https://a", "A", false),
            applied("https://b", "https://b", false),
        ];
        assert!(LinkPlan::of(&wanted, &written).is_empty());
        assert!(LinkPlan::of(&[], &[]).is_empty());
    }

    #[test]
    fn a_new_title_is_set_and_what_left_the_spec_is_removed() {
        let wanted = [link("https://a", Some("B")), link("https://c", None)];
        let written = [applied("https://a", "A", false), applied("https://b", "b", false)];
        let plan = LinkPlan::of(&wanted, &written);
        assert_eq!(plan.set, wanted);
        assert_eq!(plan.remove, ["https://b"]);
        let begun = plan.begun(&written);
        assert!(begun.iter().all(|known| known.pending) && begun.len() == 3);
        let after = done(&begun, &wanted, &plan.remove);
        assert!(LinkPlan::of(&wanted, &after).is_empty());
    }

    #[test]
    fn a_link_whose_answer_was_lost_is_set_again_or_removed() {
        let begun = [applied("https://a", "A", true)];
        assert_eq!(LinkPlan::of(&[link("https://a", Some("A"))], &begun).set.len(), 1);
        assert_eq!(LinkPlan::of(&[], &begun).remove, ["https://a"]);
        // Where one of two was set, the other is still to be.
        let both = [applied("https://a", "A", true), applied("https://b", "B", true)];
        let after = done(&both, &[link("https://a", Some("A"))], &[]);
        assert_eq!(
            after,
            [applied("https://a", "A", false), applied("https://b", "B", true)]
        );
    }

    #[test]
    fn only_links_with_an_id_of_the_ticket_and_of_their_address_are_ours() {
        let (one, other) = (Identity::of("app", "shop", "a"), Identity::of("app", "shop", "b"));
        let remote = |global_id: String, url: &str| RemoteLink {
            global_id,
            object: LinkedPage {
                url: url.into(),
                title: "A".into(),
            },
        };
        let all = [
            remote(global_id(&one, "https://a"), "https://a"),
            remote(global_id(&other, "https://b"), "https://b"),
            // A person gave it another address: it is theirs.
            remote(global_id(&one, "https://c"), "https://d"),
            remote(String::new(), "https://e"),
        ];
        assert_eq!(ours(&one, &all), [applied("https://a", "A", false)]);
    }

    #[test]
    fn an_id_is_of_one_ticket_and_one_address_and_short_enough() {
        let (one, other) = (Identity::of("app", "shop", "a"), Identity::of("app", "shop", "b"));
        assert_eq!(global_id(&one, "https://a"), global_id(&one, "https://a"));
        assert_ne!(global_id(&one, "https://a"), global_id(&other, "https://a"));
        assert_ne!(global_id(&one, "https://a"), global_id(&one, "https://b"));
        assert!(global_id(&one, &"a".repeat(2000)).len() <= 255);
    }
}
