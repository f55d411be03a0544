//! The types of conditions. Apart from the conditions themselves, because reasons name them.

/// Condition types, in the order of the steps that find them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr)]
pub enum ConditionType {
    /// The OAuth grant works.
    Authorized,
    /// The site exists and is granted.
    SiteReachable,
    /// The scopes that the spec needs are granted.
    ScopesGranted,
    /// The grant belongs to the right kind of account.
    AccountEligible,
    /// Projects in scope can be used.
    ProjectsAccessible,
    /// People can be looked up.
    DirectoryReadable,
    /// Service desks in scope can be used; absent where there are none.
    ServiceDesksReady,
    /// The statuses that spec.statusMapping names exist.
    StatusMappingValid,
    /// On `JiraProject`: the project can be seen.
    Accessible,
    /// On `JiraProject`: the permissions that the mode needs are held.
    Permitted,
    /// On `JiraProject`: its service desk can be used; absent where it is no service project.
    ServiceDeskReady,
    /// On `JiraIssue`: a ticket can be created as its spec wants it.
    Valid,
    /// On `JiraIssue`: the ticket is there.
    Created,
    /// On `JiraIssue`: the people that the spec names were found.
    PeopleMatched,
    /// On `JiraIssue`: the ticket has the fields and links that the spec asks for.
    FieldsApplied,
    /// On `JiraIssue`: the ticket is in the phase that the spec wants; absent where it wants none.
    PhaseReached,
    /// On `JiraIssue`: the comments that the spec asks for were made; absent where it asks for none.
    CommentsSent,
    /// The last synchronisation succeeded.
    Synced,
    /// Everything that matters is in order.
    Ready,
    /// Being worked on; present only while True.
    Reconciling,
    /// A person must act; present only while True.
    Stalled,
}

impl ConditionType {
    /// The conditions of an integration that are found out, in the order of the steps.
    pub const STEPS: [Self; 9] = [
        Self::Authorized,
        Self::SiteReachable,
        Self::ScopesGranted,
        Self::AccountEligible,
        Self::ProjectsAccessible,
        Self::DirectoryReadable,
        Self::ServiceDesksReady,
        Self::StatusMappingValid,
        Self::Synced,
    ];

    /// The type as conditions print it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
