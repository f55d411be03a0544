//! Connecting: from the wish for a grant to the grant in its Secret. Pages and terminal share it.
//!
//! A person opens a link that only the object's readers have ([`link`]), consents at Atlassian,
//! and comes back with a code and a state ([`flow`]). The code is exchanged, the result judged
//! ([`judge`]) and stored ([`service`]).

pub mod callback_query;
pub mod flow;
pub mod judge;
pub mod key;
pub mod link;
pub mod outcome;
pub mod public_url;
pub mod service;
