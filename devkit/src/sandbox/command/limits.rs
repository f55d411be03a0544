//! Commands about rate limits, delays and pages.

use jiff::SignedDuration;

use super::answer::{Answer, CommandError};
use super::limit_vocabulary::LimitCommand;
use super::people::cloud_id;
use crate::sandbox::fault::RateLimitReason;
use crate::sandbox::limits::{BurstRule, HeaderStyle, Quota, Storm};
use crate::sandbox::shared::Shared;
use crate::sandbox::world::CLIENT_ID;

type Applied = Result<Answer, CommandError>;

/// Carries out a command about limits.
pub(crate) fn apply(shared: &Shared, command: LimitCommand) -> Applied {
    match command {
        LimitCommand::SetQuota {
            points,
            off,
            per_tenant,
            post_reads,
        } => {
            let quota = &mut shared.limits.lock().quota;
            let usual = Quota::default().pool;
            quota.pool = if off { None } else { points.or(usual) };
            quota.per_tenant = per_tenant;
            quota.post_reads = post_reads;
        }
        LimitCommand::SpendPoints {
            client_id,
            site,
            points,
        } => {
            let (client_id, now) = (app(shared, client_id)?, shared.world().now());
            let site = cloud_id(&shared.world(), site.as_deref())?;
            shared.limits.lock().quota.spend(&client_id, &site, points, now);
        }
        LimitCommand::DescribeQuota { client_id, site } => return describe(shared, client_id, site.as_deref()),
        LimitCommand::SetLatency { milliseconds } => shared.set_latency(milliseconds),
        LimitCommand::SetCallDuration { milliseconds } => shared.set_call_duration(milliseconds),
        LimitCommand::AddPageFault { fault } => shared.pages.add(fault),
        LimitCommand::ClearPageFaults => shared.pages.clear(),
        other => return apply_to_speed(shared, other),
    }
    Ok(Answer::Done)
}

/// Commands about bursts, storms and headers.
fn apply_to_speed(shared: &Shared, command: LimitCommand) -> Applied {
    let now = shared.world().now();
    let mut limits = shared.limits.lock();
    match command {
        LimitCommand::SetBurst {
            endpoint,
            method,
            per_second,
            off,
        } => {
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
        LimitCommand::StartStorm {
            seconds,
            path,
            reason,
            retry_after_seconds,
        } => {
            let until = now.checked_add(SignedDuration::from_secs(i64::from(seconds)));
            limits.storms.push(Storm {
                until: until.unwrap_or(jiff::Timestamp::MAX),
                path: path.unwrap_or_default(),
                reason: reason.unwrap_or(RateLimitReason::JiraBurstBased),
                retry_after: retry_after_seconds,
            });
        }
        LimitCommand::EndStorm => limits.storms.clear(),
        LimitCommand::SetLimitHeaders { omit, beta } => {
            let omitted = omit.iter().map(|name| name.to_ascii_lowercase()).collect();
            limits.style = HeaderStyle { omitted, beta };
        }
        other => return Err(CommandError::Invalid(format!("nobody carries out {other:?}"))),
    }
    Ok(Answer::Done)
}

fn app(shared: &Shared, client_id: Option<String>) -> Result<String, CommandError> {
    let client_id = client_id.unwrap_or_else(|| CLIENT_ID.to_owned());
    let known = shared.world().ledger.apps.contains_key(&client_id);
    known
        .then(|| client_id.clone())
        .ok_or_else(|| CommandError::unknown("app", client_id))
}

fn describe(shared: &Shared, client_id: Option<String>, site: Option<&str>) -> Applied {
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
