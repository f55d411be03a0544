//! Ends a process group when this process dies without having done so itself, SIGKILL included.
//!
//! The usual way, a death signal set between fork and exec, needs `unsafe`. A small shell does as well: it
//! reads from a pipe whose other end only this process holds, and kills the group when the pipe closes.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;

const WATCHDOG: &str = r#"while read -r _; do :; done; kill -s KILL -- "-$1""#;

/// While it is held, `group` dies with this process. Dropping it leaves the group alone.
#[derive(Debug)]
pub(crate) struct Watchdog {
    watchdog: Child,
}

impl Watchdog {
    pub(crate) fn on(group: Pid) -> io::Result<Self> {
        let watchdog = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, "watchdog", &group.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the terminal's foreground group; the watchdog must survive it.
            .process_group(0)
            .spawn()?;
        Ok(Self { watchdog })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Killed before the pipe is closed (`wait` closes it), so it has no time to act.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}
