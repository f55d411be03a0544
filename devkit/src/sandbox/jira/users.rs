//! People: the caller's own account.

use serde_json::{Value, json};

use super::call::Call;
use super::render;
use crate::sandbox::reply::{self, Answered};

/// `GET /rest/api/3/myself`.
pub(super) fn myself(call: &Call<'_>) -> Answered {
    let mut user = render::user(call.site, call.account);
    if let Value::Object(user) = &mut user {
        let mut groups = call.site.groups.values();
        let count = groups
            .by_ref()
            .filter(|members| members.contains(call.me()))
            .count();
        user.insert("groups".to_owned(), json!({"size": count, "items": []}));
        user.insert(
            "applicationRoles".to_owned(),
            json!({"size": 1, "items": []}),
        );
        user.insert("expand".to_owned(), "groups,applicationRoles".into());
    }
    Ok(reply::json(200, user))
}
