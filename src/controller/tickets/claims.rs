//! What the watch of applied objects tells of the issues that they claim.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kube::{
    ResourceExt,
    runtime::watcher::{self, Event},
};

use super::context::TicketContext;
use crate::{api::issue::JiraIssue, controller::context::Context};

/// Follows the watch of one namespace, or of all.
pub struct ClaimWatch {
    tickets: Arc<TicketContext>,
    namespace: Option<String>,
    /// Whether the first list is over: what comes then was applied since.
    has_listed: bool,
    /// What a list that is under way has shown so far, by namespace.
    listed: HashMap<String, BTreeSet<String>>,
}

impl ClaimWatch {
    /// That of a namespace.
    #[must_use]
    pub fn of(tickets: Arc<TicketContext>, namespace: Option<&str>) -> Self {
        Self {
            tickets,
            namespace: namespace.map(str::to_owned),
            has_listed: false,
            listed: HashMap::new(),
        }
    }

    /// Takes an event in, before anything is woken by it.
    pub fn note(&mut self, event: &Result<Event<JiraIssue>, watcher::Error>) {
        match event {
            Ok(Event::Init) => self.listed.clear(),
            Ok(Event::InitApply(object)) => {
                let of_namespace = self.listed.entry(object.namespace().unwrap_or_default()).or_default();
                of_namespace.insert(object.name_any());
                self.see(object);
            }
            Ok(Event::InitDone) => {
                let listed = std::mem::take(&mut self.listed);
                self.tickets.ctx.claims.retain(self.namespace.as_deref(), &listed);
                self.tickets.known.retain(self.namespace.as_deref(), &listed);
                if !self.has_listed {
                    self.tickets.known.have_listed(self.tickets.ctx.server_clock.now());
                }
                self.has_listed = true;
            }
            Ok(Event::Apply(object)) => self.see(object),
            Ok(Event::Delete(object)) => {
                self.see(object);
                self.tickets.forget(object);
                let claims = &self.tickets.ctx.claims;
                let claimed = claims.of(&object.namespace().unwrap_or_default(), &object.spec.integration);
                claimed.remove(&object.name_any());
            }
            Err(_) => {}
        }
    }

    /// What an object says of its ticket is known before anything is done for it.
    fn see(&self, object: &JiraIssue) {
        if !object.spec.is_ticket() {
            return;
        }
        claim(&self.tickets.ctx, object);
        self.tickets.known.note(object, !self.has_listed);
        let mark = object.status.as_ref().and_then(|status| status.creation.as_ref());
        if let Some(mark) = mark {
            self.tickets.outbox.saw(mark);
        }
    }
}

/// A ticket that is there is claimed by its object.
pub fn claim(ctx: &Context, object: &JiraIssue) {
    let id = object.status.as_ref().and_then(|status| status.id.parse().ok());
    if let Some(id) = id.filter(|_| object.spec.is_ticket()) {
        let claimed = ctx
            .claims
            .of(&object.namespace().unwrap_or_default(), &object.spec.integration);
        claimed.insert(&object.name_any(), id);
    }
}
