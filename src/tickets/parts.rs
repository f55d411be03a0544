//! The parts of a ticket that it goes without where Jira refuses them: creation is tried once more without each.

use std::fmt;

/// A part that a ticket can go without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Labels: those of the spec, and the one by which it is found.
    Labels,
    /// The reporter.
    Reporter,
    /// The assignee, also where that is nobody.
    Assignee,
    /// A participant, by account id.
    Participant(String),
    /// The formatting of texts.
    Formatting,
    /// A field that is set right after a request was raised, by its id.
    Field(String),
}

const PARTICIPANT: &str = "participant/";
const FIELD: &str = "field/";

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Labels => f.write_str("labels"),
            Self::Reporter => f.write_str("reporter"),
            Self::Assignee => f.write_str("assignee"),
            Self::Participant(id) => write!(f, "{PARTICIPANT}{id}"),
            Self::Formatting => f.write_str("formatting"),
            Self::Field(id) => write!(f, "{FIELD}{id}"),
        }
    }
}

impl Part {
    /// One as it stands in a status.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Some(match text {
            "labels" => Self::Labels,
            "reporter" => Self::Reporter,
            "assignee" => Self::Assignee,
            "formatting" => Self::Formatting,
            other => match (other.strip_prefix(PARTICIPANT), other.strip_prefix(FIELD)) {
                (Some(id), _) => Self::Participant(id.to_owned()),
                (_, Some(id)) => Self::Field(id.to_owned()),
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_back_as_it_was_written() {
        let all = [
            Part::Labels,
            Part::Reporter,
            Part::Assignee,
            Part::Participant("712020:a".into()),
            Part::Formatting,
            Part::Field("priority".into()),
        ];
        for part in all {
            assert_eq!(Part::read(&part.to_string()), Some(part));
        }
        assert_eq!(Part::read("something newer"), None);
    }
}
