//! What signals do to child processes.

use nix::unistd::Pid;

/// Waits, for microseconds, until all threads of a child process that was sent SIGSTOP stand still, or it has ended.
/// `kill` returns when the signal is sent: until it has reached every thread, the process goes on. Reaps nothing.
#[cfg(target_os = "linux")]
pub fn wait_until_stopped(process: Pid) {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let changes = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    let _ = waitid(Id::Pid(process), changes);
}

/// Other systems have no call that looks without reaping.
#[cfg(not(target_os = "linux"))]
pub fn wait_until_stopped(_process: Pid) {}
