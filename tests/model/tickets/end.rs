//! How a history of tickets ends: what each object says, Jira has, and the ledger shows.

use std::collections::BTreeMap;

use devkit::sandbox::Sandbox;
use jira_operator::api::{
    condition::{ConditionType, find},
    issue::{JiraIssue, JiraIssueStatus},
};
use kube::ResourceExt;

use super::{
    fields_end::FieldsEnd,
    ledger::issue,
    objects::{GUEST, TAKEN, Wish, in_question, is_request, wish},
    people::People,
    wants::AREA,
};

/// The property that marks a ticket.
const PROPERTY: &str = "jira-operator.dev";

/// Whether nothing more is to be expected of any object.
///
/// # Errors
/// What is missing.
pub async fn is_settled(people: &People, sandbox: &Sandbox) -> Result<(), String> {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for object in people.all().await {
        let (name, status) = (object.name_any(), object.status.clone().unwrap_or_default());
        let owner = owners.insert(status.id.clone(), name.clone());
        let settled = match owner.filter(|_| !status.id.is_empty()) {
            Some(other) => Err(format!("has the ticket of {other}")),
            None => is_object_settled(people, sandbox, &object, &status),
        };
        settled.map_err(|what| format!("{name} {what}: {status:?}"))?;
    }
    Ok(())
}

fn is_object_settled(
    people: &People,
    sandbox: &Sandbox,
    object: &JiraIssue,
    status: &JiraIssueStatus,
) -> Result<(), String> {
    let name = &object.name_any();
    let questions = in_question(status);
    match wish(name) {
        Wish::Invalid if !status.id.is_empty() => Err("has a ticket".to_owned()),
        Wish::Invalid => Ok(()),
        Wish::TakeOver => is_taken_over(sandbox, status),
        _ if !questions.is_empty() => is_unclear(sandbox, &questions),
        _ => is_bound(people, sandbox, object, status),
    }
}

fn is_taken_over(sandbox: &Sandbox, status: &JiraIssueStatus) -> Result<(), String> {
    let wanted = sandbox.state(|world| {
        let (project, issue) = issue(world, TAKEN)?;
        Some((project, issue.id))
    });
    match wanted {
        Some((project, id)) if project == "ENG" && status.id != id.to_string() => {
            Err(format!("has not taken {TAKEN} over"))
        }
        _ => Ok(()),
    }
}

/// That it cannot be told is true: each of the issues in question could be the ticket for all that Jira says.
fn is_unclear(sandbox: &Sandbox, keys: &[String]) -> Result<(), String> {
    let could_be = |key: &String| {
        sandbox.state(|world| {
            let bot = world.account("jira-bot@acme.example")?;
            let (_, issue) = issue(world, key)?;
            let is_marked = issue.properties.contains_key(PROPERTY);
            let is_foreign = issue.creator != bot.account_id;
            // A person may have given the object another summary meanwhile.
            let is_unmarked_request = issue.request.is_some() && !is_marked;
            Some((is_marked && is_foreign) || is_unmarked_request)
        })
    };
    if keys.iter().all(|key| could_be(key).unwrap_or_default()) {
        return Ok(());
    }
    Err("is called uncertain, and is not".to_owned())
}

fn is_bound(people: &People, sandbox: &Sandbox, object: &JiraIssue, status: &JiraIssueStatus) -> Result<(), String> {
    let name = &object.name_any();
    let Ok(id) = status.id.parse::<u64>() else {
        return Err("has no ticket".to_owned());
    };
    if status.creation.is_some() {
        return Err("has a ticket and is being created".to_owned());
    }
    let made = people.judge.made.iter().find(|made| made.id == id);
    let is_its_own = |owner: &str| owner.is_empty() || object.uid().is_some_and(|uid| uid == owner);
    if made.is_none_or(|made| made.name != name || !is_its_own(&made.owner)) {
        return Err("has a ticket that was not created for it".to_owned());
    }
    let shown = sandbox.readable_issues(None);
    let Some((key, ticket)) = shown.get(&id) else {
        return Ok(());
    };
    let marked = ticket.properties.get(PROPERTY).and_then(|marker| marker["K"].as_str());
    let identity = status.identity.as_deref();
    if marked != identity && !people.jira.unmarked.contains(&id) {
        return Err(format!(
            "has a ticket that is marked as {marked:?}, and not {identity:?}"
        ));
    }
    let named = ticket
        .properties
        .get(PROPERTY)
        .and_then(|marker| marker["note"].as_str());
    let noted = status.people.as_ref().and_then(|people| people.reporter.as_ref());
    if name == GUEST && named != noted.and_then(|reporter| reporter.note.as_deref()) {
        return Err(format!("has a ticket whose marker names the note {named:?}"));
    }
    let created = find(&status.conditions, ConditionType::Created);
    if created.is_none_or(|created| created.reason == "CreationPending") {
        return Err("has a ticket and does not say so".to_owned());
    }
    let is_home = key.starts_with(if is_request(name) { "SUP-" } else { "ENG-" });
    let is_well = is_home && created.is_some_and(|created| created.status == "True");
    has_note(people, (name, id), status, is_well)?;
    if is_well {
        people.moves.is_settled((name, id), status, sandbox)?;
        people.judge.talk.is_settled((name, id), status, sandbox)?;
        let end = FieldsEnd {
            wants: &people.wants,
            edits: &people.edits,
            is_unmarked: people.jira.unmarked.contains(&id),
            area: &people.jira.field(AREA),
        };
        end.is_settled((name, id), status, sandbox)?;
    }
    Ok(())
}

/// One note names a reporter who has no account, and nobody else is named in one.
fn has_note(people: &People, (name, id): (&str, u64), status: &JiraIssueStatus, is_well: bool) -> Result<(), String> {
    let reporter = status.people.as_ref().and_then(|people| people.reporter.as_ref());
    let is_noted = reporter.is_some_and(|reporter| reporter.note.is_some());
    let notes = people.judge.notes.get(&id).copied().unwrap_or_default();
    match wish(name) {
        Wish::IssueOfStranger | Wish::RequestOfStranger if is_well && (notes != 1 || !is_noted) => {
            Err(format!("has {notes} notes"))
        }
        Wish::IssueOfStranger | Wish::RequestOfStranger => Ok(()),
        _ if notes > 0 => Err("has a note".to_owned()),
        _ => Ok(()),
    }
}
