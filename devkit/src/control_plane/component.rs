//! One running component: started in a process group of its own, watched, and ended with this process.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;
use tokio::time::timeout;

use super::binaries::Program;
use super::error::Error;
use crate::{process, watchdog::Watchdog};

/// A component that is killed on drop.
#[derive(Debug)]
pub(super) struct Component {
    name: &'static str,
    group: Pid,
    log: PathBuf,
    ended: watch::Receiver<Option<ExitStatus>>,
    /// Closed when this process dies, which ends a component of our own build.
    _stdin: Option<ChildStdin>,
    /// For a component that does not heed its standard input: a foreign one, or a frozen one.
    watchdog: Option<Watchdog>,
    heeds_stdin: bool,
}

impl Component {
    /// Starts `program`; what it says goes to `<name>.log` in `folder`.
    pub(super) fn start(
        program: &Program,
        name: &'static str,
        arguments: &[String],
        folder: &Path,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Process {
            component: name,
            source,
        };
        let log = folder.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::at(&log))?;
        let (mut command, heeds_stdin) = program.leased_command();
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            // Ctrl-C reaches the launcher alone, which then ends its components in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = Pid::from_raw(id.ok_or_else(|| failed(io::Error::other("it ended at once")))?);
        let stdin = child.stdin.take();
        let watchdog = if heeds_stdin {
            None
        } else {
            Some(Watchdog::on(group).map_err(failed)?)
        };
        Ok(Self {
            name,
            group,
            log,
            ended: watch_over(child),
            _stdin: stdin,
            watchdog,
            heeds_stdin,
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, for waiting while the component itself is locked away.
    pub(super) fn ended(&self) -> watch::Receiver<Option<ExitStatus>> {
        self.ended.clone()
    }

    /// The error that says how it ended, once it has.
    pub(super) fn check(&self) -> Result<(), Error> {
        let status = *self.ended.borrow();
        status.map_or(Ok(()), |status| Err(ended(self.name, status, &self.log)))
    }

    pub(super) fn not_ready(&self, waited: Duration, seen: String) -> Error {
        Error::NotReady {
            component: self.name,
            waited,
            seen,
            log_tail: log_tail(&self.log),
        }
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Stops the process from running without ending it.
    pub(super) fn freeze(&mut self) -> Result<(), Error> {
        let failed = |source| Error::Process {
            component: self.name,
            source,
        };
        if self.watchdog.is_none() {
            self.watchdog = Some(Watchdog::on(self.group).map_err(failed)?);
        }
        self.signal(Signal::SIGSTOP)?;
        // The signal is only sent when `kill` returns: an answer may still slip out.
        process::wait_until_stopped(self.group);
        self.check()
    }

    /// Lets a frozen process run on.
    pub(super) fn thaw(&mut self) -> Result<(), Error> {
        self.signal(Signal::SIGCONT)?;
        if self.heeds_stdin {
            self.watchdog = None;
        }
        Ok(())
    }

    /// Asks it to end, and kills it when it has not after `grace`.
    pub(super) async fn stop(mut self, grace: Duration) {
        if !grace.is_zero() && self.check().is_ok() {
            let _ = self.thaw();
            let _ = self.signal(Signal::SIGTERM);
            let _ = timeout(grace, self.ended.wait_for(Option::is_some)).await;
        }
        self.kill();
        let _ = self.ended.wait_for(Option::is_some).await;
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.check()?;
        killpg(self.group, signal).map_err(|errno| Error::Process {
            component: self.name,
            source: errno.into(),
        })
    }

    fn kill(&self) {
        // Once it has ended and was waited for, the number may be another process's.
        if self.ended.borrow().is_none() {
            let _ = killpg(self.group, Signal::SIGKILL);
        }
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the end of `child` in a task of its own, so that anyone can ask for it at any time.
fn watch_over(mut child: Child) -> watch::Receiver<Option<ExitStatus>> {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        if let Ok(status) = child.wait().await {
            sender.send_replace(Some(status));
        }
    });
    receiver
}

/// The error for a component that ended by itself.
pub(super) fn ended(component: &'static str, status: ExitStatus, log: &Path) -> Error {
    Error::Ended {
        component,
        status,
        log_tail: log_tail(log),
    }
}

fn log_tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(15);
    lines.get(from..).unwrap_or_default().join("\n")
}
