//! How another version of a definition is recognised: a schema that says other things of its fields, and an
//! API server that does not accept a status.

use std::collections::BTreeSet;

use serde_json::Value;

/// How the definitions of this version are installed.
pub const INSTALL: &str = "jira-operator crds | kubectl apply -f -";

/// The fields of which two schemas do not say the same, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Of these theirs lacks something.
    pub lacking: Vec<String>,
    /// Of these it says more.
    pub more: Vec<String>,
}

impl Difference {
    /// Compares our schema with theirs, descriptions left out.
    #[must_use]
    pub fn between(ours: &Value, theirs: &Value) -> Self {
        let (ours, theirs) = (said(ours), said(theirs));
        let fields = |of: BTreeSet<&String>| {
            let paths: BTreeSet<&str> = of.into_iter().map(|said| path(said)).collect();
            paths.into_iter().map(str::to_owned).collect()
        };
        Self {
            lacking: fields(ours.difference(&theirs).collect()),
            more: fields(theirs.difference(&ours).collect()),
        }
    }
}

/// Everything that a schema says of each field, descriptions left out.
fn said(schema: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    collect(schema, "", &mut all);
    all
}

fn collect(schema: &Value, path: &str, all: &mut BTreeSet<String>) {
    for (name, value) in schema.as_object().into_iter().flatten() {
        match name.as_str() {
            "description" | "title" => {}
            "properties" => {
                for (name, of) in value.as_object().into_iter().flatten() {
                    let inner = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    collect(of, &inner, all);
                }
            }
            "items" => collect(value, &format!("{path}[]"), all),
            other => {
                all.insert(match value.as_f64() {
                    // Some write a bound as 1, and some as 1.0.
                    Some(number) => format!("{path} {other} {number}"),
                    None => format!("{path} {other} {value}"),
                });
            }
        }
    }
}

/// The field that something is said of.
fn path(said: &str) -> &str {
    match said.split_once(' ') {
        Some(("", _)) | None => "the object",
        Some((path, _)) => path,
    }
}

/// What helps where the API server does not accept a status that the operator wrote. The operator writes what
/// its own definitions allow, so the ones in the cluster are others: they require or forbid something, or, where
/// a status is applied, do not know a field (measured with 1.36: that is a 500).
#[must_use]
pub fn remedy(status: &kube::core::Status) -> Option<String> {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    let is_about_status = |field: &str| field == "status" || field.starts_with("status.");
    let differs = match status.code {
        422 => causes.any(|cause| is_about_status(&cause.field)),
        500 => status.message.contains("failed to create typed patch") && status.message.contains("field not declared"),
        _ => false,
    };
    differs.then(|| {
        format!(
            "The CustomResourceDefinition in the cluster is of another version than the operator. Replace it: {INSTALL}"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn remedy_for(status: Value) -> Option<String> {
        remedy(&serde_json::from_value(status).unwrap())
    }

    #[test]
    fn a_status_that_is_not_accepted_tells_of_another_definition() {
        let cause =
            json!({"reason": "FieldValueRequired", "message": "Required value", "field": "status.projects.synced"});
        let invalid = json!({"code": 422, "reason": "Invalid", "details": {"causes": [cause]}});
        assert!(remedy_for(invalid).unwrap().contains(INSTALL));
        // A policy denies with the same code, and names no field.
        let denied =
            json!({"code": 422, "reason": "Invalid", "details": {"causes": [{"message": "not in this namespace"}]}});
        assert_eq!(remedy_for(denied), None);
        let of_spec = json!({"code": 422, "details": {"causes": [{"field": "spec.key"}]}});
        assert_eq!(remedy_for(of_spec), None);
        assert_eq!(remedy_for(json!({"code": 422})), None);
        let unknown = "failed to create typed patch object (/acme; jira-operator.dev/v1alpha1, Kind=JiraIntegration): \
            .status.projects.writable: field not declared in schema";
        assert!(remedy_for(json!({"code": 500, "message": unknown})).is_some());
        assert_eq!(
            remedy_for(json!({"code": 500, "message": "etcdserver: request timed out"})),
            None
        );
        assert_eq!(remedy_for(json!({"code": 409})), None);
    }

    #[test]
    fn fields_are_compared_and_their_descriptions_are_not() {
        let schema = |fields: Value| json!({"type": "object", "properties": {"status": {"properties": fields}}});
        let bound = |minimum: Value| schema(json!({"a": {"minimum": minimum}}));
        assert_eq!(
            Difference::between(&bound(json!(1)), &bound(json!(1.0))),
            Difference::default()
        );
        let ours = schema(json!({"a": {"type": "string", "description": "x"}, "b": {"items": {"type": "integer"}}}));
        let theirs = schema(json!({"a": {"type": "string"}, "c": {"type": "string"}}));
        let found = Difference::between(&ours, &theirs);
        assert_eq!(found.lacking, ["status.b[]"]);
        assert_eq!(found.more, ["status.c"]);
        assert_eq!(Difference::between(&ours, &ours), Difference::default());
    }
}
