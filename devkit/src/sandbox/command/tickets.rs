//! Commands about tickets: what people do to them in Jira, the ledger of what was written, and what is not documented.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::{Answer, Applied, CommandError};
use super::people::{account_id, site_mut};
use super::projects::{find, find_issue};
use crate::sandbox::jira;
use crate::sandbox::world::{
    Author, NewComment, NewIssue, Project, Receipt, Request, Reversal, Site, USUAL_PRIORITY, Values, World, Write,
};

/// An issue that a person makes in Jira, or a request in the portal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonsIssue {
    /// Its site.
    pub site: Option<String>,
    /// Who makes it; also its reporter unless a field says otherwise.
    pub account: Option<String>,
    /// The project.
    pub project: String,
    /// Name or id of the issue type, by default the project's first.
    pub issue_type: Option<String>,
    /// Name or id of the request type; left out, it is no request.
    pub request_type: Option<String>,
    /// One line.
    pub summary: String,
    /// Further fields by their ids; see [`super::Command::EditIssue`].
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// Entity properties.
    #[serde(default)]
    pub properties: BTreeMap<String, Value>,
}

/// Settings of what Atlassian does not document; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UndocumentedChange {
    /// `bulkfetch` finds a key, not an id, only if search knows the issue (off at first).
    pub bulk_fetch_by_index: Option<bool>,
    /// A request that is raised on behalf of somebody has that customer as its creator (off at first).
    pub customer_is_creator: Option<bool>,
    /// A clone has its model's properties (off at first).
    pub clone_copies_properties: Option<bool>,
    /// A clone has its model's labels (on at first).
    pub clone_copies_labels: Option<bool>,
    /// Status with which raising a request on behalf of a stranger is refused (400 at first).
    pub on_behalf_refusal: Option<u16>,
    /// That refusal says nothing of whom it is about (off at first).
    pub on_behalf_unnamed: Option<bool>,
    /// A comment on a request that is to be internal becomes public at once (off at first).
    pub internal_becomes_public: Option<bool>,
}

/// Carries out what a person does.
fn act(world: &mut World, site: Option<&str>, account: Option<&str>, write: Write) -> Result<Receipt, CommandError> {
    let author = match account {
        Some(account) => Author::person(&account_id(world, Some(account))?),
        None => Author::default(),
    };
    let now = world.now();
    let receipt = site_mut(world, site)?.carry_out(&author, write, now);
    receipt.ok_or_else(|| CommandError::Invalid("there is nothing to be written to".to_owned()))
}

/// Values as they are kept: a plain text stands for a description of paragraphs, an address for a person.
fn ready(world: &World, fields: Map<String, Value>) -> Values {
    let one = |(field, value): (String, Value)| {
        let value = match (field.as_str(), value) {
            ("description" | "environment", Value::String(text)) => jira::plain_document(&text),
            ("assignee" | "reporter", Value::String(name)) => world
                .account(&name)
                .map_or(Value::Null, |account| account.account_id.clone().into()),
            (_, value) => value,
        };
        (field, value)
    };
    fields.into_iter().map(one).collect()
}

pub(super) fn create(world: &mut World, new: PersonsIssue) -> Applied {
    let account = account_id(world, new.account.as_deref())?;
    let mut values = ready(world, new.fields);
    values.insert("summary".to_owned(), new.summary.into());
    for (field, usual) in [("reporter", account.as_str()), ("priority", USUAL_PRIORITY)] {
        values.entry(field.to_owned()).or_insert_with(|| usual.into());
    }
    let site = site_mut(world, new.site.as_deref())?;
    let id = find(site, &new.project)?;
    let unknown = || CommandError::unknown("project", new.project.as_str());
    let project = site.projects.get(&id).ok_or_else(unknown)?;
    let (issue_type, request) = kinds(project, new.issue_type.as_deref(), new.request_type.as_deref())?;
    values.insert("issuetype".to_owned(), issue_type.into());
    let issue = NewIssue {
        project: id,
        values,
        properties: new.properties,
        request,
        creator: account.clone(),
    };
    let write = Write::Create(Box::new(issue));
    let receipt = act(world, new.site.as_deref(), Some(&account), write)?;
    Ok(Answer::Issues {
        ids: vec![receipt.issue],
    })
}

/// Issue type and request type by their names.
fn kinds(
    project: &Project,
    issue_type: Option<&str>,
    request_type: Option<&str>,
) -> Result<(String, Option<Request>), CommandError> {
    if let Some(name) = request_type {
        let found = project.desk.as_ref().and_then(|desk| desk.request_type(name));
        let found = found.ok_or_else(|| CommandError::unknown("request type", name))?;
        let request = Request {
            type_id: found.id,
            ..Request::default()
        };
        return Ok((found.issue_type_id.clone(), Some(request)));
    }
    let mut types = project.workflow.issue_types.iter();
    let found = types.find(|kind| issue_type.is_none_or(|name| kind.name == name || kind.id == name));
    let found = found.ok_or_else(|| CommandError::unknown("issue type", issue_type.unwrap_or_default()))?;
    Ok((found.id.clone(), None))
}

/// Id of an issue on a site.
fn issue_of(world: &mut World, site: Option<&str>, issue: &str) -> Result<u64, CommandError> {
    find_issue(site_mut(world, site)?, issue)
}

pub(super) fn clone(
    world: &mut World,
    site: Option<&str>,
    issue: &str,
    account: Option<&str>,
    summary: Option<String>,
) -> Applied {
    let account = account_id(world, account)?;
    let site_name = site;
    let site = site_mut(world, site)?;
    let id = find_issue(site, issue)?;
    let model = site.issue_by_id(id).map(|(_, issue)| issue.summary.clone());
    let summary = summary.unwrap_or_else(|| format!("CLONE - {}", model.unwrap_or_default()));
    let receipt = act(world, site_name, Some(&account), Write::Clone { issue: id, summary })?;
    Ok(Answer::Issues {
        ids: vec![receipt.issue],
    })
}

pub(super) fn edit(
    world: &mut World,
    site: Option<&str>,
    issue: &str,
    account: Option<&str>,
    fields: Map<String, Value>,
) -> Applied {
    let account = account_id(world, account)?;
    let values = ready(world, fields);
    let write = Write::Edit {
        issue: issue_of(world, site, issue)?,
        values,
        properties: BTreeMap::new(),
    };
    act(world, site, Some(&account), write).map(|_| Answer::Done)
}

pub(super) fn label(
    world: &mut World,
    site: Option<&str>,
    issue: &str,
    account: Option<&str>,
    (add, remove): (Vec<String>, Vec<String>),
) -> Applied {
    let id = issue_of(world, site, issue)?;
    let found = site_mut(world, site)?.issue_by_id(id);
    let mut labels = found.map(|(_, issue)| issue.labels.clone()).unwrap_or_default();
    labels.retain(|label| !remove.contains(label) && !add.contains(label));
    labels.extend(add);
    let fields = Map::from_iter([("labels".to_owned(), labels.into())]);
    edit(world, site, issue, account, fields)
}

pub(super) fn set_property(
    world: &mut World,
    site: Option<&str>,
    issue: &str,
    account: Option<&str>,
    (key, value): (String, Option<Value>),
) -> Applied {
    let account = account_id(world, account)?;
    let issue = issue_of(world, site, issue)?;
    act(world, site, Some(&account), Write::Property { issue, key, value }).map(|_| Answer::Done)
}

pub(super) fn comment(
    world: &mut World,
    site: Option<&str>,
    issue: &str,
    account: Option<&str>,
    (text, internal): (String, bool),
) -> Applied {
    let account = account_id(world, account)?;
    let issue = issue_of(world, site, issue)?;
    let comment = NewComment {
        body: jira::plain_document(&text),
        internal,
        ..NewComment::default()
    };
    let comment = Box::new(comment);
    let receipt = act(world, site, Some(&account), Write::Comment { issue, comment })?;
    Ok(Answer::Comment { id: receipt.part })
}

pub(super) fn delete_comment(world: &mut World, site: Option<&str>, comment: u64) -> Applied {
    let known = site_mut(world, site)?.comment(comment).is_some();
    let unknown = || CommandError::unknown("comment", comment.to_string());
    known.then_some(()).ok_or_else(unknown)?;
    act(world, site, None, Write::DeleteComment { comment }).map(|_| Answer::Done)
}

pub(super) fn move_to(world: &mut World, site: Option<&str>, issue: &str, project: &str) -> Applied {
    let found = site_mut(world, site)?;
    let (id, target) = (find_issue(found, issue)?, find(found, project)?);
    let is_there = found.issue_by_id(id).is_some_and(|(home, _)| home.id == target);
    if is_there {
        let message = format!("issue `{issue}` is in project `{project}` already");
        return Err(CommandError::Invalid(message));
    }
    let write = Write::Move {
        issue: id,
        project: target,
    };
    act(world, site, None, write).map(|_| Answer::Done)
}

pub(super) fn delete(world: &mut World, site: Option<&str>, issue: &str) -> Applied {
    let issue = issue_of(world, site, issue)?;
    act(world, site, None, Write::Delete { issue }).map(|_| Answer::Done)
}

pub(super) fn transition(
    world: &mut World,
    site: Option<&str>,
    issue: &str,
    account: Option<&str>,
    to: &str,
) -> Applied {
    let account = account_id(world, account)?;
    let id = issue_of(world, site, issue)?;
    let found = site_mut(world, site)?.issue_by_id(id);
    let mut statuses = found.iter().flat_map(|(project, _)| &project.workflow.statuses);
    let status = statuses.find(|status| status.id == to || status.name == to);
    let to = status.ok_or_else(|| CommandError::unknown("status", to))?.id.clone();
    let write = Write::Transition {
        issue: id,
        to,
        values: Values::new(),
        properties: BTreeMap::new(),
        comment: None,
    };
    act(world, site, Some(&account), write).map(|_| Answer::Done)
}

/// `after`: after how many seconds; none takes the rule away.
pub(super) fn revert(world: &mut World, site: Option<&str>, issue: &str, field: String, after: Option<u32>) -> Applied {
    let site = site_mut(world, site)?;
    let issue = find_issue(site, issue)?;
    let reversals = &mut site.tickets.reversals;
    reversals.retain(|rule| rule.issue != issue || rule.field != field);
    if let Some(seconds) = after {
        let after = SignedDuration::from_secs(i64::from(seconds));
        reversals.push(Reversal { issue, field, after });
    }
    Ok(Answer::Done)
}

pub(super) fn set_undocumented(world: &mut World, site: Option<&str>, change: UndocumentedChange) -> Applied {
    let rules = &mut site_mut(world, site)?.tickets.undocumented;
    rules.bulk_fetch_by_index = change.bulk_fetch_by_index.unwrap_or(rules.bulk_fetch_by_index);
    rules.customer_is_creator = change.customer_is_creator.unwrap_or(rules.customer_is_creator);
    rules.clone_copies_properties = change.clone_copies_properties.unwrap_or(rules.clone_copies_properties);
    rules.clone_copies_labels = change.clone_copies_labels.unwrap_or(rules.clone_copies_labels);
    rules.on_behalf_refusal = change.on_behalf_refusal.unwrap_or(rules.on_behalf_refusal);
    rules.on_behalf_unnamed = change.on_behalf_unnamed.unwrap_or(rules.on_behalf_unnamed);
    rules.internal_becomes_public = change.internal_becomes_public.unwrap_or(rules.internal_becomes_public);
    Ok(Answer::Done)
}

pub(super) fn describe_ledger(world: &mut World, site: Option<&str>, issue: Option<&str>, by_app: bool) -> Applied {
    let site: &Site = site_mut(world, site)?;
    let ledger = site.tickets.ledger.iter();
    // What is deleted is found by the id or key it had.
    let meant = issue.map(|name| find_issue(site, name).map_err(|_| name));
    let effects = ledger.filter(|effect| {
        let of_issue = match meant {
            None => true,
            Some(Ok(id)) => effect.issue_id == id,
            Some(Err(name)) => effect.issue_id.to_string() == name || effect.issue_key == name,
        };
        of_issue && (!by_app || effect.client_id.is_some())
    });
    Ok(Answer::Ledger {
        effects: effects.cloned().collect(),
    })
}
