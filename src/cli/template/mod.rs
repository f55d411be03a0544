//! `jira-operator template`: prints a manifest for a ticket of a type, as the site takes it at present.

mod manifest;

use clap::Args;
use kube::ResourceExt;

use self::manifest::TicketTemplate;
use super::{
    check::{IntegrationSelection, LiveClient, meant, name},
    context::{AtlassianContext, AtlassianOptions, CliError, ClusterOptions, print_text},
};
use crate::{
    api::{integration::JiraIntegration, issue::JiraIssueSpec, requirements::SERVICE_DESK},
    atlassian::{
        desk_models::ServiceDesk,
        error::JiraError,
        jira::{ProjectFilter, Session},
        models::Project,
    },
    diagnose::nearest,
    tickets::{NotCreatable, TicketMetadata, TicketProject, creatable, type_named},
};

/// Said at the end of --help.
const AFTER_HELP: &str = "\
What is needed stands in the manifest, what may be left out is a comment, and
comments say which values are allowed. Jira is asked with the access token that
the operator keeps, as by check; nothing is written.

Examples:
  jira-operator template ENG Bug > bug.yaml
  jira-operator template SUP \"Report a problem\" -n support
  jira-operator check -f bug.yaml           what is left to be done";

/// Options of `template`.
// What stands here is what --help prints, where Markdown has no place.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Key of the project, such as SUP.
    project: String,
    /// Name of a request type or an issue type, or its id as id:10004. One that is none lists those there are.
    #[arg(value_name = "TYPE")]
    wanted: String,
    /// JiraIntegration that the ticket is for; by default the namespace's only one, or the only one with the
    /// project in scope.
    #[arg(long, value_name = "NAME", value_parser = name)]
    integration: Option<String>,
    #[command(flatten)]
    cluster: ClusterOptions,
    #[command(flatten)]
    atlassian: AtlassianOptions,
}

/// Prints the manifest.
pub(super) async fn run(options: Options) -> Result<(), CliError> {
    let atlassian = AtlassianContext::of(&options.atlassian)?;
    let (cluster, namespace) = options.cluster.cluster().await?;
    let which = IntegrationSelection {
        names: options.integration.into_iter().collect(),
        selector: None,
        namespace: Some(namespace.clone()),
    };
    let key = options.project.to_uppercase();
    let integration = meant(which.find(&cluster).await?.items, &key)?;
    let not_asked = |why: String| CliError::from(format!("Jira cannot be asked, because {why}"));
    let client = LiveClient::find(&cluster, &atlassian, &integration).await;
    let client = client.map_err(|not_live| not_asked(not_live.why))?;
    let site = integration.status.as_ref().and_then(|status| status.site.as_ref());
    let site = site.ok_or_else(|| not_asked("the operator has not found the site yet".to_owned()))?;
    let session = client.session(&site.cloud_id);
    let project = project(&session, &key).await?;
    let metadata = metadata(&session, &project, &options.wanted).await?;
    let template = TicketTemplate {
        namespace: &namespace,
        integration: &integration.name_any(),
        project: &project.key,
        head: &head(&integration, &project, &metadata),
        metadata: &metadata,
    };
    print_text(&template.manifest())
}

/// What the manifest begins with.
fn head(integration: &JiraIntegration, project: &Project, metadata: &TicketMetadata) -> Vec<String> {
    let (kind, site) = (&metadata.type_name, integration.spec.site.trim_end_matches('/'));
    let what = if metadata.desk.is_some() { "request" } else { "ticket" };
    let mut head = vec![format!(
        "A {what} of type {kind} in {} ({}), as {site} takes it. Give a value to what has none, and take the # from what you want besides.",
        project.key, project.name
    )];
    if !integration.spec.ticket_projects().has(&[&project.key]) {
        head.push(format!(
            "Note: the JiraIntegration {} writes no tickets in {} yet: see its spec.tickets.",
            integration.name_any(),
            project.key
        ));
    }
    head
}

fn unanswered(error: &JiraError) -> CliError {
    format!("Jira could not be asked: {}", error.to_string().trim_end_matches('.')).into()
}

/// The project of this key, or which there are.
async fn project(session: &Session, key: &str) -> Result<Project, CliError> {
    match session.project(key).await {
        Ok(project) => return Ok(project),
        Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => {}
        Err(error) => return Err(unanswered(&error)),
    }
    let live = session
        .projects(ProjectFilter::Live)
        .await
        .map_err(|error| unanswered(&error))?;
    let mut keys: Vec<String> = live.into_iter().map(|project| project.key).collect();
    keys.sort_unstable();
    Err(none(
        &format!("Jira shows the account no project {key}"),
        key,
        &[("There are", keys)],
    )
    .into())
}

/// What a ticket of the type takes, or which types there are. In a service project a request type goes before an issue
/// type of the same name.
async fn metadata(session: &Session, project: &Project, wanted: &str) -> Result<TicketMetadata, CliError> {
    let place = TicketProject {
        id: project.id.clone(),
        key: project.key.clone(),
        is_service: project.project_type_key == SERVICE_DESK,
        desk_trouble: None,
    };
    let requests = request_types(session, &place)
        .await
        .map_err(|error| unanswered(&error))?;
    let issues = session
        .create_types(&place.id)
        .await
        .map_err(|error| unanswered(&error))?;
    let issues: Vec<(String, String)> = issues.into_iter().map(|kind| (kind.id, kind.name)).collect();
    let by_id = |kind: &(String, String)| format!("id:{}", kind.0);
    let request_type = type_named(wanted, &requests).map(by_id);
    let issue_type = type_named(wanted, &issues).map(by_id);
    if request_type.is_none() && issue_type.is_none() {
        let names = |types: &[(String, String)]| types.iter().map(|(_, name)| name.clone()).collect();
        let what = format!("the account can create no {wanted} in {}", project.key);
        let lists = [("Request types", names(&requests)), ("Issue types", names(&issues))];
        return Err(none(&what, wanted, &lists).into());
    }
    let spec = JiraIssueSpec {
        issue_type,
        request_type,
        ..JiraIssueSpec::default()
    };
    creatable(session, &place, &spec).await.map_err(|why| match why {
        NotCreatable::Invalid(finding) => finding.message().into(),
        NotCreatable::Unanswered(error) => unanswered(&error),
    })
}

/// Ids and names of the request types that the account gets to see.
async fn request_types(session: &Session, project: &TicketProject) -> Result<Vec<(String, String)>, JiraError> {
    if !project.is_service {
        return Ok(Vec::new());
    }
    match session.request_types(&ServiceDesk::of_project(&project.id).id).await {
        Ok(types) => Ok(types.into_iter().map(|kind| (kind.id, kind.name)).collect()),
        Err(JiraError::NotFound(_) | JiraError::Forbidden(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// That there is none, what was meant, and what there is.
fn none(what: &str, wanted: &str, lists: &[(&str, Vec<String>)]) -> String {
    let all = lists.iter().flat_map(|(_, names)| names.iter().map(String::as_str));
    let near = nearest(wanted, all).map_or_else(String::new, |near| format!(" Did you mean {near}?"));
    let filled = lists.iter().filter(|(_, names)| !names.is_empty());
    let listed: Vec<String> = filled
        .map(|(of, names)| format!(" {of}: {}.", names.join(", ")))
        .collect();
    format!("{what}.{near}{}", listed.concat())
}
