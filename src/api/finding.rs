//! What was found out about one condition, with its parts apart: what is so, what is to be noted, what to do, and
//! which other findings stand behind it. They become a message where a person reads it, and no message is taken apart.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::{
    condition_type::ConditionType,
    message::{LONGEST_MESSAGE, shortened, whole_sentence, with_short_tail},
    reason::{Disposition, Holds, Reason},
};

/// What was found out about one condition.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The condition.
    pub condition: ConditionType,
    /// Its reason; True, False or Unknown follows from it.
    pub reason: Reason,
    text: Text,
    additions: Vec<Addition>,
    explained_by: &'static [Reason],
}

/// What a finding says by itself.
#[derive(Clone, Debug)]
enum Text {
    /// It was found out now.
    Found {
        /// What is so.
        what: String,
        /// What to do about it; empty where there is nothing to do.
        remedy: String,
    },
    /// It stands in a status, where an earlier reconcile wrote it, and is kept as it is.
    Carried(String),
}

/// What was added, in the order in which it was.
#[derive(Clone, Debug)]
enum Addition {
    /// A further sentence.
    Note(String),
    /// Another finding about the condition: its first sentence, and its reason where that has no room.
    Also(String, Reason),
}

impl Finding {
    /// A finding that says only what is so.
    #[must_use]
    pub fn new(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self::found(condition, reason, message.into(), "")
    }

    fn found(condition: ConditionType, reason: Reason, what: String, remedy: &str) -> Self {
        let remedy = remedy.to_owned();
        Self {
            condition,
            reason,
            text: Text::Found { what, remedy },
            additions: Vec::new(),
            explained_by: reason.explained_by(),
        }
    }

    /// What an earlier reconcile wrote.
    #[must_use]
    pub fn as_written(condition: ConditionType, reason: Reason, message: &str) -> Self {
        Self {
            text: Text::Carried(message.to_owned()),
            ..Self::new(condition, reason, "")
        }
    }

    /// The finding that a condition was written from, where its reason is still known.
    #[must_use]
    pub fn carried(condition: ConditionType, conditions: &[Condition]) -> Option<Self> {
        let written = conditions.iter().find(|c| c.type_ == condition.as_str())?;
        let reason = Reason::parse(&written.reason)?;
        Some(Self::as_written(condition, reason, &written.message))
    }

    /// A finding of which the table knows the remedy. Where both are too long for a message, `what` is cut short and
    /// the remedy is not.
    #[must_use]
    pub fn with_remedy(condition: ConditionType, reason: Reason, what: &str) -> Self {
        Self::advising(condition, reason, what, reason.entry().remedy)
    }

    /// The same with another remedy, where more is known than the table can.
    #[must_use]
    pub fn advising(condition: ConditionType, reason: Reason, what: &str, remedy: &str) -> Self {
        Self::found(condition, reason, what.to_owned(), remedy)
    }

    /// A finding that says what the table says of the reason.
    #[must_use]
    pub fn plain(condition: ConditionType, reason: Reason) -> Self {
        Self::with_remedy(condition, reason, reason.entry().meaning)
    }

    /// The same with a further sentence, before the table's remedy if that stands at the end. What is said before is
    /// cut short where there is no room.
    #[must_use]
    pub fn noting(mut self, note: &str) -> Self {
        self.additions.push(Addition::Note(note.to_owned()));
        self
    }

    /// The same, where these reasons of the same object tell of the cause already.
    #[must_use]
    pub fn explained_by(self, explained_by: &'static [Reason]) -> Self {
        Self { explained_by, ..self }
    }

    /// The same with other words for these, wherever they stand. What an earlier reconcile wrote stays as it is.
    #[must_use]
    pub fn rewording(mut self, words: &str, by: &str) -> Self {
        let reword = |text: &mut String| *text = text.replace(words, by);
        if let Text::Found { what, remedy } = &mut self.text {
            [what, remedy].into_iter().for_each(reword);
        }
        self
    }

    /// The finding of a condition that was not checked because of this one. What passes by itself asks
    /// nobody to do anything about it.
    #[must_use]
    pub fn skips(&self, condition: ConditionType) -> Self {
        let reason = Reason::skipped_after(self.condition);
        let entry = self.reason.entry();
        let passes = entry.holds == Holds::Unknown && entry.disposition != Disposition::Stalled;
        if !passes || reason == Reason::NotChecked {
            return Self::plain(condition, reason);
        }
        let again = match self.condition {
            ConditionType::SiteReachable | ConditionType::AccountEligible => "the site answers".to_owned(),
            other => format!("{} is True", other.as_str()),
        };
        let message = format!("{} Checked again once {again}.", reason.entry().meaning);
        Self::new(condition, reason, message)
    }

    /// Whether the condition is True.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.reason.entry().holds == Holds::True
    }

    /// Whether one of these reasons of the same object explains it already, so that it need not be repeated.
    #[must_use]
    pub fn is_explained_among(&self, all: impl IntoIterator<Item = Reason>) -> bool {
        all.into_iter().any(|other| self.explained_by.contains(&other))
    }

    /// Of two findings of one condition the graver, whose message names the other. Of two that are as
    /// grave the earlier; where both are True, the later.
    #[must_use]
    pub fn and_then(self, later: Self) -> Self {
        let (mut stands, other) = if self.is_true() || later.reason.entry().gravity > self.reason.entry().gravity {
            (later, self)
        } else {
            (self, later)
        };
        if !other.is_true() && other.message() != stands.message() {
            let also = Addition::Also(other.first_sentence().to_owned(), other.reason);
            stands.additions.push(also);
        }
        stands
    }

    /// The first sentence of what was found out now; of what an earlier reconcile wrote, what its reason means.
    #[must_use]
    pub fn first_sentence(&self) -> &str {
        match &self.text {
            Text::Found { what, .. } => what.split_inclusive(". ").next().unwrap_or_default().trim_end(),
            Text::Carried(_) => self.reason.entry().meaning,
        }
    }

    /// What a person reads: the thing at fault and the next step.
    #[must_use]
    pub fn message(&self) -> String {
        let mut additions = self.additions.as_slice();
        let mut message = match &self.text {
            Text::Carried(message) => message.clone(),
            Text::Found { what, remedy } => {
                let mut said = shortened_for(what, remedy);
                if *remedy == self.reason.entry().remedy {
                    while let [Addition::Note(note), later @ ..] = additions {
                        let tail = format!("{note} {remedy}");
                        said = format!("{} {note}", shortened_for(&said, tail.trim_end()));
                        additions = later;
                    }
                }
                format!("{said} {remedy}").trim_end().to_owned()
            }
        };
        message = whole_sentence(message);
        for addition in additions {
            message = addition.after(&message);
        }
        message
    }
}

/// Two findings are equal where they say the same, wherever it comes from.
impl PartialEq for Finding {
    fn eq(&self, other: &Self) -> bool {
        let whole = |finding: &Self| (finding.condition, finding.reason, finding.message());
        whole(self) == whole(other)
    }
}

impl Eq for Finding {}

impl Addition {
    fn after(&self, message: &str) -> String {
        match self {
            Self::Note(note) => format!("{} {note}", shortened_for(message, note)),
            Self::Also(sentence, reason) => {
                let said = format!(" Also: {sentence}");
                let fits = message.chars().count() + said.chars().count() <= LONGEST_MESSAGE;
                let named = format!(" Also: {reason}.");
                with_short_tail(message, if fits { &said } else { &named })
            }
        }
    }
}

/// The text, cut short where there is no room for what follows it.
fn shortened_for(text: &str, tail: &str) -> String {
    if tail.is_empty() {
        return text.to_owned();
    }
    shortened(text, LONGEST_MESSAGE.saturating_sub(tail.chars().count() + 1))
}

#[cfg(test)]
mod tests;
