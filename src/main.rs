//! The program: parses what it is asked, and does it.

use std::process::ExitCode;

use jira_operator::cli;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = cli::parse(std::env::args_os());
    // Two crates bring TLS; both use the one that is installed here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ExitCode::from(Box::pin(cli::main(arguments)).await)
}
