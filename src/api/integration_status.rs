//! What the operator answers on a `JiraIntegration`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{condition_type::ConditionType, finding::Finding, reason::OF_BLOCKED_PROJECTS, renamed};

/// What the operator found out.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct JiraIntegrationStatus {
    /// The generation of the spec that the status speaks of; -1 before the first reconciliation.
    pub observed_generation: Option<i64>,

    /// What holds and what does not, each with a reason and a remedy. Ready sums it up;
    /// Reconciling and Stalled are present only while True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// Conditions that are not True for a cause of which another condition tells already, where their reason alone
    /// does not say so: they become True together with that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub consequences: Vec<String>,

    /// The site that the integration is bound to.
    #[serde(default, deserialize_with = "renamed::site")]
    pub site: Option<SiteStatus>,

    /// The account that holds the grant.
    #[serde(default, deserialize_with = "renamed::account")]
    pub account: Option<AccountStatus>,

    /// The OAuth scopes of the grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,

    /// The access token for workloads.
    pub token: Option<TokenStatus>,

    /// How many projects there are.
    pub projects: Option<ProjectCounts>,

    /// The last synchronisation.
    pub sync: Option<SyncStatus>,

    /// The people of the site, where spec.users.directory asks for them.
    #[serde(default, deserialize_with = "renamed::users")]
    pub users: Option<DirectoryStatus>,

    /// What the last synchronisation cost.
    pub api: Option<ApiStatus>,

    /// The tickets of the integration, where spec.tickets lets any be written or there are some.
    pub tickets: Option<TicketsStatus>,

    /// Where a person connects the integration in the browser; only while one is needed, and only where
    /// the operator serves the pages.
    #[serde(rename = "authorizationURL")]
    pub authorization_url: Option<String>,

    /// Since when spec.suspend is true.
    pub suspended_since: Option<Time>,

    /// The value of the annotation jira-operator.dev/requestedAt that was answered last.
    pub last_handled_reconcile_at: Option<String>,
}

impl JiraIntegrationStatus {
    /// The finding that a condition was written from, where its reason is still known.
    #[must_use]
    pub fn finding(&self, condition: ConditionType) -> Option<Finding> {
        let finding = Finding::carried(condition, &self.conditions)?;
        if self.consequences.iter().any(|type_| type_ == condition.as_str()) {
            return Some(finding.explained_by(OF_BLOCKED_PROJECTS));
        }
        Some(finding)
    }
}

/// The site that the integration is bound to.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SiteStatus {
    /// Atlassian's id of the site; it survives a renaming.
    pub cloud_id: String,
    /// Name of the site.
    pub name: String,
    /// Address of the site as Atlassian gives it now.
    pub url: String,
    /// spec.site when it was last accepted for this site.
    pub spec_site: Option<String>,
    /// Deprecated: what an earlier version called specSite. It is no longer written.
    #[serde(default, skip_serializing)]
    pub declared_as: Option<String>,
}

/// The account that holds the grant.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccountStatus {
    /// Atlassian account id.
    pub account_id: String,
    /// Display name of the account.
    pub display_name: String,
    /// Kind of account as Jira names it: atlassian, app or customer.
    pub account_type: String,
    /// spec.account.email when the account was last accepted for it.
    pub spec_email: Option<String>,
    /// Deprecated: what an earlier version called specEmail. It is no longer written.
    #[serde(default, skip_serializing)]
    pub declared_as: Option<String>,
}

/// The access token for workloads.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TokenStatus {
    /// Name of the Secret with the access token.
    pub secret_name: String,
    /// When the access token expires.
    pub expires_at: Time,
    /// When the grant was refreshed last.
    pub refreshed_at: Time,
    /// When the grant dies if it is not used until then: 90 days after the last refresh.
    pub grant_idle_expires_at: Time,
}

/// How many projects there are.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCounts {
    /// Projects in scope, each of which has an object.
    pub in_scope: Option<i64>,
    /// Live projects in scope that the account sees.
    pub visible: i64,
    /// Projects in scope that the account may read: these are synchronised.
    // Earlier versions wrote it as synced.
    #[serde(alias = "synced")]
    pub readable: Option<i64>,
    /// Projects of spec.tickets in which the account may write tickets; absent without spec.tickets.
    pub writable: Option<i64>,
    /// Projects in scope that cannot be read or, where spec.tickets asks for it, not be written to.
    pub blocked: i64,
    /// Projects in scope that can be used, of all in scope, such as 11/12.
    pub usable: Option<String>,
}

impl ProjectCounts {
    /// The same, with how many can be used of all.
    #[must_use]
    pub fn summed_up(self) -> Self {
        let usable = self
            .all()
            .map(|all| format!("{}/{all}", all.saturating_sub(self.blocked)));
        Self { usable, ..self }
    }

    /// Projects in scope, each of which has an object. An earlier version did not write it, and counted as writable
    /// what could be used. None where the status is older than that, so that the API server has dropped a part of it.
    #[must_use]
    pub fn all(&self) -> Option<i64> {
        let counted = || Some(self.writable.or(self.readable)?.saturating_add(self.blocked));
        self.in_scope.or_else(counted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_of_an_earlier_version_are_read() {
        let read = |value| serde_json::from_value::<ProjectCounts>(value).unwrap();
        let old = read(serde_json::json!({"visible": 5, "synced": 3, "blocked": 2}));
        assert_eq!((old.readable, old.writable, old.all()), (Some(3), None, Some(5)));
        let pruned = read(serde_json::json!({"visible": 5, "blocked": 2}));
        assert_eq!((pruned.readable, pruned.all()), (None, None));
        let enforcing = read(serde_json::json!({"visible": 5, "readable": 4, "writable": 3, "blocked": 2}));
        assert_eq!(enforcing.all(), Some(5));
        let now = read(serde_json::json!({"inScope": 5, "visible": 5, "readable": 4, "writable": 1, "blocked": 2}));
        assert_eq!(now.summed_up().usable.as_deref(), Some("3/5"));
        assert_eq!(pruned.summed_up().usable, None);
    }
}

/// The last synchronisation.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SyncStatus {
    /// When the last successful synchronisation ended.
    pub last_sync_time: Option<Time>,
    /// How long it took, in seconds.
    pub last_duration: Option<String>,
    /// When the next one is due.
    pub next_sync_time: Option<Time>,
    /// When everything was examined last, which is done every 30 minutes, on a change of the
    /// spec or the grant, on request, and when an answer differs from the last.
    pub last_diagnosis_time: Option<Time>,
    /// How many JiraProject and JiraIssue objects the last synchronisation created, changed or
    /// removed.
    #[serde(default)]
    pub changed: i64,
    /// Up to when changes of issues were fetched, by Jira's clock.
    pub cursor: Option<String>,
    /// How many JiraIssue objects there are.
    pub issues_tracked: Option<i64>,
    /// How far a first or new synchronisation of issues is; absent when none is under way.
    pub progress: Option<SyncProgress>,
    /// When issue types and statuses of all projects were asked for last, which is done once a day
    /// and on request.
    pub last_inventory_time: Option<Time>,
    /// When all ids were compared with Jira last, to find what is gone.
    pub last_sweep_time: Option<Time>,
    /// JiraIssue objects removed so far, by what became of the issue.
    pub removed: Option<RemovedIssues>,
}

/// How far a first or new synchronisation of issues is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SyncProgress {
    /// Share that is done, from 0 to 100.
    pub percent: i64,
    /// Issues a second, in the last slice.
    pub issues_per_second: i64,
    /// Issues still to be fetched.
    pub remaining: i64,
}

/// JiraIssue objects removed so far, by what became of the issue.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RemovedIssues {
    /// Deleted in Jira, or hidden by a security level: both look alike.
    #[serde(default)]
    pub gone: i64,
    /// Moved to a project that is not synchronised.
    #[serde(default)]
    pub moved: i64,
    /// Archived, alone or with the project.
    #[serde(default)]
    pub archived: i64,
    /// No longer matching: done where open ones are mirrored, or outside the project's jql, or
    /// pushed out by issues updated later.
    #[serde(default)]
    pub no_longer_matching: i64,
    /// Refused to the account, or in a project that is no longer in scope or no longer shown.
    #[serde(default)]
    pub hidden: i64,
}

/// What the last synchronisation cost.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ApiStatus {
    /// Calls to Atlassian in the last synchronisation and what followed it in slices, and those by which
    /// tickets were followed since the one before. Token refreshes are not counted.
    pub calls_last_sync: i64,
    /// Points that these cost by estimate, in the worse of the two readings of Atlassian's prices.
    pub points_last_sync: Option<i64>,
    /// Points an hour that the integration costs by estimate at its present interval. Atlassian
    /// gives an app 65,000 an hour over all sites and users.
    pub points_per_hour: Option<i64>,
}

/// The people of the site, where a directory is kept.
#[serde_with::skip_serializing_none]
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryStatus {
    /// How many ConfigMaps hold them.
    pub config_maps: i64,
    /// Active people.
    pub active: i64,
    /// Deactivated people.
    pub inactive: i64,
    /// Active people whose e-mail address their profile hides.
    pub without_email: i64,
    /// Active people who share their display name with others.
    pub equal_names: i64,
    /// Accounts that Jira listed when the directory was complete last, apps and customers too: what
    /// a refresh costs depends on them.
    #[serde(default)]
    pub accounts: i64,
    /// When the directory was complete last.
    pub last_sync_time: Option<Time>,
    /// When the listing under way began; absent when none is.
    pub listing_since: Option<Time>,
    /// Where the next slice of a listing under way begins.
    pub next_offset: Option<i64>,
    /// Why the directory is not up to date; absent when it is. It is tried again by itself.
    pub last_error: Option<String>,
    /// Deprecated: what an earlier version called lastError. It is no longer written.
    #[serde(default, skip_serializing)]
    pub trouble: Option<String>,
}

/// The tickets of an integration.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketsStatus {
    /// JiraIssue objects that have their ticket in Jira.
    #[serde(default)]
    pub managed: i64,
    /// Objects whose ticket is still to come, by itself or after something changes in the cluster.
    #[serde(default)]
    pub pending: i64,
    /// Objects of which it cannot be told whether their ticket was created.
    #[serde(default)]
    pub uncertain: i64,
    /// Objects for which a person has to act: those that are Stalled. One that has its ticket counts in managed, too.
    #[serde(default)]
    pub blocked: i64,
    /// Tickets created within the last hour, as spec.tickets.maxPerHour counts them.
    #[serde(default)]
    pub created_last_hour: i64,
    /// By what the tickets that are there are told from those of other clusters.
    pub scope: Option<String>,
    /// Keys of the projects in which everything was listed that the account ever created: from then on tickets are looked
    /// for by their labels, and only the newest of the account's issues are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub scanned: Vec<String>,
    /// Id of the account that did: what another one created was not among it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned_by: Option<String>,
}
