//! Issues that are the tickets of objects which people applied: the mirror makes no other object of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

/// The issues that objects of one integration claim, by the names of the objects.
#[derive(Debug, Default)]
pub struct ClaimedIssues(RwLock<BTreeMap<String, u64>>);

impl ClaimedIssues {
    /// An object claims an issue.
    pub fn insert(&self, object: &str, id: u64) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(object.to_owned(), id);
    }

    /// An object is gone.
    pub fn remove(&self, object: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(object);
    }

    /// Only these objects are there.
    pub fn retain(&self, objects: &BTreeSet<String>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|object, _| objects.contains(object));
    }

    /// Whether an object claims an issue.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().any(|claimed| *claimed == id)
    }

    /// The object that claims an issue.
    #[must_use]
    pub fn object_of(&self, id: u64) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .find(|(_, claimed)| **claimed == id)
            .map(|(object, _)| object.clone())
    }
}

/// The claims of all integrations, by namespace and name.
#[derive(Debug, Default)]
pub struct Claims(RwLock<HashMap<(String, String), Arc<ClaimedIssues>>>);

impl Claims {
    /// Those of one.
    #[must_use]
    pub fn of(&self, namespace: &str, integration: &str) -> Arc<ClaimedIssues> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry((namespace.to_owned(), integration.to_owned())).or_default())
    }

    /// Of a namespace, or of all, only these objects are there, by namespace.
    pub fn retain(&self, namespace: Option<&str>, objects: &HashMap<String, BTreeSet<String>>) {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let none = BTreeSet::new();
        for ((of, _), claimed) in all
            .iter()
            .filter(|((of, _), _)| namespace.is_none_or(|only| only == of))
        {
            claimed.retain(objects.get(of).unwrap_or(&none));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_claimed_while_its_object_is_there() {
        let claims = Claims::default();
        let acme = claims.of("shop", "acme");
        acme.insert("a", 7);
        acme.insert("b", 8);
        assert!(claims.of("shop", "acme").has(7) && !claims.of("shop", "other").has(7));
        assert_eq!(acme.object_of(8).as_deref(), Some("b"));
        acme.remove("a");
        assert!(!acme.has(7) && acme.has(8));
        claims.retain(Some("elsewhere"), &HashMap::new());
        assert!(acme.has(8));
        claims.retain(
            None,
            &HashMap::from([("shop".to_owned(), BTreeSet::from(["c".to_owned()]))]),
        );
        assert!(!acme.has(8));
    }
}
