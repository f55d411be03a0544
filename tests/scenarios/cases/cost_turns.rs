//! What forms cost that may require what nobody sees: an administrator's desks take turns.

use std::sync::Arc;

use devkit::sandbox::{Command, FormField, RequestTypeChange};
use serde_json::json;

use super::{
    Scenario,
    cost::{EACH_TROUBLE, WHOLE, assert_cost, full, hundred, spec},
    scenario,
};
use crate::{
    cluster::Cluster,
    harness::{Harness, assertions::assert_condition},
};

pub fn scenarios() -> Vec<Scenario> {
    vec![scenario("cost::a_hidden_field_among_twenty_desks", hidden_field)]
}

/// The counting of issues, which is no diagnosis; the diagnosis itself has a call to spare for a form.
const COUNTING: usize = 1;

/// The account administers every service project.
fn administer(harness: &Harness) {
    let keys = (1..=18)
        .map(|n| format!("D{n}"))
        .chain(["SUP", "ITS"].map(str::to_owned));
    for project in keys {
        let (site, account, holder) = (None, None, None);
        let permission = "ADMINISTER_PROJECTS".to_owned();
        harness.jira(Command::GrantPermission {
            site,
            project,
            permission,
            account,
            holder,
        });
    }
}

/// A form of one of twenty desks requires what nobody sees. Its turn comes, and from then on it is
/// checked each time, until it is fixed.
async fn hidden_field(cluster: Arc<Cluster>) {
    let harness = hundred(&cluster, "turns").await;
    administer(&harness);
    for other in ["Emailed request", "Plan a change"] {
        harness.jira(never_raised("D7", other));
    }
    let mut spec = spec(&harness, None);
    spec["syncInterval"] = json!("1h");
    harness.integrate("acme", "acme-oauth", spec).await;
    let ready = harness.until_ready("acme").await;
    assert_condition(&ready, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    let (again, mark) = full(&harness).await;
    assert_cost(&harness, "a pass of an administrator", mark, WHOLE + COUNTING, &again);
    let calls = harness.calls_since(mark);
    let forms = calls.iter().filter(|call| call.path.ends_with("/field")).count();
    assert_eq!(forms, 1, "the desks take turns");
    harness.jira(required("D7", true));
    let closed = async || {
        let (after, mark) = full(&harness).await;
        assert_cost(&harness, "a turn", mark, WHOLE + COUNTING + EACH_TROUBLE, &after);
        harness
            .project_reasons()
            .await
            .values()
            .any(|reason| reason == "RequestTypesNotCreatable")
    };
    let mut turns = 1;
    while !closed().await {
        turns += 1;
        assert!(turns <= 20, "its turn never came");
    }
    println!("found at turn {turns}");
    assert!(closed().await, "it is not forgotten");
    harness.jira(required("D7", false));
    assert!(!closed().await, "it is fixed");
    harness.close().await;
}

/// All forms of a desk require a field that they do not show, or no longer.
fn required(key: &str, required: bool) -> Command {
    let field = FormField {
        field_id: "customfield_10050".into(),
        name: "Cost centre".into(),
        required,
        visible: false,
        preset_values: Vec::new(),
    };
    let (site, project, request_type) = (None, key.into(), None);
    Command::SetFormField {
        site,
        project,
        request_type,
        field,
    }
}

/// A request type of which the account may raise no request.
fn never_raised(project: &str, request_type: &str) -> Command {
    Command::ChangeRequestType(RequestTypeChange {
        project: project.into(),
        request_type: Some(request_type.into()),
        creatable: Some(false),
        ..RequestTypeChange::default()
    })
}
