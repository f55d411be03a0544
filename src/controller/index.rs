//! Which integrations name which Secrets, so that a changed Secret wakes just those.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{PoisonError, RwLock},
};

use kube::{ResourceExt, runtime::reflector::ObjectRef};

use super::Guarded;
use crate::api::{integration::JiraIntegration, names};

/// Namespace and name.
pub type Name = (String, String);

/// The index. Written from the watch of integrations, read from the watch of Secrets.
#[derive(Debug, Default)]
pub struct SecretIndex(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    by_secret: HashMap<Name, BTreeSet<String>>,
    by_integration: HashMap<Name, IndexedSecrets>,
}

#[derive(Debug, Default)]
struct IndexedSecrets {
    uid: Option<String>,
    secrets: Vec<Name>,
}

/// The Secrets that an integration reads or writes.
fn secrets_of(integration: &JiraIntegration) -> Vec<String> {
    let credentials = &integration.spec.secret_ref.name;
    let token = token_secret_name(integration);
    vec![
        credentials.clone(),
        names::grant_secret(credentials),
        token,
        names::CONNECT_KEY_SECRET.to_owned(),
    ]
}

/// Name of the Secret with the access token.
#[must_use]
pub fn token_secret_name(integration: &JiraIntegration) -> String {
    let given = integration.spec.token_secret_name.clone();
    given.unwrap_or_else(|| names::default_token_secret(&integration.name_any()))
}

impl SecretIndex {
    /// Takes an integration in, as it is now. The Secrets that nobody names any more, and those
    /// that only another object of its name did: its deletion may have been missed.
    pub fn insert(&self, integration: &JiraIntegration) -> Vec<Name> {
        let namespace = integration.namespace().unwrap_or_default();
        let name = (namespace.clone(), integration.name_any());
        let secrets: Vec<Name> = secrets_of(integration)
            .into_iter()
            .map(|s| (namespace.clone(), s))
            .collect();
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let uid = integration.uid();
        let is_another = tables.by_integration.get(&name).is_some_and(|entry| entry.uid != uid);
        let mut former = tables.remove(&name);
        for secret in &secrets {
            tables
                .by_secret
                .entry(secret.clone())
                .or_default()
                .insert(name.1.clone());
        }
        tables.by_integration.insert(name, IndexedSecrets { uid, secrets });
        former.retain(|secret| is_another || !tables.by_secret.contains_key(secret));
        former
    }

    /// Takes an integration out. The Secrets that nobody names any more.
    pub fn remove(&self, namespace: &str, name: &str) -> Vec<Name> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tables.remove(&(namespace.to_owned(), name.to_owned()))
    }

    /// Takes out what is not among these integrations: a deletion may have been missed while the
    /// watch was down. The Secrets that nobody names any more.
    pub fn retain(&self, integrations: &BTreeSet<Name>) -> Vec<Name> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Name> = tables
            .by_integration
            .keys()
            .filter(|name| !integrations.contains(name))
            .cloned()
            .collect();
        gone.iter().flat_map(|name| tables.remove(name)).collect()
    }

    /// The integrations that name a Secret.
    #[must_use]
    pub fn naming(&self, namespace: &str, secret: &str) -> Vec<ObjectRef<Guarded>> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let names = tables.by_secret.get(&(namespace.to_owned(), secret.to_owned()));
        names
            .into_iter()
            .flatten()
            .map(|name| ObjectRef::new(name).within(namespace))
            .collect()
    }

    /// Every Secret that is named by some integration.
    #[must_use]
    pub fn secrets(&self) -> BTreeSet<Name> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tables.by_secret.keys().cloned().collect()
    }
}

impl Tables {
    fn remove(&mut self, integration: &Name) -> Vec<Name> {
        let mut orphaned = Vec::new();
        for secret in self.by_integration.remove(integration).unwrap_or_default().secrets {
            let Some(names) = self.by_secret.get_mut(&secret) else {
                continue;
            };
            names.remove(&integration.1);
            if names.is_empty() {
                self.by_secret.remove(&secret);
                orphaned.push(secret);
            }
        }
        orphaned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::integration::{JiraIntegrationSpec, SecretReference};

    fn integration(name: &str, secret: &str) -> JiraIntegration {
        let mut integration = JiraIntegration::new(
            name,
            JiraIntegrationSpec {
                site: "https://acme.atlassian.net".into(),
                secret_ref: SecretReference { name: secret.into() },
                account: None,
                projects: None,
                issues: None,
                status_mapping: Vec::new(),
                users: None,
                sync_interval: "5m".into(),
                token_secret_name: None,
                mode: None,
                tickets: None,
                suspend: false,
            },
        );
        integration.metadata.namespace = Some("ns".into());
        integration
    }

    #[test]
    fn a_secret_wakes_those_that_name_it_and_no_others() {
        let index = SecretIndex::default();
        index.insert(&integration("a", "shared"));
        index.insert(&integration("b", "shared"));
        assert_eq!(index.naming("ns", "shared").len(), 2);
        assert_eq!(index.naming("ns", "shared-grant").len(), 2);
        assert_eq!(index.naming("ns", "a-jira-token").len(), 1);
        assert!(index.naming("other", "shared").is_empty());
    }

    #[test]
    fn a_changed_reference_is_followed() {
        let index = SecretIndex::default();
        index.insert(&integration("a", "old"));
        index.insert(&integration("a", "new"));
        assert!(index.naming("ns", "old").is_empty());
        assert_eq!(index.naming("ns", "new").len(), 1);
        index.insert(&integration("b", "new"));
        assert!(
            !index.remove("ns", "b").iter().any(|(_, name)| name == "new-grant"),
            "a still names it"
        );
        assert!(index.remove("ns", "a").iter().any(|(_, name)| name == "new-grant"));
        assert!(index.secrets().is_empty());
    }

    #[test]
    fn a_namesake_inherits_nothing() {
        let with_uid = |uid: &str| {
            let mut integration = integration("a", "shared");
            integration.metadata.uid = Some(uid.into());
            integration
        };
        let index = SecretIndex::default();
        index.insert(&with_uid("first"));
        assert!(index.insert(&with_uid("first")).is_empty());
        let orphaned = index.insert(&with_uid("second"));
        assert!(orphaned.iter().any(|(_, name)| name == "shared-grant"));
        index.insert(&integration("b", "shared"));
        let orphaned = index.insert(&with_uid("third"));
        assert!(!orphaned.iter().any(|(_, name)| name == "shared-grant"), "b names it");
    }
}
