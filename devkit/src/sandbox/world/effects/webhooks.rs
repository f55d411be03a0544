//! Writes to the webhooks of the author's app and account.

use super::Step;
use crate::sandbox::world::webhook::{NewWebhook, Owner};
use crate::sandbox::world::write::{Author, Receipt};

/// To whom the webhooks belong; people have none.
fn owner(author: &Author) -> Option<Owner<'_>> {
    Some((author.client_id.as_deref()?, author.account_id.as_deref()?))
}

impl Step<'_> {
    pub(super) fn register_webhooks(
        &mut self,
        url: &str,
        webhooks: Vec<Result<NewWebhook, Vec<String>>>,
    ) -> Option<Receipt> {
        let owner = owner(self.author)?;
        Some(Receipt {
            webhooks: self.site.webhooks.register(owner, url, webhooks, self.now),
            ..Receipt::default()
        })
    }

    pub(super) fn delete_webhooks(&mut self, ids: &[u64]) -> Option<Receipt> {
        let owner = owner(self.author)?;
        self.site.webhooks.remove(owner, |webhook| ids.contains(&webhook.id));
        Some(Receipt::default())
    }

    pub(super) fn refresh_webhooks(&mut self, ids: &[u64]) -> Option<Receipt> {
        let owner = owner(self.author)?;
        self.site.webhooks.refresh(owner, ids, self.now);
        Some(Receipt::default())
    }
}
