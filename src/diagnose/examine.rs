//! The whole examination of one site, without acting on it: ask everything, then judge all of it.
//! The operator takes the same steps with the same gatherers and judges, and acts between them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    evidence::{
        DeclaredSpec, DesksEvidence, DirectoryEvidence, Evidence, JiraResult, ProjectsEvidence, StatusesEvidence,
    },
    gather::{
        projects::{self, ProjectScope},
        related::{self, related},
        site::site,
    },
    judge::{
        self,
        account::{self, AccountExpectation},
        desks::DeskSummary,
        project::ProjectFacts,
        project_with_desk,
        projects::ProjectSummary,
        scopes::{self, ScopeNeeds},
        site::JudgedSite,
    },
};
use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason,
        requirements::{BROWSE_USERS, SCOPE_USER, SCOPE_WORK},
    },
    atlassian::{client::AtlassianClient, error::JiraError, jira::Session, models::Project, site::SiteUrl},
};

/// What was found about one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// About the integration, in the order of the steps; those that were not looked at too.
    pub integration: Vec<Finding>,
    /// About each project in scope, by key.
    pub projects: BTreeMap<String, Vec<Finding>>,
}

/// Asks everything, and nothing that an earlier answer makes pointless. `scopes` are those of the
/// token answer, where they are known.
pub async fn gather(client: &AtlassianClient, declared: DeclaredSpec, scopes: Option<Vec<String>>) -> Evidence {
    let mut evidence = Evidence {
        declared,
        scopes,
        site: None,
        account: None,
        projects: None,
        desks: None,
        scope_refused: None,
        directory: None,
        statuses: None,
    };
    let Ok(address) = address(&evidence.declared) else {
        return evidence;
    };
    evidence.site = Some(site(client, &address).await);
    let Some(found) = judged_site(&evidence, &address)
        .and_then(Result::ok)
        .map(|(site, _)| site)
    else {
        return evidence;
    };
    let jira = Session::new(client, &found.status.cloud_id);
    let missing = missing(&evidence, &found, false);
    if missing.contains(SCOPE_USER) {
        return evidence;
    }
    evidence.account = Some(jira.myself().await);
    if matches!(evidence.account, Some(Err(JiraError::Unauthorized(_)))) {
        // The account or the token: the list of sites, which needs no access to one, tells which.
        let again = client.accessible_resources().await;
        if let (Some(site), Err(error @ JiraError::Unauthorized(_))) = (&mut evidence.site, again) {
            site.resources = Err(error);
            return evidence;
        }
    }
    if !is_eligible(&evidence) || missing.contains(SCOPE_WORK) {
        return evidence;
    }
    let named = evidence.declared.projects.clone();
    let scope = named.as_deref().map_or(ProjectScope::All, ProjectScope::Named);
    let known = evidence.declared.known.clone();
    let projects = projects::projects(&jira, evidence.declared.mode, scope, &known).await;
    if let Ok(projects) = &projects {
        let missing = self::missing(&evidence, &found, projects.has_service_projects());
        ask_around(&jira, &missing, projects, &mut evidence).await;
    }
    evidence.projects = Some(projects);
    evidence
}

async fn ask_around(
    jira: &Session,
    missing_scopes: &BTreeSet<&'static str>,
    projects: &ProjectsEvidence,
    evidence: &mut Evidence,
) {
    let asked = related::RelatedQuery {
        mode: evidence.declared.mode,
        rules: &evidence.declared.status_mapping,
        pinned: &evidence.declared.pinned,
        missing_scopes,
        known: &evidence.declared.known,
        turn: None,
    };
    match related(jira, asked, projects).await {
        Ok(around) => {
            evidence.desks = around.desks;
            evidence.scope_refused = around.scope_refused;
            evidence.directory = Some(around.directory);
            evidence.statuses = Some(around.statuses);
        }
        // Atlassian asked to slow down, or the token died: what was found of the projects stands.
        Err(error) => {
            evidence.desks = Some(DesksEvidence {
                listed: Some(Err(error.clone())),
                ..DesksEvidence::default()
            });
            evidence.directory = Some(DirectoryEvidence {
                may_browse: projects.held_globally.contains(BROWSE_USERS),
                pinned: Err(error.clone()),
            });
            let in_use = projects.in_use().into_iter();
            evidence.statuses = Some(StatusesEvidence {
                by_project: in_use
                    .map(|project| (project.key.clone(), Err(error.clone())))
                    .collect(),
                not_asked: BTreeSet::new(),
            });
        }
    }
}

fn address(declared: &DeclaredSpec) -> Result<SiteUrl, Finding> {
    SiteUrl::parse(&declared.site, &declared.site_suffixes).map_err(|error| judge::site::not_allowed(&error))
}

fn judged_site(evidence: &Evidence, address: &SiteUrl) -> Option<Result<(JudgedSite, Finding), Finding>> {
    let answers = evidence.site.as_ref()?;
    Some(judge::site::judge(address, evidence.declared.bound.as_ref(), answers))
}

fn missing(evidence: &Evidence, site: &JudgedSite, service_projects: bool) -> BTreeSet<&'static str> {
    scopes::missing(
        needs(evidence, service_projects),
        evidence.scopes.as_deref(),
        &site.scopes,
    )
}

fn needs(evidence: &Evidence, service_projects: bool) -> ScopeNeeds {
    ScopeNeeds {
        mode: evidence.declared.mode,
        service_projects,
    }
}

fn is_eligible(evidence: &Evidence) -> bool {
    let judged = evidence
        .account
        .as_ref()
        .map(|answer| account::judge(AccountExpectation::of(&evidence.declared), answer));
    judged.is_some_and(|finding| finding.is_true())
}

/// Judges what was answered: a pure function, so that the same evidence always gives the same
/// findings.
#[must_use]
pub fn judge(evidence: &Evidence) -> Findings {
    let mut findings = Findings::default();
    let stopped = walk(evidence, &mut findings).err();
    // Authorized and Synced are not Jira's to answer; of desks nothing is known by then.
    let elsewhere = [
        ConditionType::Authorized,
        ConditionType::Synced,
        ConditionType::ServiceDesksReady,
    ];
    for step in ConditionType::STEPS
        .into_iter()
        .filter(|step| !elsewhere.contains(step))
    {
        let told = findings.integration.iter().any(|f| f.condition == step);
        if let (Some(cause), false) = (stopped, told) {
            let found = findings.integration.iter().find(|f| f.condition == cause);
            let plain = || Finding::plain(step, Reason::skipped_after(cause));
            let finding = found.map_or_else(plain, |found| found.skips(step));
            findings.integration.push(finding);
        }
    }
    findings
}

/// The steps. An error is the condition after which the rest is pointless.
fn walk(evidence: &Evidence, findings: &mut Findings) -> Result<(), ConditionType> {
    let address = address(&evidence.declared).map_err(|finding| note(findings, finding))?;
    let Some(judged) = judged_site(evidence, &address) else {
        return Ok(());
    };
    let (site, finding) = judged.map_err(|finding| note(findings, finding))?;
    note(findings, finding);
    let service_projects = match &evidence.projects {
        Some(Ok(projects)) => projects.has_service_projects(),
        _ => false,
    };
    let missing = missing(evidence, &site, service_projects);
    let finding = match refused_call(evidence) {
        Some(call) if missing.is_empty() => scopes::refused(call),
        _ => scopes::judge(needs(evidence, service_projects), &missing),
    };
    note(findings, finding);
    let answer = match &evidence.account {
        None | Some(Err(JiraError::ScopeMismatch(_))) => return Err(ConditionType::ScopesGranted),
        Some(answer) => answer,
    };
    let finding = account::judge(AccountExpectation::of(&evidence.declared), answer);
    let eligible = finding.is_true();
    note(findings, finding);
    if !eligible {
        return Err(ConditionType::AccountEligible);
    }
    match &evidence.projects {
        Some(Ok(projects)) => {
            judge_projects(evidence, projects, findings);
            Ok(())
        }
        None | Some(Err(JiraError::ScopeMismatch(_))) => Err(ConditionType::ScopesGranted),
        Some(Err(error)) => Err(note(
            findings,
            judge::unavailable(ConditionType::ProjectsAccessible, error),
        )),
    }
}

/// The call that Jira refused for the scopes although the lists have them all.
fn refused_call(evidence: &Evidence) -> Option<&str> {
    fn refused<T>(answer: Option<&JiraResult<T>>) -> Option<&str> {
        match answer {
            Some(Err(JiraError::ScopeMismatch(call))) => Some(call),
            _ => None,
        }
    }
    refused(evidence.account.as_ref())
        .or_else(|| refused(evidence.projects.as_ref()))
        .or(evidence.scope_refused.as_deref())
}

fn note(findings: &mut Findings, finding: Finding) -> ConditionType {
    let condition = finding.condition;
    findings.integration.push(finding);
    condition
}

fn judge_projects(evidence: &Evidence, projects: &ProjectsEvidence, findings: &mut Findings) {
    let declared = &evidence.declared;
    let (mut summaries, mut desks) = (Vec::new(), Vec::new());
    for (key, project) in in_scope(declared, projects) {
        let held = project.map(|p| projects.held_in(&p.id)).unwrap_or_default();
        let seen = ProjectFacts::as_found(key, project, declared.mode, projects, &held);
        let found = project_with_desk::judge(&seen, evidence.desks.as_ref());
        summaries.push(ProjectSummary::of(key, seen.lifecycle(), &found));
        desks.extend(DeskSummary::of(key, &found));
        findings.projects.insert(key.to_owned(), found);
    }
    note(findings, judge::projects::judge(&summaries, projects.any_visible()));
    if let Some(directory) = &evidence.directory {
        note(findings, judge::directory::judge(&declared.pinned, directory));
    }
    findings
        .integration
        .extend(judge::desks::judge(&desks, evidence.desks.as_ref()));
    if let Some(statuses) = &evidence.statuses {
        note(findings, judge::mapping::judge(&declared.status_mapping, statuses));
    }
}

/// The projects in scope by key: those that spec names, else every live one and those that were
/// seen before and are archived, in the trash, or in no list now.
fn in_scope<'e>(declared: &'e DeclaredSpec, projects: &'e ProjectsEvidence) -> BTreeMap<&'e str, Option<&'e Project>> {
    if let Some(named) = &declared.projects {
        return named.iter().map(|key| (key.as_str(), projects.by_key(key))).collect();
    }
    let gone = |project: &Project| project.archived || project.deleted;
    let lost = declared
        .known
        .iter()
        .filter_map(|known| match projects.found.get(&known.id) {
            Some(found) if !gone(found) => None,
            found => Some((known.key.as_str(), found)),
        });
    let keys = projects.live().map(|project| project.key.as_str());
    let live = keys.map(|key| (key, projects.by_key(key)));
    lost.chain(live).collect()
}
