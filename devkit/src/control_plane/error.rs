//! Why a control plane could not be started or driven.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::go_build::BuildError;

/// What can go wrong with a control plane.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its programs could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A component ended by itself.
    #[error("{component} ended ({status}); the end of its log:\n{log_tail}")]
    Ended {
        /// Which.
        component: &'static str,
        /// How.
        status: ExitStatus,
        /// The last lines it wrote.
        log_tail: String,
    },
    /// A component did not get ready.
    #[error("{component} was not ready after {} s: {seen}; the end of its log:\n{log_tail}", waited.as_secs())]
    NotReady {
        /// Which.
        component: &'static str,
        /// How long it was given.
        waited: Duration,
        /// The last answer or error.
        seen: String,
        /// The last lines it wrote.
        log_tail: String,
    },
    /// A component is not running: it is being restarted, or the control plane was stopped.
    #[error("{0} is not running: it is being restarted or was stopped")]
    NotRunning(&'static str),
    /// A process could not be started or signalled.
    #[error("{component}: {source}")]
    Process {
        /// Which.
        component: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No free port was found on the loopback interface.
    #[error("no free port on 127.0.0.1: {0}")]
    NoPort(io::Error),
    /// Keys or certificates could not be made.
    #[error("the API server's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The kubeconfig was not accepted by the client library.
    #[error("the kubeconfig of the control plane: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// The API server refused a request.
    #[error("the API server: {0}")]
    Api(#[from] kube::Error),
    /// The API server granted a token without a token.
    #[error("the API server answered the TokenRequest for {0} without a token")]
    NoToken(String),
}

impl Error {
    /// For `map_err` on a file operation.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// Whether somebody else took the port between its choice and its use.
    pub(super) fn is_port_taken(&self) -> bool {
        matches!(self, Self::Ended { log_tail, .. } if log_tail.contains("address already in use"))
    }
}
