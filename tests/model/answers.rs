//! How Jira answers in a history: late, slowly, wrongly, not at all.

use devkit::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{command, steps::Step};

/// The clock goes on, and answers are late or wrong. Whether it is such a step.
pub fn happens_to_answers(sandbox: &Sandbox, step: &Step) -> bool {
    let asked = match *step {
        Step::Lag { seconds } => json!({"command": "setIndexLag", "seconds": seconds}),
        Step::PageFault { kind, page } => {
            let fault = json!({"page": page, "times": 1, "trouble": trouble(kind)});
            json!({"command": "addPageFault", "fault": fault})
        }
        Step::ShortAnswer { kind, skip } => {
            let (path, body) = short(kind);
            let action = json!({"kind": "status", "code": 200, "body": body.to_string()});
            json!({"command": "addFault", "rule": {"path": path, "skip": skip, "times": 1, "action": action}})
        }
        Step::Unanswered { issue, count } => {
            let all = sandbox.readable_issues(None);
            let some = all
                .keys()
                .cycle()
                .skip(usize::from(issue))
                .take(usize::from(count).min(all.len()));
            let some: Vec<String> = some.map(u64::to_string).collect();
            json!({"command": "failIssues", "issues": some})
        }
        Step::Slow { milliseconds } => json!({"command": "setCallDuration", "milliseconds": milliseconds}),
        Step::Quota { points: Some(points) } => {
            json!({"command": "setQuota", "points": points, "postReads": "perObject"})
        }
        Step::Quota { points: None } => json!({"command": "setQuota", "off": true}),
        Step::Wait { seconds } => json!({"command": "advanceClock", "seconds": seconds}),
        _ => return false,
    };
    command(sandbox, asked).expect("the sandbox does it");
    true
}

fn trouble(kind: u8) -> Value {
    match kind {
        0 => json!({"kind": "repeatToken"}),
        1 => json!({"kind": "shortPage", "issues": 1}),
        2 => json!({"kind": "emptyPage"}),
        3 => json!({"kind": "omitIsLast"}),
        4 => json!({"kind": "claimLast"}),
        5 => json!({"kind": "nullToken"}),
        6 => json!({"kind": "loseToken"}),
        7 => json!({"kind": "extraPage"}),
        _ => json!({"kind": "warn", "truncateTo": 1}),
    }
}

/// Which call is answered with less than there is, and the answer.
fn short(kind: u8) -> (&'static str, Value) {
    match kind {
        0 => ("/search/jql", json!({"issues": [], "isLast": true})),
        1 => ("/search/jql", json!({"isLast": true})),
        2 => ("/jql/match", json!({"matches": []})),
        3 => ("/jql/match", json!({})),
        4 => ("/issue/bulkfetch", json!({"issues": []})),
        _ => ("/search/approximate-count", json!({"count": 0})),
    }
}

/// Nothing fails and nothing lags any more.
pub fn calm(sandbox: &Sandbox) {
    for asked in [
        json!({"command": "setIndexLag"}),
        json!({"command": "releaseIndex"}),
        json!({"command": "clearPageFaults"}),
        json!({"command": "clearFaults"}),
        json!({"command": "failIssues", "issues": []}),
        json!({"command": "setCallDuration", "milliseconds": 0}),
        json!({"command": "setQuota", "off": true}),
    ] {
        command(sandbox, asked).expect("the sandbox does it");
    }
}
