//! Tickets of manifests, judged against the site as the operator judges them, where a cluster leads to it.

use kube::{Api, ResourceExt};

use super::{
    lists::refused,
    live::{LiveClient, projects},
};
use crate::{
    api::{
        condition::{
            ConditionType::{Created, Valid},
            Finding,
        },
        integration::{JiraIntegration, Tickets},
        issue::JiraIssue,
        project::JiraProject,
        reason::Reason,
    },
    atlassian::{error::JiraError, jira::Session},
    cli::context::{AtlassianContext, CheckReason, CliError, ClusterContext, Manifests, ReportLine},
    tickets::{
        Judging, Marker, NotCreatable, PROPERTY, People, PersonSearches, Searching, WritePermit, addresses, creatable,
        people_finding, people_of, permit, project,
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
fn unanswered(error: &JiraError) -> ReportLine {
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
        let site = TicketSite {
            tickets: &integration.spec.tickets.clone().unwrap_or_default(),
            session: &self.session(&integration, &permit).await?,
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

    async fn session(&self, integration: &JiraIntegration, permit: &WritePermit) -> Judged<Session> {
        let client = LiveClient::find(self.cluster, self.atlassian, integration).await;
        let client = client.map_err(|not_live| {
            Box::new(skipped(&format!(
                "Type, fields and people were skipped, because {}.",
                not_live.why
            )))
        })?;
        Ok(client.session(&permit.cloud_id))
    }
}

fn sentence(why: &str) -> String {
    format!("It was not judged against the site, because {why}.")
}

/// What a ticket is judged with.
struct TicketSite<'a> {
    integration: &'a JiraIntegration,
    tickets: &'a Tickets,
    permit: &'a WritePermit,
    session: &'a Session,
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
        let scope = self.permit.scope.clone().unwrap_or_default();
        let judging = Judging {
            spec,
            generation: 1,
            permit: self.permit,
            project: &project,
            metadata: &metadata,
            people: &people,
            marker: &Marker::of(issue, &scope),
        };
        let (draft, roles) = judging.judge().map_err(|finding| found(&finding))?;
        Ok(vec![
            ReportLine::of(&Finding::plain(Valid, Reason::SpecAccepted)),
            ReportLine::of(&people_finding(&people_of(&roles, &draft))).holding_nothing_back(),
        ])
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
            .map(|project| project.key)
            .unwrap_or_default();
        project(&issue.spec, self.tickets, &of, self.known).map_err(|finding| found(&finding))?;
        Ok(vec![ReportLine::of(&Finding::plain(Valid, Reason::SpecAccepted))])
    }
}
