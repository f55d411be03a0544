//! What a person does to end the command: Ctrl-C, closing the terminal, or asking the process to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::context::CliError;

/// The signals, from now on.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens: from here on none of them ends the process by itself.
    pub fn listen() -> Result<Self, CliError> {
        let on = |kind| signal(kind).map_err(CliError::system("signals cannot be listened to"));
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
