//! Tries an object against the definition of its kind as the API server does: strict about
//! unknown fields, then types, bounds and required fields, then the rules in CEL.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_cel::{ErrorKind, Validator, apply_defaults};
use serde_json::Value;

use super::{
    reasons::LocalReason,
    values,
    walk::{ALWAYS, Flaw, Walk},
};
use crate::api::crd;

/// The definition of one kind.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The kind.
    pub kind: String,
    /// Group and version as manifests name them.
    pub api_version: String,
    schema: Value,
}

/// The definitions that this version of the program knows.
///
/// # Errors
/// When one cannot be read, which a test rules out.
pub fn definitions() -> Result<Vec<Definition>, String> {
    crd::all().iter().map(Definition::of).collect()
}

impl Definition {
    fn of(crd: &CustomResourceDefinition) -> Result<Self, String> {
        let spec = &crd.spec;
        let version = spec.versions.first().ok_or("a definition without a version")?;
        let schema = version.schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref());
        Ok(Self {
            kind: spec.names.kind.clone(),
            api_version: format!("{}/{}", spec.group, version.name),
            schema: serde_json::to_value(schema).map_err(|error| error.to_string())?,
        })
    }

    /// What the API server would refuse or drop of the object; nothing where it takes it as it is.
    #[must_use]
    pub fn flaws(&self, object: &Value) -> Vec<Flaw> {
        let mut walk = Walk::of(&self.schema);
        // The status is the operator's; what a manifest says of it is dropped in silence.
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        walk.node(&self.schema, &object, "");
        if !walk.blocked {
            walk.flaws.extend(broken_rules(&self.schema, &object));
        }
        walk.flaws
    }
}

/// The rules in CEL. The API server tries them only where the types are right.
fn broken_rules(schema: &Value, object: &Value) -> Vec<Flaw> {
    let seen = apply_defaults(schema, &as_ruled(schema, object));
    let Err(errors) = Validator::new().validate(schema, &seen, None) else {
        return Vec::new();
    };
    let told = |error: kube_cel::ValidationError| match error.kind {
        ErrorKind::ValidationFailure => {
            let told = error.message.trim_end_matches('.');
            let shown = values::at(&seen, &error.field_path);
            Flaw::new(LocalReason::InvalidField, format!("{told}.{shown}"))
        }
        _ => Flaw::new(
            LocalReason::NotLookedAt,
            format!(
                "{}: a rule of the definition could not be tried here; the API server will.",
                error.field_path
            ),
        ),
    };
    errors.into_iter().map(told).collect()
}

/// The object as rules see it: without unknown fields, and without nulls, which count as absent.
fn as_ruled(schema: &Value, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let keep = |(name, value): (&String, &Value)| match properties.and_then(|all| all.get(name)) {
                Some(of) => (!value.is_null()).then(|| (name.clone(), as_ruled(of, value))),
                None => ALWAYS.contains(&name.as_str()).then(|| (name.clone(), value.clone())),
            };
            Value::Object(fields.iter().filter_map(keep).collect())
        }
        Value::Array(items) => {
            let of = schema.get("items").unwrap_or(&Value::Null);
            Value::Array(items.iter().map(|item| as_ruled(of, item)).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
impl Definition {
    /// Fields of spec that the object does not have.
    pub fn unused(&self, object: &Value) -> Vec<String> {
        use crate::cli::check::walk::join;
        fn walk(schema: &Value, value: Option<&Value>, path: &str, unused: &mut Vec<String>) {
            if value.is_none() {
                unused.push(path.to_owned());
            }
            for (name, of) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                walk(of, value.and_then(|value| value.get(name)), &join(path, name), unused);
            }
            if let Some(of) = schema.get("items") {
                walk(of, value.and_then(|value| value.get(0)), &format!("{path}[]"), unused);
            }
        }
        let mut unused = Vec::new();
        let spec = self.schema.pointer("/properties/spec").unwrap_or(&Value::Null);
        walk(spec, object.get("spec"), "spec", &mut unused);
        unused
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn flaws(spec: &Value) -> Vec<String> {
        let all = definitions().unwrap();
        let integration = all
            .iter()
            .find(|definition| definition.kind == "JiraIntegration")
            .unwrap();
        let mut whole = json!({"site": "https://acme.atlassian.net", "secretRef": {"name": "acme-oauth"}});
        for (name, value) in spec.as_object().unwrap() {
            whole.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        let object = json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "acme"}, "spec": whole});
        integration
            .flaws(&object)
            .into_iter()
            .map(|flaw| flaw.message)
            .collect()
    }

    #[test]
    fn every_rule_can_be_tried_here() {
        let all = definitions().unwrap();
        for definition in &all {
            let compiled = kube_cel::compile_schema(&definition.schema);
            let mut open = vec![&compiled];
            while let Some(node) = open.pop() {
                assert!(
                    !node.has_errors(),
                    "{}: {:?}",
                    definition.kind,
                    node.compilation_errors()
                );
                open.extend(node.properties.values().chain(node.items.as_deref()));
            }
        }
    }

    #[test]
    fn a_null_counts_as_absent_and_types_go_before_rules() {
        assert_eq!(
            flaws(&json!({"projects": null, "mode": null, "suspend": null})),
            Vec::<String>::new()
        );
        assert_eq!(
            flaws(&json!({"account": {"email": null}})),
            ["spec.account needs an email or an accountId."]
        );
        assert_eq!(
            flaws(&json!({"suspend": 1, "account": {}})),
            ["spec.suspend is 1; it must be true or false."]
        );
    }

    #[test]
    fn an_unknown_field_is_told_with_the_one_that_was_meant() {
        assert_eq!(
            flaws(&json!({"synInterval": "5m"})),
            ["spec.synInterval is no field; spec.syncInterval is."]
        );
        assert_eq!(
            flaws(&json!({"pinned": []})),
            ["spec.pinned is no field; spec.users.pinned is."]
        );
        assert_eq!(
            flaws(&json!({"secretRef": {"name": "a", "namespace": "b"}})),
            ["spec.secretRef.namespace is no field; spec.secretRef has name."]
        );
    }
}
