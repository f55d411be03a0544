//! Follows the tickets that are there, integration by integration, at the interval of each: what Jira says of them goes
//! to their objects as news. It waits for no reconciliation of the integration.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream::FuturesUnordered};
use kube::{ResourceExt, runtime::reflector::Store};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{bound::is_bound, context::TicketContext, shown::shown, steps::RETRY};
use crate::{
    api::{
        condition::{ConditionType::Created, reason_of},
        integration::JiraIntegration,
        issue::JiraIssue,
        names,
        requirements::SERVICE_DESK,
    },
    cluster::backoff::jittered,
    sync::issues::MirrorError,
    tickets::{
        BoundTicket, Follower, Following, FollowingCost, Identity, Loss, Round, Said, TicketNews, WritePermit, is_news,
        permit,
    },
};

/// How often it is looked which integration is due, or asked for.
const TICK: Duration = Duration::from_secs(1);

/// Names an integration.
type IntegrationName = (String, String);

/// An integration whose tickets are to be asked for.
type Due = (IntegrationName, JiraIntegration, Followed);

/// The tickets of an integration, as they are followed.
#[derive(Default)]
struct Followed {
    following: Following,
    /// When it was asked last.
    asked: Option<Instant>,
    /// How long it is left alone, where that is not the interval.
    wait: Option<Duration>,
    /// Integrations that started together drift apart by it.
    random: f64,
    /// The request of a person that was seen last.
    requested_at: Option<String>,
    /// It is not answered yet.
    is_requested: bool,
}

impl Followed {
    /// Whether it is to be asked again at this interval, which may have changed since.
    fn is_due(&self, interval: Duration, now: Instant) -> bool {
        let regular = jittered(interval, self.random);
        let wait = self.wait.unwrap_or(regular);
        self.asked
            .is_none_or(|asked| now.saturating_duration_since(asked) >= wait)
    }
}

/// Follows until stopped.
pub async fn run(ctx: Arc<TicketContext>, tickets: Vec<Store<JiraIssue>>, stop: CancellationToken) {
    let ready = async {
        for store in &tickets {
            store.wait_until_ready().await.ok(); // It ends with the watch, and so with the process.
        }
    };
    if stop.run_until_cancelled(ready).await.is_none() {
        return;
    }
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut all: HashMap<IntegrationName, Followed> = HashMap::new();
    let (mut running, mut busy) = (FuturesUnordered::new(), HashSet::new());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some((name, followed)) = running.next(), if !running.is_empty() => {
                busy.remove(&name);
                all.insert(name, followed);
            }
            _ = ticks.tick() => {
                let due = due(&ctx, &mut all, &busy);
                let mut objects = objects_of(&tickets, &due);
                for (name, integration, followed) in due {
                    let objects = objects.remove(&name).unwrap_or_default();
                    if busy.insert(name.clone()) {
                        running.push(round(Arc::clone(&ctx), name, integration, objects, followed));
                    }
                }
            }
        }
    }
}

/// The integrations whose tickets are to be asked for now. Those that are gone are forgotten.
fn due(ctx: &TicketContext, all: &mut HashMap<IntegrationName, Followed>, busy: &HashSet<IntegrationName>) -> Vec<Due> {
    let (mut due, mut there, now) = (Vec::new(), HashSet::new(), Instant::now());
    for known in ctx.integrations.iter().flat_map(Store::state) {
        let Ok(integration) = &known.0 else { continue };
        if integration.spec.tickets.is_none() {
            continue;
        }
        let name = (integration.namespace().unwrap_or_default(), integration.name_any());
        there.insert(name.clone());
        if busy.contains(&name) || permit(&name.1, Some(integration)).is_err() {
            continue;
        }
        let followed = all.entry(name.clone()).or_default();
        let is_due = followed.is_due(integration.spec.interval(), now);
        if is_due || requested_at(integration) != followed.requested_at {
            due.push((name.clone(), integration.clone(), std::mem::take(followed)));
        }
    }
    all.retain(|name, _| there.contains(name));
    due
}

fn requested_at(integration: &JiraIntegration) -> Option<String> {
    integration.annotations().get(names::REQUESTED_AT).cloned()
}

/// The objects that have their tickets, by those of the integrations that are due: one walk for all of them.
fn objects_of(tickets: &[Store<JiraIssue>], due: &[Due]) -> HashMap<IntegrationName, Vec<Arc<JiraIssue>>> {
    let mut objects: HashMap<_, Vec<_>> = due.iter().map(|(name, ..)| (name.clone(), Vec::new())).collect();
    if objects.is_empty() {
        return objects;
    }
    let all = tickets.iter().flat_map(Store::state);
    for object in all.filter(|object| object.spec.is_ticket() && is_bound(object)) {
        let name = (object.namespace().unwrap_or_default(), object.spec.integration.clone());
        if let Some(of_it) = objects.get_mut(&name) {
            of_it.push(object);
        }
    }
    objects
}

async fn round(
    ctx: Arc<TicketContext>,
    name: IntegrationName,
    integration: JiraIntegration,
    objects: Vec<Arc<JiraIssue>>,
    mut followed: Followed,
) -> (IntegrationName, Followed) {
    let requested = requested_at(&integration);
    followed.is_requested |= requested != followed.requested_at;
    let asked = match permit(&name.1, Some(&integration)) {
        Ok(permit) if !objects.is_empty() => {
            let whole = Asked {
                ctx: &ctx,
                integration: &integration,
                permit: &permit,
                objects: &objects,
                is_requested: followed.is_requested,
            };
            whole.ask(&mut followed.following).await
        }
        _ => Ok(()),
    };
    followed.is_requested &= asked.is_err();
    let regular = integration.spec.interval();
    followed.wait = match asked {
        // What was not shown is looked up before the next interval.
        Ok(()) => followed
            .following
            .next_look_up(confirm_after(&ctx))
            .filter(|wait| *wait < regular),
        Err(backoff) => Some(backoff),
    };
    followed.requested_at = requested;
    followed.asked = Some(Instant::now());
    followed.random = rand::random();
    (name, followed)
}

/// How long a ticket must be missing before it is looked up.
fn confirm_after(ctx: &TicketContext) -> Duration {
    Duration::try_from(ctx.ctx.deletion_delay).unwrap_or_default()
}

/// A round of questions about the tickets of one integration.
struct Asked<'a> {
    ctx: &'a TicketContext,
    integration: &'a JiraIntegration,
    permit: &'a WritePermit,
    objects: &'a [Arc<JiraIssue>],
    is_requested: bool,
}

impl Asked<'_> {
    /// How long it is left alone after an error.
    async fn ask(&self, following: &mut Following) -> Result<(), Duration> {
        let Ok(session) = self.ctx.reading_session(self.integration, self.permit).await else {
            return Err(RETRY);
        };
        let tickets = self.tickets();
        let follower = Follower {
            jira: &session.session,
            account: &self.permit.account,
            tickets: &tickets,
            confirm_after: confirm_after(self.ctx),
            is_requested: self.is_requested,
            now: Instant::now(),
        };
        let mut round = Round::default();
        let asked = follower.follow(following, &mut round).await;
        let (calls, points) = (session.session.calls(), session.session.points());
        let uid = self.integration.uid().unwrap_or_default();
        self.ctx.ctx.following.add(&uid, FollowingCost { calls, points });
        self.tell(round).await;
        asked.map_err(|error| {
            debug!(integration = self.integration.name_any(), %error, "its tickets could not be followed");
            match error {
                MirrorError::Jira(error) => error.retry_after_or(RETRY),
                _ => RETRY,
            }
        })
    }

    fn tickets(&self) -> Vec<BoundTicket> {
        let namespace = self.integration.namespace().unwrap_or_default();
        let projects = self.ctx.projects_of(&namespace, &self.integration.name_any());
        let known = projects.iter().filter_map(|project| project.status.as_ref());
        let desks: HashSet<&str> = known
            .filter(|status| status.project_type.as_deref() == Some(SERVICE_DESK))
            .filter_map(|status| status.id.as_deref())
            .collect();
        let ticket = |object: &Arc<JiraIssue>| {
            let status = object.status.as_ref()?;
            Some(BoundTicket {
                id: status.id.parse().ok()?,
                project_id: status.project_id.clone(),
                is_desk: desks.contains(status.project_id.as_str()),
                loss: reason_of(&status.conditions, Created).and_then(Loss::of),
                identity: status.identity.as_deref().map(Identity::read),
                duplicates: status.duplicates.clone(),
            })
        };
        self.objects.iter().filter_map(ticket).collect()
    }

    /// Tells each object what makes a difference to it.
    async fn tell(&self, mut round: Round) {
        for object in self.objects {
            let Some(status) = object.status.as_ref() else { continue };
            let Ok(id) = status.id.parse::<u64>() else { continue };
            let said = match (round.shown.get(&id), round.lost.get(&id)) {
                (Some(found), _) => shown(found.clone(), self.integration, &self.permit.site_url)
                    .filter(|shown| is_news(status, shown))
                    .map(|shown| Said::Shown(Box::new(shown))),
                (None, Some(loss)) => {
                    let known = reason_of(&status.conditions, Created);
                    (known != Some(loss.reason())).then_some(Said::Lost(*loss))
                }
                (None, None) => None,
            };
            let duplicates = round.duplicates.remove(&id).filter(|keys| *keys != status.duplicates);
            if let (Some(Said::Lost(_)), Some(identity)) = (&said, &status.identity) {
                self.ctx.outbox.forget(&Identity::read(identity)).await;
            }
            if said.is_some() || duplicates.is_some() {
                self.ctx.news.tell(object, TicketNews { said, duplicates });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_became_shorter_holds_at_once() {
        let now = Instant::now();
        let followed = Followed {
            asked: Some(now),
            random: 0.5,
            ..Followed::default()
        };
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        assert!(Followed::default().is_due(hour, now));
        assert!(!followed.is_due(hour, now + minute));
        assert!(followed.is_due(minute, now + minute));
        let failed = Followed {
            wait: Some(hour),
            ..followed
        };
        assert!(!failed.is_due(minute, now + minute), "Jira asked to wait");
    }
}
