//! Issues as JSON text. What many issues share (people, projects, statuses) is written once and copied, so that pages of
//! a hundred cost little.

use std::collections::HashMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::issue_fields::{self, Others};
use super::render;
use crate::sandbox::world::{Issue, Project};

/// Every field there is: id and English name.
const FIELDS: &[(&str, &str)] = &[
    ("summary", "Summary"),
    ("issuetype", "Issue Type"),
    ("project", "Project"),
    ("status", "Status"),
    ("priority", "Priority"),
    ("resolution", "Resolution"),
    ("resolutiondate", "Resolved"),
    ("labels", "Labels"),
    ("assignee", "Assignee"),
    ("reporter", "Reporter"),
    ("parent", "Parent"),
    ("created", "Created"),
    ("updated", "Updated"),
    ("creator", "Creator"),
    ("description", "Description"),
];

/// Which fields are shown.
#[derive(Debug)]
pub(super) struct Selection {
    fields: Vec<&'static str>,
    /// Which of the others are.
    others: Others,
    /// Whether nothing but the id is.
    id_only: bool,
}

impl Selection {
    /// The fields of a list as callers write it: names, `*all`, `*navigable`, and `-name` for all but one.
    pub(super) fn of(asked: &[String], default: &[&str]) -> Self {
        let mut asked: Vec<&str> = asked.iter().flat_map(|part| part.split(',')).map(str::trim).collect();
        asked.retain(|name| !name.is_empty());
        if asked.is_empty() {
            asked = default.to_vec();
        }
        let only_without = asked.iter().all(|name| name.starts_with('-'));
        let everything = only_without || asked.contains(&"*all");
        let all = only_without || asked.iter().any(|name| *name == "*all" || *name == "*navigable");
        let names = FIELDS.iter().map(|(id, _)| *id);
        let without = |id: &str| asked.iter().any(|name| name.strip_prefix('-') == Some(id));
        let others = asked.iter().filter(|name| !FIELDS.iter().any(|(id, _)| id == *name));
        Self {
            fields: names.filter(|id| (all || asked.contains(id)) && !without(id)).collect(),
            others: Others::of(others.copied(), all, everything),
            id_only: asked.iter().all(|name| *name == "id"),
        }
    }

    /// Whether nothing but ids and keys is shown.
    pub(super) fn is_ids_only(&self) -> bool {
        self.fields.is_empty() && self.others.is_empty()
    }

    /// The names of the fields by their ids.
    pub(super) fn names(&self) -> Value {
        let shown = FIELDS.iter().filter(|(id, _)| self.fields.contains(id));
        let names: Map<String, Value> = shown.map(|(id, name)| ((*id).to_owned(), (*name).into())).collect();
        Value::Object(names)
    }
}

/// Writes issues for one reader.
pub(super) struct Printer<'a> {
    call: &'a Call<'a>,
    selection: &'a Selection,
    zone: TimeZone,
    base: String,
    /// What was written already, by kind and id.
    written: HashMap<(&'static str, &'a str), String>,
    projects: HashMap<u64, String>,
    /// Issue properties that were asked for.
    pub(super) properties: Vec<String>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(call: &'a Call<'a>, selection: &'a Selection) -> Self {
        Self {
            call,
            selection,
            zone: TimeZone::get(&call.account.time_zone).unwrap_or(TimeZone::UTC),
            base: format!("{}/rest/api/3", call.site.gateway_url()),
            written: HashMap::new(),
            projects: HashMap::new(),
            properties: Vec::new(),
        }
    }

    /// An issue in a list: its id alone unless more is asked for.
    pub(super) fn issue(&mut self, text: &mut String, project: &'a Project, issue: &'a Issue) {
        if self.selection.id_only && self.properties.is_empty() {
            let _ = write!(text, "{{\"id\":\"{}\"}}", issue.id);
        } else {
            self.whole_issue(text, project, issue);
        }
    }

    /// An issue with its key and the fields asked for.
    pub(super) fn whole_issue(&mut self, text: &mut String, project: &'a Project, issue: &'a Issue) {
        let (id, base) = (issue.id, &self.base);
        let key = format!("{}-{}", project.key, issue.number);
        let _ = write!(
            text,
            "{{\"expand\":\"\",\"id\":\"{id}\",\"self\":\"{base}/issue/{id}\",\"key\":\"{key}\""
        );
        if !self.properties.is_empty() {
            let shown = issue_fields::properties(issue, &self.properties);
            let _ = write!(text, ",\"properties\":{shown}");
        }
        let selection = self.selection;
        let mut before = ",\"fields\":{";
        for name in &selection.fields {
            // An issue that stands below no other has no such field.
            if *name == "parent" && issue.parent.is_none() {
                continue;
            }
            text.push_str(before);
            let _ = write!(text, "\"{name}\":");
            if issue.nulls.contains(*name) {
                text.push_str("null");
            } else {
                self.field(text, project, issue, name);
            }
            before = ",";
        }
        for (name, value) in selection.others.values(self.call, project, issue) {
            let _ = write!(text, "{before}\"{name}\":{value}");
            before = ",";
        }
        text.push_str(if before == "," { "}}" } else { "}" });
    }

    fn field(&mut self, text: &mut String, project: &'a Project, issue: &'a Issue, name: &'static str) {
        match name {
            "summary" => quote(text, &issue.summary),
            "issuetype" => self.issue_type(text, project, &issue.type_id),
            "project" => {
                let call = self.call;
                let written = self.projects.entry(project.id);
                text.push_str(
                    written.or_insert_with(|| {
                        Value::Object(render::project(call.site, call.account, project)).to_string()
                    }),
                );
            }
            "status" => self.status(text, project, &issue.status_id),
            "priority" => self.priority(text, issue.priority_id.as_deref()),
            "resolution" => self.resolution(text, issue),
            "resolutiondate" => self.time(text, issue.resolved),
            "labels" => text.push_str(&Value::from(issue.labels.as_slice()).to_string()),
            "assignee" => self.person(text, issue.assignee.as_deref()),
            "reporter" => self.person(text, issue.reporter.as_deref()),
            "parent" => self.parent(text, issue.parent),
            "created" => self.time(text, Some(issue.created)),
            "creator" => self.person(text, Some(&issue.creator)),
            "description" => match &issue.description {
                Some(document) => text.push_str(&document.to_string()),
                None => text.push_str("null"),
            },
            _ => self.time(text, Some(issue.updated)),
        }
    }

    /// Writes what is shared once, and a copy of it from then on.
    fn once(&mut self, text: &mut String, kind: &'static str, id: &'a str, make: impl FnOnce(&Call<'a>) -> Value) {
        let call = self.call;
        let written = self.written.entry((kind, id));
        text.push_str(written.or_insert_with(|| make(call).to_string()));
    }

    fn issue_type(&mut self, text: &mut String, project: &'a Project, id: &'a str) {
        self.once(text, "issuetype", id, |call| {
            let mut types = project.workflow.issue_types.iter();
            let index = types.position(|kind| kind.id == id);
            let found = index.and_then(|index| render::issue_type(call.site, project, index));
            found.unwrap_or(Value::Null)
        });
    }

    fn status(&mut self, text: &mut String, project: &'a Project, id: &'a str) {
        self.once(text, "status", id, |call| {
            let found = project.workflow.status(id);
            found.map_or(Value::Null, |found| render::status(call.site, found))
        });
    }

    fn priority(&mut self, text: &mut String, id: Option<&'a str>) {
        let site = self.call.site;
        let Some((id, name)) = id.and_then(|id| Some((id, site.priority(id)?))) else {
            return text.push_str("null");
        };
        let base = self.base.clone();
        self.once(text, "priority", id, |call| {
            let icon = format!("{}/images/icons/priorities/{id}.svg", call.site.gateway_url());
            json!({"self": format!("{base}/priority/{id}"), "id": id, "name": name, "iconUrl": icon})
        });
    }

    fn resolution(&mut self, text: &mut String, issue: &Issue) {
        let shown = match issue.resolution() {
            Value::Object(chosen) => render::resolution(self.call.site, &chosen),
            _ => Value::Null,
        };
        text.push_str(&shown.to_string());
    }

    fn person(&mut self, text: &mut String, id: Option<&'a str>) {
        let Some(id) = id else {
            return text.push_str("null");
        };
        self.once(text, "person", id, |call| {
            let account = call.world.accounts.get(id);
            account.map_or(Value::Null, |account| render::user(call.site, account))
        });
    }

    /// The issue it stands below, where the reader may see that.
    fn parent(&mut self, text: &mut String, id: Option<u64>) {
        let call = self.call;
        let found = id.and_then(|id| call.site.issue_by_id(id));
        let found = found.filter(|(project, issue)| call.site.reads(project, issue, call.me()));
        let Some((project, parent)) = found else {
            return text.push_str("null");
        };
        let (id, base) = (parent.id, &self.base);
        let key = format!("{}-{}", project.key, parent.number);
        let _ = write!(
            text,
            "{{\"id\":\"{id}\",\"key\":\"{key}\",\"self\":\"{base}/issue/{id}\",\"fields\":{{\"summary\":"
        );
        quote(text, &parent.summary);
        text.push_str(",\"status\":");
        self.status(text, project, &parent.status_id);
        text.push_str("}}");
    }

    /// A time as Jira writes it: milliseconds, and an offset without a colon, in the reader's zone.
    fn time(&self, text: &mut String, at: Option<Timestamp>) {
        let Some(at) = at else {
            return text.push_str("null");
        };
        let offset = self.zone.to_offset(at);
        let local = offset.to_datetime(at);
        let (sign, minutes) = (
            if offset.is_negative() { '-' } else { '+' },
            offset.seconds().abs() / 60,
        );
        let _ = write!(
            text,
            "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{sign}{:02}{:02}\"",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second(),
            local.millisecond(),
            minutes / 60,
            minutes % 60,
        );
    }
}

fn quote(text: &mut String, value: &str) {
    text.push_str(&Value::from(value).to_string());
}
