//! A person at a terminal, or a script without one: runs the program's commands, reads what they print
//! as they print it, and interrupts them.

use std::{
    fs::File,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    pty::{Winsize, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    sync::watch,
};

use super::{Harness, observe::PATIENCE};
use crate::cluster::OPERATOR;

/// Columns of the terminal.
const COLUMNS: u16 = 80;
/// How long what was printed may take to be read, once the program has ended.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// A command that is about to be run.
pub struct CommandLine {
    arguments: Vec<String>,
    variables: Vec<(String, PathBuf)>,
    folder: PathBuf,
    stdout: Option<File>,
}

/// A command that runs. Killed when dropped.
pub struct Running {
    child: Child,
    out: Printed,
    err: Printed,
    keyboard: Option<File>,
}

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// What is printed, while it is.
struct Printed {
    text: watch::Receiver<String>,
}

impl Printed {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let (sender, text) = watch::channel(String::new());
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal reads as an error.
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let more = String::from_utf8_lossy(&bytes[..count]).replace('\r', "");
                sender.send_modify(|text| text.push_str(&more));
            }
        });
        Self { text }
    }

    /// Everything, once the other end is closed.
    async fn whole(mut self) -> String {
        let closed = async { while self.text.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(READ_WITHIN, closed).await;
        self.text.borrow().clone()
    }
}

impl Harness {
    /// A port that is free, and an app of that callback, whose credentials are in a Secret without a
    /// refresh token.
    pub async fn app_on_free_port(&self, secret: &str) -> (u16, devkit::sandbox::AppCredentials) {
        let app = self.sandbox.create_app().expect("an app");
        let port = self.callback_on_free_port(&app.client_id);
        self.put_credentials(&self.namespace, secret, &app, None).await;
        (port, app)
    }

    /// Gives an app a callback on a port that is free.
    pub fn callback_on_free_port(&self, client_id: &str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        self.jira(devkit::sandbox::Command::SetCallback {
            client_id: Some(client_id.to_owned()),
            callback_url: format!("http://localhost:{port}/connect/callback"),
        });
        port
    }

    /// The program with these arguments in the namespace, as the administrator of the cluster.
    pub fn types(&self, arguments: &[&str]) -> CommandLine {
        let mut variables = vec![("KUBECONFIG".to_owned(), self.cluster.control.kubeconfig().to_owned())];
        for name in ["ATLASSIAN_AUTH_URL", "ATLASSIAN_API_URL", "ATLASSIAN_SITE_URL"] {
            variables.push((name.to_owned(), PathBuf::from(self.sandbox.url())));
        }
        CommandLine {
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            variables,
            folder: self.folder.clone(),
            stdout: None,
        }
    }

    /// `connect` of the integration `acme` with the callback on a port.
    pub fn connects(&self, port: u16, more: &[&str]) -> CommandLine {
        let port = port.to_string();
        let arguments = ["connect", "acme", "-n", &self.namespace, "--port", &port];
        self.types(&[&arguments, more].concat())
    }

    /// A file of the scenario.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A kubeconfig of a ServiceAccount with these rules in the namespace, by way of `server` where it is not
    /// the API server itself.
    pub async fn person(&self, name: &str, rules: &str, server: Option<&str>) -> PathBuf {
        let namespace = &self.namespace;
        let manifest = format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: {namespace}}}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}, namespace: {namespace}}}\nrules: {rules}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}\n\
             subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]\n"
        );
        self.cluster.apply(&manifest).await.expect("the person's rights");
        let control = &self.cluster.control;
        let token = control.service_account_token(namespace, name).await.expect("a token");
        let file = self.folder.join(format!("{name}.kubeconfig"));
        control
            .kubeconfig_for(&file, &token, Some(namespace), server)
            .expect("a kubeconfig");
        file
    }

    /// Waits for the end of a command, which printed no secret but on standard output.
    pub async fn ended(&self, running: Running) -> Ran {
        let ran = running.ended().await;
        let leaked = self
            .sandbox
            .secrets()
            .iter()
            .filter(|s| ran.err.contains(s.as_str()))
            .count();
        assert_eq!(leaked, 0, "{leaked} secrets were printed");
        ran
    }

    /// Runs a command to its end.
    pub async fn runs(&self, arguments: &[&str]) -> Ran {
        let arguments = [arguments, &["-n", &self.namespace]].concat();
        let running = self.types(&arguments).start();
        self.ended(running).await
    }
}

impl CommandLine {
    /// As the user of another kubeconfig.
    pub fn with(self, kubeconfig: &Path) -> Self {
        self.env("KUBECONFIG", kubeconfig)
    }

    /// With a variable of the environment.
    pub fn env(mut self, name: &str, value: &Path) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its standard output is this file.
    pub fn into_file(mut self, file: File) -> Self {
        self.stdout = Some(file);
        self
    }

    fn command(&self, program: &[&str]) -> Command {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).args(&self.arguments).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("RUST_BACKTRACE", "1").env("TERM", "xterm");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).kill_on_drop(true);
        command
    }

    /// Runs it without a terminal.
    pub fn start(self) -> Running {
        let (out, out_end) = std::io::pipe().expect("a pipe");
        let (err, err_end) = std::io::pipe().expect("a pipe");
        let mut command = self.command(&[OPERATOR]);
        command.stdin(Stdio::null()).stdout(out_end).stderr(err_end);
        if let Some(file) = self.stdout {
            command.stdout(file);
        }
        Running {
            child: command.spawn().expect("the program starts"),
            out: Printed::read(out),
            err: Printed::read(err),
            keyboard: None,
        }
    }

    /// Runs it on a terminal of its own, where Ctrl-C does what it does for people.
    pub fn start_on_terminal(self) -> Running {
        let size = Winsize {
            ws_row: 24,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None).expect("a terminal");
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("a terminal of one program");
        }
        let end = || pair.slave.try_clone().expect("the terminal");
        // It starts the program in its place, with the terminal as the one that controls it.
        let mut command = self.command(&["setsid", "--ctty", OPERATOR]);
        command.stdin(end()).stdout(end()).stderr(end());
        if let Some(file) = self.stdout {
            command.stdout(file);
        }
        let child = command.spawn().expect("the program starts");
        drop((command, pair.slave));
        let screen = File::from(pair.master);
        Running {
            child,
            out: Printed::read(std::io::empty()),
            err: Printed::read(screen.try_clone().expect("the screen")),
            keyboard: Some(screen),
        }
    }
}

impl Running {
    /// Waits until it has said something, wherever it breaks its lines.
    pub async fn until_said(&mut self, part: &str) {
        let said = self.err.text.wait_for(|text| words(text).contains(part));
        let found = tokio::time::timeout(PATIENCE, said).await.map(|said| said.is_ok());
        assert!(
            found == Ok(true),
            "it never said {part:?}:\n{}",
            *self.err.text.borrow()
        );
    }

    /// Waits until it has printed something on standard output.
    pub async fn until_printed(&mut self, part: &str) {
        let printed = self.out.text.wait_for(|text| words(text).contains(part));
        let found = tokio::time::timeout(PATIENCE, printed).await.map(|found| found.is_ok());
        assert!(
            found == Ok(true),
            "it never printed {part:?}:\n{}",
            *self.out.text.borrow()
        );
    }

    /// Waits for the link, and until the browser is waited for.
    pub async fn link(&mut self) -> String {
        self.until_said("Waiting for the browser").await;
        let text = self.err.text.borrow();
        let link = text.lines().map(str::trim).find(|line| line.contains("/authorize?"));
        link.expect("a link on a line of its own").to_owned()
    }

    /// Ctrl-C.
    pub fn interrupt(&mut self) {
        if let Some(keyboard) = &mut self.keyboard {
            keyboard.write_all(&[3]).expect("the keyboard");
            return;
        }
        let pid = i32::try_from(self.child.id().expect("it runs")).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("it can be interrupted");
    }

    async fn ended(mut self) -> Ran {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not end:\n{}", *self.err.text.borrow()));
        let ran = Ran {
            code: status.expect("it ends").code().expect("it ends by itself"),
            out: self.out.whole().await,
            err: self.err.whole().await,
        };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }
}

impl Ran {
    /// Asserts the exit code, and that these things were said.
    #[track_caller]
    pub fn assert_exit(&self, code: i32, named: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        let whole = words(&format!("{} {}", self.out, self.err));
        for part in named {
            assert!(whole.contains(part), "{part:?} is not in:\n{}{}", self.out, self.err);
        }
        self
    }

    /// Asserts that no line is wider than the terminal, but what is to be copied and the last words of a
    /// command that failed.
    #[track_caller]
    pub fn fits(&self) {
        let wide = |line: &&str| line.chars().count() > usize::from(COLUMNS);
        let copied = |line: &str| line.contains("/authorize?") || line.starts_with("jira-operator: ");
        let all = self.err.lines().chain(self.out.lines());
        if let Some(line) = all.filter(wide).find(|line| !copied(line)) {
            panic!("wider than the terminal: {line}\n{}{}", self.out, self.err);
        }
    }
}

/// As if no line were broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
