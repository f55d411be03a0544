//! The order of results, and the place in it where the next page begins.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::field::Field;
use crate::sandbox::search_cache::Row;
use crate::sandbox::world::{Issue, Project, Site};

/// What results are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Time(Field),
    Summary,
    ProjectName,
    ProjectKey,
    Number,
    Id,
    Status,
    Type,
    Priority,
    Assignee,
    Reporter,
    Creator,
}

/// What of a query's order is compared first, second and so on, and whether downward.
pub(crate) type Order = Vec<(By, bool)>;

/// Adds a field of ORDER BY. A key is a project's key and a number.
pub(super) fn add(order: &mut Order, name: &str, field: Field, downward: bool) {
    let by: &[By] = match field {
        Field::Updated | Field::Created | Field::Resolved => &[By::Time(field)],
        Field::Resolution => &[By::Time(Field::Resolved)],
        Field::Summary => &[By::Summary],
        Field::Project => &[By::ProjectName],
        Field::Status | Field::Category => &[By::Status],
        Field::Type => &[By::Type],
        Field::Priority => &[By::Priority],
        Field::Assignee => &[By::Assignee],
        Field::Reporter => &[By::Reporter],
        Field::Creator => &[By::Creator],
        Field::Rank => &[By::Id],
        Field::Key if name == "id" => &[By::Id],
        Field::Key | Field::Parent | Field::Labels => &[By::ProjectKey, By::Number],
    };
    order.extend(by.iter().map(|by| (*by, downward)));
}

/// A value to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    Number(i64),
    Text(&'a str),
}

fn number(number: u64) -> Value<'static> {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

impl By {
    fn of<'a>(self, project: &'a Project, issue: &'a Issue) -> Value<'a> {
        match self {
            Self::Time(Field::Created) => Value::Number(issue.created.as_millisecond()),
            Self::Time(Field::Resolved) => {
                // What is not resolved stands behind all that is.
                Value::Number(issue.resolved.map_or(i64::MAX, jiff::Timestamp::as_millisecond))
            }
            Self::Time(_) => Value::Number(issue.updated.as_millisecond()),
            Self::Summary => Value::Text(&issue.summary),
            Self::ProjectName => Value::Text(&project.name),
            Self::ProjectKey => Value::Text(&project.key),
            Self::Number => number(issue.number),
            Self::Id => number(issue.id),
            Self::Status => Value::Text(&issue.status_id),
            Self::Type => Value::Text(&issue.type_id),
            Self::Priority => {
                // The lowest id is the highest priority.
                let id = issue.priority_id.as_deref().and_then(|id| id.parse::<i64>().ok());
                Value::Number(id.map_or(i64::MIN, |id| -id))
            }
            Self::Assignee => Value::Text(issue.assignee.as_deref().unwrap_or_default()),
            Self::Reporter => Value::Text(issue.reporter.as_deref().unwrap_or_default()),
            Self::Creator => Value::Text(&issue.creator),
        }
    }
}

/// Compares two issues; where the order leaves them equal, the newest comes first.
pub(super) fn compare(order: &[(By, bool)], left: (&Project, &Issue), right: (&Project, &Issue)) -> Ordering {
    for (by, downward) in order {
        let ordering = by.of(left.0, left.1).cmp(&by.of(right.0, right.1));
        if ordering != Ordering::Equal {
            return if *downward { ordering.reverse() } else { ordering };
        }
    }
    right.1.id.cmp(&left.1.id)
}

/// The last issue of a page, by what it is ordered by. The next page begins behind it, wherever it is by then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    values: Vec<Kept>,
    id: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Number(i64),
    Text(String),
}

impl Cursor {
    /// Behind this issue.
    pub(crate) fn behind(order: &[(By, bool)], project: &Project, issue: &Issue) -> Self {
        let keep = |(by, _): &(By, bool)| match by.of(project, issue) {
            Value::Number(number) => Kept::Number(number),
            Value::Text(text) => Kept::Text(text.to_owned()),
        };
        Self {
            values: order.iter().map(keep).collect(),
            id: issue.id,
        }
    }

    /// Whether an issue stands behind it.
    fn is_before(&self, order: &[(By, bool)], project: &Project, issue: &Issue) -> bool {
        for ((by, downward), kept) in order.iter().zip(&self.values) {
            let kept = match kept {
                Kept::Number(number) => Value::Number(*number),
                Kept::Text(text) => Value::Text(text),
            };
            let ordering = kept.cmp(&by.of(project, issue));
            if ordering != Ordering::Equal {
                return (ordering == Ordering::Less) != *downward;
            }
        }
        issue.id < self.id
    }
}

/// Where in the rows the page behind the cursor begins.
pub(crate) fn start(order: &[(By, bool)], site: &Site, rows: &[Row], cursor: &Cursor) -> usize {
    rows.partition_point(|row| {
        let project = site.projects.get(&row.project);
        project.is_some_and(|project| !cursor.is_before(order, project, &row.issue))
    })
}
