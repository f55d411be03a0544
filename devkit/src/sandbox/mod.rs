//! The Jira sandbox: Atlassian's authorization server, gateway and sites on one loopback port, ready to misbehave.
//!
//! It imitates what the operator asks of Jira Cloud: OAuth 2.0 (3LO) with rotating refresh tokens, the list of
//! accessible resources, and the part of the REST APIs that the operator calls. Answers follow from a model of people,
//! licences, roles and permission schemes. A test changes that model by [`Command`]s, breaks answers by
//! [`FaultRule`]s, and counts what was asked in the log of [`Request`]s.
//!
//! The operator is pointed here by `ATLASSIAN_AUTH_URL`, `ATLASSIAN_API_URL` and `ATLASSIAN_SITE_URL`, all three set to
//! [`Sandbox::url`]; the site is then known by the `Host` header.

mod bearer;
mod command;
mod connection;
mod consent;
mod faults;
mod handle;
mod http;
mod jira;
mod limits;
mod observe;
mod random;
mod reply;
mod request_log;
mod search_cache;
mod shared;
mod webhooks;
mod world;

pub use command::{
    Answer, Command, CommandError, IssueChange, IssueUpdate, NewAccount, NewApp, NewField, NewIssues, NewOption,
    NewRequestType, NewStatus, PersonsIssue, RequestTypeChange, ScreenChange, UndocumentedChange, WebhookRuleChange,
};
pub use faults::active::FaultState;
pub use faults::page::{PageFault, PageTrouble};
pub use faults::rule::{FaultAction, FaultRule, When};
pub use handle::{AppCredentials, Sandbox, StartError, Tokens};
pub use limits::{PostReads, RateLimitReason, Spent};
pub use request_log::{Mark, Request};
pub use webhooks::{
    Attempt, Delivery, DeliveryChange, ForgedDelivery, ForgedToken, Outcome, WebhookFault, WebhookTrouble,
};
pub use world::{
    Account, AccountType, Actors, App, Attached, Comment, Desk, Effect, Family, Field, FieldKind, FieldOption, Flow,
    FormField, FormQuestion, Grant, Holder, InvalidHolder, Issue, IssueLink, IssueStatus, IssueType, OAuth, Operation,
    PermissionScheme, Project, RefusalKind, RemoteLink, Request as CustomerRequest, RequestType, Reversal, ScreenRule,
    Screens, Site, StatusCategory, Tickets, TokenUse, Transition, Undocumented, Validator, Webhook, WebhookRules,
    Webhooks, Workflow, World,
};
