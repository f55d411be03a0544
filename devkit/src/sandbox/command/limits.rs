//! Commands about rate limits, delays and pages.

use jiff::SignedDuration;

use super::answer::{Answer, Applied, CommandError};
use super::people::cloud_id;
use crate::sandbox::limits::{BurstRule, HeaderStyle, PerIssue, PostReads, Quota, RateLimitReason, Storm};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::CLIENT_ID;

pub(super) fn set_quota(shared: &Shared, points: Option<u64>, off: bool, per_tenant: bool, post_reads: PostReads) {
    let quota = &mut shared.limits.lock().quota;
    quota.pool = if off { None } else { points.or(Quota::default().pool) };
    quota.per_tenant = per_tenant;
    quota.post_reads = post_reads;
}

pub(super) fn spend(shared: &Shared, client_id: Option<String>, site: Option<&str>, points: u64) -> Applied {
    let (client_id, now) = (app(shared, client_id)?, shared.world().now());
    let site = cloud_id(&shared.world(), site)?;
    shared.limits.lock().quota.spend(&client_id, &site, points, now);
    Ok(Answer::Done)
}

pub(super) fn set_issue_limit(shared: &Shared, off: bool) {
    let per_issue = &mut shared.limits.lock().per_issue;
    *per_issue = PerIssue::default();
    per_issue.off = off;
}

pub(super) fn set_burst(
    shared: &Shared,
    endpoint: Option<String>,
    method: Option<String>,
    per_second: Option<u32>,
    off: bool,
) {
    let mut limits = shared.limits.lock();
    limits.bursts.refill();
    limits.bursts.off = off;
    match per_second {
        Some(per_second) => limits.bursts.rules.push(BurstRule {
            method,
            endpoint: endpoint.unwrap_or_default(),
            per_second,
        }),
        None => limits.bursts.rules.clear(),
    }
}

pub(super) fn start_storm(
    shared: &Shared,
    seconds: u32,
    path: Option<String>,
    reason: Option<RateLimitReason>,
    retry_after: Option<u32>,
) {
    let now = shared.world().now();
    let until = now.checked_add(SignedDuration::from_secs(i64::from(seconds)));
    shared.limits.lock().storms.push(Storm {
        until: until.unwrap_or(jiff::Timestamp::MAX),
        path: path.unwrap_or_default(),
        reason: reason.unwrap_or(RateLimitReason::JiraBurstBased),
        retry_after,
    });
}

pub(super) fn set_headers(shared: &Shared, omit: &[String], beta: bool) {
    let omitted = omit.iter().map(|name| name.to_ascii_lowercase()).collect();
    shared.limits.lock().style = HeaderStyle { omitted, beta };
}

fn app(shared: &Shared, client_id: Option<String>) -> Result<String, CommandError> {
    let client_id = client_id.unwrap_or_else(|| CLIENT_ID.to_owned());
    let known = shared.world().oauth.apps.contains_key(&client_id);
    known
        .then(|| client_id.clone())
        .ok_or_else(|| CommandError::unknown("app", client_id))
}

pub(super) fn describe(shared: &Shared, client_id: Option<String>, site: Option<&str>) -> Applied {
    let client_id = app(shared, client_id)?;
    let site = site.map(|site| cloud_id(&shared.world(), Some(site))).transpose()?;
    let now = shared.world().now();
    let quota = &mut shared.limits.lock().quota;
    let account = quota.account(&client_id, site.as_deref(), now);
    Ok(Answer::Quota {
        pool: quota.pool,
        spent: quota.counted(&account.this_hour),
        this_hour: account.this_hour,
        ever: account.ever,
    })
}
