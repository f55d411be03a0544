//! How a call to Jira goes wrong, as faults of the sandbox.

use devkit::sandbox::{FaultAction, FaultRule, RateLimitReason, When};

use super::steps::{Call, Trouble};

/// The faults that one of the next calls meets.
pub fn rules(call: Call, skip: u8, trouble: Trouble) -> Vec<FaultRule> {
    let (when, action) = fault(trouble);
    let rule = |method: &str, path: &str, body: &str| FaultRule {
        method: Some(method.to_owned()),
        body: body.to_owned(),
        ..FaultRule::path(path, when, action.clone()).skip(skip.into()).times(1)
    };
    match call {
        Call::Create => vec![
            rule("POST", "/rest/api/3/issue", "historyMetadata"),
            rule("POST", "/rest/servicedeskapi/request", "requestFieldValues"),
        ],
        Call::Edit => vec![rule("PUT", "/rest/api/3/issue/", "")],
        Call::Move => vec![rule("POST", "/transitions", "transition")],
        Call::Comment => vec![rule("POST", "/comment", "body")],
        Call::Read => vec![rule("POST", "/issue/bulkfetch", ""), rule("POST", "/search/jql", "")],
    }
}

fn fault(trouble: Trouble) -> (When, FaultAction) {
    let slow_down = FaultAction::RateLimit {
        reason: RateLimitReason::JiraBurstBased,
        retry_after_seconds: Some(1),
    };
    match trouble {
        Trouble::Refused(429) => (When::Before, slow_down),
        Trouble::Refused(code) => (When::Before, FaultAction::Html { code }),
        Trouble::Failed(code) => (When::After, FaultAction::Html { code }),
        Trouble::LostBefore => (When::Before, FaultAction::DropConnection),
        Trouble::LostAfter => (When::After, FaultAction::DropConnection),
        Trouble::Late => (When::Before, FaultAction::TakeEffectLate { milliseconds: None }),
        Trouble::LostAndLate => (When::Before, FaultAction::DropAndTakeEffectLate),
        Trouble::Held => (When::Before, FaultAction::Hold),
        Trouble::AnswerHeld => (When::After, FaultAction::Hold),
        Trouble::Garbled => (When::After, FaultAction::GarbledBody),
    }
}
