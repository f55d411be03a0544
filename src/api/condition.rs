//! Conditions in the shape of `metav1.Condition`, and how findings become conditions: what
//! flips, what keeps its transition time, what `Reconciling` and `Stalled` follow from.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

pub use super::condition_type::ConditionType;
use super::reason::{Disposition, Holds, Reason};

/// What was found out about one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The condition.
    pub condition: ConditionType,
    /// Its reason; True, False or Unknown follows from it.
    pub reason: Reason,
    /// What a person reads: the thing at fault and the next step.
    pub message: String,
}

/// Longest message in characters: more than a person reads at one glance belongs in the
/// documentation.
pub const LONGEST_MESSAGE: usize = 299;

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            condition,
            reason,
            message: whole_sentence(message.into()),
        }
    }

    /// The finding that a condition was written from, where its reason is still known.
    #[must_use]
    pub fn carried(condition: ConditionType, conditions: &[Condition]) -> Option<Self> {
        let written = find(conditions, condition)?;
        Some(Self::new(
            condition,
            Reason::parse(&written.reason)?,
            written.message.clone(),
        ))
    }

    /// A finding whose message is `what` followed by the remedy that the table gives. Where both
    /// are too long for a message, `what` is cut short and the remedy is not.
    #[must_use]
    pub fn with_remedy(condition: ConditionType, reason: Reason, what: &str) -> Self {
        Self::advising(condition, reason, what, reason.entry().remedy)
    }

    /// The same with another remedy, where more is known than the table can.
    #[must_use]
    pub fn advising(condition: ConditionType, reason: Reason, what: &str, remedy: &str) -> Self {
        let room = LONGEST_MESSAGE.saturating_sub(remedy.chars().count() + 1);
        Self::new(condition, reason, format!("{} {remedy}", shortened(what, room)))
    }

    /// The same with a further sentence, before the remedy where it has one. What is said before that is
    /// cut short where there is no room.
    #[must_use]
    pub fn noting(self, note: &str) -> Self {
        let remedy = self.reason.entry().remedy;
        let what = self.message.strip_suffix(remedy).unwrap_or(&self.message).trim_end();
        let remedy = if self.message.ends_with(remedy) { remedy } else { "" };
        let tail = format!("{note} {remedy}");
        let room = LONGEST_MESSAGE.saturating_sub(tail.trim_end().chars().count() + 1);
        let message = format!("{} {}", shortened(what, room), tail.trim_end());
        Self { message, ..self }
    }

    /// A finding that says what the table says of the reason.
    #[must_use]
    pub fn plain(condition: ConditionType, reason: Reason) -> Self {
        let entry = reason.entry();
        let text = format!("{} {}", entry.meaning, entry.remedy);
        Self::new(condition, reason, text.trim())
    }

    /// The finding of a condition that was not looked at because of this one. What passes by itself asks
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

    /// Of two findings of one condition the graver, whose message names the other. Of two that are as
    /// grave the earlier; where both are True, the later.
    #[must_use]
    pub fn and_then(self, later: Self) -> Self {
        let (stands, other) = if self.is_true() || later.reason.entry().gravity > self.reason.entry().gravity {
            (later, self)
        } else {
            (self, later)
        };
        if other.is_true() || other.message == stands.message {
            return stands;
        }
        let first = other.message.split_inclusive(". ").next().unwrap_or_default();
        let tails = [
            format!(" Also: {}", first.trim_end()),
            format!(" Also: {}.", other.reason.as_str()),
        ];
        let [said, named] = &tails;
        let fits = stands.message.chars().count() + said.chars().count() <= LONGEST_MESSAGE;
        let tail = if fits { said } else { named };
        Self {
            message: with_short_tail(&stands.message, tail),
            ..stands
        }
    }
}

fn status_of(reason: Reason) -> &'static str {
    match reason.entry().holds {
        Holds::True => "True",
        Holds::False => "False",
        Holds::Unknown => "Unknown",
    }
}

/// A message of any length within its bounds, and ending as a sentence ends.
fn whole_sentence(message: String) -> String {
    if message.chars().count() <= LONGEST_MESSAGE {
        return message;
    }
    format!("{}.", shortened(&message, LONGEST_MESSAGE - 1))
}

/// At most so many characters of the text, cut between words where it has some.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let kept: String = text.chars().take(room).collect();
    let inside_word = text.chars().nth(room).is_some_and(|next| !next.is_whitespace());
    let whole = kept.trim_end().rsplit_once(char::is_whitespace).filter(|_| inside_word);
    let whole = whole.map_or(kept.as_str(), |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([' ', ',', ';', ':']))
}

/// The text with what is to stand at its end; where there is no room the text is cut short.
pub(super) fn with_short_tail(text: &str, tail: &str) -> String {
    let room = LONGEST_MESSAGE.saturating_sub(tail.chars().count());
    format!("{}{tail}", shortened(text, room))
}

/// All conditions of an object: the findings, `Ready`, and `Reconciling` or `Stalled` where
/// one of them is True. A condition keeps its transition time while its status stays.
#[must_use]
pub fn conditions(
    before: &[Condition],
    findings: &[Finding],
    ready: &Finding,
    generation: i64,
    now: &Time,
) -> Vec<Condition> {
    let mut all: Vec<Condition> = findings
        .iter()
        .chain([ready])
        .map(|finding| condition(finding, generation, now))
        .collect();
    match ready.reason.entry().disposition {
        Disposition::Retry => all.push(trio(ConditionType::Reconciling, ready, generation, now)),
        Disposition::Stalled => all.push(trio(ConditionType::Stalled, ready, generation, now)),
        Disposition::Fine | Disposition::Wait => {}
    }
    keep_times(&mut all, before);
    all
}

/// Puts one condition in its place among the others; it keeps its transition time while its status
/// stays.
pub fn put(conditions: &mut Vec<Condition>, finding: &Finding, generation: i64, now: &Time) {
    let mut one = [condition(finding, generation, now)];
    keep_times(&mut one, conditions);
    let [condition] = one;
    match conditions.iter_mut().find(|other| other.type_ == condition.type_) {
        Some(place) => *place = condition,
        None => conditions.push(condition),
    }
}

/// Adds `Reconciling` for work that goes on while nothing is wrong. What is tried again, or waits for a
/// person, goes before it.
pub fn put_reconciling(
    conditions: &mut Vec<Condition>,
    before: &[Condition],
    finding: &Finding,
    generation: i64,
    now: &Time,
) {
    let present = [ConditionType::Reconciling, ConditionType::Stalled];
    if present.iter().any(|type_| find(conditions, *type_).is_some()) {
        return;
    }
    conditions.push(trio(ConditionType::Reconciling, finding, generation, now));
    keep_times(conditions, before);
}

/// A condition keeps its transition time while its status stays.
pub fn keep_times(conditions: &mut [Condition], before: &[Condition]) {
    for condition in conditions {
        let earlier = before.iter().find(|c| c.type_ == condition.type_);
        if let Some(earlier) = earlier.filter(|c| c.status == condition.status) {
            condition.last_transition_time = earlier.last_transition_time.clone();
        }
    }
}

fn trio(type_: ConditionType, ready: &Finding, generation: i64, now: &Time) -> Condition {
    Condition {
        type_: type_.as_str().to_owned(),
        status: "True".to_owned(),
        ..condition(ready, generation, now)
    }
}

fn condition(finding: &Finding, generation: i64, now: &Time) -> Condition {
    Condition {
        type_: finding.condition.as_str().to_owned(),
        status: status_of(finding.reason).to_owned(),
        reason: finding.reason.as_str().to_owned(),
        message: finding.message.clone(),
        observed_generation: Some(generation),
        last_transition_time: now.clone(),
    }
}

/// The condition of a type, if present.
#[must_use]
pub fn find(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|c| c.type_ == type_.as_str())
}

/// Whether the condition of a type is True.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: ConditionType) -> bool {
    find(conditions, type_).is_some_and(|c| c.status == "True")
}

#[cfg(test)]
mod tests;
