//! Sites of which findings are kept.

use serde_json::{Value, json};

/// A site with a problem: what happened to it, and what is declared of it besides its address.
pub struct Site {
    pub name: &'static str,
    pub commands: Value,
    pub declared: Value,
}

pub fn site(name: &'static str, commands: Value, declared: Value) -> Site {
    Site {
        name,
        commands,
        declared,
    }
}

/// Sites of which findings are kept.
pub fn sites() -> Vec<Site> {
    vec![
        site("healthy", json!([]), json!({})),
        site(
            "projects",
            json!([
                {"command": "archiveProject", "project": "OPS"},
                {"command": "renameProjectKey", "project": "ENG", "key": "DEV"},
                {"command": "revokePermission", "project": "ITS", "permission": "EDIT_ISSUES"},
            ]),
            json!({"projects": ["ENG", "OPS", "ITS", "SPU", "BIN"]}),
        ),
        site(
            "desks",
            json!([
                {"command": "setRequestTypes", "project": "SUP", "requestTypes": []},
                {"command": "changeRequestType", "project": "ITS", "groupIds": [], "creatable": false},
                {"command": "createProject", "key": "HELP", "template": "service"},
                {"command": "changeRequestType", "project": "HELP", "creatable": false},
                {"command": "createProject", "key": "CARE", "template": "service"},
                {"command": "removeDesk", "project": "CARE"},
                {"command": "setKnowledgeBase", "licensed": false},
            ]),
            json!({}),
        ),
        site(
            "form",
            json!([
                {"command": "addToRole", "project": "SUP", "role": "Administrators"},
                {"command": "setFormField", "project": "SUP", "field":
                    {"fieldId": "customfield_10100", "name": "Cost centre", "required": true, "visible": false}},
                {"command": "changeRequestType", "project": "SUP", "creatable": false},
            ]),
            json!({"projects": ["SUP"]}),
        ),
        site(
            "people-and-statuses",
            json!([
                {"command": "setLanguage", "language": "de"},
                {"command": "deactivateAccount", "account": "dana@acme.example"},
            ]),
            json!({
                "statusMapping": [
                    {"phase": "Waiting", "statuses": ["Warten auf Kunde", "id:10010"]},
                    {"phase": "Done", "statuses": ["gelöst"], "projects": ["ENG"]},
                ],
                "pinned": [
                    {"email": "dana@acme.example", "accountId": "712020:853689d5-e044-4f01-af68-7848bc485ef8"},
                    {"email": "nobody@acme.example", "accountId": "712020:nobody"},
                ],
            }),
        ),
        site(
            "people-not-browsed",
            json!([{"command": "setGlobalPermission", "permission": "USER_PICKER", "held": false}]),
            json!({}),
        ),
        site(
            "portal-only",
            json!([
                {"command": "setPortalLens", "inPermissionsCheck": true, "inProjectSearch": true},
                {"command": "removeFromRole", "project": "SUP", "role": "Service Desk Team", "group": "integrations"},
                {"command": "removeAgentLicence"},
            ]),
            json!({}),
        ),
        site(
            "wrong-account",
            json!([]),
            json!({"account": {"email": "somebody-else@acme.example"}}),
        ),
        site(
            "site-not-granted",
            json!([{"command": "removeSiteFromGrant"}]),
            json!({}),
        ),
        site(
            "site-down",
            json!([{"command": "setSiteDown", "down": true, "status": 503}]),
            json!({}),
        ),
    ]
}
