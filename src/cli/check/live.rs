//! Looks at an integration live, with the access token that the operator keeps, where the caller
//! may read it. Read-only: no token is refreshed, spent or written.

use jiff::Timestamp;
use kube::{Api, ResourceExt, api::ListParams};

use super::{
    evidence_file::SavedEvidence,
    lists::{UnlistedProjects, all},
    operator_findings::{is_authorized, operator_findings, quota_until},
    points::PointsSpent,
    token::{NotLive, is_rejected, token},
};
use crate::cli::context::{AtlassianContext, ClusterContext};
use crate::{
    api::{
        condition::{ConditionType, is_true},
        integration::JiraIntegration,
        names,
        project::JiraProject,
    },
    atlassian::{client::AtlassianClient, jira::Session, site::SiteUrl},
    cluster::time::clock,
    diagnose::{
        DeclaredSpec, Evidence,
        examination::{ReadOnly, examine},
        gather::{self, site},
        judge,
    },
    grant::GrantKey,
};

/// Asks Jira as the operator does.
pub struct LiveClient {
    client: AtlassianClient,
    app: String,
    scopes: Option<Vec<String>>,
    declared: DeclaredSpec,
    saved: SavedEvidence,
    authorized: bool,
}

/// A person and the project that a ticket is for.
#[derive(Clone, Copy, Debug)]
pub struct TicketQuestion<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Key of the project.
    pub project: &'a str,
}

impl LiveClient {
    /// The client, where Jira may be asked.
    pub async fn find(
        cluster: &ClusterContext,
        atlassian: &AtlassianContext,
        integration: &JiraIntegration,
    ) -> Result<Self, NotLive> {
        may_be_asked(atlassian, integration, Timestamp::now())?;
        let key = GrantKey {
            namespace: integration.namespace().unwrap_or_default(),
            credentials: integration.spec.secret_ref.name.clone(),
        };
        let authorized = is_authorized(integration);
        let token = token(cluster, &key, authorized).await?;
        let client = AtlassianClient::new(atlassian.http.clone(), atlassian.endpoints.clone(), token.access);
        let (known, unlisted) = known(cluster, integration).await;
        let mut saved = SavedEvidence::new(
            &key.namespace,
            &integration.name_any(),
            &operator_findings(integration, Timestamp::now()),
        );
        saved.unlisted = unlisted;
        Ok(Self {
            client: client.within(atlassian.bursts.clone()),
            app: token.app,
            scopes: token.scopes,
            declared: DeclaredSpec::of(integration, &atlassian.suffixes).knowing(&known),
            saved,
            authorized,
        })
    }

    /// The calls to a site.
    #[must_use]
    pub fn session(&self, cloud_id: &str) -> Session {
        Session::new(&self.client, cloud_id)
    }

    /// The OAuth app whose points are spent.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }

    /// Asks everything. What that cost is noted.
    pub async fn look(self, spent: &mut PointsSpent) -> Result<SavedEvidence, NotLive> {
        let asked = Evidence::new(self.declared, self.scopes);
        let evidence = examine(&self.client, asked, &mut ReadOnly).await.evidence;
        spent.note(&self.app, &self.client);
        if is_rejected(&evidence) {
            return Err(NotLive::rejected(self.authorized));
        }
        let mut saved = self.saved;
        saved.evidence = Some(evidence);
        Ok(saved)
    }

    /// Asks why a ticket for a person fails.
    pub async fn look_for(self, wanted: TicketQuestion<'_>) -> Result<SavedEvidence, NotLive> {
        let because = |text: &str| NotLive::because(text.trim_end_matches('.'));
        let address = SiteUrl::parse(&self.declared.site, &self.declared.site_suffixes);
        let address = address.map_err(|error| because(&error.to_string()))?;
        let answers = site(&self.client, &address).await;
        let (found, _) = judge::site::judge(&address, self.declared.bound.as_ref(), &answers)
            .map_err(|finding| because(&finding.message()))?;
        let jira = Session::new(&self.client, &found.status.cloud_id);
        let pinned = &self.declared.pinned;
        let person = gather::person(&jira, wanted.email, wanted.project, pinned).await;
        let mut saved = self.saved;
        saved.person = Some(person);
        saved.unlisted = None;
        Ok(saved)
    }
}

/// Whether Atlassian may be asked at all, and whether that is of any use.
fn may_be_asked(atlassian: &AtlassianContext, integration: &JiraIntegration, now: Timestamp) -> Result<(), NotLive> {
    let conditions = integration.status.as_ref().map(|status| status.conditions.as_slice());
    if integration.spec.suspend {
        return Err(NotLive::because(
            "spec.suspend is true: nothing may be asked of Atlassian",
        ));
    }
    let address = SiteUrl::parse(&integration.spec.site, &atlassian.suffixes);
    if address.is_err() && is_true(conditions.unwrap_or_default(), ConditionType::SiteReachable) {
        return Err(NotLive::because(format!(
            "the operator allows {} and this command does not: name its host with --allow-site-suffix",
            integration.spec.site
        )));
    }
    if let Some(until) = quota_until(integration, now) {
        return Err(NotLive::because(format!(
            "Atlassian's hourly quota for the OAuth app is used up until {}: nothing is asked before",
            clock(until)
        )));
    }
    Ok(())
}

/// The projects that the operator knows; and where they cannot be listed, why.
async fn known(
    cluster: &ClusterContext,
    integration: &JiraIntegration,
) -> (Vec<JiraProject>, Option<UnlistedProjects>) {
    match projects(cluster, integration).await {
        Ok(known) => (known, None),
        Err(error) => {
            let namespace = integration.namespace().unwrap_or_default();
            let lost = "Projects that were archived, deleted or hidden since they were seen are not in this report.";
            (Vec::new(), Some(UnlistedProjects::of(&namespace, &error, lost)))
        }
    }
}

/// The projects of an integration, as objects.
pub async fn projects(cluster: &ClusterContext, integration: &JiraIntegration) -> kube::Result<Vec<JiraProject>> {
    let namespace = integration.namespace().unwrap_or_default();
    let api: Api<JiraProject> = Api::namespaced(cluster.client.clone(), &namespace);
    let selector = format!("{}={}", names::INTEGRATION_LABEL, integration.name_any());
    Ok(all(&api, ListParams::default().labels(&selector)).await?.items)
}
