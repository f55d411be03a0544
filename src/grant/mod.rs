//! The OAuth grant: where it is kept, when it is refreshed, and how it is never lost.
//!
//! One grant Secret belongs to each credential Secret and is shared by every integration that
//! names it, because two copies of a rotating refresh token kill each other.

mod access;
mod active;
mod codec;
mod connect;
mod copies;
mod credentials;
mod disconnect;
mod exchange;
pub mod findings;
mod freshness;
pub mod gc;
mod grants;
mod leeway;
mod lock_wait;
pub mod publish;
mod record;
mod slot;
mod slots;
mod store;
#[cfg(test)]
mod testing;
mod unsaved;

pub use self::{
    active::{ActiveGrant, GrantError},
    codec::GrantIdentity,
    connect::{Consent, ConsentError},
    credentials::{CLIENT_ID, CLIENT_SECRET, Credentials, CredentialsError, REFRESH_TOKEN, refresh_token},
    disconnect::disconnect,
    freshness::{NotConnected, refresh_at},
    grants::{AccessOptions, Grants},
    record::AccessToken,
    slot::{SaveResult, SecretEvent},
    store::{GrantKey, GrantStore},
};
