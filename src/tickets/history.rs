//! Who changed a field of a ticket, as Jira's history tells. Pure.

use jiff::Timestamp;

use crate::atlassian::transition_models::Change;

/// What Jira's history tells of a ticket.
pub struct History<'a> {
    /// The newest changes, the newest last.
    pub changes: &'a [Change],
    /// Whether there were no others before.
    pub is_whole: bool,
    /// The dedicated account, whose changes are the operator's.
    pub account: &'a str,
}

/// Who changed a field, as the history says.
pub enum Editor {
    /// Somebody else than the operator.
    Other(Option<String>, Option<Timestamp>),
    /// The operator, or nobody.
    Nobody,
}

impl History<'_> {
    /// Whether the operator changed a field after a time.
    #[must_use]
    pub fn has_own_change(&self, field: &str, after: Timestamp) -> bool {
        let mut own = self.changes.iter().filter(|change| {
            let author = change.author.as_ref();
            author.is_some_and(|author| author.account_id == self.account) && change.touches(field)
        });
        own.any(|change| change.at().is_some_and(|at| at > after))
    }

    /// Whether somebody else than the operator added a label that is there.
    #[must_use]
    pub fn is_label_of_others(&self, label: &str) -> bool {
        let added = self.changes.iter().rev().find(|change| change.adds_label(label));
        match added.map(|change| change.author.as_ref()) {
            Some(author) => author.is_none_or(|author| author.account_id != self.account),
            None => !self.is_whole,
        }
    }

    /// Who changed a field last, since a time.
    #[must_use]
    pub fn editor(&self, field: &str, since: Option<Timestamp>) -> Editor {
        let is_since = |change: &&Change| since.is_none_or(|since| change.at().is_some_and(|at| at >= since));
        let mut newest = self.changes.iter().rev().filter(is_since);
        match newest.find(|change| change.touches(field)) {
            Some(change) => {
                let author = change.author.as_ref();
                if author.is_some_and(|author| author.account_id == self.account) {
                    return Editor::Nobody;
                }
                let name = author.map(|author| author.display_name.clone());
                Editor::Other(name.filter(|name| !name.is_empty()), change.at())
            }
            None if self.is_whole || since.is_some() => Editor::Nobody,
            None => Editor::Other(None, None),
        }
    }
}
