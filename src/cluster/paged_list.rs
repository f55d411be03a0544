//! Lists that are read page by page: each page is handed on and dropped, and a list whose place the API server has
//! forgotten begins again.

use std::{fmt::Debug, future::Future};

use kube::{
    Api, Resource,
    api::{ListParams, ObjectList, PartialObjectMeta},
};
use serde::de::DeserializeOwned;

/// How often a list begins.
const STARTS: usize = 3;

/// What became of a list.
#[derive(Debug)]
pub struct Listed<T> {
    /// What was made of its objects.
    pub items: T,
    /// The version from which a watch goes on.
    pub version: String,
}

/// Lists objects; `params` says how many are a page. `take` puts each into what `start` makes, and returns whether to
/// go on.
///
/// # Errors
/// When a page cannot be had.
pub async fn list<K, T>(
    api: &Api<K>,
    params: ListParams,
    start: impl Fn() -> T,
    take: impl FnMut(&mut T, K) -> bool,
) -> kube::Result<Listed<T>>
where
    K: Clone + DeserializeOwned + Debug,
{
    read(params, |params| async move { api.list(&params).await }, start, take).await
}

/// Lists the metadata of objects, as `list` does.
///
/// # Errors
/// When a page cannot be had.
pub async fn list_metadata<K, T>(
    api: &Api<K>,
    params: ListParams,
    start: impl Fn() -> T,
    take: impl FnMut(&mut T, PartialObjectMeta<K>) -> bool,
) -> kube::Result<Listed<T>>
where
    K: Clone + DeserializeOwned + Debug + Resource,
{
    read(
        params,
        |params| async move { api.list_metadata(&params).await },
        start,
        take,
    )
    .await
}

async fn read<K, T, F>(
    first: ListParams,
    page: impl Fn(ListParams) -> F,
    start: impl Fn() -> T,
    mut take: impl FnMut(&mut T, K) -> bool,
) -> kube::Result<Listed<T>>
where
    K: Clone,
    F: Future<Output = kube::Result<ObjectList<K>>>,
{
    let (mut params, mut items, mut starts) = (first.clone(), start(), 1);
    loop {
        let page = match page(params).await {
            Err(kube::Error::Api(status)) if status.code == 410 && starts < STARTS => {
                (params, items, starts) = (first.clone(), start(), starts + 1);
                continue;
            }
            page => page?,
        };
        let goes_on = page.items.into_iter().all(|object| take(&mut items, object));
        match page.metadata.continue_.filter(|token| goes_on && !token.is_empty()) {
            Some(token) => params = first.clone().continue_token(&token),
            None => {
                return Ok(Listed {
                    items,
                    version: page.metadata.resource_version.unwrap_or_default(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    /// Pages with one number each; of these calls each is answered that the place is forgotten.
    async fn numbers(forgotten: &[usize]) -> kube::Result<Listed<Vec<u64>>> {
        let calls = Cell::new(0);
        let page = |params: ListParams| {
            calls.set(calls.get() + 1);
            let number = params.continue_token.map_or(0, |token| token.parse().unwrap_or(0));
            let gone = json!({"code": 410, "reason": "Expired"});
            let next = if number < 3 {
                (number + 1).to_string()
            } else {
                String::new()
            };
            let found = json!({"metadata": {"continue": next, "resourceVersion": "7"}, "items": [number]});
            let answer = if forgotten.contains(&calls.get()) {
                Err(kube::Error::Api(serde_json::from_value(gone).unwrap_or_default()))
            } else {
                serde_json::from_value(found).map_err(kube::Error::SerdeError)
            };
            async move { answer }
        };
        let take = |all: &mut Vec<u64>, number| {
            all.push(number);
            number != 9
        };
        read(ListParams::default(), page, Vec::new, take).await
    }

    #[tokio::test]
    async fn a_list_that_is_forgotten_begins_again_and_not_for_ever() {
        for forgotten in [&[][..], &[3], &[2, 5]] {
            let listed = numbers(forgotten).await.map(|listed| (listed.items, listed.version));
            assert_eq!(listed.ok(), Some((vec![0, 1, 2, 3], "7".to_owned())), "{forgotten:?}");
        }
        assert!(matches!(numbers(&[2, 4, 6]).await, Err(kube::Error::Api(status)) if status.code == 410));
    }
}
