//! What is not Jira's to answer and is taken over from what the operator wrote.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    api::{
        condition::{ConditionType, Finding, find, is_true},
        integration::JiraIntegration,
        reason::Reason,
    },
    cluster::time::{after, clock},
};

/// The conditions of an integration that are not Jira's to answer.
pub const OF_OPERATOR: [ConditionType; 2] = [ConditionType::Authorized, ConditionType::Synced];
/// How late the operator may be without a finding.
const LATE: Duration = Duration::from_mins(5);

/// Whether the operator says that the grant works.
#[must_use]
pub fn is_authorized(integration: &JiraIntegration) -> bool {
    let conditions = integration.status.as_ref().map(|status| status.conditions.as_slice());
    is_true(conditions.unwrap_or_default(), ConditionType::Authorized)
}

/// Until when the points of the OAuth app are spent, as the operator found.
#[must_use]
pub fn quota_until(integration: &JiraIntegration, now: Timestamp) -> Option<Timestamp> {
    let status = integration.status.as_ref()?;
    let synced = find(&status.conditions, ConditionType::Synced)?;
    let resumes = status.sync.as_ref()?.next_sync_time.as_ref()?.0;
    (synced.reason == Reason::QuotaExhausted.as_str() && resumes > now).then_some(resumes)
}

/// The findings that the operator wrote and that are not Jira's to answer. What it should have
/// written by now and did not is not known.
#[must_use]
pub fn operator_findings(integration: &JiraIntegration, now: Timestamp) -> Vec<Finding> {
    let status = integration.status.clone().unwrap_or_default();
    let late = is_late(integration, now);
    let one = |condition| match Finding::carried(condition, &status.conditions) {
        Some(finding) if condition != ConditionType::Synced || late.is_none() => finding,
        None | Some(_) => {
            let why = late.as_deref().unwrap_or("The operator has not written it yet.");
            let what = format!("{why} Is it running? See jira-operator check --operator.");
            Finding::new(condition, Reason::NotChecked, what)
        }
    };
    OF_OPERATOR.into_iter().map(one).collect()
}

/// That the operator missed its own time by more than an interval, in words. While it is suspended it
/// has none.
#[must_use]
pub fn is_late(integration: &JiraIntegration, now: Timestamp) -> Option<String> {
    if integration.spec.suspend {
        return None;
    }
    let sync = integration.status.as_ref()?.sync.as_ref()?;
    let due = sync.next_sync_time.as_ref()?.0;
    let latest = after(due, integration.spec.interval().max(LATE));
    (now > latest).then(|| format!("The operator was to synchronise at {} and did not.", clock(due)))
}
