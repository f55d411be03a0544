//! Request types: which the caller gets to see, their forms, and who may make requests of them.

use serde_json::{Value, json};

use super::call::Call;
use super::desks::{self, Found};
use super::requests::form;
use crate::sandbox::reply::{self, Answered};
use crate::sandbox::world::{Field, FieldKind, FieldOption, FormField, Lens, PRIORITIES, Project, RequestType};

/// Whether the account may make requests of the type: a permission, and nothing about the form.
pub(super) fn may_create(call: &Call<'_>, project: &Project, kind: &RequestType, account: &str) -> bool {
    kind.creatable && may_request(call, project, account)
}

/// Whether the account may raise requests in the project at all. Customers count, so the portal's view decides.
fn may_request(call: &Call<'_>, project: &Project, account: &str) -> bool {
    call.site.holds(project, None, account, "CREATE_ISSUES", Lens::Portal)
}

fn describe(call: &Call<'_>, (project, desk): Found<'_>, kind: &RequestType) -> Value {
    let id = kind.id.to_string();
    let link = format!("{}/servicedesk/{}/requesttype/{id}", desks::base(call), desk.id);
    let icon = format!(
        "{}/rest/api/2/universal_avatar/view/type/SD_REQTYPE/avatar/10527",
        call.site.gateway_url()
    );
    let mut body = json!({
        "_expands": ["field"],
        "id": id,
        "_links": {"self": link},
        "name": kind.name,
        "description": "",
        "helpText": "",
        "issueTypeId": kind.issue_type_id,
        "serviceDeskId": desk.id.to_string(),
        "portalId": desk.id.to_string(),
        "groupIds": kind.group_ids,
        "icon": {"id": "10527", "_links": {"iconUrls": {"48x48": icon}}},
        "restrictionStatus": if kind.restricted { "RESTRICTED" } else { "OPEN" },
    });
    if let (true, Some(body)) = (call.site.tells_can_create, body.as_object_mut()) {
        let may = may_create(call, project, kind, call.me());
        body.insert("canCreateRequest".to_owned(), may.into());
    }
    if let (true, Some(body)) = (call.list("expand").contains(&"field"), body.as_object_mut()) {
        body.insert("fields".to_owned(), form_body(call, project, kind));
    }
    body
}

/// The form. Hidden fields are shown to the desk's administrators, and only when they ask.
fn form_body(call: &Call<'_>, project: &Project, kind: &RequestType) -> Value {
    let administers = call.site.administers(project, call.me());
    let hidden_too = administers && call.list("expand").contains(&"hiddenFields");
    let fields = kind.fields.iter().filter(|field| field.visible || hidden_too);
    let fields: Vec<Value> = fields.map(|field| field_body(call, field)).collect();
    let agent = call
        .site
        .holds(project, None, call.me(), "SERVICEDESK_AGENT", Lens::Work);
    json!({
        "requestTypeFields": fields,
        "canRaiseOnBehalfOf": agent && may_create(call, project, kind, call.me()),
        "canAddRequestParticipants": may_request(call, project, call.me()),
    })
}

/// The request types the caller gets to see: restricted ones are for the desk's administrators.
fn visible<'a>(call: &Call<'_>, (project, desk): Found<'a>) -> Vec<&'a RequestType> {
    let administers = call.site.administers(project, call.me());
    let types = desk.request_types.iter();
    types.filter(|kind| administers || !kind.restricted).collect()
}

/// Whether the list's filters let the type through. A search drops hidden ones unless asked otherwise.
fn is_wanted(call: &Call<'_>, project: &Project, kind: &RequestType) -> bool {
    let status = call.value("restrictionStatus");
    let of_status = status.is_none_or(|status| (status == "restricted") == kind.restricted);
    let group = call.value("groupId");
    let in_group = group.is_none_or(|group| kind.group_ids.iter().any(|id| id == group));
    let hidden_too = call.value("includeHiddenRequestTypesInSearch") == Some("true");
    let in_portal = || !kind.group_ids.is_empty() && may_create(call, project, kind, call.me());
    let hit = call.value("searchQuery").is_none_or(|text| {
        let named = kind.name.to_lowercase().contains(&text.to_lowercase());
        named && (hidden_too || in_portal())
    });
    of_status && in_group && hit
}

fn listed(call: &Call<'_>, found: Found<'_>) -> Vec<Value> {
    let types = visible(call, found).into_iter();
    let wanted = types.filter(|kind| is_wanted(call, found.0, kind));
    wanted.map(|kind| describe(call, found, kind)).collect()
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype`.
pub(super) fn of_desk(call: &Call<'_>) -> Answered {
    let values = listed(call, desks::find(call)?);
    Ok(desks::page_of(call, &values))
}

/// `GET /rest/servicedeskapi/requesttype`, experimental: those of all desks, or of the desks named.
pub(super) fn everywhere(call: &Call<'_>) -> Answered {
    desks::opted_in(call)?;
    let named = call.values("serviceDeskId");
    let wanted = |(_, desk): &Found<'_>| named.is_empty() || named.contains(&desk.id.to_string().as_str());
    let desks = desks::reachable(call).into_iter().filter(wanted);
    let values: Vec<Value> = desks.flat_map(|found| listed(call, found)).collect();
    Ok(desks::page_of(call, &values))
}

fn field_body(call: &Call<'_>, field: &FormField) -> Value {
    let behind = form::field(call, field);
    json!({
        "fieldId": field.field_id,
        "name": field.name,
        "description": "",
        "required": field.required,
        "visible": field.visible,
        "defaultValues": [],
        "validValues": valid_values(call, &behind),
        "presetValues": field.preset_values,
        "jiraSchema": behind.schema(),
    })
}

/// What may be chosen in a field, with what stands below it.
fn valid_values(call: &Call<'_>, field: &Field) -> Vec<Value> {
    fn choice(option: &FieldOption) -> Value {
        let children: Vec<Value> = option.children.iter().map(choice).collect();
        json!({"value": option.id, "label": option.value, "children": children})
    }
    if field.kind == FieldKind::Priority {
        let choices = PRIORITIES
            .iter()
            .map(|(id, _)| json!({"value": id, "label": call.site.priority(id), "children": []}));
        return choices.collect();
    }
    field.options.iter().map(choice).collect()
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/field`.
pub(super) fn fields(call: &Call<'_>) -> Answered {
    let (project, desk) = desks::find(call)?;
    let wanted = call.params.get(1).and_then(|id| id.parse().ok());
    let types = visible(call, (project, desk));
    let Some(kind) = types.into_iter().find(|kind| Some(kind.id) == wanted) else {
        let message = "The request type does not exist or you do not have permission to see it.";
        return Ok(reply::desk_error(404, message, "sd.admin.requesttype.error.not.found"));
    };
    Ok(reply::json(200, form_body(call, project, kind)))
}

/// `POST /rest/servicedeskapi/servicedesk/{serviceDeskId}/requesttype/permissions/check`, experimental. Another account
/// may be asked about by administrators of Jira or of the project.
pub(super) fn check(call: &Call<'_>) -> Answered {
    desks::opted_in(call)?;
    let (project, desk) = desks::find(call)?;
    let list = |name: &str| call.body.get(name).and_then(Value::as_array);
    let ids: Vec<u64> = list("requestTypeIds")
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    let asked: Vec<&str> = list("permissions")
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let subject = call.body.get("accountId").and_then(Value::as_str).unwrap_or(call.me());
    let invalid = |message| {
        Ok(reply::desk_error(
            400,
            message,
            "sd.api.requesttype.permissions.invalid",
        ))
    };
    if ids.len() > 50 || asked.is_empty() {
        return invalid("Between 1 and 50 request types and at least one permission must be given.");
    }
    let administers = call.site.administers(project, call.me());
    if subject != call.me() && !administers {
        let message = "You do not have permission to check other users.";
        return Ok(reply::desk_error(401, message, "sd.api.requesttype.permissions.denied"));
    }
    if !call.world.accounts.contains_key(subject) {
        return invalid("The account is not valid.");
    }
    let site = call.site;
    let sees = |kind: &&RequestType| !kind.restricted || site.administers(project, subject);
    let known = desk
        .request_types
        .iter()
        .filter(|kind| ids.contains(&kind.id))
        .filter(sees);
    let held = |permission: &str, holds: &dyn Fn(&RequestType) -> bool| {
        let kinds = known.clone().filter(|kind| asked.contains(&permission) && holds(kind));
        kinds.map(|kind| kind.id).collect::<Vec<_>>()
    };
    Ok(reply::json(
        200,
        json!({
            "canCreateRequest": held("canCreateRequest", &|kind| may_create(call, project, kind, subject)),
            "canAdminister": held("canAdminister", &|_| site.administers(project, subject)),
        }),
    ))
}
