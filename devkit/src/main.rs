//! `devkit`: a control plane, a sandbox of Jira Cloud, and the demo, from the command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use devkit::control_plane::{ControlPlane, Error, clear_kubeconfig};
use devkit::demo;
use devkit::sandbox::{self, Sandbox};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Development kit of jira-operator; never shipped.
#[derive(Parser)]
#[command(name = "devkit", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a Kubernetes control plane in the foreground until SIGINT or SIGTERM.
    ControlPlane {
        /// File that the administrator's kubeconfig is written to once the API server is ready.
        #[arg(long, value_name = "FILE")]
        kubeconfig: PathBuf,
    },
    /// Run a sandbox of Jira Cloud in the foreground until SIGINT or SIGTERM.
    Sandbox {
        /// Address to listen on; port 0 takes a free one. Keep to loopback: whoever reaches it commands it.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Begin with this many issues beside the seed's, changed in the last thirty days.
        #[arg(long, value_name = "N", default_value_t = 0)]
        issues: u32,
        /// How many new projects (P1, P2 and so on) they are in.
        #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
        projects: u32,
        /// Give the app of devkit/seed/apps.json this callback URL.
        #[arg(long, value_name = "URL")]
        callback_url: Option<String>,
        /// Carry out this command of the sandbox, as JSON, before it is ready; may be given several times.
        #[arg(long = "command", value_name = "JSON", value_parser = sandbox_command)]
        commands: Vec<sandbox::Command>,
    },
    /// Run a control plane, a sandbox and the operator with its connect pages in the foreground, for a program that
    /// uses them: a line of JSON says how they are reached. Ends with SIGINT, SIGTERM or its standard input.
    Stage,
    /// Show the operator at work: a control plane, a sandbox of Jira Cloud, and the operator between them.
    Demo {
        /// End after the last scene; the exit code says whether everything came true.
        #[arg(long)]
        once: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse_from(arguments()).command {
        Command::ControlPlane { kubeconfig } => control_plane(&kubeconfig).await,
        Command::Sandbox {
            listen,
            issues,
            projects,
            callback_url,
            commands,
        } => run_sandbox(listen, (projects, issues), callback_url, commands).await,
        Command::Stage => stage().await,
        Command::Demo { once } => demo(once).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("devkit: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The arguments, without the `--` that a Cargo alias passes on when it is typed: `cargo demo -- --once`.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
        .enumerate()
        .filter(|(place, word)| *place != 2 || word != "--")
        .map(|(_, word)| word)
}

/// Runs the demo, and stays until it is asked to stop unless it is to run once.
async fn demo(once: bool) -> Result<(), Box<dyn std::error::Error>> {
    let mut stop = Stop::listen()?;
    let mut demo = tokio::select! {
        started = demo::run() => started?,
        () = stop.requested() => return Err("interrupted; everything that was started is stopped".into()),
    };
    let mut result = Ok(());
    if !once {
        println!("{}\n\nCtrl-C ends it.", demo.instructions());
        tokio::select! {
            () = stop.requested() => {}
            error = demo.ended() => result = Err(error.into()),
        }
    }
    demo.stop().await;
    result
}

/// Runs everything for another program until it is asked to stop, or until that program is gone.
async fn stage() -> Result<(), Box<dyn std::error::Error>> {
    let mut stop = Stop::listen()?;
    let mut gone = input_ended();
    let mut demo = tokio::select! {
        started = demo::start() => started?,
        () = stop.requested() => return Ok(()),
        _ = &mut gone => return Ok(()),
    };
    println!("{}", demo.addresses());
    let mut result = Ok(());
    tokio::select! {
        () = stop.requested() => {}
        _ = &mut gone => {}
        error = demo.ended() => result = Err(error.into()),
    }
    demo.stop().await;
    result
}

/// Resolves when standard input ends. Read by a thread of its own, which the end of the process does not wait for.
fn input_ended() -> oneshot::Receiver<()> {
    let (ended, gone) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        ended.send(())
    });
    gone
}

/// Runs a control plane until it is asked to stop; the kubeconfig is gone when it is.
async fn control_plane(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut stop = Stop::listen()?;
    let file = std::path::absolute(file)?;
    clear_kubeconfig(&file)?;
    // Dropping the unfinished start ends whatever it had started, a build included.
    let control_plane = tokio::select! {
        started = ControlPlane::start() => started?,
        () = stop.requested() => return Ok(()),
    };
    control_plane.export_kubeconfig(&file)?;
    println!("control plane ready at {}; stop with Ctrl-C\n", control_plane.url());
    println!("  export KUBECONFIG={}", file.display());
    println!("  {} get namespaces", kubectl(&control_plane));
    let result: Result<(), Error> = tokio::select! {
        () = stop.requested() => Ok(()),
        error = control_plane.broken() => Err(error),
    };
    control_plane.stop().await;
    clear_kubeconfig(&file)?;
    Ok(result?)
}

/// A command of the sandbox as it is typed.
fn sandbox_command(text: &str) -> Result<sandbox::Command, serde_json::Error> {
    serde_json::from_str(text)
}

/// Runs a sandbox, with this many projects and issues beside the seed's if there are to be issues, until it is asked to stop.
async fn run_sandbox(
    listen: SocketAddr,
    (projects, issues): (u32, u32),
    callback_url: Option<String>,
    commands: Vec<sandbox::Command>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut stop = Stop::listen()?;
    let sandbox = Sandbox::start_on(listen).await?;
    if issues > 0 {
        sandbox.populate(projects, issues)?;
    }
    if let Some(callback_url) = callback_url {
        let client_id = None;
        sandbox.command(sandbox::Command::SetCallback {
            client_id,
            callback_url,
        })?;
    }
    for command in commands {
        sandbox.command(command)?;
    }
    let (url, app) = (sandbox.url(), sandbox.app(None)?);
    println!("The Jira sandbox is ready. Point the operator at it:");
    for name in ["AUTH", "API", "SITE"] {
        println!("  export ATLASSIAN_{name}_URL={url}");
    }
    println!(
        "Its app is {}, with the callback URL {}; ask for its secret by",
        app.client_id, app.callback_url
    );
    println!("  curl -s {url}/_sandbox/commands -d '{{\"command\": \"describeApp\"}}'");
    println!("Change it by POST {url}/_sandbox/commands, see what it was asked at {url}/_sandbox/requests.");
    stop.requested().await;
    Ok(())
}

/// How `kubectl` of this control plane is called.
fn kubectl(control_plane: &ControlPlane) -> String {
    let command = control_plane.kubectl();
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// SIGINT and SIGTERM.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn requested(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
