//! Knowledge bases: searches for articles, across the site and for one desk.

use serde_json::{Value, json};

use super::call::Call;
use super::desks::{self, Found};
use crate::sandbox::reply::{self, Answered};

/// Articles of the desks whose title holds the query; a desk without a knowledge base has none, and that is no error.
fn articles(call: &Call<'_>, desks: &[Found<'_>], required: &[&str]) -> Answered {
    if let Some(missing) = required.iter().find(|name| call.value(name).is_none()) {
        let message = format!("The query parameter '{missing}' is required.");
        return Ok(reply::desk_error(400, &message, "sd.api.knowledgebase.query.missing"));
    }
    if !call.site.knowledge_base {
        let message = "You need a Confluence licence to search the knowledge base.";
        return Ok(reply::desk_error(
            403,
            message,
            "sd.api.knowledgebase.error.not.licensed",
        ));
    }
    let query = call.value("query").unwrap_or_default().to_lowercase();
    let titles = desks.iter().flat_map(|(_, desk)| desk.articles.iter().flatten());
    let hits = titles.filter(|title| title.to_lowercase().contains(&query)).enumerate();
    let describe = |(at, title): (usize, &String)| {
        let page = (8_785_228 + at).to_string();
        let frame = format!("{}/knowledgebase/article/view/{page}", desks::base(call));
        json!({
            "title": title,
            "excerpt": title,
            "source": {"type": "confluence", "pageId": page, "spaceKey": "KB"},
            "content": {"iframeSrc": frame},
        })
    };
    let values: Vec<Value> = hits.map(describe).collect();
    Ok(desks::page_of(call, &values))
}

/// `GET /rest/servicedeskapi/knowledgebase/article`; `query` and `highlight` are required.
pub(super) fn everywhere(call: &Call<'_>) -> Answered {
    articles(call, &desks::reachable(call), &["query", "highlight"])
}

/// `GET /rest/servicedeskapi/servicedesk/{serviceDeskId}/knowledgebase/article`.
pub(super) fn of_desk(call: &Call<'_>) -> Answered {
    articles(call, &[desks::find(call)?], &["query"])
}
