//! What the documentation says of a reason beyond the table: how it was found out, how to tell its
//! causes apart, and how it is mended in Jira's own words. Plain data, one file a subject.

mod account;
mod authorized;
mod desk;
mod directory;
mod general;
mod permitted;
mod person;
mod project;
mod site;
mod sync;

use crate::{api::reason::Reason, diagnose::judge::person::PersonReason};

/// What there is to say of one reason. All texts are Markdown, a paragraph or an item each.
#[derive(Debug)]
pub(super) struct Guide {
    /// Which question was asked, and which answer proves it.
    pub(super) found: &'static str,
    /// How the causes that the table names are told apart, in their order.
    pub(super) apart: &'static [&'static str],
    /// The steps that mend it.
    pub(super) mend: &'static [&'static str],
    /// What the operator does about it, besides what follows from the disposition.
    pub(super) operator: &'static str,
    /// Other words under which people look for it, older ones too.
    pub(super) terms: &'static [&'static str],
}

/// What there is to say of a reason; none where it is True and nobody has to do anything.
pub(super) const fn of(reason: Reason) -> Option<&'static Guide> {
    Some(match reason {
        Reason::TokenFresh
        | Reason::SiteFound
        | Reason::AllScopesGranted
        | Reason::StandardAccount
        | Reason::AllProjectsAccessible
        | Reason::ProjectVisible
        | Reason::PermissionsHeld
        | Reason::ServiceDeskUsable
        | Reason::UsersReadable
        | Reason::AllServiceDesksReady
        | Reason::MappingMatchesWorkflows
        | Reason::SyncSucceeded
        | Reason::Synchronising
        | Reason::Connected
        | Reason::Usable => return None,
        Reason::CredentialsNotFound => &authorized::CREDENTIALS_NOT_FOUND,
        Reason::CredentialsIncomplete => &authorized::CREDENTIALS_INCOMPLETE,
        Reason::NotConnected => &authorized::NOT_CONNECTED,
        Reason::ClientSecretRejected => &authorized::CLIENT_SECRET_REJECTED,
        Reason::ReconnectRequired => &authorized::RECONNECT_REQUIRED,
        Reason::OfflineAccessMissing => &authorized::OFFLINE_ACCESS_MISSING,
        Reason::GrantSharedElsewhere => &authorized::GRANT_SHARED_ELSEWHERE,
        Reason::SecretNotWritable => &authorized::SECRET_NOT_WRITABLE,
        Reason::SecretNameTaken => &authorized::SECRET_NAME_TAKEN,
        Reason::AuthServerUnavailable => &authorized::AUTH_SERVER_UNAVAILABLE,
        Reason::SiteNotAllowed => &site::SITE_NOT_ALLOWED,
        Reason::SiteNotFound => &site::SITE_NOT_FOUND,
        Reason::SiteNotGranted => &site::SITE_NOT_GRANTED,
        Reason::SiteChanged => &site::SITE_CHANGED,
        Reason::SiteUnavailable => &site::SITE_UNAVAILABLE,
        Reason::ScopesMissing => &site::SCOPES_MISSING,
        Reason::WrongAccount => &account::WRONG_ACCOUNT,
        Reason::ManagedServiceAccount => &account::MANAGED_SERVICE_ACCOUNT,
        Reason::AppAccount => &account::APP_ACCOUNT,
        Reason::PortalCustomerAccount => &account::PORTAL_CUSTOMER_ACCOUNT,
        Reason::AccountInactive => &account::ACCOUNT_INACTIVE,
        Reason::NoProductAccess => &account::NO_PRODUCT_ACCESS,
        Reason::EmailChanged => &account::EMAIL_CHANGED,
        Reason::EmailHidden => &account::EMAIL_HIDDEN,
        Reason::NoProjectsVisible => &project::NO_PROJECTS_VISIBLE,
        Reason::AllProjectsBlocked => &project::ALL_PROJECTS_BLOCKED,
        Reason::SomeProjectsBlocked => &project::SOME_PROJECTS_BLOCKED,
        Reason::ProjectKeyRenamed => &project::PROJECT_KEY_RENAMED,
        Reason::ProjectNotVisible => &project::PROJECT_NOT_VISIBLE,
        Reason::ProjectArchived => &project::PROJECT_ARCHIVED,
        Reason::ProjectInTrash => &project::PROJECT_IN_TRASH,
        Reason::BrowseDenied => &project::BROWSE_DENIED,
        Reason::CreateDenied => &permitted::CREATE_DENIED,
        Reason::EditDenied => &permitted::EDIT_DENIED,
        Reason::CommentDenied => &permitted::COMMENT_DENIED,
        Reason::InternalCommentDenied => &permitted::INTERNAL_COMMENT_DENIED,
        Reason::TransitionDenied => &permitted::TRANSITION_DENIED,
        Reason::AssignDenied => &permitted::ASSIGN_DENIED,
        Reason::ReporterChangeDenied => &permitted::REPORTER_CHANGE_DENIED,
        Reason::ServiceDeskMissing => &desk::SERVICE_DESK_MISSING,
        Reason::NotAnAgent => &desk::NOT_AN_AGENT,
        Reason::NoRequestTypes => &desk::NO_REQUEST_TYPES,
        Reason::RequestTypesRestricted => &desk::REQUEST_TYPES_RESTRICTED,
        Reason::RequestTypesHidden => &desk::REQUEST_TYPES_HIDDEN,
        Reason::RequestTypesNotCreatable => &desk::REQUEST_TYPES_NOT_CREATABLE,
        Reason::KnowledgeBaseUnreadable => &desk::KNOWLEDGE_BASE_UNREADABLE,
        Reason::SomeServiceDesksBlocked => &desk::SOME_SERVICE_DESKS_BLOCKED,
        Reason::UserBrowsingDenied => &directory::USER_BROWSING_DENIED,
        Reason::PinnedUserNotFound => &directory::PINNED_USER_NOT_FOUND,
        Reason::PinnedUserInactive => &directory::PINNED_USER_INACTIVE,
        Reason::UnknownStatuses => &sync::UNKNOWN_STATUSES,
        Reason::AmbiguousMapping => &sync::AMBIGUOUS_MAPPING,
        Reason::NeverSynced => &sync::NEVER_SYNCED,
        Reason::SyncPartial => &sync::SYNC_PARTIAL,
        Reason::SyncFailed => &sync::SYNC_FAILED,
        Reason::QuotaExhausted => &sync::QUOTA_EXHAUSTED,
        Reason::IntervalStretched => &sync::INTERVAL_STRETCHED,
        Reason::MirrorTruncated => &sync::MIRROR_TRUNCATED,
        Reason::JqlInvalid => &sync::JQL_INVALID,
        Reason::NotChecked => &general::NOT_CHECKED,
        Reason::SkippedAfterAuthorized => &general::SKIPPED_AFTER_AUTHORIZED,
        Reason::SkippedAfterSiteReachable => &general::SKIPPED_AFTER_SITE_REACHABLE,
        Reason::SkippedAfterScopesGranted => &general::SKIPPED_AFTER_SCOPES_GRANTED,
        Reason::SkippedAfterAccountEligible => &general::SKIPPED_AFTER_ACCOUNT_ELIGIBLE,
        Reason::SkippedAfterAccessible => &general::SKIPPED_AFTER_ACCESSIBLE,
    })
}

/// What there is to say of a finding about a person; none where nothing is wrong.
pub(super) const fn of_person(reason: PersonReason) -> Option<&'static Guide> {
    Some(match reason {
        PersonReason::PersonUsable => return None,
        PersonReason::PersonNotLookedUp => &person::NOT_LOOKED_UP,
        PersonReason::PersonNotFound => &person::NOT_FOUND,
        PersonReason::PersonInactive => &person::INACTIVE,
        PersonReason::PersonEmailHidden => &person::EMAIL_HIDDEN,
        PersonReason::PersonProjectNotVisible => &person::PROJECT_NOT_VISIBLE,
        PersonReason::PersonNotAssignable => &person::NOT_ASSIGNABLE,
        PersonReason::RequestsForOthersDenied => &person::REQUESTS_FOR_OTHERS_DENIED,
        PersonReason::PersonNotAsked => &person::NOT_ASKED,
    })
}
