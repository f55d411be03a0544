//! Evidence of several causes: what was saved gives the same findings again, without any network,
//! and holds no secret. With `UPDATE_FIXTURES=1` it is kept for the tests of the rendered text.

use std::fs;

use devkit::sandbox::Command;
use tokio::process::Child;

use crate::{
    plane::Plane,
    program::{BOT, Program},
};

/// A cause, how it comes about, and the reason that reports it.
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

/// The integration of a new namespace, once the operator has checked it while the cause was there.
async fn caused(plane: &Plane, program: &Program, Cause { name, commands, .. }: &Cause) -> Child {
    plane.namespace(name).await;
    let spec = "  account: {email: jira-bot@acme.example}\n  projects: [{key: SUP}, {key: ENG}]\n  tickets: {}\n";
    let app = plane.integrate(program, name, spec).await;
    for command in commands {
        let command = match command {
            Command::DropScope { scope, .. } => Command::DropScope {
                client_id: Some(app.client_id.clone()),
                scope: scope.clone(),
            },
            other => other.clone(),
        };
        program.sandbox.command(command).unwrap();
    }
    let operator = plane.operator(program);
    let observed = "--for=jsonpath={.status.observedGeneration}=1";
    let wait = ["-n", name, "wait", "--timeout=60s", observed, "ji/acme"];
    plane.kubectl(&wait, "").await.unwrap();
    operator
}

#[tokio::test]
async fn saved_evidence_gives_the_same_findings_again() {
    let plane = Plane::start().await;
    for cause in causes() {
        let (name, reason) = (cause.name, cause.reason);
        let mut program = Program::new().await;
        program.kubeconfig = Some(plane.kubeconfig().to_owned());
        let operator = caused(&plane, &program, &cause).await;
        let evidence = program.path("evidence.json");
        let live = program
            .check(&["acme", "-n", name, "--evidence-out", &evidence, "-o", "json"])
            .await;
        assert!(live.out.contains(reason), "{name}: {}", live.out);
        drop(operator);
        let asked = program.sandbox.requests().len();
        for _ in 0..2 {
            let replayed = program.check(&["--evidence", &evidence, "-o", "json"]).await;
            assert_eq!((replayed.code, &replayed.out), (live.code, &live.out), "{name}");
        }
        assert_eq!(program.sandbox.requests().len(), asked, "nothing was asked");
        if std::env::var("UPDATE_FIXTURES").is_ok_and(|value| value == "1") {
            let saved = fs::read_to_string(&evidence).unwrap();
            let saved = saved.replace(&format!("\"namespace\": \"{name}\""), "\"namespace\": \"support\"");
            fs::write(format!("tests/fixtures/evidence/{name}.json"), saved).unwrap();
        }
        plane.kubectl(&["-n", name, "delete", "ji", "acme"], "").await.unwrap();
        program.close(&["evidence.json"]);
    }
    plane.control.stop().await;
}
