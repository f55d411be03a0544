//! Dynamic webhooks of a site: who registered what until when, and what has happened that they are to tell of.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::happening::{Flow, Happening};

/// The most webhooks of an app, a user and a site.
const SLOTS: usize = 5;
/// How long a webhook lives from its registration or its last refresh.
const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One registered webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its id, unique for one app and account on one site.
    pub id: u64,
    /// The app that registered it.
    pub client_id: String,
    /// The account whose token registered it.
    pub account_id: String,
    /// Where it is delivered, as registered.
    pub url: String,
    /// The events.
    pub events: Vec<String>,
    /// For which issues.
    pub jql_filter: String,
    /// For changes of which fields; unset for all.
    pub field_ids_filter: Option<Vec<String>>,
    /// For changes of which properties; unset for all.
    pub issue_property_keys_filter: Option<Vec<String>>,
    /// When it ends, by the sandbox's clock.
    pub expires: Timestamp,
}

/// What Atlassian does not document of webhooks, each with the setting that the sandbox begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a question of its own.
pub struct WebhookRules {
    /// Status with which a second URL, or a webhook without a free slot, is refused: 200 with errors for each webhook
    /// (so at first), or another one for the call.
    pub refusal: u16,
    /// An app has one URL on each site, and not one for all of them (off).
    pub url_per_site: bool,
    /// `expirationDate` is text as in the documents' examples, and not a number as in their schemas (off).
    pub dates_as_text: bool,
    /// A webhook with events of issues and of comments delivers nothing, as was once seen (off).
    pub mixed_events_silent: bool,
    /// A comment is told of as an update of its issue too (off).
    pub comment_updates_issue: bool,
}

impl Default for WebhookRules {
    fn default() -> Self {
        Self {
            refusal: 200,
            url_per_site: false,
            dates_as_text: false,
            mixed_events_silent: false,
            comment_updates_issue: false,
        }
    }
}

/// What a webhook is to be like.
#[derive(Clone, Debug)]
pub(crate) struct NewWebhook {
    pub(crate) events: Vec<String>,
    pub(crate) jql_filter: String,
    pub(crate) field_ids_filter: Option<Vec<String>>,
    pub(crate) issue_property_keys_filter: Option<Vec<String>>,
}

/// The id of a webhook, or why there is none.
pub(crate) type Registered = Result<u64, Vec<String>>;

/// An app and an account, to whom webhooks belong.
pub(crate) type Owner<'a> = (&'a str, &'a str);

/// The webhooks of a site.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    /// What is not documented.
    pub rules: WebhookRules,
    registered: Vec<Webhook>,
    /// The last id, by app and account.
    last: BTreeMap<(String, String), u64>,
    /// What nobody was told of yet, oldest first.
    happenings: Vec<Happening>,
}

impl Webhooks {
    /// The webhooks that have not ended.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = &Webhook> {
        self.registered.iter().filter(move |webhook| now < webhook.expires)
    }

    /// Those of one app and account.
    pub(crate) fn of<'a>(&'a self, owner: Owner<'a>, now: Timestamp) -> impl Iterator<Item = &'a Webhook> {
        self.live(now).filter(move |webhook| webhook.is_of(owner))
    }

    /// Registers webhooks as far as there are slots; what was refused before stays refused.
    pub(crate) fn register(
        &mut self,
        owner: Owner<'_>,
        url: &str,
        wanted: Vec<Result<NewWebhook, Vec<String>>>,
        now: Timestamp,
    ) -> Vec<Registered> {
        self.registered.retain(|webhook| now < webhook.expires);
        wanted
            .into_iter()
            .map(|wanted| self.add(owner, url, wanted?, now))
            .collect()
    }

    fn add(&mut self, owner: Owner<'_>, url: &str, new: NewWebhook, now: Timestamp) -> Registered {
        if self.free_slots(owner, now) == 0 {
            return Err(vec![no_slot()]);
        }
        let last = self.last.entry((owner.0.to_owned(), owner.1.to_owned())).or_default();
        *last += 1;
        let id = *last;
        self.registered.push(Webhook {
            id,
            client_id: owner.0.to_owned(),
            account_id: owner.1.to_owned(),
            url: url.to_owned(),
            events: new.events,
            jql_filter: new.jql_filter,
            field_ids_filter: new.field_ids_filter,
            issue_property_keys_filter: new.issue_property_keys_filter,
            expires: end_of_life(now),
        });
        Ok(id)
    }

    /// How many webhooks the owner may still register.
    pub(crate) fn free_slots(&self, owner: Owner<'_>, now: Timestamp) -> usize {
        SLOTS.saturating_sub(self.of(owner, now).count())
    }

    /// Removes those of the owner's webhooks that `goes` picks, and answers how many those were.
    pub(crate) fn remove(&mut self, owner: Owner<'_>, goes: impl Fn(&Webhook) -> bool) -> usize {
        let before = self.registered.len();
        self.registered
            .retain(|webhook| !(webhook.is_of(owner) && goes(webhook)));
        before - self.registered.len()
    }

    /// Lets the owner's webhooks with these ids live as long as new ones. Those that ended are not among them.
    pub(crate) fn refresh(&mut self, owner: Owner<'_>, ids: &[u64], now: Timestamp) {
        self.registered.retain(|webhook| now < webhook.expires);
        for webhook in &mut self.registered {
            if webhook.is_of(owner) && ids.contains(&webhook.id) {
                webhook.expires = end_of_life(now);
            }
        }
    }

    /// Whether anything that happens has to be noted.
    pub(crate) fn listens(&self) -> bool {
        !self.registered.is_empty()
    }

    /// How much has happened that nobody was told of yet.
    pub(crate) fn happened(&self) -> usize {
        self.happenings.len()
    }

    /// Notes what happened.
    pub(super) fn note(&mut self, happening: Happening) {
        self.happenings.push(happening);
    }

    /// Forgets what was noted behind this place.
    pub(crate) fn take_back(&mut self, seen: usize) {
        self.happenings.truncate(seen);
    }

    /// Says who did what was noted behind this place, where nobody else did.
    pub(super) fn sign(&mut self, seen: usize, author: Option<&str>) {
        for happening in self.happenings.iter_mut().skip(seen) {
            happening.author = happening.author.take().or(author.map(str::to_owned));
        }
    }

    /// Says that what was noted behind this place is one operation on many issues.
    pub(crate) fn in_bulk(&mut self, seen: usize) {
        for happening in self.happenings.iter_mut().skip(seen) {
            happening.flow = Flow::Secondary;
        }
    }

    /// Takes what nobody was told of yet.
    pub(crate) fn take(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }
}

impl Webhook {
    fn is_of(&self, (client_id, account_id): Owner<'_>) -> bool {
        self.client_id == client_id && self.account_id == account_id
    }

    /// Whether it was registered for events of issues and for events of comments.
    pub(crate) fn mixes_events(&self) -> bool {
        let of_comments = self.events.iter().filter(|event| event.starts_with("comment_")).count();
        (1..self.events.len()).contains(&of_comments)
    }
}

/// When a webhook ends that is registered or refreshed now.
pub(crate) fn end_of_life(now: Timestamp) -> Timestamp {
    now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

/// What a webhook without a slot is refused with.
pub(crate) fn no_slot() -> String {
    format!("A maximum of {SLOTS} webhooks can be registered by an app for a user.")
}
