//! A person connects in the browser, and begins again from the link whenever a page says that it failed.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use jira_operator::api::integration::JiraIntegration;

use crate::{
    harness::{
        Setup,
        observe::{PATIENCE, is_ready},
        visitor::{Page, Visitor, link_of},
    },
    sweep::{scenario::Scenario, scene::Scene},
};

/// How long a person waits before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// From an integration without a grant to one that is Ready.
pub struct ConnectByPages;

impl Scenario for ConnectByPages {
    fn name(&self) -> &'static str {
        "sweep::connect_by_pages"
    }

    fn setup(&self) -> Setup {
        Setup {
            pages: true,
            ..Setup::default()
        }
    }

    fn prepare<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            scene.harness.register("acme-oauth").await;
        }
        .boxed()
    }

    fn act<'s>(&'s self, scene: &'s Scene) -> BoxFuture<'s, ()> {
        async move {
            scene.harness.integrate("acme", "acme-oauth", Scene::spec()).await;
            let connected = tokio::time::timeout(PATIENCE, connect(scene)).await;
            connected.expect("a person connects it in the end");
        }
        .boxed()
    }
}

/// Tries until a page says that it is connected.
async fn connect(scene: &Scene) {
    loop {
        // What a page could not show, or showed as failed because its answer was lost, may have been taken all the
        // same.
        let needed = |object: &JiraIntegration| is_ready(object) || link_of(object).is_some();
        let object = scene
            .harness
            .until("acme", "Ready or to be connected by a link", needed)
            .await;
        let Some(link) = link_of(&object) else { return };
        if is_shown_connected(scene, link).await == Some(true) {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Goes through it once. Nothing where a page does not come.
async fn is_shown_connected(scene: &Scene, link: &str) -> Option<bool> {
    let mut visitor = Visitor::default();
    let page = visitor.try_open(link).await.filter(|page| page.status == 200)?;
    let (_, rest) = page.text.split_once("class=\"button\" href=\"")?;
    let (target, _) = rest.split_once('"')?;
    let left = visitor.try_open(&format!("{}{target}", scene.harness.pages)).await?;
    if left.status != 303 {
        return Some(false);
    }
    let callback = scene.harness.accept(&left.location);
    let back = visitor.try_open(&callback).await?;
    let result = result(&mut visitor, &format!("{}{}", scene.harness.pages, back.location)).await?;
    Some(result.text.contains("Connected"))
}

/// The page that says what came of it.
async fn result(visitor: &mut Visitor, address: &str) -> Option<Page> {
    loop {
        let page = visitor.try_open(address).await?;
        if !page.text.contains("Asking Atlassian") {
            return Some(page);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
