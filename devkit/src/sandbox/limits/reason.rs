//! The limits by the names that Jira gives them in its headers.

use serde::{Deserialize, Serialize};

/// The limits of Jira Cloud, by the value of `RateLimit-Reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateLimitReason {
    /// The app's hourly points, over all sites.
    JiraQuotaGlobalBased,
    /// The app's hourly points on one site.
    JiraQuotaTenantBased,
    /// Too many calls a second to one endpoint.
    JiraBurstBased,
    /// Too many writes to one issue.
    JiraPerIssueOnWrite,
}

impl RateLimitReason {
    /// The limit in Jira's default setting: points an hour, calls a second, or writes in two seconds.
    pub(crate) fn usual_limit(self) -> u64 {
        match self {
            Self::JiraQuotaGlobalBased | Self::JiraQuotaTenantBased => 65_000,
            Self::JiraBurstBased => 100,
            Self::JiraPerIssueOnWrite => 20,
        }
    }

    /// The header's value.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::JiraQuotaGlobalBased => "jira-quota-global-based",
            Self::JiraQuotaTenantBased => "jira-quota-tenant-based",
            Self::JiraBurstBased => "jira-burst-based",
            Self::JiraPerIssueOnWrite => "jira-per-issue-on-write",
        }
    }
}
