//! `GET /rest/api/3/field`: all fields of the site.

use serde_json::{Value, json};

use super::super::call::Call;
use super::create_meta;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Field, system_fields};

pub(in super::super) fn all(call: &Call<'_>) -> Answered {
    let describe = |field: Field| {
        json!({
            "id": field.id,
            "key": field.id,
            "name": create_meta::name(call, &field),
            "custom": field.is_custom(),
            "orderable": true,
            "navigable": true,
            "searchable": true,
            "clauseNames": [field.id],
            "schema": field.schema(),
        })
    };
    let fields = system_fields().chain(call.site.tickets.fields.values().cloned());
    let fields: Vec<Value> = fields.map(describe).collect();
    Ok(reply::json(200, fields.into()))
}
