//! The fields a query may name.

use super::parser::Operator;

/// A field by what is compared in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Project,
    Key,
    Parent,
    Status,
    Category,
    Type,
    Priority,
    Assignee,
    Reporter,
    Creator,
    Labels,
    Summary,
    Updated,
    Created,
    Resolved,
    Resolution,
    Rank,
}

impl Field {
    /// The field of this name, which is in lower case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "project" => Self::Project,
            "key" | "issuekey" | "id" | "issue" => Self::Key,
            "parent" => Self::Parent,
            "status" => Self::Status,
            "statuscategory" => Self::Category,
            "issuetype" | "type" => Self::Type,
            "priority" => Self::Priority,
            "assignee" => Self::Assignee,
            "reporter" => Self::Reporter,
            "creator" => Self::Creator,
            "labels" => Self::Labels,
            "summary" | "text" => Self::Summary,
            "updated" | "updateddate" => Self::Updated,
            "created" | "createddate" => Self::Created,
            "resolved" | "resolutiondate" => Self::Resolved,
            "resolution" => Self::Resolution,
            "rank" => Self::Rank,
            _ => return None,
        })
    }

    /// Whether it is a point in time.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Updated | Self::Created | Self::Resolved)
    }

    /// Whether the field can be compared in this way.
    pub(super) fn takes(self, operator: Operator) -> bool {
        match operator {
            Operator::Contains | Operator::ContainsNot => self == Self::Summary,
            Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast => {
                self.is_time() || self == Self::Key
            }
            Operator::Equal | Operator::NotEqual | Operator::In | Operator::NotIn => self != Self::Summary,
            Operator::Is | Operator::IsNot => true,
        }
    }
}
