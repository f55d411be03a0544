//! The status as it was written last, and what it was judged by. Pure.

use kube::ResourceExt;

use crate::{
    api::integration::{JiraIntegration, JiraIntegrationStatus},
    atlassian::secret::TokenHash,
};

/// The status as it was written last: the watch may lag behind.
#[derive(Clone, Debug, Default)]
pub struct WrittenStatus {
    /// The status, and the resourceVersion it got.
    pub last: Option<(JiraIntegrationStatus, u64)>,
    /// What was found since could not be written, until a full reconciliation has found and written it again.
    pub is_stale: bool,
}

impl WrittenStatus {
    /// Of this one and that of the watch the newer. Versions of one kind are numbers that grow, which Kubernetes has
    /// promised since 1.35 (KEP-5504).
    #[must_use]
    pub fn newest(&self, watched: &JiraIntegration) -> JiraIntegrationStatus {
        match &self.last {
            Some((status, version)) if Some(*version) > watched_version(watched) => status.clone(),
            _ => watched.status.clone().unwrap_or_default(),
        }
    }

    /// The resourceVersion of the newer.
    #[must_use]
    pub fn version(&self, watched: &JiraIntegration) -> u64 {
        let written = self.last.as_ref().map(|(_, version)| *version);
        watched_version(watched).max(written).unwrap_or(0)
    }

    /// After a reconciliation that wrote its status, or could not; `is_complete` says that it found everything anew.
    #[must_use]
    pub fn after(&self, is_written: bool, is_complete: bool) -> Self {
        Self {
            last: self.last.clone(),
            is_stale: !is_written || (self.is_stale && !is_complete),
        }
    }
}

fn watched_version(watched: &JiraIntegration) -> Option<u64> {
    watched.resource_version()?.parse().ok()
}

/// What was judged last: what differs from it is judged anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgedInputs {
    /// The generation of the spec that was tried last, whether it could be judged or not.
    pub observed_generation: Option<i64>,
    /// resourceVersion of the credential Secret.
    pub credentials: Option<String>,
    /// `spec.account`, as text, for which the account was found eligible.
    pub account: Option<String>,
    /// Which grant it was.
    pub lineage: Option<TokenHash>,
}

impl JudgedInputs {
    /// Whether the spec or the credentials changed since. After a restart the status says which generation it was.
    #[must_use]
    pub fn differ(&self, generation: i64, credentials: Option<&String>, status: &JiraIntegrationStatus) -> bool {
        let observed = self.observed_generation.or(status.observed_generation);
        observed != Some(generation) || self.credentials.as_ref() != credentials
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn status(generation: i64) -> JiraIntegrationStatus {
        JiraIntegrationStatus {
            observed_generation: Some(generation),
            ..JiraIntegrationStatus::default()
        }
    }

    #[test]
    fn of_two_statuses_the_newer_counts() {
        let watched: JiraIntegration = serde_json::from_value(json!({
            "apiVersion": "jira-operator.dev/v1alpha1", "kind": "JiraIntegration",
            "metadata": {"name": "acme", "resourceVersion": "7"}, "status": status(7),
            "spec": {"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}},
        }))
        .unwrap();
        for (written, version, generation) in [(None, 7, 7), (Some(6), 7, 7), (Some(7), 7, 7), (Some(8), 8, 8)] {
            let written = WrittenStatus {
                last: written.map(|version| (status(8), version)),
                is_stale: false,
            };
            assert_eq!(written.version(&watched), version);
            assert_eq!(written.newest(&watched).observed_generation, Some(generation));
        }
    }

    #[test]
    fn a_status_is_stale_until_everything_was_found_and_written_again() {
        let stale = WrittenStatus::default().after(false, true);
        assert!(stale.is_stale && stale.after(true, false).is_stale && stale.after(false, true).is_stale);
        assert!(!stale.after(true, true).is_stale);
        assert!(!WrittenStatus::default().after(true, false).is_stale);
    }

    #[test]
    fn another_spec_or_another_secret_is_a_change() {
        let (this, other) = ("1".to_owned(), "2".to_owned());
        let judged = JudgedInputs {
            observed_generation: Some(3),
            credentials: Some(this.clone()),
            ..JudgedInputs::default()
        };
        assert!(!judged.differ(3, Some(&this), &status(2)));
        assert!(judged.differ(4, Some(&this), &status(4)) && judged.differ(3, Some(&other), &status(3)));
        let restarted = JudgedInputs::default();
        assert!(!restarted.differ(3, None, &status(3)) && restarted.differ(3, None, &status(2)));
    }
}
