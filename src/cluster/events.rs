//! Events: one for each condition that went wrong or was mended, none for what stays.

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use tracing::debug;

use crate::api::{condition::ConditionType, condition::find, names, reason::Reason};

/// Longest note that the events API takes is 1 kB.
const NOTE_MAX: usize = 1000;

/// Publishes events.
#[derive(Clone)]
pub struct Events {
    client: Client,
    recorder: Recorder,
}

impl Events {
    /// A publisher.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            recorder: recorder(&client),
            client,
        }
    }

    /// Publishes one event; the same again within minutes is counted up. An event that the API server refuses is only
    /// logged: it repeats what the status says.
    pub async fn publish(&self, notice: &Notice) {
        publish(&self.recorder, notice).await;
    }

    /// Publishes an event of its own, whatever was published before: its note tells more than its reason.
    pub async fn publish_anew(&self, notice: &Notice) {
        publish(&recorder(&self.client), notice).await;
    }
}

fn recorder(client: &Client) -> Recorder {
    let reporter = Reporter {
        controller: names::MANAGER.into(),
        instance: std::env::var("POD_NAME").ok(),
    };
    Recorder::new(client.clone(), reporter)
}

async fn publish(recorder: &Recorder, notice: &Notice) {
    let event = Event {
        type_: if notice.is_warning {
            EventType::Warning
        } else {
            EventType::Normal
        },
        reason: notice.reason.clone(),
        note: Some(notice.note.chars().take(NOTE_MAX).collect()),
        action: "Reconcile".into(),
        secondary: None,
    };
    if let Err(error) = recorder.publish(&event, &notice.object).await {
        debug!(%error, "an event was refused");
    }
}

/// What an event says, and of which object.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The object.
    pub object: ObjectReference,
    /// Whether it is a warning.
    pub is_warning: bool,
    /// Why, in one word.
    pub reason: String,
    /// What a person reads.
    pub note: String,
}

impl Notice {
    /// A warning.
    #[must_use]
    pub fn warning(object: ObjectReference, reason: &str, note: String) -> Self {
        Self {
            object,
            is_warning: true,
            reason: reason.to_owned(),
            note,
        }
    }

    /// What flipped between two sets of conditions.
    pub fn transitions(
        object: &ObjectReference,
        before: &[Condition],
        after: &[Condition],
    ) -> impl Iterator<Item = Self> {
        flipped(before, after).into_iter().map(|condition| Self {
            object: object.clone(),
            is_warning: condition.status != "True",
            reason: condition.reason.clone(),
            note: condition.message.clone(),
        })
    }
}

/// The conditions worth an event: those that are newly wrong or wrong in another way, and those
/// that are mended. What merely follows from another condition is none, and neither is `Ready`,
/// which repeats one of them, but for the first time that it is True.
fn flipped<'c>(before: &[Condition], after: &'c [Condition]) -> Vec<&'c Condition> {
    let (ready, stalled, reconciling) = (
        ConditionType::Ready.as_str(),
        ConditionType::Stalled.as_str(),
        ConditionType::Reconciling.as_str(),
    );
    let earlier = |c: &Condition| before.iter().find(|b| b.type_ == c.type_);
    let first_ready = find(after, ConditionType::Ready)
        .filter(|c| c.reason == Reason::Connected.as_str())
        .filter(|c| earlier(c).is_none_or(|b| b.status == "Unknown"));
    after
        .iter()
        .filter(|c| ![ready, stalled, reconciling].contains(&c.type_.as_str()))
        .filter(|c| match (c.status.as_str(), earlier(c)) {
            ("True", Some(b)) => (b.status == "False" && !follows(b, before)) || warns(b, c),
            ("True", None) => false,
            (_, Some(b)) => (b.status != c.status || b.reason != c.reason) && !follows(c, after),
            (_, None) => !follows(c, after),
        })
        .filter(|c| c.reason != Reason::NeverSynced.as_str())
        .chain(first_ready)
        .collect()
}

/// Whether a condition that stays True now has a reason that asks for something, such as a key
/// that was renamed.
fn warns(before: &Condition, now: &Condition) -> bool {
    let remedy = Reason::parse(&now.reason).map(|reason| reason.entry().remedy);
    before.status == "True" && before.reason != now.reason && remedy.is_some_and(|remedy| !remedy.is_empty())
}

/// Whether another condition of the object tells the cause already.
fn follows(condition: &Condition, all: &[Condition]) -> bool {
    let reasons = || all.iter().filter_map(|c| Reason::parse(&c.reason));
    let Some(reason) = Reason::parse(&condition.reason) else {
        return false;
    };
    reason.entry().is_consequence || reason.is_explained_among(reasons())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{
        condition::{Finding, conditions},
        ready::ready,
    };
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn with(reasons: &[Reason]) -> Vec<Condition> {
        let findings: Vec<Finding> = reasons
            .iter()
            .filter_map(|r| Some(Finding::plain(*r.entry().conditions.first()?, *r)))
            .collect();
        let ready = ready(&findings, false);
        conditions(&[], &findings, &ready, 1, &Time(jiff::Timestamp::UNIX_EPOCH))
    }

    fn reasons(before: &[Condition], after: &[Condition]) -> Vec<String> {
        flipped(before, after).iter().map(|c| c.reason.clone()).collect()
    }

    #[test]
    fn one_event_for_a_cause_and_none_for_its_consequences() {
        let good = with(&[Reason::TokenFresh, Reason::SiteFound]);
        let bad = with(&[Reason::ReconnectRequired, Reason::SkippedAfterAuthorized]);
        assert_eq!(reasons(&good, &bad), ["ReconnectRequired"]);
        assert_eq!(reasons(&bad, &good), ["TokenFresh"]);
        assert!(reasons(&bad, &bad).is_empty());
    }

    #[test]
    fn one_cause_on_two_conditions_is_told_once() {
        let good = with(&[Reason::PermissionsHeld, Reason::ServiceDeskUsable]);
        let bad = with(&[Reason::InternalCommentDenied, Reason::NotAnAgent]);
        assert_eq!(reasons(&good, &bad), ["InternalCommentDenied"]);
        assert_eq!(reasons(&bad, &good), ["PermissionsHeld"]);
    }

    #[test]
    fn the_first_connection_is_told_once() {
        let good = with(&[Reason::TokenFresh, Reason::SiteFound]);
        assert_eq!(reasons(&[], &good), ["Connected"]);
        assert!(reasons(&good, &good).is_empty());
    }
}
