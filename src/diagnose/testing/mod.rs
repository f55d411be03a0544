//! What the tests of this room share: property tests of the judges, by evidence of any kind and by what a finding
//! needs to be backed by, and a site that answers as it is scripted.

mod arbitrary;
mod backing;
mod backing_person;
mod properties;
pub mod scripted_site;
