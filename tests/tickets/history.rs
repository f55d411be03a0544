//! Random histories: tickets are applied, changed, deleted and applied again, calls and writes go wrong, processes die,
//! and people work in Jira.

use std::{
    panic,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use proptest::test_runner::{TestCaseError, TestError};

use super::{
    model::{
        number, runner,
        tickets::{histories::history, moves::Moves, steps::History},
    },
    stage::Stage,
};

/// How many histories there are where nothing is said, and how many steps each has.
const SEEDS: usize = 20;
const STEPS: usize = 300;
/// How many are played at once: most of one is waiting.
const AT_ONCE: usize = 6;

/// How often a history is played that goes wrong on a machine that is too busy to tell whose fault it is.
const TIMES: usize = 3;

/// Lives through a history to its end, whatever happens. What it came to, or all that must not be.
async fn live(history: &History) -> Result<String, String> {
    let mut wrong = String::new();
    for _ in 0..TIMES {
        let mut stage = Stage::set(history).await;
        match live_on(&mut stage, history).await {
            Ok(right) => return Ok(right),
            Err(why) => wrong = why,
        }
        if !stage.is_too_slow {
            break;
        }
        let first = wrong.lines().next().unwrap_or_default();
        println!("the machine is too busy to tell: once more, after {first}");
    }
    Err(wrong)
}

async fn live_on(stage: &mut Stage, history: &History) -> Result<String, String> {
    let mut wrong = Vec::new();
    for (index, step) in history.steps.iter().enumerate() {
        stage.play(*step).await;
        let new = stage.people.judge(&stage.sandbox);
        wrong.extend(new.into_iter().map(|why| format!("step {index}, {step:?}: {why}")));
    }
    let unquiet = stage.calm().await;
    wrong.extend(unquiet.into_iter().map(|why| format!("after quiet: {why}")));
    let judge = &stage.people.judge;
    let summary = stage.people.summary().await;
    if !wrong.is_empty() {
        let told = stage.trace.told(&stage.sandbox);
        return Err(format!("{}\n{summary}\n{told}", wrong.join("\n")));
    }
    let (tickets, notes) = (judge.made.len(), judge.notes.len());
    let comments = judge.talk.count();
    let (moved, by_others) = Moves::count(&judge.made, &stage.sandbox);
    let (written, edited) = stage.people.edits.count();
    Ok(format!(
        "{tickets} tickets, {notes} notes, {comments} comments, {moved} moves, {by_others} of others, {written} fields \
         written, {edited} by others: {summary}"
    ))
}

/// Plays the history of a seed, and shorter ones where it fails. Why it fails.
fn play(seed: usize, steps: usize, shrinks: u32) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let reported = runner(seed, shrinks).run(&history(steps), |history| {
        let reported = runtime.block_on(live(&history)).map_err(TestCaseError::fail)?;
        println!("seed {seed}: {reported}");
        Ok(())
    });
    match reported {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, history)) => Err(format!("TICKET_SEED={seed}: {why}\n{history:?}")),
        Err(error) => Err(format!("TICKET_SEED={seed}: {error}")),
    }
}

/// `TICKET_LOG=debug` shows what the processes log: for one history alone.
fn log() {
    if let Ok(level) = std::env::var("TICKET_LOG") {
        let shown = tracing_subscriber::fmt().with_env_filter(level).with_test_writer();
        let _ = shown.try_init();
    }
}

#[test]
fn every_ticket_is_created_once_in_any_history() {
    log();
    let steps = number("TICKET_STEPS").unwrap_or(STEPS);
    let first = number("TICKET_FIRST").unwrap_or(0);
    let seeds = match number("TICKET_SEED") {
        Some(seed) => vec![seed],
        None => (first..first + number("TICKET_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let shrinks = u32::try_from(number("TICKET_SHRINK").unwrap_or(0)).unwrap();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..number("TICKET_AT_ONCE").unwrap_or(AT_ONCE) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let played = panic::catch_unwind(|| play(*seed, steps, shrinks));
                    let played = played.unwrap_or_else(|_| Err(format!("TICKET_SEED={seed}: it panicked")));
                    if let Err(why) = played {
                        println!("{why}");
                        wrong.lock().unwrap().push(*seed);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "of {} histories these are wrong: {wrong:?}",
        seeds.len()
    );
}
