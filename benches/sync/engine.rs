//! Rows of the engine that mirrors issues, with a sink that only counts: what it takes to fetch, without a cluster.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use jira_operator::api::integration::MirrorMode;
use jira_operator::atlassian::endpoints::{Endpoints, http_client};
use jira_operator::atlassian::error::JiraError;
use jira_operator::atlassian::secret::Secret;
use jira_operator::atlassian::{client::AtlassianClient, jira::Session};
use jira_operator::sync::issues::MirrorError;
use jira_operator::sync::issues::{
    self, ClaimedIssues, FollowedProject, FollowedProjects, MappingContext, MirrorSettings, MirrorState, RunContext,
};
use jira_operator::sync::phase::Phases;
use serde_json::{Value, json};
use url::Url;

use crate::measured::{Measured, Meter};
use crate::plan::{Row, Task, Who};
use crate::shared::remote::{Failure, Remote};
use crate::sink::Sink;

/// How long a slice may take, as in the operator.
const SLICE: Duration = Duration::from_secs(10);
/// Most objects that an integration may mirror.
const MOST: usize = 5_000;
/// How long the storm lasts.
const STORM_SECONDS: u64 = 5;

/// One mirror, and everything that the engine is given for it.
struct Bench<'a> {
    remote: &'a Remote,
    jira: Session,
    sink: Sink,
    followed: FollowedProjects,
    issues: usize,
    /// How many there is room for.
    max: usize,
}

/// Runs a row.
pub async fn run(task: Task, row: &Row, remote: &Remote) -> Result<Measured, Failure> {
    let bench = Bench::new(row, remote)?;
    match task {
        Task::First => bench.first(row, bench.issues).await,
        Task::Newest => bench.first(row, MOST).await,
        Task::Idle => bench.later(row, None).await,
        Task::Changed => {
            let change = json!({"command": "changeIssues", "percent": 1.0});
            bench.later(row, Some(change)).await
        }
        Task::Storm => bench.storm(row).await,
        Task::Forbidden => bench.forbidden(row).await,
    }
}

impl<'a> Bench<'a> {
    fn new(row: &Row, remote: &'a Remote) -> Result<Self, Failure> {
        let url: Url = remote.place.url.parse()?;
        let endpoints = Endpoints {
            auth: url.clone(),
            api: url.clone(),
            site: Some(url),
        };
        let token = Secret::new(remote.place.token.clone());
        let projects = remote.place.projects.iter();
        let followed = projects.map(|(id, key)| FollowedProject {
            id: id.clone(),
            key: key.clone(),
            declared: key.clone(),
            jql: None,
            is_desk: false,
        });
        let jira = AtlassianClient::new(http_client()?, Arc::new(endpoints), token);
        Ok(Self {
            remote,
            // As the operator calls Jira, kept below the limits of bursts, where there are any.
            jira: if row.has_bursts() {
                Session::new(&jira.within(Arc::default()), &remote.place.cloud_id)
            } else {
                Session::new(&jira, &remote.place.cloud_id)
            },
            sink: Sink::new(),
            followed: followed.collect(),
            issues: usize::try_from(row.issues)?,
            max: if row.who == Who::Engine(Task::Newest) {
                MOST
            } else {
                usize::try_from(row.issues)?
            },
        })
    }

    /// Everything comes in for the first time.
    async fn first(&self, row: &Row, expected: usize) -> Result<Measured, Failure> {
        row.set_conditions(self.remote).await?;
        let mut state = MirrorState::default();
        let meter = Meter::start(self.remote).await?;
        let fetched = self.synchronise(&mut state).await?;
        let measured = meter.stop(fetched).await?;
        holds(&state, expected)?;
        Ok(measured)
    }

    /// A pass after the first synchronisation, with a change to Jira in between if there is one.
    async fn later(&self, row: &Row, change: Option<Value>) -> Result<Measured, Failure> {
        let calm = Row { delay: 0, ..*row };
        calm.set_conditions(self.remote).await?;
        let mut state = MirrorState::default();
        self.synchronise(&mut state).await?;
        let mut changed = 0;
        if let Some(change) = change {
            let answer = self.remote.command(change).await?;
            changed = answer.get("ids").and_then(Value::as_array).map_or(0, Vec::len);
        }
        row.set_conditions(self.remote).await?;
        let put_before = self.sink.puts();
        let meter = Meter::start(self.remote).await?;
        let fetched = self.synchronise(&mut state).await?;
        let measured = meter.stop(fetched).await?;
        let put = self.sink.puts() - put_before;
        if usize::try_from(put)? != changed {
            return Err(format!("{changed} issues were changed, {put} were put").into());
        }
        holds(&state, self.issues)?;
        Ok(measured)
    }

    /// As the first, and when a fifth is in, Jira refuses every call for some seconds.
    async fn storm(&self, row: &Row) -> Result<Measured, Failure> {
        let fifth = u64::from(row.issues) / 5;
        let storm = async {
            self.sink.reaches(fifth).await;
            let start = json!({"command": "startStorm", "seconds": STORM_SECONDS});
            self.remote.command(start).await
        };
        let (measured, started) = tokio::join!(self.first(row, self.issues), storm);
        started?;
        let measured = measured?;
        if measured.spent.refused == 0 {
            return Err("the storm met nothing".into());
        }
        Ok(measured)
    }

    /// As the first, while one of the projects cannot be read and nobody has noticed yet.
    async fn forbidden(&self, row: &Row) -> Result<Measured, Failure> {
        let (_, key) = self.remote.place.projects.first().ok_or("there are no projects")?;
        let browse = |command: &str| {
            let order = json!({"command": command, "project": key, "permission": "BROWSE_PROJECTS"});
            self.remote.command(order)
        };
        browse("revokePermission").await?;
        let readable = self.issues - self.issues / self.followed.len().max(1);
        let measured = self.first(row, readable).await;
        browse("grantPermission").await?;
        measured
    }

    /// Slice after slice until everything is done, as the operator does it. How many issues were fetched.
    async fn synchronise(&self, state: &mut MirrorState) -> Result<u64, Failure> {
        let phases = Phases::new(&[]);
        let none = BTreeSet::new();
        let settings = MirrorSettings {
            mapping: MappingContext {
                site_url: "https://acme.atlassian.net",
                phases: &phases,
                projects: &self.followed,
            },
            mode: MirrorMode::All,
            max: self.max,
            followed: &self.followed,
            held: &none,
            archived: &none,
            claimed: &ClaimedIssues::default(),
            is_whole: true,
            overlap: SignedDuration::from_mins(10),
            confirm_after: SignedDuration::from_mins(5),
            sweep_every: SignedDuration::from_hours(1),
        };
        let (mut fetched, mut slice) = (0, false);
        loop {
            let deadline = Instant::now() + SLICE;
            let moment = RunContext {
                now: Timestamp::now(),
                is_over: &|| Instant::now() >= deadline,
                requested: false,
                slice,
            };
            let (report, ended) = issues::run(&self.jira, &self.sink, &settings, moment, state).await;
            fetched += u64::try_from(report.fetched)?;
            match ended {
                Err(MirrorError::Jira(JiraError::RateLimited(limit))) => {
                    tokio::time::sleep(limit.retry_after.unwrap_or(Duration::from_secs(1))).await;
                }
                ended => ended?,
            }
            if !report.unfinished {
                return Ok(fetched);
            }
            slice = true;
        }
    }
}

/// A fast synchronisation that leaves something out is worth nothing.
fn holds(state: &MirrorState, expected: usize) -> Result<(), Failure> {
    let mirrored = state.objects.index().len();
    if mirrored != expected {
        return Err(format!("{mirrored} issues are mirrored where there are {expected}").into());
    }
    Ok(())
}
