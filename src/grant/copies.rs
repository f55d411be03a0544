//! Whether another grant Secret spends the same tokens: two users of one rotating token kill each other's grant.
//! Read from metadata alone.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;

use super::{
    freshness::Exchange,
    store::{GrantKey, GrantStore, ListedGrant},
};
use crate::{api::names, atlassian::secret::TokenHash};

/// Whose a refresh token is to spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This grant's.
    Free,
    /// Another grant's.
    Elsewhere,
    /// This grant's, unless one of these, which are younger, has begun to adopt it and does so still.
    Contested(Vec<GrantKey>),
}

impl GrantStore {
    /// Whose the token of an exchange is. `own` is this grant's Secret, without uid before it exists; `lineage` what
    /// it descends from.
    ///
    /// # Errors
    /// When the API server cannot be asked.
    pub(super) async fn claim(
        &self,
        own: &Secret,
        lineage: Option<&TokenHash>,
        exchange: &Exchange,
    ) -> kube::Result<Claim> {
        let spent = exchange.token.hash();
        let origin = if exchange.adopts { Some(&spent) } else { lineage };
        let Some(origin) = origin else { return Ok(Claim::Free) };
        let all = self.list(own.metadata.namespace.as_deref()).await?;
        Ok(claim(&all, own, origin, exchange.adopts))
    }
}

fn claim(all: &[ListedGrant], own: &Secret, origin: &TokenHash, adopts: bool) -> Claim {
    let others = all
        .iter()
        .filter(|other| other.uid != own.metadata.uid && !other.is_copy());
    let mut contested = Vec::new();
    for other in others {
        let older = is_older(other, own);
        let taken = if adopts {
            // Whoever adopted it, however long ago and whatever came after: the age of a Secret does not tell
            // who was first. It decides between two that both still adopt.
            other.adopted.contains(origin) || (other.adopting.as_ref() == Some(origin) && older)
        } else {
            other.adopted.last() == Some(origin) && older
        };
        if taken {
            return Claim::Elsewhere;
        }
        if adopts && other.adopting.as_ref() == Some(origin) {
            contested.extend(key(other));
        }
    }
    if contested.is_empty() {
        Claim::Free
    } else {
        Claim::Contested(contested)
    }
}

fn key(other: &ListedGrant) -> Option<GrantKey> {
    Some(GrantKey {
        namespace: other.namespace.clone(),
        credentials: names::credentials_of_grant(&other.name)?.to_owned(),
    })
}

/// The older of two goes on; a Secret that does not exist yet is the youngest. Of two created
/// within the same second the uid decides, so that both processes come to the same answer.
fn is_older(other: &ListedGrant, own: &Secret) -> bool {
    let created: Option<Timestamp> = own.metadata.creation_timestamp.as_ref().map(|at| at.0);
    match (other.created, created) {
        (Some(theirs), Some(ours)) => (theirs, &other.uid) < (ours, &own.metadata.uid),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::store::listed_of;
    use jiff::SignedDuration;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

    fn hash(text: &str) -> TokenHash {
        TokenHash::stored(text)
    }

    fn created(day: i64) -> ObjectMeta {
        ObjectMeta {
            name: Some("acme-oauth-grant".into()),
            namespace: Some(format!("ns-{day}")),
            uid: Some(format!("u{day}")),
            creation_timestamp: Some(Time(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day))),
            ..ObjectMeta::default()
        }
    }

    fn own(day: i64) -> Secret {
        Secret {
            metadata: created(day),
            ..Secret::default()
        }
    }

    fn other(day: i64, adopted: &[&str], adopting: Option<&str>) -> Vec<ListedGrant> {
        vec![ListedGrant {
            adopted: adopted.iter().copied().map(hash).collect(),
            adopting: adopting.map(hash),
            ..listed_of(&created(day))
        }]
    }

    #[test]
    fn who_adopted_a_token_first_has_it_whatever_the_age_of_the_secrets() {
        let (older, younger) = (1, 9);
        for day in [older, younger] {
            for adopted in [&["r"][..], &["r", "s"]] {
                let other = other(day, adopted, None);
                assert_eq!(
                    claim(&other, &own(5), &hash("r"), true),
                    Claim::Elsewhere,
                    "{day} {adopted:?}"
                );
            }
        }
        assert_eq!(
            claim(&other(older, &["s"], None), &own(5), &hash("r"), true),
            Claim::Free
        );
        let unborn = Secret::default();
        assert_eq!(
            claim(&other(younger, &["r"], None), &unborn, &hash("r"), true),
            Claim::Elsewhere
        );
    }

    #[test]
    fn of_two_that_still_adopt_the_younger_gives_way_and_the_older_waits() {
        assert_eq!(
            claim(&other(1, &[], Some("r")), &own(5), &hash("r"), true),
            Claim::Elsewhere
        );
        let younger = claim(&other(9, &[], Some("r")), &own(5), &hash("r"), true);
        assert!(matches!(younger, Claim::Contested(others) if others.len() == 1));
    }

    #[test]
    fn of_two_that_refresh_the_same_grant_the_older_goes_on_and_a_copy_counts_for_nothing() {
        let mut copy = other(1, &["r"], None);
        assert_eq!(claim(&copy, &own(5), &hash("r"), false), Claim::Elsewhere);
        assert_eq!(claim(&copy, &own(0), &hash("r"), false), Claim::Free);
        for copy in &mut copy {
            copy.home = Some("elsewhere".into());
        }
        assert_eq!(claim(&copy, &own(5), &hash("r"), false), Claim::Free);
        assert_eq!(claim(&copy, &own(5), &hash("r"), true), Claim::Free);
    }
}
