//! Keeping what workloads mount as it should be without asking Jira: what may be published on the word of an
//! earlier check, and what may not.

use super::{
    Run,
    token::{TokenStep, publish, retract},
};
use crate::{
    api::{
        condition::{
            ConditionType::{AccountEligible, SiteReachable},
            Finding, is_true,
        },
        integration::{AccountStatus, ExpectedAccount},
        reason::Reason,
    },
    controller::integration::observe::ObservedState,
    diagnose::judge,
    grant::{ActiveGrant, publish::TokenSecretState},
};

/// What is known of the account for a `spec.account` that was not compared with it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    /// It is the one, or was judged for this very `spec.account`.
    Same,
    /// It is another one: its id never changes.
    Another,
    /// Only Jira knows.
    Open,
}

/// What keeping the token as it should be led to.
#[derive(Debug, Default)]
pub struct Upkeep {
    /// What is said of the account.
    pub finding: Option<Finding>,
    /// What happened to the token.
    pub token: TokenStep,
    /// Another grant was adopted since the last judgement: it is judged once Jira may be asked again.
    pub is_unjudged: bool,
}

/// Whether a grant was adopted since the last judgement: it is judged before its token is published.
#[must_use]
pub fn is_another_grant(observed: &ObservedState, grant: &ActiveGrant) -> bool {
    let judged = observed
        .published
        .lineage()
        .or_else(|| observed.local.judged.lineage.clone());
    judged != grant.lineage
}

/// Whether the status and the Secret for workloads contradict each other: the token was taken back, and the
/// status that said why was never written, because the write failed or the process died. Then nothing is
/// believed of the account until it is checked again.
#[must_use]
pub fn doubt(observed: &ObservedState) -> Option<Finding> {
    let emptied = matches!(observed.published, TokenSecretState::Own(_)) && !observed.published.has_token();
    let what = "The access token was taken back, and why is not written down; it is looked at again.";
    (emptied && is_eligible(observed)).then(|| Finding::new(AccountEligible, Reason::NotChecked, what.to_owned()))
}

/// Keeps what workloads mount as it should be, without asking Jira anything.
pub async fn keep(run: Run<'_>, grant: &ActiveGrant) -> Upkeep {
    let observed = run.observed;
    if is_another_grant(observed, grant) {
        return Upkeep {
            is_unjudged: true,
            ..Upkeep::default()
        };
    }
    match comparison(observed) {
        Comparison::Same => {}
        Comparison::Another => {
            let known = observed.status.account.clone().unwrap_or_default();
            let expected = observed.integration.spec.account.as_ref();
            return Upkeep {
                finding: expected.map(|expected| judge::account::another_than(expected, &known)),
                token: retract(run, grant.lineage.as_ref()).await,
                ..Upkeep::default()
            };
        }
        Comparison::Open => {
            let what = "spec.account was changed; the account is compared with it once Jira may be asked again.";
            return Upkeep {
                finding: Some(Finding::new(AccountEligible, Reason::NotChecked, what.to_owned())),
                ..Upkeep::default()
            };
        }
    }
    let is_believed = is_eligible(observed) && !observed.local.status.is_stale;
    let token = match &observed.status.site {
        Some(site) if may_publish(&observed.published, is_believed) => publish(run, grant, site).await,
        _ => TokenStep::default(),
    };
    Upkeep {
        token,
        ..Upkeep::default()
    }
}

/// How the account stands to a `spec.account` that was changed while Jira must not be asked.
fn comparison(observed: &ObservedState) -> Comparison {
    let judged = observed.local.judged.account.as_ref() == Some(&observed.expected_account());
    if judged || !observed.inputs().is_new_generation() {
        return Comparison::Same;
    }
    compare(
        observed.integration.spec.account.as_ref(),
        observed.status.account.as_ref(),
    )
}

/// Whether a token may be published after an earlier check, which called the account eligible or did not:
/// onto a token that is there, or onto nothing; never into a Secret from which it was taken back.
fn may_publish(published: &TokenSecretState, is_believed: bool) -> bool {
    match published {
        TokenSecretState::Own(_) => published.has_token(),
        TokenSecretState::Nothing | TokenSecretState::Foreign => is_believed,
    }
}

fn is_eligible(observed: &ObservedState) -> bool {
    [SiteReachable, AccountEligible]
        .iter()
        .all(|condition| is_true(&observed.status.conditions, *condition))
}

fn compare(expected: Option<&ExpectedAccount>, known: Option<&AccountStatus>) -> Comparison {
    let Some(expected) = expected else {
        return Comparison::Same;
    };
    match (&expected.account_id, known) {
        (Some(id), Some(known)) if *id == known.account_id => Comparison::Same,
        (Some(_), Some(known)) if !known.account_id.is_empty() => Comparison::Another,
        _ => Comparison::Open,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{ByteString, api::core::v1::Secret};

    use super::*;

    #[test]
    fn a_token_that_was_taken_back_is_not_published_on_the_word_of_an_earlier_look() {
        let own = |keys: &[&str]| {
            let data = keys.iter().map(|key| ((*key).to_owned(), ByteString(Vec::new())));
            TokenSecretState::Own(Box::new(Secret {
                data: Some(data.collect()),
                ..Secret::default()
            }))
        };
        for is_believed in [true, false] {
            assert!(may_publish(&own(&["access-token"]), is_believed), "it is kept fresh");
            assert!(!may_publish(&own(&[]), is_believed));
            assert_eq!(may_publish(&TokenSecretState::Nothing, is_believed), is_believed);
        }
    }

    #[test]
    fn an_account_is_compared_by_its_id_alone_where_jira_cannot_be_asked() {
        let expected = |id: Option<&str>, email: Option<&str>| ExpectedAccount {
            email: email.map(str::to_owned),
            account_id: id.map(str::to_owned),
        };
        let known = AccountStatus {
            account_id: "5b10".into(),
            ..AccountStatus::default()
        };
        let by_id = |id| compare(Some(&expected(Some(id), Some("a@acme.example"))), Some(&known));
        assert_eq!(by_id("5b10"), Comparison::Same);
        assert_eq!(by_id("712020:x"), Comparison::Another);
        let by_email = expected(None, Some("a@acme.example"));
        assert_eq!(compare(Some(&by_email), Some(&known)), Comparison::Open);
        assert_eq!(compare(Some(&expected(Some("5b10"), None)), None), Comparison::Open);
        assert_eq!(compare(None, Some(&known)), Comparison::Same);
    }
}
