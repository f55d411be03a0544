//! Property tests of the judges: evidence of any kind, and what a finding needs to be backed by.

mod arbitrary;
mod backing;
mod backing_person;
mod properties;
