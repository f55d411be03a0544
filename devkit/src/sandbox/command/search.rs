//! Commands about what search knows, and about those who read it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::answer::{Answer, CommandError};
use super::issue_vocabulary::IssueCommand;
use super::people::{account_id, add_account, cloud_id, site_mut};
use super::projects::find_issue;
use crate::sandbox::random;
use crate::sandbox::world::{Account, AccountType, Lag, World};

type Applied = Result<Answer, CommandError>;

/// Carries out a command about search or its readers, the last of those about issues.
pub(crate) fn apply(world: &mut World, command: IssueCommand) -> Applied {
    match command {
        IssueCommand::SetIndexLag {
            site,
            seconds,
            until_released,
        } => {
            site_mut(world, site.as_deref())?.register.index.lag = match seconds {
                _ if until_released => Lag::UntilReleased,
                Some(seconds) => Lag::For(SignedDuration::from_secs(i64::from(seconds))),
                None => Lag::None,
            };
            Ok(Answer::Done)
        }
        IssueCommand::ReleaseIndex { site, ids } => {
            let ids: Option<BTreeSet<u64>> = ids.map(|ids| ids.into_iter().collect());
            let index = &mut site_mut(world, site.as_deref())?.register.index;
            let count = index.release(ids.as_ref());
            Ok(Answer::Count { count })
        }
        IssueCommand::HideIssue { site, issue, hidden } => {
            let site = site_mut(world, site.as_deref())?;
            let id = find_issue(site, &issue)?;
            if hidden {
                site.register.hidden.insert(id);
            } else {
                site.register.hidden.remove(&id);
            }
            Ok(Answer::Done)
        }
        IssueCommand::ArchiveIssue { site, issue, archived } => {
            let site = site_mut(world, site.as_deref())?;
            let id = find_issue(site, &issue)?;
            if archived {
                site.register.archived.insert(id);
            } else {
                site.register.archived.remove(&id);
            }
            Ok(Answer::Done)
        }
        IssueCommand::FailIssues { site, issues } => {
            let site = site_mut(world, site.as_deref())?;
            let ids = issues.iter().map(|issue| find_issue(site, issue));
            site.register.unanswered = ids.collect::<Result<_, _>>()?;
            Ok(Answer::Done)
        }
        IssueCommand::SetTimeZone { account, time_zone } => {
            if TimeZone::get(&time_zone).is_err() {
                return Err(CommandError::unknown("time zone", time_zone));
            }
            let id = account_id(world, account.as_deref())?;
            if let Some(account) = world.accounts.get_mut(&id) {
                account.time_zone = time_zone;
            }
            Ok(Answer::Done)
        }
        IssueCommand::AddAccounts {
            site,
            count,
            apps_percent,
            domain,
        } => {
            let site = cloud_id(world, site.as_deref())?;
            let domain = domain.as_deref().unwrap_or("many.example");
            for n in 1..=count {
                let app = n * apps_percent / 100 > (n - 1) * apps_percent / 100;
                let id = random::account_id();
                let mut account = Account::person(id, &format!("person-{n}@{domain}"), &format!("Person {n}"));
                if app {
                    account.account_type = AccountType::App;
                    account.email = String::new();
                    account.display_name = format!("App {n}");
                }
                add_account(world, account, std::slice::from_ref(&site), false)?;
            }
            Ok(Answer::Count { count: count as usize })
        }
        other => Err(CommandError::Invalid(format!("nobody carries out {other:?}"))),
    }
}
