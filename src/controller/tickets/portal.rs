//! Where customers see a request, and what kind of request it is. The answer that raises it tells, and the marker of the
//! ticket keeps it; where that answer was lost, and of an issue that is taken over, Jira is asked.

use super::{conclude::TicketOutcome, context::TicketSession};
use crate::api::issue::JiraIssue;

/// Whether it is not known of a request.
#[must_use]
pub fn is_pending(object: &JiraIssue) -> bool {
    let is_known = object.status.as_ref().is_some_and(|status| status.portal_url.is_some());
    object.spec.request_type.is_some() && !is_known
}

/// Asks Jira. Nothing depends on it: where Jira does not answer, what is known stands, and of a request it is asked again
/// when its object is reconciled next.
pub async fn ask(outcome: &mut TicketOutcome, session: &TicketSession) {
    let Some(ticket) = &outcome.ticket else {
        return;
    };
    match session.session.customer_request(&ticket.id).await {
        Ok(request) => outcome.request = Some(request),
        Err(error) => tracing::debug!(key = ticket.key, %error, "its place in the customer portal is not known"),
    }
}
