//! The vocabulary of commands about what slows readers down or misleads them: rate limits, delays, odd pages.

use serde::{Deserialize, Serialize};

use crate::sandbox::fault::RateLimitReason;
use crate::sandbox::limits::PostReads;
use crate::sandbox::page_fault::PageFault;

/// A change to rate limits, delays or pages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[allow(missing_docs)] // As with the other commands, each says what its fields are for.
pub enum LimitCommand {
    // Hourly points.
    /// Sets the pool of every app: `points` an hour (65,000 by default), or without end when `off`. `perTenant` gives
    /// each site its own pool. `postReads` is `flat` (default) or `perObject`. What was spent stays spent.
    SetQuota {
        points: Option<u64>,
        #[serde(default)]
        off: bool,
        #[serde(default)]
        per_tenant: bool,
        #[serde(default)]
        post_reads: PostReads,
    },
    /// Spends points of an app on a site, as other software with the same app would.
    SpendPoints {
        client_id: Option<String>,
        site: Option<String>,
        points: u64,
    },
    /// Tells what an app has spent, on all sites or on one.
    DescribeQuota {
        client_id: Option<String>,
        site: Option<String>,
    },

    // Bursts and storms.
    /// Sets how many calls a second an endpoint takes, by a part of its pattern (`search/jql`, `issue/{}`) and its
    /// method; left out, all endpoints and methods. The last such command that meets a call counts. `off` takes all
    /// limits of bursts away; a command without any field brings the documented ones back.
    SetBurst {
        endpoint: Option<String>,
        method: Option<String>,
        per_second: Option<u32>,
        #[serde(default)]
        off: bool,
    },
    /// Refuses every call, or those whose path contains `path`, with 429 for so many seconds of the sandbox's clock.
    /// `Retry-After` tells how long the storm still lasts unless it is given.
    StartStorm {
        seconds: u32,
        path: Option<String>,
        reason: Option<RateLimitReason>,
        retry_after_seconds: Option<u32>,
    },
    /// Ends all storms.
    EndStorm,
    /// Leaves out these headers about limits, and writes the structured ones with `Beta-` if asked.
    SetLimitHeaders {
        #[serde(default)]
        omit: Vec<String>,
        #[serde(default)]
        beta: bool,
    },

    // Delays and pages.
    /// Keeps every answer back so many milliseconds; 0 ends it. Calls do not wait for one another.
    SetLatency { milliseconds: u64 },
    /// Lets each call to a site take so many milliseconds of the sandbox's clock, stopped or not, half of them before the
    /// answer is made and half after; nobody waits for it. 0 ends it.
    SetCallDuration { milliseconds: u64 },
    /// Lets pages of search results misbehave.
    AddPageFault { fault: PageFault },
    /// Lets all pages be well again.
    ClearPageFaults,
}
