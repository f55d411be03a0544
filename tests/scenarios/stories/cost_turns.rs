//! What forms cost that may require what nobody sees: an administrator's desks take turns.

use std::sync::Arc;

use devkit::sandbox::{Command, FormField};
use serde_json::json;

use super::{
    Story,
    causes_desks::never_raised,
    cost::{EACH_TROUBLE, WHOLE, claim_cost, full, hundred, spec},
    story,
};
use crate::{
    plane::Plane,
    stage::{Stage, claim::claim},
};

pub fn stories() -> Vec<Story> {
    vec![story("cost::a_hidden_field_among_twenty_desks", hidden_field)]
}

/// The counting of issues, which is no diagnosis; the diagnosis itself has a call to spare for a form.
const COUNTING: usize = 1;

/// The account administers every service project.
fn administer(stage: &Stage) {
    let keys = (1..=18)
        .map(|n| format!("D{n}"))
        .chain(["SUP", "ITS"].map(str::to_owned));
    for project in keys {
        let (site, account, holder) = (None, None, None);
        let permission = "ADMINISTER_PROJECTS".to_owned();
        stage.jira(Command::GrantPermission {
            site,
            project,
            permission,
            account,
            holder,
        });
    }
}

/// A form of one of twenty desks requires what nobody sees. Its turn comes, and from then on it is
/// looked at each time, until it is mended.
async fn hidden_field(plane: Arc<Plane>) {
    let stage = hundred(&plane, "turns").await;
    administer(&stage);
    for other in ["Emailed request", "Plan a change"] {
        stage.jira(never_raised("D7", other));
    }
    let mut spec = spec(&stage, None);
    spec["syncInterval"] = json!("1h");
    stage.integrate("acme", "acme-oauth", spec).await;
    let ready = stage.until_ready("acme").await;
    claim(&ready, "ServiceDesksReady", "True", "AllServiceDesksReady", &["All 20"]);
    let (again, mark) = full(&stage).await;
    claim_cost(&stage, "a pass of an administrator", mark, WHOLE + COUNTING, &again);
    let calls = stage.calls_since(mark);
    let forms = calls.iter().filter(|call| call.path.ends_with("/field")).count();
    assert_eq!(forms, 1, "the desks take turns");
    stage.jira(required("D7", true));
    let closed = async || {
        let (after, mark) = full(&stage).await;
        claim_cost(&stage, "a turn", mark, WHOLE + COUNTING + EACH_TROUBLE, &after);
        stage
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
    stage.jira(required("D7", false));
    assert!(!closed().await, "it is mended");
    stage.close().await;
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
