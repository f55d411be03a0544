//! What can be created in a project, as Jira says: kept for an hour, and asked anew after a refusal.

use std::{sync::Arc, time::Duration};

use super::{gate::TicketProject, judge::type_of, metadata::TicketMetadata};
use crate::{
    api::{
        condition::{ConditionType::Valid, Finding},
        issue::JiraIssueSpec,
        reason::Reason,
    },
    atlassian::{
        error::JiraError,
        jira::Session,
        shared_answers::{MOMENT, SharedAnswers},
    },
    diagnose::request_type::{is_restricted, unseen_fields},
};

/// How long it is believed.
const FRESH: Duration = Duration::from_hours(1);
/// Most entries that are kept.
const MOST: usize = 1000;

/// What can be created, by site, project and type.
#[derive(Debug)]
pub struct Creatable(SharedAnswers<Key, Result<Arc<TicketMetadata>, NotCreatable>>);

impl Default for Creatable {
    fn default() -> Self {
        Self(SharedAnswers::new(MOST))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    cloud_id: String,
    project: String,
    wanted: String,
}

/// Why it is not known what can be created.
#[derive(Clone, Debug)]
pub enum NotCreatable {
    /// The type is none.
    Invalid(Finding),
    /// Jira could not be asked.
    Unanswered(JiraError),
}

impl From<JiraError> for NotCreatable {
    fn from(error: JiraError) -> Self {
        Self::Unanswered(error)
    }
}

impl Creatable {
    /// What a ticket of the wanted type takes.
    ///
    /// # Errors
    /// Where there is no such type, or Jira cannot be asked.
    pub async fn of(
        &self,
        session: &Session,
        cloud_id: &str,
        project: &TicketProject,
        spec: &JiraIssueSpec,
    ) -> Result<Arc<TicketMetadata>, NotCreatable> {
        let ask = async {
            match creatable(session, project, spec).await {
                Ok(metadata) => (Ok(Arc::new(metadata)), FRESH),
                Err(why) => (Err(why), MOMENT),
            }
        };
        self.0.of(key(cloud_id, project, spec), ask).await
    }

    /// It is asked anew: Jira refused what it said could be created.
    pub fn forget(&self, project: &TicketProject, spec: &JiraIssueSpec) {
        let wanted = wanted(spec);
        self.0.forget(|key| key.project == project.id && key.wanted == wanted);
    }
}

fn key(cloud_id: &str, project: &TicketProject, spec: &JiraIssueSpec) -> Key {
    Key {
        cloud_id: cloud_id.to_owned(),
        project: project.id.clone(),
        wanted: wanted(spec),
    }
}

fn wanted(spec: &JiraIssueSpec) -> String {
    match (&spec.request_type, &spec.issue_type) {
        (Some(wanted), _) => format!("request {wanted}"),
        (None, wanted) => format!("issue {}", wanted.as_deref().unwrap_or_default()),
    }
}

/// What a ticket of the wanted type takes, as Jira says now.
///
/// # Errors
/// Where there is no such type, or Jira cannot be asked.
pub async fn creatable(
    session: &Session,
    project: &TicketProject,
    spec: &JiraIssueSpec,
) -> Result<TicketMetadata, NotCreatable> {
    match (&spec.request_type, &spec.issue_type) {
        (Some(wanted), _) => request_type(session, project, wanted).await,
        (None, wanted) => issue_type(session, project, wanted.as_deref().unwrap_or_default()).await,
    }
}

async fn issue_type(session: &Session, project: &TicketProject, wanted: &str) -> Result<TicketMetadata, NotCreatable> {
    let types = session.create_types(&project.id).await?;
    let types: Vec<(String, String)> = types.into_iter().map(|kind| (kind.id, kind.name)).collect();
    let of = (Reason::TypeUnknown, project.key.as_str());
    let (id, name) = type_of(wanted, &types, of).map_err(NotCreatable::Invalid)?;
    let fields = session.create_fields(&project.id, id).await?;
    Ok(TicketMetadata::of_type(id, name, &fields))
}

async fn request_type(
    session: &Session,
    project: &TicketProject,
    wanted: &str,
) -> Result<TicketMetadata, NotCreatable> {
    let key = &project.key;
    if !project.is_service {
        let what = format!("{key} is no service project, and has no request types. Set spec.type instead.");
        return Err(NotCreatable::Invalid(Finding::with_remedy(
            Valid,
            Reason::RequestTypeUnknown,
            &what,
        )));
    }
    let invalid = |finding: Finding| NotCreatable::Invalid(in_trouble(finding, project));
    let desks = session.service_desks().await?;
    let desk = desks.into_iter().find(|desk| desk.project_id == project.id);
    let types = match &desk {
        Some(desk) => session.request_types(&desk.id).await?,
        None => Vec::new(),
    };
    let named: Vec<(String, String)> = types.iter().map(|kind| (kind.id.clone(), kind.name.clone())).collect();
    let of = (Reason::RequestTypeUnknown, key.as_str());
    let (id, name) = type_of(wanted, &named, of).map_err(invalid)?;
    let closed = |why: &str| {
        let what = format!("Requests of the type {name} cannot be raised in {key}: {why}.");
        invalid(Finding::with_remedy(Valid, Reason::RequestTypeRestricted, &what))
    };
    let kind = types.iter().find(|kind| kind.id == *id);
    match kind.and_then(|kind| kind.can_create_request) {
        Some(false) => return Err(closed("Jira says that they are not open to the account")),
        None if kind.is_some_and(is_restricted) => return Err(closed("the type is restricted to others")),
        Some(true) | None => {}
    }
    let desk = desk.map(|desk| desk.id).unwrap_or_default();
    let form = session.form(&desk, id).await?;
    let unseen = unseen_fields(&form);
    if !unseen.is_empty() {
        let why = format!(
            "its form requires {} and hides it, so that nobody can fill it in",
            unseen.join(", ")
        );
        return Err(closed(&why));
    }
    Ok(TicketMetadata::of_form(&desk, id, name, &form))
}

/// The same with what the `JiraProject` says of the service desk, where that is in trouble.
fn in_trouble(finding: Finding, project: &TicketProject) -> Finding {
    match &project.desk_trouble {
        Some(trouble) => finding.noting(trouble),
        None => finding,
    }
}
