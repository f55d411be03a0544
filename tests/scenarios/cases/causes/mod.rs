//! Known causes of problems: what breaks, what is then said of it and what is not, and what fixes it. Rows that leave
//! everything as they found it share an operator; a cause that takes more than a row has a scenario of its own.

mod agents;
mod desks;
mod outage;
mod people;
mod portals;
mod scopes;
mod statuses;
mod tickets;
mod together;

use std::sync::Arc;

use devkit::sandbox::Command;
use serde_json::{Value, json};

use super::{Scenario, scenario, waiting};
use crate::{
    cluster::Cluster,
    coverage,
    harness::{
        Harness,
        assertions::{assert_condition, assert_is, project_condition},
        observe::condition,
        problem::{Change, Expectation},
    },
};

pub fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        scenario("causes::of_service_desks", |cluster| {
            run(cluster, "desks", json!({"tickets": {}}), desks::rows())
        }),
        scenario("causes::of_agents_and_people", |cluster| {
            let rows = [people::rows(), agents::rows()].concat();
            run(cluster, "people", json!({"tickets": {}}), rows)
        }),
        scenario("causes::of_statuses", |cluster| {
            run(cluster, "statuses", json!({}), statuses::rows())
        }),
        scenario("causes::of_scopes_and_of_several_at_once", |cluster| {
            let rows = [scopes::rows(), together::rows()].concat();
            run(cluster, "scopes", json!({"tickets": {}}), rows)
        }),
        waiting("causes::an_unhealthy_desk_recovers_by_the_clock", outage::by_the_clock),
    ];
    all.extend(portals::scenarios());
    all.extend(tickets::scenarios());
    all.extend([
        scenario("causes::only_service_management_is_down", outage::desks_down),
        scenario("causes::the_scope_was_added_after_the_consent", scopes::added_later),
        scenario(
            "causes::a_site_without_service_projects_needs_no_scope_for_them",
            scopes::not_needed,
        ),
        scenario(
            "causes::the_root_leads_and_what_follows_is_no_noise",
            together::root_leads,
        ),
    ]);
    all
}

/// A row of the table.
#[derive(Clone)]
struct Row {
    /// The cause that it proves, where it is one.
    cause: Option<&'static str>,
    /// What is set up before, which is no problem.
    before: Vec<Change>,
    breaks: Change,
    says: Vec<Expectation<'static>>,
    shows: Vec<Shown>,
    /// What `Ready` leaves out.
    unsaid: &'static [&'static str],
    /// A second reconciliation is asked for, which says the same.
    lasts: bool,
    fixes: Change,
}

/// A condition as it is while the problem lasts: object, type, status, reason, and parts of the message.
type Shown = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// What breaks, what says so, and what fixes it.
fn row(breaks: impl Into<Change>, says: &[Expectation<'static>], fixes: impl Into<Change>) -> Row {
    Row {
        cause: None,
        before: Vec::new(),
        breaks: breaks.into(),
        says: says.to_vec(),
        shows: Vec::new(),
        unsaid: &[],
        lasts: false,
        fixes: fixes.into(),
    }
}

impl Row {
    /// It proves this cause.
    fn proves(self, cause: &'static str) -> Self {
        let cause = Some(cause);
        Self { cause, ..self }
    }

    /// After this, which breaks nothing.
    fn after(mut self, change: impl Into<Change>) -> Self {
        self.before.push(change.into());
        self
    }

    /// A condition shows it too.
    fn shows(mut self, shown: Shown) -> Self {
        self.shows.push(shown);
        self
    }

    /// The integration stays Ready, and says this much of it.
    fn stays_ready(self, named: &'static [&'static str]) -> Self {
        self.shows(("acme", "Ready", "True", "Connected", named))
    }

    /// A reconciliation that keeps the last answer keeps this one too.
    fn lasts(self) -> Self {
        Self { lasts: true, ..self }
    }

    /// `Ready` says nothing of these.
    fn leaves_out(self, unsaid: &'static [&'static str]) -> Self {
        Self { unsaid, ..self }
    }
}

/// What a person does in Jira, as commands of the sandbox; the client id `$app` is that of the integration's app.
fn jira<const N: usize>(commands: [Value; N]) -> Change {
    let command = |command: Value| serde_json::from_value(command).expect("a command of the sandbox");
    Change::Jira(commands.map(command).into())
}

/// Produces each problem and fixes it, one after the other.
async fn run(cluster: Arc<Cluster>, name: &'static str, spec: Value, rows: Vec<Row>) {
    let harness = Harness::open(&cluster, name).await;
    let app = harness.connect("acme-oauth").await.client_id;
    harness.integrate("acme", "acme-oauth", spec).await;
    harness.until_ready("acme").await;
    for row in rows {
        if !row.before.is_empty() {
            for change in row.before {
                harness.make(of_app(change, &app)).await;
            }
            harness.request("acme").await;
        }
        let problem = harness.broken_by(of_app(row.breaks, &app), &row.says).await;
        for (object, type_, status, reason, named) in row.shows {
            if object == "acme" {
                assert_condition(&problem.integration, type_, status, reason, named);
            } else {
                let project = harness.project(object).await;
                assert_is(project_condition(&project, type_), status, reason, named);
            }
        }
        let ready = condition(&problem.integration, "Ready");
        for noise in row.unsaid {
            assert!(
                !ready.message.contains(noise),
                "Ready says \"{noise}\": {}",
                ready.message
            );
        }
        if row.lasts {
            let again = harness.request("acme").await;
            assert_eq!(condition(&again, "Ready"), ready, "a second pass");
        }
        let fixed = harness.fixed_by(problem, of_app(row.fixes, &app)).await;
        assert_condition(&fixed, "Ready", "True", "Connected", &[]);
        let message = &condition(&fixed, "Ready").message;
        assert!(!message.contains("Also"), "{message}");
        let desk = harness.project("acme-sup").await;
        assert_is(project_condition(&desk, "Ready"), "True", "Usable", &[]);
        if let Some(cause) = row.cause {
            coverage::caused(cause);
        }
    }
    harness.close().await;
}

fn of_app(change: Change, app: &str) -> Change {
    let Change::Jira(mut commands) = change else {
        return change;
    };
    for command in &mut commands {
        if let Command::AddScope { client_id, .. } | Command::DropScope { client_id, .. } = command {
            *client_id = Some(app.to_owned());
        }
    }
    Change::Jira(commands)
}
