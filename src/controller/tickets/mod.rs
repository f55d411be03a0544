//! Reconciles the tickets that people apply, apart from the integrations that they name: none waits for the interval or
//! the work of one.

mod adopt;
mod assignable;
mod audit;
mod bound;
mod choice;
mod claims;
mod comment_calls;
mod comment_search;
mod comments;
mod conclude;
mod context;
mod create;
mod edit;
mod edit_attempt;
mod edit_due;
mod edit_look;
mod expiry;
mod follower;
mod known;
mod latest_comments;
mod links;
mod look;
mod movers;
mod moves;
mod news;
mod note;
mod people;
mod phase;
mod portal;
mod prepare;
mod reconcile;
mod refused_creation;
mod rested;
mod shown;
mod steps;
mod summaries;
mod summary;
mod take_over;
mod unbound;
mod unmade;
mod wanted_fields;
mod watches;

pub use watches::run;
