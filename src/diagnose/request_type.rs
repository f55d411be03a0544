//! What hinders a request type, as gatherers and judges understand it.

use std::collections::BTreeSet;

use crate::atlassian::desk_models::{Form, FormField, RequestType};

/// Whether the type is in no portal group, which hides it. Where groups are not told it is not.
#[must_use]
pub fn is_hidden(kind: &RequestType) -> bool {
    kind.group_ids.as_ref().is_some_and(Vec::is_empty)
}

/// Whether the type is restricted: only project administrators see that.
#[must_use]
pub fn is_restricted(kind: &RequestType) -> bool {
    let status = kind.restriction_status.as_deref();
    status.is_some_and(|status| status.eq_ignore_ascii_case("restricted"))
}

/// Whether the account may raise requests of the type, by the list or, where that leaves it open,
/// by the permission check; none where neither tells.
#[must_use]
pub fn creatable(kind: &RequestType, checked: Option<&BTreeSet<String>>) -> Option<bool> {
    kind.can_create_request
        .or_else(|| checked.map(|ids| ids.contains(&kind.id)))
}

/// Whether nothing is known against raising requests of the type but what its form may require. What Jira
/// itself says may be raised can be, wherever the portal shows it.
#[must_use]
pub fn is_open(kind: &RequestType) -> bool {
    kind.can_create_request == Some(true) || !is_hidden(kind) && !is_restricted(kind)
}

/// Names of the fields that a form requires, that the account cannot fill in, and that nothing else
/// fills in.
#[must_use]
pub fn unseen_fields(form: &Form) -> Vec<String> {
    let unseen = |field: &&FormField| {
        field.required && !field.visible && field.preset_values.is_empty() && field.default_values.is_empty()
    };
    let fields = form.request_type_fields.iter().filter(unseen);
    fields.map(|field| field.name.clone()).collect()
}
