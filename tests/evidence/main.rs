//! Evidence and its replay: what is asked of a site can be saved and loaded, holds no secret, and
//! gives the same findings each time, byte for byte. Sites with problems are kept in
//! tests/fixtures/examined, `NAME.evidence.json` with `NAME.findings.json` beside it. With
//! `UPDATE_FIXTURES=1` both are written anew, to be read before they are committed.

// A test that finds something else than it expects ends with a panic; that is its report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod sites;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use devkit::sandbox::{Command, FaultAction, FaultRule, RateLimitReason, Sandbox, When};
use jira_operator::{
    api::{
        condition::{ConditionType, Finding, conditions},
        integration::JiraIntegrationSpec,
        reason::Reason,
    },
    atlassian::{
        client::AtlassianClient,
        endpoints::{Endpoints, http_client},
        jira::Session,
        secret::Secret,
    },
    diagnose::{
        DeclaredSpec, Evidence,
        examination::{Findings, ReadOnly, examine, judge},
    },
    sync::projects::{KnownState, is_unchanged},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use self::sites::{Site, site, sites};

fn declared(of: &Value) -> DeclaredSpec {
    let mut declared = json!({
        "site": "https://acme.atlassian.net", "siteSuffixes": [], "bound": null, "account": null,
        "tickets": [], "projects": null, "statusMapping": [], "pinned": [],
    });
    let object = declared.as_object_mut().unwrap();
    object.extend(of.as_object().unwrap().clone());
    serde_json::from_value(declared).unwrap()
}

/// Everything that is asked of a site without acting on it.
async fn gather(client: &AtlassianClient, declared: DeclaredSpec, scopes: Option<Vec<String>>) -> Evidence {
    examine(client, Evidence::new(declared, scopes), &mut ReadOnly)
        .await
        .evidence
}

/// Everything that is asked of a sandbox to which this happened, and the sandbox.
async fn asked(site: &Site) -> (Evidence, Sandbox) {
    let (client, sandbox) = sandbox(&site.commands).await;
    (gather(&client, declared(&site.declared), None).await, sandbox)
}

/// A way to ask a sandbox to which this happened, and the sandbox.
async fn sandbox(commands: &Value) -> (AtlassianClient, Sandbox) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::start().await.unwrap();
    let app = sandbox.app(None).unwrap();
    let tokens = sandbox.mint(&app.client_id, None).unwrap();
    for command in commands.as_array().unwrap() {
        let command: Command = serde_json::from_value(command.clone()).unwrap();
        sandbox.command(command).unwrap();
    }
    let address: url::Url = sandbox.url().parse().unwrap();
    let endpoints = Endpoints {
        auth: address.clone(),
        api: address.clone(),
        site: Some(address),
    };
    let token = Secret::new(tokens.access_token);
    (
        AtlassianClient::new(http_client().unwrap(), Arc::new(endpoints), token),
        sandbox,
    )
}

/// Findings as they are printed and kept.
fn printed(findings: &Findings) -> String {
    let list = |findings: &Vec<Finding>| -> Value {
        let one = |f: &Finding| json!({"condition": f.condition.as_str(), "reason": f.reason.as_str(), "message": f.message()});
        findings.iter().map(one).collect()
    };
    let projects: serde_json::Map<String, Value> = findings
        .projects
        .iter()
        .map(|(key, of_project)| (key.clone(), list(of_project)))
        .collect();
    pretty(&json!({"integration": list(&findings.integration), "projects": projects}))
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

fn file(name: &str, what: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/examined");
    folder.join(format!("{name}.{what}.json"))
}

/// What is found is what is kept, to the last byte.
fn assert_findings(name: &str, evidence: &Evidence) {
    let (found, kept) = (printed(&judge(evidence)), fs::read_to_string(file(name, "findings")));
    let kept = kept.unwrap_or_default();
    let unlike = found.lines().zip(kept.lines()).find(|(found, kept)| found != kept);
    assert_eq!(unlike, None, "findings of {name}: found, and kept");
    assert_eq!(found.len(), kept.len(), "findings of {name}");
}

#[tokio::test]
async fn what_is_saved_gives_the_same_findings_and_holds_no_secret() {
    for site in sites() {
        let (evidence, sandbox) = asked(&site).await;
        let saved = pretty(&evidence);
        let loaded: Evidence = serde_json::from_str(&saved).unwrap();
        assert_eq!(loaded, evidence, "{}", site.name);
        assert_eq!(pretty(&loaded), saved, "{}", site.name);
        assert_eq!(printed(&judge(&loaded)), printed(&judge(&evidence)), "{}", site.name);
        let secrets = sandbox.secrets();
        assert!(secrets.len() >= 3, "a client secret and two tokens at least were made");
        let shown = secrets.iter().filter(|secret| saved.contains(secret.as_str())).count();
        assert_eq!(shown, 0, "secrets in the evidence of {}", site.name);
        if std::env::var("UPDATE_FIXTURES").is_ok_and(|value| value == "1") {
            fs::create_dir_all(file(site.name, "").parent().unwrap()).unwrap();
            fs::write(file(site.name, "evidence"), &saved).unwrap();
            fs::write(file(site.name, "findings"), printed(&judge(&evidence))).unwrap();
        }
        // The sandbox may answer with other ids one day; what is found stays.
        assert_findings(site.name, &evidence);
    }
}

#[test]
fn kept_evidence_gives_the_kept_findings_byte_for_byte() {
    let mut replayed = BTreeSet::new();
    for entry in fs::read_dir(file("", "").parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".evidence.json") else {
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        let evidence: Evidence = serde_json::from_str(&text).unwrap();
        assert_findings(name, &evidence);
        replayed.insert(name.to_owned());
    }
    let expected: BTreeSet<String> = sites().iter().map(|site| site.name.to_owned()).collect();
    assert_eq!(replayed, expected);
}

fn of_desk(evidence: &Evidence, key: &str) -> Finding {
    let findings = judge(evidence);
    let desk = |f: &&Finding| f.condition == ConditionType::ServiceDeskReady;
    findings.projects.get(key).unwrap().iter().find(desk).unwrap().clone()
}

#[tokio::test]
async fn pages_that_are_shorter_than_they_tell_lose_no_desk_and_no_request_type() {
    let site = site(
        "short pages",
        json!([
            {"command": "createProjects", "count": 9, "prefix": "D", "template": "service"},
            {"command": "removeDesk", "project": "D9"},
            {"command": "capPages", "most": 2},
        ]),
        json!({}),
    );
    let (evidence, _sandbox) = asked(&site).await;
    let desks = evidence.desks.as_ref().unwrap();
    assert_eq!(desks.listed.as_ref().unwrap().as_ref().unwrap().len(), 10);
    for desk in desks.desks.values() {
        assert_eq!(desk.request_types.as_ref().unwrap().len(), 3);
    }
    assert_eq!(of_desk(&evidence, "D9").reason, Reason::ServiceDeskMissing);
    assert_eq!(of_desk(&evidence, "D8").reason, Reason::ServiceDeskUsable);
}

#[tokio::test]
async fn a_desk_that_does_not_answer_leaves_the_others_known_and_two_are_an_outage() {
    let (client, sandbox) = sandbox(&json!([
        {"command": "createProjects", "count": 3, "prefix": "D", "template": "service"},
    ]))
    .await;
    let action = FaultAction::Html { code: 503 };
    let rule = FaultRule::path("/requesttype", When::Before, action);
    let _ = sandbox.fault(rule.clone().times(1));
    let evidence = gather(&client, declared(&json!({})), None).await;
    let found = |evidence: &Evidence| -> Vec<Reason> {
        let keys = judge(evidence).projects.into_keys();
        let keys = keys.filter(|key| !["ENG", "OPS"].contains(&key.as_str()));
        keys.map(|key| of_desk(evidence, &key).reason).collect()
    };
    let unknown = found(&evidence).iter().filter(|r| **r == Reason::NotChecked).count();
    let usable = found(&evidence)
        .iter()
        .filter(|r| **r == Reason::ServiceDeskUsable)
        .count();
    assert_eq!((unknown, usable), (1, 4), "{:?}", found(&evidence));
    let all = |f: &&Finding| f.condition == ConditionType::ServiceDesksReady;
    let findings = judge(&evidence).integration;
    assert_eq!(findings.iter().find(all).unwrap().reason, Reason::SiteUnavailable);

    let _ = sandbox.fault(rule);
    let mark = sandbox.mark();
    let evidence = gather(&client, declared(&json!({})), None).await;
    assert!(found(&evidence).iter().all(|reason| *reason == Reason::NotChecked));
    let calls = sandbox.requests_since(mark);
    let of_types = calls.iter().filter(|call| call.path.ends_with("/requesttype")).count();
    assert_eq!(of_types, 2, "more would be asked in vain");
}

#[tokio::test]
async fn a_site_without_service_management_has_no_desk_and_no_outage() {
    let (client, sandbox) = sandbox(&json!([])).await;
    let rule = FaultRule::path(
        "/rest/servicedeskapi/servicedesk",
        When::Before,
        FaultAction::Html { code: 404 },
    );
    let _ = sandbox.fault(rule);
    let evidence = gather(&client, declared(&json!({})), None).await;
    assert_eq!(evidence.desks.as_ref().unwrap().listed, Some(Ok(Vec::new())));
    assert_eq!(of_desk(&evidence, "SUP").reason, Reason::ServiceDeskMissing);
}

#[tokio::test]
async fn one_sick_project_leaves_the_others_known_and_two_are_an_outage() {
    let (client, sandbox) = sandbox(&json!([])).await;
    let table = [
        ("/project/SPU", 503, 1, Reason::SomeProjectsBlocked),
        ("/project/SPU", 503, 2, Reason::NotChecked),
        ("/project/SPU", 400, 1, Reason::NotChecked),
        ("/project/SP", 503, 4, Reason::SiteUnavailable),
    ];
    for (path, code, failures, reason) in table {
        let rule = FaultRule::path(path, When::Before, FaultAction::Html { code });
        let _ = sandbox.fault(rule.times(failures));
        let projects = ["ENG", "SPU", "SPX"].map(str::to_owned);
        let named = if path.ends_with('U') {
            &projects[..2]
        } else {
            &projects[..]
        };
        let evidence = gather(&client, declared(&json!({"projects": named})), None).await;
        if reason == Reason::NotChecked {
            let found = judge(&evidence).projects;
            let first = |key: &str| found[key].first().unwrap().reason;
            assert_eq!(
                (first("ENG"), first("SPU")),
                (Reason::ProjectVisible, Reason::NotChecked)
            );
        }
        let findings = judge(&evidence).integration;
        let of_projects = |f: &&Finding| f.condition == ConditionType::ProjectsAccessible;
        let found = findings.iter().find(of_projects).unwrap();
        assert_eq!(found.reason, reason, "{}", found.message());
    }
}

fn too_many_people() -> FaultRule {
    let limited = FaultAction::RateLimit {
        reason: RateLimitReason::JiraBurstBased,
        retry_after_seconds: Some(1),
    };
    FaultRule::path("/user/bulk", When::Before, limited)
}

/// Questions about people have a limit of their own, which says nothing of projects.
#[tokio::test]
async fn too_many_questions_about_people_leave_the_rest_known() {
    let (client, sandbox) = sandbox(&json!([])).await;
    let _ = sandbox.fault(too_many_people());
    let pinned = json!([{"email": "nobody@acme.example", "accountId": "712020:nobody"}]);
    let evidence = gather(&client, declared(&json!({"pinned": pinned})), None).await;
    let found = judge(&evidence).integration;
    let of = |type_| found.iter().find(|f| f.condition == type_).unwrap().reason;
    assert_eq!(of(ConditionType::ProjectsAccessible), Reason::AllProjectsAccessible);
    assert_eq!(of(ConditionType::ServiceDesksReady), Reason::AllServiceDesksReady);
    assert_eq!(of(ConditionType::DirectoryReadable), Reason::SiteUnavailable);

    // Nor does it make the next check dearer.
    let unwell = Finding::plain(ConditionType::DirectoryReadable, Reason::PinnedUserNotFound);
    let ready = Finding::plain(ConditionType::Ready, Reason::Connected);
    let conditions = conditions(&[], &[unwell], &ready, 1, &Time(jiff::Timestamp::UNIX_EPOCH));
    let spec = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"},
        "users": {"pinned": pinned}});
    let spec: JiraIntegrationSpec = serde_json::from_value(spec).unwrap();
    let before = KnownState {
        spec: &spec,
        conditions: &conditions,
        known: &[],
        turn: 0,
    };
    let cloud_id = sandbox.state(|world| world.site("acme").unwrap().cloud_id.clone());
    let unchanged = is_unchanged(&Session::new(&client, &cloud_id), before).await;
    assert!(matches!(unchanged, Ok(true)), "{unchanged:?}");
}

/// A token that dies during a check is no verdict about anything.
#[tokio::test]
async fn a_401_is_a_verdict_only_while_the_token_lives() {
    let (client, sandbox) = sandbox(&json!([])).await;
    let refuse = |path: &str| {
        let action = FaultAction::Status {
            code: 401,
            headers: std::collections::BTreeMap::default(),
            body: json!({"code": 401, "message": "Unauthorized"}).to_string(),
        };
        FaultRule::path(path, When::Before, action)
    };
    let articles = sandbox.fault(refuse("/knowledgebase/article"));
    let of = |evidence: &Evidence, type_: ConditionType| {
        let findings = judge(evidence).integration;
        findings.into_iter().find(|f| f.condition == type_).unwrap()
    };
    let evidence = gather(&client, declared(&json!({})), None).await;
    let found = of(&evidence, ConditionType::ServiceDesksReady);
    assert_eq!(found.reason, Reason::KnowledgeBaseUnreadable);
    sandbox.release(articles).unwrap();

    // From the first question about desks on, everything is refused.
    let _ = sandbox.fault(refuse("/servicedeskapi/"));
    let _ = sandbox.fault(refuse("/myself").skip(1));
    let evidence = gather(&client, declared(&json!({})), None).await;
    let found = of(&evidence, ConditionType::ServiceDesksReady);
    assert_eq!(found.reason, Reason::SiteUnavailable, "{}", found.message());

    // Before the account is known, the list of sites shows whether the token is dead.
    sandbox.command(Command::ClearFaults).unwrap();
    let _ = sandbox.fault(refuse("/myself"));
    let _ = sandbox.fault(refuse("/accessible-resources").skip(1));
    let evidence = gather(&client, declared(&json!({})), None).await;
    assert_eq!(
        of(&evidence, ConditionType::SiteReachable).reason,
        Reason::SiteUnavailable
    );
    sandbox.command(Command::ClearFaults).unwrap();
    let _ = sandbox.fault(refuse("/myself"));
    let evidence = gather(&client, declared(&json!({})), None).await;
    assert_eq!(
        of(&evidence, ConditionType::AccountEligible).reason,
        Reason::NoProductAccess
    );
}
