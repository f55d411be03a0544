//! Where customers see a request, and what kind of request it is. The answer that raises it tells, and the marker of the
//! ticket keeps it; where that answer was lost, and of an issue that is taken over, Jira is asked.

use super::{
    conclude::TicketOutcome,
    context::{TicketContext, TicketSession},
    phase::{Pending, wait_after},
    rested::Moment,
};
use crate::api::issue::JiraIssue;

/// Whether Jira is to be asked about a request of which it is not known.
#[must_use]
pub fn pending(object: &JiraIssue, ctx: &TicketContext) -> Pending {
    let is_known = object.status.as_ref().is_some_and(|status| status.portal_url.is_some());
    if object.spec.request_type.is_none() || is_known {
        return Pending::default();
    }
    let rests = ctx.rested_portals.left(object, &Moment::default());
    Pending {
        is_due: rests.is_none(),
        rests,
        ..Pending::default()
    }
}

/// Asks Jira. Nothing depends on it: where Jira does not answer, what is known stands, and a request is asked for again
/// after a while, whatever wakes its object before.
pub async fn ask(outcome: &mut TicketOutcome, (object, ctx): (&JiraIssue, &TicketContext), session: &TicketSession) {
    let Some(ticket) = &outcome.ticket else {
        return;
    };
    match session.session.customer_request(&ticket.id).await {
        Ok(request) => outcome.request = Some(request),
        Err(error) => {
            tracing::debug!(key = ticket.key, %error, "its place in the customer portal is not known");
            let wait = wait_after(&error);
            ctx.rested_portals.note(object, Moment::default(), wait);
            outcome.wait_at_most(wait);
        }
    }
}
