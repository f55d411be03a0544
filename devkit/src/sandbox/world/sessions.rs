//! Which browsers are logged in at Atlassian.

use std::collections::HashMap;

/// Browsers that are logged in: the value of their session cookie, and the account's id.
#[derive(Default)]
pub(crate) struct Sessions(pub(super) HashMap<String, String>);
