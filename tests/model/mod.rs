//! What random histories of a site share, whether the engine alone or the whole operator lives
//! through them: what may happen, how it happens in Jira, what a perfect mirror holds afterwards, and
//! how many writes lead there.

pub mod answers;
pub mod contents;
pub mod jira_actions;
pub mod names;
pub mod steps;
pub mod tickets;
pub mod visible;
pub mod write_distance;

use devkit::sandbox::{Answer, Command, Sandbox};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Gives the sandbox a command in its JSON form. It may be refused, for a project that is archived
/// meanwhile for example.
pub fn command(sandbox: &Sandbox, command: serde_json::Value) -> Result<Answer, String> {
    let command: Command = serde_json::from_value(command).expect("a command of the sandbox");
    sandbox.command(command).map_err(|error| error.to_string())
}

/// A number from the environment.
pub fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs one history of this seed, and shrinks it so often where it fails.
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
