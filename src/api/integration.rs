//! The `JiraIntegration` kind: what a person declares. What the operator answers is in
//! [`integration_status`](super::integration_status).

use std::{ops::RangeInclusive, time::Duration};

use jiff::SignedDuration;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::requirements::TicketProjects;
pub use super::{
    integration_status::{
        AccountStatus, ApiStatus, DirectoryStatus, JiraIntegrationStatus, ProjectCounts, RemovedIssues, SiteStatus,
        SyncProgress, SyncStatus, TicketsStatus, TokenStatus,
    },
    integration_tickets::{KeptComments, Tickets, UnknownReporter},
};

/// Connects one Jira Cloud site to this namespace: which site, whose grant, which projects and
/// how often to look. The status says whether it works, and if not, why and what to do.
#[serde_with::skip_serializing_none]
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "jira-operator.dev",
    version = "v1alpha1",
    kind = "JiraIntegration",
    namespaced,
    shortname = "ji",
    category = "jira",
    status = "JiraIntegrationStatus",
    derive = "PartialEq",
    doc = "Connects one Jira Cloud site to this namespace. The status says whether it works, and if not, why and what to do.",
    validation = Rule::new("self.metadata.name.size() <= 63").message("metadata.name must have at most 63 characters: it becomes a label of everything that belongs to the integration"),
    validation = Rule::new("(has(self.spec.tokenSecretName) ? self.spec.tokenSecretName : self.metadata.name + '-jira-token') != self.spec.secretRef.name && (has(self.spec.tokenSecretName) ? self.spec.tokenSecretName : self.metadata.name + '-jira-token') != self.spec.secretRef.name + '-grant'").message("spec.tokenSecretName must differ from spec.secretRef.name and from that name with -grant: the operator writes the access token there"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Site", type_ = "string", json_path = ".spec.site"),
    printcolumn(name = "Usable", type_ = "string", json_path = ".status.projects.usable", description = "Projects in scope that can be used, of all in scope"),
    printcolumn(name = "Last Sync", type_ = "date", json_path = ".status.sync.lastSyncTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend", priority = 1),
    printcolumn(name = "Account", type_ = "string", json_path = ".status.account.displayName", priority = 1),
    printcolumn(name = "Next Sync", type_ = "string", json_path = ".status.sync.nextSyncTime", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct JiraIntegrationSpec {
    /// Address of the Jira Cloud site, such as https://your-site.atlassian.net: https, without a
    /// path. Hosts under atlassian.net and jira.com are accepted, others only where the operator
    /// was started with --allow-site-suffix. Once connected, the integration is bound to the site
    /// behind the address: a renamed site is followed, another site is refused.
    #[schemars(length(max = 260))]
    #[x_kube(
        validation = Rule::new("self.startsWith('https://')").message("spec.site must begin with https://, such as https://your-site.atlassian.net"),
        validation = Rule::new("!self.startsWith('https://') || self.matches('^https://[^/?#@ ]+/?$')").message("spec.site must be the address of the site alone, without a path, query or user, such as https://your-site.atlassian.net"),
    )]
    pub site: String,

    /// The Secret, in this namespace, with the OAuth 2.0 (3LO) app's credentials. It is only read.
    pub secret_ref: SecretReference,

    /// The dedicated Atlassian account that is expected to hold the grant. When set, a grant of
    /// any other account is refused and its token is not published. Needed for connecting in the
    /// browser.
    pub account: Option<ExpectedAccount>,

    /// The projects to synchronise. When omitted, every project that the account can see.
    #[schemars(length(max = 500))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["key".into()]),
        validation = Rule::new("self.size() > 0").message("spec.projects must not be empty: leave it out to synchronise every project that the account can see"),
    )]
    pub projects: Option<Vec<ProjectReference>>,

    /// How often to look, as a duration such as 5m or 1h30m, from 1m to 24h. 5m is near real time,
    /// 15m suits most teams, 30m to 60m save API usage.
    #[serde(default = "default_interval")]
    #[schemars(length(max = 16))]
    #[x_kube(
        validation = Rule::new("self.matches('^([0-9]{1,5}[hms])+$')").message("spec.syncInterval must be a duration such as 5m, 90s or 1h30m"),
        validation = Rule::new("!self.matches('^([0-9]{1,5}[hms])+$') || (duration(self) >= duration('1m') && duration(self) <= duration('24h'))").message("spec.syncInterval must be between 1m and 24h"),
    )]
    pub sync_interval: String,

    /// Name of the Secret, in this namespace, that receives the access token for workloads:
    /// access-token, expires-at, base-url and site-url. Defaults to the integration's name with
    /// -jira-token. Mount it as a volume without subPath: environment variables and subPath mounts
    /// never see a refreshed token.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message("spec.tokenSecretName must be a valid name of a Secret: lower-case letters, digits, '-' and '.', each part between dots beginning and ending with a letter or digit"))]
    pub token_secret_name: Option<String>,

    /// Which issues come into the cluster as JiraIssue objects. When omitted, none: open ones are
    /// counted only.
    pub issues: Option<Issues>,

    /// Phases for statuses. A status that is not named follows its status category. Names are
    /// compared without regard to case, as the account sees them: they are localised. A status
    /// can also be named by its id, as id:10001.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub status_mapping: Vec<StatusMapping>,

    /// How people are looked up.
    pub users: Option<Users>,

    /// Deprecated: it has no effect.
    pub mode: Option<Mode>,

    /// Lets JiraIssue objects that people apply create tickets, as the account of the integration. The scopes and
    /// permissions for writing are then needed, in the projects that it names. When omitted, they create none, and
    /// reading is enough.
    pub tickets: Option<Tickets>,

    /// When true, Atlassian is not called for this integration and its token is left to expire.
    /// Conditions keep their status; the message of Ready says since when it is suspended.
    #[serde(default)]
    pub suspend: bool,
}

/// How often to look where the spec does not say.
const DEFAULT_MINUTES: u64 = 5;
/// The longest and the shortest interval.
const INTERVALS: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);

fn default_interval() -> String {
    format!("{DEFAULT_MINUTES}m")
}

/// Names the Secret with the OAuth app's credentials.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SecretReference {
    /// Name of a Secret in this namespace with the keys client-id and client-secret, and
    /// optionally refresh-token, which is adopted once. The grant is kept beside it in a Secret
    /// whose name ends in -grant, shared by every integration that names this Secret.
    #[schemars(length(max = 247))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message("spec.secretRef.name must be the name of a Secret in this namespace"))]
    pub name: String,
}

/// The account that is expected to hold the grant.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.email) || has(self.accountId)").message("spec.account needs an email or an accountId"))]
pub struct ExpectedAccount {
    /// E-mail address of the account, compared without regard to case. It can only be compared
    /// when the account's profile shows it; otherwise set accountId.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(validation = Rule::new("self.matches('^[^@ ]+@[^@ ]+$')").message("spec.account.email must be an e-mail address"))]
    pub email: Option<String>,

    /// Atlassian account id. Decides alone when it is set.
    #[schemars(length(min = 1, max = 128))]
    pub account_id: Option<String>,
}

/// A project to synchronise.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ProjectReference {
    /// Key of the project, such as SUP.
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Z0-9_]*$')").message("spec.projects[].key must be a Jira project key such as SUP: upper-case letters, digits and '_', beginning with a letter"))]
    pub key: String,

    /// JQL that narrows which issues of the project are synchronised, such as labels = k8s. It is
    /// put in parentheses beside the project; ORDER BY has no place in it.
    #[schemars(length(min = 1, max = 2000))]
    pub jql: Option<String>,
}

/// Which issues come into the cluster.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Issues {
    /// None fetches no issues, and keeps counts only. Open mirrors the issues that are not done as
    /// JiraIssue objects, All mirrors those that are done as well.
    #[serde(default)]
    pub mirror: MirrorMode,

    /// Most JiraIssue objects of this integration, from 1 to 5000. Where there are more issues,
    /// those that were updated last are mirrored.
    #[serde(default = "default_max_objects")]
    #[schemars(range(min = 1, max = 5000))]
    pub max_objects: i32,
}

impl Default for Issues {
    fn default() -> Self {
        Self {
            mirror: MirrorMode::None,
            max_objects: default_max_objects(),
        }
    }
}

const fn default_max_objects() -> i32 {
    500
}

/// Which issues are mirrored as objects.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MirrorMode {
    /// None.
    #[default]
    None,
    /// Those that are not done.
    Open,
    /// All.
    All,
}

/// A phase for some statuses.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StatusMapping {
    /// The phase, such as Waiting.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Z][A-Za-z0-9]{0,62}$')").message("spec.statusMapping[].phase must begin with an upper-case letter and have letters and digits only, such as Waiting"))]
    pub phase: String,

    /// Names of statuses, or ids as id:10001, each once.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 64)))]
    #[x_kube(validation = Rule::new("self.all(one, self.exists_one(other, other == one))").message("spec.statusMapping[].statuses must not name a status twice"))]
    pub statuses: Vec<String>,

    /// Keys of the projects in which it holds. When omitted, in all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 20),
        inner(length(min = 1, max = 64), regex(pattern = "^[A-Z][A-Z0-9_]*$"))
    )]
    pub projects: Vec<String>,

    /// Names of the issue types for which it holds. When omitted, for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 64)))]
    pub issue_types: Vec<String>,
}

/// How people are looked up.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Users {
    /// None looks people up when they are needed. ConfigMap keeps a directory of the people of the
    /// site in ConfigMaps named after the integration with -users-0 and so on; whoever may read
    /// those reads names and e-mail addresses.
    #[serde(default)]
    pub directory: DirectoryMode,

    /// People whose account is known, because their profile hides the e-mail address for example.
    /// What is pinned goes before every search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["email".into()]))]
    pub pinned: Vec<PinnedUser>,
}

/// Where the people of the site are kept.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DirectoryMode {
    /// Nowhere.
    #[default]
    None,
    /// In ConfigMaps.
    ConfigMap,
}

/// A person whose account is known.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PinnedUser {
    /// E-mail address by which the person is named, in lower case: it is compared without regard to case.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(validation = Rule::new("self.matches('^[^@ A-Z]+@[^@ A-Z]+$')").message("spec.users.pinned[].email must be an e-mail address in lower case: case makes no difference, and nobody is to be pinned twice"))]
    pub email: String,

    /// Atlassian account id of the person: the end of the address of their profile in Jira.
    #[schemars(length(min = 1, max = 128))]
    pub account_id: String,
}

/// Deprecated: it has no effect. What the scopes and permissions have to allow follows from spec.tickets.
// The definition has this text, and not that of the field.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It needed the scopes and permissions for writing.
    Enforce,
    /// It needed those for reading only.
    Observe,
}

impl JiraIntegrationSpec {
    /// The people whose account is known.
    #[must_use]
    pub fn pinned(&self) -> &[PinnedUser] {
        self.users.as_ref().map_or(&[], |users| users.pinned.as_slice())
    }

    /// The projects in which tickets are written.
    #[must_use]
    pub fn ticket_projects(&self) -> TicketProjects<'_> {
        TicketProjects(self.tickets.as_ref().map(|tickets| tickets.projects.as_slice()))
    }

    /// Whether `Ready` depends on each of the projects: a person has named them, or has named some for tickets, of which
    /// these counts say that one cannot be written to.
    #[must_use]
    pub fn depends_on_projects(&self, counts: Option<&ProjectCounts>) -> bool {
        self.projects.is_some() || counts.is_some_and(|counts| self.ticket_projects().are_short_of(counts.writable))
    }

    /// Which issues come into the cluster.
    #[must_use]
    pub fn issues(&self) -> Issues {
        self.issues.clone().unwrap_or_default()
    }

    /// The sync interval. The API server has checked the text; where it could not have (an
    /// object older than the rule), the default stands in.
    #[must_use]
    pub fn interval(&self) -> Duration {
        parse_interval(&self.sync_interval).unwrap_or(Duration::from_mins(DEFAULT_MINUTES))
    }
}

/// Reads an interval as the rule of the definition does. It takes units in any order and more than once, which jiff
/// does not: so each is read by itself.
fn parse_interval(text: &str) -> Option<Duration> {
    let mut parts = text.split_inclusive(['h', 'm', 's']).map(|part| {
        let number = part.strip_suffix(['h', 'm', 's'])?;
        let is_plain = (1..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<SignedDuration>().ok().filter(|_| is_plain)
    });
    let sum = parts.try_fold(SignedDuration::ZERO, |sum, part| sum.checked_add(part?))?;
    Duration::try_from(sum).ok().filter(|sum| INTERVALS.contains(sum))
}

#[cfg(test)]
mod tests;
