//! The queries by which issues are found: pure text. Dates are epoch milliseconds, because JQL reads
//! any other form in the time zone of whoever searches (facts of the field: airbyte issue 48492).

use crate::api::integration::MirrorMode;

/// Most projects in one query.
pub const PROJECTS: usize = 400;

/// A project whose issues are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedProject {
    /// Jira's id of it.
    pub id: String,
    /// Its key now.
    pub key: String,
    /// The key that the spec gives it.
    pub declared: String,
    /// What narrows it.
    pub jql: Option<String>,
    /// Whether it is a service project, in which customers hold permissions too.
    pub is_desk: bool,
}

/// What changed since a time, in these projects. It has neither filter nor jql, so that an issue
/// that leaves them is seen.
#[must_use]
pub fn changed(ids: &[&str], since: i64) -> String {
    format!("{} AND updated >= {since} ORDER BY updated ASC, key ASC", within(ids))
}

/// Everything in these projects, what was updated last first.
#[must_use]
pub fn newest(ids: &[&str]) -> String {
    format!("{} ORDER BY updated DESC", within(ids))
}

/// What is to be mirrored. A jql goes with one project.
#[must_use]
pub fn matching(ids: &[&str], mode: MirrorMode, jql: Option<&str>) -> String {
    let narrowed = jql.map(|jql| format!(" AND ({jql})")).unwrap_or_default();
    let open = match mode {
        MirrorMode::All => "",
        MirrorMode::Open | MirrorMode::None => " AND statusCategory != Done",
    };
    format!("{}{open}{narrowed}", within(ids))
}

/// The same, what was updated last first: within these times, both included, in epoch milliseconds.
#[must_use]
pub fn latest(matching: &str, from: Option<i64>, until: Option<i64>) -> String {
    let from = from.map(|from| format!(" AND updated >= {from}")).unwrap_or_default();
    let until = until
        .map(|until| format!(" AND updated <= {until}"))
        .unwrap_or_default();
    format!("{matching}{from}{until} ORDER BY updated DESC, key DESC")
}

/// The same, what was created first first: from the first time on and before the second one. Nothing
/// that happens to an issue moves it in this order, or from one such window to another.
#[must_use]
pub fn window(matching: &str, from: Option<i64>, before: Option<i64>) -> String {
    let from = from.map(|from| format!(" AND created >= {from}")).unwrap_or_default();
    let before = before
        .map(|before| format!(" AND created < {before}"))
        .unwrap_or_default();
    format!("{matching}{from}{before} ORDER BY created ASC, key ASC")
}

/// These issues.
#[must_use]
pub fn among(ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    format!("id in ({})", ids.join(", "))
}

fn within(ids: &[&str]) -> String {
    format!("project in ({})", ids.join(", "))
}

/// The project that a refused query is refused for, if Jira's words name one.
#[must_use]
pub fn blamed<'p>(message: &str, projects: &[&'p FollowedProject]) -> Option<&'p FollowedProject> {
    let quoted = |text: &str| {
        ["'", "\""]
            .iter()
            .any(|mark| message.contains(&format!("{mark}{text}{mark}")))
    };
    let named = |project: &&&FollowedProject| quoted(&project.id) || quoted(&project.key);
    projects.iter().find(named).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jql_stays_in_its_parentheses_and_dates_are_milliseconds() {
        let query = matching(&["10000"], MirrorMode::Open, Some("labels = a OR labels = b"));
        let expected = "project in (10000) AND statusCategory != Done AND (labels = a OR labels = b)";
        assert_eq!(query, expected);
        assert_eq!(
            latest(&query, None, Some(7)),
            format!("{expected} AND updated <= 7 ORDER BY updated DESC, key DESC")
        );
        assert_eq!(
            window(&query, Some(1), Some(2)),
            format!("{expected} AND created >= 1 AND created < 2 ORDER BY created ASC, key ASC")
        );
        assert!(!matching(&["1"], MirrorMode::All, None).contains("statusCategory"));
        assert_eq!(
            changed(&["1", "2"], 1_732_877_091_000),
            "project in (1, 2) AND updated >= 1732877091000 ORDER BY updated ASC, key ASC"
        );
    }

    #[test]
    fn the_project_that_is_blamed_is_found_by_id_or_key() {
        let project = |id: &str, key: &str| FollowedProject {
            id: id.into(),
            key: key.into(),
            declared: key.into(),
            jql: None,
            is_desk: false,
        };
        let (one, two) = (project("1", "SUP"), project("11", "ENG"));
        let all = [&one, &two];
        let blame = |text: &str| blamed(text, &all).map(|p| p.key.as_str());
        assert_eq!(
            blame("The value '11' does not exist for the field 'project'."),
            Some("ENG")
        );
        assert_eq!(
            blame("The value 'SUP' does not exist for the field 'project'."),
            Some("SUP")
        );
        assert_eq!(blame("Something else."), None);
    }
}
