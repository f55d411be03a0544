//! A query that is fetched page by page, each page with everything that is mirrored: where it is, what follows
//! a page, and where it can be cut in two. Pure.

use jiff::Timestamp;

use super::{
    error::MirrorError,
    query::{latest, matching, window},
};
use crate::{
    api::integration::MirrorMode,
    atlassian::{
        issue_answers::SearchPage,
        issue_fields::{Issue, time},
    },
};

/// Most pages without an issue in a row.
const MOST_EMPTY: usize = 3;
/// Windows begin and end at whole minutes, so that a time that Jira rounds to the minute falls into one.
const MINUTE: i64 = 60_000;

/// In which order issues come, and which part of them is fetched, in epoch milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryRange {
    /// What was created first first: from the first time on, before the second.
    Window(Option<i64>, Option<i64>),
    /// What was updated last first, not after this time.
    Latest(Option<i64>),
}

/// What follows a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStep {
    /// The next page.
    Onward,
    /// Nothing: it was the last one.
    Ended,
}

/// A query of which some pages were fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagedQuery {
    /// Ids of the projects.
    pub projects: Vec<String>,
    /// What narrows them. A jql goes with one project.
    pub jql: Option<String>,
    /// Which part is still to be fetched.
    pub part: QueryRange,
    /// How many issues a page has.
    pub size: usize,
    /// Pages so far may lack issues.
    pub is_doubtful: bool,
    /// The time of the last issue that came, in the order of the part.
    pub reached: Option<i64>,
    token: Option<String>,
    empty: usize,
}

impl PagedQuery {
    /// Before its first page.
    #[must_use]
    pub const fn new(projects: Vec<String>, jql: Option<String>, part: QueryRange, size: usize) -> Self {
        Self {
            projects,
            jql,
            part,
            size,
            is_doubtful: false,
            reached: None,
            token: None,
            empty: 0,
        }
    }

    /// The query.
    #[must_use]
    pub fn query(&self, mode: MirrorMode) -> String {
        let ids: Vec<&str> = self.projects.iter().map(String::as_str).collect();
        let all = matching(&ids, mode, self.jql.as_deref());
        match self.part {
            QueryRange::Window(from, before) => window(&all, from, before),
            QueryRange::Latest(until) => latest(&all, None, until),
        }
    }

    /// What leads to the next page; none before the first one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Takes note of a page.
    ///
    /// # Errors
    /// Where pages lead nowhere. It begins again then from the last issue that came.
    pub fn turn(&mut self, page: &SearchPage) -> Result<PageStep, MirrorError> {
        self.is_doubtful |= page.is_cut() || page.found.malformed > 0;
        let times = page.found.issues.iter().filter_map(|issue| self.time_of(issue));
        self.reached = match self.part {
            QueryRange::Window(..) => times.chain(self.reached).max(),
            QueryRange::Latest(_) => times.chain(self.reached).min(),
        };
        self.empty = if page.found.issues.is_empty() {
            self.empty + 1
        } else {
            0
        };
        let Some(next) = page.next_page_token.clone().filter(|token| !token.is_empty()) else {
            if page.is_last != Some(false) {
                return Ok(PageStep::Ended);
            }
            // There is more, and no token: on from the last issue, if that leads on.
            let leads_on = self.begin_anew();
            self.is_doubtful |= !leads_on;
            return Ok(if leads_on { PageStep::Onward } else { PageStep::Ended });
        };
        if self.token.as_ref() == Some(&next) {
            self.begin_anew();
            return Err(MirrorError::Pages("the same page was given again"));
        }
        if self.empty > MOST_EMPTY {
            self.begin_anew();
            return Err(MirrorError::Pages("page after page without an issue"));
        }
        self.token = Some(next);
        Ok(PageStep::Onward)
    }

    /// Begins again without a token, from the last issue that came. Whether less is left than at first.
    pub fn begin_anew(&mut self) -> bool {
        (self.token, self.empty) = (None, 0);
        let before = self.part;
        match (&mut self.part, self.reached) {
            (QueryRange::Window(from, _), Some(reached)) => *from = Some(reached),
            (QueryRange::Latest(until), Some(reached)) => *until = Some(reached),
            (_, None) => {}
        }
        self.part != before
    }

    /// Cuts off the later half of a window, by time. `last` is about when the last issue was created.
    pub fn cut(&mut self, last: i64) -> Option<Self> {
        let QueryRange::Window(_, before) = self.part else {
            return None;
        };
        let reached = self.reached.filter(|_| self.token.is_some())?;
        let end = before.unwrap_or(last);
        let middle = reached.checked_add(end.checked_sub(reached)? / 2)?;
        let middle = middle - middle.rem_euclid(MINUTE);
        if middle <= reached || middle >= end {
            return None;
        }
        let later = Self::new(
            self.projects.clone(),
            self.jql.clone(),
            QueryRange::Window(Some(middle), before),
            self.size,
        );
        self.part = QueryRange::Window(Some(reached), Some(middle));
        (self.token, self.empty) = (None, 0);
        Some(later)
    }

    fn time_of(&self, issue: &Issue) -> Option<i64> {
        let text = match self.part {
            QueryRange::Window(..) => issue.fields.created.as_deref(),
            QueryRange::Latest(_) => issue.fields.updated.as_deref(),
        };
        text.and_then(time).map(Timestamp::as_millisecond)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    /// A page whose issues were created in these minutes of 1970.
    fn page(minutes: &[i64], token: Option<&str>) -> SearchPage {
        let issues = minutes.iter().map(|minute| {
            let at = Timestamp::from_second(minute * 60).unwrap();
            json!({"id": "1", "fields": {"created": at.to_string(), "updated": at.to_string()}})
        });
        let page = json!({"issues": issues.collect::<Vec<_>>(), "nextPageToken": token, "isLast": token.is_none()});
        serde_json::from_value(page).unwrap()
    }

    fn paged(part: QueryRange) -> PagedQuery {
        PagedQuery::new(vec!["1".into()], None, part, 100)
    }

    #[test]
    fn it_goes_by_tokens_to_the_last_page() {
        let mut query = paged(QueryRange::Latest(None));
        assert_eq!(query.turn(&page(&[9, 8], Some("a"))).unwrap(), PageStep::Onward);
        assert_eq!((query.token(), query.reached), (Some("a"), Some(8 * MINUTE)));
        assert_eq!(query.turn(&page(&[7], None)).unwrap(), PageStep::Ended);
        assert!(!query.is_doubtful);
    }

    #[test]
    fn pages_that_lead_nowhere_are_left_by_time() {
        let mut query = paged(QueryRange::Window(None, None));
        query.turn(&page(&[1, 2], Some("a"))).unwrap();
        query.turn(&page(&[2, 3], Some("a"))).unwrap_err();
        assert_eq!(
            (query.token(), query.part),
            (None, QueryRange::Window(Some(3 * MINUTE), None))
        );
        let mut lost = page(&[5], None);
        lost.is_last = Some(false);
        assert_eq!(query.turn(&lost).unwrap(), PageStep::Onward);
        assert_eq!(
            (query.part, query.is_doubtful),
            (QueryRange::Window(Some(5 * MINUTE), None), false)
        );
        // Nothing is known of what follows, and no token leads there.
        assert_eq!(query.turn(&lost).unwrap(), PageStep::Ended);
        assert!(query.is_doubtful);
        for _ in 0..MOST_EMPTY {
            query.turn(&page(&[], Some(&format!("{:?}", query.empty)))).unwrap();
        }
        query.turn(&page(&[], Some("z"))).unwrap_err();
    }

    #[test]
    fn a_window_is_cut_at_a_whole_minute_and_nothing_falls_between() {
        let mut first = paged(QueryRange::Window(None, None));
        assert_eq!(first.cut(100 * MINUTE), None, "nothing is known of it yet");
        first.turn(&page(&[10], Some("a"))).unwrap();
        let second = first.cut(21 * MINUTE + 5).unwrap();
        assert_eq!(first.part, QueryRange::Window(Some(10 * MINUTE), Some(15 * MINUTE)));
        assert_eq!(second.part, QueryRange::Window(Some(15 * MINUTE), None));
        assert_eq!(first.cut(21 * MINUTE), None, "it has begun anew");
        first.turn(&page(&[14], Some("b"))).unwrap();
        assert_eq!(first.cut(0), None, "too short");
    }
}
