//! Fields of a status that the version before this one wrote under another name: they are read under it and no longer
//! written. The definitions keep the old ones, because the API server drops from stored objects what they do not
//! have. Both go with the next version.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

/// The site that an integration is bound to.
///
/// # Errors
/// When it cannot be read.
pub fn site<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    read(from, "declaredAs", "specSite")
}

/// The account that holds the grant.
///
/// # Errors
/// When it cannot be read.
pub fn account<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    read(from, "declaredAs", "specEmail")
}

/// The people of the site.
///
/// # Errors
/// When it cannot be read.
pub fn users<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    read(from, "trouble", "lastError")
}

/// The request types of a project.
///
/// # Errors
/// When it cannot be read.
pub fn request_types<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<T, D::Error> {
    read(from, "hinderedBy", "blockedBy")
}

/// Reads a part of a status. The old field stays beside the new one, so that what is found out next differs from it
/// and is written.
fn read<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D, old: &str, new: &str) -> Result<T, D::Error> {
    let mut value = Value::deserialize(from)?;
    take_over(&mut value, old, new);
    serde_json::from_value(value).map_err(D::Error::custom)
}

fn take_over(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| take_over(item, old, new)),
        Value::Object(fields) if !fields.contains_key(new) => {
            if let Some(said) = fields.get(old).cloned() {
                fields.insert(new.to_owned(), said);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Value, from_value, json, to_value};

    use crate::api::{crd, integration::JiraIntegrationStatus, project::JiraProjectStatus};

    #[test]
    fn what_an_earlier_version_wrote_is_read_and_written_under_its_present_name() {
        let old = json!({
            "site": {"cloudId": "c1", "name": "acme", "url": "https://acme.atlassian.net", "declaredAs": "https://old.atlassian.net"},
            "account": {"accountId": "a1", "displayName": "Bot", "accountType": "atlassian", "declaredAs": "bot@acme.example"},
            "users": {"configMaps": 1, "active": 2, "inactive": 0, "withoutEmail": 0, "equalNames": 0, "trouble": "no right"},
        });
        let status: JiraIntegrationStatus = from_value(old).unwrap();
        let written = to_value(&status).unwrap();
        assert_eq!(written["site"]["specSite"], "https://old.atlassian.net");
        assert_eq!(written["account"]["specEmail"], "bot@acme.example");
        assert_eq!(written["users"]["lastError"], "no right");
        let old = json!({"requestTypes": [{"id": "1", "name": "Help", "hinderedBy": ["Hidden"]}, {"id": "2", "name": "Ask"}]});
        let status: JiraProjectStatus = from_value(old).unwrap();
        let written_types = to_value(&status).unwrap();
        assert_eq!(written_types["requestTypes"][0]["blockedBy"], json!(["Hidden"]));
        let again: JiraProjectStatus = from_value(written_types.clone()).unwrap();
        assert_ne!(again, status, "so the first look after it writes the object");
        for old in ["declaredAs", "trouble", "hinderedBy"] {
            assert!(!format!("{written}{written_types}").contains(old), "{old}");
        }
    }

    #[test]
    fn where_both_names_stand_the_present_one_counts() {
        let both = json!({"site": {"cloudId": "c1", "name": "a", "url": "u", "specSite": "new", "declaredAs": "old"}});
        let status: JiraIntegrationStatus = from_value(both).unwrap();
        assert_eq!(status.site.unwrap().spec_site.as_deref(), Some("new"));
        for odd in [json!({"site": null}), json!({"site": 7}), json!({"users": ["x"]})] {
            let _: Result<JiraIntegrationStatus, _> = from_value(odd);
        }
    }

    /// Else the API server would drop what is stored as soon as it has these definitions.
    #[test]
    fn the_definitions_have_both_names_and_require_neither() {
        let all: Vec<Value> = crd::all().iter().map(|crd| to_value(crd).unwrap()).collect();
        let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
        for (kind, path, names) in [
            (0, "/site", ["specSite", "declaredAs"]),
            (0, "/account", ["specEmail", "declaredAs"]),
            (0, "/users", ["lastError", "trouble"]),
            (1, "/requestTypes/items", ["blockedBy", "hinderedBy"]),
        ] {
            let part = all[kind].pointer(&format!("{status}{path}")).unwrap();
            for name in names {
                assert!(part["properties"][name]["type"].is_string(), "{path} {name}");
                assert!(!part["required"].to_string().contains(name), "{path} {name}");
            }
        }
    }
}
