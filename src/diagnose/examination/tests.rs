//! Every way out of an examination, against a site that answers as it is scripted.

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::{
    api::{
        condition::{
            ConditionType::{self, AccountEligible, ProjectsAccessible, ScopesGranted, SiteReachable},
            Finding,
        },
        integration::SiteStatus,
        reason::Reason,
    },
    atlassian::{error::JiraError, secret::Secret},
    diagnose::{
        declared::{DeclaredSpec, KnownProject},
        evidence::Evidence,
        testing::scripted_site::{
            Faults, ScriptedSite,
            SiteFault::{Down, NotFound, Nothing, Other, Quota, Refused, Scopes},
        },
    },
};

const SITES: &str = "accessible-resources";
const HEALTHY: &[&str] = &[
    SITES,
    "myself",
    "search",
    "check",
    "requesttype",
    "field",
    "article",
    "bulk",
];

fn asked() -> Evidence {
    let declared: DeclaredSpec = serde_json::from_value(json!({
        "site": "https://acme.atlassian.net", "siteSuffixes": [], "tickets": [], "statusMapping": [],
        "pinned": [{"email": "ann@acme.example", "accountId": "ann"}],
    }))
    .unwrap();
    Evidence::new(declared, None)
}

/// A caller that can renew a token, notes what it was called for, and ends the examination at one of its hooks.
#[derive(Default)]
struct Caller {
    called: Vec<&'static str>,
    ends_at: &'static str,
}

impl Caller {
    fn call(&mut self, hook: &'static str) -> Result<(), &'static str> {
        self.called.push(hook);
        if self.ends_at == hook { Err(hook) } else { Ok(()) }
    }
}

impl Hooks for Caller {
    type Interruption = &'static str;

    async fn renew(&mut self) -> Result<Renewal, Self::Interruption> {
        self.call("renew")?;
        Ok(Renewal::Renewed(RenewedToken {
            access: Secret::new("b".into()),
            scopes: None,
        }))
    }

    async fn accepted(&mut self, site: &SiteStatus) -> Result<(), Self::Interruption> {
        assert_eq!(site.cloud_id, "c1");
        self.call("accepted")
    }

    async fn refused(&mut self) -> Result<(), Self::Interruption> {
        self.call("refused")
    }

    async fn known(&mut self) -> Result<Option<Vec<KnownProject>>, Self::Interruption> {
        self.call("known").map(|()| Some(Vec::new()))
    }
}

struct EndsAtAccount;

impl Hooks for EndsAtAccount {
    type Interruption = &'static str;

    const ENDS_AT_ACCOUNT: bool = true;

    async fn renew(&mut self) -> Result<Renewal, Self::Interruption> {
        Ok(Renewal::Needless)
    }
}

fn stopped<S>(after: ConditionType, error: Option<&str>) -> (Option<ConditionType>, Option<String>, Option<S>) {
    (Some(after), error.map(str::to_owned), None)
}

/// An end in short: after which condition, for which kind of error, by which hook.
fn short<S: Copy>(end: &End<S>) -> (Option<ConditionType>, Option<String>, Option<S>) {
    match end {
        End::Complete => (None, None, None),
        End::Stopped(stop) => stopped(stop.after, stop.error.as_ref().map(JiraError::as_str)),
        End::Interrupted(by) => (None, None, Some(*by)),
    }
}

const LIMITED: Option<&str> = Some("rate_limited");
const REFUSED: Option<&str> = Some("unauthorized");
const DOWN: Option<&str> = Some("unavailable");
const LACKS_USER: &str = r#"[{"id": "c1", "url": "https://acme.atlassian.net", "scopes": ["read:jira-work"]}]"#;
const LACKS_WORK: &str = r#"[{"id": "c1", "url": "https://acme.atlassian.net", "scopes": ["read:jira-user"]}]"#;
const CUSTOMER: &str = r#"{"accountId": "qm:1", "accountType": "customer"}"#;

#[tokio::test]
async fn an_answer_ends_what_it_makes_pointless() {
    let healthy = |calls: usize| HEALTHY.get(..calls).unwrap().to_vec();
    let table: Vec<(Faults, _, &[&str], Vec<&str>)> = vec![
        (&[], (None, None, None), &["accepted", "known"], healthy(8)),
        (
            &[("tenant_info", NotFound), (SITES, Other("[]"))],
            stopped(SiteReachable, None),
            &["refused"],
            healthy(1),
        ),
        (&[(SITES, Quota)], stopped(SiteReachable, LIMITED), &[], healthy(1)),
        (
            &[("tenant_info", Quota), (SITES, Other("[]"))],
            stopped(SiteReachable, LIMITED),
            &[],
            healthy(1),
        ),
        (
            &[(SITES, Refused), (SITES, Refused)],
            stopped(SiteReachable, REFUSED),
            &["renew"],
            vec![SITES, SITES],
        ),
        (
            &[(SITES, Other(LACKS_USER))],
            stopped(ScopesGranted, None),
            &[],
            healthy(1),
        ),
        (&[("myself", Quota)], stopped(AccountEligible, LIMITED), &[], healthy(2)),
        (&[("myself", Down)], stopped(AccountEligible, DOWN), &[], healthy(2)),
        (&[("myself", Scopes)], stopped(ScopesGranted, None), &[], healthy(2)),
        (
            &[("myself", Refused), ("myself", Refused)],
            stopped(AccountEligible, None),
            &["renew", "refused"],
            vec![SITES, "myself", "myself"],
        ),
        (
            &[("myself", Other(CUSTOMER))],
            stopped(AccountEligible, None),
            &["refused"],
            healthy(2),
        ),
        (
            &[(SITES, Other(LACKS_WORK))],
            stopped(ScopesGranted, None),
            &["accepted"],
            healthy(2),
        ),
        (
            &[("search", Quota)],
            stopped(ProjectsAccessible, LIMITED),
            &["accepted", "known"],
            healthy(3),
        ),
        (
            &[("search", Refused)],
            stopped(ProjectsAccessible, REFUSED),
            &["accepted", "known"],
            healthy(3),
        ),
        (
            &[("check", Scopes)],
            stopped(ScopesGranted, None),
            &["accepted", "known"],
            healthy(4),
        ),
        (
            &[("check", Down)],
            stopped(ProjectsAccessible, DOWN),
            &["accepted", "known"],
            healthy(4),
        ),
        (
            &[("requesttype", Quota)],
            stopped(ProjectsAccessible, LIMITED),
            &["accepted", "known"],
            healthy(5),
        ),
        (
            &[("article", Quota)],
            stopped(ProjectsAccessible, LIMITED),
            &["accepted", "known"],
            healthy(7),
        ),
        (
            &[("bulk", Quota)],
            stopped(ProjectsAccessible, LIMITED),
            &["accepted", "known"],
            healthy(8),
        ),
    ];
    for (index, (faults, end, called, calls)) in table.into_iter().enumerate() {
        let (site, client) = ScriptedSite::with(faults).await;
        let mut caller = Caller::default();
        let examined = examine(&client, asked(), &mut caller).await;
        assert_eq!(short(&examined.end), end, "row {index}");
        assert_eq!(caller.called, called, "row {index}");
        assert_eq!(site.calls(), calls, "row {index}");
    }
}

#[tokio::test]
async fn a_question_is_asked_again_with_a_renewed_token() {
    let table: [(&str, Faults); 2] = [(SITES, &[(SITES, Refused)]), ("myself", &[("myself", Refused)])];
    for (call, faults) in table {
        let (site, client) = ScriptedSite::with(faults).await;
        let mut caller = Caller::default();
        let examined = examine(&client, asked(), &mut caller).await;
        assert_eq!(short(&examined.end), (None, None, None), "{call}");
        assert_eq!(caller.called, ["renew", "accepted", "known"], "{call}");
        assert_eq!(site.calls().len(), HEALTHY.len() + 1, "{call}");
    }
}

#[tokio::test]
async fn a_caller_ends_it_at_any_of_its_hooks() {
    let table: &[(Faults, &str, usize)] = &[
        (&[(SITES, Refused)], "renew", 1),
        (&[("myself", Refused)], "renew", 2),
        (&[(SITES, Other("[]"))], "refused", 1),
        (&[("myself", Other(CUSTOMER))], "refused", 2),
        (&[], "accepted", 2),
        (&[], "known", 2),
    ];
    for (faults, hook, calls) in table {
        let (site, client) = ScriptedSite::with(faults).await;
        let mut caller = Caller {
            ends_at: hook,
            ..Caller::default()
        };
        let examined = examine(&client, asked(), &mut caller).await;
        assert_eq!(short(&examined.end), (None, None, Some(*hook)));
        assert_eq!(site.calls().len(), *calls, "{hook}");
    }
}

/// Who cannot renew a token asks the list of sites whether it is the token that was refused.
#[tokio::test]
async fn a_401_of_the_account_is_told_from_one_of_the_token() {
    let reasons = |evidence: &Evidence| -> Vec<Reason> {
        let found = judge(evidence).integration;
        found.into_iter().map(|finding| finding.reason).collect()
    };
    let (site, client) = ScriptedSite::with(&[("myself", Refused)]).await;
    let examined = examine(&client, asked(), &mut ReadOnly).await;
    assert_eq!(site.calls(), [SITES, "myself", SITES]);
    let found = reasons(&examined.evidence);
    assert!(found.contains(&Reason::NoProductAccess), "{found:?}");
    let (_, client) = ScriptedSite::with(&[("myself", Refused), (SITES, Nothing), (SITES, Refused)]).await;
    let examined = examine(&client, asked(), &mut ReadOnly).await;
    let found = reasons(&examined.evidence);
    assert_eq!(found.first(), Some(&Reason::SiteUnavailable), "{found:?}");
    let (site, client) = ScriptedSite::with(&[("myself", Refused)]).await;
    let examined = examine(&client, asked(), &mut EndsAtAccount).await;
    assert_eq!(site.calls(), [SITES, "myself"], "a new token needs no proof");
    assert!(reasons(&examined.evidence).contains(&Reason::NoProductAccess));
}

#[tokio::test]
async fn a_consent_ends_with_the_account() {
    let (site, client) = ScriptedSite::with(&[]).await;
    let examined = examine(&client, asked(), &mut EndsAtAccount).await;
    assert_eq!(short(&examined.end), (None, None, None));
    assert_eq!(site.calls(), [SITES, "myself"]);
    assert!(examined.judged.findings.iter().all(Finding::is_true));
}

/// A call that the scopes do not cover leaves the desks unknown, and what else surrounds the projects is asked.
#[tokio::test]
async fn a_call_about_desks_that_the_scopes_do_not_cover_ends_nothing() {
    let (site, client) = ScriptedSite::with(&[("requesttype", Scopes)]).await;
    let examined = examine(&client, asked(), &mut ReadOnly).await;
    assert_eq!(examined.end, End::Complete);
    assert_eq!(
        site.calls(),
        [SITES, "myself", "search", "check", "requesttype", "bulk"]
    );
    let scopes = examined.judged.finding(ScopesGranted).map(|finding| finding.reason);
    assert_eq!(scopes, Some(Reason::ScopesMissing));
    assert!(examined.evidence.desks.is_none() && examined.evidence.directory.is_some());
}
