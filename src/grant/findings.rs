//! What a person reads about the grant: the `Authorized` condition.

use super::{
    active::{ActiveGrant, GrantError, SecretOperation},
    credentials::CredentialsError,
    freshness::NotConnected,
    record::{Refusal, RefusalKind},
    store::GrantKey,
};
use crate::{
    api::{
        condition::{ConditionType::Authorized, Finding},
        reason::Reason,
    },
    cluster::time::clock,
};

/// The finding for a grant that is held, in any degree.
#[must_use]
pub fn held(held: &ActiveGrant, key: &GrantKey) -> Finding {
    if held.offline_access_missing {
        return Finding::with_remedy(
            Authorized,
            Reason::OfflineAccessMissing,
            "The grant works, but Atlassian sent no new refresh token, so it may end without warning.",
        );
    }
    let mut message = format!("The grant in Secret {} works.", key.secret_name());
    if held.supplied_token_refused {
        message.push_str(
            " The refresh-token now in the credentials was refused and is ignored; the earlier grant goes on.",
        );
    }
    Finding::new(Authorized, Reason::TokenFresh, message)
}

/// The finding for credentials that cannot be used.
#[must_use]
pub fn credentials(error: &CredentialsError) -> Finding {
    let reason = match error {
        CredentialsError::NotFound(_) => Reason::CredentialsNotFound,
        _ => Reason::CredentialsIncomplete,
    };
    Finding::with_remedy(Authorized, reason, &error.to_string())
}

/// The finding for a name that is taken.
#[must_use]
pub fn name_taken(name: &str) -> Finding {
    let what =
        format!("Secret {name} exists and does not belong to this integration, so the access token has nowhere to go.");
    Finding::with_remedy(Authorized, Reason::SecretNameTaken, &what)
}

/// The finding for a Secret that could not be written.
#[must_use]
pub fn not_writable(name: &str, detail: &str) -> Finding {
    failed(name, SecretOperation::Write, detail)
}

fn failed(name: &str, attempt: SecretOperation, detail: &str) -> Finding {
    let what = told(name, attempt, detail);
    Finding::with_remedy(Authorized, Reason::SecretNotWritable, &what)
}

/// What was tried with a Secret in vain.
#[must_use]
pub fn told(name: &str, attempt: SecretOperation, detail: &str) -> String {
    format!("Secret {name} {}: {detail}.", attempt.failed())
}

/// The finding for a grant that is not held. None where nothing is to be said, because the
/// namespace or the integration is going away.
#[must_use]
pub fn trouble(trouble: &GrantError, key: &GrantKey) -> Option<Finding> {
    let name = key.secret_name();
    Some(match trouble {
        GrantError::Terminating | GrantError::Deleted => return None,
        GrantError::NotConnected(why) => not_connected(*why, key),
        GrantError::SharedElsewhere => Finding::plain(Authorized, Reason::GrantSharedElsewhere),
        GrantError::NameTaken => {
            let what = format!(
                "Secret {name} exists and is not the operator's, so the grant has nowhere to go. Rename or delete that Secret, or use another name for {}.",
                key.credentials
            );
            Finding::new(Authorized, Reason::SecretNameTaken, what)
        }
        GrantError::Refused(refusal) => refused(refusal, key),
        // Somebody else refreshes the token, and until then it is as good as ever.
        GrantError::Busy { still: Some(still), .. } => held(still, key),
        GrantError::Busy { until, still: None } => Finding::new(
            Authorized,
            Reason::NotChecked,
            format!(
                "Another operator process is refreshing this grant, or was stopped while it did; waiting for it until {}.",
                clock(*until)
            ),
        ),
        GrantError::Unavailable {
            detail, still: None, ..
        } => {
            let what = format!("No access token could be obtained: {detail}.");
            Finding::with_remedy(Authorized, Reason::AuthServerUnavailable, &what)
        }
        GrantError::Unavailable {
            detail,
            still: Some(held),
            ..
        } => Finding::new(
            Authorized,
            Reason::TokenFresh,
            format!(
                "The access token is good until {}, but it could not be refreshed: {detail}. It is tried again by itself.",
                clock(held.access.expires_at)
            ),
        ),
        GrantError::NotWritable { attempt, detail, .. } => failed(&name, *attempt, detail),
        GrantError::Credentials(error) => credentials(error),
    })
}

fn not_connected(why: NotConnected, key: &GrantKey) -> Finding {
    let what = match why {
        NotConnected::NoRefreshToken => format!(
            "Nobody has connected yet: Secret {} has no refresh-token.",
            key.credentials
        ),
        NotConnected::Disconnected(at) => format!("It was disconnected on request at {}.", clock(at)),
        NotConnected::RefreshTokenUsed => format!(
            "The refresh-token in Secret {} was used before, and its grant is no longer stored.",
            key.credentials
        ),
        NotConnected::ClientIdChanged => format!(
            "client-id in Secret {} was changed, and the stored grant belongs to the former app. Nothing was exchanged: setting it back fixes it.",
            key.credentials
        ),
    };
    Finding::with_remedy(Authorized, Reason::NotConnected, &what)
}

fn refused(refusal: &Refusal, key: &GrantKey) -> Finding {
    if refusal.kind == RefusalKind::Client {
        let what = format!(
            "Atlassian refused the client-id or client-secret in Secret {}; the grant is unharmed.",
            key.credentials
        );
        return Finding::with_remedy(Authorized, Reason::ClientSecretRejected, &what);
    }
    let what = match refusal.interrupted {
        Some(at) => format!(
            "Atlassian refused the grant ({}). A refresh begun at {} was interrupted before its new token could be stored, so the grant may have been lost then; or it was revoked, or the account changed.",
            refusal.description,
            clock(at)
        ),
        None => format!(
            "Atlassian refused the grant ({}): it was revoked, the password changed, the account deactivated, 90 days went by unused, or it was used elsewhere.",
            refusal.description
        ),
    };
    Finding::with_remedy(Authorized, Reason::ReconnectRequired, &what)
}
