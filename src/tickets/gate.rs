//! Whether an integration lets a ticket be written, in which project, and as whom.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::api::{
    condition::{
        ConditionType::{self, AccountEligible, Authorized, ScopesGranted, ServiceDeskReady, SiteReachable, Valid},
        Finding, find, is_true,
    },
    integration::{JiraIntegration, Tickets, UnknownReporter},
    issue::{JiraIssue, JiraIssueSpec},
    names,
    project::{JiraProject, Lifecycle},
    ready::holds_project_back,
    reason::{Holds, Reason},
    requirements::{SERVICE_DESK, TicketProjects},
};

/// What has to be True of an integration that writes.
const NEEDED: [ConditionType; 4] = [Authorized, SiteReachable, ScopesGranted, AccountEligible];

/// What a ticket may be written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritePermit {
    /// cloudId of the site.
    pub cloud_id: String,
    /// Address of the site.
    pub site_url: String,
    /// Account id of the dedicated account.
    pub account: String,
    /// What tells clusters apart; none where it is the client-id.
    pub scope: Option<String>,
    /// Whether nothing may be sent.
    pub is_dry_run: bool,
    /// Most creations in an hour.
    pub max_per_hour: usize,
    /// What is done where the reporter has no account.
    pub unknown_reporter: UnknownReporter,
}

impl WritePermit {
    /// Why the ticket of an object is not written to: somebody asked to hold it back, or for a plan.
    #[must_use]
    pub fn withheld(&self, object: &JiraIssue) -> Option<Reason> {
        if object.spec.suspend {
            return Some(Reason::TicketSuspended);
        }
        let is_plan = self.is_dry_run || object.annotations().contains_key(names::PLAN);
        is_plan.then_some(Reason::Planned)
    }

    /// Whether the ticket of an object may be written to.
    #[must_use]
    pub fn writes(&self, object: &JiraIssue) -> bool {
        self.withheld(object).is_none()
    }
}

/// The project of a new ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketProject {
    /// Its id.
    pub id: String,
    /// Its key now.
    pub key: String,
    /// Whether it is a service project.
    pub is_service: bool,
    /// What its `JiraProject` says of its service desk, where that cannot be used.
    pub desk_trouble: Option<String>,
}

/// Whether an integration lets tickets be written.
///
/// # Errors
/// What is said of the ticket where it does not.
pub fn permit(name: &str, integration: Option<&JiraIntegration>) -> Result<WritePermit, Finding> {
    let Some(integration) = integration else {
        let what = format!("There is no JiraIntegration {name} in this namespace.");
        return Err(Finding::with_remedy(Valid, Reason::IntegrationNotFound, &what));
    };
    let Some(tickets) = &integration.spec.tickets else {
        let what = format!("The JiraIntegration {name} lets no ticket be written.");
        return Err(Finding::with_remedy(Valid, Reason::TicketsDisabled, &what));
    };
    let status = integration.status.as_ref();
    let conditions = status.map_or(&[][..], |status| status.conditions.as_slice());
    if integration.spec.suspend {
        return Err(not_ready(name, "it is suspended"));
    }
    if let Some(why) = NEEDED.into_iter().find(|needed| !is_true(conditions, *needed)) {
        return Err(not_ready(name, &trouble(conditions, why)));
    }
    let site = status.and_then(|status| status.site.as_ref());
    let account = status.and_then(|status| status.account.as_ref());
    match (site, account) {
        (Some(site), Some(account)) => Ok(WritePermit {
            cloud_id: site.cloud_id.clone(),
            site_url: site.url.clone(),
            account: account.account_id.clone(),
            scope: tickets.scope.clone(),
            is_dry_run: tickets.dry_run,
            max_per_hour: usize::try_from(tickets.max_per_hour).unwrap_or_default(),
            unknown_reporter: tickets.unknown_reporter,
        }),
        _ => Err(not_ready(name, "it was not checked yet")),
    }
}

fn not_ready(name: &str, why: &str) -> Finding {
    let what = format!("The JiraIntegration {name} is not connected: {why}.");
    Finding::with_remedy(Valid, Reason::IntegrationNotReady, &what)
}

fn trouble(conditions: &[Condition], needed: ConditionType) -> String {
    match find(conditions, needed) {
        Some(condition) => format!("{} is {} ({})", condition.type_, condition.status, condition.reason),
        None => format!("{} is not known yet", needed.as_str()),
    }
}

/// Whether a condition of a project keeps tickets from being created. What only keeps people from being set does not.
fn holds_back(conditions: &[Condition], needed: ConditionType) -> bool {
    find(conditions, needed).is_some_and(|condition| {
        let reason = Reason::parse(&condition.reason);
        condition.status != "True" && reason.is_none_or(|reason| holds_project_back(needed, reason))
    })
}

fn desk_trouble(project: &JiraProject, conditions: &[Condition]) -> Option<String> {
    let reason = Reason::parse(&find(conditions, ServiceDeskReady)?.reason)?;
    let meaning = reason.entry().meaning;
    (reason.entry().holds != Holds::True)
        .then(|| format!("The JiraProject {} says {reason}: {meaning}", project.name_any()))
}

/// The project in which a ticket is to be created.
///
/// # Errors
/// What is said of the ticket where none may be.
pub fn project<'p>(
    spec: &JiraIssueSpec,
    tickets: &Tickets,
    key: &str,
    projects: impl IntoIterator<Item = &'p JiraProject>,
) -> Result<TicketProject, Finding> {
    let refused = |reason, what: String| Err(Finding::with_remedy(Valid, reason, &what));
    let is_key = |project: &&JiraProject| {
        project.spec.key == key || project.status.as_ref().and_then(|status| status.key.as_deref()) == Some(key)
    };
    let found = projects.into_iter().find(is_key);
    let known_as = found.map_or(key, |project| project.spec.key.as_str());
    let is_listed = TicketProjects(Some(&tickets.projects)).has(&[key, known_as]);
    let (Some(found), true) = (found, is_listed) else {
        let what = format!("The JiraIntegration {} writes no tickets in {key}.", spec.integration);
        return refused(Reason::ProjectNotInScope, what);
    };
    let status = found.status.clone().unwrap_or_default();
    let blocked = [ConditionType::Accessible, ConditionType::Permitted]
        .into_iter()
        .find(|needed| holds_back(&status.conditions, *needed));
    match (blocked, status.id) {
        (None, Some(id)) if status.lifecycle == Lifecycle::Live => Ok(TicketProject {
            desk_trouble: desk_trouble(found, &status.conditions),
            id,
            key: status.key.unwrap_or_else(|| key.to_owned()),
            is_service: status.project_type.as_deref() == Some(SERVICE_DESK),
        }),
        (blocked, _) => {
            let why = blocked.map_or_else(
                || "it was not checked yet".to_owned(),
                |c| trouble(&status.conditions, c),
            );
            let what = format!(
                "Tickets cannot be created in {key}: {why}. See the JiraProject {}.",
                found.name_any()
            );
            refused(Reason::ProjectBlocked, what)
        }
    }
}
