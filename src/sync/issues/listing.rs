//! Lists the ids of everything that a query finds, 5,000 a page, with guards against pages that lead
//! nowhere.

use super::error::MirrorError;
use crate::atlassian::jira::{Jira, Wanted};

/// Most pages of one listing: ten million issues.
const MOST_PAGES: usize = 2000;
/// Most pages without an issue in a row.
const MOST_EMPTY: usize = 3;

/// What a query finds, in its order.
#[derive(Debug, Default)]
pub struct Listed {
    /// Ids and keys.
    pub issues: Vec<(u64, String)>,
    /// Whether it is certain that these are all.
    pub is_complete: bool,
    /// It was given up, because there are more than were wanted.
    pub is_cut: bool,
}

/// Lists what the query finds, and no more pages once there are more than so many.
///
/// # Errors
/// That of the first page that fails, and pages that lead nowhere.
pub async fn list(jira: &Jira, cloud_id: &str, jql: &str, most: usize) -> Result<Listed, MirrorError> {
    let mut listed = Listed {
        is_complete: true,
        ..Listed::default()
    };
    let mut token: Option<String> = None;
    let mut empty = 0;
    for _ in 0..MOST_PAGES {
        let page = jira.search(cloud_id, jql, Wanted::Ids, token.as_deref()).await?;
        listed.is_complete &= page.warnings.is_empty();
        empty = if page.found.issues.is_empty() { empty + 1 } else { 0 };
        // What has no id that can be read may be any of those that are mirrored.
        listed.is_complete &= page.found.odd == 0;
        let ids = page.found.issues.into_iter();
        listed
            .issues
            .extend(ids.filter_map(|issue| Some((issue.id.parse().ok()?, issue.key))));
        let Some(next) = page.next_page_token.filter(|next| !next.is_empty()) else {
            // Without a token there is no way on, whatever isLast says.
            listed.is_complete &= page.is_last != Some(false);
            return Ok(listed);
        };
        if listed.issues.len() > most {
            listed.is_cut = true;
            return Ok(listed);
        }
        if token.as_deref() == Some(&next) {
            return Err(MirrorError::Pages("the same page was given again"));
        }
        if empty > MOST_EMPTY {
            return Err(MirrorError::Pages("page after page without an issue"));
        }
        token = Some(next);
    }
    Err(MirrorError::Pages("more pages than there can be issues"))
}
