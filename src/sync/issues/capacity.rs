//! The mirror has room for so many issues, those that were updated last. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{index::Index, mirrored_issue::MirroredIssue};

/// What is to be written so that there are at most so many: issues that are new or different, and
/// ids that make room for them, oldest first.
pub(super) struct Capacity {
    pub(super) puts: Vec<MirroredIssue>,
    pub(super) pushed_out: Vec<u64>,
    /// Something finds no room, or not any more.
    pub(super) is_short: bool,
}

/// Decides before anything is written, so that nothing is written only to be removed.
pub(super) fn capacity(index: &Index, max: usize, issues: Vec<MirroredIssue>) -> Capacity {
    let one_of_each: BTreeMap<u64, MirroredIssue> = issues.into_iter().map(|issue| (issue.id, issue)).collect();
    let is_new = |issue: &&MirroredIssue| index.get(issue.id).is_none();
    let new = one_of_each.values().filter(is_new).count();
    let surplus = (index.len() + new).saturating_sub(max);
    let others = index.by_update().filter(|(_, id)| !one_of_each.contains_key(id));
    let mut oldest: Vec<(i64, u64)> = others.take(surplus).collect();
    oldest.extend(one_of_each.values().map(|issue| (issue.updated, issue.id)));
    oldest.sort_unstable();
    oldest.truncate(surplus);
    let without: BTreeSet<u64> = oldest.iter().map(|(_, id)| *id).collect();
    let differs = |issue: &MirroredIssue| index.get(issue.id).is_none_or(|known| known.digest != issue.digest);
    let puts = one_of_each
        .into_values()
        .filter(|issue| !without.contains(&issue.id) && differs(issue));
    Capacity {
        puts: puts.collect(),
        is_short: !without.is_empty(),
        pushed_out: oldest
            .into_iter()
            .map(|(_, id)| id)
            .filter(|id| index.get(*id).is_some())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sync::{
        issues::{
            followed::FollowedProjects,
            index::{IndexEntry, StoredObject},
            mirrored_issue::MappingContext,
        },
        phase::Phases,
    };

    fn issue(id: u64, second: u32) -> MirroredIssue {
        let updated = format!("2026-04-28T15:33:{second:02}.000+0000");
        let issue = serde_json::json!({"id": id, "key": format!("A-{id}"), "fields": {"updated": updated}});
        let mapping = MappingContext {
            site_url: "https://acme.atlassian.net",
            phases: &Phases::default(),
            projects: &FollowedProjects::default(),
        };
        MirroredIssue::from_jira(serde_json::from_value(issue).unwrap(), mapping).unwrap()
    }

    #[test]
    fn nothing_is_written_only_to_be_removed() {
        let mut index = Index::default();
        for id in 1..=3 {
            let issue = issue(id, u32::try_from(id).unwrap());
            index.insert(id, IndexEntry::of(&issue, StoredObject::default()));
        }
        let plan = |issues: Vec<MirroredIssue>| {
            let Capacity { puts, pushed_out, .. } = capacity(&index, 4, issues);
            (puts.iter().map(|issue| issue.id).collect::<Vec<_>>(), pushed_out)
        };
        assert_eq!(plan(vec![issue(4, 0)]), (vec![4], vec![]), "there is room");
        assert_eq!(plan(vec![issue(4, 9), issue(5, 8), issue(6, 0)]), (vec![4, 5], vec![1]));
        assert_eq!(
            plan(vec![issue(1, 7), issue(4, 9), issue(5, 8)]),
            (vec![1, 4, 5], vec![2])
        );
        assert_eq!(plan(vec![issue(2, 2)]), (vec![], vec![]), "it is as it was");
    }
}
