//! What a test sees of a sandbox beside its requests: points spent, writes, webhooks, secrets.

use super::handle::Sandbox;
use super::limits::Spent;
use super::webhooks::Delivery;
use super::world::{self, Effect, Webhook};

impl Sandbox {
    /// What an app (by default the seed's) has spent in points over all sites since the sandbox started, in both
    /// readings, to be compared with a client's own estimate.
    #[must_use]
    pub fn spent(&self, client_id: Option<&str>) -> Spent {
        let client_id = client_id.unwrap_or(world::CLIENT_ID);
        let now = self.shared.world().now();
        self.shared.limits.lock().quota.account(client_id, None, now).ever
    }

    /// What was really written to issues on the seed's first site, by apps and by people, oldest first.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let world = self.shared.world();
        let site = world.site(world::SITE);
        site.map_or_else(Vec::new, |site| site.tickets.ledger.clone())
    }

    /// How many writes search does not know of yet, on the seed's first site.
    #[must_use]
    pub fn waiting_for_index(&self) -> usize {
        let world = self.shared.world();
        let site = world.site(world::SITE);
        site.map_or(0, |site| site.issue_locations.index.waiting())
    }

    /// Every secret value made so far (client secrets, tokens, those of deliveries too, codes), to search logs and objects for leaks.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.shared.world().oauth.secrets();
        secrets.extend(self.shared.outbox.tokens());
        secrets
    }

    /// The webhooks that are registered on the seed's first site and have not ended.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Webhook> {
        let world = self.shared.world();
        let site = world.site(world::SITE);
        site.map_or_else(Vec::new, |site| site.webhooks.live(world.now()).cloned().collect())
    }

    /// Every delivery of a webhook, of all sites, oldest first (the last 60,000).
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.outbox.deliveries()
    }

    /// Waits until `enough` holds for all deliveries, and returns them. Waits without limit; put a timeout around it, and
    /// do not call the sandbox from inside.
    pub async fn wait_for_deliveries(&self, enough: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        self.shared.outbox.wait(enough).await
    }
}
