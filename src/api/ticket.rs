//! What a person says of a ticket in the spec of a `JiraIssue`.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A person, named by e-mail address or by account id.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.email) != has(self.accountId)").message("a person needs exactly one of email and accountId"))]
pub struct PersonReference {
    /// E-mail address. Who is pinned for it in spec.users of the JiraIntegration, else who shows exactly this
    /// address in their profile.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(validation = Rule::new("self.matches('^[^@ ]+@[^@ ]+$')").message("email must be an e-mail address"))]
    pub email: Option<String>,

    /// Atlassian account id: the end of the address of the person's profile in Jira.
    #[schemars(length(min = 1, max = 128))]
    pub account_id: Option<String>,
}

impl PersonReference {
    /// How the spec names the person.
    #[must_use]
    pub fn named(&self) -> Option<&str> {
        self.email.as_deref().or(self.account_id.as_deref())
    }
}

/// A link from a ticket to a page elsewhere.
#[serde_with::skip_serializing_none]
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketLink {
    /// Address of the page.
    #[schemars(length(min = 1, max = 2000))]
    #[x_kube(validation = Rule::new("self.matches('^https?://[^ ]+$')").message("url must be an address that begins with https:// or http://"))]
    pub url: String,

    /// What the link is called; left out, the address.
    #[schemars(length(min = 1, max = 255))]
    pub title: Option<String>,
}

impl TicketLink {
    /// What the link is called.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.url)
    }
}

/// How the ticket of an object is found, and when it is changed and moved.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TicketPolicy {
    /// What is done with a ticket that an object of this name had before: Adopt takes it over; AdoptUnresolved takes
    /// it over unless it is done, else creates another one, linked to it; Ignore creates another one for each object.
    #[serde(default)]
    pub existing: ExistingPolicy,
    /// When the ticket is moved to spec.phase or spec.status: Once, and never again; OnChange, whenever the spec wants
    /// something else than before, and what people move it to afterwards stands; Keep, also when somebody moved it
    /// away, at most three times an hour.
    #[serde(default)]
    pub phase: WritePolicy,
    /// When the fields of the ticket are written: Once, and never again; OnChange, whenever the spec says something else
    /// than before, and what people write afterwards stands; Keep, also when somebody changed them, each at most three
    /// times an hour.
    #[serde(default)]
    pub fields: WritePolicy,
    /// What is done where the spec says something new of a field that somebody changed in Jira meanwhile: Report leaves
    /// it and says so in the condition FieldsApplied, Overwrite writes what the spec says.
    #[serde(default)]
    pub on_conflict: ConflictPolicy,
}

/// What is done where both sides changed a field.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConflictPolicy {
    /// It is left and told.
    #[default]
    Report,
    /// What the spec says is written.
    Overwrite,
}

/// When a ticket is written.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WritePolicy {
    /// Once.
    Once,
    /// Whenever the spec wants something else than before.
    #[default]
    OnChange,
    /// Also when somebody changed it in Jira.
    Keep,
}

/// What is done with a ticket that an object of this name had before.
#[derive(schemars::JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExistingPolicy {
    /// It is taken over.
    #[default]
    Adopt,
    /// It is taken over unless it is done; then another one is created, and linked to it.
    AdoptUnresolved,
    /// Another one is created.
    Ignore,
}
