//! A Jira Cloud site: its name and address, groups, licences and projects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attached::{Attached, Comment};
use super::issue::{PRIORITIES, Workflow};
use super::issue_locations::IssueLocations;
use super::language::Dictionary;
use super::permission::Holder;
use super::project::Project;
use super::tickets::Tickets;
use super::webhook::Webhooks;

/// One site.
#[derive(Clone, Debug)]
pub struct Site {
    /// The id that a renamed site keeps.
    pub cloud_id: String,
    /// Name.
    pub name: String,
    /// Host name; `None` after another site took it.
    pub host: Option<String>,
    /// Hosts it had before it was renamed; they redirect.
    pub former_hosts: Vec<String>,
    /// Group to account ids.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Groups whose members have product access to Jira.
    pub user_groups: BTreeSet<String>,
    /// Groups whose members have an agent's licence for Jira Service Management.
    pub agent_groups: BTreeSet<String>,
    /// Portal customers by account id.
    pub customers: BTreeSet<String>,
    /// Global permission to holders.
    pub global: BTreeMap<String, BTreeSet<Holder>>,
    /// Client ids that the site's administrators do not let in.
    pub blocked_apps: BTreeSet<String>,
    /// Accounts that the list of accessible resources passes over, as Atlassian does for some who lost access.
    pub unlisted: BTreeSet<String>,
    /// How many accounts stand first in the list of users and are left out of its pages after they are cut.
    pub passed_over: usize,
    /// Status answered to everything while the site is down.
    pub down: Option<u16>,
    /// Status that somebody without product access is answered: 403 or 401, both were seen.
    pub no_access_status: u16,
    /// Projects by id.
    pub projects: BTreeMap<u64, Project>,
    /// Whether there is a Confluence licence, without which knowledge bases cannot be read.
    pub knowledge_base: bool,
    /// Whether lists of request types say `canCreateRequest`; some sites' answers leave it out.
    pub tells_can_create: bool,
    /// Entries on a page of the service desk API, which goes on stating the limit that was asked for.
    pub desk_page: Option<usize>,
    /// Names that administrators gave to priorities, by id; the others have Jira's own.
    pub(crate) priorities: BTreeMap<String, String>,
    /// The language that names are given in; `None` is English.
    pub(crate) language: Option<Arc<Dictionary>>,
    /// Where each issue is, what search knows, and the keys that issues left behind.
    pub(crate) issue_locations: IssueLocations,
    /// Custom fields, what hangs on issues, and the ledger of what was written.
    pub tickets: Tickets,
    /// Dynamic webhooks.
    pub webhooks: Webhooks,
    /// The id of the next project or desk.
    pub next_project: u64,
    /// The id of the next issue.
    pub next_issue: u64,
    /// The id of the next request type.
    pub next_request_type: u64,
    /// The id of the next status or issue type that is made beside those of the templates.
    pub next_setting: u64,
}

impl Site {
    /// A site without people and projects.
    #[must_use]
    pub fn empty(cloud_id: String, name: &str, host: &str) -> Self {
        Self {
            cloud_id,
            name: name.to_owned(),
            host: Some(host.to_owned()),
            former_hosts: Vec::new(),
            groups: BTreeMap::new(),
            user_groups: BTreeSet::new(),
            agent_groups: BTreeSet::new(),
            customers: BTreeSet::new(),
            global: BTreeMap::new(),
            blocked_apps: BTreeSet::new(),
            unlisted: BTreeSet::new(),
            passed_over: 0,
            down: None,
            no_access_status: 403,
            knowledge_base: true,
            tells_can_create: true,
            desk_page: None,
            priorities: BTreeMap::new(),
            language: None,
            projects: BTreeMap::new(),
            issue_locations: IssueLocations::default(),
            tickets: Tickets::default(),
            webhooks: Webhooks::default(),
            next_project: 10_000,
            next_issue: 10_000,
            next_request_type: 1,
            next_setting: 10_100,
        }
    }

    /// The address people type, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let host = self.host.as_deref();
        format!("https://{}", host.unwrap_or("unavailable.atlassian.net"))
    }

    /// Where the gateway offers the site, without a slash at the end.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        format!("https://api.atlassian.com/ex/jira/{}", self.cloud_id)
    }

    /// The name of the priority with this id: one that an administrator gave, or Jira's own in the site's language.
    #[must_use]
    pub fn priority(&self, id: &str) -> Option<String> {
        let (_, usual) = PRIORITIES.iter().find(|(known, _)| *known == id)?;
        let given = self.priorities.get(id).cloned();
        let in_language = || self.language.as_ref().map(|dictionary| dictionary.word(usual));
        Some(given.or_else(in_language).unwrap_or_else(|| (*usual).to_owned()))
    }

    /// A new number for a status or issue type.
    pub(crate) fn new_setting(&mut self) -> String {
        self.next_setting += 1;
        (self.next_setting - 1).to_string()
    }

    /// The workflow with the names that its statuses and issue types have by now: company-managed projects share them,
    /// and an administrator may have renamed them.
    pub(crate) fn named_as_now(&self, workflow: &Arc<Workflow>) -> Arc<Workflow> {
        let mut workflow = Arc::clone(workflow);
        let shared = || {
            self.projects
                .values()
                .rev()
                .filter(|project| !project.is_team_managed())
        };
        let status = |id: &str| {
            shared()
                .find_map(|project| project.workflow.status(id))
                .map(|found| &found.name)
        };
        let kind = |id: &str| {
            shared()
                .find_map(|project| project.workflow.issue_type(id))
                .map(|found| &found.name)
        };
        let statuses = workflow
            .statuses
            .iter()
            .map(|known| status(&known.id).unwrap_or(&known.name).clone());
        let kinds = workflow
            .issue_types
            .iter()
            .map(|known| kind(&known.id).unwrap_or(&known.name).clone());
        let (statuses, kinds): (Vec<String>, Vec<String>) = (statuses.collect(), kinds.collect());
        let is_same = workflow.statuses.iter().map(|known| &known.name).eq(&statuses)
            && workflow.issue_types.iter().map(|known| &known.name).eq(&kinds);
        if !is_same {
            let own = Arc::make_mut(&mut workflow);
            for (known, name) in own.statuses.iter_mut().zip(statuses) {
                known.name = name;
            }
            for (known, name) in own.issue_types.iter_mut().zip(kinds) {
                known.name = name;
            }
        }
        workflow
    }

    /// A new number for a request type.
    pub(crate) fn new_request_type(&mut self) -> u64 {
        self.next_request_type += 1;
        self.next_request_type - 1
    }

    /// The project with this id, or that has or had this key. A key in use goes before a former one.
    #[must_use]
    pub fn project(&self, id_or_key: &str) -> Option<&Project> {
        if let Ok(id) = id_or_key.parse() {
            return self.projects.get(&id);
        }
        let by_key = self.projects.values().find(|p| p.key == id_or_key);
        by_key.or_else(|| self.projects.values().find(|p| p.answers_to(id_or_key)))
    }

    /// The same, to be changed.
    pub fn project_mut(&mut self, id_or_key: &str) -> Option<&mut Project> {
        let id = self.project(id_or_key)?.id;
        self.projects.get_mut(&id)
    }

    /// What hangs on an issue; nothing for most.
    pub(crate) fn attached(&self, issue: u64) -> Option<&Attached> {
        self.tickets.attached.get(&issue)
    }

    /// The comments of an issue, oldest first.
    #[must_use]
    pub fn comments(&self, issue: u64) -> &[Comment] {
        self.attached(issue).map_or(&[], |attached| &attached.comments)
    }

    /// A comment with its issue.
    #[must_use]
    pub fn comment(&self, id: u64) -> Option<(u64, &Comment)> {
        let mut all = self.tickets.attached.iter();
        all.find_map(|(issue, attached)| {
            let found = attached.comments.iter().find(|comment| comment.id == id);
            found.map(|comment| (*issue, comment))
        })
    }
}
