//! The four kinds of reconciliation.

/// What a reconciliation is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileKind {
    /// Ask everything.
    Full,
    /// Ask whether everything is as it was.
    Incremental,
    /// Go on with what an earlier one left unfinished, without asking whether all is well.
    Resume,
    /// Ask Jira nothing: keep the token fresh.
    TokenOnly,
}

impl ReconcileKind {
    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Resume => "resume",
            Self::TokenOnly => "token",
        }
    }
}
