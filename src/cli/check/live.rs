//! Looks at an integration live, with the access token that the operator keeps, where the caller
//! may read it. Read-only: no token is refreshed, spent or written.

use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, ResourceExt, api::ListParams};

use super::{
    evidence_file::Saved,
    examined::TAKEN_OVER,
    world::{Atlassian, Cluster},
};
use crate::{
    api::{
        condition::{ConditionType, Finding, is_true},
        integration::JiraIntegration,
        names,
        project::JiraProject,
        reason::Reason,
    },
    atlassian::{error::JiraError, jira::Jira, site::SiteUrl},
    diagnose::{
        evidence::{Declared, Evidence},
        examine,
        gather::{self, site::site},
        judge,
    },
    grant::{
        finding::clock,
        pace::after,
        store::{GrantKey, Store, describe},
    },
};

/// How late the operator may be at least, before it is told of.
const LATE: Duration = Duration::from_mins(5);

/// A way to ask Jira as the operator does.
pub struct Way {
    jira: Jira,
    scopes: Option<Vec<String>>,
    declared: Declared,
    saved: Saved,
}

/// A person and the project that a ticket is for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Key of the project.
    pub project: &'a str,
}

impl Way {
    /// The way to ask.
    ///
    /// # Errors
    /// Why there is none, as what follows "because".
    pub async fn find(cluster: &Cluster, atlassian: &Atlassian, integration: &JiraIntegration) -> Result<Self, String> {
        let status = integration.status.clone().unwrap_or_default();
        if integration.spec.suspend {
            return Err("spec.suspend is true: nothing may be asked of Atlassian".to_owned());
        }
        let address = SiteUrl::parse(&integration.spec.site, &atlassian.suffixes);
        if address.is_err() && is_true(&status.conditions, ConditionType::SiteReachable) {
            return Err(format!(
                "the operator allows {} and this command does not: name its host with --allow-site-suffix",
                integration.spec.site
            ));
        }
        let key = GrantKey {
            namespace: integration.namespace().unwrap_or_default(),
            credentials: integration.spec.secret_ref.name.clone(),
        };
        let (jira, scopes) = token(cluster, atlassian, &key).await?;
        Ok(Self {
            jira,
            scopes,
            declared: Declared::of(integration, &atlassian.suffixes).knowing(&known(cluster, integration).await),
            saved: Saved::new(
                &key.namespace,
                &integration.name_any(),
                &taken_over(integration, Timestamp::now()),
            ),
        })
    }

    /// Asks everything.
    ///
    /// # Errors
    /// Why the answers are of no use, as what follows "because".
    pub async fn look(self) -> Result<Saved, String> {
        let evidence = examine::gather(&self.jira, self.declared, self.scopes).await;
        if is_rejected(&evidence) {
            return Err("Atlassian no longer accepts the access token; the operator refreshes it by itself".to_owned());
        }
        let mut saved = self.saved;
        saved.evidence = Some(evidence);
        Ok(saved)
    }

    /// Asks why a ticket for a person fails.
    ///
    /// # Errors
    /// Why that cannot be asked, as what follows "because".
    pub async fn look_for(self, wanted: Wanted<'_>) -> Result<Saved, String> {
        let address = SiteUrl::parse(&self.declared.site, &self.declared.site_suffixes);
        let address = address.map_err(|error| error.to_string().trim_end_matches('.').to_owned())?;
        let answers = site(&self.jira, &address).await;
        let (found, _) = judge::site::judge(&address, self.declared.bound.as_ref(), &answers)
            .map_err(|finding| finding.message.trim_end_matches('.').to_owned())?;
        let (cloud_id, pinned) = (&found.status.cloud_id, &self.declared.pinned);
        let person = gather::person::person(&self.jira, cloud_id, wanted.email, wanted.project, pinned).await;
        let mut saved = self.saved;
        saved.person = Some(person);
        Ok(saved)
    }
}

/// The projects that the operator knows, as far as they may be listed.
async fn known(cluster: &Cluster, integration: &JiraIntegration) -> Vec<JiraProject> {
    let namespace = integration.namespace().unwrap_or_default();
    let api: Api<JiraProject> = Api::namespaced(cluster.client.clone(), &namespace);
    let selector = format!("{}={}", names::INTEGRATION_LABEL, integration.name_any());
    let listed = api.list(&ListParams::default().labels(&selector)).await;
    listed.map(|list| list.items).unwrap_or_default()
}

/// The findings that the operator wrote and that are not Jira's to answer. What it should have
/// written by now and did not is not known.
fn taken_over(integration: &JiraIntegration, now: Timestamp) -> Vec<Finding> {
    let status = integration.status.clone().unwrap_or_default();
    let late = is_late(integration, now);
    let one = |condition| match Finding::carried(condition, &status.conditions) {
        Some(finding) if condition != ConditionType::Synced || late.is_none() => finding,
        None | Some(_) => {
            let why = late.as_deref().unwrap_or("The operator has not written it yet.");
            let what = format!("{why} Is it running? See jira-operator check --operator.");
            Finding::new(condition, Reason::NotChecked, what)
        }
    };
    TAKEN_OVER.into_iter().map(one).collect()
}

/// Whether the operator missed its own time by more than an interval, and by what it shows.
fn is_late(integration: &JiraIntegration, now: Timestamp) -> Option<String> {
    let sync = integration.status.as_ref()?.sync.as_ref()?;
    let due = sync.next_sync_time.as_ref()?.0;
    let latest = after(due, integration.spec.interval().max(LATE));
    (now > latest).then(|| format!("The operator was to synchronise at {} and did not.", clock(due)))
}

async fn token(
    cluster: &Cluster,
    atlassian: &Atlassian,
    key: &GrantKey,
) -> Result<(Jira, Option<Vec<String>>), String> {
    let name = key.secret_name();
    let store = Store::new(cluster.client.clone(), vec![key.namespace.clone()]);
    let record = match store.read(key).await {
        Ok(Some(record)) => record,
        Ok(None) => return Err(format!("there is no Secret {name} yet: nobody has connected")),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            return Err(format!("you may not read Secret {name}"));
        }
        Err(error) => return Err(format!("Secret {name} could not be read: {}", describe(&error))),
    };
    if record.is_foreign() {
        return Err(format!("Secret {name} is not the operator's"));
    }
    if record.is_copy() {
        return Err(format!("Secret {name} is a copy of a grant that is used elsewhere"));
    }
    let access = record
        .access
        .ok_or_else(|| format!("Secret {name} holds no access token"))?;
    if access.expires_at <= Timestamp::now() {
        return Err(format!(
            "the access token in Secret {name} expired at {}; only the operator refreshes it",
            clock(access.expires_at)
        ));
    }
    let jira = Jira::new(atlassian.http.clone(), atlassian.endpoints.clone(), access.token);
    Ok((jira, record.scopes))
}

/// Whether the token died before its time.
fn is_rejected(evidence: &Evidence) -> bool {
    let resources = evidence.site.as_ref().map(|site| &site.resources);
    matches!(resources, Some(Err(JiraError::Unauthorized(_))))
}
