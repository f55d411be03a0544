//! Evidence of several causes: what was saved gives the same findings again, without any network,
//! and holds no secret. With `UPDATE_FIXTURES=1` it is kept for the tests of the rendered text.

use std::fs;

use devkit::sandbox::Command;
use serde_json::Value;

use crate::{
    files::written,
    program::{BOT, Program, Ran},
};

/// A cause, how it comes about, and the reason that tells it.
struct Cause {
    name: &'static str,
    reason: &'static str,
    commands: Vec<Command>,
}

fn causes() -> Vec<Cause> {
    let cause = |name, reason, commands| Cause { name, reason, commands };
    let revoke = |permission: &str| Command::RevokePermission {
        site: None,
        project: "ENG".into(),
        permission: permission.into(),
        account: None,
        holder: None,
    };
    vec![
        cause("healthy", "AllProjectsAccessible", vec![]),
        cause(
            "archived",
            "ProjectArchived",
            vec![Command::ArchiveProject {
                site: None,
                project: "ENG".into(),
            }],
        ),
        cause(
            "scope-missing",
            "ScopesMissing",
            vec![Command::DropScope {
                client_id: None,
                scope: "write:jira-work".into(),
            }],
        ),
        cause(
            "no-agent",
            "InternalCommentDenied",
            vec![Command::RemoveAgentLicence {
                site: None,
                account: Some(BOT.into()),
            }],
        ),
        cause(
            "no-product-access",
            "NoProductAccess",
            vec![Command::RemoveProductAccess {
                site: None,
                account: Some(BOT.into()),
                status: None,
                unlisted: false,
            }],
        ),
        cause(
            "two-causes",
            "CreateDenied",
            vec![revoke("TRANSITION_ISSUES"), revoke("CREATE_ISSUES")],
        ),
    ]
}

/// The findings that are Jira's, as programs read them, but for the file that they come from.
fn of_jira(ran: &Ran) -> Vec<Value> {
    let local = |entry: &Value| ["Fields", "Credentials"].contains(&entry["condition"].as_str().unwrap());
    let mut entries: Vec<Value> = ran.entries().into_iter().filter(|entry| !local(entry)).collect();
    for entry in &mut entries {
        entry.as_object_mut().unwrap().remove("file");
    }
    entries
}

#[tokio::test]
async fn saved_evidence_gives_the_same_findings_again() {
    for Cause { name, reason, commands } in causes() {
        let program = Program::new().await;
        let (integration, secret) = written(&program);
        let text = fs::read_to_string(&secret).unwrap();
        let client = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("client-id: "))
            .unwrap()
            .to_owned();
        for command in commands {
            let command = match command {
                Command::DropScope { scope, .. } => Command::DropScope {
                    client_id: Some(client.clone()),
                    scope,
                },
                other => other,
            };
            program.sandbox.command(command).unwrap();
        }
        let (save, evidence) = (program.path("token.yaml"), program.path("evidence.json"));
        let arguments = ["-f", &integration, "-f", &secret, "--refresh", "--save", &save];
        let live = program
            .check(&[&arguments[..], &["--evidence-out", &evidence, "-o", "json"]].concat())
            .await;
        assert!(live.out.contains(reason), "{name}: {}", live.out);
        let asked = program.sandbox.requests().len();
        let replayed = program.check(&["--evidence", &evidence, "-o", "json"]).await;
        assert_eq!(
            (replayed.code, of_jira(&replayed)),
            (live.code, of_jira(&live)),
            "{name}"
        );
        let again = program.check(&["--evidence", &evidence, "-o", "json"]).await;
        assert_eq!(again.out, replayed.out, "{name}");
        assert_eq!(program.sandbox.requests().len(), asked, "nothing was asked");
        if std::env::var("UPDATE_FIXTURES").is_ok_and(|value| value == "1") {
            let saved = fs::read_to_string(&evidence).unwrap().replace(&save, "token.yaml");
            fs::write(format!("tests/fixtures/evidence/{name}.json"), saved).unwrap();
        }
        program.close(&["evidence.json"]);
    }
}
