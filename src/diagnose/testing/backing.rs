//! What evidence a finding needs, said a second time and independently of the judges: for each
//! reason what must have been answered before it may be told.

use std::collections::BTreeSet;

use crate::{
    api::{
        condition::{ConditionType, Finding},
        reason::Reason::{self, *},
        requirements::{AGENT, BROWSE, FEATURES},
    },
    atlassian::{
        desk_models::RequestType,
        error::JiraError,
        models::{AccessibleResource, Project},
        site::SiteUrl,
    },
    diagnose::{
        evidence::{DeskEvidence, Evidence, JiraResult, ProjectsEvidence, SiteEvidence},
        examination::Findings,
    },
};

fn refuses<T>(answer: &JiraResult<T>) -> bool {
    use JiraError::{Forbidden, NotFound, Unauthorized};
    matches!(answer, Err(Unauthorized(_) | Forbidden(_) | NotFound(_)))
}

/// Whether the evidence shows what is found about the integration. What is Unknown claims nothing.
pub fn backs(evidence: &Evidence, findings: &Findings, finding: &Finding) -> bool {
    match finding.condition {
        ConditionType::SiteReachable => site(evidence, finding.reason),
        ConditionType::ScopesGranted => match finding.reason {
            // Jira's own refusal, or a list that lacks one.
            ScopesMissing => evidence.site.as_ref().is_some_and(|site| site.resources.is_ok()),
            AllScopesGranted => !refused_for_scopes(evidence),
            reason => reason.entry().is_consequence,
        },
        ConditionType::AccountEligible => match (&evidence.account, finding.reason) {
            (Some(answer), NoProductAccess) => refuses(answer),
            (Some(answer), SiteUnavailable) => answer.is_err(),
            (Some(Ok(account)), EmailChanged) => {
                let accepted = evidence.declared.accepted.as_ref();
                accepted.is_some_and(|known| known.account_id == account.account_id)
            }
            (answer, reason) => reason.entry().is_consequence || matches!(answer, Some(Ok(_))),
        },
        ConditionType::ProjectsAccessible => projects(evidence, findings, finding.reason),
        ConditionType::DirectoryReadable => directory(evidence, finding.reason),
        ConditionType::ServiceDesksReady => desks(evidence, findings, finding.reason),
        ConditionType::StatusMappingValid => statuses(evidence, finding.reason),
        _ => false,
    }
}

/// Whether Jira refused a call for its scopes.
fn refused_for_scopes(evidence: &Evidence) -> bool {
    let account = matches!(&evidence.account, Some(Err(JiraError::ScopeMismatch(_))));
    let projects = matches!(&evidence.projects, Some(Err(JiraError::ScopeMismatch(_))));
    account || projects || evidence.scope_refused.is_some()
}

fn site(evidence: &Evidence, reason: Reason) -> bool {
    let not_allowed = SiteUrl::parse(&evidence.declared.site, &evidence.declared.site_suffixes).is_err();
    let Some(SiteEvidence { tenant, resources }) = &evidence.site else {
        return reason == SiteNotAllowed && not_allowed;
    };
    let bound = evidence.declared.bound.as_ref();
    let granted = |id: &str| resources.as_ref().is_ok_and(|all| all.iter().any(|r| r.id == id));
    // By the list of granted sites, and only else by what an edge server says without authentication.
    let address = SiteUrl::parse(&evidence.declared.site, &evidence.declared.site_suffixes).ok();
    let under_it = |r: &&AccessibleResource| address.as_ref().is_some_and(|address| address.is(&r.url));
    let listed: BTreeSet<&str> = resources
        .iter()
        .flatten()
        .filter(under_it)
        .map(|r| r.id.as_str())
        .collect();
    let told = tenant.as_ref().ok().map(|tenant| tenant.cloud_id.as_str());
    let id = if listed.len() == 1 {
        listed.first().copied()
    } else {
        told
    };
    match reason {
        SiteNotAllowed => not_allowed,
        SiteFound => match id {
            Some(id) => granted(id) && bound.is_none_or(|b| b.cloud_id == id),
            None => bound.is_some_and(|b| granted(&b.cloud_id)),
        },
        SiteNotFound => {
            let nothing_there = matches!(tenant, Err(JiraError::NotFound(_) | JiraError::Redirected));
            nothing_there && resources.is_ok() && listed.is_empty()
        }
        SiteNotGranted => resources.is_ok() && id.is_some_and(|id| !granted(id)),
        SiteChanged => bound.is_some_and(|b| id.is_some_and(|id| id != b.cloud_id)),
        SiteUnavailable => tenant.is_err() || resources.is_err(),
        _ => false,
    }
}

fn projects(evidence: &Evidence, findings: &Findings, reason: Reason) -> bool {
    let Some(Ok(projects)) = &evidence.projects else {
        return !matches!(
            reason,
            AllProjectsAccessible | NoProjectsVisible | SomeProjectsBlocked | AllProjectsBlocked
        );
    };
    let counted = [ConditionType::Accessible, ConditionType::Permitted];
    let hinders = |f: &Finding| !f.is_true() && f.reason != AssignDenied && f.reason != ReporterChangeDenied;
    let is_blocked = |list: &Vec<Finding>| list.iter().any(|f| counted.contains(&f.condition) && hinders(f));
    let blocked = findings.projects.values().filter(|list| is_blocked(list)).count();
    match reason {
        NoProjectsVisible => projects.visible.as_ref().is_some_and(Vec::is_empty),
        AllProjectsAccessible => blocked == 0,
        AllProjectsBlocked => blocked > 0 && blocked == findings.projects.len(),
        SomeProjectsBlocked => blocked > 0 && blocked < findings.projects.len(),
        _ => true,
    }
}

fn directory(evidence: &Evidence, reason: Reason) -> bool {
    let pinned = &evidence.declared.pinned;
    let Some(directory) = &evidence.directory else {
        return reason.entry().is_consequence;
    };
    let known = |id: &str, active: bool| {
        let all = directory.pinned.as_deref().unwrap_or_default();
        all.iter().any(|user| user.account_id == id && (user.active || !active))
    };
    match reason {
        UsersReadable => directory.may_browse && pinned.iter().all(|p| known(&p.account_id, false)),
        UserBrowsingDenied => !directory.may_browse,
        PinnedUserNotFound => directory.pinned.is_ok() && pinned.iter().any(|p| !known(&p.account_id, false)),
        PinnedUserInactive => {
            let answered = directory.pinned.as_ref().map(Vec::as_slice).unwrap_or_default();
            let inactive = |id: &str| answered.iter().any(|user| user.account_id == id && !user.active);
            pinned.iter().all(|p| known(&p.account_id, false)) && pinned.iter().any(|p| inactive(&p.account_id))
        }
        SiteUnavailable => directory.pinned.is_err(),
        _ => reason.entry().is_consequence,
    }
}

fn desks(evidence: &Evidence, findings: &Findings, reason: Reason) -> bool {
    let of_desks = || {
        let all = findings.projects.values().flatten();
        all.filter(|f| f.condition == ConditionType::ServiceDeskReady)
            .map(|f| f.reason)
    };
    let looked_at = || of_desks().filter(|reason| *reason != SkippedAfterAccessible);
    let Some(desks) = &evidence.desks else {
        return reason == SkippedAfterScopesGranted;
    };
    let articles = desks.knowledge_base.as_ref();
    let refused = articles.is_some_and(|a| {
        use JiraError::{Forbidden, ScopeMismatch, Unauthorized};
        matches!(a, Err(Forbidden(_) | Unauthorized(_) | ScopeMismatch(_)))
    });
    let blocking = |reason: Reason| reason.entry().holds == crate::api::reason::Holds::False;
    match reason {
        // Each of them was looked at, but for those whose project is told of.
        AllServiceDesksReady => looked_at().count() > 0 && looked_at().all(|reason| reason == ServiceDeskUsable),
        SomeServiceDesksBlocked => looked_at().any(|reason| blocking(reason) && reason != KnowledgeBaseUnreadable),
        KnowledgeBaseUnreadable => refused,
        SkippedAfterAccessible => looked_at().count() == 0,
        NotChecked => of_desks().any(|reason| reason == NotChecked),
        SiteUnavailable => {
            let lists = desks.desks.values().any(|desk| desk.request_types.is_err());
            lists || desks.listed.as_ref().is_some_and(JiraResult::is_err) || articles.is_some_and(JiraResult::is_err)
        }
        _ => reason.entry().is_consequence,
    }
}

fn statuses(evidence: &Evidence, reason: Reason) -> bool {
    let Some(statuses) = &evidence.statuses else {
        return reason.entry().is_consequence;
    };
    let answers = || statuses.by_project.values();
    match reason {
        // Without projects there is nothing to compare with.
        NotChecked => !statuses.not_asked.is_empty() || !matches!(evidence.projects, Some(Ok(_))),
        UnknownStatuses => !evidence.declared.status_mapping.is_empty() && answers().any(Result::is_ok),
        AmbiguousMapping => evidence.declared.status_mapping.len() > 1,
        SiteUnavailable => answers().any(Result::is_err),
        MappingMatchesWorkflows => evidence.declared.status_mapping.iter().all(|rule| {
            let is_about = |key: &String| rule.projects.is_empty() || rule.projects.contains(key);
            let mut of_rule = statuses.by_project.iter().filter(|(key, _)| is_about(key));
            of_rule.all(|(_, answer)| answer.is_ok())
        }),
        _ => reason.entry().is_consequence,
    }
}

/// The project that a key in scope means: the one of that name, or one that had it when it was
/// seen last.
fn meant<'e>(evidence: &Evidence, projects: &'e ProjectsEvidence, key: &str) -> Option<&'e Project> {
    if evidence.declared.projects.is_some() {
        return projects.by_key(key);
    }
    if projects.live().any(|project| project.key == key) {
        return projects.by_key(key);
    }
    let known = evidence.declared.known.iter().filter(|known| known.key == key);
    let mut lost = known.filter_map(|known| match projects.found.get(&known.id) {
        Some(found) if !found.archived && !found.deleted => None,
        found => Some(found),
    });
    lost.next_back().flatten()
}

/// Whether the evidence shows what is found about a project.
pub fn backs_project(evidence: &Evidence, key: &str, finding: &Finding) -> bool {
    let Some(Ok(projects)) = &evidence.projects else {
        return false;
    };
    let project = meant(evidence, projects, key);
    if finding.reason.entry().is_consequence {
        return true;
    }
    match (finding.condition, project) {
        (ConditionType::Accessible, _) => accessible(projects, project, key, finding.reason),
        (ConditionType::Permitted, Some(project)) => permitted(evidence, projects, project, finding.reason),
        (ConditionType::ServiceDeskReady, Some(project)) => {
            let held = projects.held_in(&project.id);
            if finding.reason == NotAnAgent {
                let listed = evidence
                    .desks
                    .as_ref()
                    .and_then(|desks| desks.listed.as_ref()?.as_ref().ok());
                let shut_out = listed.is_some_and(|all| !all.iter().any(|desk| desk.project_id == project.id));
                return (is_for_tickets(evidence, projects, project) || shut_out) && !held.contains(AGENT);
            }
            desk(
                evidence,
                project,
                is_for_tickets(evidence, projects, project),
                finding.reason,
            )
        }
        _ => false,
    }
}

fn accessible(projects: &ProjectsEvidence, project: Option<&Project>, key: &str, reason: Reason) -> bool {
    let Some(project) = project else {
        return reason == ProjectNotVisible;
    };
    let browses = projects.held_in(&project.id).contains(BROWSE) && !projects.portal_only.contains(&project.id);
    match reason {
        ProjectInTrash => project.deleted,
        ProjectArchived => project.archived && !project.deleted,
        BrowseDenied => !browses,
        ProjectKeyRenamed => browses && project.key != key,
        ProjectVisible => browses && project.key == key && !project.archived && !project.deleted,
        _ => false,
    }
}

/// Whether the spec asks for tickets in a project.
fn is_for_tickets(evidence: &Evidence, projects: &ProjectsEvidence, project: &Project) -> bool {
    let keys = projects.keys_of(project);
    let listed = evidence.declared.tickets.as_ref();
    listed.is_some_and(|listed| listed.is_empty() || listed.iter().any(|key| keys.contains(&key.as_str())))
}

fn permitted(evidence: &Evidence, projects: &ProjectsEvidence, project: &Project, reason: Reason) -> bool {
    let held = projects.held_in(&project.id);
    let for_tickets = is_for_tickets(evidence, projects, project);
    let features = FEATURES.iter().filter(|feature| for_tickets || !feature.for_tickets);
    let needed = features.flat_map(|feature| feature.permissions).filter(|permission| {
        let asked = !permission.service_projects_only || project.project_type_key == "service_desk";
        asked && permission.denied.is_some()
    });
    let mut lacking = needed.filter(|permission| !held.contains(permission.key));
    match reason {
        PermissionsHeld => lacking.next().is_none(),
        denied => lacking.any(|permission| permission.denied == Some(denied)),
    }
}

fn desk(evidence: &Evidence, project: &Project, for_tickets: bool, reason: Reason) -> bool {
    let Some(desks) = &evidence.desks else {
        return false;
    };
    let listed = desks.listed.as_ref().and_then(|answer| answer.as_ref().ok());
    let is_listed = listed.is_some_and(|all| all.iter().any(|desk| desk.project_id == project.id));
    if reason == ServiceDeskMissing {
        return listed.is_some() && !is_listed;
    }
    let Some(answers @ DeskEvidence { request_types, .. }) = desks.desks.get(&project.id) else {
        return reason == KnowledgeBaseUnreadable && desks.knowledge_base.as_ref().is_some_and(JiraResult::is_err);
    };
    let types = request_types.as_deref().unwrap_or_default();
    let may = |kind: &RequestType| match (kind.can_create_request, &answers.creatable) {
        (Some(may), _) => may,
        (None, Some(Ok(may))) => may.contains(&kind.id),
        (None, _) => false,
    };
    let restricted = |kind: &RequestType| {
        let status = kind.restriction_status.as_deref().unwrap_or_default();
        !may(kind) && status.eq_ignore_ascii_case("RESTRICTED")
    };
    let hidden = |kind: &RequestType| !may(kind) && kind.group_ids.as_ref().is_some_and(Vec::is_empty);
    let closed = |kind: &RequestType| for_tickets && is_closed(answers, kind);
    let all = |test: &dyn Fn(&RequestType) -> bool| !types.is_empty() && types.iter().all(test);
    match reason {
        ServiceDeskUsable => !types.is_empty(),
        NoRequestTypes => refuses(request_types) || request_types.as_ref().is_ok_and(Vec::is_empty),
        RequestTypesRestricted => all(&restricted),
        RequestTypesHidden => all(&|kind| restricted(kind) || hidden(kind)) && types.iter().any(hidden),
        RequestTypesNotCreatable => {
            all(&|kind| restricted(kind) || hidden(kind) || closed(kind)) && types.iter().any(closed)
        }
        KnowledgeBaseUnreadable => desks.knowledge_base.as_ref().is_some_and(JiraResult::is_err),
        _ => false,
    }
}

/// Whether Jira said that no request of the type can be raised, or showed a form that nobody can fill in.
fn is_closed(desk: &DeskEvidence, kind: &RequestType) -> bool {
    let refused = match (kind.can_create_request, &desk.creatable) {
        (Some(may), _) => !may,
        (None, Some(Ok(may))) => !may.contains(&kind.id),
        (None, _) => false,
    };
    let probed = desk.forms.iter().find(|(of, _)| of.id == kind.id);
    let probed = probed.and_then(|(_, form)| form.as_ref().ok());
    let fields = probed
        .or(kind.fields.as_ref())
        .map(|form| form.request_type_fields.as_slice());
    let cannot = fields.unwrap_or_default().iter().any(|field| {
        let given = !field.preset_values.is_empty() || !field.default_values.is_empty();
        field.required && !field.visible && !given
    });
    refused || cannot
}
