//! Conditions in the shape of `metav1.Condition`, and how findings become conditions: what
//! flips, what keeps its transition time, what `Reconciling` and `Stalled` follow from.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::reason::{Disposition, Reason};
pub use super::{condition_type::ConditionType, finding::Finding, message::LONGEST_MESSAGE};

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
        status: finding.reason.entry().holds.as_str().to_owned(),
        reason: finding.reason.as_str().to_owned(),
        message: finding.message(),
        observed_generation: Some(generation),
        last_transition_time: now.clone(),
    }
}

/// The condition of a type, if present.
#[must_use]
pub fn find(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|c| c.type_ == type_.as_str())
}

/// The reason of the condition of a type, where it is present and its reason is still known.
#[must_use]
pub fn reason_of(conditions: &[Condition], type_: ConditionType) -> Option<Reason> {
    Reason::parse(&find(conditions, type_)?.reason)
}

/// Whether the condition of a type is True.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: ConditionType) -> bool {
    find(conditions, type_).is_some_and(|c| c.status == "True")
}

#[cfg(test)]
mod tests;
