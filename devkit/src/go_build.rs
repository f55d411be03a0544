//! Builds a Go program once and keeps it: cached by a hash of its sources, one builder at a time, and never
//! silent while it works.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval_at};

use crate::run_folder::RunFolder;
use crate::watchdog::Watchdog;
use crate::workspace::{devkit_folder, made_folder, on_path};

/// How often a sign of life is printed.
const PULSE: Duration = Duration::from_secs(5);

/// A Go program that devkit can build.
#[derive(Debug)]
pub(crate) struct GoProgram {
    /// File name of the result.
    pub(crate) name: &'static str,
    /// What it is, for messages.
    pub(crate) what: &'static str,
    /// Folder of its Go module, below the devkit package.
    pub(crate) module: &'static str,
    /// Package to build, relative to the module or by import path.
    pub(crate) package: &'static str,
    /// Flags for the linker.
    pub(crate) ldflags: &'static str,
    /// How long the first build takes, for messages.
    pub(crate) usual: &'static str,
    /// What can be done where there is no Go.
    pub(crate) without_go: &'static str,
}

/// Why a program could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no Go and no earlier build.
    #[error("{what} has to be built from source once, and `go` is not on PATH. {ways_out}")]
    NoGo {
        /// What was to be built.
        what: &'static str,
        /// What can be done.
        ways_out: &'static str,
    },
    /// The build ran and failed.
    #[error("building {what} failed ({status}); the command was `{command}` in {folder}, its last lines:\n{tail}")]
    Failed {
        /// What was to be built.
        what: &'static str,
        /// How `go build` ended.
        status: ExitStatus,
        /// The command, to be tried by hand.
        command: String,
        /// Where it ran.
        folder: PathBuf,
        /// The end of its output.
        tail: String,
    },
    /// A file could not be read or written.
    #[error("building {what}: {path}: {source}")]
    File {
        /// What was to be built.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl GoProgram {
    /// The built program, building it when its sources have no build yet.
    pub(crate) async fn find_or_build(&self) -> Result<PathBuf, BuildError> {
        let module = devkit_folder().join(self.module);
        let key = self.key(&module).map_err(self.at(&module))?;
        let bin = made_folder().join("bin");
        let wanted = bin.join(format!("{}-{key:016x}", self.name));
        if wanted.is_file() {
            return Ok(wanted);
        }
        fs::create_dir_all(&bin).map_err(self.at(&bin))?;
        let _turn = self.take_turn(&bin).await?;
        if wanted.is_file() {
            return Ok(wanted); // Another process built it while this one waited.
        }
        let part = bin.join(format!(".{}.part", self.name));
        self.build(&module, &part).await?;
        fs::rename(&part, &wanted).map_err(self.at(&wanted))?;
        Ok(wanted)
    }

    fn at(&self, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
        let (what, path) = (self.what, path.to_owned());
        move |source| BuildError::File { what, path, source }
    }

    /// A hash of all that decides what the build yields. It need not be the same for ever: another hash
    /// costs one more build.
    fn key(&self, module: &Path) -> io::Result<u64> {
        let mut files: Vec<PathBuf> = fs::read_dir(module)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        files.sort();
        let mut hasher = DefaultHasher::new();
        (self.package, self.ldflags).hash(&mut hasher);
        for file in files.iter().filter(|file| file.is_file()) {
            file.file_name().hash(&mut hasher);
            fs::read(file)?.hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    /// Waits until no other process builds this program. The lock ends with the process.
    async fn take_turn(&self, bin: &Path) -> Result<File, BuildError> {
        let path = bin.join(format!(".{}.lock", self.name));
        let lock = File::create(&path).map_err(self.at(&path))?;
        let began = Instant::now();
        let mut pulse = interval_at(began + PULSE, PULSE);
        // A file lock cannot be awaited; it is asked for again between two signs of life.
        let mut retry = interval_at(began, Duration::from_millis(200));
        loop {
            tokio::select! {
                _ = retry.tick() => match lock.try_lock() {
                    Ok(()) => return Ok(lock),
                    Err(fs::TryLockError::WouldBlock) => {}
                    Err(fs::TryLockError::Error(source)) => return Err(self.at(&path)(source)),
                },
                _ = pulse.tick() => eprintln!(
                    "devkit: {} s: another process is building {}; waiting for it",
                    began.elapsed().as_secs(),
                    self.what
                ),
            }
        }
    }

    async fn build(&self, module: &Path, output: &Path) -> Result<(), BuildError> {
        let Some(go) = on_path("go") else {
            return Err(BuildError::NoGo {
                what: self.what,
                ways_out: self.without_go,
            });
        };
        eprintln!(
            "devkit: building {} from source; this happens once and takes {}; the result is kept in {}",
            self.what,
            self.usual,
            output.parent().unwrap_or(output).display()
        );
        let began = Instant::now();
        let mut command = self.command(&go, module, output);
        let mut build = Build::start(&mut command).map_err(self.at(&go))?;
        let mut progress = Progress::default();
        let status = build.follow(&mut progress, began).await.map_err(self.at(&go))?;
        if !status.success() {
            return Err(BuildError::Failed {
                what: self.what,
                status,
                command: format!("go build {}", self.package),
                folder: module.to_owned(),
                tail: Vec::from(progress.tail).join("\n"),
            });
        }
        eprintln!("devkit: built {} in {} s", self.what, began.elapsed().as_secs());
        Ok(())
    }

    fn command(&self, go: &Path, module: &Path, output: &Path) -> Command {
        let mut command = Command::new(go);
        command
            .current_dir(module)
            .args([
                "build",
                "-v",
                "-trimpath",
                "-buildvcs=false",
                "-ldflags",
                self.ldflags,
                "-o",
            ])
            .arg(output)
            .arg(self.package)
            .env("CGO_ENABLED", "0")
            .env("GOWORK", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }
}

/// A running `go build` with the compilers it starts; killed on drop.
struct Build {
    go: Child,
    group: Pid,
    finished: bool,
    _watchdog: Watchdog,
    /// Gigabytes of work files, which go itself leaves behind when it is killed.
    _work: RunFolder,
}

impl Build {
    fn start(command: &mut Command) -> io::Result<Self> {
        let work = RunFolder::create("go-build")?;
        let go = command.env("GOTMPDIR", work.path()).spawn()?;
        let id = go.id().and_then(|id| i32::try_from(id).ok());
        let group = Pid::from_raw(id.ok_or_else(|| io::Error::other("ended at once"))?);
        let watchdog = Watchdog::on(group)?;
        Ok(Self {
            go,
            group,
            finished: false,
            _watchdog: watchdog,
            _work: work,
        })
    }

    /// Reads what go says, with a sign of life now and then, until it ends.
    async fn follow(&mut self, progress: &mut Progress, began: Instant) -> io::Result<ExitStatus> {
        let said = self
            .go
            .stderr
            .take()
            .ok_or_else(|| io::Error::other("no standard error"))?;
        let mut lines = BufReader::new(said).lines();
        let mut pulse = interval_at(began + PULSE, PULSE);
        loop {
            tokio::select! {
                line = lines.next_line() => match line? {
                    Some(line) => progress.take(line),
                    None => break,
                },
                _ = pulse.tick() => eprintln!("devkit: {} s: {progress}", began.elapsed().as_secs()),
            }
        }
        let status = self.go.wait().await?;
        self.finished = true;
        Ok(status)
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        if !self.finished {
            let _ = killpg(self.group, Signal::SIGKILL);
        }
    }
}

/// What go has said so far.
#[derive(Debug, Default)]
struct Progress {
    packages: usize,
    last: String,
    tail: VecDeque<String>,
}

impl Progress {
    /// With `-v` go names each package when it is compiled; whatever holds a blank is something else.
    fn take(&mut self, line: String) {
        if !line.is_empty() && !line.contains(char::is_whitespace) {
            self.packages += 1;
            self.last = line;
            return;
        }
        if let Some(download) = line.strip_prefix("go: ") {
            download.clone_into(&mut self.last);
        }
        if self.tail.len() == 20 {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.last.is_empty() {
            return write!(f, "go is at work; nothing had to be compiled so far");
        }
        write!(f, "{} packages compiled, at {}", self.packages, self.last)
    }
}
