//! What must never be, at no moment on the way. Every version of every object is held against what is true at Atlassian
//! just then. What is there now is kept for the comparison of end states.

use std::collections::{BTreeMap, BTreeSet};

use devkit::sandbox::{Sandbox, World};
use jira_operator::api::{
    integration::JiraIntegration,
    issue::JiraIssue,
    names::{COMPONENT_LABEL, COMPONENT_TOKEN, INTEGRATION_LABEL, default_token_secret},
};
use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, core::DynamicObject};

use super::truth;
use crate::harness::observe::text;

/// A kind that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Integration,
    Project,
    Issue,
    Secret,
}

impl Kind {
    /// Its name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integration => "JiraIntegration",
            Self::Project => "JiraProject",
            Self::Issue => "JiraIssue",
            Self::Secret => "Secret",
        }
    }
}

/// Objects by kind and name.
pub type Objects = BTreeMap<(Kind, String), DynamicObject>;

/// A version of a Secret for workloads: whose token is in it.
struct Publication {
    revision: u64,
    grant: Option<u64>,
}

/// An integration was called Ready anew.
struct Claim {
    revision: u64,
    secret: String,
    said: String,
    /// The grants that its spec allows, as things were at Atlassian.
    acceptable: BTreeSet<u64>,
}

/// What was seen so far.
#[derive(Default)]
pub struct Seen {
    objects: Objects,
    published: BTreeMap<String, Vec<Publication>>,
    claims: Vec<Claim>,
    violations: Vec<String>,
}

fn revision(object: &DynamicObject) -> u64 {
    let version = object.resource_version().and_then(|version| version.parse().ok());
    version.unwrap_or_default()
}

impl Seen {
    /// The objects as they were seen last.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Everything that was seen and must not be.
    pub fn violations(&mut self) -> Vec<String> {
        let claims = std::mem::take(&mut self.claims);
        let unjudged: Vec<String> = claims.iter().filter_map(|claim| self.unjudged(claim)).collect();
        self.violations.extend(unjudged);
        std::mem::take(&mut self.violations)
    }

    /// An object is there, as this.
    pub fn applied(&mut self, kind: Kind, object: DynamicObject, sandbox: &Sandbox) {
        let key = (kind, object.name_any());
        let before = self.objects.get(&key);
        if before.is_some_and(|before| revision(before) >= revision(&object)) {
            return;
        }
        match kind {
            Kind::Secret => self.published(&object, sandbox),
            Kind::Integration => self.called_ready(before.cloned().as_ref(), &object, sandbox),
            Kind::Project | Kind::Issue => {}
        }
        self.objects.insert(key, object);
    }

    /// An object is gone; this it was.
    pub fn deleted(&mut self, kind: Kind, object: &DynamicObject, sandbox: &Sandbox) {
        self.objects.remove(&(kind, object.name_any()));
        match kind {
            Kind::Secret => {
                if let Some(versions) = self.published.get_mut(&object.name_any()) {
                    versions.push(Publication {
                        revision: revision(object),
                        grant: None,
                    });
                }
            }
            Kind::Issue => self.removed(object, sandbox),
            Kind::Integration | Kind::Project => {}
        }
    }

    /// What a watch that had to begin anew no longer finds.
    pub fn gone_unseen(&mut self, kind: Kind, listed: &BTreeSet<String>, sandbox: &Sandbox) {
        let gone: Vec<DynamicObject> = self
            .objects
            .iter()
            .filter(|((of, name), _)| *of == kind && !listed.contains(name))
            .map(|(_, object)| object.clone())
            .collect();
        for object in gone {
            self.deleted(kind, &object, sandbox);
        }
    }

    fn integration(&self, name: &str) -> Option<JiraIntegration> {
        let object = self.objects.get(&(Kind::Integration, name.to_owned()))?;
        object.clone().try_parse().ok()
    }

    /// No token of a refused account or site is published. A token of the grant whose token was there before is a refresh:
    /// that its account was lost meanwhile is not known before Jira is asked.
    fn published(&mut self, object: &DynamicObject, sandbox: &Sandbox) {
        if object.labels().get(COMPONENT_LABEL).map(String::as_str) != Some(COMPONENT_TOKEN) {
            return;
        }
        let Ok(secret) = object.clone().try_parse::<Secret>() else {
            return;
        };
        let token = text(&secret).remove("access-token");
        let integration = object.labels().get(INTEGRATION_LABEL);
        let integration = integration.and_then(|name| self.integration(name));
        let versions = self.published.entry(object.name_any()).or_default();
        let before = versions.last().and_then(|version| version.grant);
        let judge = |world: &World| {
            let grant = world.grant_behind(token.as_deref()?)?;
            let again = before == Some(grant.id);
            let refused = integration
                .as_ref()
                .filter(|integration| !again && !truth::accepts(world, grant, integration));
            Some((grant.id, refused.map(|_| truth::describe(world, grant))))
        };
        let judged = sandbox.state(judge);
        versions.push(Publication {
            revision: revision(object),
            grant: judged.as_ref().map(|(grant, _)| *grant),
        });
        if let Some((_, Some(grant))) = judged {
            self.violations.push(format!(
                "Secret {}: a refused token was published: {grant}",
                object.name_any()
            ));
        }
    }

    /// An integration is called Ready that was not, or for a spec for which it was not.
    fn called_ready(&mut self, before: Option<&DynamicObject>, object: &DynamicObject, sandbox: &Sandbox) {
        let (Some(now), before) = (ready(object), before.and_then(ready)) else {
            return;
        };
        let anew = before.is_none_or(|before| before < now);
        if !anew || Some(now) != object.metadata.generation {
            return;
        }
        let Ok(integration) = object.clone().try_parse::<JiraIntegration>() else {
            return;
        };
        let secret = integration.spec.token_secret_name.clone();
        self.claims.push(Claim {
            revision: revision(object),
            secret: secret.unwrap_or_else(|| default_token_secret(&object.name_any())),
            said: format!("{} was called Ready for generation {now}", object.name_any()),
            acceptable: sandbox.state(|world| truth::acceptable(world, &integration)),
        });
    }

    /// Which token was there when it was said.
    fn unjudged(&self, claim: &Claim) -> Option<String> {
        let mut versions = self.published.get(&claim.secret).into_iter().flatten();
        let then = versions.rfind(|version| version.revision <= claim.revision);
        let grant = then.and_then(|version| version.grant);
        let good = grant.is_some_and(|grant| claim.acceptable.contains(&grant));
        (!good).then(|| match grant {
            Some(_) => format!("{} with a token that is refused", claim.said),
            None => format!("{} without a token", claim.said),
        })
    }

    /// No object of an issue that lives and may be read is removed, but for what a person applied and may delete.
    fn removed(&mut self, object: &DynamicObject, sandbox: &Sandbox) {
        let issue = object.clone().try_parse::<JiraIssue>().ok();
        let issue = issue.filter(|issue| !issue.spec.is_ticket());
        let id = issue.and_then(|issue| issue.status?.id.parse::<u64>().ok());
        let alive = id.is_some_and(|id| sandbox.readable_issues(None).contains_key(&id));
        if alive {
            let violation = format!("JiraIssue {} was removed, and its issue lives", object.name_any());
            self.violations.push(violation);
        }
    }
}

/// The generation for which an integration is called Ready.
fn ready(object: &DynamicObject) -> Option<i64> {
    let conditions = object.data.pointer("/status/conditions")?.as_array()?;
    let ready = conditions
        .iter()
        .find(|c| c["type"] == "Ready" && c["status"] == "True")?;
    ready["observedGeneration"].as_i64()
}
