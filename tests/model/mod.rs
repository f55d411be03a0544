//! What random histories of a site share, whether the engine alone or the whole operator lives
//! through them: what may happen, how it happens in Jira, what a perfect mirror holds afterwards, and
//! how many writes lead there.

pub mod distance;
pub mod life;
pub mod shown;
pub mod steps;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A number from the environment.
pub fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// What tells one history of this seed, and shrinks it so often where it fails.
pub fn runner(seed: usize, shrinks: u32) -> TestRunner {
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    let config = Config {
        cases: 1,
        max_shrink_iters: shrinks,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
