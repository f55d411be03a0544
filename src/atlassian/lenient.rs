//! Reading what Atlassian may answer in more than one form: a null for what is missing, and ids
//! that are numbers in one place and text in another.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// An id that is a number here and the same number as text elsewhere.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum NumericId {
    /// As the specification has it.
    Number(u64),
    /// As most other answers have it.
    Text(String),
}

impl std::fmt::Display for NumericId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A null counts as missing.
///
/// # Errors
/// When the value is neither null nor of its type.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What has another form than it is documented counts as missing.
///
/// # Errors
/// When there is no value at all.
pub fn or_odd<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// The texts in a list; whatever else is in it, or stands in its place, is passed over.
///
/// # Errors
/// When there is no value at all.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list: Option<Vec<serde_json::Value>> = or_odd(deserializer)?;
    let texts = list.into_iter().flatten();
    Ok(texts.filter_map(|value| value.as_str().map(str::to_owned)).collect())
}

/// The address for people among the links of a request. It is shown to people: what is no address of a page is none.
///
/// # Errors
/// When there is no value at all.
pub fn web_link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let links = serde_json::Value::deserialize(deserializer)?;
    let web = links.get("web").and_then(serde_json::Value::as_str);
    let is_address = |web: &&str| web.starts_with("https://") || web.starts_with("http://");
    Ok(web.filter(is_address).map(str::to_owned))
}

/// A null counts as true.
///
/// # Errors
/// When the value is neither null nor true or false.
pub fn or_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(true))
}

/// An id, as text or as a number.
///
/// # Errors
/// When it is neither.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    NumericId::deserialize(deserializer).map(|id| id.to_string())
}

/// An id that may be missing.
///
/// # Errors
/// When it is neither text nor a number nor null.
pub fn maybe_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id: Option<NumericId> = Option::deserialize(deserializer)?;
    Ok(id.map(|id| id.to_string()).unwrap_or_default())
}

/// Ids in a list that may be missing.
///
/// # Errors
/// When it is no list of texts or numbers.
pub fn maybe_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let ids: Option<Vec<NumericId>> = Option::deserialize(deserializer)?;
    Ok(ids.map(|ids| ids.iter().map(ToString::to_string).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use crate::atlassian::{
        desk_models::{FormField, RequestType, ServiceDesk},
        models::{Project, User},
    };

    #[test]
    fn nulls_and_numbers_are_normal() {
        let project: Project = serde_json::from_value(
            json!({"id": 10_001, "key": "SUP", "name": null, "projectTypeKey": null, "archived": null, "new": 1}),
        )
        .unwrap();
        assert_eq!((project.id.as_str(), project.archived), ("10001", false));
        let user: User =
            serde_json::from_value(json!({"accountId": "5b10", "displayName": null, "active": null})).unwrap();
        assert!(user.active && user.display_name.is_empty());
        let desk: ServiceDesk = serde_json::from_value(json!({"id": 10, "projectId": 10_001})).unwrap();
        assert_eq!((desk.id.as_str(), desk.project_id.as_str()), ("10", "10001"));
        let kind: RequestType = serde_json::from_value(json!({"id": 1, "name": null, "groupIds": [1, "2"]})).unwrap();
        assert_eq!(kind.group_ids.unwrap(), ["1", "2"]);
        let field: FormField =
            serde_json::from_value(json!({"fieldId": "x", "presetValues": null, "visible": null})).unwrap();
        assert!(field.visible && field.preset_values.is_empty());
    }
}
