//! What goes together on the command line, and under which name the program runs.

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::program::{PROGRAM, Program};

#[tokio::test]
async fn what_does_not_go_together_is_told_and_nothing_is_looked_at() {
    let program = Program::new().await;
    for (arguments, named) in [
        (&["acme", "-A"][..], "cannot be used with"),
        (&["acme", "-f", "x.yaml"], "cannot be used with"),
        (&["--refresh", "-f", "x.yaml"], "unexpected argument"),
        (&["--evidence-out", "y.json", "-f", "x.yaml"], "cannot be used with"),
        (&["--person", "a@acme.example", "acme"], "--project"),
        (
            &["--person", "a@acme.example", "--project", "SUP", "-A"],
            "cannot be used with",
        ),
        (
            &["-f", "x.yaml", "--offline", "--kubeconfig", "y"],
            "cannot be used with",
        ),
        (&["--evidence", "x.json", "--as", "y"], "cannot be used with"),
        (&["acme", "--as-group", "y"], "--as"),
        (&["acme", "--kubeconfig", "/nonexistent/config"], "/nonexistent/config"),
        (&["acme", "--cluster", "nonexistent"], "no cluster to talk to"),
        (&["--evidence-out", "x.json"], "needs the NAME of one integration"),
        (
            &["a", "b", "--evidence-out", "x.json"],
            "needs the NAME of one integration",
        ),
        (&["jp/acme"], "the name of a JiraIntegration"),
        (&["acme", "-l", "team=x"], "cannot be used with"),
        (&["--service-account", "x"], "--operator"),
        (&["--wait", "soon", "acme"], "90s, 2m or 1h"),
        (&["-o", "xml"], "possible values"),
    ] {
        program.check(arguments).await.claim(2, &[named]);
    }
    program
        .check(&["acme"])
        .await
        .claim(2, &["no cluster to talk to", "KUBECONFIG"]);
    let evidence = program.file("no.json", "{}");
    program
        .check(&["--evidence", &evidence])
        .await
        .claim(2, &["is no evidence that check saved"]);
    assert!(program.sandbox.requests().is_empty(), "nothing was asked");
    program.close(&[]);
}

#[test]
fn as_a_plugin_it_has_the_name_that_people_type() {
    let folder = std::env::temp_dir().join(format!("jira-operator-plugin-{:016x}", rand::random::<u64>()));
    fs::create_dir(&folder).unwrap();
    let plugin = folder.join("kubectl-jira");
    symlink(PROGRAM, &plugin).unwrap();
    let usage = |program: &str| {
        let output = Command::new(program).args(["check", "--help"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(usage(plugin.to_str().unwrap()).contains("Usage: kubectl jira check"));
    assert!(usage(PROGRAM).contains("Usage: jira-operator check"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn help_fits_a_terminal() {
    let help = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(arguments).arg("--help").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && text.contains("Usage: jira-operator"),
            "{arguments:?}"
        );
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{arguments:?}");
        text
    };
    let all = help(&[]);
    for command in [
        "run",
        "check",
        "explain",
        "template",
        "connect",
        "disconnect",
        "suspend",
        "resume",
        "reconcile",
        "crds",
        "completions",
    ] {
        assert!(all.contains(&format!("\n  {command} ")), "{command} is not in:\n{all}");
        help(&[command]);
    }
}

#[test]
fn shells_get_completions() {
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef jira-operator"),
        ("fish", "complete -c jira-operator"),
    ] {
        let output = Command::new(PROGRAM).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success()
                && script.contains(part)
                && script.contains("evidence-out")
                && script.contains("no-browser"),
            "{shell}"
        );
    }
}

#[test]
fn a_reason_is_explained_to_who_has_the_program_alone() {
    let explain = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).arg("explain").args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for topic in [
        "ProjectArchived",
        "projectarchived",
        "PersonNotFound",
        "TokenRejected",
        "how-to-connect",
    ] {
        let (code, text, _) = explain(&[topic]);
        assert_eq!(code, Some(0), "{topic}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains("**") && !text.contains("]("), "{text}");
    }
    let (_, text, _) = explain(&["ProjectArchived"]);
    assert!(text.contains("What to do. Restore it in Jira"), "{text}");
    let (_, all, _) = explain(&[]);
    assert!(
        all.contains("ReconnectRequired") && all.contains("RuleMissing"),
        "{all}"
    );
    let (code, _, error) = explain(&["ProjectArchivd"]);
    assert!(
        code == Some(1) && error.contains("Did you mean ProjectArchived?"),
        "{error}"
    );
}
