//! What may happen in a history: to the site, to the answers, to the operator and to what a person declares.

use proptest::prelude::*;

/// A step of a history. Projects and issues are chosen by number among those that there are, and so are statuses,
/// types, priorities and people.
#[derive(Clone, Debug)]
pub enum Step {
    Create {
        project: usize,
        count: u8,
        labelled: bool,
    },
    Edit {
        issue: u8,
    },
    Close {
        issue: u8,
    },
    Reopen {
        issue: u8,
    },
    Label {
        issue: u8,
        on: bool,
    },
    Move {
        issue: u8,
        to: usize,
    },
    Delete {
        issue: u8,
    },
    HideIssue {
        issue: u8,
    },
    ArchiveIssue {
        issue: u8,
    },
    ShowIssues,
    /// Issues come with times of another system, so many seconds from now.
    Import {
        project: usize,
        seconds: i32,
    },
    /// An issue that is there gets such a time.
    Date {
        issue: u8,
        seconds: i32,
    },
    /// A timer touches an issue so often, until it is stopped.
    Touch {
        issue: u8,
        seconds: u16,
    },
    Archive {
        project: usize,
    },
    Trash {
        project: usize,
    },
    Restore {
        project: usize,
    },
    Hide {
        project: usize,
        hidden: bool,
    },
    Rename {
        project: usize,
    },
    NewProject,
    RenameStatus {
        status: u8,
    },
    RenameType {
        kind: u8,
    },
    RenamePriority {
        priority: u8,
    },
    RenamePerson {
        person: u8,
    },
    HideEmail {
        person: u8,
        hidden: bool,
    },
    Scope {
        project: usize,
        out: bool,
    },
    Narrow {
        project: usize,
        on: bool,
    },
    Mode {
        all: bool,
    },
    /// Statuses stand for phases of a person's choice.
    Map {
        on: bool,
    },
    Lag {
        seconds: u16,
    },
    Fault {
        skip: u8,
        code: u16,
    },
    PageFault {
        kind: u8,
        page: u8,
    },
    /// An answer that is well formed and lacks what there is.
    ShortAnswer {
        kind: u8,
        skip: u8,
    },
    /// Issues that Jira names with an error where they are fetched by id, from this one on; none where there are none.
    Unanswered {
        issue: u8,
        count: u8,
    },
    /// Calls take so long.
    Slow {
        milliseconds: u16,
    },
    /// Points an hour; none is no bound.
    Quota {
        points: Option<u16>,
    },
    /// The cluster refuses an object.
    Refuse {
        issue: u8,
        code: u16,
    },
    /// The cluster takes all objects again.
    Accept,
    Wait {
        seconds: u16,
    },
    Pass {
        diagnosed: bool,
    },
    PassLate,
    Sweep,
    Sliced {
        until: u8,
        slices: u8,
    },
    /// Everything is asked for, in slices so far apart that what is missing is looked up in them.
    SlicedSweep {
        until: u8,
        slices: u8,
    },
    Killed {
        writes: u8,
    },
    Restart,
}

fn project() -> std::ops::Range<usize> {
    0..8_usize
}

fn of_issues() -> impl Strategy<Value = Step> {
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

/// Times that are none of the present: of long ago, of a moment ago, still to come.
fn seconds() -> impl Strategy<Value = i32> {
    prop_oneof![-2_592_000..-3600, -900..-1, 60..20_000]
}

fn of_other_times() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (project(), seconds()).prop_map(|(project, seconds)| Step::Import { project, seconds }),
        2 => (any::<u8>(), seconds()).prop_map(|(issue, seconds)| Step::Date { issue, seconds }),
        1 => (any::<u8>(), 1..120_u16).prop_map(|(issue, seconds)| Step::Touch { issue, seconds }),
    ]
}

fn of_projects() -> impl Strategy<Value = Step> {
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

fn of_names() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<u8>().prop_map(|status| Step::RenameStatus { status }),
        1 => any::<u8>().prop_map(|kind| Step::RenameType { kind }),
        1 => any::<u8>().prop_map(|priority| Step::RenamePriority { priority }),
        2 => any::<u8>().prop_map(|person| Step::RenamePerson { person }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(person, hidden)| Step::HideEmail { person, hidden }),
        1 => any::<bool>().prop_map(|on| Step::Map { on }),
    ]
}

fn of_answers() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => prop_oneof![Just(0_u16), 1..300_u16].prop_map(|seconds| Step::Lag { seconds }),
        2 => (0..4_u8, prop_oneof![Just(503_u16), Just(500), Just(429)]).prop_map(|(skip, code)| Step::Fault { skip, code }),
        2 => (0..9_u8, 1..3_u8).prop_map(|(kind, page)| Step::PageFault { kind, page }),
    ]
}

fn of_odd_answers() -> impl Strategy<Value = Step> {
    let milliseconds = prop_oneof![Just(0_u16), Just(150), Just(2_000), Just(30_000)];
    let points = prop_oneof![2 => Just(None), 1 => (30..1000_u16).prop_map(Some)];
    prop_oneof![
        3 => (0..6_u8, 0..4_u8).prop_map(|(kind, skip)| Step::ShortAnswer { kind, skip }),
        2 => (any::<u8>(), 0..4_u8).prop_map(|(issue, count)| Step::Unanswered { issue, count }),
        1 => milliseconds.prop_map(|milliseconds| Step::Slow { milliseconds }),
        1 => points.prop_map(|points| Step::Quota { points }),
    ]
}

fn of_the_cluster() -> impl Strategy<Value = Step> {
    let code = prop_oneof![Just(400_u16), Just(403), Just(409), Just(413), Just(422)];
    prop_oneof![
        3 => (any::<u8>(), code).prop_map(|(issue, code)| Step::Refuse { issue, code }),
        1 => Just(Step::Accept),
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

/// A history of what happens every day.
pub fn history(steps: usize) -> impl Strategy<Value = History> {
    let step = prop_oneof![24 => of_issues(), 6 => of_projects(), 5 => of_answers(), 25 => of_the_operator()];
    history_of(steps, step)
}

/// A history in which everything happens that may.
pub fn hard_history(steps: usize) -> impl Strategy<Value = History> {
    let sliced = (0..5_u8, 1..5_u8).prop_map(|(until, slices)| Step::SlicedSweep { until, slices });
    let step = prop_oneof![
        24 => of_issues(), 3 => of_other_times(), 6 => of_projects(), 3 => of_names(), 5 => of_answers(),
        3 => of_odd_answers(), 2 => of_the_cluster(), 24 => of_the_operator(), 2 => sliced,
    ];
    history_of(steps, step)
}

fn history_of(steps: usize, step: impl Strategy<Value = Step>) -> impl Strategy<Value = History> {
    let steps = prop::collection::vec(step, steps..=steps);
    let skew = prop_oneof![Just(0_i64), Just(3600), Just(-3600)];
    let max = prop_oneof![3 => Just(5000_usize), 1 => Just(15)];
    (skew, any::<bool>(), max, steps).prop_map(|(skew, all, max, steps)| History { skew, all, max, steps })
}
