//! The head of `docs/troubleshooting.md`: where to begin, and from what people see to the reasons.

use std::fmt::Write as _;

use crate::{
    api::{ready::RULE, reason::Reason},
    diagnose::judge::person::PersonReason,
};

/// What people see, and the reasons that it may have, in the order of the steps.
const SYMPTOMS: &[(&str, &[Reason])] = &[
    (
        "The connection fails",
        &[
            Reason::CredentialsNotFound,
            Reason::CredentialsIncomplete,
            Reason::NotConnected,
            Reason::ClientSecretRejected,
            Reason::ReconnectRequired,
            Reason::GrantSharedElsewhere,
            Reason::AuthServerUnavailable,
            Reason::SiteNotAllowed,
            Reason::SiteNotFound,
            Reason::SiteNotGranted,
            Reason::SiteChanged,
            Reason::SiteUnavailable,
            Reason::WrongAccount,
            Reason::ManagedServiceAccount,
            Reason::AppAccount,
            Reason::PortalCustomerAccount,
            Reason::AccountInactive,
            Reason::NoProductAccess,
            Reason::EmailChanged,
            Reason::EmailHidden,
        ],
    ),
    (
        "Workloads find no token, or an old one",
        &[
            Reason::SecretNameTaken,
            Reason::SecretNotWritable,
            Reason::OfflineAccessMissing,
        ],
    ),
    (
        "Projects do not appear",
        &[
            Reason::NoProjectsVisible,
            Reason::AllProjectsBlocked,
            Reason::SomeProjectsBlocked,
            Reason::ProjectNotVisible,
            Reason::BrowseDenied,
            Reason::ProjectArchived,
            Reason::ProjectInTrash,
            Reason::ProjectKeyRenamed,
        ],
    ),
    (
        "Request types or forms do not load",
        &[
            Reason::NotAnAgent,
            Reason::NoRequestTypes,
            Reason::RequestTypesHidden,
            Reason::RequestTypesRestricted,
            Reason::RequestTypesNotCreatable,
            Reason::ServiceDeskMissing,
            Reason::SomeServiceDesksBlocked,
        ],
    ),
    (
        "Permission errors",
        &[
            Reason::ScopesMissing,
            Reason::SiteNotGranted,
            Reason::CreateDenied,
            Reason::EditDenied,
            Reason::CommentDenied,
            Reason::InternalCommentDenied,
            Reason::TransitionDenied,
            Reason::AssignDenied,
            Reason::ReporterChangeDenied,
        ],
    ),
    (
        "People are not found",
        &[
            Reason::UserBrowsingDenied,
            Reason::PinnedUserNotFound,
            Reason::PinnedUserInactive,
        ],
    ),
    (
        "Knowledge base articles do not load",
        &[Reason::KnowledgeBaseUnreadable],
    ),
    ("Issues are missing", &[Reason::MirrorTruncated, Reason::JqlInvalid]),
    (
        "Data looks old, or a status is wrong",
        &[
            Reason::QuotaExhausted,
            Reason::IntervalStretched,
            Reason::SyncFailed,
            Reason::SyncPartial,
            Reason::NeverSynced,
            Reason::UnknownStatuses,
            Reason::AmbiguousMapping,
        ],
    ),
];

const HEAD: &str = "# Troubleshooting

Every reason that a condition can carry has a heading here, of the same name: what it means, how it was found out, how to mend it. Written
by `jira-operator crds --generate`; do not edit.

## Start here

```sh
kubectl get jira -n NAMESPACE                         # integrations and projects, each with Ready and its reason
kubectl describe jiraintegration NAME -n NAMESPACE    # every condition with its message, and what happened when
jira-operator check NAME -n NAMESPACE                 # looks now, and groups what it finds
jira-operator check -f manifest.yaml                  # reads manifests, before anything is installed
jira-operator explain REASON                          # what this page says of a reason, in the terminal
```

A message names the thing at fault and the next step. Search this page for its reason.

";

const READY: &str = "
### How to read Ready, Reconciling and Stalled

| condition | says |
|---|---|
| `Ready` True | everything that matters is in order; what is not, and holds nothing back, is named in the message |
| `Ready` False | something is wrong for certain. The reason is the first cause in the order of the steps; the message names the others after *Also* |
| `Ready` Unknown | nothing is known to be wrong, and something could not be asked: an outage, or not looked at yet |
| `Reconciling` | the operator tries again by itself; or, with the reason [Synchronising](#synchronising), issues are fetched for the first time or anew |
| `Stalled` | a person has to act, at Atlassian or in the spec |

RULE

`Reconciling` and `Stalled` are there only while they are True. With neither, and `Ready` not True, an object in the cluster is awaited, such as a
Secret, or a clock. The steps are: Authorized, SiteReachable, ScopesGranted, AccountEligible, ProjectsAccessible, and what surrounds the projects. A
step that fails makes those behind it pointless: they are Unknown and say [which one they wait for](#not-looked-at). Mend the first.

`Unknown` is no polite *False*. It means that no answer of Jira's proves anything, and nothing is claimed that was not proved. Where Jira
answers alike for several causes there is one reason, and its part here helps to tell them apart.

### What the operator does by itself

- It refreshes the access token well before it expires, stores the new refresh token before anything uses it, and never spends one twice.
- It looks again on each interval (`spec.syncInterval`) at permissions, and at what is not True and the spec names; every 30 minutes at everything. What was mended in Jira heals by
  itself; to have it at once: `kubectl annotate jiraintegration NAME -n NAMESPACE --overwrite jira-operator.dev/requestedAt=\"$(date +%s)\"`.
- One blocked project stops no other, and one that Jira does not answer about keeps its last answer. While projects cannot be looked at, in an outage as well as without a working grant, the right site and the
  right account, JiraProjects keep their last answer: their `Ready` says then what was found last, and not what is. `ProjectsAccessible` of the
  integration is Unknown meanwhile, and `jira-operator check` says that they *were* fine.
- It removes the access token that workloads mount when the site or the account turns out to be the wrong one, and leaves it in an outage.
- It changes nothing in Jira to mend itself: no role, no permission, no setting.
- Each change for better or worse is one event on the object.

### Jira's words

Atlassian renames things in stages, so your site may show either. The API keeps the old names, and so do this page's headings.

| today | earlier, and in the API |
|---|---|
| space, *Space settings* | project, *Project settings* |
| work item, work type | issue, issue type |
| app, app access (Jira, Jira Service Management, Confluence) | product, product access, application access, licence, seat |
| company-managed | classic |
| team-managed | next-gen, simplified |
| Jira Service Management, service space | JIRA Service Desk, service project, service desk |
| access to Jira Service Management as *User (Agent)* or *Agent* | agent licence; the groups `jira-servicemanagement-users-SITE`, `jira-servicedesk-users`, `service-desk-agents` |
| *Browse spaces*, *Create work items*, *Edit work items* … | *Browse Projects*, *Create Issues*, *Edit Issues* … |
";

/// The head of the page.
pub(super) fn text() -> String {
    let mut text = format!("{HEAD}| what you see | likely reasons |\n|---|---|\n");
    let link = |name: &str| format!("[{name}](#{})", name.to_lowercase());
    for (symptom, reasons) in SYMPTOMS {
        let links: Vec<String> = reasons.iter().map(|reason| link(reason.as_str())).collect();
        let _ = writeln!(text, "| {symptom} | {} |", links.join(" · "));
    }
    let people = PersonReason::ALL.iter().filter(|reason| !reason.remedy().is_empty());
    let links: Vec<String> = people.map(|reason| link(reason.as_str())).collect();
    let _ = writeln!(
        text,
        "| [A ticket for a person fails](#a-ticket-for-a-person-fails) | {} |",
        links.join(" · ")
    );
    text.push_str(&READY.replace("RULE", RULE));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_found_from_what_people_see() {
        let causes = Reason::ALL
            .iter()
            .filter(|r| !r.entry().remedy.is_empty() && !r.is_consequence());
        for reason in causes {
            let found = SYMPTOMS.iter().any(|(_, reasons)| reasons.contains(reason));
            assert!(found, "{reason} is in no row of the table of symptoms");
        }
    }
}
