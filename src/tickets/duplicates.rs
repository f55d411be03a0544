//! Issues that carry the marker of another issue: one creation that became two. Pure.

use std::collections::BTreeMap;

use super::{
    bound_ticket::BoundTicket,
    identity::{Identity, Marker, PROPERTY},
};
use crate::atlassian::ticket_models::MarkedIssue;

/// Keys of the issues that carry the marker of a ticket and are not it, by the id of the ticket. Only what the account
/// created counts, since people's copies of a ticket carry its marker too; what is done counts no more. Of several
/// creations of one object each has a number of its own, so where the ticket is among the issues the number has to be
/// the same.
#[must_use]
pub fn duplicates(tickets: &[BoundTicket], issues: &[MarkedIssue], account: &str) -> BTreeMap<u64, Vec<String>> {
    let marker = |issue: &MarkedIssue| issue.properties.get(PROPERTY).and_then(Marker::read);
    let is_ours = |issue: &MarkedIssue| {
        let creator = issue.issue.fields.creator.as_ref();
        creator.is_some_and(|who| who.account_id == account)
    };
    let read = issues
        .iter()
        .filter_map(|issue| Some((issue.id()?, issue, marker(issue)?)));
    let read: Vec<(u64, &MarkedIssue, Marker)> = read.collect();
    let mut by_identity: BTreeMap<&Identity, Vec<&(u64, &MarkedIssue, Marker)>> = BTreeMap::new();
    for one in &read {
        by_identity.entry(&one.2.identity).or_default().push(one);
    }
    let of_ticket = |ticket: &BoundTicket| {
        let alike = by_identity.get(ticket.identity.as_ref()?)?;
        let own = alike
            .iter()
            .find(|(id, ..)| *id == ticket.id)
            .map(|(.., marker)| marker.n);
        let others = alike
            .iter()
            .filter(|(id, issue, marker)| *id != ticket.id && own.is_none_or(|n| n == marker.n) && is_ours(issue))
            .filter(|(_, issue, _)| !is_done(issue));
        let mut keys: Vec<String> = others.map(|(_, issue, _)| issue.issue.key.clone()).collect();
        keys.sort();
        keys.dedup();
        (!keys.is_empty()).then_some((ticket.id, keys))
    };
    tickets.iter().filter_map(of_ticket).collect()
}

fn is_done(issue: &MarkedIssue) -> bool {
    let status = issue.issue.fields.status.as_ref();
    status.is_some_and(|status| {
        status
            .status_category
            .as_ref()
            .is_some_and(|category| category.key == "done")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn issue(id: u64, n: i64, creator: &str, category: &str) -> MarkedIssue {
        let marker = Marker {
            v: 1,
            identity: Identity::of("app", "shop", "a"),
            n,
            scope: "app".into(),
            namespace: "shop".into(),
            name: "a".into(),
            uid: "u".into(),
            kept: crate::tickets::Kept::default(),
            former: None,
        };
        serde_json::from_value(json!({
            "id": id.to_string(), "key": format!("SUP-{id}"), "properties": {PROPERTY: marker.value()},
            "fields": {"creator": {"accountId": creator}, "status": {"statusCategory": {"key": category}}},
        }))
        .unwrap()
    }

    #[test]
    fn only_another_open_issue_of_ours_with_the_same_number_is_a_duplicate() {
        let ticket = BoundTicket {
            id: 1,
            project_id: "10000".into(),
            is_desk: false,
            loss: None,
            identity: Some(Identity::of("app", "shop", "a")),
            duplicates: Vec::new(),
        };
        let all = [
            issue(1, 1, "bot", "new"),
            issue(2, 1, "bot", "new"),
            issue(3, 2, "bot", "new"),
            issue(4, 1, "ann", "new"),
            issue(5, 1, "bot", "done"),
        ];
        let found = |issues: &[MarkedIssue]| duplicates(std::slice::from_ref(&ticket), issues, "bot");
        assert_eq!(found(&all), BTreeMap::from([(1, vec!["SUP-2".to_owned()])]));
        // Where the ticket itself is not among them, its number is not known: it is read next.
        let both = vec!["SUP-2".to_owned(), "SUP-3".to_owned()];
        assert_eq!(found(&all[1..]), BTreeMap::from([(1, both)]));
        assert!(found(&all[..1]).is_empty());
        let other = BoundTicket {
            identity: Some(Identity::of("app", "shop", "b")),
            ..ticket.clone()
        };
        assert!(duplicates(&[other], &all, "bot").is_empty());
    }
}
