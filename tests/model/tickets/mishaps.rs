//! What goes wrong in several steps: a ticket, a move, a comment or a field that is lost while it is written, and fields
//! that are fought over.

use proptest::prelude::*;

use super::steps::{Call, Step, Trouble};

/// So long a process is too young to create what it was not told of before: a fifth of the whole time, and a second.
const YOUNG: u8 = 38;

/// What goes wrong with a call or a write.
pub fn trouble() -> impl Strategy<Value = Trouble> {
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
pub fn loss() -> impl Strategy<Value = Vec<Step>> {
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
pub fn lost_move() -> impl Strategy<Value = Vec<Step>> {
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
pub fn lost_comment() -> impl Strategy<Value = Vec<Step>> {
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

/// A field of which the spec says something new, or which is written back, while that call goes wrong, its process dies,
/// a person edits it too or its object is applied anew, or all of that.
pub fn lost_edit() -> impl Strategy<Value = Vec<Step>> {
    let what = (0..7_u8, 0..5_u8, trouble(), 1..4_u8);
    let further = (0..3_u8, any::<bool>(), prop::bool::weighted(0.3), 1..8_u8);
    (what, further).prop_map(
        |((object, field, trouble, before), (process, is_edited, is_replaced, after))| {
            let spelt = |value| Step::Spell { object, field, value };
            let begin = [
                Step::Apply { object, edition: 0 },
                spelt(1),
                Step::Wait { thirtieths: 4 },
                Step::Fault {
                    call: Call::Edit,
                    skip: 0,
                    trouble,
                },
                spelt(2),
                Step::Wait { thirtieths: before },
            ];
            let killed = (process < 2).then_some(Step::Kill { process });
            let edited = Step::Edit {
                object,
                field,
                value: 1,
            };
            let edited = is_edited.then_some(edited);
            let replaced = is_replaced.then_some(Step::Replace { object });
            let end = [Step::Follow, Step::Wait { thirtieths: after }];
            let further = edited.into_iter().chain(killed).chain(replaced);
            begin.into_iter().chain(further).chain(end).collect()
        },
    )
}

/// Automation sets a field back again and again, of an object whose spec wants it kept or not, and the processes that
/// know how often die one after the other.
pub fn fight() -> impl Strategy<Value = Vec<Step>> {
    let object = prop_oneof![3 => Just(1_u8), 2 => Just(4_u8), 1 => 0..7_u8];
    (object, 0..3_u8, 3..9_u8).prop_map(|(object, field, wait)| {
        let fought = |is_off| Step::Revert { object, field, is_off };
        let deaths = [0, 1, 0, 1].into_iter().flat_map(|process| {
            [
                Step::Wait { thirtieths: 2 },
                Step::Kill { process },
                Step::Follow,
                Step::Wait { thirtieths: wait },
            ]
        });
        let begin = [
            Step::Apply { object, edition: 0 },
            Step::Wait { thirtieths: 6 },
            fought(false),
            Step::Spell {
                object,
                field,
                value: 1,
            },
        ];
        begin.into_iter().chain(deaths).chain([fought(true)]).collect()
    })
}
