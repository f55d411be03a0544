//! Asks Jira what became of the tickets of an integration: one query an interval for what changed, whatever their
//! number; once an hour which are still there; and one by one only for those that are not.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    bound_ticket::{BoundTicket, Loss},
    duplicates::duplicates,
    following::Following,
    identity::PROPERTY,
    loss::look_up,
};
use crate::{
    atlassian::{
        jira::{PAGE, SearchFields, Session},
        ticket_models::MarkedIssue,
    },
    sync::issues::{MirrorError, among},
};

/// Most ids in one query.
const IDS: usize = 500;
/// Most pages of one query: each ticket comes once.
const MOST_PAGES: usize = 20;
/// So long before the first sweep of a process its account's creations are looked through.
const AUDITED: Duration = Duration::from_hours(24);
/// By so much each further look reaches back before the last one.
const AUDIT_OVERLAP: Duration = Duration::from_mins(15);

/// Issues, and when they were answered by Jira's clock.
type Answered = (Vec<MarkedIssue>, Option<Timestamp>);

/// Follows the tickets of one integration.
pub struct Follower<'a> {
    /// The calls to the site.
    pub jira: &'a Session,
    /// Account id of the dedicated account.
    pub account: &'a str,
    /// The tickets.
    pub tickets: &'a [BoundTicket],
    /// How long one must be missing before it is looked up.
    pub confirm_after: Duration,
    /// Whether a person asked for everything.
    pub is_requested: bool,
    /// Now.
    pub now: Instant,
}

/// What a round found.
#[derive(Debug, Default)]
pub struct Round {
    /// Tickets as Jira showed them, by id.
    pub shown: BTreeMap<u64, MarkedIssue>,
    /// Why others are not shown.
    pub lost: BTreeMap<u64, Loss>,
    /// Keys of further issues that carry the marker of a ticket, by its id, where that was looked at.
    pub duplicates: BTreeMap<u64, Vec<String>>,
}

impl Round {
    fn take(&mut self, issues: Vec<MarkedIssue>) {
        let known = issues.into_iter().filter_map(|issue| Some((issue.id()?, issue)));
        self.shown.extend(known);
    }
}

impl Follower<'_> {
    /// One round. What it found until an error came is in `round`, too.
    ///
    /// # Errors
    /// Where Jira cannot be asked.
    pub async fn follow(&self, following: &mut Following, round: &mut Round) -> Result<(), MirrorError> {
        following.begin(self.tickets);
        let asked = self.ask(following, round).await;
        round.lost.clone_from(following.lost());
        // What is archived is shown by its id all the same.
        round.shown.retain(|id, _| !following.lost().contains_key(id));
        asked
    }

    async fn ask(&self, following: &mut Following, round: &mut Round) -> Result<(), MirrorError> {
        let (read_before, missing) = (following.shown(), following.missing());
        // Those that are read now may be newer than what changed among the others.
        self.changes(&read_before, following, round).await?;
        self.read_missing(&missing, round).await?;
        self.read(following.unread(self.tickets), following, round).await?;
        if self.is_requested || following.is_sweep_due(self.now) {
            self.sweep(following, round).await?;
        }
        self.look_up_missing(following, round).await
    }

    /// Reads tickets by id.
    async fn read(&self, ids: Vec<u64>, following: &mut Following, round: &mut Round) -> Result<(), MirrorError> {
        for some in ids.chunks(PAGE) {
            let names: Vec<String> = some.iter().map(u64::to_string).collect();
            let found = self.jira.fetch_marked(&names, PROPERTY).await?;
            following.read(some, &found.failed(), &found.issues, self.now);
            following.begin_at(found.date);
            round.take(found.issues);
        }
        Ok(())
    }

    /// What changed among these since the last round.
    async fn changes(&self, ids: &[u64], following: &mut Following, round: &mut Round) -> Result<(), MirrorError> {
        let (since, mut asked) = (following.since(), Vec::new());
        for some in ids.chunks(IDS) {
            match self.changed(some, since).await? {
                Some((issues, answered)) => {
                    asked.push(answered);
                    round.take(issues);
                }
                // Jira refuses a query that names an issue which is not there.
                None => self.read(some.to_vec(), following, round).await?,
            }
        }
        following.advance(asked.into_iter().min().flatten());
        Ok(())
    }

    /// Those that an answer lacked: that proves nothing, and until they are looked up people may change them. They are read
    /// by their ids, since Jira refuses a query that names one which is gone. That does not count as being there: what is
    /// archived is shown by its id, too.
    async fn read_missing(&self, ids: &[u64], round: &mut Round) -> Result<(), MirrorError> {
        for some in ids.chunks(PAGE) {
            let names: Vec<String> = some.iter().map(u64::to_string).collect();
            round.take(self.jira.fetch_marked(&names, PROPERTY).await?.issues);
        }
        Ok(())
    }

    /// What changed since a time, with when that was answered. None where Jira refuses the query, or may leave some out.
    async fn changed(&self, ids: &[u64], since: Timestamp) -> Result<Option<Answered>, MirrorError> {
        let jql = format!(
            "{} AND updated >= {} ORDER BY updated ASC, key ASC",
            among(ids),
            since.as_millisecond()
        );
        match self.pages(&jql).await {
            Ok(pages) => Ok(pages),
            Err(error) => refused(error),
        }
    }

    /// All that a query finds, with when the first page was answered. None where some may be left out.
    async fn pages(&self, jql: &str) -> Result<Option<Answered>, MirrorError> {
        let (mut token, mut found): (Option<String>, Answered) = (None, (Vec::new(), None));
        for _ in 0..MOST_PAGES {
            let page = self.jira.search_marked(jql, PROPERTY, token.as_deref()).await?;
            if page.is_cut() {
                return Ok(None);
            }
            found.1 = found.1.or(page.date);
            found.0.extend(page.issues);
            match page.next_page_token.filter(|token| !token.is_empty()) {
                Some(next) => token = Some(next),
                None => return Ok(Some(found)),
            }
        }
        Ok(None)
    }

    /// Which are still there, what is to be read again, and whether one became two.
    async fn sweep(&self, following: &mut Following, round: &mut Round) -> Result<(), MirrorError> {
        for some in following.shown().chunks(IDS) {
            match self.listed(some).await? {
                Some(listed) => {
                    let unlisted = some.iter().filter(|id| !listed.contains(id));
                    unlisted.for_each(|id| following.miss(*id, self.now));
                }
                None => self.read(some.to_vec(), following, round).await?,
            }
        }
        let again = following.next_to_verify().into_iter();
        let again = again.filter(|id| !round.shown.contains_key(id)).collect();
        self.read(again, following, round).await?;
        // What is lost may be there again.
        let lost: Vec<u64> = following.lost().keys().copied().collect();
        for some in lost.chunks(PAGE) {
            let of_them = self.tickets.iter().filter(|ticket| some.contains(&ticket.id));
            let found = look_up(self.jira, &of_them.collect::<Vec<_>>()).await?;
            following.looked_up(&[], &found.lost, self.now);
            for issue in &found.found {
                following.see(issue);
            }
            round.take(found.found);
        }
        self.audit(following, round).await?;
        following.swept(self.now);
        Ok(())
    }

    /// Those that a search finds. None where it may leave some out.
    async fn listed(&self, ids: &[u64]) -> Result<Option<Vec<u64>>, MirrorError> {
        let page = match self.jira.search(&among(ids), SearchFields::Ids, None).await {
            Ok(page) => page,
            Err(error) => return refused(error),
        };
        let goes_on = page.next_page_token.as_ref().is_some_and(|token| !token.is_empty());
        let found = page.found.issues.iter().filter_map(|issue| issue.id.parse().ok());
        Ok((!page.is_cut() && !goes_on).then(|| found.collect()))
    }

    async fn look_up_missing(&self, following: &mut Following, round: &mut Round) -> Result<(), MirrorError> {
        let due = following.due(self.confirm_after, self.now);
        if due.is_empty() {
            return Ok(());
        }
        let of_them = self.tickets.iter().filter(|ticket| due.contains(&ticket.id));
        let found = look_up(self.jira, &of_them.collect::<Vec<_>>()).await?;
        following.looked_up(&due, &found.lost, self.now);
        for issue in &found.found {
            following.see(issue);
        }
        round.take(found.found);
        Ok(())
    }

    /// Whether a ticket became two: among what the account created lately, and what is told of before.
    async fn audit(&self, following: &Following, round: &mut Round) -> Result<(), MirrorError> {
        let reach = following
            .swept_before(self.now)
            .map_or(AUDITED, |before| before + AUDIT_OVERLAP);
        let jql = format!(
            "creator = currentUser() AND created >= -{}m ORDER BY created DESC",
            reach.as_secs() / 60
        );
        let created = self.pages(&jql).await?.unwrap_or_default().0;
        let suspects = duplicates(self.tickets, &created, self.account);
        let mut names: Vec<String> = self
            .tickets
            .iter()
            .flat_map(|ticket| ticket.duplicates.clone())
            .collect();
        names.extend(suspects.values().flatten().cloned());
        let involved = self
            .tickets
            .iter()
            .filter(|ticket| !ticket.duplicates.is_empty() || suspects.contains_key(&ticket.id));
        let involved: Vec<BoundTicket> = involved.cloned().collect();
        names.extend(involved.iter().map(|ticket| ticket.id.to_string()));
        let mut issues = Vec::new();
        for some in names.chunks(PAGE) {
            issues.extend(self.jira.fetch_marked(some, PROPERTY).await?.issues);
        }
        let found = duplicates(&involved, &issues, self.account);
        let each = involved
            .iter()
            .map(|ticket| (ticket.id, found.get(&ticket.id).cloned().unwrap_or_default()));
        round.duplicates.extend(each);
        Ok(())
    }
}

/// Nothing, where Jira refuses a query.
fn refused<T>(error: impl Into<MirrorError>) -> Result<Option<T>, MirrorError> {
    let error = error.into();
    match error.refused_query() {
        Some(_) => Ok(None),
        None => Err(error),
    }
}
