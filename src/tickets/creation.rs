//! A creation that is judged and can be sent: what is sent, for whom, and by what it is found again.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use super::{
    applied::refused_fields,
    candidates::{Found, FoundTicket, RequestTraits, Wanted, looks, pick},
    draft::{Draft, FirstCall},
    identity::{Identity, Marker, PROPERTY},
    lookup,
    matched::people_of,
    metadata::TicketMetadata,
    own_issues::Listing,
    participants::added_participants,
    parts::Part,
    people::TicketRoles,
    shared_lookup::Place,
    store::TicketStore,
    text,
};
use crate::{
    api::issue::{AppliedLink, ExistingPolicy, TicketCreation, TicketPeople},
    atlassian::{error::JiraError, jira::Session, ticket_models::MarkedIssue},
};

/// A creation that can be sent.
#[derive(Clone)]
pub struct Creation {
    /// The calls to the site.
    pub session: Session,
    /// Where its object is written.
    pub store: TicketStore,
    /// What is sent.
    pub draft: Draft,
    /// What the type takes.
    pub metadata: Arc<TicketMetadata>,
    /// Who is meant.
    pub roles: TicketRoles,
    /// Whose ticket it is.
    pub marker: Marker,
    /// Account id of the dedicated account.
    pub account: String,
    /// Most creations of its integration in an hour.
    pub max_per_hour: usize,
    /// What is done with a ticket that the object had before.
    pub existing: ExistingPolicy,
    /// Who was found for the people of the spec.
    pub people: Option<TicketPeople>,
    /// Links that its ticket has already.
    pub links: Vec<AppliedLink>,
    /// Description, in Markdown.
    pub description: Option<String>,
    /// How its ticket may have to be looked for.
    pub listing: Listing,
}

impl Creation {
    /// The same as the n-th creation of its object, after a former ticket that is done.
    #[must_use]
    pub fn numbered(mut self, n: i64, former: Option<String>) -> Self {
        (self.marker.n, self.marker.former) = (n, former);
        self.remarked()
    }

    /// The same under the identity that a mark names. The object may have another one since, where its policy or the scope of
    /// its integration was changed: what was sent carries the former.
    #[must_use]
    pub fn identified(mut self, mark: &TicketCreation) -> Self {
        let identity = Identity::read(&mark.identity);
        if identity == self.marker.identity {
            return self;
        }
        let former = std::mem::replace(&mut self.marker.identity, identity).label();
        let label = self.marker.identity.label();
        let (FirstCall::Issue(body) | FirstCall::Request(body)) = &mut self.draft.first;
        for body in std::iter::once(body).chain(&mut self.draft.second) {
            relabel(body, &former, &label);
        }
        self.remarked()
    }

    /// The same as a request that customers see under this address.
    #[must_use]
    pub fn in_portal(mut self, address: Option<&str>) -> Self {
        self.marker.kept.portal = address.map(str::to_owned);
        self.remarked()
    }

    /// The same, and what is sent carries the marker as it is now.
    fn remarked(mut self) -> Self {
        let (FirstCall::Issue(body) | FirstCall::Request(body)) = &mut self.draft.first;
        for body in std::iter::once(body).chain(&mut self.draft.second) {
            remark(body, &self.marker);
        }
        self
    }

    /// What the request type is called.
    #[must_use]
    pub fn request_type(&self) -> Option<&str> {
        self.metadata.desk.as_ref().map(|_| self.metadata.type_name.as_str())
    }

    /// The same with another draft, and with what is said of the people in it. What it goes without is in its marker.
    #[must_use]
    pub fn with(mut self, draft: Draft) -> Self {
        let people = people_of(&self.roles, &draft);
        self.marker.kept.participants = added_participants(&self.roles.participants, &people.participants);
        let written = self.marker.kept.written.clone().without(refused_fields(&draft));
        let with = Self {
            draft,
            people: Some(people).filter(|people| *people != TicketPeople::default()),
            marker: self.marker.having_written(written),
            ..self
        };
        with.remarked()
    }

    /// The same without parts that Jira refused before, as a mark names them.
    #[must_use]
    pub fn without_marked(self, mark: &TicketCreation) -> Self {
        let parts = mark.without.iter().filter_map(|part| Part::read(part));
        let draft = parts.fold(self.draft.clone(), |draft, part| {
            draft.without(part, "Jira refused it before".to_owned())
        });
        self.with(draft)
    }

    /// The same with what a marker says of the note that names the reporter. Where it says nothing, the note is looked for
    /// before it is made.
    #[must_use]
    pub fn noted(mut self, marker: &Marker) -> Self {
        let reporter = self.people.as_mut().and_then(|people| people.reporter.as_mut());
        if let Some(reporter) = reporter.filter(|reporter| reporter.reason.is_some()) {
            reporter.note.clone_from(&marker.kept.note);
            reporter.note_since = marker.kept.note.is_none().then(|| Time(Timestamp::now()));
        }
        self
    }

    /// Whether it would be sent now.
    ///
    /// # Errors
    /// The 429 for which it waits.
    pub fn may_be_sent(&self) -> Result<(), JiraError> {
        match self.draft.first {
            FirstCall::Issue(_) => self.session.may_create_issue(),
            FirstCall::Request(_) => self.session.may_create_request(),
        }
    }

    /// Where its ticket is looked for.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            site: self.session.cloud_id().to_owned(),
            account: self.account.clone(),
            project: self.draft.project.key.clone(),
        }
    }

    /// Of a request, which is marked only after it was raised: the digest of what it looks like.
    #[must_use]
    pub fn looks(&self) -> Option<String> {
        self.draft.second.as_ref()?;
        let reporter = self.draft.reporter.as_deref().unwrap_or_default();
        Some(looks(&self.draft.project.id, reporter, &self.draft.summary))
    }

    /// Digest of what is sent, as far as another creation could be mistaken for it.
    #[must_use]
    pub fn digest(&self) -> String {
        self.looks().unwrap_or_else(|| self.draft.digest.clone())
    }

    /// Looks for the ticket after its creation was sent and the answer was lost.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn look_up_after(&self, mark: &TicketCreation) -> Result<Found, JiraError> {
        let (project, identity) = (&self.draft.project.key, &self.marker.identity);
        let found = lookup::after_creation(&self.session, project, identity, mark.floor).await?;
        Ok(self.pick(&found.all(), Some(mark)))
    }

    /// The ticket among issues that were found. With a mark also a request that is not marked yet.
    #[must_use]
    pub fn pick(&self, found: &[MarkedIssue], mark: Option<&TicketCreation>) -> Found {
        let request = mark.filter(|_| self.draft.second.is_some());
        let text = request.map(|_| self.text()).unwrap_or_default();
        let request = request.map(|mark| RequestTraits {
            looks: &mark.digest,
            text: &text,
            project_id: &self.draft.project.id,
            since: mark.at.0,
        });
        let wanted = Wanted {
            identity: &self.marker.identity,
            number: mark.map_or(1, |mark| mark.number),
            account: &self.account,
            customer: self.draft.second.as_ref().and(self.draft.reporter.as_deref()),
            request,
        };
        pick(&wanted, found)
    }

    /// The description as plain text.
    fn text(&self) -> String {
        let document = text::markdown_to_adf(self.description.as_deref().unwrap_or_default());
        document
            .map(|document| text::adf_to_text(&document))
            .unwrap_or_default()
    }

    /// The ticket as it is now, whatever the search index says. None where Jira does not show it.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn read(&self, id_or_key: &str) -> Result<Option<FoundTicket>, JiraError> {
        let found = self.session.fetch_marked(&[id_or_key.to_owned()], PROPERTY).await?;
        Ok(found.issues.into_iter().next().map(FoundTicket::of))
    }

    /// The marker alone, as a change.
    #[must_use]
    pub fn marking(&self) -> Value {
        serde_json::json!({"properties": [self.marker.property()]})
    }
}

/// Puts a label in the place of another one.
fn relabel(body: &mut Value, former: &str, label: &str) {
    let fields = [("/fields/labels", ""), ("/update/labels", "/add")];
    for (list, place) in fields {
        let labels = body.pointer_mut(list).and_then(Value::as_array_mut);
        let named = labels
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.pointer_mut(place));
        for named in named.filter(|named| named.as_str() == Some(former)) {
            *named = label.into();
        }
    }
}

/// Puts the marker into what is sent.
fn remark(body: &mut Value, marker: &Marker) {
    let properties = body.get_mut("properties").and_then(Value::as_array_mut);
    let ours = |property: &&mut Value| property.get("key").and_then(Value::as_str) == Some(PROPERTY);
    for property in properties.into_iter().flatten().filter_map(|p| Some(p).filter(ours)) {
        *property = marker.property();
    }
}
