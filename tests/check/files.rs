//! Manifests, with a Jira but without a cluster.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use devkit::sandbox::{AppCredentials, Command, FaultAction, FaultRule, When};
use nix::sys::signal::{Signal, kill};

use crate::program::{BOT, Program};

pub const INTEGRATION: &str = "apiVersion: jira-operator.dev/v1alpha1
kind: JiraIntegration
metadata: {name: acme, namespace: support}
spec:
  site: https://acme.atlassian.net
  secretRef: {name: acme-oauth}
  account: {email: jira-bot@acme.example}
  projects: [{key: SUP}, {key: ENG}]
";

fn secret(app: &AppCredentials, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: acme-oauth, namespace: support}}\nstringData:\n  client-id: {}\n  client-secret: {}\n  refresh-token: {token}\n",
        app.client_id, app.client_secret
    )
}

/// An integration and its Secret in files.
pub fn written(program: &Program) -> (String, String) {
    let app = program.sandbox.create_app().unwrap();
    let tokens = program.sandbox.mint(&app.client_id, None).unwrap();
    let integration = program.file("acme.yaml", INTEGRATION);
    (
        integration,
        program.file("secret.yaml", &secret(&app, &tokens.refresh_token)),
    )
}

#[tokio::test]
async fn without_a_token_it_says_what_it_could_not_look_at() {
    let program = Program::new().await;
    let (integration, secret) = written(&program);
    let ran = program.check(&["-f", &integration, "-f", &secret]).await;
    ran.claim(
        2,
        &[
            "√ SiteReachable SiteExists",
            "were not looked at",
            "--refresh --save FILE",
            "√ Credentials CredentialsPresent",
        ],
    );
    assert_eq!(program.sandbox.requests().len(), 1, "only the site was asked");
    let offline = program.check(&["-f", &integration, "-f", &secret, "--offline"]).await;
    offline.claim(0, &["√ Fields FieldsAccepted"]).without("SiteReachable");
    assert_eq!(program.sandbox.requests().len(), 1, "and nothing offline");
    let both = format!("{INTEGRATION}---\n{}", fs::read_to_string(&secret).unwrap());
    let piped = program
        .check_as(None, &["-f", "-", "--offline", "-o", "short"], &both)
        .await;
    assert_eq!((piped.code, piped.out.as_str()), (0, ""));
    program.close(&[]);
}

#[tokio::test]
async fn a_site_that_does_not_exist_is_a_finding() {
    let program = Program::new().await;
    let text = INTEGRATION.replace("https://acme.", "https://acmee.");
    let ran = program.check(&["-f", &program.file("acme.yaml", &text)]).await;
    ran.claim(
        1,
        &[
            "× SiteReachable SiteNotFound",
            "No Jira Cloud site answers at https://acmee.atlassian.net.",
        ],
    );
    let text = INTEGRATION.replace("https://acme.atlassian.net", "https://jira.acme.example");
    let file = program.file("acme.yaml", &text);
    program
        .check(&["-f", &file])
        .await
        .claim(1, &["SiteNotAllowed", "--allow-site-suffix"]);
    assert_eq!(
        program.sandbox.requests().len(),
        1,
        "a site that is not allowed is not asked"
    );
    let empty = program.path("empty");
    fs::create_dir(&empty).unwrap();
    for (missing, why) in [
        ("/nonexistent.yaml", "cannot be read"),
        (&*empty, "ends in .yaml, .yml or .json"),
    ] {
        let ran = program.check(&["-f", missing, "--offline"]).await;
        ran.claim(2, &["‼ File FileNotRead", why]);
    }
    let nothing = program.file("nothing.yaml", "kind: ConfigMap\napiVersion: v1\n");
    program
        .check(&["-f", &nothing])
        .await
        .claim(2, &["there is no JiraIntegration in the files"]);
    program.close(&[]);
}

#[tokio::test]
async fn a_refresh_looks_at_everything_and_keeps_the_new_token_for_the_next_time() {
    let program = Program::new().await;
    let (integration, secret) = written(&program);
    let (save, evidence) = (program.path("token.yaml"), program.path("evidence.json"));
    let arguments = [
        "-f",
        &integration,
        "-f",
        &secret,
        "--refresh",
        "--save",
        &save,
        "--evidence-out",
        &evidence,
    ];
    let ran = program.check(&arguments).await;
    ran.claim(
        0,
        &[
            "√ Authorized TokenFresh",
            "√ ProjectsAccessible",
            "2 projects are fine.",
        ],
    )
    .without("not looked at");
    assert_eq!(fs::metadata(&save).unwrap().permissions().mode() & 0o777, 0o600);

    // The saved Secret is applied or checked with from now on; Jira's mending shows.
    program
        .sandbox
        .command(Command::ArchiveProject {
            site: None,
            project: "ENG".into(),
        })
        .unwrap();
    let again = ["-f", &integration, "-f", &save, "--refresh", "--save", &save];
    let ran = program.check(&again).await;
    ran.claim(
        1,
        &[
            "× JiraProject support/acme-eng",
            "ProjectArchived",
            "jira-operator explain ProjectArchived",
            "1 other project is fine.",
        ],
    );
    program
        .sandbox
        .command(Command::RestoreProject {
            site: None,
            project: "ENG".into(),
        })
        .unwrap();
    program.check(&again).await.claim(0, &[]);

    let replayed = program.check(&["--evidence", &evidence]).await;
    replayed.claim(0, &["Looked live", "√ Authorized TokenFresh"]);
    let left: Vec<_> = fs::read_dir(&program.folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 4, "{left:?}");
    program.close(&["evidence.json"]);
}

#[tokio::test]
async fn nothing_is_spent_where_it_would_be_in_vain() {
    let program = Program::new().await;
    let (integration, secret) = written(&program);
    let foreign = program.file("notes.txt", "mine\n");
    let missing = program.path("no/folder/token.yaml");
    for (save, named) in [
        (&foreign, "was not written by this program"),
        (&missing, "cannot be written"),
    ] {
        let ran = program
            .check(&["-f", &integration, "-f", &secret, "--refresh", "--save", save])
            .await;
        ran.claim(2, &[named]);
    }
    let save = program.path("token.yaml");
    let broken = program.file("broken.yaml", &INTEGRATION.replace("ENG", "eng"));
    let ran = program
        .check(&["-f", &broken, "-f", &secret, "--refresh", "--save", &save])
        .await;
    ran.claim(1, &["InvalidField", "nothing was spent, because of the findings above"]);
    let ran = program.check(&["-f", &integration, "--refresh", "--save", &save]).await;
    ran.claim(2, &["needs a JiraIntegration and its Secret with a refresh-token"]);
    let exchanges = program
        .sandbox
        .requests()
        .iter()
        .filter(|r| r.path == "/oauth/token")
        .count();
    assert_eq!(exchanges, 0);
    assert!(!Path::new(&save).exists() && fs::read_to_string(&foreign).unwrap() == "mine\n");
    program.close(&[]);
}

#[tokio::test]
async fn who_interrupts_an_exchange_does_not_lose_the_token() {
    let program = Program::new().await;
    let (integration, secret) = written(&program);
    let save = program.path("token.yaml");
    let held = program
        .sandbox
        .fault(FaultRule::token_endpoint(When::After, FaultAction::Hold));
    let arguments = ["-f", &integration, "-f", &secret, "--refresh", "--save", &save];
    let (ran, ()) = tokio::join!(program.check(&arguments), async {
        program.sandbox.wait_for_hits(held, 1).await;
        let pid = program.pid();
        kill(pid, Signal::SIGTERM).unwrap();
        program.sandbox.release(held).unwrap();
    });
    assert_eq!(ran.code, 143, "{}{}", ran.out, ran.err);
    program
        .check(&["-f", &integration, "-f", &save, "--refresh", "--save", &save])
        .await
        .claim(0, &[]);
    program.close(&[]);
}

#[tokio::test]
async fn a_refusal_is_told_and_leaves_no_file() {
    let program = Program::new().await;
    let (integration, secret) = written(&program);
    let save = program.path("token.yaml");
    let arguments = ["-f", &integration, "-f", &secret, "--refresh", "--save", &save];
    let text = fs::read_to_string(&secret).unwrap();
    let id = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("client-id: "))
        .unwrap()
        .to_owned();
    program
        .sandbox
        .command(Command::RotateClientSecret {
            client_id: Some(id.clone()),
        })
        .unwrap();
    program
        .check(&arguments)
        .await
        .claim(1, &["× Authorized ClientSecretRejected"]);
    program
        .sandbox
        .command(Command::RevokeGrant {
            client_id: Some(id.clone()),
            account: Some(BOT.into()),
        })
        .unwrap();
    let Ok(devkit::sandbox::Answer::App { client_secret, .. }) =
        program.sandbox.command(Command::DescribeApp { client_id: Some(id) })
    else {
        panic!("the app is described");
    };
    let lines = text.lines().map(|line| {
        if line.contains("client-secret") {
            format!("  client-secret: {client_secret}\n")
        } else {
            format!("{line}\n")
        }
    });
    program.file("secret.yaml", &lines.collect::<String>());
    program
        .check(&arguments)
        .await
        .claim(1, &["× Authorized ReconnectRequired"]);
    assert!(!Path::new(&save).exists());
    program.close(&[]);
}

#[tokio::test]
async fn of_several_files_each_finding_names_its_own_and_a_namespace_can_be_given() {
    let program = Program::new().await;
    let (integration, _) = written(&program);
    let plain = INTEGRATION.replace(", namespace: support", "");
    let elsewhere = program.file(
        "b.yaml",
        &plain.replace("ENG", "eng").replace("name: acme,", "name: other"),
    );
    let elsewhere = elsewhere.as_str();
    let both = ["-f", &integration, "--filename", elsewhere, "--offline"];
    let short = program.check(&[&both[..], &["-o", "short"]].concat()).await;
    assert!(
        short.out.contains(&format!("{elsewhere}: × JiraIntegration")),
        "{}",
        short.out
    );
    for format in ["json", "yaml"] {
        let ran = program.check(&[&both[..], &["-o", format]].concat()).await;
        assert!(
            ran.out.contains(elsewhere) && ran.out.contains(&integration),
            "{}",
            ran.out
        );
    }
    let one = program.check(&["-f", elsewhere, "--offline", "-o", "json"]).await;
    assert!(!one.out.contains("\"file\""), "{}", one.out);
    let given = program.check(&["-f", elsewhere, "--offline", "-n", "support"]).await;
    given.claim(1, &["JiraIntegration support/"]);

    // A JiraIssue is called what it is.
    let issue = "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIssue\nmetadata: {name: mine}\nspec: {}\n";
    let issue = program.file("issue.yaml", issue);
    program
        .check(&["-f", &issue, "--offline"])
        .await
        .claim_named(&["JiraIssue mine"]);
    program.close(&[]);
}
