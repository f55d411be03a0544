//! Sums the tickets of each integration up into `status.tickets`: seldom, only what changed, and under a field manager
//! of its own, so that it and the status that a reconciliation writes never undo each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use kube::{ResourceExt, runtime::reflector::Store};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{context::TicketContext, known::TicketFacts};
use crate::{
    api::{
        condition::{ConditionType, is_true, reason_of},
        integration::{JiraIntegration, TicketsStatus},
        issue::JiraIssue,
        names,
        reason::Reason,
    },
    cluster::{
        error::is_conflict,
        status::{Statuses, Target},
    },
};

/// How often at most a status is written.
const EVERY: Duration = Duration::from_secs(5);
/// How often the tickets of the last hour are counted while nothing else happens.
const COUNT_EVERY: Duration = Duration::from_mins(5);
const HOUR: Duration = Duration::from_hours(1);

/// Sums up until stopped.
pub async fn run(ctx: Arc<TicketContext>, tickets: Vec<Store<JiraIssue>>, stop: CancellationToken) {
    let (began, mut counted) = (Instant::now(), Instant::now());
    let known = async {
        for store in &tickets {
            store.wait_until_ready().await.ok(); // It ends with the watch, and so with the process.
        }
    };
    if stop.run_until_cancelled(known).await.is_none() {
        return;
    }
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        ctx.outbox.lookups.forget_idle();
        if ctx.summaries.take() || counted.elapsed() >= COUNT_EVERY {
            counted = Instant::now();
            sum_up(&ctx, &tickets, began).await;
        }
    }
}

async fn sum_up(ctx: &TicketContext, tickets: &[Store<JiraIssue>], began: Instant) {
    let mut of: BTreeMap<(String, String), TicketsStatus> = BTreeMap::new();
    for ticket in tickets.iter().flat_map(Store::state) {
        if ticket.spec.is_ticket() {
            let name = (ticket.namespace().unwrap_or_default(), ticket.spec.integration.clone());
            count(of.entry(name).or_default(), &ticket);
        }
    }
    let all = ctx.integrations.iter().flat_map(Store::state);
    for integration in all.filter_map(|known| known.0.as_ref().ok().cloned()) {
        let name = (integration.namespace().unwrap_or_default(), integration.name_any());
        let before = integration.status.as_ref().and_then(|status| status.tickets.as_ref());
        let known = ctx.hourly.created(&format!("{}/{}", name.0, name.1), Instant::now());
        let counted = of.remove(&name);
        if counted.is_none() && integration.spec.tickets.is_none() && before.is_none() {
            continue;
        }
        let created_last_hour = match (known, before) {
            (Some(created), _) => i64::try_from(created).unwrap_or(i64::MAX),
            // What an earlier process created is not known here before Jira is asked.
            (None, Some(before)) if began.elapsed() < HOUR => before.created_last_hour,
            (None, _) => 0,
        };
        let facts = ctx.known.facts(&format!("{}/{}", name.0, name.1));
        let scanned = scanned(&integration, before, &facts);
        let scanned_by = account(&integration).filter(|_| !scanned.is_empty()).map(str::to_owned);
        let after = (counted.is_some() || integration.spec.tickets.is_some()).then(|| TicketsStatus {
            created_last_hour,
            scope: facts.scope.or_else(|| before.and_then(|before| before.scope.clone())),
            scanned,
            scanned_by,
            ..counted.unwrap_or_default()
        });
        if after.as_ref() != before {
            write(ctx, &integration, after.as_ref()).await;
        }
    }
}

fn account(integration: &JiraIntegration) -> Option<&str> {
    let account = integration.status.as_ref()?.account.as_ref()?;
    Some(&account.account_id)
}

/// The projects that the present account listed. Those of an account that was there before are forgotten.
fn scanned(integration: &JiraIntegration, before: Option<&TicketsStatus>, facts: &TicketFacts) -> Vec<String> {
    let account = account(integration).unwrap_or_default();
    let of_before = before.filter(|before| before.scanned_by.as_deref() == Some(account));
    let of_before = of_before.into_iter().flat_map(|before| &before.scanned);
    let all: BTreeSet<&String> = of_before.chain(facts.scanned_by(account)).collect();
    all.into_iter().cloned().collect()
}

/// Adds a ticket.
fn count(sum: &mut TicketsStatus, ticket: &JiraIssue) {
    let status = ticket.status.as_ref();
    let conditions = status.map_or(&[][..], |status| status.conditions.as_slice());
    let is_managed = status.is_some_and(|status| !status.id.is_empty());
    let is_blocked = is_true(conditions, ConditionType::Stalled);
    let is_uncertain = !is_managed && reason_of(conditions, ConditionType::Created) == Some(Reason::CreationUncertain);
    sum.managed += i64::from(is_managed);
    sum.uncertain += i64::from(is_uncertain);
    sum.blocked += i64::from(is_blocked && !is_uncertain);
    sum.pending += i64::from(!is_managed && !is_uncertain && !is_blocked);
}

/// Writes it onto the version that is known. Where somebody else wrote meanwhile, the next round does it.
async fn write(ctx: &TicketContext, integration: &JiraIntegration, tickets: Option<&TicketsStatus>) {
    let namespace = integration.namespace().unwrap_or_default();
    let statuses = Statuses::<JiraIntegration>::namespaced(&ctx.ctx.client, &namespace).under(names::TICKETS_MANAGER);
    let status = tickets.map_or_else(|| json!({}), |tickets| json!({"tickets": tickets}));
    match statuses.apply(Target::of(integration), &status).await {
        Ok(_) => {}
        Err(error) if is_conflict(&error) => ctx.summaries.wake(),
        Err(error) => debug!(%error, integration = integration.name_any(), "its tickets could not be summed up"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::Value;

    fn ticket(status: &Value) -> JiraIssue {
        let object = json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIssue", "metadata": {"name": "a"},
            "spec": {"integration": "acme", "project": "SUP", "summary": "x", "type": "Bug"}, "status": status,
        });
        serde_json::from_value(object).unwrap()
    }

    fn condition(type_: &str, status: &str, reason: &str) -> Value {
        let time = "2026-11-30T10:00:00Z";
        json!({"type": type_, "status": status, "reason": reason, "message": "", "lastTransitionTime": time})
    }

    #[test]
    fn what_another_account_listed_is_forgotten() {
        let integration = |account: &str| -> JiraIntegration {
            serde_json::from_value(json!({
                "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration", "metadata": {"name": "acme"},
                "spec": {"site": "https://acme.atlassian.net", "secretRef": {"name": "a"}},
                "status": {"account": {"accountId": account, "displayName": "", "accountType": "atlassian"}},
            }))
            .unwrap()
        };
        let before = TicketsStatus {
            scanned: vec!["SUP".into()],
            scanned_by: Some("bot".into()),
            ..TicketsStatus::default()
        };
        let facts = TicketFacts {
            scanned: Some(("bot".into(), BTreeSet::from(["ENG".into()]))),
            ..TicketFacts::default()
        };
        assert_eq!(scanned(&integration("bot"), Some(&before), &facts), ["ENG", "SUP"]);
        assert!(scanned(&integration("other"), Some(&before), &facts).is_empty());
    }

    #[test]
    fn each_ticket_counts_where_a_person_looks_for_it() {
        let stalled = || condition("Stalled", "True", "TypeUnknown");
        let uncertain = condition("Created", "False", "CreationUncertain");
        let mut sum = TicketsStatus::default();
        for status in [
            json!({"observedGeneration": -1}),
            json!({"conditions": [condition("Created", "False", "TicketLimitReached")]}),
            json!({"conditions": [stalled()]}),
            json!({"conditions": [uncertain, stalled()]}),
            json!({"id": "1"}),
            json!({"id": "2", "conditions": [stalled()]}),
        ] {
            count(&mut sum, &ticket(&status));
        }
        let expected = TicketsStatus {
            managed: 2,
            pending: 2,
            uncertain: 1,
            blocked: 2,
            ..TicketsStatus::default()
        };
        assert_eq!(sum, expected);
    }
}
