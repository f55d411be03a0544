//! The table of reasons, in the order of the steps. Those of tickets stand in `ticket_rows.rs`.

use super::entry::{
    Blocks::{NamedProjects, Nothing, Project},
    Disposition, Entry, Holds,
    Recheck::Incremental,
};
use crate::api::condition_type::ConditionType::{
    Accessible, AccountEligible, Authorized, CommentsSent, Created, DirectoryReadable, FieldsApplied, PeopleMatched,
    Permitted, PhaseReached, ProjectsAccessible, Ready, ScopesGranted, ServiceDeskReady, ServiceDesksReady,
    SiteReachable, StatusMappingValid, Synced, Valid,
};

macro_rules! reasons {
    ($($name:ident [$($condition:ident),+] $holds:ident $disposition:ident $({$($column:ident: $value:expr),+})?: $meaning:literal, $cause:literal, $remedy:literal;)+) => {
        /// A condition's reason. The names are API: they never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $meaning] $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the steps.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The reason as conditions print it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name),)+ }
            }

            /// What the table says of this reason.
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                match self {
                    $(Reason::$name => const { &Entry {
                        $($($column: $value,)+)?
                        ..Entry::of(
                            &[$($condition),+],
                            Holds::$holds,
                            Disposition::$disposition,
                            [$meaning, $cause, $remedy],
                        )
                    } },)+
                }
            }
        }
    };
}

with_ticket_rows! { reasons! {
    // Authorized
    TokenFresh [Authorized] True Fine:
        "The grant works and a valid access token is stored.", "", "";
    CredentialsNotFound [Authorized] False Wait:
        "The Secret that spec.secretRef names does not exist in this namespace.",
        "It was not created yet, was deleted, or the name is mistyped.",
        "Create the Secret with the keys client-id and client-secret; it is noticed at once.";
    CredentialsIncomplete [Authorized] False Wait:
        "The Secret that spec.secretRef names lacks a key, or a key's value is empty or not text.",
        "A key is missing or misspelt, or a value was encoded twice or not at all.",
        "Put the OAuth app's client-id and client-secret into the Secret as text; it is noticed at once.";
    NotConnected [Authorized] False Stalled {needs_consent: true}:
        "No grant is stored for this OAuth app, so nobody has connected it yet.",
        "Nobody ever consented, the refresh token supplied was used before, client-id was changed, or it was disconnected on request.",
        "Connect with the dedicated account: open status.authorizationURL, if it is there, or run jira-operator connect.";
    ClientSecretRejected [Authorized] False Stalled:
        "Atlassian's token endpoint refused the client secret. The grant itself is intact.",
        "client-secret is wrong, was rotated in the developer console, or belongs to another app.",
        "Copy the secret from the app's settings in the developer console into client-secret; connecting again would not help.";
    ReconnectRequired [Authorized] False Stalled {needs_consent: true}:
        "Atlassian refused the refresh token, so the grant is dead.",
        "The app was revoked under the account's connected apps, its password was changed, the account was deactivated, the grant was unused for 90 days, or another copy of the token was used.",
        "Connect again with the dedicated account: open status.authorizationURL, if it is there, or run jira-operator connect.";
    OfflineAccessMissing [Authorized] True Fine:
        "Atlassian answered a refresh without a new refresh token; the old one is kept.",
        "offline_access was not among the scopes asked for.",
        "Connect again with offline_access among the scopes.";
    GrantSharedElsewhere [Authorized] False Stalled {needs_consent: true}:
        "This grant is a copy of one that is used elsewhere. It is never used, because two users of one rotating token end each other's grant.",
        "The grant Secret was restored from a backup or copied, or one refresh token was put into two Secrets.",
        "Connect this one anew: open status.authorizationURL, if it is there, or run jira-operator connect.";
    SecretNotWritable [Authorized] Unknown Retry:
        "A Secret of the operator could not be written, so no token is exchanged until it can.",
        "The API server is down or refuses the write: RBAC, quota, or an admission policy.",
        "Look at what the message says the API server answered; it is tried again by itself.";
    SecretNameTaken [Authorized] False Wait:
        "A Secret that is not this integration's already has the name for the access token; it is left untouched.",
        "spec.tokenSecretName names a Secret of somebody else, or two integrations name the same one.",
        "Choose another spec.tokenSecretName, or delete that Secret; it is noticed at once.";
    AuthServerUnavailable [Authorized] Unknown Retry:
        "Atlassian's token endpoint did not answer properly, and the stored access token has expired.",
        "An outage at Atlassian; the cluster cannot reach auth.atlassian.com; or, where the message names an error code, Atlassian objects to the request itself.",
        "It is tried again by itself: after an outage nothing needs to be connected again. If it lasts, mind an error code in the message, or check the cluster's way out to the internet.";
    // SiteReachable
    SiteFound [SiteReachable] True Fine:
        "The site exists and the grant reaches it.", "", "";
    SiteNotAllowed [SiteReachable] False Stalled:
        "spec.site is not a host that the operator may talk to; no request was sent.",
        "It is an IP address, has a port, or is not under *.atlassian.net, *.jira.com or a suffix allowed by --allow-site-suffix.",
        "Set spec.site to the Jira Cloud site's address, such as https://your-site.atlassian.net.";
    SiteNotFound [SiteReachable] False Stalled:
        "No Jira Cloud site answers under spec.site.",
        "The name is mistyped, or the site was renamed or deleted.",
        "Correct spec.site to the address shown in the browser when you use Jira.";
    SiteNotGranted [SiteReachable] False Stalled {needs_consent: true}:
        "The site exists, but the grant does not reach it.",
        "Another site was chosen on the consent screen, the scopes are not Jira's, the account has no product access, or the site blocks the app.",
        "Connect again with the dedicated account and choose this site, or correct spec.site.";
    SiteChanged [SiteReachable] False Stalled:
        "spec.site now leads to another site than the one this integration is bound to, so nothing is touched.",
        "spec.site was changed to another site, or the site was deleted and its name taken by another.",
        "Set spec.site back, or delete this JiraIntegration and create it anew for the other site.";
    SiteUnavailable [SiteReachable, AccountEligible, ProjectsAccessible, DirectoryReadable, ServiceDesksReady, StatusMappingValid, Synced] Unknown Retry:
        "Jira did not answer properly, so it is not known.",
        "An outage at Atlassian, or the cluster cannot reach it.",
        "It is tried again by itself. If it lasts, check status.atlassian.com and the cluster's way out to the internet.";
    // ScopesGranted
    AllScopesGranted [ScopesGranted] True Fine:
        "The grant has every scope that the spec needs.", "", "";
    ScopesMissing [ScopesGranted] False Stalled {needs_consent: true}:
        "The grant lacks classic scopes that the spec needs.",
        "The scope is not among the app's permissions in the developer console, or was added after the consent.",
        "Add the scope to the app in the developer console, then connect again: a scope added later does not reach an existing grant.";
    // AccountEligible
    StandardAccount [AccountEligible] True Fine:
        "The grant belongs to an active account with access to the site, and to none of a kind that cannot hold one.", "", "";
    WrongAccount [AccountEligible] False Stalled {needs_consent: true}:
        "The grant belongs to another account than spec.account. Its token is not published.",
        "Somebody connected while logged in with their own account.",
        "Connect again in a private browser window, logged in as the account that spec.account names.";
    ManagedServiceAccount [AccountEligible] False Stalled {needs_consent: true}:
        "The grant belongs to a managed service account, which cannot hold an OAuth 2.0 (3LO) grant.",
        "An account made under Service accounts in Atlassian Administration was used.",
        "Use an ordinary Atlassian account of its own for the operator and connect with that.";
    AppAccount [AccountEligible] False Stalled {needs_consent: true}:
        "The grant belongs to an app's account, not to a person-type account.",
        "The token was made for an app or an agent.",
        "Use an ordinary Atlassian account of its own for the operator and connect with that.";
    PortalCustomerAccount [AccountEligible] False Stalled {needs_consent: true}:
        "The grant belongs to a customer account that can only use the service portal.",
        "The account was invited as a portal customer and has no Jira licence.",
        "Give the account product access to Jira, or connect with an account that has it.";
    AccountInactive [AccountEligible] False Stalled {needs_consent: true}:
        "The account that the grant belongs to is deactivated.",
        "An administrator deactivated the account.",
        "Reactivate the account in Atlassian Administration, or connect with another one.";
    NoProductAccess [AccountEligible] False Stalled:
        "The token is good and the site is granted, but Jira refuses the account.",
        "The account has no product access to Jira on this site, or the site restricts it.",
        "Give the account access to Jira in Atlassian Administration under Users.";
    EmailChanged [AccountEligible] Unknown Stalled:
        "The account is the one that was accepted before, but its e-mail address is no longer the one in spec.account.email.",
        "The address of the account was changed at Atlassian, together with the company's domain for example.",
        "Set spec.account.email to the new address, or spec.account.accountId, which never changes.";
    EmailHidden [AccountEligible] Unknown Stalled:
        "Jira does not show the account's e-mail address, so it cannot be compared with spec.account.email.",
        "The account's profile visibility hides its e-mail address.",
        "Set spec.account.accountId to the account's id, or make its e-mail address visible.";
    // ProjectsAccessible
    AllProjectsAccessible [ProjectsAccessible] True Fine:
        "Every project in scope can be used.", "", "";
    NoProjectsVisible [ProjectsAccessible] False Stalled:
        "The account sees no live project on the site.",
        "The account was added to no project, the site has none, or all are archived.",
        "Add the account to the projects' roles in Jira.";
    AllProjectsBlocked [ProjectsAccessible] False Stalled {recheck: Incremental}:
        "None of the projects in scope can be read or, in the mode Enforce, written to.",
        "See the JiraProject objects: each says what it lacks.",
        "Fix what the JiraProject objects name: kubectl get jiraprojects.";
    SomeProjectsBlocked [ProjectsAccessible] False Stalled {blocks: NamedProjects, recheck: Incremental}:
        "Some of the projects in scope cannot be read or, in the mode Enforce, not be written to; the others go on.",
        "See the JiraProject objects: each says what it lacks.",
        "Fix what the JiraProject objects name: kubectl get jiraprojects.";
    // JiraProject
    ProjectVisible [Accessible] True Fine:
        "The account sees the project and may browse it.", "", "";
    ProjectKeyRenamed [Accessible] True Fine:
        "The project's key was changed in Jira; it goes on under its id.",
        "A project administrator changed the key.",
        "Put the new key into spec.projects.";
    ProjectNotVisible [Accessible] False Stalled:
        "Jira shows the account no project with this key.",
        "The account was not added to the project, the project is private or was deleted, or the key is mistyped: Jira answers alike for all of them.",
        "Add the account to the project in Jira, or correct the key in spec.projects.";
    ProjectArchived [Accessible] False Stalled:
        "The project is archived: no search finds its issues, which only their links still open.",
        "An administrator archived it.",
        "Restore it in Jira or remove it from spec.projects.";
    ProjectInTrash [Accessible] False Stalled:
        "The project is in Jira's trash and is deleted for good 60 days after it was moved there.",
        "An administrator moved it to the trash.",
        "Restore it in Jira or remove it from spec.projects.";
    BrowseDenied [Accessible] False Stalled:
        "The project is listed, but its permission scheme does not let the account browse it.",
        "The account administers the project without the Browse projects permission, or sees no more of a service project than its portal.",
        "Grant the account Browse projects: by a role of the project that has it, or in its permission scheme.";
    PermissionsHeld [Permitted] True Fine:
        "The account holds every permission that the spec needs.", "", "";
    CreateDenied [Permitted, Created] False Stalled:
        "The account may not create issues in the project.",
        "Its role lacks Create issues.", "Grant it Create issues in the project's permission scheme.";
    EditDenied [Permitted, FieldsApplied] False Stalled:
        "The account may not edit issues in the project.",
        "Its role lacks Edit issues.", "Grant it Edit issues in the project's permission scheme.";
    CommentDenied [Permitted, CommentsSent] False Stalled:
        "The account may not comment in the project.",
        "Its role lacks Add comments.", "Grant it Add comments in the project's permission scheme.";
    InternalCommentDenied [Permitted] False Stalled:
        "The account is no agent of the service project, so it cannot write internal comments.",
        "It has no Jira Service Management licence or is in no role with Service project agent access.",
        "Give it a Jira Service Management licence and an agent role (often called Service Desk Team) in the project.";
    TransitionDenied [Permitted, PhaseReached] False Stalled:
        "The account may not transition issues in the project.",
        "Its role lacks Transition issues.", "Grant it Transition issues in the project's permission scheme.";
    AssignDenied [Permitted] False Stalled {blocks: Nothing}:
        "The account may not assign issues in the project. They can be read and written all the same.",
        "Its role lacks Assign issues.", "Grant it Assign issues in the project's permission scheme.";
    ReporterChangeDenied [Permitted] False Stalled {blocks: Nothing}:
        "The account may not set the reporter of issues in the project. They can be read and written all the same.",
        "Its role lacks Modify reporter, which many permission schemes give to administrators only.", "Grant it Modify reporter in the project's permission scheme.";
    ServiceDeskUsable [ServiceDeskReady] True Fine:
        "The service desk can be used as the spec needs: where tickets are written the account is its agent and may raise requests, elsewhere it may read them.", "", "";
    ServiceDeskMissing [ServiceDeskReady] False Stalled:
        "The project is a service project, but Jira lists no service desk for it.",
        "The desk was not set up yet, or Jira Service Management was taken from the site.",
        "Open the project in Jira once as its administrator, so that its service desk is set up, and see that the site has Jira Service Management.";
    NotAnAgent [ServiceDeskReady] False Stalled:
        "The account is no agent of the service project.",
        "It has no Jira Service Management licence, or is in no role with Service project agent access; roles may have any name.",
        "Give it Jira Service Management access as User (Agent), and the project role for agents (often called Service Desk Team).";
    NoRequestTypes [ServiceDeskReady] False Stalled:
        "Jira shows the account no request type on the service desk.",
        "None is published, or all are restricted to others: only project administrators see those.",
        "Publish a request type in the project's settings, open one that is restricted, or let the account into the portal.";
    RequestTypesRestricted [ServiceDeskReady] False Stalled:
        "Every request type of the service desk that could be used is restricted.",
        "A project administrator restricted them to certain customers; other accounts do not see them at all.",
        "Open a request type to everybody in the project's settings under Request types.";
    RequestTypesHidden [ServiceDeskReady] False Stalled:
        "Every request type of the service desk that could be used is in no portal group, which hides it.",
        "The request types were taken out of their portal groups.",
        "Put a request type into a portal group in the project's settings under Request types.";
    RequestTypesNotCreatable [ServiceDeskReady] False Stalled:
        "The account may not raise a request of any type on the service desk.",
        "A form requires a field that the account cannot see, the request type's issue type left the project, Customer permissions leave the account out, or it lacks Create issues, of which CreateDenied tells.",
        "Show the required fields, give the type an issue type of the project, or let the account in under Customer permissions.";
    KnowledgeBaseUnreadable [ServiceDesksReady, ServiceDeskReady] False Stalled {blocks: Nothing, recheck: Incremental}:
        "Jira refuses the account the knowledge base's articles. Requests are not affected.",
        "The account has no Confluence access, the knowledge base's permissions leave it out, or the grant lacks a scope for articles.",
        "Give the account Confluence access, or open the knowledge base to all agents; where a scope is wanting, add it to the app and connect again.";
    // DirectoryReadable
    UsersReadable [DirectoryReadable] True Fine:
        "The account may look people up, and every account in spec.users.pinned exists and is active.", "", "";
    UserBrowsingDenied [DirectoryReadable] False Stalled {recheck: Incremental}:
        "The account may not browse users: Jira answers every search for people with an empty list.",
        "The account is in no group with the global permission Browse users and groups.",
        "Grant it Browse users and groups in Jira's global permissions.";
    PinnedUserNotFound [DirectoryReadable] False Stalled {recheck: Incremental}:
        "The site knows no account with an accountId that spec.users.pinned gives.",
        "The accountId is mistyped, or the account was deleted or never had access to the site.",
        "Correct the accountId in spec.users.pinned: it ends the address of the person's profile in Jira.";
    PinnedUserInactive [DirectoryReadable] False Stalled {recheck: Incremental}:
        "An account that spec.users.pinned gives is not active: deactivated, or deleted.",
        "An administrator deactivated the account, or its owner deleted it, which nobody can undo.",
        "Remove the person from spec.users.pinned, or reactivate the account if it was not deleted.";
    // ServiceDesksReady
    AllServiceDesksReady [ServiceDesksReady] True Fine:
        "Every service desk in scope can be used.", "", "";
    SomeServiceDesksBlocked [ServiceDesksReady] False Stalled {recheck: Incremental}:
        "Some of the service desks in scope cannot be used; the others go on.",
        "See the condition ServiceDeskReady of the JiraProject objects.",
        "Fix what the JiraProject objects name: kubectl get jiraprojects.";
    // StatusMappingValid
    MappingMatchesWorkflows [StatusMappingValid] True Fine:
        "Every status that spec.statusMapping names exists in a workflow.", "", "";
    UnknownStatuses [StatusMappingValid] False Stalled {recheck: Incremental}:
        "spec.statusMapping names a status or an issue type that no project has for which the rule holds.",
        "It is mistyped, was renamed, has another name in the language of the account, or belongs to a project that is not in scope.",
        "Correct the name in spec.statusMapping, or name the status by its id, as id:10001.";
    AmbiguousMapping [StatusMappingValid] False Stalled {recheck: Incremental}:
        "Two rules of spec.statusMapping that are equally narrow give one status different phases.",
        "The rules name the same status, and a project and an issue type fit both.",
        "Remove the status from one of the rules, or narrow one by projects or issueTypes.";
    // Synced
    SyncSucceeded [Synced] True Fine:
        "The last synchronisation succeeded.", "", "";
    Synchronising [Synced] True Fine:
        "Issues are fetched for the first time or anew; the message says how many are still to come.", "", "";
    NeverSynced [Synced] Unknown Wait:
        "Nothing was synchronised yet.",
        "A condition before this one is not True.", "Fix the condition that the message names.";
    SyncPartial [Synced] False Retry {gravity: 3, blocks: Nothing, recheck: Incremental}:
        "A part of the last synchronisation did not succeed; the message says which part.",
        "Some JiraProject or JiraIssue objects could not be written, Jira left something out of its answers, or it asked to slow down.",
        "It is tried again by itself; the message says what was refused.";
    SyncFailed [Synced] False Retry:
        "The last synchronisation failed.",
        "Jira refused a question that it should answer, or no JiraProject could be written.",
        "It is tried again by itself; the message says what was refused.";
    QuotaExhausted [Synced] False Wait {gravity: 4, blocks: Nothing}:
        "Atlassian's hourly quota for the OAuth app is used up; no call is made until it is refilled.",
        "This and other users of the same OAuth app used up its points for the hour.",
        "It goes on by itself. To need less, lengthen spec.syncInterval or name fewer projects.";
    IntervalStretched [Synced] False Wait {gravity: 2, blocks: Nothing, recheck: Incremental}:
        "The synchronisations are further apart than spec.syncInterval, so that the hour's points last.",
        "At the declared interval this and other integrations of the same OAuth app would use up its points before the hour is over.",
        "Lengthen spec.syncInterval, name fewer projects, or give this cluster an app of its own.";
    MirrorTruncated [Synced] False Wait {gravity: 1, blocks: Nothing, recheck: Incremental}:
        "There are more issues than spec.issues.maxObjects; those that were updated last are mirrored.",
        "The projects in scope have more issues than there may be JiraIssue objects.",
        "Raise spec.issues.maxObjects (at most 5000), or narrow what is mirrored by spec.issues.mirror or a jql in spec.projects.";
    JqlInvalid [Synced] False Stalled {blocks: Nothing}:
        "Jira does not accept the jql that spec.projects gives for the project; its issues are not synchronised.",
        "It is mistyped, has an ORDER BY, or leaves its parentheses.",
        "Correct jql in spec.projects: try it in Jira's search first.";
} then {
    // Ready and general
    Connected [Ready] True Fine:
        "The site is connected.", "", "";
    InSync [Ready] True Fine:
        "The ticket is as its spec wants it.", "", "";
    Usable [Ready] True Fine:
        "The project can be used.", "", "";
    NotChecked [ServiceDeskReady, Accessible, Permitted, Authorized, SiteReachable, ScopesGranted, AccountEligible, ProjectsAccessible, DirectoryReadable, ServiceDesksReady, StatusMappingValid, Synced] Unknown Wait {is_consequence: true}:
        "It was not checked yet.",
        "The integration is suspended or waits for its turn.", "";
    SkippedAfterAuthorized [SiteReachable, ScopesGranted, AccountEligible, ProjectsAccessible, DirectoryReadable, ServiceDesksReady, StatusMappingValid, Synced] Unknown Wait {is_consequence: true}:
        "It was skipped, because Authorized is not True.", "", "Fix Authorized first.";
    SkippedAfterSiteReachable [Authorized, ScopesGranted, AccountEligible, ProjectsAccessible, DirectoryReadable, ServiceDesksReady, StatusMappingValid, Synced] Unknown Wait {is_consequence: true}:
        "It was skipped, because SiteReachable is not True.", "", "Fix SiteReachable first.";
    SkippedAfterScopesGranted [ServiceDeskReady, AccountEligible, ProjectsAccessible, DirectoryReadable, ServiceDesksReady, StatusMappingValid, Synced] Unknown Wait {is_consequence: true}:
        "It was skipped, because ScopesGranted is not True.", "", "Fix ScopesGranted first.";
    SkippedAfterAccountEligible [ProjectsAccessible, DirectoryReadable, ServiceDesksReady, StatusMappingValid, Synced] Unknown Wait {is_consequence: true}:
        "It was skipped, because AccountEligible is not True.", "", "Fix AccountEligible first.";
    SkippedAfterAccessible [Permitted, ServiceDeskReady, ServiceDesksReady, Synced] Unknown Wait {blocks: Project, recheck: Incremental, is_consequence: true}:
        "It was skipped, because Accessible is not True.", "", "Fix Accessible first.";
} }
