//! The operator's OAuth client against a server that nobody here wrote: a hundred rotations, a replay, a revocation.
//!
//! Needs Node.js and packages from npm, so `cargo test --workspace` leaves it out; `.ci/independent` installs them and runs
//! `cargo test --test independent`.

// A scenario that finds something else than it expects ends with a panic; that is its report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::missing_errors_doc)]

mod person;
mod server;

use std::{process::ExitCode, sync::Arc, time::Duration};

use jira_operator::atlassian::{
    oauth::{OAuthApp, Tokens},
    secret::Secret,
    token_answer::ExchangeFailure,
};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use crate::server::{REDIRECT_URI, Server};

/// How often a token is rotated.
const ROTATIONS: u32 = 100;
/// Longest time for one scenario.
const LONGEST: Duration = Duration::from_mins(2);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each scenario has a server of its own. With more than one thread a scenario's line stands whole, whatever it prints.
    arguments.test_threads = Some(2);
    let runtime = Arc::new(Runtime::new().expect("a runtime"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let scenarios = [
        trial(&runtime, "a_hundred_rotations_each_with_the_token_of_the_last", rotate),
        trial(&runtime, "a_replayed_token_is_refused_and_ends_its_family", replay),
        trial(&runtime, "a_revoked_grant_refreshes_no_more", revoke),
        trial(&runtime, "a_code_works_once", code_twice),
        trial(&runtime, "a_wrong_client_secret_is_no_dead_grant", wrong_secret),
    ];
    libtest_mimic::run(&arguments, scenarios.into()).exit_code()
}

fn trial<F>(runtime: &Arc<Runtime>, name: &str, tell: fn(Server) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let runtime = Arc::clone(runtime);
    Trial::test(name, move || {
        runtime.block_on(async {
            let server = Server::start().await.map_err(|error| Failed::from(error.to_string()))?;
            let reported = tokio::time::timeout(LONGEST, tell(server)).await;
            reported.map_err(|_| Failed::from("it did not end in time"))
        })
    })
}

/// The first tokens of a grant that a person gives.
async fn first(server: &Server, name: &str) -> Tokens {
    let code = Secret::new(person::grants(server, name).await);
    let exchanged = server.tokens.exchange_code(&server.app, &code, REDIRECT_URI).await;
    exchanged.unwrap_or_else(|failure| panic!("no tokens for the code: {failure}"))
}

fn next(tokens: Tokens) -> Secret {
    tokens.refresh_token.expect("every exchange brings the next token")
}

/// One refresh, which must succeed.
async fn refresh(server: &Server, token: &Secret) -> Tokens {
    let exchanged = server.tokens.refresh(&server.app, token).await;
    exchanged.unwrap_or_else(|failure| panic!("not refreshed: {failure}"))
}

/// One refresh, which must be refused as that of a dead grant.
async fn refused(server: &Server, token: &Secret) {
    match server.tokens.refresh(&server.app, token).await {
        Err(ExchangeFailure::GrantRefused { .. }) => {}
        Err(other) => panic!("refused, but not as a dead grant: {other}"),
        Ok(_) => panic!("a dead grant was refreshed"),
    }
}

async fn rotate(server: Server) {
    let tokens = first(&server, "rota").await;
    let mut scopes = tokens.scopes.clone().expect("the scopes that were granted");
    scopes.sort();
    assert_eq!(
        scopes,
        ["offline_access", "read:jira-user", "read:jira-work", "write:jira-work"]
    );
    let mut token = next(tokens);
    let mut seen = vec![token.hash()];
    for _ in 0..ROTATIONS {
        let tokens = refresh(&server, &token).await;
        assert!(tokens.lifetime > Duration::from_mins(1), "{:?}", tokens.lifetime);
        assert!(!tokens.access_token.expose().is_empty());
        token = next(tokens);
        assert!(!seen.contains(&token.hash()), "a token came a second time");
        seen.push(token.hash());
    }
    let counts = server.counts().await;
    assert_eq!((counts.grants, counts.consumed), (ROTATIONS + 1, ROTATIONS));
    assert_eq!((counts.revoked, counts.refusals.len()), (0, 0));
    println!(
        "rotation: {ROTATIONS} refreshes, {} unlike tokens; the server: {counts:?}",
        seen.len()
    );
}

async fn replay(server: Server) {
    let first = next(first(&server, "echo").await);
    let second = next(refresh(&server, &first).await);
    let third = next(refresh(&server, &second).await);
    refused(&server, &first).await;
    // The server takes a token that comes back for a stolen one, and ends the newest with it.
    refused(&server, &third).await;
    let counts = server.counts().await;
    assert_eq!((counts.consumed, counts.revoked), (2, 1));
    assert_eq!(counts.refusals[0], "refresh token already used");
    println!("replay: the first token of three was refused, then the newest; the server: {counts:?}");
}

async fn revoke(server: Server) {
    let token = next(first(&server, "vera").await);
    let token = next(refresh(&server, &token).await);
    let form = [
        ("client_id", server.app.client_id.as_str()),
        ("client_secret", server.app.client_secret.expose()),
        ("token", token.expose()),
        ("token_type_hint", "refresh_token"),
    ];
    let request = server.http.post(server.url("/oauth/revoke")).form(&form);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    refused(&server, &token).await;
    let counts = server.counts().await;
    assert_eq!((counts.consumed, counts.revoked, counts.refusals.len()), (1, 1, 1));
    println!("revocation: the token was revoked and then refused; the server: {counts:?}");
}

async fn code_twice(server: Server) {
    let code = Secret::new(person::grants(&server, "noor").await);
    let elsewhere = format!("{REDIRECT_URI}/elsewhere");
    for (redirect_uri, works) in [(elsewhere.as_str(), false), (REDIRECT_URI, true), (REDIRECT_URI, false)] {
        let answer = server.tokens.exchange_code(&server.app, &code, redirect_uri).await;
        match answer {
            Ok(tokens) => assert!(works && tokens.refresh_token.is_some()),
            Err(ExchangeFailure::GrantRefused { .. }) => assert!(!works),
            Err(other) => panic!("{other}"),
        }
    }
    let counts = server.counts().await;
    assert_eq!((counts.grants, counts.refusals.len()), (1, 2));
    println!("code: refused for another callback address, taken once, refused the second time; the server: {counts:?}");
}

async fn wrong_secret(server: Server) {
    let token = next(first(&server, "cleo").await);
    let mistaken = OAuthApp {
        client_id: server.app.client_id.clone(),
        client_secret: Secret::new("mistaken".to_owned()),
    };
    let answer = server.tokens.refresh(&mistaken, &token).await;
    assert!(matches!(answer, Err(ExchangeFailure::ClientRefused)), "{answer:?}");
    refresh(&server, &token).await;
    println!(
        "wrong secret: told apart from a dead grant, and the token still worked; the server: {:?}",
        server.counts().await
    );
}
