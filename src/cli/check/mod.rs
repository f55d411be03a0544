//! `jira-operator check`: what works, what does not, and why: in a cluster, in files, and of the
//! operator's installation.

mod cluster;
mod crds;
mod evidence_file;
mod from_evidence;
mod lists;
mod live;
mod notes;
mod operator;
mod options;
mod points;
mod rights;
mod rules;
#[cfg(test)]
mod tests;

mod operator_findings;
mod site;
mod ticket_files;
mod token;
mod trouble;

mod from_status;
mod selection;
mod wait;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use self::{
    cluster::ClusterCheck,
    evidence_file::SavedEvidence,
    live::TicketQuestion,
    operator::InstallationCheck,
    wait::{any_change, until_fine},
};
pub(super) use self::{
    cluster::meant,
    live::LiveClient,
    selection::{IntegrationSelection, name},
};
pub use self::{
    options::Options,
    rules::{RULES, RequiredRule},
};
use crate::cli::context::{AtlassianContext, CheckReport, CliError, FINDINGS, Manifests, print, with_folders};

/// What is said of files without a token.
const WITHOUT_TOKEN: &str = "Account, scopes, projects, service desks and people were skipped: that takes an access token. Apply the files, connect, and check by name.";

/// Checks, prints what was found, and gives the exit code.
pub(super) async fn run(options: Options) -> Result<u8, CliError> {
    let options = options.checked()?;
    let (mut report, trouble) = match &options {
        Options {
            evidence: Some(file), ..
        } => (replay(file)?, None),
        options if options.operator => (installation(options).await?, None),
        options if !options.files.is_empty() => (of_files(options).await?, None),
        options => integrations(options).await?,
    };
    report.strict = options.strict;
    print(&report, options.output)?;
    ended(&report, trouble)
}

/// Findings win over what could not be done besides.
fn ended(report: &CheckReport, trouble: Option<String>) -> Result<u8, CliError> {
    match (trouble, report.exit_code()) {
        (Some(why), FINDINGS) => {
            eprintln!("jira-operator: {why}");
            Ok(FINDINGS)
        }
        (Some(why), _) => Err(why.into()),
        (None, code) => Ok(code),
    }
}

fn replay(file: &std::path::Path) -> Result<CheckReport, CliError> {
    Ok(CheckReport::of(SavedEvidence::load(file)?.subjects()))
}

async fn installation(options: &Options) -> Result<CheckReport, CliError> {
    let atlassian = AtlassianContext::of(&options.atlassian)?;
    let cluster = options.kube.cluster().await?;
    let installed = InstallationCheck {
        namespace: options.namespace.as_deref(),
        service_account: options.service_account.as_deref(),
    };
    let look = || async {
        let subjects = operator::check(&cluster, &atlassian, installed).await;
        Ok(CheckReport {
            strict: options.strict,
            ..CheckReport::of(subjects)
        })
    };
    match options.wait {
        None => look().await,
        Some(wait) => until_fine(wait, look, std::future::pending).await,
    }
}

async fn of_files(options: &Options) -> Result<CheckReport, CliError> {
    let atlassian = AtlassianContext::of(&options.atlassian)?;
    let paths = if options.recursive {
        with_folders(&options.files)
    } else {
        options.files.clone()
    };
    let mut manifests = Manifests::read(&paths, options.namespace.as_deref())?;
    site::ask(&mut manifests, &atlassian, options.offline).await;
    if !manifests.tickets.is_empty() {
        let cluster = if options.offline {
            None
        } else {
            Some(options.kube.cluster().await)
        };
        ticket_files::judge(&mut manifests, cluster.as_ref(), &atlassian).await;
    }
    let report = manifests.report((!options.offline).then_some(WITHOUT_TOKEN));
    if report.subjects.is_empty() {
        return Err("there is no JiraIntegration in the files, no JiraIssue, and no Secret for one".into());
    }
    Ok(report)
}

/// What was found, and what could not be done besides.
async fn integrations(options: &Options) -> Result<(CheckReport, Option<String>), CliError> {
    let atlassian = AtlassianContext::of(&options.atlassian)?;
    let cluster = options.kube.cluster().await?;
    let namespace = options.namespace.as_ref().unwrap_or(&cluster.namespace);
    let which = IntegrationSelection {
        names: options.names.clone(),
        selector: options.selector.clone(),
        namespace: (!options.all).then(|| namespace.clone()),
    };
    let person = options.person.as_deref().zip(options.project.as_deref());
    let question = ClusterCheck {
        cluster: &cluster,
        atlassian: &atlassian,
        which: &which,
        person: person.map(|(email, project)| TicketQuestion { email, project }),
        strict: options.strict,
    };
    if let Some(wait) = options.wait {
        settled(question, wait).await;
    }
    let answer = question.ask().await?;
    keep_evidence(options, answer.evidence.as_ref())?;
    let unsaved = answer.without_evidence.filter(|_| options.evidence_out.is_some());
    Ok((
        answer.report,
        unsaved.map(|why| format!("no evidence was saved, because {why}")),
    ))
}

/// Waits until the status of all says that they are fine, or the time is over: the operator checks
/// anyway, and asking Atlassian beside it would spend its points.
async fn settled(question: ClusterCheck<'_>, wait: Duration) {
    let version = Mutex::new(None);
    let put = |seen| *version.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    let look = || async {
        let said = question.reported_status().await;
        put(said.as_ref().ok().map(|(_, version)| version.clone()));
        Ok(said?.0)
    };
    let changed = || async {
        // What was not there yet is reported as added.
        let since = version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        any_change(question.cluster, question.which, since.as_deref().unwrap_or("0")).await;
    };
    // The result is that of the check that follows.
    let _ = until_fine(wait, look, changed).await;
}

fn keep_evidence(options: &Options, evidence: Option<&SavedEvidence>) -> Result<(), CliError> {
    match (&options.evidence_out, evidence) {
        (Some(file), Some(evidence)) => evidence.store(file),
        _ => Ok(()),
    }
}
