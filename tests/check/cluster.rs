//! Integrations in a cluster: live where the Secret may be read, else from status.

use devkit::sandbox::Command;
use serde_json::Value;

use crate::{
    plane::Plane,
    program::{BOT, Program, Ran},
};

/// What people may do who hold the chart's view role.
const VIEW: &str =
    "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations, jiraprojects], verbs: [get, list, watch]}]";

fn jira(program: &Program, command: Command) {
    program.sandbox.command(command).unwrap();
}

/// What it takes to check live, but for the projects that the operator knows.
const BLIND: &str = "[{apiGroups: [jira-operator.dev], resources: [jiraintegrations], verbs: [get]},\
    {apiGroups: [''], resources: [secrets], verbs: [get]}]";

async fn kubectl(plane: &Plane, namespace: &str, arguments: &[&str]) {
    let arguments = [&["-n", namespace][..], arguments].concat();
    plane.kubectl(&arguments, "").await.unwrap();
}

async fn patched(plane: &Plane, spec: &str) {
    let patch = format!("{{\"spec\": {spec}}}");
    kubectl(plane, "support", &["patch", "ji/acme", "--type=merge", "-p", &patch]).await;
}

/// The operator is asked to check everything.
async fn requested(plane: &Plane, value: &str) {
    let annotation = format!("jira-operator.dev/requestedAt={value}");
    kubectl(plane, "support", &["annotate", "--overwrite", "ji/acme", &annotation]).await;
}

/// The reasons of one condition, wherever it stands.
fn reasons(ran: &Ran, condition: &str) -> Vec<String> {
    let of = |entry: &Value| entry["condition"] == condition;
    ran.entries()
        .iter()
        .filter(|e| of(e))
        .map(|e| e["reason"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_integration_is_looked_at_live_or_from_status() {
    let plane = Plane::start().await;
    let mut program = Program::new().await;
    program.kubeconfig = Some(plane.kubeconfig().to_owned());
    plane.namespace("support").await;
    let app = plane
        .integrate(
            &program,
            "support",
            "  projects: [{key: SUP}, {key: ENG}, {key: OPS}]\n",
        )
        .await;

    // Nothing was checked yet.
    let early = program.check(&["acme", "-n", "support"]).await;
    early.claim(
        2,
        &[
            "From status, because there is no Secret acme-oauth-grant yet",
            "has not reconciled this version of the spec",
        ],
    );
    let operator = plane.operator(&program);
    let ran = program.check(&["acme", "-n", "support", "--wait", "2m"]).await;
    ran.claim(0, &["√ JiraIntegration support/acme", "√ Synced SyncSucceeded"]);

    // Live, read-only.
    let mark = program.sandbox.mark();
    let live = program.check(&["acme", "-n", "support"]).await;
    live.claim(
        0,
        &[
            "Checked live at https://acme.atlassian.net.",
            "√ Authorized TokenFresh",
            "3 projects are fine.",
        ],
    );
    let asked = program.sandbox.requests_since(mark);
    assert!(
        asked.iter().all(|request| request.path != "/oauth/token"),
        "no token is refreshed"
    );

    trouble_is_told_live(&program).await;
    what_may_not_be_listed_is_told(&plane, &program).await;
    people_without_the_secret_read_the_status(&plane, &program).await;
    a_person_is_looked_at(&program).await;
    all_of_them_are_told_in_short(&plane, &program).await;

    what_is_suspended_is_told_from_status(&plane, &program).await;
    drop(operator);
    waiting_asks_atlassian_nothing(&plane, &program).await;
    a_token_that_died_is_not_refreshed(&program, &app.client_id).await;
    program
        .check(&["nobody", "-n", "support"])
        .await
        .claim(2, &["there is no JiraIntegration nobody in namespace support"]);
    plane.control.stop().await;
    program.close(&["evidence.json"]);
}

/// Nothing is asked of Atlassian, and no evidence is saved.
async fn what_is_suspended_is_told_from_status(plane: &Plane, program: &Program) {
    patched(plane, "{\"suspend\": true}").await;
    let mark = program.sandbox.mark();
    let suspended = program
        .check(&["acme", "-n", "support", "--evidence-out", &program.path("none.json")])
        .await;
    suspended.claim(
        2,
        &["From status, because spec.suspend is true", "no evidence was saved"],
    );
    assert!(
        program.sandbox.requests_since(mark).is_empty(),
        "nothing is asked of Atlassian"
    );
    patched(plane, "{\"suspend\": false}").await;
    program
        .check(&["acme", "-n", "support", "--wait", "1m"])
        .await
        .claim(0, &["Checked live"]);
}

/// The status is watched, and it is checked once, in the end.
async fn waiting_asks_atlassian_nothing(plane: &Plane, program: &Program) {
    let archive = |project: &str| Command::ArchiveProject {
        site: None,
        project: project.into(),
    };
    jira(program, archive("OPS"));
    patched(plane, "{\"syncInterval\": \"10m\"}").await;
    let mark = program.sandbox.mark();
    program
        .check(&["acme", "-n", "support", "--wait", "3s"])
        .await
        .claim(1, &["Checked live", "Project OPS is archived"]);
    let looks = program.sandbox.requests_since(mark);
    assert_eq!(looks.iter().filter(|r| r.path.ends_with("/myself")).count(), 1);
}

async fn a_token_that_died_is_not_refreshed(program: &Program, client_id: &str) {
    jira(program, Command::AdvanceClock { seconds: 7200 });
    jira(
        program,
        Command::RevokeGrant {
            client_id: Some(client_id.to_owned()),
            account: Some(BOT.into()),
        },
    );
    let rejected = program.check(&["acme", "-n", "support"]).await;
    rejected.claim(
        2,
        &[
            "From status, because Atlassian does not accept the access token.",
            "‼ Token TokenRejected",
            "the operator tries to refresh it: check again then.",
        ],
    );
    rejected.without("by itself");
}

async fn trouble_is_told_live(program: &Program) {
    jira(
        program,
        Command::ArchiveProject {
            site: None,
            project: "ENG".into(),
        },
    );
    jira(
        program,
        Command::RevokePermission {
            site: None,
            project: "SUP".into(),
            permission: "ADMINISTER_PROJECTS".into(),
            account: None,
            holder: None,
        },
    );
    let evidence = program.path("evidence.json");
    let ran = program
        .check(&["acme", "-n", "support", "--evidence-out", &evidence])
        .await;
    ran.claim(1, &[
        "× JiraIntegration support/acme",
        "× JiraProject support/acme-eng",
        "Project ENG is archived. Restore it in Jira or remove it from spec.projects. more: jira-operator explain ProjectArchived",
        "2 other projects are fine.",
        "lacks Administer projects in SUP",
    ]);
    if std::env::var("UPDATE_FIXTURES").is_ok_and(|value| value == "1") {
        std::fs::copy(&evidence, "tests/fixtures/evidence/in-cluster.json").unwrap();
    }
    // What was saved gives the same again, byte by byte, without any network.
    let arguments = ["acme", "-n", "support", "-o", "json"];
    let (live, replayed) = (
        program.check(&arguments).await,
        program.check(&["--evidence", &evidence, "-o", "json"]).await,
    );
    assert_eq!((live.code, &live.out), (replayed.code, &replayed.out));
    assert_eq!(reasons(&live, "Accessible"), ["ProjectArchived"]);
    let yaml = program.check(&["acme", "-n", "support", "-o", "yaml"]).await;
    assert!(yaml.out.contains("reason: ProjectArchived"), "{}", yaml.out);
}

async fn what_may_not_be_listed_is_told(plane: &Plane, program: &Program) {
    let blind = plane.person("support", "blind", BLIND).await;
    let evidence = program.path("blind.json");
    let ran = program
        .check_as(Some(&blind), &["acme", "--evidence-out", &evidence], "")
        .await;
    let told = [
        "Checked live",
        "‼ Projects MayNotAsk",
        "You may not read jiraprojects in support",
        "hidden since they were seen are not in this report.",
    ];
    ran.claim(1, &told);
    program.check(&["--evidence", &evidence]).await.claim(1, &told);
}

async fn people_without_the_secret_read_the_status(plane: &Plane, program: &Program) {
    // The operator checks the trouble by itself when it is asked to.
    requested(plane, "now").await;
    let answered = "jsonpath={.status.lastHandledReconcileAt}=now";
    kubectl(
        plane,
        "support",
        &["wait", "--timeout=60s", "--for", answered, "ji/acme"],
    )
    .await;
    let viewer = plane.person("support", "viewer", VIEW).await;
    let ran = program.check_as(Some(&viewer), &["acme"], "").await;
    ran.claim(
        1,
        &[
            "From status, because you may not read Secret acme-oauth-grant.",
            "ProjectArchived",
            "lacks Administer projects in SUP",
        ],
    );
    let stranger = plane.person("support", "stranger", "[]").await;
    let ran = program.check_as(Some(&stranger), &["acme"], "").await;
    ran.claim(2, &["you may not read jiraintegrations in support"]);
    // As with kubectl, an administrator can check as another user.
    let stranger = "system:serviceaccount:support:stranger";
    let ran = program.check(&["acme", "-n", "support", "--as", stranger]).await;
    ran.claim(2, &["you may not read jiraintegrations in support"]);
    let group = [
        "--as",
        "nobody",
        "--as-group",
        "system:masters",
        "--request-timeout",
        "20s",
    ];
    let ran = program.check(&[&["acme", "-n", "support"][..], &group].concat()).await;
    ran.claim(1, &["Checked live", "ProjectArchived"]);
    let ran = program
        .check_as(
            Some(&viewer),
            &["acme", "--person", "dana@acme.example", "--project", "SUP"],
            "",
        )
        .await;
    ran.claim(2, &["can only be checked live", "you may not read Secret"]);

    jira(
        program,
        Command::RestoreProject {
            site: None,
            project: "ENG".into(),
        },
    );
    requested(plane, "then").await;
    // This person sees the status alone, so it is waited for.
    program
        .check_as(Some(&viewer), &["acme", "--wait", "1m"], "")
        .await
        .claim(0, &["√ JiraIntegration support/acme"]);
}

async fn a_person_is_looked_at(program: &Program) {
    let person = |email: &'static str| async move {
        program
            .check(&["acme", "-n", "support", "--person", email, "--project", "SUP"])
            .await
    };
    person("alex@acme.example")
        .await
        .claim(0, &["√ Person alex@acme.example", "PersonUsable"]);
    person("nobody@acme.example")
        .await
        .claim(1, &["PersonNotFound", "jira-operator explain PersonNotFound"]);
    let may_look_people_up = |held| Command::SetGlobalPermission {
        site: None,
        account: None,
        permission: "USER_PICKER".into(),
        held,
    };
    jira(program, may_look_people_up(false));
    person("nobody@acme.example").await.claim(1, &["PersonNotLookedUp"]);
    jira(program, may_look_people_up(true));
}

async fn all_of_them_are_told_in_short(plane: &Plane, program: &Program) {
    plane.namespace("empty").await;
    program
        .check(&["-n", "empty"])
        .await
        .claim(2, &["there is no JiraIntegration in empty"]);
    plane
        .apply(
            "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIntegration\nmetadata: {name: lonely, namespace: empty}\n\
             spec: {site: 'https://acme.atlassian.net', secretRef: {name: missing}}\n",
        )
        .await
        .unwrap();
    let ready = "jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=CredentialsNotFound";
    kubectl(plane, "empty", &["wait", "--timeout=60s", "--for", ready, "ji/lonely"]).await;
    let ran = program.check(&["-A"]).await;
    ran.claim(
        1,
        &[
            "× JiraIntegration empty/lonely CredentialsNotFound",
            "√ JiraIntegration support/acme Connected",
        ],
    );
    ran.without("SiteReachable");
    let ran = program.check(&["-A", "-n", "support", "-o", "short"]).await;
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    ran.claim(
        1,
        &["× JiraIntegration empty/lonely Authorized CredentialsNotFound: Secret missing"],
    );
    kubectl(plane, "empty", &["label", "ji/lonely", "team=none"]).await;
    for chosen in [&["ji/lonely", "-n", "empty"][..], &["-l", "team=none", "-n", "empty"]] {
        program
            .check(chosen)
            .await
            .claim(1, &["× JiraIntegration empty/lonely"]);
    }
    let several = program.check(&["lonely", "acme", "-n", "empty"]).await;
    several.claim(2, &["there is no JiraIntegration acme in namespace empty"]);
    let none = program.check(&["-l", "team=other", "-A"]).await;
    none.claim(
        2,
        &["there is no JiraIntegration with the labels team=other in any namespace"],
    );
}
