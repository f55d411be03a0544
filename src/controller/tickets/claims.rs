//! What the watch of applied objects tells of the issues that they claim.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kube::{
    ResourceExt,
    runtime::watcher::{self, Event},
};

use crate::{api::issue::JiraIssue, controller::context::Context};

/// Follows the watch of one namespace, or of all.
pub struct ClaimWatch {
    ctx: Arc<Context>,
    namespace: Option<String>,
    /// What a list that is under way has shown so far, by namespace.
    listed: HashMap<String, BTreeSet<String>>,
}

impl ClaimWatch {
    /// That of a namespace.
    #[must_use]
    pub fn of(ctx: Arc<Context>, namespace: Option<&str>) -> Self {
        Self {
            ctx,
            namespace: namespace.map(str::to_owned),
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
                claim(&self.ctx, object);
            }
            Ok(Event::InitDone) => {
                let listed = std::mem::take(&mut self.listed);
                self.ctx.claims.retain(self.namespace.as_deref(), &listed);
            }
            Ok(Event::Apply(object)) => claim(&self.ctx, object),
            Ok(Event::Delete(object)) => {
                let claimed = self
                    .ctx
                    .claims
                    .of(&object.namespace().unwrap_or_default(), &object.spec.integration);
                claimed.remove(&object.name_any());
            }
            Err(_) => {}
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
