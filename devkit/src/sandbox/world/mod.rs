//! What exists in the sandbox: people, sites, projects, and the oauth of OAuth grants. No HTTP in here.

mod account;
mod clock;
mod desk;
mod index;
mod issue;
mod issue_locations;
mod issue_writes;
mod language;
mod login;
mod oauth;
mod permission;
mod project;
mod rights;
mod rotation;
mod seed;
mod sessions;
mod site;
mod state;
mod template;

pub use account::{Account, AccountType};
pub use desk::{Desk, FormField, RequestType};
pub use issue::{Issue, IssueStatus, IssueType, StatusCategory, Workflow};
pub use oauth::{App, Family, Grant, OAuth, RefusalKind, TokenUse};
pub use permission::{Holder, InvalidHolder, PermissionScheme};
pub use project::{Actors, Project};
pub use site::Site;
pub use state::World;

pub(crate) use desk::usual_fields;
pub(crate) use index::{Lag, SearchIndex};
pub(crate) use issue::PRIORITIES;
pub(crate) use language::Dictionary;
pub(crate) use login::LoginRefusal;
pub(crate) use permission::{Entry as PermissionEntry, Kind, catalogue, known};
pub(crate) use rights::Lens;
pub(crate) use rotation::{TokenPair, TokenRefusal};
pub(crate) use seed::{BOT, CLIENT_ID, SITE, SeedError, seeded, seeded_at};
