//! Tickets of manifests, judged against the site as the operator judges them, where a cluster leads to it.

use std::fmt::Display;

use kube::{Api, ResourceExt};

use super::{
    lists::refused,
    live::{LiveClient, projects},
    trouble::tickets,
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        integration::{JiraIntegration, Tickets},
        issue::{ExistingPolicy, JiraIssue},
        project::JiraProject,
        reason::Reason,
    },
    atlassian::{jira::Session, ticket_models::MarkedIssue},
    cli::context::{AtlassianContext, CheckReason, CliError, ClusterContext, Manifests, ReportLine},
    tickets::{
        Draft, Judging, Marker, NotCreatable, PROPERTY, Part, People, PersonSearches, Searching, WritePermit,
        addresses, creatable, people_finding, people_of, permit, project,
    },
};

/// What is said of tickets without a cluster.
const WITHOUT_CLUSTER: &str =
    "Project, type, fields and people were skipped: that takes a cluster with the JiraIntegration.";
/// How tickets are checked where no request may be sent.
const BY_SCHEMA: &str = "By the schema of the CRD only.";

/// Judges the tickets among the manifests: each against the site of its integration.
pub async fn judge(
    manifests: &mut Manifests,
    cluster: Option<&Result<ClusterContext, CliError>>,
    atlassian: &AtlassianContext,
) {
    let declared: Vec<String> = manifests.integration_names();
    for ticket in &mut manifests.tickets {
        let cluster = match cluster {
            None => {
                ticket.subject.notes.push(BY_SCHEMA.to_owned());
                continue;
            }
            Some(Err(why)) => {
                ticket.subject.notes.push(BY_SCHEMA.to_owned());
                ticket
                    .subject
                    .lines
                    .push(skipped(&format!("{WITHOUT_CLUSTER} There is {why}")));
                continue;
            }
            Some(Ok(cluster)) => cluster,
        };
        let judging = LiveJudge {
            cluster,
            atlassian,
            declared: &declared,
        };
        let namespace = ticket.issue.namespace().unwrap_or_else(|| cluster.namespace.clone());
        let lines = Box::pin(judging.judge(&ticket.issue, &namespace)).await;
        ticket.subject.lines.extend(lines.unwrap_or_else(|line| vec![*line]));
    }
}

struct LiveJudge<'a> {
    cluster: &'a ClusterContext,
    atlassian: &'a AtlassianContext,
    /// Names of integrations that stand in the files.
    declared: &'a [String],
}

/// One line ends the row.
type Judged<T> = Result<T, Box<ReportLine>>;

fn found(finding: &Finding) -> ReportLine {
    ReportLine::of(finding)
}

fn skipped(what: &str) -> ReportLine {
    ReportLine::local("The rest", CheckReason::NotLookedAt, what)
}

/// What Jira did not answer is not known.
fn unanswered(error: &impl Display) -> ReportLine {
    let why = error.to_string();
    skipped(&format!("Jira could not be asked: {}.", why.trim_end_matches('.')))
}

impl LiveJudge<'_> {
    async fn judge(&self, issue: &JiraIssue, namespace: &str) -> Judged<Vec<ReportLine>> {
        let spec = &issue.spec;
        let integration = self.integration(&spec.integration, namespace).await?;
        let permit = permit(&spec.integration, integration.as_ref()).map_err(|finding| found(&finding))?;
        let Some(integration) = integration else {
            return Ok(Vec::new());
        };
        let known = projects(self.cluster, &integration).await;
        let known = known.map_err(|error| Box::new(skipped(&sentence(&refused("jiraprojects", namespace, &error)))))?;
        let client = self.client(&integration).await?;
        let site = TicketSite {
            cluster: self.cluster,
            tickets: &integration.spec.tickets.clone().unwrap_or_default(),
            session: &client.session(&permit.cloud_id),
            scope: permit.scope.as_deref().unwrap_or_else(|| client.app()),
            integration: &integration,
            permit: &permit,
            known: &known,
        };
        match &spec.ticket {
            Some(key) => site.existing(issue, key).await,
            None => site.new_ticket(issue).await,
        }
    }

    /// The integration of a ticket; none where there is none, nor among the files.
    async fn integration(&self, name: &str, namespace: &str) -> Judged<Option<JiraIntegration>> {
        let api: Api<JiraIntegration> = Api::namespaced(self.cluster.client.clone(), namespace);
        let read = api.get_opt(name).await;
        let read =
            read.map_err(|error| Box::new(skipped(&sentence(&refused("jiraintegrations", namespace, &error)))))?;
        if read.is_none() && self.declared.iter().any(|declared| declared == name) {
            let what = format!(
                "JiraIntegration {name} is among the files and not in the cluster: apply it and connect it, then check the tickets."
            );
            return Err(Box::new(skipped(&what)));
        }
        Ok(read)
    }

    async fn client(&self, integration: &JiraIntegration) -> Judged<LiveClient> {
        let client = LiveClient::find(self.cluster, self.atlassian, integration).await;
        client.map_err(|not_live| {
            Box::new(skipped(&format!(
                "Type, fields and people were skipped, because {}.",
                not_live.why
            )))
        })
    }
}

fn sentence(why: &str) -> String {
    format!("It was not judged against the site, because {why}.")
}

/// What a ticket is judged with.
struct TicketSite<'a> {
    cluster: &'a ClusterContext,
    integration: &'a JiraIntegration,
    tickets: &'a Tickets,
    permit: &'a WritePermit,
    session: &'a Session,
    /// What tells clusters apart.
    scope: &'a str,
    known: &'a [JiraProject],
}

impl TicketSite<'_> {
    /// A ticket that is to be created.
    async fn new_ticket(&self, issue: &JiraIssue) -> Judged<Vec<ReportLine>> {
        let spec = &issue.spec;
        let key = spec.project.as_deref().unwrap_or_default();
        let project = project(spec, self.tickets, key, self.known).map_err(|finding| found(&finding))?;
        let metadata = creatable(self.session, &project, spec).await.map_err(|why| match why {
            NotCreatable::Invalid(finding) => found(&finding),
            NotCreatable::Unanswered(error) => unanswered(&error),
        })?;
        let pinned = self.integration.spec.pinned();
        let searching = Searching {
            session: self.session,
            account: &self.permit.account,
            searches: &PersonSearches::default(),
        };
        let people = People::find(searching, pinned, addresses(spec, &metadata)).await;
        let people = people.map_err(|error| unanswered(&error))?;
        let judging = Judging {
            spec,
            generation: 1,
            permit: self.permit,
            project: &project,
            metadata: &metadata,
            people: &people,
            marker: &Marker::of(issue, self.scope),
        };
        let (draft, roles) = judging.judge().map_err(|finding| found(&finding))?;
        let draft = self.assignable(draft).await?;
        Ok(vec![
            ReportLine::of(&Finding::plain(Valid, Reason::SpecAccepted)),
            ReportLine::of(&people_finding(&people_of(&roles, &draft))).holding_nothing_back(),
        ])
    }

    /// The draft, without an assignee who cannot be.
    async fn assignable(&self, draft: Draft) -> Judged<Draft> {
        let Some(account) = draft.assignee() else {
            return Ok(draft);
        };
        let asked = self.session.is_assignable(&draft.project.key, account).await;
        if asked.map_err(|error| unanswered(&error))? {
            return Ok(draft);
        }
        Ok(draft.without(Part::Assignee, String::new()))
    }

    /// A ticket that is to be taken over.
    async fn existing(&self, issue: &JiraIssue, key: &str) -> Judged<Vec<ReportLine>> {
        let keys = [key.to_owned()];
        let answer = self.session.fetch_marked(&keys, PROPERTY).await;
        let answer = answer.map_err(|error| unanswered(&error))?;
        let Some(there) = answer.issues.into_iter().next() else {
            let what = format!("Jira shows the account no issue {key}.");
            return Err(found(&Finding::with_remedy(Created, Reason::TicketNotFound, &what)).into());
        };
        let of = there
            .issue
            .fields
            .project
            .as_ref()
            .map(|project| project.key.clone())
            .unwrap_or_default();
        project(&issue.spec, self.tickets, &of, self.known).map_err(|finding| found(&finding))?;
        if let Some(whose) = self.owner(issue, &there).await? {
            let what = format!("{key} is the ticket of {whose}.");
            return Err(found(&Finding::with_remedy(Created, Reason::AlreadyManaged, &what)).into());
        }
        Ok(vec![ReportLine::of(&Finding::plain(Valid, Reason::SpecAccepted))])
    }

    /// Whose an existing ticket is, where it is another object's.
    async fn owner(&self, issue: &JiraIssue, there: &MarkedIssue) -> Judged<Option<String>> {
        let name = issue.name_any();
        let others = tickets(self.cluster, self.integration).await;
        let namespace = self.integration.namespace().unwrap_or_default();
        let others =
            others.map_err(|error| Box::new(skipped(&sentence(&refused("jiraissues", &namespace, &error)))))?;
        let has_it = |other: &&JiraIssue| {
            let id = other.status.as_ref().map(|status| status.id.as_str());
            other.name_any() != name && id == Some(there.issue.id.as_str())
        };
        if let Some(other) = others.iter().find(has_it) {
            return Ok(Some(format!("the JiraIssue {}", other.name_any())));
        }
        if issue.spec.policy().existing == ExistingPolicy::Ignore {
            // It is marked by the uid, which an object of a file has not yet.
            return Ok(None);
        }
        let mut own = issue.clone();
        own.metadata.namespace = Some(namespace.clone());
        let own = Marker::of(&own, self.scope).identity;
        let found = there.properties.get(PROPERTY).and_then(Marker::read);
        // A renamed object takes its ticket along.
        let is_foreign = found.is_some_and(|found| {
            let is_near = found.scope == self.scope && found.namespace == namespace;
            let there = others.iter().find(|other| other.name_any() == found.name);
            found.identity != own && !(is_near && found.has_lost(there))
        });
        Ok(is_foreign.then(|| "another object, in this cluster or in another one".to_owned()))
    }
}
