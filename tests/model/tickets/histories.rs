//! Draws histories of tickets: how often each step comes.

use proptest::prelude::*;

use super::{
    mishaps::{fight, loss, lost_comment, lost_edit, lost_move, trouble},
    steps::{Call, History, Step},
};

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
        12 => (object(), 0..5_u8, 0..4_u8)
            .prop_map(|(object, field, value)| Step::Spell { object, field, value }),
        8 => (object(), 0..3_u8, 0..4_u8)
            .prop_map(|(object, program, edition)| Step::Say { object, program, edition }),
    ]
}

fn of_the_operator() -> impl Strategy<Value = Step> {
    let is_blind = prop::bool::weighted(0.4);
    prop_oneof![
        16 => object().prop_map(|object| Step::Touch { object }),
        4 => Just(Step::Wake),
        5 => Just(Step::Follow),
        2 => (0..2_u8, is_blind).prop_map(|(process, is_blind)| Step::Blind { process, is_blind }),
        4 => (0..2_u8).prop_map(|process| Step::Kill { process }),
        5 => prop_oneof![5 => 1..4_u8, 1 => 4..40_u8].prop_map(|thirtieths| Step::Wait { thirtieths }),
    ]
}

fn of_calls() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        5 => Just(Call::Create),
        4 => Just(Call::Edit),
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
        12 => (object(), 0..5_u8, 0..6_u8).prop_map(|(object, field, value)| Step::Edit { object, field, value }),
        1 => (object(), 0..5_u8, prop::bool::weighted(0.6))
            .prop_map(|(object, field, is_off)| Step::Revert { object, field, is_off }),
    ]
}

/// A history of so many steps.
pub fn history(steps: usize) -> impl Strategy<Value = History> {
    let step = prop_oneof![24 => of_the_cluster(), 30 => of_the_operator(), 26 => of_calls(), 20 => of_jira()];
    let some = prop_oneof![
        75 => step.prop_map(|step| vec![step]),
        2 => loss(),
        1 => lost_move(),
        1 => lost_comment(),
        1 => lost_edit(),
        1 => fight(),
    ];
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
