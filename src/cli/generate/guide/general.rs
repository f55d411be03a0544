//! Reasons of conditions that were not looked at.

use super::Guide;

pub(super) static NOT_CHECKED: Guide = Guide {
    found: "Nothing was asked yet, so nothing is known. On a JiraProject it says that Jira did not answer about the service desk.",
    apart: &[
        "*Suspended*: `spec.suspend` is true; the message of `Ready` says since when.",
        "*Its turn comes*: the integration is new, or another process of the operator is refreshing the grant; the message says until when it waits.",
    ],
    mend: &[
        "Wait a minute, or set `spec.suspend` to false. If it lasts, see whether the operator runs and watches the namespace: `kubectl get pods -A -l app.kubernetes.io/name=jira-operator`.",
    ],
    operator: "It looks as soon as it may.",
    terms: &["Unknown", "suspended"],
};

/// They differ in the condition that comes before.
macro_rules! skipped_after {
    ($name:ident, $condition:literal, $why:literal) => {
        pub(super) static $name: Guide = Guide {
            found: concat!(
                "`",
                $condition,
                "` is not True, and ",
                $why,
                ". So it was not asked."
            ),
            apart: &[concat!(
                "It is a consequence: the cause is the reason of `",
                $condition,
                "`."
            )],
            mend: &["This one goes with it."],
            operator: "It asks as soon as that condition is True.",
            terms: &[],
        };
    };
}

skipped_after!(
    SKIPPED_AFTER_AUTHORIZED,
    "Authorized",
    "without a token Jira answers nothing"
);
skipped_after!(
    SKIPPED_AFTER_SITE_REACHABLE,
    "SiteReachable",
    "without the right site there is nobody to ask"
);
skipped_after!(
    SKIPPED_AFTER_SCOPES_GRANTED,
    "ScopesGranted",
    "Jira would refuse the question for the scope that is lacking"
);
skipped_after!(
    SKIPPED_AFTER_ACCOUNT_ELIGIBLE,
    "AccountEligible",
    "what another account would be told says nothing"
);
skipped_after!(
    SKIPPED_AFTER_ACCESSIBLE,
    "Accessible",
    "of a project that cannot be accessed nothing more can be asked"
);
