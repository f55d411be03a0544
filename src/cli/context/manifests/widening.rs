//! Fields without a value whose absence means "all". The API server takes them, and a person who
//! left the entries out by mistake reaches further than meant.

use serde_json::Value;

use super::field_error::{FieldError, join};
use crate::cli::context::reasons::CheckReason;

/// The fields, and what their absence means.
const WIDENING: [(&str, &str); 5] = [
    (
        "spec.projects",
        "every project that the account can see is synchronised",
    ),
    ("spec.account", "a grant of any account is accepted"),
    ("spec.projects[].jql", "every issue of the project counts"),
    ("spec.statusMapping[].projects", "it holds in every project"),
    ("spec.statusMapping[].issueTypes", "it holds for every issue type"),
];

/// A warning for each such field that is there and says nothing.
#[must_use]
pub fn widened(object: &Value) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(object, "", "", &mut found);
    found
}

/// `general` is the path without the places in lists.
fn collect(value: &Value, path: &str, general: &str, found: &mut Vec<FieldError>) {
    // That spec.projects is empty, a rule refuses.
    let is_empty = value.as_array().is_some_and(Vec::is_empty) && general != "spec.projects";
    let says_nothing = value.is_null() || is_empty;
    let meaning = WIDENING.iter().find(|(field, _)| says_nothing && *field == general);
    if let Some((_, meaning)) = meaning {
        let message = format!("{path} is there without a value, so {meaning}. Give it one, or leave the field out.");
        found.push(FieldError::new(path, CheckReason::EmptyMeansAll, message));
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, &join(path, name), &join(general, name), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{path}[{index}]"), &format!("{general}[]"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_says_nothing_is_told_where_that_means_all() {
        let paths = |spec: Value| -> Vec<String> {
            let found = widened(&json!({"spec": spec}));
            found.into_iter().map(|warning| warning.path).collect()
        };
        assert_eq!(
            paths(json!({"account": null, "projects": null})),
            ["spec.account", "spec.projects"]
        );
        assert_eq!(
            paths(json!({"statusMapping": [{"projects": ["SUP"]}, {"issueTypes": [], "projects": null}]})),
            ["spec.statusMapping[1].issueTypes", "spec.statusMapping[1].projects"]
        );
        assert_eq!(
            paths(json!({"mode": null, "issues": null, "users": {"pinned": []}})),
            Vec::<String>::new()
        );
    }
}
