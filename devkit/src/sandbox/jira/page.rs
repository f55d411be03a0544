//! One page of a search's result, well or with what a command lets be wrong with it.

use std::fmt::Write as _;

use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;
use super::issue_text::Printer;
use super::jql::{Cursor, Order};
use super::page_token::Place;
use crate::sandbox::faults::page::PageTrouble;
use crate::sandbox::reply;
use crate::sandbox::search_cache::Row;
use crate::sandbox::world::Site;

/// A page on its way out.
pub(super) struct Page<'a> {
    /// All that is left of the result, this page first.
    rest: &'a [Row],
    /// How many of them this page shows.
    shown: usize,
    /// Whether it is cut off from what follows.
    ends: bool,
    troubles: Vec<PageTrouble>,
}

impl<'a> Page<'a> {
    /// The next page of what is left, with these problems.
    pub(super) fn cut(rest: &'a [Row], size: usize, troubles: Vec<PageTrouble>) -> Self {
        let (mut shown, mut ends) = (rest.len().min(size), false);
        for trouble in &troubles {
            match trouble {
                PageTrouble::ShortPage { issues } => shown = shown.min(*issues),
                PageTrouble::EmptyPage => shown = 0,
                PageTrouble::Warn {
                    truncate_to: Some(count),
                    ..
                } => {
                    shown = shown.min(*count);
                    ends = true;
                }
                // What its end and its token say is in `next` and in the answer; `Refuse` leaves no page, see `search.rs`.
                PageTrouble::RepeatToken
                | PageTrouble::OmitIsLast
                | PageTrouble::ClaimLast
                | PageTrouble::LoseToken
                | PageTrouble::NullToken
                | PageTrouble::ExtraPage
                | PageTrouble::Refuse { .. }
                | PageTrouble::Warn { truncate_to: None, .. } => {}
            }
        }
        Self {
            rest,
            shown,
            ends,
            troubles,
        }
    }

    fn has(&self, trouble: impl Fn(&PageTrouble) -> bool) -> bool {
        self.troubles.iter().any(trouble)
    }

    /// Whether the page leads to itself.
    pub(super) fn repeats(&self) -> bool {
        self.has(|trouble| matches!(trouble, PageTrouble::RepeatToken))
    }

    fn is_last(&self) -> bool {
        self.ends || self.shown == self.rest.len()
    }

    /// Where the token of this page leads; `None` when it has none.
    pub(super) fn next(&self, call: &Call<'_>, order: &Order, place: Place) -> Option<Place> {
        let extra = self.has(|trouble| matches!(trouble, PageTrouble::ExtraPage));
        let cut_off = self.has(|trouble| matches!(trouble, PageTrouble::LoseToken));
        if cut_off || (self.is_last() && !extra) {
            return None;
        }
        if self.repeats() {
            return Some(place);
        }
        let last = self.shown.checked_sub(1).and_then(|last| self.rest.get(last));
        let cursor = last.and_then(|row| {
            let project = call.site.projects.get(&row.project)?;
            Some(Cursor::behind(order, project, &row.issue))
        });
        Some(Place {
            page: place.page + 1,
            cursor: cursor.or(place.cursor),
        })
    }

    /// The answer.
    pub(super) fn write(
        &self,
        site: &'a Site,
        printer: &mut Printer<'a>,
        token: Option<&str>,
        names: Option<Value>,
    ) -> Response {
        let shown = self.rest.get(..self.shown).unwrap_or_default();
        let mut text = String::from("{\"issues\":[");
        for (place, row) in shown.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            if let Some(project) = site.projects.get(&row.project) {
                printer.issue(&mut text, project, &row.issue);
            }
        }
        text.push(']');
        if !self.has(|trouble| matches!(trouble, PageTrouble::OmitIsLast)) {
            let claims = self.has(|trouble| matches!(trouble, PageTrouble::ClaimLast));
            let is_last = claims || (self.is_last() && token.is_none());
            let _ = write!(text, ",\"isLast\":{is_last}");
        }
        match token {
            Some(token) => {
                let _ = write!(text, ",\"nextPageToken\":\"{token}\"");
            }
            // The last page has no token at all, although the schema speaks of null.
            None if self.has(|trouble| matches!(trouble, PageTrouble::NullToken)) => {
                text.push_str(",\"nextPageToken\":null");
            }
            None => {}
        }
        let warnings = self.warnings();
        if !warnings.is_empty() {
            let _ = write!(text, ",\"warnings\":{}", Value::from(warnings));
        }
        if let Some(names) = names {
            let _ = write!(text, ",\"names\":{names}");
        }
        text.push('}');
        reply::returning(reply::json_text(200, text), shown.len())
    }

    fn warnings(&self) -> Vec<Value> {
        let warning = |trouble: &PageTrouble| match trouble {
            PageTrouble::Warn { warning, .. } => {
                let kind = warning.as_deref().unwrap_or("CLAUSE_LIMIT_EXCEEDED");
                let message = "The search result may be incomplete: a clause of the query reached a limit.";
                Some(json!({"type": kind, "message": message}))
            }
            _ => None,
        };
        self.troubles.iter().filter_map(warning).collect()
    }
}
