//! `jira-operator check`: what works, what does not, and why: in a cluster, in files, and of the
//! operator's installation.

mod cluster;
mod definitions;
mod evidence_file;
mod examined;
mod files;
#[cfg(test)]
mod fixtures;
mod live;
pub(super) mod manifest;
pub(super) mod mark;
mod operator;
pub(super) mod options;
pub(super) mod output;
mod reasons;
mod refresh;
mod render;
pub(super) mod report;
mod rights;
mod rules;
pub(super) mod save;
mod schema;
pub(super) mod secrets;
mod site;
mod values;
mod wait;
mod walk;
pub(super) mod world;

pub use self::options::Options;
use self::{
    cluster::{Answer, Question, Which},
    evidence_file::Saved,
    live::Wanted,
    manifest::Manifests,
    operator::Installed,
    report::Report,
    wait::{Reported, any_change, until_fine},
    world::{Atlassian, Cluster},
};

/// Exit code where something is wrong.
const FINDINGS: u8 = 1;
/// Exit code where nothing could be looked at.
pub const COULD_NOT_LOOK: u8 = 2;
/// What is said of files without a token.
const WITHOUT_TOKEN: &str = "Account, scopes, projects, service desks and people were not looked at: that takes an access token. --refresh --save FILE gets one, and spends the refresh token of the files by that; or apply them and check by name.";

/// Looks, prints what was found, and gives the exit code. The error says why nothing could be
/// looked at.
pub(super) async fn run(options: Options) -> Result<u8, String> {
    let options = options.checked()?;
    let (report, trouble) = match &options {
        Options {
            evidence: Some(file), ..
        } => (replay(file)?, None),
        options if options.operator => (installation(options).await?, None),
        options if !options.files.is_empty() => of_files(options).await?,
        options => integrations(options).await?,
    };
    output::print(&report, options.output)?;
    ended(&report, trouble)
}

/// Findings win over what could not be done besides.
fn ended(report: &Report, trouble: Option<String>) -> Result<u8, String> {
    match (trouble, report.exit_code()) {
        (Some(why), FINDINGS) => {
            eprintln!("jira-operator: {why}");
            Ok(FINDINGS)
        }
        (Some(why), _) => Err(why),
        (None, code) => Ok(code),
    }
}

fn replay(file: &std::path::Path) -> Result<Report, String> {
    Ok(Report::of(Saved::load(file)?.subjects()))
}

async fn installation(options: &Options) -> Result<Report, String> {
    let atlassian = Atlassian::of(&options.atlassian)?;
    let cluster = Cluster::of(options.context.as_deref(), options.kubeconfig.as_deref()).await?;
    let installed = Installed {
        namespace: options.namespace.as_deref(),
        service_account: options.service_account.as_deref(),
    };
    let look = || async { Ok(operator::check(&cluster, &atlassian, installed).await) };
    match options.wait {
        None => look().await,
        Some(wait) => until_fine(wait, look, std::future::pending).await,
    }
}

async fn of_files(options: &Options) -> Result<(Report, Option<String>), String> {
    let atlassian = Atlassian::of(&options.atlassian)?;
    let mut manifests = Manifests::read(&options.files, options.namespace.as_deref())?;
    manifests.ask_sites(&atlassian, options.offline).await;
    let mut trouble = None;
    if let Some(save) = options.save.as_ref().filter(|_| options.refresh) {
        match refresh::refresh(&mut manifests, &atlassian, save).await {
            Ok(refreshed) => keep_evidence(options, refreshed.evidence.as_ref())?,
            Err(why) => trouble = Some(why),
        }
    }
    let report = manifests.report((!options.offline && !options.refresh).then_some(WITHOUT_TOKEN));
    if report.subjects.is_empty() {
        return Err("there is no JiraIntegration in the files, and no Secret for one".to_owned());
    }
    Ok((report, trouble))
}

/// What was found, and what could not be done besides.
async fn integrations(options: &Options) -> Result<(Report, Option<String>), String> {
    let atlassian = Atlassian::of(&options.atlassian)?;
    let cluster = Cluster::of(options.context.as_deref(), options.kubeconfig.as_deref()).await?;
    let which = match (&options.name, options.all, &options.namespace) {
        (Some(name), ..) => Which::Named(name.clone()),
        (None, true, None) => Which::All,
        _ => Which::OfNamespace,
    };
    let namespace = options.namespace.as_deref().unwrap_or(&cluster.namespace);
    let person = options.person.as_deref().zip(options.project.as_deref());
    let question = Question {
        cluster: &cluster,
        atlassian: &atlassian,
        which: &which,
        namespace,
        person: person.map(|(email, project)| Wanted { email, project }),
    };
    let look = || question.ask();
    let answer = match options.wait {
        None => look().await?,
        Some(wait) => {
            let changed = || any_change(cluster.client.clone(), &which, namespace);
            until_fine(wait, look, changed).await?
        }
    };
    keep_evidence(options, answer.evidence.as_ref())?;
    let unsaved = answer.without_evidence.filter(|_| options.evidence_out.is_some());
    Ok((
        answer.report,
        unsaved.map(|why| format!("no evidence was saved, because {why}")),
    ))
}

fn keep_evidence(options: &Options, evidence: Option<&Saved>) -> Result<(), String> {
    match (&options.evidence_out, evidence) {
        (Some(file), Some(evidence)) => evidence.store(file),
        _ => Ok(()),
    }
}

impl Reported for Report {
    fn report(&self) -> &Report {
        self
    }
}

impl Reported for Answer {
    fn report(&self) -> &Report {
        &self.report
    }
}
