//! What may happen in a history of tickets: to objects, to the operator, to calls, and in Jira.

use proptest::prelude::*;

/// A call of the operator to Jira.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The one that creates a ticket.
    Create,
    /// The one that changes one, to mark it.
    Edit,
    /// The one that comments on one.
    Comment,
    /// The one that moves one.
    Move,
    /// Any that reads.
    Read,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused with this status, and has no effect.
    Refused(u16),
    /// It takes effect, and this status is answered.
    Failed(u16),
    /// The connection is lost before it takes effect.
    LostBefore,
    /// The connection is lost after it took effect.
    LostAfter,
    /// It waits, and takes effect once it is let go, also where nobody waits for it any more.
    Late,
    /// The connection is lost, and it takes effect once it is let go.
    LostAndLate,
    /// It waits, and takes effect once it is let go if somebody still waits for it.
    Held,
    /// It takes effect, and its answer waits.
    AnswerHeld,
    /// It takes effect, and its answer cannot be read.
    Garbled,
}

/// A step of a history. Objects are chosen by number, so are processes and editions of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A person applies an object.
    Apply { object: u8, edition: u8 },
    /// A person deletes an object.
    Delete { object: u8 },
    /// An object is deleted and applied anew, without its status, as a backup or a forced replacement does.
    Replace { object: u8 },
    /// A person deletes the ticket of an object, and applies that anew.
    Renew { object: u8 },
    /// The cluster is built anew from the same manifests.
    Rebuild,
    /// A person says which ticket is meant, where the operator cannot tell.
    Decide { object: u8 },
    /// The spec of an object wants its ticket elsewhere, or nowhere.
    Want { object: u8, phase: u8 },
    /// A program wants a comment of its own on the ticket of an object, changes it, or withdraws it.
    Say { object: u8, program: u8, edition: u8 },
    /// A person edits what wakes the operator and changes nothing else.
    Touch { object: u8 },
    /// Every object is reconciled.
    Wake,
    /// A process learns nothing of objects until it does again.
    Blind { process: u8, is_blind: bool },
    /// A process is killed and started again.
    Kill { process: u8 },
    /// So many thirtieths of the time after which a ticket that is not found was not created go by.
    Wait { thirtieths: u8 },
    /// A call to Jira goes wrong, after so many of its kind.
    Fault { call: Call, skip: u8, trouble: Trouble },
    /// A write of a status goes wrong, after so many.
    ClusterFault { skip: u8, trouble: Trouble },
    /// Writes of statuses are refused until this comes again.
    ClusterDown { is_down: bool },
    /// What waits is let go.
    Release,
    /// Search is late until it is not.
    Lag { is_late: bool },
    /// Jira's clock goes on.
    Clock { minutes: u8 },
    /// A person creates an issue or a request with the summary of an object's ticket.
    Ask { object: u8 },
    /// A person clones the ticket of an object.
    Clone { object: u8 },
    /// A person moves it.
    Move { object: u8 },
    /// A person deletes it.
    Remove { object: u8 },
    /// It is hidden from the account.
    Hide { object: u8 },
    /// What is hidden is shown again.
    Show,
    /// A person takes the label away.
    Unlabel { object: u8 },
    /// A person takes the property away.
    Unmark { object: u8 },
    /// A person comments on it.
    Comment { object: u8 },
    /// A person deletes the comment of a program.
    Unsay { object: u8 },
    /// A person moves it to another status.
    Shift { object: u8, status: u8 },
    /// Automation moves it back whenever somebody moves it, or no longer does.
    Fight { object: u8, is_off: bool },
}

/// So long a process is too young to create what it was not told of before: a fifth of the whole time, and a second.
const YOUNG: u8 = 38;

/// More often than the others the one that gets a new ticket each time that it is applied.
fn object() -> impl Strategy<Value = u8> {
    prop_oneof![5 => 0..9_u8, 1 => Just(6_u8)]
}

fn edition() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(0_u8), 1 => 1..3_u8]
}

fn of_the_cluster() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (object(), edition()).prop_map(|(object, edition)| Step::Apply { object, edition }),
        4 => object().prop_map(|object| Step::Delete { object }),
        4 => object().prop_map(|object| Step::Replace { object }),
        4 => object().prop_map(|object| Step::Renew { object }),
        1 => Just(Step::Rebuild),
        3 => object().prop_map(|object| Step::Decide { object }),
        8 => (object(), 0..4_u8).prop_map(|(object, phase)| Step::Want { object, phase }),
        8 => (object(), 0..3_u8, 0..4_u8)
            .prop_map(|(object, program, edition)| Step::Say { object, program, edition }),
    ]
}

fn of_the_operator() -> impl Strategy<Value = Step> {
    let is_blind = prop::bool::weighted(0.4);
    prop_oneof![
        16 => object().prop_map(|object| Step::Touch { object }),
        4 => Just(Step::Wake),
        2 => (0..2_u8, is_blind).prop_map(|(process, is_blind)| Step::Blind { process, is_blind }),
        4 => (0..2_u8).prop_map(|process| Step::Kill { process }),
        5 => prop_oneof![5 => 1..4_u8, 1 => 4..40_u8].prop_map(|thirtieths| Step::Wait { thirtieths }),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let refused = prop_oneof![Just(409_u16), Just(429), Just(500), Just(503)];
    prop_oneof![
        3 => refused.prop_map(Trouble::Refused),
        2 => prop_oneof![Just(500_u16), Just(504)].prop_map(Trouble::Failed),
        2 => Just(Trouble::LostBefore),
        3 => Just(Trouble::LostAfter),
        2 => Just(Trouble::Late),
        3 => Just(Trouble::LostAndLate),
        1 => Just(Trouble::Held),
        3 => Just(Trouble::AnswerHeld),
        1 => Just(Trouble::Garbled),
    ]
}

fn of_calls() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        5 => Just(Call::Create),
        2 => Just(Call::Edit),
        2 => Just(Call::Comment),
        3 => Just(Call::Move),
        1 => Just(Call::Read),
    ];
    prop_oneof![
        8 => (call, 0..2_u8, trouble()).prop_map(|(call, skip, trouble)| Step::Fault { call, skip, trouble }),
        5 => (0..3_u8, trouble()).prop_map(|(skip, trouble)| Step::ClusterFault { skip, trouble }),
        1 => any::<bool>().prop_map(|is_down| Step::ClusterDown { is_down }),
        4 => Just(Step::Release),
        2 => any::<bool>().prop_map(|is_late| Step::Lag { is_late }),
        2 => prop_oneof![3 => 1..3_u8, 1 => 3..20_u8].prop_map(|minutes| Step::Clock { minutes }),
    ]
}

fn of_jira() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => object().prop_map(|object| Step::Ask { object }),
        3 => object().prop_map(|object| Step::Clone { object }),
        1 => object().prop_map(|object| Step::Move { object }),
        1 => object().prop_map(|object| Step::Remove { object }),
        2 => object().prop_map(|object| Step::Hide { object }),
        2 => Just(Step::Show),
        4 => object().prop_map(|object| Step::Unlabel { object }),
        2 => object().prop_map(|object| Step::Unmark { object }),
        1 => object().prop_map(|object| Step::Comment { object }),
        1 => object().prop_map(|object| Step::Unsay { object }),
        4 => (object(), 0..4_u8).prop_map(|(object, status)| Step::Shift { object, status }),
        1 => (object(), prop::bool::weighted(0.6)).prop_map(|(object, is_off)| Step::Fight { object, is_off }),
    ]
}

/// What goes wrong with a ticket that is lost: mostly Jira carries out late what was asked.
fn loss_trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![2 => trouble(), 1 => Just(Trouble::LostAndLate), 1 => Just(Trouble::Late)]
}

/// How a ticket is lost: one process dies or none, and its object is applied anew or not; or the whole cluster is.
fn loss_end(object: u8) -> impl Strategy<Value = Vec<Step>> {
    let one = (0..3_u8, prop::bool::weighted(0.6)).prop_map(move |(process, is_replaced)| {
        let killed = (process < 2).then_some(Step::Kill { process });
        let replaced = is_replaced.then_some(Step::Replace { object });
        killed.into_iter().chain(replaced).collect()
    });
    prop_oneof![3 => one, 1 => Just(vec![Step::Rebuild])]
}

/// A ticket that is lost in the middle of its creation: nobody knows of an earlier one, what creates it or marks it goes
/// wrong, and then something else. Its name is new, or the processes are, and old enough to create one that they were not
/// told of before.
fn loss() -> impl Strategy<Value = Vec<Step>> {
    let whose = prop_oneof![3 => (9..13_u8, Just(false)), 1 => (0..7_u8, Just(true))];
    let call = prop_oneof![2 => Just(Call::Create), 1 => Just(Call::Edit)];
    let waits = (1..5_u8, 1..8_u8);
    (whose, call, loss_trouble(), waits).prop_flat_map(|((object, is_used), call, trouble, (before, after))| {
        loss_end(object).prop_map(move |end| {
            let mut steps = vec![Step::Remove { object }, Step::Delete { object }];
            if is_used {
                steps.extend([0, 1].map(|process| Step::Kill { process }));
                steps.push(Step::Wait { thirtieths: YOUNG });
            }
            steps.extend([
                Step::Fault { call, skip: 0, trouble },
                Step::Apply { object, edition: 0 },
                Step::Wait { thirtieths: before },
            ]);
            steps.extend(end);
            steps.push(Step::Wait { thirtieths: after });
            steps
        })
    })
}

/// A ticket that is wanted elsewhere while the call that moves it goes wrong, its process dies or a person moves it too,
/// or all of that.
fn lost_move() -> impl Strategy<Value = Vec<Step>> {
    let what = (0..7_u8, 1..4_u8, trouble(), 1..4_u8);
    let further = (0..3_u8, prop::bool::weighted(0.5), 0..4_u8, 1..8_u8);
    (what, further).prop_map(
        |((object, phase, trouble, before), (process, is_shifted, status, after))| {
            let begin = [
                Step::Apply { object, edition: 0 },
                Step::Wait { thirtieths: 3 },
                Step::Fault {
                    call: Call::Move,
                    skip: 0,
                    trouble,
                },
                Step::Want { object, phase },
                Step::Wait { thirtieths: before },
            ];
            let killed = (process < 2).then_some(Step::Kill { process });
            let shifted = is_shifted.then_some(Step::Shift { object, status });
            let end = [Step::Wait { thirtieths: after }];
            begin.into_iter().chain(killed).chain(shifted).chain(end).collect()
        },
    )
}

/// A ticket that is commented on while that call goes wrong, its process dies or its object is applied anew, or both.
fn lost_comment() -> impl Strategy<Value = Vec<Step>> {
    let what = (0..7_u8, 0..3_u8, trouble(), 1..4_u8);
    let further = (0..3_u8, prop::bool::weighted(0.3), 1..8_u8);
    (what, further).prop_map(|((object, program, trouble, before), (process, is_replaced, after))| {
        let said = |edition| Step::Say {
            object,
            program,
            edition,
        };
        let begin = [
            Step::Apply { object, edition: 0 },
            Step::Wait { thirtieths: 3 },
            Step::Fault {
                call: Call::Comment,
                skip: 0,
                trouble,
            },
            said(1),
            Step::Wait { thirtieths: before },
        ];
        let killed = (process < 2).then_some(Step::Kill { process });
        let replaced = is_replaced.then_some(Step::Replace { object });
        let end = [said(2), Step::Wait { thirtieths: after }];
        begin.into_iter().chain(killed).chain(replaced).chain(end).collect()
    })
}

/// A history: how Jira behaves where Atlassian does not say, and the steps.
#[allow(clippy::struct_excessive_bools)] // Each is a switch of its own.
#[derive(Clone, Debug)]
pub struct History {
    pub bulk_fetch_by_index: bool,
    pub customer_is_creator: bool,
    pub clone_copies_properties: bool,
    pub clone_copies_labels: bool,
    pub steps: Vec<Step>,
}

/// A history of so many steps.
pub fn history(steps: usize) -> impl Strategy<Value = History> {
    let step = prop_oneof![24 => of_the_cluster(), 30 => of_the_operator(), 26 => of_calls(), 14 => of_jira()];
    let some = prop_oneof![50 => step.prop_map(|step| vec![step]), 1 => loss(), 1 => lost_move(), 1 => lost_comment()];
    let steps = prop::collection::vec(some, steps..=steps)
        .prop_map(move |all| all.into_iter().flatten().take(steps).collect::<Vec<_>>());
    let rarely = || prop::bool::weighted(0.25);
    (rarely(), rarely(), any::<bool>(), any::<bool>(), steps).prop_map(
        |(bulk_fetch_by_index, customer_is_creator, clone_copies_properties, clone_copies_labels, steps)| History {
            bulk_fetch_by_index,
            customer_is_creator,
            clone_copies_properties,
            clone_copies_labels,
            steps,
        },
    )
}
