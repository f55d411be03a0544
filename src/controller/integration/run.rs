//! The steps in their order, each skipped when the one before makes it pointless: site → grant → what keeps the token
//! as it should be, or what Jira says → the work that it allows.

use super::{
    observe::ObservedState,
    results::Results,
    steps::{
        ProjectSync, Run, StepError,
        confirmation::{Confirmation, confirm},
        cost::{self, Spending},
        directory,
        examination::{Examined, examine},
        grant,
        issue_sync::IssueSync,
        issues::{self, IssueInputs},
        shared_quota,
        slice::Slice,
        synced,
        token::{self, TokenChange},
        upkeep, workflows,
    },
};
use crate::{
    api::{
        condition::{ConditionType, reason_of},
        project::JiraProject,
        reason::Reason,
    },
    atlassian::{client::AtlassianClient, jira::Session},
    controller::{
        context::Context,
        reconcile_kind::ReconcileKind::{self, Full, Incremental, Resume, TokenOnly},
    },
    diagnose::judge,
    grant::ActiveGrant,
    sync::projects::apply,
};

/// Does what is due.
pub async fn run(ctx: &Context, observed: &ObservedState, kind: ReconcileKind) -> Results {
    let run = Run { ctx, observed };
    let mut results = Results::new(kind);
    results.stopped = steps(run, &mut results).await.err();
    if let Some(removed) = directory::remove_unwanted(run).await {
        results.work.directory = Some(removed);
    }
    let stretch = results.cost.as_ref().and_then(|cost| cost.stretch);
    results.turn = shared_quota::share(run, results.stopped.as_ref(), cost::interval(run.observed, stretch));
    results
}

async fn steps(run: Run<'_>, results: &mut Results) -> Result<(), StepError> {
    site_is_allowed(run, results).await?;
    let grant = results
        .access
        .grant
        .insert(grant::access(run, None).await)
        .grant
        .clone()?;
    results.access.name_taken = grant::name_taken(run);
    if let Some(taken) = &results.access.name_taken {
        return Err(StepError::after(taken));
    }
    let is_another = upkeep::is_another_grant(run.observed, &grant);
    results.access.doubt = upkeep::doubt(run.observed).filter(|_| !is_another);
    if (is_another || results.access.doubt.is_some()) && run.observed.jira_wait().is_none() {
        results.kind = Full;
    }
    if results.kind == TokenOnly {
        return keep_token(run, &grant, results).await;
    }
    let client = run.ctx.atlassian(grant.access.token.clone());
    let ended = ask(run, &grant, &client, results).await;
    results.cost = Some(cost::account(run, &client, &spending(results)));
    let is_cut_short = matches!(ended, Err(StepError::RateLimited(_) | StepError::Unanswered(_)));
    if is_cut_short && matches!(results.token(), TokenChange::Kept) {
        // It may have been exchanged meanwhile, and what workloads have may end before the wait.
        let grant = results.grant_in_use().cloned().unwrap_or(grant);
        keep_token(run, &grant, results).await?;
    }
    ended
}

/// No request leaves for a site that is not allowed, and no token is spent for it.
async fn site_is_allowed(run: Run<'_>, results: &mut Results) -> Result<(), StepError> {
    let Err(error) = &run.observed.site else {
        return Ok(());
    };
    let finding = judge::site::not_allowed(error);
    let stopped = StepError::after(&finding);
    let retraction = token::retract(run, None).await;
    let stopped = retraction.stopped.clone().unwrap_or(stopped);
    results.access.refused_site = Some((finding, retraction));
    Err(stopped)
}

async fn keep_token(run: Run<'_>, grant: &ActiveGrant, results: &mut Results) -> Result<(), StepError> {
    let step = results.access.upkeep.insert(upkeep::keep(run, grant).await);
    step.token.stopped.clone().map_or(Ok(()), Err)
}

/// The steps that ask Jira, and then the work that they allow.
async fn ask(
    run: Run<'_>,
    grant: &ActiveGrant,
    client: &AtlassianClient,
    results: &mut Results,
) -> Result<(), StepError> {
    shared_quota::points_are_left(run)?;
    if let Some(work) = resumed(run, client, results).await? {
        keep_token(run, grant, results).await?;
        return sync(run, work, results).await;
    }
    results.kind = Full;
    let (examination, examined) = examine(run, grant.clone(), client).await;
    let stopped = results.examination.insert(examination).stopped.clone();
    let work = examined.ok_or(stopped.unwrap_or(StepError::Quiet))?;
    sync(run, work, results).await
}

/// What the work resumes with where not everything is to be asked: in a slice, or where all is as it was.
async fn resumed(run: Run<'_>, client: &AtlassianClient, results: &mut Results) -> Result<Option<Examined>, StepError> {
    let Some(site) = &run.observed.status.site else {
        return Ok(None);
    };
    let session = Session::new(client, &site.cloud_id);
    match results.kind {
        Full | TokenOnly => Ok(None),
        Resume => Ok(Some(Examined { session, known: None })),
        Incremental => match confirm(run, &session).await {
            Confirmation::Unchanged(known) => {
                results.confirmed = Some((ProjectSync::unchanged(), synced(known.len())));
                let known = Some(known);
                Ok(Some(Examined { session, known }))
            }
            Confirmation::Changed => Ok(None),
            Confirmation::Failed(error) => Err(error),
        },
    }
}

/// Fetches what is to be fetched, until the slice ends.
async fn sync(run: Run<'_>, work: Examined, results: &mut Results) -> Result<(), StepError> {
    let examined = results.examination.as_ref();
    let site = examined
        .and_then(|step| step.site.clone())
        .or_else(|| run.observed.status.site.clone());
    let Some(site) = site else { return Ok(()) };
    let slice = Slice::begin(run, &work.session, &site.url, results.kind);
    let ended = work_for_a_slice(run, &slice, work.known, results).await;
    results.work.put_off = slice.put_off();
    ended
}

async fn work_for_a_slice(
    run: Run<'_>,
    slice: &Slice<'_>,
    known: Option<Vec<JiraProject>>,
    results: &mut Results,
) -> Result<(), StepError> {
    let known = match known {
        Some(known) => Ok(known),
        None => apply::known(&run.ctx.client, &run.observed.owner()).await,
    };
    sync_projects_and_issues(run, slice, known, results).await?;
    if is_browsing_denied(run, results) {
        return Ok(());
    }
    let examined = results.examination.as_ref().and_then(|step| step.account.as_ref());
    let account = examined.or(run.observed.status.account.as_ref());
    let own_id = account.map(|account| account.account_id.as_str());
    let step = directory::sync(run, slice, own_id).await;
    let stopped = results.work.directory.insert(step).stopped.clone();
    stopped.map_or(Ok(()), Err)
}

async fn sync_projects_and_issues(
    run: Run<'_>,
    slice: &Slice<'_>,
    known: kube::Result<Vec<JiraProject>>,
    results: &mut Results,
) -> Result<(), StepError> {
    let mut known = match known {
        Ok(known) => known,
        Err(error) => {
            let unknown = run.observed.local.work.unknown_statuses.clone();
            results.work.issues = Some(IssueSync::without_projects(run.observed, unknown, &error));
            return Ok(());
        }
    };
    let step = workflows::sync(run, slice, &mut known).await;
    let step = results.work.workflows.insert(step);
    let unknown_statuses = step.unknown_statuses.clone();
    if let Some(stopped) = &step.stopped {
        return Err(stopped.clone());
    }
    let findings = results.findings();
    let inputs = IssueInputs {
        projects: results.projects(),
        synced: findings.get(&ConditionType::Synced),
        unknown_statuses,
    };
    let step = issues::sync(run, slice, &known, inputs).await;
    let stopped = results.work.issues.insert(step).stopped.clone();
    stopped.map_or(Ok(()), Err)
}

/// Whether the account may not browse users: then the directory stays as it is.
fn is_browsing_denied(run: Run<'_>, results: &Results) -> bool {
    let condition = ConditionType::DirectoryReadable;
    let found = results.findings().get(&condition).map(|finding| finding.reason);
    let before = || reason_of(&run.observed.status.conditions, condition);
    found.or_else(before) == Some(Reason::UserBrowsingDenied)
}

fn spending(results: &Results) -> Spending<'_> {
    let issues = results.work.issues.as_ref();
    Spending {
        kind: results.kind,
        issues: issues.and_then(|step| step.summary.as_ref()),
        directory_points: results.work.directory.as_ref().map_or(0, |step| step.points),
        is_synced: results.projects().is_some(),
        synced: results.findings().get(&ConditionType::Synced).cloned(),
    }
}
