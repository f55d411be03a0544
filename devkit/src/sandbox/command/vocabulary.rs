//! The vocabulary of commands: what a test, the demo or an outside program may ask of the sandbox.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::desks::{NewRequestType, RequestTypeChange};
use super::fields::{NewField, ScreenChange};
use super::grants::NewApp;
use super::issue_change::{IssueChange, IssueUpdate, NewIssues};
use super::people::NewAccount;
use super::statuses::NewStatus;
use super::tickets::{PersonsIssue, UndocumentedChange};
use super::webhooks::WebhookRuleChange;
use crate::sandbox::faults::page::PageFault;
use crate::sandbox::faults::rule::FaultRule;
use crate::sandbox::limits::{PostReads, RateLimitReason};
use crate::sandbox::webhooks::{DeliveryChange, ForgedDelivery, WebhookFault};
use crate::sandbox::world::{AccountType, FormField, FormQuestion, Holder, RefusalKind, StatusCategory, Transition};

/// A change to the sandbox; as JSON `{"command": "removeDesk", "project": "SUP"}`.
///
/// A site is named by cloud id, host, or the first part of its host; a project by id or key; an account by id or
/// e-mail address. Left out, site, account and app mean those of the seed: `acme`, `jira-bot@acme.example` and
/// `sandbox-app`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)] // Each command says what its fields are for; repeating it at every field would hide it.
#[rustfmt::skip] // A table: a command and its fields in a line.
pub enum Command {
    // Apps, grants and tokens.
    /// Registers an app with a random secret.
    CreateApp(NewApp),
    /// Answers an app's credentials.
    DescribeApp { client_id: Option<String> },
    /// Gives an app another callback address.
    SetCallback { client_id: Option<String>, callback_url: String },
    /// Replaces an app's secret; the old one is wrong from now on.
    RotateClientSecret { client_id: Option<String> },
    /// Makes a grant that no person clicks together, a managed service account's for example, and a first token pair.
    /// `sites` and `scopes` default to `acme` and everything the app may ask for; `online` leaves out `offline_access`.
    MintGrant {
        client_id: Option<String>, account: Option<String>, sites: Option<Vec<String>>, scopes: Option<Vec<String>>,
        #[serde(default)] online: bool,
    },
    /// Clicks through the consent page at this address as the account, for the sites.
    Consent {
        authorize_url: String, account: Option<String>, sites: Option<Vec<String>>, #[serde(default)] deny: bool,
    },
    /// Makes a grant and a code for the request at this address, as the consent page would, for an account that cannot log
    /// in there: a managed service account's for example.
    MintCode { authorize_url: String, account: Option<String>, sites: Option<Vec<String>> },
    /// From now on no consent to the app grants these scopes, however many are asked for. Atlassian lets nobody choose, but
    /// a grant can hold less than was asked for all the same. An empty list ends it.
    WithholdScopes { client_id: Option<String>, scopes: Vec<String> },
    /// Revokes the account's grant to the app, as a person does under connected apps.
    RevokeGrant { client_id: Option<String>, account: Option<String> },
    /// The account changes its password, which kills its grants.
    ChangePassword { account: Option<String> },
    /// Lets the grant reach a further site, with these scopes or those it has elsewhere.
    AddSiteToGrant { client_id: Option<String>, account: Option<String>, site: String },
    /// The grant no longer reaches the site.
    RemoveSiteFromGrant { client_id: Option<String>, account: Option<String>, site: Option<String> },
    /// Takes a scope out of every grant to the app.
    DropScope { client_id: Option<String>, scope: String },
    /// Puts a scope into every grant to the app.
    AddScope { client_id: Option<String>, scope: String },
    /// Lifetime of access tokens issued from now on, for one app or for all.
    SetExpiresIn { seconds: u64, client_id: Option<String> },
    /// Ends a family so many days after its consent; without `days`, never.
    SetAbsoluteExpiry { days: Option<u32> },
    /// Which body dead refresh tokens are refused with.
    SetRefusal { kind: RefusalKind },
    /// Moves the sandbox's clock forward.
    AdvanceClock { seconds: u64 },
    /// Stops the sandbox's clock, which then moves by command only, or lets it run on from where it stands. Bursts do
    /// not refill while it is stopped.
    StopClock { stopped: bool },

    // People.
    /// Adds an account.
    AddAccount(NewAccount),
    /// Deactivates an account, which kills its grants, unless the deactivation has not come that far yet.
    DeactivateAccount { account: Option<String>, #[serde(default)] keep_grants: bool },
    /// Activates it again; dead grants stay dead.
    ReactivateAccount { account: Option<String> },
    /// Makes an account one of another kind.
    SetAccountType { account: Option<String>, account_type: AccountType, app_type: Option<String> },
    /// Gives an account another address, such as `…@serviceaccount.atlassian.com`.
    SetEmail { account: Option<String>, email: String },
    /// Gives an account another name, as a person does in the profile: no issue is touched by it.
    RenameAccount { account: Option<String>, display_name: String },
    /// Hides the address by the profile's privacy setting, or shows it.
    HideEmail { account: Option<String>, hidden: bool },
    /// Takes all the account's groups with product access on the site. `status` is what the gateway answers then
    /// (403 or 401), `unlisted` also takes the site out of the account's accessible resources.
    RemoveProductAccess {
        site: Option<String>, account: Option<String>, status: Option<u16>, #[serde(default)] unlisted: bool,
    },
    /// Gives product access (and with `agent` an agent's licence) on the site.
    GrantProductAccess { site: Option<String>, account: Option<String>, #[serde(default)] agent: bool },
    /// Takes the agent's licence; product access stays.
    RemoveAgentLicence { site: Option<String>, account: Option<String> },
    /// Gives or takes a global permission, `USER_PICKER` for example.
    SetGlobalPermission { site: Option<String>, account: Option<String>, permission: String, held: bool },

    // Sites.
    /// Makes a new site with the usual groups and nobody in them but the account.
    CreateSite { name: String, host: String, account: Option<String> },
    /// Gives the site another host; the old one redirects, the cloud id stays.
    RenameSite { site: Option<String>, host: String },
    /// Puts another site, with another cloud id, under the site's host: a new empty one that the same grants reach, or
    /// `with`, one that was displaced before.
    ReplaceSite { site: Option<String>, with: Option<String> },
    /// Answers every call to the site with this status (503 by default), or no longer.
    SetSiteDown { site: Option<String>, down: bool, status: Option<u16> },
    /// The site's administrators block the app, or let it in again.
    BlockApp { site: Option<String>, client_id: Option<String>, blocked: bool },

    // Projects.
    /// Makes a project from a template. Company-managed: `software` (default), `business`, `service`. Team-managed:
    /// `team-managed` (software), `team-managed-service`, `open-service` (every logged-in user has the agent's role;
    /// the licence is still needed), `product-discovery`, `customer-service` (no service desk). Only `service` has a
    /// knowledge base.
    CreateProject { site: Option<String>, key: String, name: Option<String>, template: Option<String> },
    /// Makes many projects, with keys `<prefix>1`, `<prefix>2` and so on; the prefix is `P` by default.
    CreateProjects { site: Option<String>, count: u32, prefix: Option<String>, template: Option<String> },
    /// Archives a project.
    ArchiveProject { site: Option<String>, project: String },
    /// Moves a project to the trash.
    TrashProject { site: Option<String>, project: String },
    /// Brings a project back from archive or trash.
    RestoreProject { site: Option<String>, project: String },
    /// Deletes a project for ever.
    DeleteProject { site: Option<String>, project: String },
    /// Gives a project another key; the old one still finds it.
    RenameProjectKey { site: Option<String>, project: String, key: String },
    /// Makes a project private: only those named in person play their roles in it; or open again.
    SetProjectPrivate { site: Option<String>, project: String, private: bool },
    /// Gives the permission to the holder, or to the account.
    GrantPermission {
        site: Option<String>, project: String, permission: String, account: Option<String>, holder: Option<Holder>,
    },
    /// Takes the permission from the holder, or from every holder through which the account has it.
    RevokePermission {
        site: Option<String>, project: String, permission: String, account: Option<String>, holder: Option<Holder>,
    },
    /// Whether `permissions/check` counts portal access as `mypermissions` does, and whether `project/search` lists a
    /// service project to those who may only open its portal. `project/{key}` and JQL never show it to them.
    SetPortalLens { in_permissions_check: bool, #[serde(default)] in_project_search: bool },

    // Faults and the log of requests.
    /// Puts a fault up.
    AddFault { rule: FaultRule },
    /// Takes a fault down and lets go what it holds.
    RemoveFault { id: u64 },
    /// Takes all faults down.
    ClearFaults,
    /// Answers which faults are up and what they did.
    ListFaults,
    /// Forgets the requests received so far.
    ClearRequests,

    // Service desks. A request type is named by id or name.
    /// Replaces all request types of the desk; an empty list publishes none.
    SetRequestTypes { site: Option<String>, project: String, request_types: Vec<NewRequestType> },
    /// Adds a request type.
    AddRequestType { site: Option<String>, project: String, request_type: NewRequestType },
    /// Deletes a request type.
    RemoveRequestType { site: Option<String>, project: String, request_type: String },
    /// Changes a request type, or all of the desk.
    ChangeRequestType(RequestTypeChange),
    /// Puts a field into the form of a request type, or of all, in the place of the one with its id. A `required` field
    /// with `visible: false` and without `preset_values` can be filled by nobody: `/field` shows it to the desk's
    /// administrators, who must ask for `expand=hiddenFields`, and `canCreateRequest` does not reflect it.
    SetFormField { site: Option<String>, project: String, request_type: Option<String>, field: FormField },
    /// Takes a field out of the form of a request type, or of all.
    RemoveFormField { site: Option<String>, project: String, request_type: Option<String>, field_id: String },
    /// Takes the service desk from a project; the project stays of type `service_desk`.
    RemoveDesk { site: Option<String>, project: String },
    /// Gives the desk back as it was, or an empty one to a service project that never had one.
    RestoreDesk { site: Option<String>, project: String },
    /// Whether everybody with portal access may open the desk's portal (as at first), or only those with any role in
    /// the project, a customer's too (`addToRole`). Who may not open it cannot raise requests and does not see the desk.
    SetCustomerAccess { site: Option<String>, project: String, open: bool },
    /// Titles of the articles in the desk's knowledge base; left out, the desk has none.
    SetArticles { site: Option<String>, project: String, articles: Option<Vec<String>> },
    /// Gives or takes the site's Confluence licence. Without it searches for articles are refused with 403.
    SetKnowledgeBase { site: Option<String>, licensed: bool },
    /// Whether lists of request types say `canCreateRequest`. Not shown, only `requesttype/permissions/check` says it.
    ShowCanCreate { site: Option<String>, shown: bool },
    /// Cuts the pages of this API to so many entries, while they state the limit that was asked for; left out, they hold
    /// up to 100 again. What Jira caps pages at, and whether it says so, is not documented.
    CapPages { site: Option<String>, most: Option<usize> },

    // Roles and groups.
    /// Gives a role another name, with all who play it and all it may do. Company-managed projects share their roles:
    /// it is renamed in every one of them. With `project`, a team-managed one, only there.
    RenameRole { site: Option<String>, project: Option<String>, role: String, name: String },
    /// Gives the account the role in person.
    AddToRole { site: Option<String>, project: String, role: String, account: Option<String> },
    /// Gives the role to a group.
    AddGroupToRole { site: Option<String>, project: String, role: String, group: String },
    /// Takes the role from the account, or from the group. A role held through a group stays until the group loses it.
    RemoveFromRole {
        site: Option<String>, project: String, role: String, account: Option<String>, group: Option<String>,
    },
    /// Makes the account a member of the group, which is made if there is none.
    AddToGroup { site: Option<String>, group: String, account: Option<String> },
    /// Takes the account out of the group.
    RemoveFromGroup { site: Option<String>, group: String, account: Option<String> },

    // Statuses, issue types and priorities. A status is named by id or name.
    /// Gives a status another name. Company-managed projects share statuses by id: it is renamed in every project that
    /// has it. `project` tells which is meant where several have statuses of one name.
    RenameStatus { site: Option<String>, project: Option<String>, status: String, name: String },
    /// Gives an issue type another name, in the same way.
    RenameIssueType { site: Option<String>, project: Option<String>, issue_type: String, name: String },
    /// Gives a priority, named by its id or its present name, another one on the whole site. As with statuses and issue
    /// types, no issue is touched by it.
    RenamePriority { site: Option<String>, priority: String, name: String },
    /// Adds a status to a project's workflow. `category` is `new`, `indeterminate` or `done`. A company-managed project
    /// takes the status of that name that another one has, if there is one; its workflow becomes its own.
    AddStatus { site: Option<String>, project: String, name: String, category: StatusCategory },
    /// Takes a status out of a project's workflow; issues in it move to the first one.
    RemoveStatus { site: Option<String>, project: String, status: String },
    /// Replaces all statuses of a project's workflow, at least one; issues in statuses that go move to the first one.
    SetStatuses { site: Option<String>, project: String, statuses: Vec<NewStatus> },

    // Languages.
    /// Turns the site to another language than English, `de`: statuses, issue types, roles, request types and form
    /// fields of present and future projects get that language's names, and all accounts on the site its locale, in
    /// which Jira's refusals and the names of permissions are written. Keys, ids and i18nKeys stay. For good.
    SetLanguage { site: Option<String>, language: String },
    /// Gives an account's profile a locale, `de_DE` or `en_GB`, in which Jira writes its refusals.
    SetLocale { account: Option<String>, locale: String },

    // Everybody and everything at once.
    /// So many accounts stand before all others in the list of users and are left out of its pages once these are
    /// cut: pages are short, or empty, although more follow.
    PassOverUsers { site: Option<String>, count: usize },
    /// Hides every account's address by the profile's privacy setting, the dedicated one's too, or shows it.
    HideAllEmails { hidden: bool },
    /// Deletes all projects but one for ever.
    KeepOnlyProject { site: Option<String>, project: String },

    // Issues and what search knows of them. An issue is named by id or key, in bulk by ids.
    /// Adds issues to a project.
    AddIssues(NewIssues),
    /// Changes an issue.
    UpdateIssue(IssueUpdate),
    /// Changes many issues: these ids, or `percent` (all by default) of a project's or of the site's, evenly picked.
    /// Without `set` only their summaries and times change. Answers the ids.
    ChangeIssues {
        site: Option<String>, project: Option<String>, ids: Option<Vec<u64>>, percent: Option<f64>,
        set: Option<IssueChange>,
    },
    /// Deletes many issues, chosen in the same way.
    DeleteIssues { site: Option<String>, project: Option<String>, ids: Option<Vec<u64>>, percent: Option<f64> },
    /// Deletes an issue.
    DeleteIssue { site: Option<String>, issue: String },
    /// Moves an issue to another project: it keeps its id and gets a new key; its old key still finds it.
    MoveIssue { site: Option<String>, issue: String, project: String },
    /// Gives an issue a time of its last update so many seconds from now, or ago, as an import may; search follows.
    DateIssue { site: Option<String>, issue: String, seconds: i64 },
    /// Hides an issue from everybody, or shows it again, as a security level does to those outside of it: its project
    /// stays open, its `updated` stays as it is, and search follows at once.
    HideIssue { site: Option<String>, issue: String, hidden: bool },
    /// Archives an issue, or restores it: no search shows it, whoever reads its project reads it by its id, and its
    /// `updated` stays as it is.
    ArchiveIssue { site: Option<String>, issue: String, archived: bool },
    /// Lets `bulkfetch` refuse these issues, and no others, as not to be returned now; alone they are answered.
    FailIssues { site: Option<String>, issues: Vec<String> },
    /// Lets a timer touch an issue: whenever the site is asked, its `updated` is never older than so many seconds.
    /// Without `everySeconds` the timer stops.
    TouchIssue { site: Option<String>, issue: String, every_seconds: Option<u32> },
    /// Lets search learn of writes only after so many seconds, or when released; without either, at once, except for
    /// what waits already. Deletions are learned at once always; single issues, `bulkfetch` and counts in
    /// `insight` never lag.
    /// With `issue` this one alone, in the place of the site's lag.
    SetIndexLag {
        site: Option<String>, issue: Option<String>, seconds: Option<u32>, #[serde(default)] until_released: bool,
    },
    /// Lets search learn what it waits for, of these issues or of all. Answers how many writes that were.
    ReleaseIndex { site: Option<String>, ids: Option<Vec<u64>> },
    /// Gives an account's profile a time zone (IANA), in which it reads and writes times.
    SetTimeZone { account: Option<String>, time_zone: String },
    /// Adds accounts `person-1@<domain>` and so on to a site, `appsPercent` of them (0 by default) apps.
    AddAccounts { site: Option<String>, count: u32, #[serde(default)] apps_percent: u32, domain: Option<String> },

    // What issues are made with. A field is named by its id.
    /// Adds a custom field. Answers its id.
    AddField(NewField),
    /// Changes what the create screens of a project say of a field: whether they show it, demand it, or fill it.
    ChangeScreen(ScreenChange),
    /// Lets the workflow refuse new issues in which the field is empty, with this message; metadata do not know of it.
    AddValidator {
        site: Option<String>, project: String, issue_type: Option<String>, field: String, message: String,
    },
    /// Replaces the components of a project, its versions, or both.
    SetParts {
        site: Option<String>, project: String, components: Option<Vec<String>>, versions: Option<Vec<String>>,
    },
    /// Whether issues that nobody is chosen for go to the lead, and none may be unassigned; at first they may.
    SetDefaultAssignee { site: Option<String>, project: String, lead: bool },
    /// Replaces the transitions of a project's workflow; none lets every issue into every status.
    SetTransitions { site: Option<String>, project: String, transitions: Vec<Transition> },
    /// Whether the condition of a transition, named by id or name, is met, as by an approval.
    MeetCondition { site: Option<String>, project: String, transition: String, met: bool },
    /// Puts questions beside the fields of a request type's form, or of all. Enforced, requests are refused with 422
    /// until the required ones are answered; else they come without that form.
    SetForm {
        site: Option<String>, project: String, request_type: Option<String>, questions: Vec<FormQuestion>,
        #[serde(default)] enforced: bool,
    },
    /// Whether issues can be linked on the site, to one another and to things outside.
    SetIssueLinking { site: Option<String>, active: bool },

    // What people do to tickets, and what was written to them.
    /// A person makes an issue, or with `requestType` a request in the portal. Answers its id.
    CreateIssue(PersonsIssue),
    /// A person clones an issue; the clone is the person's. Answers its id.
    CloneIssue { site: Option<String>, issue: String, account: Option<String>, summary: Option<String> },
    /// A person edits fields. Values stand as they are kept: `description` as a document or plain text, people by id or
    /// address, a priority by id, options as `{"id", "value"}`; null empties.
    EditIssue { site: Option<String>, issue: String, account: Option<String>, fields: Map<String, Value> },
    /// A person adds labels and takes labels away.
    LabelIssue {
        site: Option<String>, issue: String, account: Option<String>, #[serde(default)] add: Vec<String>,
        #[serde(default)] remove: Vec<String>,
    },
    /// Somebody sets a property, or takes it away.
    SetIssueProperty {
        site: Option<String>, issue: String, account: Option<String>, key: String, value: Option<Value>,
    },
    /// A person comments, in plain text. Answers the comment's id.
    CommentOnIssue {
        site: Option<String>, issue: String, account: Option<String>, text: String, #[serde(default)] internal: bool,
    },
    /// Deletes a comment.
    DeleteComment { site: Option<String>, comment: u64 },
    /// A person moves an issue to a status, named by id or name, whatever its workflow says.
    TransitionIssue { site: Option<String>, issue: String, account: Option<String>, to: String },
    /// Lets automation set the field of an issue, or its `status`, back whenever somebody else changes it: at once, or
    /// with `afterSeconds` at the first call after that; or no longer.
    RevertField {
        site: Option<String>, issue: String, field: String, #[serde(default)] after_seconds: u32,
        #[serde(default)] off: bool,
    },
    /// Answers what was really written to issues, or to one, by apps and people, or by apps alone.
    DescribeLedger { site: Option<String>, issue: Option<String>, #[serde(default)] by_app: bool },
    /// Sets what Atlassian does not document.
    SetUndocumented { site: Option<String>, set: UndocumentedChange },
    /// Takes the limit of writes to one issue away, or brings it back; either way nothing counts of what was written.
    SetIssueLimit { off: bool },

    // Webhooks.
    /// Shares an app, or leaves it to its owner, who may be another one from now on.
    ShareApp { client_id: Option<String>, shared: bool, owner: Option<String> },
    /// Lets a host that webhooks are registered for be a port of this machine, without TLS; without `port`, no longer.
    MapWebhookHost { host: String, port: Option<u16> },
    /// Changes how deliveries are made.
    SetWebhookDelivery(DeliveryChange),
    /// Sets what Atlassian does not document of webhooks.
    SetWebhookRules { site: Option<String>, set: WebhookRuleChange },
    /// Lets deliveries from now on meet trouble, each the first that is for it.
    AddWebhookFault { fault: WebhookFault },
    /// Takes all these faults down and sends what they hold.
    ClearWebhookFaults,
    /// Jira loses webhooks of an app and an account, these ids or all, and says so to nobody. Answers how many.
    ForgetWebhooks {
        site: Option<String>, client_id: Option<String>, account: Option<String>, ids: Option<Vec<u64>>,
    },
    /// A stranger sends what looks like a delivery. Answers its number.
    ForgeWebhook(ForgedDelivery),
    /// Answers the webhooks of a site that have not ended.
    DescribeWebhooks { site: Option<String> },
    /// Answers all deliveries.
    DescribeDeliveries,

    // Hourly points.
    /// Sets the pool of every app: `points` an hour (65,000 by default), or without end when `off`. `perTenant` gives
    /// each site its own pool. `postReads` is `flat` (default) or `perObject`. What was spent stays spent.
    SetQuota {
        points: Option<u64>, #[serde(default)] off: bool, #[serde(default)] per_tenant: bool,
        #[serde(default)] post_reads: PostReads,
    },
    /// Spends points of an app on a site, as other software with the same app would.
    SpendPoints { client_id: Option<String>, site: Option<String>, points: u64 },
    /// Answers what an app has spent, on all sites or on one.
    DescribeQuota { client_id: Option<String>, site: Option<String> },

    // Bursts and storms.
    /// Sets how many calls a second an endpoint takes, by a part of its pattern (`search/jql`, `issue/{}`) and its
    /// method; left out, all endpoints and methods. The last such command that meets a call counts. `off` takes all
    /// limits of bursts away; a command without any field brings the documented ones back.
    SetBurst {
        endpoint: Option<String>, method: Option<String>, per_second: Option<u32>, #[serde(default)] off: bool,
    },
    /// Refuses every call, or those whose path contains `path`, with 429 for so many seconds of the sandbox's clock.
    /// `Retry-After` says how long the storm still lasts unless it is given.
    StartStorm {
        seconds: u32, path: Option<String>, reason: Option<RateLimitReason>, retry_after_seconds: Option<u32>,
    },
    /// Ends all storms.
    EndStorm,
    /// Leaves out these headers about limits, and writes the structured ones with `Beta-` if asked.
    SetLimitHeaders { #[serde(default)] omit: Vec<String>, #[serde(default)] beta: bool },

    // Delays and pages.
    /// Keeps every answer back so many milliseconds; 0 ends it. Calls do not wait for one another.
    SetLatency { milliseconds: u64 },
    /// Lets each call to a site take so many milliseconds of the sandbox's clock, stopped or not, half of them before the
    /// answer is made and half after; nobody waits for it. 0 ends it.
    SetCallDuration { milliseconds: u64 },
    /// Breaks pages of search results.
    AddPageFault { fault: PageFault },
    /// Removes all page faults.
    ClearPageFaults,
}
