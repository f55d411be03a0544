//! The points at which a scenario is disturbed: which write it is, and what becomes of it.

use std::{collections::BTreeMap, fmt};

use axum::http::StatusCode;
use devkit::{
    proxy::{Action, Rule, RuleHandle, Write},
    sandbox::{FaultAction, FaultRule, RateLimitReason, When},
};

use super::scene::{LONG, Scene};

/// Whose write it is, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// The operator's to the API server. A name only where it says what the object is for.
    Cluster(Write),
    /// The operator's to Atlassian: method and path.
    Atlassian(String),
    /// A command's, which a person types, to the API server.
    Terminal(Write),
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disturbance {
    /// It is refused with this status, and has no effect.
    Refused(u16),
    /// It takes effect, and 504 is answered.
    TimedOut,
    /// It takes effect, and the connection is cut before the answer.
    Cut,
    /// It does not arrive, and is never answered.
    NeverAnswered,
    /// The process is killed before it arrives, and started again.
    KilledBefore,
    /// The process is killed after it took effect, before the answer, and started again.
    KilledAfter,
}

/// All of them.
pub const DISTURBANCES: [Disturbance; 9] = [
    Disturbance::Refused(403),
    Disturbance::Refused(409),
    Disturbance::Refused(422),
    Disturbance::Refused(500),
    Disturbance::TimedOut,
    Disturbance::Cut,
    Disturbance::NeverAnswered,
    Disturbance::KilledBefore,
    Disturbance::KilledAfter,
];

/// Atlassian asks to slow down, and did nothing.
const SLOWED: Disturbance = Disturbance::Refused(429);

/// A write of a scenario, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub shape: Shape,
    /// Counted from 1, among those of the same shape since the scenario began.
    pub nth: usize,
    pub disturbance: Disturbance,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(write) => write!(f, "{write}"),
            Self::Atlassian(call) => write!(f, "{call}"),
            Self::Terminal(write) => write!(f, "the command's {write}"),
        }
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "refused {status}"),
            Self::TimedOut => write!(f, "504 after the effect"),
            Self::Cut => write!(f, "cut after the effect"),
            Self::NeverAnswered => write!(f, "never answered"),
            Self::KilledBefore => write!(f, "killed before"),
            Self::KilledAfter => write!(f, "killed after"),
        }
    }
}

/// As `SWEEP_POINT` takes it.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}: {}", self.shape, self.nth, self.disturbance)
    }
}

impl Point {
    /// A number that is the point's own, and the same in every run.
    pub fn number(&self) -> u64 {
        number(&self.to_string())
    }
}

/// A number that a text always has.
pub fn number(text: &str) -> u64 {
    let add = |sum: u64, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    text.bytes().fold(0, add)
}

impl Shape {
    /// The shape of a write of the operator to the API server.
    pub fn cluster(write: &Write) -> Self {
        Self::Cluster(alike(write))
    }

    /// The shape of a command's write.
    pub fn terminal(write: &Write) -> Self {
        Self::Terminal(alike(write))
    }
}

/// Writes that differ by the name of the object only are alike, but for what is named after its purpose.
fn alike(write: &Write) -> Write {
    let named = ["secrets", "configmaps"].contains(&write.resource.as_str());
    Write {
        name: if named { write.name.clone() } else { String::new() },
        ..write.clone()
    }
}

/// Every point of the writes that an undisturbed run made.
pub fn points_of(writes: &[Shape]) -> Vec<Point> {
    let mut counts: BTreeMap<&Shape, usize> = BTreeMap::new();
    let mut points = Vec::new();
    for shape in writes {
        let nth = counts.entry(shape).or_default();
        *nth += 1;
        let slowed = matches!(shape, Shape::Atlassian(_)).then_some(SLOWED);
        points.extend(DISTURBANCES.into_iter().chain(slowed).map(|disturbance| Point {
            shape: shape.clone(),
            nth: *nth,
            disturbance,
        }));
    }
    points
}

/// A disturbance that waits for its write.
pub enum Trap {
    Cluster(RuleHandle),
    Terminal(RuleHandle),
    Atlassian(u64),
}

impl Trap {
    /// Lies in wait for the point's write, counted from now.
    pub fn set(scene: &Scene, point: &Point) -> Self {
        match &point.shape {
            Shape::Cluster(write) => {
                let proxy = scene.harness.proxy.as_ref().expect("the operator is proxied");
                Self::Cluster(proxy.add(rule(write, point)))
            }
            Shape::Terminal(write) => Self::Terminal(scene.terminal.add(rule(write, point))),
            Shape::Atlassian(call) => Self::Atlassian(scene.harness.sandbox.fault(fault(call, point))),
        }
    }

    /// Waits for the write, and does to the process what is to be done. Ends when the disturbance has begun, and where
    /// the process was killed, when it runs again.
    pub async fn spring(&self, scene: &Scene, disturbance: Disturbance) {
        match disturbance {
            Disturbance::KilledBefore => {
                self.met(scene).await;
                self.kill(scene).await;
            }
            Disturbance::KilledAfter => {
                self.acted(scene).await;
                self.kill(scene).await;
            }
            _ => self.met(scene).await,
        }
    }

    async fn met(&self, scene: &Scene) {
        match self {
            Self::Cluster(rule) | Self::Terminal(rule) => rule.wait_for_hits(1, LONG).await.expect("a hit"),
            Self::Atlassian(fault) => assert!(scene.harness.sandbox.wait_for_hits(*fault, 1).await),
        }
    }

    async fn acted(&self, scene: &Scene) {
        match self {
            Self::Cluster(rule) | Self::Terminal(rule) => rule.wait_for_deeds(1, LONG).await.expect("a deed"),
            Self::Atlassian(_) => self.met(scene).await,
        }
    }

    async fn kill(&self, scene: &Scene) {
        match self {
            Self::Terminal(rule) => {
                scene.kill_command();
                rule.break_off();
            }
            Self::Cluster(rule) => {
                scene.kill_operator().await;
                rule.break_off();
                scene.start_operator().await;
            }
            Self::Atlassian(fault) => {
                scene.kill_operator().await;
                // Released while the client is there still, it would take effect.
                assert!(scene.harness.sandbox.wait_until_idle(*fault).await);
                scene.start_operator().await;
            }
        }
    }

    /// Whether the write came.
    pub fn was_met(&self, scene: &Scene) -> bool {
        match self {
            Self::Cluster(rule) | Self::Terminal(rule) => rule.hits() > 0,
            Self::Atlassian(fault) => scene.was_faulty(*fault),
        }
    }

    /// Lets nothing be held any more.
    pub fn clear(self, scene: &Scene) {
        match self {
            Self::Cluster(rule) | Self::Terminal(rule) => {
                rule.break_off();
                rule.remove();
            }
            Self::Atlassian(fault) => scene.harness.sandbox.release(fault).expect("there is such a fault"),
        }
    }
}

fn rule(write: &Write, point: &Point) -> Rule {
    let (shape, action) = (write.clone(), action(write, point.disturbance));
    Rule::new(action)
        .when_write(move |write| alike(write) == shape)
        .skip(point.nth - 1)
        .times(1)
}

fn action(write: &Write, disturbance: Disturbance) -> Action {
    match disturbance {
        Disturbance::Refused(status) => Action::Refuse {
            status: StatusCode::from_u16(status).expect("a status"),
            reason: reason(status, write.verb).to_owned(),
            message: format!("{} \"{}\" was refused once", write.resource, write.name),
        },
        Disturbance::TimedOut => Action::ReplaceAnswer {
            status: StatusCode::GATEWAY_TIMEOUT,
            reason: "Timeout".to_owned(),
            message: "Timeout: request did not complete within the allotted timeout".to_owned(),
        },
        Disturbance::Cut => Action::DropAnswer,
        Disturbance::NeverAnswered | Disturbance::KilledBefore => Action::HoldRequest,
        Disturbance::KilledAfter => Action::HoldAnswer,
    }
}

/// What the API server says with this status.
fn reason(status: u16, verb: &str) -> &'static str {
    match (status, verb) {
        (403, _) => "Forbidden",
        (409, "create") => "AlreadyExists",
        (409, _) => "Conflict",
        (422, _) => "Invalid",
        _ => "InternalError",
    }
}

/// The same at Atlassian, where an edge server refuses: words of the authorization server's own would be a verdict.
fn fault(call: &str, point: &Point) -> FaultRule {
    let slow_down = FaultAction::RateLimit {
        reason: RateLimitReason::JiraBurstBased,
        retry_after_seconds: Some(1),
    };
    let (when, action) = match point.disturbance {
        SLOWED => (When::Before, slow_down),
        Disturbance::Refused(code) => (When::Before, FaultAction::Html { code }),
        Disturbance::TimedOut => (When::After, FaultAction::Html { code: 504 }),
        Disturbance::Cut => (When::After, FaultAction::DropConnection),
        Disturbance::NeverAnswered | Disturbance::KilledBefore => (When::Before, FaultAction::Hold),
        Disturbance::KilledAfter => (When::After, FaultAction::Hold),
    };
    let (method, path) = call.split_once(' ').expect("method and path");
    let rule = FaultRule {
        method: Some(method.to_owned()),
        path: path.to_owned(),
        exact_path: true,
        ..FaultRule::writes(when, action)
    };
    let skip = u32::try_from(point.nth - 1).expect("a small number");
    rule.skip(skip).times(1)
}
