//! Random histories: a site lives, Jira fails and lags, the operator is killed and its clock is off.

use jiff::SignedDuration;
use jira_operator::api::integration::MirrorMode;
use proptest::test_runner::{TestCaseError, TestError};

use super::{
    model::{
        number, runner,
        steps::{History, Step, hard_history},
    },
    replay::Telling,
    site::Site,
};

async fn live(history: History) -> Result<String, String> {
    let mode = if history.all { MirrorMode::All } else { MirrorMode::Open };
    let mut site = Site::new(mode).await;
    site.skew = SignedDuration::from_secs(history.skew);
    site.max = history.max;
    site.jql.insert("OPS".into(), "labels = k8s".into());
    let mut replay = Telling::new(site);
    for (index, step) in history.steps.iter().enumerate() {
        replay.play(step).await;
        if matches!(step, Step::PassLate | Step::Sliced { .. } | Step::SlicedSweep { .. }) {
            // It acts on what is no longer so, and may let go of what came back meanwhile.
            replay.site.memory.removed.lock().unwrap().clear();
        }
        replay
            .assert_no_loss()
            .map_err(|why| format!("step {index}, {step:?}: {why}"))?;
    }
    replay.quiet().await?;
    let writes = *replay.site.memory.writes.lock().unwrap();
    let (ended, failed) = replay.site.passes;
    Ok(format!("{ended} passes, {failed} more failed, {writes:?}"))
}

#[test]
fn the_mirror_equals_the_site_after_any_history() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let steps = number("MIRROR_STEPS").unwrap_or(250);
    let chosen = number("MIRROR_SEED").map(|seed| vec![seed]);
    let seeds = chosen.unwrap_or_else(|| (0..number("MIRROR_SEEDS").unwrap_or(20)).collect());
    let shrinks = u32::try_from(number("MIRROR_SHRINK").unwrap_or(100)).unwrap();
    for seed in seeds {
        let mut runner = runner(seed, shrinks);
        let reported = runner.run(&hard_history(steps), |history| {
            let reported = runtime.block_on(live(history)).map_err(TestCaseError::fail)?;
            println!("seed {seed}: {reported}");
            Ok(())
        });
        match reported {
            Ok(()) => {}
            Err(TestError::Fail(why, history)) => panic!("MIRROR_SEED={seed}: {why}\n{history:?}"),
            Err(error) => panic!("MIRROR_SEED={seed}: {error}"),
        }
    }
}
