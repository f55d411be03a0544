//! Manifests, with a Jira but without a cluster.

use std::fs;

use devkit::sandbox::AppCredentials;

use crate::program::Program;

const INTEGRATION: &str = "apiVersion: jira-operator.dev/v1alpha1
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
fn written(program: &Program) -> (String, String) {
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
            "were skipped",
            "Apply the files, connect, and check by name.",
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
