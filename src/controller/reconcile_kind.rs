//! The four kinds of reconciliation.

/// What a reconciliation is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum ReconcileKind {
    /// Ask everything.
    Full,
    /// Ask whether everything is as it was.
    Incremental,
    /// Go on with what an earlier one left unfinished, without asking whether all is well.
    Resume,
    /// Ask Jira nothing: keep the token fresh.
    #[strum(serialize = "token")]
    TokenOnly,
}

impl ReconcileKind {
    /// The word in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}
