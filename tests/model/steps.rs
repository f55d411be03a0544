//! What may happen in a history: to the site, to the answers, to the operator and to what a person declares.

use proptest::prelude::*;

/// A step of a history. Projects and issues are chosen by number among those that there are.
#[derive(Clone, Debug)]
pub enum Step {
    Create { project: usize, count: u8, labelled: bool },
    Edit { issue: u8 },
    Close { issue: u8 },
    Reopen { issue: u8 },
    Label { issue: u8, on: bool },
    Move { issue: u8, to: usize },
    Delete { issue: u8 },
    HideIssue { issue: u8 },
    ArchiveIssue { issue: u8 },
    ShowIssues,
    Archive { project: usize },
    Trash { project: usize },
    Restore { project: usize },
    Hide { project: usize, hidden: bool },
    Rename { project: usize },
    NewProject,
    Scope { project: usize, out: bool },
    Narrow { project: usize, on: bool },
    Mode { all: bool },
    Lag { seconds: u16 },
    Fault { skip: u8, code: u16 },
    PageFault { kind: u8, page: u8 },
    Wait { seconds: u16 },
    Pass { diagnosed: bool },
    PassLate,
    Sweep,
    Sliced { until: u8, slices: u8 },
    Killed { writes: u8 },
    Restart,
}

fn of_issues() -> impl Strategy<Value = Step> {
    let project = || 0..8_usize;
    prop_oneof![
        4 => (project(), 1..6_u8, any::<bool>()).prop_map(|(project, count, labelled)| Step::Create { project, count, labelled }),
        6 => any::<u8>().prop_map(|issue| Step::Edit { issue }),
        3 => any::<u8>().prop_map(|issue| Step::Close { issue }),
        2 => any::<u8>().prop_map(|issue| Step::Reopen { issue }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(issue, on)| Step::Label { issue, on }),
        2 => (any::<u8>(), project()).prop_map(|(issue, to)| Step::Move { issue, to }),
        2 => any::<u8>().prop_map(|issue| Step::Delete { issue }),
        1 => any::<u8>().prop_map(|issue| Step::HideIssue { issue }),
        1 => any::<u8>().prop_map(|issue| Step::ArchiveIssue { issue }),
        1 => Just(Step::ShowIssues),
    ]
}

fn of_projects() -> impl Strategy<Value = Step> {
    let project = || 0..8_usize;
    prop_oneof![
        2 => project().prop_map(|project| Step::Archive { project }),
        2 => project().prop_map(|project| Step::Trash { project }),
        4 => project().prop_map(|project| Step::Restore { project }),
        4 => (project(), any::<bool>()).prop_map(|(project, hidden)| Step::Hide { project, hidden }),
        1 => project().prop_map(|project| Step::Rename { project }),
        1 => Just(Step::NewProject),
        2 => (project(), prop::bool::weighted(0.3)).prop_map(|(project, out)| Step::Scope { project, out }),
        2 => (project(), any::<bool>()).prop_map(|(project, on)| Step::Narrow { project, on }),
        1 => any::<bool>().prop_map(|all| Step::Mode { all }),
    ]
}

fn of_answers() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => prop_oneof![Just(0_u16), 1..300_u16].prop_map(|seconds| Step::Lag { seconds }),
        2 => (0..4_u8, prop_oneof![Just(503_u16), Just(500), Just(429)]).prop_map(|(skip, code)| Step::Fault { skip, code }),
        2 => (0..9_u8, 1..3_u8).prop_map(|(kind, page)| Step::PageFault { kind, page }),
    ]
}

fn of_the_operator() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..900_u16).prop_map(|seconds| Step::Wait { seconds }),
        10 => any::<bool>().prop_map(|diagnosed| Step::Pass { diagnosed }),
        2 => Just(Step::PassLate),
        2 => Just(Step::Sweep),
        3 => (0..4_u8, 0..4_u8).prop_map(|(until, slices)| Step::Sliced { until, slices }),
        2 => (0..9_u8).prop_map(|writes| Step::Killed { writes }),
        1 => Just(Step::Restart),
    ]
}

/// A history: by how much the operator's clock is off, what is mirrored and how much of it, and the
/// steps.
#[derive(Clone, Debug)]
pub struct History {
    pub skew: i64,
    pub all: bool,
    pub max: usize,
    pub steps: Vec<Step>,
}

pub fn history(steps: usize) -> impl Strategy<Value = History> {
    let step = prop_oneof![24 => of_issues(), 6 => of_projects(), 5 => of_answers(), 25 => of_the_operator()];
    let steps = prop::collection::vec(step, steps..=steps);
    let skew = prop_oneof![Just(0_i64), Just(3600), Just(-3600)];
    let max = prop_oneof![3 => Just(5000_usize), 1 => Just(15)];
    (skew, any::<bool>(), max, steps).prop_map(|(skew, all, max, steps)| History { skew, all, max, steps })
}
