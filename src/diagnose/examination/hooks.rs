//! What differs between those who examine a site.

use std::{convert::Infallible, future::Future};

use crate::{api::integration::SiteStatus, atlassian::secret::Secret, diagnose::declared::KnownProject};

/// Another access token.
pub struct RenewedToken {
    /// The token.
    pub access: Secret,
    /// What it may do, where that is known.
    pub scopes: Option<Vec<String>>,
}

/// What is done about a token that Atlassian refused.
pub enum Renewal {
    /// The question is asked again with another one.
    Renewed(RenewedToken),
    /// There is no other one: where a 401 may be about the account as well, the list of sites says which.
    Impossible,
    /// It was obtained just now, so that a 401 is about the account.
    Needless,
}

/// What a caller does between the questions; without it nothing is done but to ask.
pub trait Hooks: Send {
    /// Why a caller ends the examination.
    type Interruption: Send;

    /// Nothing is asked after the account.
    const ENDS_AT_ACCOUNT: bool = false;

    /// The token was refused.
    fn renew(&mut self) -> impl Future<Output = Result<Renewal, Self::Interruption>> + Send {
        async { Ok(Renewal::Impossible) }
    }

    /// The grant is for the right site and of the right account.
    fn accepted(&mut self, _site: &SiteStatus) -> impl Future<Output = Result<(), Self::Interruption>> + Send {
        async { Ok(()) }
    }

    /// It is proved that the grant is for another site or of another account.
    fn refused(&mut self) -> impl Future<Output = Result<(), Self::Interruption>> + Send {
        async { Ok(()) }
    }

    /// Which projects are known, read before they are asked about; absent, those that were declared to be known.
    fn known(&mut self) -> impl Future<Output = Result<Option<Vec<KnownProject>>, Self::Interruption>> + Send {
        async { Ok(None) }
    }

    /// Whose turn it is where more is in doubt than can be asked for at once; absent, all is asked for.
    fn turn(&self) -> Option<usize> {
        None
    }
}

/// Nothing is done but to ask.
pub struct ReadOnly;

impl Hooks for ReadOnly {
    type Interruption = Infallible;
}
