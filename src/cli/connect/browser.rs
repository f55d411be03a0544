//! Opens the browser where there is a desktop.

use std::{
    io::IsTerminal,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

/// What opens a link, in the order of trying: what the person chose, and what desktops have.
const OPENERS: &[&str] = if cfg!(target_os = "macos") {
    &["open"]
} else {
    &["xdg-open", "wslview"]
};

/// Opens the link. False where that is not to be expected: then the person follows it by hand.
#[must_use]
pub fn open(link: &str) -> bool {
    if !std::io::stderr().is_terminal() {
        return false;
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let chosen = variable("BROWSER");
    let has_desktop = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .into_iter()
            .any(|n| variable(n).is_some());
    let found = OPENERS.iter().map(|name| (*name).to_owned()).filter(|_| has_desktop);
    chosen.into_iter().chain(found).any(|program| started(&program, link))
}

/// Starts it in a process group of its own, so that Ctrl-C ends this command and no browser.
fn started(program: &str, link: &str) -> bool {
    Command::new(program)
        .arg(link)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}
