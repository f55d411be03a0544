//! The kinds of this operator as their CRDs describe them: the schema, and the rules in CEL.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_cel::{ErrorKind, apply_defaults};
use serde_json::Value;

use super::{
    field_error::{FieldError, it_is},
    object_schema::{ObjectSchema, without_nulls},
};
use crate::{api::crd, cli::context::reasons::CheckReason};

/// Why there is no schema to try objects against, which a test rules out.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A CRD without a version.
    #[error("a CRD has no version")]
    NoVersion,
    /// A schema that cannot be written as JSON.
    #[error("the schema of a CRD: {0}")]
    Json(#[from] serde_json::Error),
    /// A schema that is none.
    #[error("the schema of a kind: {0}")]
    Schema(#[from] jsonschema::ValidationError<'static>),
}

/// One kind.
#[derive(Debug)]
pub struct CrdSchema {
    /// The kind.
    pub kind: String,
    /// Group and version as manifests name them.
    pub api_version: String,
    /// The schema as the CRD has it, for defaults and rules.
    crd: Value,
    object: ObjectSchema,
}

/// The kinds that this version of the program knows. To read them takes a moment, so it is done once.
pub static CRD_SCHEMAS: LazyLock<Result<Vec<CrdSchema>, SchemaError>> =
    LazyLock::new(|| crd::all().iter().map(CrdSchema::of).collect());

impl CrdSchema {
    fn of(crd: &CustomResourceDefinition) -> Result<Self, SchemaError> {
        let spec = &crd.spec;
        let version = spec.versions.first().ok_or(SchemaError::NoVersion)?;
        let schema = version.schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref());
        let crd = serde_json::to_value(schema)?;
        Ok(Self {
            kind: spec.names.kind.clone(),
            api_version: format!("{}/{}", spec.group, version.name),
            object: ObjectSchema::new(crd.clone())?,
            crd,
        })
    }

    /// The object as the API server stores it, with its defaults, and what it refuses of it. It tries the
    /// rules only where types and choices are right.
    #[must_use]
    pub fn judge(&self, object: &Value) -> (Value, Vec<FieldError>) {
        let mut object = apply_defaults(&self.crd, &without_nulls(object));
        let mut errors = self.object.errors(&object);
        // What a manifest says of the status is dropped, but not without looking at the names of its fields.
        errors.retain(|error| !error.path.starts_with("status") || error.reason == CheckReason::UnknownField);
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        if !errors.iter().any(|error| error.stops_rules) {
            errors.extend(broken_rules(&self.crd, &object));
        }
        (object, errors)
    }
}

/// The rules in CEL that the object breaks.
fn broken_rules(schema: &Value, object: &Value) -> Vec<FieldError> {
    let Err(errors) = kube_cel::Validator::new().validate(schema, object, None) else {
        return Vec::new();
    };
    let told = |error: kube_cel::ValidationError| {
        let path = &error.field_path;
        let (reason, message) = if error.kind == ErrorKind::ValidationFailure {
            let message = format!("{}.{}", error.message.trim_end_matches('.'), value_at(object, path));
            (CheckReason::InvalidField, message)
        } else {
            let message = format!("{path}: a rule of the CRD could not be tried here; the API server will.");
            (CheckReason::NotLookedAt, message)
        };
        FieldError::new(path, reason, message)
    };
    errors.into_iter().map(told).collect()
}

/// What stands at a path such as `spec.projects[0].key`. Which entry of a list it is, the messages of
/// the rules do not say.
fn value_at(object: &Value, path: &str) -> String {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let told = object
        .pointer(&pointer)
        .map_or(String::new(), |value| it_is(value, path));
    match told.strip_suffix('.').filter(|_| path.contains('[')) {
        Some(told) => format!("{told} ({path})."),
        None => told,
    }
}

#[cfg(test)]
impl CrdSchema {
    /// Fields of spec that the object does not have.
    pub fn unused(&self, object: &Value) -> Vec<String> {
        use super::field_error::join;
        fn walk(schema: &Value, value: Option<&Value>, path: &str, unused: &mut Vec<String>) {
            let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            if value.is_none() && !text.starts_with("Deprecated") {
                unused.push(path.to_owned());
            }
            let fields = schema.get("properties").and_then(Value::as_object);
            for (name, of) in fields.into_iter().flatten() {
                walk(of, value.and_then(|value| value.get(name)), &join(path, name), unused);
            }
            if let Some(of) = schema.get("items") {
                walk(of, value.and_then(|value| value.get(0)), &format!("{path}[]"), unused);
            }
        }
        let mut unused = Vec::new();
        let spec = self.crd.pointer("/properties/spec").unwrap_or(&Value::Null);
        walk(spec, object.get("spec"), "spec", &mut unused);
        unused
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn errors(spec: &Value) -> Vec<String> {
        let integration = CRD_SCHEMAS
            .as_ref()
            .unwrap()
            .iter()
            .find(|of| of.kind == "JiraIntegration")
            .unwrap();
        let mut whole = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}});
        whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let object = json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "acme"}, "spec": whole});
        let (_, errors) = integration.judge(&object);
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn every_rule_can_be_tried_here() {
        for of in CRD_SCHEMAS.as_ref().unwrap() {
            let compiled = kube_cel::compile_schema(&of.crd);
            let mut open = vec![&compiled];
            while let Some(node) = open.pop() {
                assert!(!node.has_errors(), "{}: {:?}", of.kind, node.compilation_errors());
                open.extend(node.properties.values().chain(node.items.as_deref()));
            }
        }
    }

    #[test]
    fn a_null_counts_as_absent_and_types_go_before_rules() {
        let told = |spec: Value, message: &[&str]| assert_eq!(errors(&spec), message);
        told(json!({"projects": null, "mode": null, "suspend": null}), &[]);
        told(
            json!({"account": {"email": null}}),
            &["spec.account needs an email or an accountId."],
        );
        told(
            json!({"suspend": 1, "account": {}}),
            &["spec.suspend is 1; it must be true or false."],
        );
    }

    #[test]
    fn a_value_of_another_type_is_told_with_what_it_must_be() {
        let told = |spec: Value, message: &str| assert_eq!(errors(&spec), [message]);
        told(
            json!({"tokenSecretName": false}),
            "spec.tokenSecretName is false and not text; it must be text: put it in quotes.",
        );
        told(
            json!({"suspend": "yes"}),
            "spec.suspend is the text yes; it must be true or false, without quotes.",
        );
        told(json!({"account": "x"}), "spec.account is text; it must be an object.");
        told(
            json!({"projects": {}}),
            "spec.projects is an object; it must be a list.",
        );
    }

    #[test]
    fn bounds_and_choices_are_kept() {
        let long = json!({"account": {"accountId": "ä".repeat(128)}});
        assert_eq!(errors(&long), Vec::<String>::new(), "letters are counted and not bytes");
        for (spec, told) in [
            (
                json!({"account": {"accountId": "ä".repeat(129)}}),
                "longer than 128 characters",
            ),
            (json!({"account": {"accountId": ""}}), "accountId must not be empty."),
            (
                json!({"statusMapping": [{"phase": "A", "statuses": []}]}),
                "statuses must not be empty.",
            ),
            (
                json!({"statusMapping": [{"phase": "A", "statuses": vec!["a"; 21]}]}),
                "more than 20 items",
            ),
            (
                json!({"mode": "observe"}),
                "spec.mode is not one of \"Enforce\" or \"Observe\". It is observe.",
            ),
            (
                json!({"issues": {"maxObjects": 0}}),
                "less than the minimum of 1. It is 0.",
            ),
            (
                json!({"issues": {"maxObjects": 5001}}),
                "greater than the maximum of 5000. It is 5001.",
            ),
        ] {
            let all = errors(&spec);
            assert!(
                all.iter()
                    .any(|message| message.ends_with(told) || message.contains(told)),
                "{all:?}"
            );
        }
    }

    #[test]
    fn an_unknown_field_is_told_with_the_one_that_was_meant() {
        let told = |spec: Value, message: &str| assert_eq!(errors(&spec), [message]);
        told(
            json!({"synInterval": "5m"}),
            "spec.synInterval is no field; spec.syncInterval is.",
        );
        told(json!({"pinned": []}), "spec.pinned is no field; spec.users.pinned is.");
        told(
            json!({"secretRef": {"name": "a", "namespace": "b"}}),
            "spec.secretRef.namespace is no field; spec.secretRef has name.",
        );
    }
}
