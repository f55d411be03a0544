//! What the watch of Secrets reports of grants: which one a person ended, and what stood in a grant Secret when it was
//! deleted. Without it a grant that was ended could be written back from memory. What was read of a Secret that changed is
//! forgotten.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::Secret;
use kube::{
    ResourceExt,
    core::PartialObjectMeta,
    runtime::watcher::{self, Event},
};

use super::context::Context;
use crate::{
    api::names,
    grant::{GrantIdentity, GrantKey, SecretEvent},
};

/// Follows the watch of one namespace, or of all.
pub(super) struct GrantWatch {
    namespace: Option<String>,
    /// What a list that is under way has shown so far.
    there: HashSet<GrantKey>,
}

impl GrantWatch {
    pub(super) fn of(namespace: Option<&str>) -> Self {
        Self {
            namespace: namespace.map(str::to_owned),
            there: HashSet::new(),
        }
    }

    /// Takes an event in, before anybody is woken by it.
    pub(super) fn note(&mut self, ctx: &Context, event: &Result<Event<PartialObjectMeta<Secret>>, watcher::Error>) {
        match event {
            Ok(Event::Init) => self.there.clear(),
            Ok(Event::InitApply(secret)) => {
                self.there.extend(key(secret));
                forget(ctx, secret);
                tell(ctx, secret, SecretEvent::Standing);
            }
            Ok(Event::InitDone) => {
                let there = std::mem::take(&mut self.there);
                ctx.grants.observe_relist(self.namespace.as_deref(), &there);
            }
            Ok(Event::Apply(secret)) => {
                forget(ctx, secret);
                tell(ctx, secret, SecretEvent::Standing);
            }
            Ok(Event::Delete(secret)) => {
                forget(ctx, secret);
                tell(ctx, secret, SecretEvent::Deleted);
            }
            Err(_) => {}
        }
    }
}

/// The grant that may be in this Secret, by its name.
fn key(secret: &PartialObjectMeta<Secret>) -> Option<GrantKey> {
    let credentials = names::credentials_of_grant(secret.metadata.name.as_deref()?)?.to_owned();
    let namespace = secret.namespace()?;
    Some(GrantKey { namespace, credentials })
}

/// Tokens that came from it are read anew.
fn forget(ctx: &Context, secret: &PartialObjectMeta<Secret>) {
    let namespace = secret.namespace().unwrap_or_default();
    ctx.shared_access.forget_secret(&namespace, &secret.name_any());
}

fn tell(ctx: &Context, secret: &PartialObjectMeta<Secret>, observed: SecretEvent) {
    let trace = GrantIdentity::of(&secret.metadata);
    // Of what stands a reconciliation reads more; that it was ended must not be missed.
    let trace = trace.filter(|trace| observed == SecretEvent::Deleted || trace.disconnected.is_some());
    let named = |key: &GrantKey| !ctx.index.naming(&key.namespace, &key.secret_name()).is_empty();
    if let (Some(key), Some(trace)) = (key(secret).filter(named), trace) {
        ctx.grants.observe(&key, trace, observed);
    }
}
