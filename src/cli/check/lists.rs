//! Lists of objects, page by page, and what is said where they may not be had.

use std::fmt::Debug;

use kube::{Api, api::ListParams};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::cli::context::{CheckReason, ReportLine};
use crate::cluster::{
    error::describe,
    paged_list::{Listed, list},
};

/// Objects in one page of a list.
const PAGE: u32 = 500;

/// Lists everything, a page at a time.
///
/// # Errors
/// When a page cannot be had.
pub async fn all<K>(api: &Api<K>, params: ListParams) -> kube::Result<Listed<Vec<K>>>
where
    K: Clone + DeserializeOwned + Debug,
{
    let take = |all: &mut Vec<K>, object| {
        all.push(object);
        true
    };
    list(api, params.limit(PAGE), Vec::new, take).await
}

/// Why something could not be read, in words.
#[must_use]
pub fn refused(resource: &str, place: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 403 => {
            format!("you may not read {resource} in {place}; the chart's role jira-operator-view would let you")
        }
        kube::Error::Api(status) if status.code == 404 => format!(
            "the cluster does not know {resource}: install the CRDs with jira-operator crds | kubectl apply -f -"
        ),
        other => format!("{resource} could not be read: {}", describe(other)),
    }
}

/// That the projects of an integration could not be listed.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct UnlistedProjects {
    /// Whether that is a matter of rights.
    forbidden: bool,
    /// Why, as a sentence.
    message: String,
}

impl UnlistedProjects {
    /// From the API server's refusal. `lost` says what is not known without the list.
    #[must_use]
    pub fn of(namespace: &str, error: &kube::Error, lost: &str) -> Self {
        let why = refused("jiraprojects", namespace, error);
        let mut letters = why.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        Self {
            forbidden: matches!(error, kube::Error::Api(status) if status.code == 403),
            message: format!("{}{}. {lost}", first.unwrap_or_default(), letters.as_str()),
        }
    }

    /// The line that says so.
    #[must_use]
    pub fn line(&self) -> ReportLine {
        let reason = if self.forbidden {
            CheckReason::MayNotAsk
        } else {
            CheckReason::NotLookedAt
        };
        ReportLine::local("Projects", reason, &*self.message)
    }
}
