//! The statuses of the site.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::render;
use crate::sandbox::reply::{self, Answered};

/// `GET /rest/api/3/status`: the statuses of the workflows of all projects that the caller may browse. Those that
/// belong to one team-managed project say so; company-managed projects share theirs.
pub(super) fn all(call: &Call<'_>) -> Answered {
    let projects = call.site.projects.values();
    let readable = projects.filter(|project| call.site.browses(project, call.me()));
    let mut statuses: BTreeMap<(usize, &str), Value> = BTreeMap::new();
    for project in readable {
        for status in &project.workflow.statuses {
            let mut body = render::status(call.site, status);
            if let (true, Some(body)) = (project.is_team_managed(), body.as_object_mut()) {
                let scope = json!({"type": "PROJECT", "project": {"id": project.id.to_string()}});
                body.insert("scope".to_owned(), scope);
            }
            statuses.insert((status.id.len(), &status.id), body);
        }
    }
    Ok(reply::json(200, statuses.into_values().collect()))
}
