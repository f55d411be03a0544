//! Tickets that the cluster creates in Jira: judged before anything is sent, created exactly once, found again.

mod candidates;
mod draft;
mod fields;
mod flights;
mod gate;
mod hourly;
mod identity;
mod judge;
mod lookup;
mod matching;
mod metadata;
mod note;
mod outbox;
mod people;
mod settle;
mod store;
mod text;

pub use candidates::Found;
pub use draft::Draft;
pub use flights::Flight;
pub use gate::{TicketProject, WritePermit, permit, project};
pub use hourly::{HourlyLimit, Room};
pub use identity::{Identity, Marker, PROPERTY};
pub use judge::{Judging, addresses, type_of};
pub use metadata::TicketMetadata;
pub use note::ReporterNote;
pub use outbox::{Creation, Outbox, Sent};
pub use people::{People, Person, TicketRoles};
pub use settle::{CreationTimes, Lookups, Settled};
pub use store::TicketStore;
