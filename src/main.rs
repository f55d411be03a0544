//! The program: parses what it is asked, and does it.

use std::process::ExitCode;

use jira_operator::cli;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = cli::parse(std::env::args_os());
    // Two crates bring TLS; both use the one that is installed here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Box::pin(cli::main(arguments)).await {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("jira-operator: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}
