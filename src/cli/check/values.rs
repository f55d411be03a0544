//! Single values against what a schema says of them: type, length, number of entries.

use serde_json::Value;

/// Most characters of a value that a message quotes.
const QUOTED: usize = 60;

/// What is wrong with a value that is no list and no object, or is one where it should not be.
#[must_use]
pub fn wrong(schema: &Value, kind: &str, value: &Value) -> Option<String> {
    let right = match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        // No type: anything goes.
        "" => true,
        _ => false,
    };
    if !right {
        return Some(wrong_type(kind, value));
    }
    if let Some(text) = value.as_str() {
        let length = text.chars().count();
        if let Some(most) = limit(schema, "maxLength").filter(|most| length > *most) {
            return Some(format!("has {length} characters; at most {most} are allowed"));
        }
    }
    let allowed = schema.get("enum").and_then(Value::as_array)?;
    if allowed.contains(value) {
        return None;
    }
    let allowed: Vec<String> = allowed.iter().map(shown).collect();
    Some(format!("is {}; it must be {}", shown(value), allowed.join(" or ")))
}

/// What is wrong with a list that is too long.
#[must_use]
pub fn too_many(schema: &Value, count: usize) -> Option<String> {
    let most = limit(schema, "maxItems").filter(|most| count > *most)?;
    Some(format!("has {count} entries; at most {most} are allowed"))
}

/// What is wrong with a text or a list that is too short. The API server tries the rules all the
/// same.
#[must_use]
pub fn too_little(schema: &Value, value: &Value) -> Option<String> {
    let (name, what, has) = match value {
        Value::String(text) => ("minLength", "characters", text.chars().count()),
        Value::Array(items) => ("minItems", "entries", items.len()),
        _ => return None,
    };
    let least = limit(schema, name).filter(|least| has < *least)?;
    Some(match has {
        0 => "must not be empty".to_owned(),
        _ => format!("has {has} {what}; the least is {least}"),
    })
}

fn wrong_type(kind: &str, value: &Value) -> String {
    let wanted = match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "an object",
    };
    let is = match value {
        Value::Null => "is null".to_owned(),
        Value::Array(_) => "is a list".to_owned(),
        Value::Object(_) => "is an object".to_owned(),
        Value::String(_) if kind == "object" || kind == "array" => "is text".to_owned(),
        // YAML takes NO, on or 0123 for something else than text.
        Value::Bool(_) | Value::Number(_) if kind == "string" => {
            return format!("is {value} and not text; it must be text: put it in quotes");
        }
        Value::String(text) if kind != "object" && kind != "array" => {
            return format!(
                "is the text {}; it must be {wanted}, without quotes",
                shown(&Value::from(text.as_str()))
            );
        }
        other => format!("is {}", shown(other)),
    };
    format!("{is}; it must be {wanted}")
}

/// The limit of this name, if the schema has it.
fn limit(schema: &Value, name: &str) -> Option<usize> {
    let limit = schema.get(name)?;
    // The types of the definition hold lengths as 64-bit numbers; none is negative.
    limit.as_u64().and_then(|limit| usize::try_from(limit).ok())
}

/// A value as messages quote it.
#[must_use]
pub fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= QUOTED {
        return text;
    }
    let start: String = text.chars().take(QUOTED).collect();
    format!("{start}…")
}

/// " It is …" for the scalar at a path such as `spec.projects[0].key`; nothing for others. Which
/// entry of a list it is, the messages of the rules do not say.
#[must_use]
pub fn at(root: &Value, path: &str) -> String {
    let pointer: String = path
        .replace(']', "")
        .split(['.', '['])
        .map(|part| format!("/{part}"))
        .collect();
    let place = if path.contains('[') {
        format!(" ({path})")
    } else {
        String::new()
    };
    match root.pointer(&pointer) {
        Some(Value::String(text)) if text.is_empty() => format!(" It is empty{place}."),
        Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
            format!(" It is {}{place}.", shown(value))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_of_another_type_is_told_with_what_it_must_be() {
        let told = |kind, value: Value| wrong(&json!({}), kind, &value);
        assert_eq!(told("string", json!("x")), None);
        assert_eq!(
            told("string", json!(false)).as_deref(),
            Some("is false and not text; it must be text: put it in quotes")
        );
        assert_eq!(
            told("boolean", json!("yes")).as_deref(),
            Some("is the text yes; it must be true or false, without quotes")
        );
        assert_eq!(
            told("object", json!("x")).as_deref(),
            Some("is text; it must be an object")
        );
        assert_eq!(
            told("array", json!({})).as_deref(),
            Some("is an object; it must be a list")
        );
    }

    #[test]
    fn bounds_and_choices_are_kept() {
        assert!(wrong(&json!({"maxLength": 2}), "string", &json!("äöü")).is_some());
        assert!(wrong(&json!({"maxLength": 3}), "string", &json!("äöü")).is_none());
        assert!(too_little(&json!({"minLength": 1}), &json!("")).is_some());
        assert!(too_little(&json!({"minItems": 1}), &json!([])).is_some());
        assert!(too_little(&json!({"minItems": 1}), &json!(["a"])).is_none());
        let mode = json!({"enum": ["Enforce", "Observe"]});
        assert_eq!(
            wrong(&mode, "string", &json!("observe")).as_deref(),
            Some("is observe; it must be Enforce or Observe")
        );
        assert!(too_many(&json!({"maxItems": 1}), 2).is_some());
    }

    #[test]
    fn the_value_at_a_path_is_quoted() {
        let root = json!({"spec": {"projects": [{"key": "sup"}]}});
        assert_eq!(at(&root, "spec.projects[0].key"), " It is sup (spec.projects[0].key).");
        assert_eq!(at(&root, "spec.projects"), "");
    }
}
