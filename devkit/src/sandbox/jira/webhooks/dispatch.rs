//! Hands what happened to the outbox, in the order in which it happened.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::call::Call;
use super::super::tickets::comments;
use super::news::{self, Recipient};
use super::payload;
use crate::sandbox::shared::Shared;
use crate::sandbox::webhooks::{ForgedDelivery, NewDelivery};
use crate::sandbox::world::{Event, Flow, Happening, Project, Site, World};

/// Makes deliveries of what happened since the last time, if anything did.
pub(crate) fn dispatch(shared: &Shared) {
    let has_news = |world: &World| world.sites.values().any(|site| site.webhooks.happened() > 0);
    if !has_news(&shared.world()) {
        return;
    }
    // One at a time, so that deliveries are in the world's order, which goes on meanwhile.
    let _turn = shared.outbox.turn();
    let news = take(&mut shared.world_mut());
    for (cloud_id, happenings) in news {
        for happening in happenings {
            let world = shared.world();
            if let Some(site) = world.sites.get(&cloud_id) {
                tell(shared, &world, site, &happening);
            }
        }
    }
}

/// What happened on each site.
fn take(world: &mut World) -> BTreeMap<String, Vec<Happening>> {
    let sites = world.sites.iter_mut();
    sites
        .map(|(cloud_id, site)| (cloud_id.clone(), site.webhooks.take()))
        .collect()
}

fn tell(shared: &Shared, world: &World, site: &Site, happening: &Happening) {
    let Some(project) = site.projects.get(&happening.project) else {
        return;
    };
    for (recipient, ids) in news::recipients(world, site, project, happening) {
        let Some(call) = reader(shared, world, site, recipient) else {
            continue;
        };
        let comment = happening.comment.as_ref();
        if comment.is_some_and(|comment| !comments::is_shown(&call, project, comment)) {
            continue;
        }
        shared.outbox.push(NewDelivery {
            cloud_id: site.cloud_id.clone(),
            client_id: recipient.0.to_owned(),
            account_id: recipient.1.to_owned(),
            url: recipient.2.to_owned(),
            event: happening.event.name().to_owned(),
            issue_id: Some(happening.issue.id),
            comment_id: comment.map(|comment| comment.id),
            flow: happening.flow,
            body: payload::body(&call, project, happening, &ids),
            webhook_ids: ids,
        });
    }
}

/// The recipient, as if it asked.
fn reader<'a>(shared: &'a Shared, world: &'a World, site: &'a Site, recipient: Recipient<'a>) -> Option<Call<'a>> {
    Some(Call {
        shared,
        world,
        site,
        account: world.accounts.get(recipient.1)?,
        client_id: recipient.0,
        params: Vec::new(),
        query: Vec::new(),
        body: Value::Null,
        path: String::new(),
        experimental: false,
    })
}

/// Makes a delivery that Jira did not make, and answers its number: to where the app has webhooks, as from there.
pub(crate) fn forge(shared: &Shared, cloud_id: &str, client_id: &str, forged: ForgedDelivery) -> Result<u64, String> {
    let world = shared.world();
    let site = world.sites.get(cloud_id).ok_or("there is no such site")?;
    let webhook = site
        .webhooks
        .live(world.now())
        .find(|webhook| webhook.client_id == client_id);
    let account_id = webhook.map_or("", |webhook| webhook.account_id.as_str());
    let url = forged
        .url
        .clone()
        .or_else(|| webhook.map(|webhook| webhook.url.clone()));
    let url = url.ok_or("the app has no webhook on this site: name the `url`")?;
    let ids: Vec<u64> = webhook.map(|webhook| webhook.id).into_iter().collect();
    let event = forged
        .event
        .clone()
        .unwrap_or_else(|| Event::IssueUpdated.name().to_owned());
    let (issue_id, body) = match (&forged.body, &forged.issue) {
        (Some(body), _) => (None, body.to_string()),
        (None, Some(name)) => {
            let (project, issue) = site.issue(name).ok_or("there is no such issue")?;
            (
                Some(issue.id),
                body_about(site, project, issue.id, &event, &ids).to_string(),
            )
        }
        (None, None) => return Err("say what it tells: `issue` or `body`".to_owned()),
    };
    let delivery = NewDelivery {
        cloud_id: cloud_id.to_owned(),
        client_id: client_id.to_owned(),
        account_id: account_id.to_owned(),
        url,
        event,
        issue_id,
        comment_id: None,
        webhook_ids: ids,
        flow: Flow::Primary,
        body,
    };
    Ok(shared.outbox.push_forged(delivery, forged))
}

/// As much of a body as a stranger would think of.
fn body_about(site: &Site, project: &Project, id: u64, event: &str, ids: &[u64]) -> Value {
    let issue = project.issues.get(&id);
    let number = issue.map(|issue| issue.number).unwrap_or_default();
    let summary = issue.map(|issue| issue.summary.as_str());
    json!({
        "timestamp": issue.map(|issue| issue.updated.as_millisecond()),
        "webhookEvent": event,
        "matchedWebhookIds": ids,
        "issue": {
            "id": id.to_string(),
            "self": format!("{}/rest/api/2/issue/{id}", site.url()),
            "key": format!("{}-{number}", project.key),
            "fields": {"summary": summary},
        },
    })
}
