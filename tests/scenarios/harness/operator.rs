//! The operator as a process.

use std::{
    collections::BTreeSet,
    fs::File,
    path::Path,
    process::Stdio,
    sync::{Mutex, PoisonError},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

use super::{clock::Clock, free_port};
use crate::cluster::OPERATOR;

/// Process ids of operators that run.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Ends every operator, when the scenarios are interrupted.
pub fn kill_all() {
    for pid in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
}

/// How an operator is started.
pub struct Start<'a> {
    /// Its way to the API server.
    pub kubeconfig: &'a Path,
    /// Its way to everything else.
    pub atlassian: &'a str,
    pub arguments: &'a [String],
    pub log: &'a Path,
    /// Level of the log.
    pub level: &'a str,
    /// What it takes for the time, where not the time.
    pub clock: Option<&'a Clock>,
}

/// A running operator. Killed when dropped.
pub struct Operator {
    child: Child,
    pid: i32,
    /// Address of its probes and metrics.
    pub listen: String,
}

impl Operator {
    /// Starts one.
    pub fn start(start: &Start<'_>) -> Self {
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let output = File::options()
            .create(true)
            .append(true)
            .open(start.log)
            .expect("the log can be written");
        let mut command = Command::new(OPERATOR);
        command.arg("run").args(["--listen", &listen]).args(start.arguments);
        command
            .env_clear()
            .env("KUBECONFIG", start.kubeconfig)
            .env("RUST_LOG", start.level)
            .env("RUST_BACKTRACE", "1");
        for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
            command.env(name, start.atlassian);
        }
        command.envs(start.clock.map(Clock::environment).unwrap_or_default());
        let errors = output.try_clone().expect("the log can be shared");
        command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true);
        let child = command.spawn().expect("the operator starts");
        let pid = i32::try_from(child.id().expect("it runs")).expect("a process id");
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(pid);
        Self { child, pid, listen }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid), signal).expect("the operator can be signalled");
    }

    /// SIGKILL: it gets no chance to tidy up.
    pub async fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().await.expect("it ends");
    }

    /// SIGTERM, and waits for its end. Whether it ended well.
    pub async fn terminate(mut self) -> bool {
        self.signal(Signal::SIGTERM);
        self.child.wait().await.expect("it ends").success()
    }

    /// SIGTERM, without waiting.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Waits for its end. Whether it ended well.
    pub async fn ended(&mut self) -> bool {
        self.child.wait().await.expect("it ends").success()
    }

    /// What it serves under a path.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}{path}", self.listen))
            .await
            .expect("it answers");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("a text"))
    }

    /// SIGSTOP: when this returns, it holds still until it is resumed.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        devkit::process::wait_until_stopped(Pid::from_raw(self.pid));
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// What it serves under a path, if it serves already.
    pub async fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.listen)).await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// Process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
    }
}
