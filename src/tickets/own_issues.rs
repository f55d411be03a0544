//! The issues that the account created in a project, by the markers that they carry: people
//! remove labels, and some types have none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    identity::{Identity, Marker, PROPERTY},
    lookup::LAG_MINUTES,
    shared_lookup::{Listed, Place},
};
use crate::atlassian::{error::JiraError, jira::Session, ticket_models::MarkedIssue};

/// Most pages in a row: others wait for them.
const SLICE: usize = 20;
/// So many pages are listed without a pause: with 100 issues each 40 % of the hour's points, as a first listing of people.
const AT_ONCE: usize = 200;
/// Apart from each other further pages are listed, which is a tenth of the hour's points.
const APART: Duration = Duration::from_secs(56);
/// How long what was listed is good enough to be shown.
const SHOWN: Duration = Duration::from_secs(30);
/// How long a listing is good for types without labels. What this process creates meanwhile it knows itself.
const FRESH: Duration = Duration::from_secs(5);

/// How the tickets of an object may have to be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Among so many as one slice has: the project was listed before, and labels tell the rest.
    Briefly,
    /// Among all that the account ever created: people remove labels.
    Once,
    /// The same, up to now: the type has no labels.
    UpToNow,
}

/// What a listing says of an object.
#[derive(Clone, Debug)]
pub enum OwnIssues {
    /// These issues carry its marker.
    Known(Vec<Listed>),
    /// So many were listed so far, and it goes on after a while.
    UnderWay(usize, Duration),
}

/// The listings, by place.
#[derive(Debug, Default)]
pub struct Listings(Mutex<HashMap<Place, Arc<tokio::sync::Mutex<ListedIssues>>>>);

/// How far one listing is.
#[derive(Debug, Default)]
struct ListedIssues {
    by_identity: HashMap<Identity, Vec<Listed>>,
    /// When the last one began, once one was complete.
    complete: Option<Instant>,
    /// When the one under way began.
    began: Option<Instant>,
    next_page: Option<String>,
    pages: usize,
    issues: usize,
    not_before: Option<Instant>,
}

impl Listings {
    /// The issues of an object in the listing, which goes on for a while where it is not complete.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn of(
        &self,
        session: &Session,
        place: &Place,
        identity: &Identity,
        listing: Listing,
    ) -> Result<OwnIssues, JiraError> {
        let listed = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(place.clone()).or_default())
        };
        let mut listed = listed.lock().await;
        if !listed.is_good_for(listing) {
            listed.go_on(session, &place.project).await?;
        }
        Ok(listed.answer(identity, listing))
    }

    /// What was listed for an object may have changed since: it is asked for when it is needed.
    pub async fn forget(&self, identity: &Identity) {
        let all: Vec<_> = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.values().cloned().collect()
        };
        for listed in all {
            let mut listed = listed.lock().await;
            listed
                .by_identity
                .get_mut(identity)
                .into_iter()
                .flatten()
                .for_each(forget);
        }
    }

    /// A ticket was created for an object: it belongs to what is listed of its project, also when people take its label
    /// away.
    pub async fn note_created(&self, place: &Place, identity: &Identity, ticket: &str) {
        let listed = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(place).cloned()
        };
        if let Some(listed) = listed {
            listed.lock().await.add(identity.clone(), Listed::Id(ticket.to_owned()));
        }
    }

    /// Whether all that the account ever created in a project is listed.
    pub async fn is_complete(&self, place: &Place) -> bool {
        let listed = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(place).cloned()
        };
        match listed {
            Some(listed) => listed.lock().await.complete.is_some(),
            None => false,
        }
    }
}

impl ListedIssues {
    fn is_good_for(&self, listing: Listing) -> bool {
        match listing {
            Listing::Briefly => self.complete.is_some() || self.pages >= SLICE,
            Listing::Once => self.complete.is_some(),
            Listing::UpToNow => self.complete.is_some_and(|at| at.elapsed() < FRESH),
        }
    }

    fn answer(&mut self, identity: &Identity, listing: Listing) -> OwnIssues {
        if !self.is_good_for(listing) {
            let now = Instant::now();
            let wait = self
                .not_before
                .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            return OwnIssues::UnderWay(self.issues, wait.max(Duration::from_secs(1)));
        }
        if self.complete.is_some_and(|at| at.elapsed() > SHOWN) {
            self.by_identity.values_mut().flatten().for_each(forget);
        }
        OwnIssues::Known(self.by_identity.get(identity).cloned().unwrap_or_default())
    }

    /// Lists further pages.
    async fn go_on(&mut self, session: &Session, project: &str) -> Result<(), JiraError> {
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        let since = self
            .complete
            .map(|at| at.elapsed().as_secs() / 60 + 1 + u64::from(LAG_MINUTES));
        let since = since
            .map(|minutes| format!(" AND created >= -{minutes}m"))
            .unwrap_or_default();
        let jql = format!("project = \"{project}\" AND creator = currentUser(){since} ORDER BY key ASC");
        for _ in 0..SLICE {
            self.began.get_or_insert_with(Instant::now);
            let page = session.search_marked(&jql, PROPERTY, self.next_page.as_deref()).await;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    // What a page begins with may have expired: the listing begins anew.
                    if matches!(error, JiraError::Refused { .. }) {
                        self.begin_anew();
                    }
                    return Err(error);
                }
            };
            self.pages += 1;
            self.issues += page.issues.len();
            page.issues.into_iter().for_each(|issue| self.take(issue));
            self.next_page = page.next_page_token.filter(|token| !token.is_empty());
            if self.next_page.is_none() {
                self.complete = self.began;
                self.begin_anew();
                return Ok(());
            }
            if self.pages >= AT_ONCE {
                self.not_before = Some(Instant::now() + APART);
                return Ok(());
            }
        }
        Ok(())
    }

    fn begin_anew(&mut self) {
        (self.began, self.next_page, self.not_before) = (None, None, None);
        (self.pages, self.issues) = (0, 0);
    }

    fn take(&mut self, mut issue: MarkedIssue) {
        let Some(marker) = issue.properties.get(PROPERTY).and_then(Marker::read) else {
            return;
        };
        // Nobody asks for it, and it may be long.
        issue.issue.fields.description = serde_json::Value::Null;
        self.add(marker.identity, Listed::Whole(Box::new(issue)));
    }

    fn add(&mut self, identity: Identity, listed: Listed) {
        let known = self.by_identity.entry(identity).or_default();
        known.retain(|other| id(other) != id(&listed));
        known.push(listed);
    }
}

fn id(listed: &Listed) -> &str {
    match listed {
        Listed::Whole(issue) => &issue.issue.id,
        Listed::Id(id) => id,
    }
}

/// What an issue is like now is asked when it is needed.
fn forget(listed: &mut Listed) {
    *listed = Listed::Id(id(listed).to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_created_after_a_listing_belongs_to_it() {
        let mut listed = ListedIssues {
            complete: Some(Instant::now()),
            ..ListedIssues::default()
        };
        let identity = Identity::of("app", "shop", "a");
        for ticket in ["1", "2", "2"] {
            listed.add(identity.clone(), Listed::Id(ticket.to_owned()));
        }
        let known = |listed: &mut ListedIssues, identity: &Identity| match listed.answer(identity, Listing::Once) {
            OwnIssues::Known(known) => known.iter().map(|listed| id(listed).to_owned()).collect(),
            OwnIssues::UnderWay(..) => Vec::new(),
        };
        assert_eq!(known(&mut listed, &identity), ["1", "2"]);
        assert!(known(&mut listed, &Identity::of("app", "shop", "b")).is_empty());
    }
}
