//! The program: parses what it is asked, and does it.

use std::process::ExitCode;

use clap::Parser;
use jira_operator::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Cli::parse();
    // Two crates bring TLS; both use the one that is installed here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::main(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("jira-operator: {message}");
            ExitCode::FAILURE
        }
    }
}
