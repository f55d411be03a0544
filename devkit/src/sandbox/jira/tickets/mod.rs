//! Writing to issues through the platform's API, and what must be known to do so.

pub(super) mod changelog;
pub(super) mod comment_properties;
pub(super) mod comments;
pub(super) mod create;
pub(super) mod create_meta;
mod draft;
pub(super) mod edit;
pub(super) mod field_list;
pub(super) mod issue_links;
mod options;
pub(super) mod properties;
pub(super) mod refusal;
pub(super) mod remote_links;
pub(super) mod transition;
pub(super) mod transitions;
pub(super) mod values;
