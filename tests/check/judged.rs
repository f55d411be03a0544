//! Manifests that `check -f` and the API server judge alike, each asked of both.

use futures::{StreamExt, stream};

use crate::{plane::Plane, program::Program};

/// How many manifests are asked about at once.
const AT_ONCE: usize = 4;

/// An integration with these metadata beside its name, and these further fields of spec.
fn integration(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIntegration\nmetadata: {{name: acme, namespace: support{metadata}}}\n\
         spec: {{site: 'https://acme.atlassian.net', secretRef: {{name: acme-oauth}}{spec}}}\n"
    )
}

/// A Secret with these fields beside its credentials.
fn secret(fields: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: acme-oauth, namespace: support}}\n\
         stringData: {{client-id: a, client-secret: b}}\n{fields}\n"
    )
}

/// What is written in spec, and whether the API server accepts it.
const SPECS: [(&str, bool); 48] = [
    ("", true),
    // Bounds
    ("issues: {mirror: Open, maxObjects: 100000}", false),
    ("issues: {mirror: Open, maxObjects: 0}", false),
    ("issues: {mirror: Open, maxObjects: 1}", true),
    ("issues: {maxObjects: 5000}", true),
    ("issues: {maxObjects: 99999999999}", false),
    ("issues: {maxObjects: 500.0}", true),
    ("issues: {maxObjects: 5e2}", true),
    ("issues: {maxObjects: 500.5}", false),
    ("issues: {maxObjects: '500'}", false),
    ("account: {email: ab}", false),
    ("projects: [{key: SUP, jql: ''}]", false),
    ("projects: [{key: SUP, jql: labels = k8s}]", true),
    ("statusMapping: [{phase: Waiting, statuses: []}]", false),
    ("statusMapping: [{phase: Waiting, statuses: ['']}]", false),
    ("statusMapping: [{phase: Waiting, statuses: [A, A]}]", false),
    (
        "statusMapping: [{phase: Waiting, statuses: [A], projects: [sup]}]",
        false,
    ),
    (
        "statusMapping: [{phase: Waiting, statuses: [A], projects: [SUP]}]",
        true,
    ),
    ("statusMapping: [{phase: waiting, statuses: [A]}]", false),
    ("tokenSecretName: ''", false),
    ("tokenSecretName: acme-oauth", false),
    ("tokenSecretName: other", true),
    // Choices
    ("mode: observe", false),
    ("mode: Observe", true),
    ("issues: {mirror: open}", false),
    ("users: {directory: Configmap}", false),
    ("users: {directory: ConfigMap}", true),
    // Types
    ("suspend: 'yes'", false),
    ("suspend: 1", false),
    ("suspend: yes", true),
    ("suspend: true", true),
    ("syncInterval: 5", false),
    ("syncInterval: 5m", true),
    ("projects: {SUP: {}}", false),
    ("projects: [SUP]", false),
    ("projects: [{key: 5}]", false),
    ("account: jira-bot@acme.example", false),
    // Lists with keys
    ("projects: [{key: SUP}, {key: SUP}]", false),
    (
        "users: {pinned: [{email: a@b, accountId: x}, {email: a@b, accountId: y}]}",
        false,
    ),
    ("users: {pinned: [{email: a@b}]}", false),
    // Nulls
    ("projects: null", true),
    ("account: null", true),
    ("account: {email: null}", false),
    ("projects: [null]", false),
    ("mode: null", true),
    ("issues: {maxObjects: null}", true),
    // Unknown fields
    ("secretRef: {name: a, key: b}", false),
    ("syncIntervall: 5m", false),
];

/// What is written in metadata, likewise.
const METADATA: [(&str, bool); 28] = [
    ("label: {a: b}", false),
    ("labels: {team: a b}", false),
    ("labels: {team: a-b_c.d}", true),
    ("labels: {team: ''}", true),
    ("labels: {team: null}", true),
    ("labels: {team: -a}", false),
    ("labels: {n: 1}", false),
    ("labels: {on: true}", false),
    ("labels: [team]", false),
    ("labels: {a b: c}", false),
    ("labels: {example.com/team: c}", true),
    ("labels: {Example.com/team: c}", false),
    ("labels: {example.com/a/b: c}", false),
    ("labels: {/a: c}", false),
    (
        "labels: {team: a123456789012345678901234567890123456789012345678901234567890123}",
        false,
    ),
    ("annotations: {x: 2}", false),
    ("annotations: {x: '2'}", true),
    ("annotations: {x: [a]}", false),
    ("annotations: {jira-operator.dev/requestedAt: 1}", false),
    ("annotations: {jira-operator.dev/requestedAt: '1'}", true),
    ("annotations: {Example.com/x: z}", true),
    ("annotations: {a b: y}", false),
    ("annotations: null", true),
    ("creationTimestamp: null", true),
    ("creationTimestamp: yesterday", false),
    ("ownerReferences: [{kind: A, name: b}]", false),
    ("finalizers: wait", false),
    ("generation: one", false),
];

/// What a Secret has besides, likewise.
const SECRETS: [(&str, bool); 18] = [
    ("", true),
    ("type: Opaque", true),
    ("type: kubernetes.io/tls", false),
    ("type: kubernetes.io/tls\ndata: {tls.crt: '', tls.key: ''}", true),
    ("type: kubernetes.io/basic-auth", false),
    ("type: kubernetes.io/basic-auth\ndata: {username: ''}", true),
    ("type: kubernetes.io/ssh-auth", false),
    ("type: example.com/anything", true),
    ("type: 5", false),
    ("immutable: 'yes'", false),
    ("immutable: true", true),
    ("immutable: null", true),
    ("data: {extra: not base64}", false),
    ("data: {extra: YQ==}", true),
    ("data: {extra: 5}", false),
    ("data: {a b: YQ==}", false),
    ("stringdata: {a: b}", false),
    ("data: [a]", false),
];

/// What is written in spec of a `JiraIssue` beside its integration, likewise.
const TICKETS: [(&str, bool); 38] = [
    ("", true),
    ("project: SUP, type: Bug, summary: Slow", true),
    ("project: SUP, requestType: Report an incident, summary: Slow", true),
    ("ticket: SUP-812", true),
    // What excludes or needs what
    ("ticket: SUP-812, project: SUP, type: Bug, summary: Slow", false),
    ("project: SUP, type: Bug", false),
    ("project: SUP, summary: Slow", false),
    ("project: SUP, type: Bug, requestType: Incident, summary: Slow", false),
    ("ticket: SUP-812, type: Bug", false),
    ("ticket: SUP-812, requestType: Incident", false),
    ("ticket: SUP-812, reporter: {email: a@b}", false),
    ("ticket: SUP-812, participants: [{email: a@b}]", false),
    ("summary: Slow", false),
    // Bounds and forms
    ("project: NO, type: Bug, summary: Slow", false),
    ("project: 'NO', type: Bug, summary: Slow", true),
    ("project: sup, type: Bug, summary: Slow", false),
    ("ticket: sup-812", false),
    ("ticket: SUP", false),
    ("ticket: https://acme.atlassian.net/browse/SUP-1", false),
    ("ticket: SUP-812, parent: SUP-700", true),
    ("ticket: SUP-812, parent: SUP", false),
    ("ticket: SUP-812, summary: \"two\\nlines\"", false),
    ("ticket: SUP-812, summary: ''", false),
    ("ticket: SUP-812, labels: [a b]", false),
    ("ticket: SUP-812, labels: [a, a]", false),
    ("ticket: SUP-812, labels: [a, b]", true),
    ("ticket: SUP-812, suspend: 'yes'", false),
    // People
    ("ticket: SUP-812, assignee: {email: a@b}", true),
    ("ticket: SUP-812, assignee: {accountId: x}", true),
    ("ticket: SUP-812, assignee: {}", false),
    ("ticket: SUP-812, assignee: {email: a@b, accountId: x}", false),
    ("ticket: SUP-812, assignee: {email: ab}", false),
    ("ticket: SUP-812, assignee: a@b", false),
    // Values of any kind
    (
        "ticket: SUP-812, fields: {Severity: 1, Team: [a], Impact: {value: x}, Due: null}",
        true,
    ),
    ("ticket: SUP-812, fields: [a]", false),
    ("ticket: SUP-812, policy: {existing: adopt}", false),
    ("ticket: SUP-812, reporters: {email: a@b}", false),
    ("ticket: SUP-812, policy: {existing: Ignore}", true),
];

/// A `JiraIssue` with these further fields of spec.
fn ticket(name: usize, spec: &str) -> String {
    format!(
        "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraIssue\nmetadata: {{name: t{name}, namespace: support}}\n\
         spec: {{integration: acme{spec}}}\n"
    )
}

/// Whole manifests.
fn whole() -> Vec<(String, bool)> {
    let fields: Vec<String> = (0..101).map(|number| format!("f{number}: 1")).collect();
    let many: Vec<String> = (0..501).map(|number| format!("{{key: P{number}}}")).collect();
    let plain = integration("", "");
    let item = plain.replace('\n', "\n  ").replacen("apiVersion", "- apiVersion", 1);
    let bare = "- metadata: {name: acme, namespace: support}\n  spec: {site: 'https://acme.atlassian.net', secretRef: {name: a}}";
    let of_kind =
        |kind: &str, items: &str| format!("apiVersion: jira-operator.dev/v1alpha1\nkind: {kind}\nitems:\n{items}\n");
    vec![
        (integration("", &format!(", projects: [{}]", many.join(", "))), false),
        (ticket(0, &format!(", ticket: SUP-1, fields: {{{}}}", fields.join(", "))), false),
        (ticket(0, &format!(", ticket: SUP-1, summary: {}", "s".repeat(256))), false),
        (ticket(0, &format!(", ticket: SUP-1, description: {}", "d".repeat(40_000))), false),
        (plain.replace("//acme.", &format!("//{}.", "a".repeat(260))), false),
        (plain.replace("name: acme,", "name: Acme,"), false),
        (plain.replace("name: acme,", "name: acme_1,"), false),
        (plain.replace("name: acme,", "name: 5,"), false),
        (plain.replace("name: acme, ", ""), false),
        (plain.replace("namespace: support", "namespace: Support"), false),
        (plain.replace("namespace: support", "namespace: 5"), false),
        (plain.replace("metadata:", "metadatas:"), false),
        (plain.replace("site:", "sit:"), false),
        (format!("{plain}suspend: true\n"), false),
        (format!("{plain}status: {{observedGeneration: nine}}\n"), true),
        (format!("{plain}status: {{observed: 1}}\n"), false),
        (format!("apiVersion: v1\nkind: List\nitems:\n{item}\n"), true),
        (of_kind("JiraIntegrationList", &item), true),
        (of_kind("JiraIntegrationList", bare), true),
        (of_kind("JiraIntegrationList", &bare.replace("https:", "http:")), false),
        (plain.replace("v1alpha1", "v2"), false),
        (plain.replace("kind: JiraIntegration", "kind: JiraIntegrations"), false),
        (secret("").replace("a, client", "5, client"), false),
        (secret("").replace("support", "Support"), false),
        (
            "apiVersion: jira-operator.dev/v1alpha1\nkind: JiraProject\nmetadata: {name: a, namespace: support}\nspec: {key: SUP}\n".to_owned(),
            false,
        ),
    ]
}

fn all() -> Vec<(String, bool)> {
    let with = |text: &str| {
        if text.is_empty() {
            String::new()
        } else {
            format!(", {text}")
        }
    };
    let specs = SPECS
        .iter()
        .map(|(spec, accepted)| (integration("", &with(spec)), *accepted));
    let metadata = METADATA
        .iter()
        .map(|(fields, accepted)| (integration(&with(fields), ""), *accepted));
    let tickets = TICKETS.iter().enumerate();
    let tickets = tickets.map(|(name, (spec, accepted))| (ticket(name, &with(spec)), *accepted));
    let secrets = SECRETS.iter().map(|(fields, accepted)| (secret(fields), *accepted));
    specs
        .chain(metadata)
        .chain(tickets)
        .chain(secrets)
        .chain(whole())
        .collect()
}

#[tokio::test]
async fn a_manifest_is_accepted_where_the_api_server_accepts_it() {
    let plane = Plane::start().await;
    let program = Program::new().await;
    plane.namespace("support").await;
    let judge = async |manifest: String| {
        let ran = program
            .check_as(None, &["-f", "-", "--offline", "-o", "json"], &manifest)
            .await;
        let applied = plane
            .kubectl(&["apply", "--dry-run=server", "-f", "-"], &manifest)
            .await;
        let judged = (!ran.refuses_fields(), applied.is_ok());
        (judged, format!("{manifest}{applied:?}\n{}{}", ran.out, ran.err))
    };
    let (accepted, refused): (Vec<_>, Vec<_>) = all().into_iter().partition(|(_, accepted)| *accepted);
    // Of those that are accepted one asks for all at once.
    let accepted: Vec<String> = accepted.into_iter().map(|(manifest, _)| manifest).collect();
    let (judged, told) = judge(accepted.join("---\n")).await;
    assert_eq!(judged, (true, true), "{told}");
    let refused = stream::iter(refused).map(|(manifest, _)| judge(manifest));
    let judged: Vec<((bool, bool), String)> = refused.buffered(AT_ONCE).collect().await;
    for (judged, told) in judged {
        assert_eq!(judged, (false, false), "{told}");
    }
    plane.control.stop().await;
    program.close(&[]);
}
