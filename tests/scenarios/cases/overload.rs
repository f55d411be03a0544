//! More to do than there are slots for: long listings keep nothing waiting that is due on time, and no token ends
//! because of them.

use std::{sync::Arc, time::Duration};

use devkit::sandbox::{AppCredentials, FaultAction, FaultRule, Mark, When};
use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::JiraIntegration;
use serde_json::json;

use super::{Scenario, waiting};
use crate::{
    cluster::Cluster,
    harness::{
        Harness, Setup,
        directory::{LIST, is_complete, users},
        fleet::Fleet,
        observe::is_ready,
    },
};

/// Accounts of the site: as many pages of a thousand as a first listing may take in an hour.
const ACCOUNTS: u32 = 12_900;
/// Longest gap between two counts.
const ASK_AGAIN: Duration = Duration::from_millis(200);

pub fn scenarios() -> Vec<Scenario> {
    vec![
        waiting("overload::listings_that_hold_every_slot", short),
        waiting("long::thirty_three_listings_beside_twenty_that_are_due", long),
    ]
}

/// Integrations that list people for long, one page at a time, and such as have nothing to do but to be on time.
struct Crowd {
    harness: Harness,
    fleet: Fleet,
    listing: usize,
    life: u64,
}

impl Crowd {
    /// Access tokens live so many seconds; a page takes so many milliseconds.
    async fn gather(harness: Harness, listing: usize, prompt: usize, life: u64, page: u64) -> Self {
        harness.command(json!({"command": "addAccounts", "count": ACCOUNTS}));
        let namespace = harness.namespace.clone();
        let fleet = Fleet::prepare(&harness, &namespace, listing + prompt, life).await;
        for app in &fleet.apps[..listing] {
            let delay = FaultAction::Delay { milliseconds: page };
            let rule = FaultRule::path(LIST, When::Before, delay).for_client(&app.client_id);
            let _ = harness.sandbox.fault(rule);
        }
        for n in 0..listing + prompt {
            let mut spec = json!({"projects": [{"key": "SUP"}], "syncInterval": "1m"});
            if n < listing {
                spec["users"] = json!({"directory": "ConfigMap"});
            }
            let (name, secret) = (Fleet::name(n), Fleet::credentials(n));
            harness.integrate_in(&namespace, &name, &secret, spec).await;
        }
        fleet.until(&harness, "Ready", is_ready).await;
        Self {
            harness,
            fleet,
            listing,
            life,
        }
    }

    /// When the tokens of an app were exchanged since then.
    fn exchanged(&self, app: &AppCredentials, since: Mark) -> Vec<Timestamp> {
        let calls = self.harness.sandbox.requests_since(since);
        let of_app = calls
            .iter()
            .filter(|call| call.path == "/oauth/token" && call.client_id.as_ref() == Some(&app.client_id));
        of_app.map(|call| call.at).collect()
    }

    async fn object(&self, n: usize) -> JiraIntegration {
        self.harness
            .integrations()
            .get(&Fleet::name(n))
            .await
            .expect("it exists")
    }

    /// Asserts that no token ended before it was replaced, and that none was refused for being old.
    fn assert_no_token_ended(&self, since: Mark) {
        let life = SignedDuration::from_secs(i64::try_from(self.life).expect("a time"));
        for (n, app) in self.fleet.apps.iter().enumerate() {
            let mut times = self.exchanged(app, since);
            times.push(Timestamp::now());
            for pair in times.windows(2) {
                let apart = pair[1].duration_since(pair[0]);
                assert!(
                    apart < life,
                    "the token of {n} was replaced after {apart:#}\n{}",
                    self.harness.log_tail()
                );
            }
        }
        let calls = self.harness.sandbox.requests_since(since);
        let refused = calls.iter().filter(|call| call.status == Some(401)).count();
        assert_eq!(refused, 0, "tokens were refused");
    }

    /// Asserts that the listings are still under way: all the time they wanted every slot.
    async fn assert_still_listing(&self) {
        for n in 0..self.listing {
            let object = self.object(n).await;
            assert!(users(&object).is_some_and(|users| !is_complete(users)), "{n} is done");
        }
    }

    /// How late the latest synchronisation is, as the metrics tell.
    async fn overdue(&self) -> i64 {
        let (_, text) = self.harness.operators[0].get("/metrics").await;
        let line = text
            .lines()
            .find(|line| line.starts_with("jira_operator_oldest_sync_overdue_seconds "));
        line.and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .expect("the gauge")
    }
}

fn last_sync(object: &JiraIntegration) -> Option<Timestamp> {
    let sync = object.status.as_ref()?.sync.as_ref()?;
    sync.last_sync_time.as_ref().map(|time| time.0)
}

/// One slot for everything, and one for slices: two listings want it all the time, and their own tokens are kept
/// fresh while one waits for the other.
async fn short(cluster: Arc<Cluster>) {
    let setup = Setup {
        concurrent_reconciles: Some(1),
        ..Setup::default()
    };
    let harness = Harness::set_up(&cluster, "overload", setup).await;
    let crowd = Crowd::gather(harness, 2, 1, 40, 5_000).await;
    let mark = crowd.harness.sandbox.mark();
    let before = last_sync(&crowd.object(2).await);
    let again = |o: &JiraIntegration| last_sync(o) > before;
    let refreshed = async {
        while crowd.fleet.apps.iter().any(|app| crowd.exchanged(app, mark).len() < 2) {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    let prompt = Fleet::name(2);
    let (refreshed, _) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(110), refreshed),
        crowd.harness.until(&prompt, "synchronised again", again),
    );
    assert!(
        refreshed.is_ok(),
        "a token was not replaced\n{}",
        crowd.harness.log_tail()
    );
    crowd.assert_no_token_ended(mark);
    crowd.assert_still_listing().await;
    // Slices follow one another: no two ask at once.
    let calls = crowd.harness.sandbox.requests_since(mark);
    let mut pages: Vec<Timestamp> = calls
        .iter()
        .filter(|call| call.path.ends_with(LIST))
        .map(|call| call.at)
        .collect();
    pages.sort();
    assert!(pages.len() > 2, "{pages:?}");
    let at_once = pages
        .windows(2)
        .filter(|pair| pair[1].duration_since(pair[0]).as_millis() < 4_900);
    assert_eq!(at_once.count(), 0, "{pages:?}");
    assert!(crowd.overdue().await < 20);
    crowd.harness.close().await;
}

/// Ten minutes: each of the twenty synchronises nine times, and no token ends.
async fn long(cluster: Arc<Cluster>) {
    const PROMPT: usize = 20;
    let harness = Harness::open(&cluster, "overload-long").await;
    let crowd = Crowd::gather(harness, 33, PROMPT, 60, 14_000).await;
    let (mark, begun) = (crowd.harness.sandbox.mark(), Timestamp::now());
    let mut times: Vec<Vec<Timestamp>> = vec![Vec::new(); PROMPT];
    let mut latest = 0;
    while Timestamp::now().duration_since(begun) < SignedDuration::from_mins(10) {
        for (n, seen) in times.iter_mut().enumerate() {
            let last = last_sync(&crowd.object(crowd.listing + n).await);
            seen.extend(last.filter(|at| seen.last() != Some(at)));
        }
        latest = latest.max(crowd.overdue().await);
        tokio::time::sleep(ASK_AGAIN).await;
    }
    // What was seen first is from before.
    let counts: Vec<usize> = times.iter().map(|seen| seen.len().saturating_sub(1)).collect();
    println!("synchronised in ten minutes: {counts:?}; at most {latest} s late");
    assert!(
        counts.iter().all(|count| *count >= 9),
        "{counts:?}\n{}",
        crowd.harness.log_tail()
    );
    crowd.assert_no_token_ended(mark);
    let unfinished = unfinished(&crowd).await;
    println!("still listing: {unfinished} of {}", crowd.listing);
    crowd.harness.close().await;
}

async fn unfinished(crowd: &Crowd) -> usize {
    let mut count = 0;
    for n in 0..crowd.listing {
        count += usize::from(users(&crowd.object(n).await).is_some_and(|users| !is_complete(users)));
    }
    count
}
