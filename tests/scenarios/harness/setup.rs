//! How a harness is set up.

use jiff::Timestamp;

/// See the module.
// Each is a question of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Setup {
    /// Namespaces that the operator watches besides its own.
    pub further_namespaces: usize,
    /// The operator reaches the API server through a proxy that can break writes.
    pub proxied: bool,
    /// Level of its log.
    pub level: &'static str,
    /// It watches every namespace, under the ClusterRole.
    pub cluster_wide: bool,
    /// Not started yet.
    pub without_operator: bool,
    /// Seconds until a missing issue is looked up, where not the default.
    pub deletion_delay: Option<u32>,
    /// Seconds within which a creation whose answer is lost is settled, where not the usual of scenarios.
    pub creation_settle: Option<u32>,
    /// It serves the pages by which people connect.
    pub pages: bool,
    /// Reconciliations that run at once, where not the default.
    pub concurrent_reconciles: Option<u16>,
    /// Its clock is set by the scenario.
    pub by_clock: bool,
    /// When Jira began, where not now.
    pub jira_since: Option<Timestamp>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            further_namespaces: 0,
            proxied: false,
            level: "info",
            cluster_wide: false,
            without_operator: false,
            deletion_delay: None,
            creation_settle: None,
            pages: false,
            concurrent_reconciles: None,
            by_clock: false,
            jira_since: None,
        }
    }
}

impl Setup {
    /// The default, through the proxy if so.
    pub fn proxied(proxied: bool) -> Self {
        Self {
            proxied,
            ..Self::default()
        }
    }
}
