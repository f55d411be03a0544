//! Runs the program, and remembers what it printed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Mutex,
};

use devkit::sandbox::Sandbox;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_jira-operator");
pub const BOT: &str = "jira-bot@acme.example";

/// The program with a sandbox for Atlassian, and a folder for its files.
pub struct Program {
    pub sandbox: Sandbox,
    pub folder: PathBuf,
    pub kubeconfig: Option<PathBuf>,
    shown: Mutex<String>,
}

/// What came of one run.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Program {
    pub async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("jira-operator-check-{:016x}", rand::random::<u64>()));
        fs::create_dir(&folder).unwrap();
        Self {
            sandbox: Sandbox::start().await.expect("a sandbox"),
            folder,
            kubeconfig: None,
            shown: Mutex::default(),
        }
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        self.path(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs `jira-operator check` with these arguments.
    pub async fn check(&self, arguments: &[&str]) -> Ran {
        let kubeconfig = self.kubeconfig.clone();
        self.check_as(kubeconfig.as_deref(), arguments, "").await
    }

    /// The same as the user of a kubeconfig, and with something on standard input.
    pub async fn check_as(&self, kubeconfig: Option<&Path>, arguments: &[&str], input: &str) -> Ran {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("RUST_BACKTRACE", "1")
            .arg("check")
            .args(arguments);
        for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
            command.env(name, self.sandbox.url());
        }
        command.env("KUBECONFIG", kubeconfig.unwrap_or(Path::new("/nonexistent/kubeconfig")));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let ran = Ran {
            code: output.status.code().expect("it ends by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        assert!(!ran.out.contains('\x1b'), "no colours without a terminal");
        let mut shown = self.shown.lock().unwrap();
        shown.push_str(&ran.out);
        shown.push_str(&ran.err);
        drop(shown);
        ran
    }

    /// No secret was printed, nor stands in the files with these names.
    pub fn close(self, files: &[&str]) {
        let mut shown = self.shown.lock().unwrap().clone();
        for file in files {
            shown.push_str(&fs::read_to_string(self.folder.join(file)).unwrap());
        }
        let leaked = self
            .sandbox
            .secrets()
            .iter()
            .filter(|s| shown.contains(s.as_str()))
            .count();
        fs::remove_dir_all(&self.folder).unwrap();
        assert_eq!(leaked, 0, "{leaked} secrets show");
    }
}

impl Ran {
    /// Whether the fields or the kind are what is refused.
    pub fn refuses_fields(&self) -> bool {
        let of_fields = |entry: &&Value| ["Fields", "Kind", "YAML"].contains(&entry["condition"].as_str().unwrap());
        let entries = self.entries();
        entries.iter().filter(of_fields).any(|entry| entry["status"] == "False")
    }

    /// Claims the exit code, and that the output names these things.
    #[track_caller]
    pub fn claim(&self, code: i32, named: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let whole = self.words();
        for part in named {
            assert!(whole.contains(part), "{part:?} is not in:\n{}{}", self.out, self.err);
        }
        for line in self.out.lines().filter(|_| !self.out.starts_with('[')) {
            let short = line.contains(": ");
            assert!(short || line.chars().count() <= 80, "wider than 80 columns: {line}");
        }
        self
    }

    /// Claims that the output names these things, whatever the exit code.
    #[track_caller]
    pub fn claim_named(&self, named: &[&str]) -> &Self {
        self.claim(self.code, named)
    }

    #[track_caller]
    pub fn without(&self, part: &str) {
        assert!(!self.words().contains(part), "{part:?} is in:\n{}", self.out);
    }

    /// What was printed, as if it was not wrapped.
    fn words(&self) -> String {
        let whole = format!("{} {}", self.out, self.err);
        whole.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The findings as programs read them.
    pub fn entries(&self) -> Vec<Value> {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}
