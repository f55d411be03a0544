//! Keeping what workloads mount as it should be without asking Jira: what may be published on the word of an
//! earlier look, and what may not.

use super::{observe::ObservedState, outcome::StepError, pass::Pass};
use crate::{
    api::{
        condition::{
            ConditionType::{AccountEligible, SiteReachable},
            Finding, is_true,
        },
        integration::{AccountStatus, ExpectedAccount},
        reason::Reason,
    },
    diagnose::judge,
    grant::{active::ActiveGrant, publish::TokenSecretState},
};

/// What is known of the account for a `spec.account` that was not compared with it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    /// It is the one, or was judged for this very `spec.account`.
    Same,
    /// It is another one: its id never changes.
    Another,
    /// Only Jira can tell.
    Open,
}

impl Pass<'_> {
    /// A grant that was adopted since the last judgement is judged before its token is published.
    pub(super) fn is_another_grant(&self, held: &ActiveGrant) -> bool {
        let judged = self
            .observed
            .published
            .lineage()
            .or_else(|| self.observed.local.lineage.clone());
        judged != held.lineage
    }

    /// Whether the status and the Secret for workloads contradict each other: the token was taken back, and the
    /// status that said why was never written, because the write failed or the process died. Then nothing is
    /// believed of the account until it is looked at again.
    pub(super) fn doubts_the_status(&mut self) -> bool {
        let emptied =
            matches!(self.observed.published, TokenSecretState::Own(_)) && !self.observed.published.has_token();
        let doubtful = emptied && is_eligible(self.observed);
        if doubtful {
            let what = "The access token was taken back, and why is not written down; it is looked at again.";
            self.outcome
                .note(Finding::new(AccountEligible, Reason::NotChecked, what.to_owned()));
        }
        doubtful
    }

    /// Keeps what workloads mount as it should be, without asking Jira anything.
    pub(super) async fn refresh(&mut self, held: &ActiveGrant) -> Result<(), StepError> {
        if self.is_another_grant(held) {
            // Judged, and published, once Jira may be asked again.
            self.outcome.lineage.clone_from(&self.observed.local.lineage);
            return Ok(());
        }
        match self.comparison() {
            Comparison::Same => {}
            Comparison::Another => return self.refuse_account().await,
            Comparison::Open => {
                let what = "spec.account was changed; the account is compared with it once Jira may be asked again.";
                self.outcome
                    .note(Finding::new(AccountEligible, Reason::NotChecked, what.to_owned()));
                return Ok(());
            }
        }
        let is_believed = is_eligible(self.observed) && !self.observed.local.unwritten;
        match &self.observed.status.site {
            Some(site) if may_publish(&self.observed.published, is_believed) => self.publish(held, &site.clone()).await,
            _ => Ok(()),
        }
    }

    /// How the account stands to a `spec.account` that was changed while Jira must not be asked.
    fn comparison(&self) -> Comparison {
        let expected = self.observed.integration.spec.account.as_ref();
        let judged = self.observed.local.judged_for.as_ref() == Some(&self.observed.expected_account());
        if judged || !self.observed.asked().is_new_generation() {
            return Comparison::Same;
        }
        compare(expected, self.observed.status.account.as_ref())
    }

    async fn refuse_account(&mut self) -> Result<(), StepError> {
        let known = self.observed.status.account.clone().unwrap_or_default();
        if let Some(expected) = &self.observed.integration.spec.account {
            self.outcome.note(judge::account::another_than(expected, &known));
        }
        self.retract().await
    }
}

/// Whether a token may be published on the word of an earlier look, which called the account eligible or did not:
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
