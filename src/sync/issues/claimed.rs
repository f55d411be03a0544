//! Issues that are the tickets of objects which people applied: the mirror makes no other object of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

/// The issues that objects of one integration claim.
#[derive(Debug, Default)]
pub struct ClaimedIssues(RwLock<ClaimIndex>);

#[derive(Debug, Default)]
struct ClaimIndex {
    /// By the names of the objects.
    by_object: BTreeMap<String, u64>,
    /// Those whose objects are gone: no object is of them until the mirror makes one.
    released: BTreeSet<u64>,
}

impl ClaimIndex {
    fn insert(&mut self, object: &str, id: u64) {
        self.released.remove(&id);
        self.by_object.insert(object.to_owned(), id);
    }

    fn retain(&mut self, is_there: impl Fn(&String) -> bool) {
        let gone = self.by_object.extract_if(.., |object, _| !is_there(object));
        self.released.extend(gone.map(|(_, id)| id));
    }

    fn objects_of(&self, id: u64) -> impl Iterator<Item = &String> {
        let claims = self.by_object.iter().filter(move |(_, claimed)| **claimed == id);
        claims.map(|(object, _)| object)
    }
}

impl ClaimedIssues {
    fn change(&self) -> std::sync::RwLockWriteGuard<'_, ClaimIndex> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, ClaimIndex> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object claims an issue.
    pub fn insert(&self, object: &str, id: u64) {
        self.change().insert(object, id);
    }

    /// An object is gone.
    pub fn remove(&self, object: &str) {
        self.change().retain(|other| other != object);
    }

    /// Only these objects are there.
    pub fn retain(&self, objects: &BTreeSet<String>) {
        self.change().retain(|object| objects.contains(object));
    }

    /// Issues that objects claimed which are gone, each once.
    #[must_use]
    pub fn take_released(&self) -> BTreeSet<u64> {
        let mut all = self.change();
        let released = std::mem::take(&mut all.released);
        released
            .into_iter()
            .filter(|id| all.objects_of(*id).next().is_none())
            .collect()
    }

    /// They are to be taken again.
    pub fn release(&self, ids: impl IntoIterator<Item = u64>) {
        self.change().released.extend(ids);
    }

    /// Whether an object claims an issue.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.read().objects_of(id).next().is_some()
    }

    /// The object that claims an issue.
    #[must_use]
    pub fn object_of(&self, id: u64) -> Option<String> {
        self.read().objects_of(id).next().cloned()
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
        assert_eq!(acme.take_released(), BTreeSet::from([7]));
        assert!(acme.take_released().is_empty(), "each is told once");
        claims.retain(Some("elsewhere"), &HashMap::new());
        assert!(acme.has(8));
        claims.retain(
            None,
            &HashMap::from([("shop".to_owned(), BTreeSet::from(["c".to_owned()]))]),
        );
        assert!(!acme.has(8));
        acme.insert("d", 8);
        assert!(acme.take_released().is_empty(), "another object claims it");
    }
}
