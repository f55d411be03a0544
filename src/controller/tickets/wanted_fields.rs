//! What a spec says of the fields of its ticket, as Jira takes it: with questions to Jira only for people and for further
//! fields.

use std::{sync::Arc, time::Duration};

use super::{conclude::EditStep, phase::Mover};
use crate::{
    api::{
        condition::{ConditionType::Valid, Finding},
        issue::{JiraIssue, JiraIssueSpec, TicketPerson},
        reason::Reason,
    },
    atlassian::{error::JiraError, rate_limit::waits_after_429::RETRY},
    tickets::{
        ASSIGNEE, IN_JIRA, NotCreatable, People, Searching, TicketMetadata, WantedField, addresses, assigned, digests,
        further_fields, own_fields, project,
    },
};

/// What is wanted, but for the labels.
pub struct WantedFields {
    /// The fields.
    pub fields: Vec<WantedField>,
    /// Who works on the ticket, where that was found out now.
    pub assignee: Option<TicketPerson>,
}

/// What is wrong is said, and what Jira does not answer waits.
type Early<T> = Result<T, Box<EditStep>>;

impl WantedFields {
    /// Those of an object.
    pub async fn of(mover: &Mover<'_>, live: &JiraIssue) -> Early<Self> {
        let mut fields = own_fields(&live.spec).map_err(|error| {
            let finding = Finding::with_remedy(Valid, Reason::TextTooLong, &format!("{error}."));
            Box::new(invalid(finding))
        })?;
        let (who, assignee) = assignee(mover, live).await?.unzip();
        fields.extend(who);
        fields.extend(further(mover, live).await?);
        Ok(Self {
            fields,
            assignee: assignee.flatten(),
        })
    }
}

fn invalid(finding: Finding) -> EditStep {
    EditStep {
        findings: vec![finding],
        ..EditStep::default()
    }
}

fn unanswered(error: &JiraError) -> EditStep {
    let wait: Duration = error.retry_after_or(RETRY);
    EditStep::later(wait)
}

async fn people(mover: &Mover<'_>, addresses: impl IntoIterator<Item = String>) -> Early<People> {
    let searching = Searching {
        session: mover.jira(),
        account: &mover.permit.account,
        searches: &mover.ctx.searches,
    };
    let pinned = mover.integration.spec.pinned();
    let found = People::find(searching, pinned, addresses).await;
    found.map_err(|error| Box::new(EditStep::later(error.retry_after_or(RETRY))))
}

/// Who works on it: as was found before, unless the spec names somebody else.
async fn assignee(mover: &Mover<'_>, live: &JiraIssue) -> Early<Option<(WantedField, Option<TicketPerson>)>> {
    let Some(reference) = &live.spec.assignee else {
        return Ok(None);
    };
    let status = live.status.clone().unwrap_or_default();
    let digest = digests(&live.spec).remove(ASSIGNEE).unwrap_or_default();
    let written = status.applied.unwrap_or_default().written.fields.remove(ASSIGNEE);
    let known = status.people.and_then(|people| people.assignee);
    let known = known.filter(|_| written.is_some_and(|written| written.wanted == digest));
    let (person, is_new) = if let Some(known) = known {
        (known, false)
    } else {
        let people = people(mover, reference.email.clone()).await?;
        (assigned(&people.of(reference), None, &status.project), true)
    };
    // Whom somebody else set in Jira is not the spec's to write.
    let is_of_spec = person.reason.is_none() && person.matched != IN_JIRA;
    let account = person.account_id.clone().filter(|_| is_of_spec);
    let field = WantedField {
        place: ASSIGNEE.to_owned(),
        id: ASSIGNEE.to_owned(),
        digest,
        value: account.map(|id| serde_json::json!({"accountId": id})),
    };
    Ok(Some((field, is_new.then_some(person))))
}

/// What `spec.fields` says.
async fn further(mover: &Mover<'_>, live: &JiraIssue) -> Early<Vec<WantedField>> {
    let spec = &live.spec;
    if spec.fields.is_empty() {
        return Ok(Vec::new());
    }
    let metadata = metadata(mover, live).await?;
    let only_fields = JiraIssueSpec {
        fields: spec.fields.clone(),
        ..JiraIssueSpec::default()
    };
    let people = people(mover, addresses(&only_fields, &metadata)).await?;
    further_fields(spec, &metadata, &people).map_err(|finding| Box::new(invalid(finding)))
}

/// What the type takes: of a ticket that was taken over, the type that it has.
async fn metadata(mover: &Mover<'_>, live: &JiraIssue) -> Early<Arc<TicketMetadata>> {
    let status = live.status.clone().unwrap_or_default();
    let tickets = mover.integration.spec.tickets.clone().unwrap_or_default();
    let projects = mover.projects.iter().map(Arc::as_ref);
    let project =
        project(&live.spec, &tickets, &status.project, projects).map_err(|finding| Box::new(invalid(finding)))?;
    let mut spec = live.spec.clone();
    if spec.request_type.is_none() {
        spec.issue_type = spec.issue_type.or_else(|| Some(status.issue_type.clone()));
    }
    let creatable = &mover.ctx.creatable;
    match creatable
        .of(mover.jira(), &mover.permit.cloud_id, &project, &spec)
        .await
    {
        Ok(metadata) => Ok(metadata),
        Err(NotCreatable::Invalid(finding)) => Err(Box::new(invalid(finding))),
        Err(NotCreatable::Unanswered(error)) => Err(Box::new(unanswered(&error))),
    }
}
