//! What a site says about itself.

use serde_json::json;

use super::call::Call;
use super::render;
use crate::sandbox::reply::{self, Answered};

/// `GET /rest/api/3/serverInfo`.
pub(super) fn get(call: &Call<'_>) -> Answered {
    Ok(reply::json(
        200,
        json!({
            "baseUrl": call.site.url(),
            "displayUrl": call.site.url(),
            "displayUrlServicedeskHelpCenter": call.site.url(),
            "displayUrlConfluence": call.site.url(),
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_300,
            "serverTime": render::time(call.world.now(), call.account),
            "serverTitle": "Jira",
            "serverTimeZone": "Etc/UTC",
        }),
    ))
}
