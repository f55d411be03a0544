//! Compares a JSON value with an `OpenAPI` 3.0 schema, as far as shapes go.

use serde_json::Value;

/// Where a value differs from a schema; empty when it does not.
pub(crate) fn differences(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let checker = Checker { document };
    checker.check(schema, value, "body", &mut found);
    found
}

struct Checker<'a> {
    document: &'a Value,
}

impl<'a> Checker<'a> {
    /// The schema behind a reference.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
        match pointer.and_then(|pointer| self.document.pointer(pointer)) {
            Some(target) => self.resolve(target),
            None => schema,
        }
    }

    fn check(&self, schema: &'a Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            for part in parts {
                self.check(part, value, at, found);
            }
        }
        for choice in ["oneOf", "anyOf"] {
            let options = schema.get(choice).and_then(Value::as_array);
            if options.is_some_and(|options| !self.fits_one(options, value)) {
                found.push(format!("{at} fits none of {choice}"));
            }
        }
        if value.is_null() && schema.get("nullable") == Some(&Value::Bool(true)) {
            return;
        }
        let kind = schema.get("type").and_then(Value::as_str);
        if kind.is_some_and(|kind| !has_type(kind, value)) {
            found.push(format!(
                "{at} is {value} and should be of type {}",
                kind.unwrap_or_default()
            ));
            return;
        }
        let allowed = schema.get("enum").and_then(Value::as_array);
        if allowed.is_some_and(|allowed| !allowed.contains(value)) {
            found.push(format!("{at} is {value}, which is no value of its enumeration"));
        }
        match value {
            Value::Object(_) => self.check_object(schema, value, at, found),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if let Some(items) = schema.get("items") {
                        self.check(items, value, &format!("{at}[{index}]"), found);
                    }
                }
            }
            _ => {}
        }
    }

    fn fits_one(&self, options: &'a [Value], value: &Value) -> bool {
        options.iter().any(|option| {
            let mut found = Vec::new();
            self.check(option, value, "", &mut found);
            found.is_empty()
        })
    }

    fn check_object(&self, schema: &'a Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if value.get(name).is_none() {
                found.push(format!("{at} lacks {name}"));
            }
        }
        let properties = schema.get("properties");
        // A choice that forbids what only its options name is a slip of the documents.
        let choice = properties.is_none() && (schema.get("anyOf").is_some() || schema.get("oneOf").is_some());
        let further = schema.get("additionalProperties").filter(|_| !choice);
        for (name, value) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            match properties.and_then(|properties| properties.get(name)) {
                Some(schema) => self.check(schema, value, &at, found),
                None => match further {
                    Some(Value::Bool(false)) => found.push(format!("{at} is not documented")),
                    Some(schema) => self.check(schema, value, &at, found),
                    None => {}
                },
            }
        }
    }
}

fn has_type(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}
