//! The one dispatch: what each command does, and to which part of the sandbox.

use std::sync::RwLockWriteGuard;

use super::answer::{Answer, Applied, CommandError};
use super::vocabulary::Command;
use super::{
    desks, fields, grants, issues, languages, limits, names, people, projects, roles, search, sites, statuses, tickets,
    webhooks,
};
use crate::sandbox::jira;
use crate::sandbox::shared::Shared;
use crate::sandbox::world::World;

/// Carries a command out, and tells those who have webhooks of what it changed.
pub(crate) fn apply(shared: &Shared, command: Command) -> Applied {
    let applied = carry_out(shared, command);
    jira::dispatch(shared);
    applied
}

#[allow(clippy::too_many_lines, clippy::unit_arg)] // A table: a command and what carries it out in a line.
#[rustfmt::skip]
fn carry_out(shared: &Shared, command: Command) -> Applied {
    use Command as C;
    let world = || changing(shared);
    let done = |()| Ok(Answer::Done);
    match command {
        // Apps, grants and tokens.
        C::CreateApp(app) => grants::create_app(&mut world(), app),
        C::DescribeApp { client_id } => grants::describe_app(&mut world(), client_id),
        C::SetCallback { client_id, callback_url } => grants::set_callback(&mut world(), client_id, callback_url),
        C::RotateClientSecret { client_id } => grants::rotate_secret(&mut world(), client_id),
        C::MintGrant { client_id, account, sites, scopes, online } =>
            grants::mint(&mut world(), client_id, account.as_deref(), (sites, scopes), !online),
        C::Consent { authorize_url, account, sites, deny } =>
            grants::click_consent(&mut world(), &authorize_url, account.as_deref(), sites, !deny),
        C::MintCode { authorize_url, account, sites } =>
            grants::mint_code(&mut world(), &authorize_url, account.as_deref(), sites),
        C::WithholdScopes { client_id, scopes } => grants::withhold(&mut world(), client_id, scopes),
        C::RevokeGrant { client_id, account } => grants::revoke(&mut world(), client_id, account.as_deref()),
        C::ChangePassword { account } => grants::change_password(&mut world(), account.as_deref()),
        C::AddSiteToGrant { client_id, account, site } =>
            grants::add_site(&mut world(), client_id, account.as_deref(), &site),
        C::RemoveSiteFromGrant { client_id, account, site } =>
            grants::remove_site(&mut world(), client_id, account.as_deref(), site.as_deref()),
        C::DropScope { client_id, scope } => Ok(grants::drop_scope(&mut world(), client_id, &scope)),
        C::AddScope { client_id, scope } => Ok(grants::add_scope(&mut world(), client_id, &scope)),
        C::SetExpiresIn { seconds, client_id } => grants::set_expires_in(&mut world(), seconds, client_id),
        C::SetAbsoluteExpiry { days } => done(grants::set_absolute_expiry(&mut world(), days)),
        C::SetRefusal { kind } => done(grants::set_refusal(&mut world(), kind)),
        C::AdvanceClock { seconds } => grants::advance_clock(&mut world(), seconds),
        C::StopClock { stopped } => done(grants::stop_clock(&mut world(), stopped)),

        // People.
        C::AddAccount(new) => people::add(&mut world(), new),
        C::AddAccounts { site, count, apps_percent, domain } =>
            people::add_many(&mut world(), site.as_deref(), count, apps_percent, domain.as_deref()),
        C::DeactivateAccount { account, keep_grants } =>
            people::deactivate(&mut world(), account.as_deref(), keep_grants),
        C::ReactivateAccount { account } =>
            people::change(&mut world(), account.as_deref(), |account| account.active = true),
        C::SetAccountType { account, account_type, app_type } =>
            people::set_type(&mut world(), account.as_deref(), account_type, app_type),
        C::SetEmail { account, email } =>
            people::change(&mut world(), account.as_deref(), |account| account.email = email),
        C::RenameAccount { account, display_name } =>
            people::change(&mut world(), account.as_deref(), |account| account.display_name = display_name),
        C::HideEmail { account, hidden } =>
            people::change(&mut world(), account.as_deref(), |account| account.email_visible = !hidden),
        C::HideAllEmails { hidden } => done(people::hide_all_emails(&mut world(), hidden)),
        C::SetLocale { account, locale } =>
            people::change(&mut world(), account.as_deref(), |account| account.locale = locale),
        C::SetTimeZone { account, time_zone } => people::set_time_zone(&mut world(), account.as_deref(), time_zone),
        C::RemoveProductAccess { site, account, status, unlisted } =>
            people::remove_access(&mut world(), site.as_deref(), account.as_deref(), status, unlisted),
        C::GrantProductAccess { site, account, agent } =>
            people::grant_access(&mut world(), site.as_deref(), account.as_deref(), agent),
        C::RemoveAgentLicence { site, account } =>
            people::remove_licence(&mut world(), site.as_deref(), account.as_deref()),
        C::SetGlobalPermission { site, account, permission, held } =>
            people::set_global_permission(&mut world(), site.as_deref(), account.as_deref(), permission, held),

        // Sites.
        C::CreateSite { name, host, account } => sites::create(&mut world(), &name, &host, account.as_deref()),
        C::RenameSite { site, host } => sites::rename(&mut world(), site.as_deref(), host),
        C::ReplaceSite { site, with } => sites::replace(&mut world(), site.as_deref(), with.as_deref()),
        C::SetSiteDown { site, down, status } =>
            sites::change(&mut world(), site.as_deref(), |site| site.down = down.then_some(status.unwrap_or(503))),
        C::BlockApp { site, client_id, blocked } =>
            sites::block(&mut world(), site.as_deref(), client_id, blocked),
        C::SetLanguage { site, language } => languages::set(&mut world(), site.as_deref(), &language),
        C::PassOverUsers { site, count } =>
            sites::change(&mut world(), site.as_deref(), |site| site.passed_over = count),

        // Projects.
        C::CreateProject { site, key, name, template } =>
            projects::create_one(&mut world(), site.as_deref(), key, name, template.as_deref()),
        C::CreateProjects { site, count, prefix, template } =>
            projects::create_many(&mut world(), site.as_deref(), count, prefix.as_deref(), template.as_deref()),
        C::ArchiveProject { site, project } => projects::archive(&mut world(), site.as_deref(), &project),
        C::TrashProject { site, project } => projects::trash(&mut world(), site.as_deref(), &project),
        C::RestoreProject { site, project } => projects::restore(&mut world(), site.as_deref(), &project),
        C::DeleteProject { site, project } => projects::delete(&mut world(), site.as_deref(), &project),
        C::KeepOnlyProject { site, project } => projects::keep_only(&mut world(), site.as_deref(), &project),
        C::RenameProjectKey { site, project, key } =>
            projects::rename_key(&mut world(), site.as_deref(), &project, key),
        C::SetProjectPrivate { site, project, private } =>
            projects::change(&mut world(), site.as_deref(), &project, |project| project.is_private = private),
        C::GrantPermission { site, project, permission, account, holder } =>
            projects::grant(&mut world(), site.as_deref(), &project, &permission, (account.as_deref(), holder)),
        C::RevokePermission { site, project, permission, account, holder } =>
            projects::revoke(&mut world(), site.as_deref(), &project, &permission, (account.as_deref(), holder)),
        C::SetPortalLens { in_permissions_check, in_project_search } =>
            done(projects::set_portal_lens(&mut world(), in_permissions_check, in_project_search)),

        // Faults and the log of requests.
        C::AddFault { rule } => Ok(Answer::Fault { id: shared.faults.add(rule) }),
        C::RemoveFault { id } => remove_fault(shared, id),
        C::ClearFaults => done(shared.faults.clear()),
        C::ListFaults => Ok(Answer::Faults { faults: shared.faults.list() }),
        C::ClearRequests => done(shared.requests.clear()),

        // Service desks.
        C::SetRequestTypes { site, project, request_types } =>
            desks::set_request_types(&mut world(), site.as_deref(), &project, request_types),
        C::AddRequestType { site, project, request_type } =>
            desks::add_request_type(&mut world(), site.as_deref(), &project, request_type),
        C::RemoveRequestType { site, project, request_type } =>
            desks::remove_request_type(&mut world(), site.as_deref(), &project, &request_type),
        C::ChangeRequestType(change) => desks::change_request_type(&mut world(), &change),
        C::SetFormField { site, project, request_type, field } =>
            desks::set_field(&mut world(), site.as_deref(), &project, request_type.as_deref(), &field),
        C::RemoveFormField { site, project, request_type, field_id } =>
            desks::remove_field(&mut world(), site.as_deref(), &project, request_type.as_deref(), &field_id),
        C::RemoveDesk { site, project } => desks::remove(&mut world(), site.as_deref(), &project),
        C::RestoreDesk { site, project } => desks::restore(&mut world(), site.as_deref(), &project),
        C::SetCustomerAccess { site, project, open } =>
            desks::change(&mut world(), site.as_deref(), &project, |desk| desk.open = open),
        C::SetArticles { site, project, articles } =>
            desks::change(&mut world(), site.as_deref(), &project, |desk| desk.articles = articles),
        C::SetKnowledgeBase { site, licensed } =>
            sites::change(&mut world(), site.as_deref(), |site| site.knowledge_base = licensed),
        C::ShowCanCreate { site, shown } =>
            sites::change(&mut world(), site.as_deref(), |site| site.tells_can_create = shown),
        C::CapPages { site, most } => sites::change(&mut world(), site.as_deref(), |site| site.desk_page = most),

        // Roles and groups.
        C::RenameRole { site, project, role, name } =>
            roles::rename(&mut world(), site.as_deref(), project.as_deref(), &role, &name),
        C::AddToRole { site, project, role, account } =>
            roles::add_account(&mut world(), site.as_deref(), &project, &role, account.as_deref()),
        C::AddGroupToRole { site, project, role, group } =>
            roles::add_group(&mut world(), site.as_deref(), &project, &role, group),
        C::RemoveFromRole { site, project, role, account, group } =>
            roles::remove(&mut world(), site.as_deref(), &project, &role, (account.as_deref(), group)),
        C::AddToGroup { site, group, account } =>
            roles::add_to_group(&mut world(), site.as_deref(), group, account.as_deref()),
        C::RemoveFromGroup { site, group, account } =>
            roles::remove_from_group(&mut world(), site.as_deref(), &group, account.as_deref()),

        // Statuses, issue types and priorities.
        C::RenameStatus { site, project, status, name } =>
            names::rename_status(&mut world(), site.as_deref(), project.as_deref(), &status, &name),
        C::RenameIssueType { site, project, issue_type, name } =>
            names::rename_type(&mut world(), site.as_deref(), project.as_deref(), &issue_type, &name),
        C::RenamePriority { site, priority, name } =>
            names::rename_priority(&mut world(), site.as_deref(), &priority, name),
        C::AddStatus { site, project, name, category } =>
            statuses::add(&mut world(), site.as_deref(), &project, name, category),
        C::RemoveStatus { site, project, status } =>
            statuses::remove(&mut world(), site.as_deref(), &project, &status),
        C::SetStatuses { site, project, statuses } =>
            statuses::set(&mut world(), site.as_deref(), &project, statuses),

        // Issues and what search knows of them.
        C::AddIssues(new) => issues::add(&mut world(), new),
        C::UpdateIssue(update) => issues::update(&mut world(), update),
        C::ChangeIssues { site, project, ids, percent, set } =>
            issues::change(&mut world(), site.as_deref(), (project.as_deref(), ids, percent), set),
        C::DeleteIssues { site, project, ids, percent } =>
            issues::delete_many(&mut world(), site.as_deref(), (project.as_deref(), ids, percent)),
        C::DeleteIssue { site, issue } => tickets::delete(&mut world(), site.as_deref(), &issue),
        C::MoveIssue { site, issue, project } => tickets::move_to(&mut world(), site.as_deref(), &issue, &project),
        C::DateIssue { site, issue, seconds } => issues::date(&mut world(), site.as_deref(), &issue, seconds),
        C::TouchIssue { site, issue, every_seconds } =>
            issues::touch(&mut world(), site.as_deref(), &issue, every_seconds),
        C::HideIssue { site, issue, hidden } => search::hide(&mut world(), site.as_deref(), &issue, hidden),
        C::ArchiveIssue { site, issue, archived } =>
            search::archive(&mut world(), site.as_deref(), &issue, archived),
        C::FailIssues { site, issues } => search::fail(&mut world(), site.as_deref(), &issues),
        C::SetIndexLag { site, issue, seconds, until_released } =>
            search::set_lag(&mut world(), site.as_deref(), issue.as_deref(), seconds, until_released),
        C::ReleaseIndex { site, ids } => search::release(&mut world(), site.as_deref(), ids),

        // What issues are made with.
        C::AddField(new) => fields::add(&mut world(), new),
        C::ChangeScreen(change) => fields::change_screen(&mut world(), change),
        C::AddValidator { site, project, issue_type, field, message } =>
            fields::add_validator(&mut world(), site.as_deref(), &project, issue_type, (field, message)),
        C::SetParts { site, project, components, versions } =>
            fields::set_parts(&mut world(), site.as_deref(), &project, components, versions),
        C::SetDefaultAssignee { site, project, lead } =>
            projects::change(&mut world(), site.as_deref(), &project, |project| project.assigns_lead = lead),
        C::SetTransitions { site, project, transitions } =>
            fields::set_transitions(&mut world(), site.as_deref(), &project, transitions),
        C::MeetCondition { site, project, transition, met } =>
            fields::meet_condition(&mut world(), site.as_deref(), &project, &transition, met),
        C::SetForm { site, project, request_type, questions, enforced } => fields::set_form(
            &mut world(), site.as_deref(), &project, request_type.as_deref(), (questions, enforced),
        ),
        C::SetIssueLinking { site, active } =>
            sites::change(&mut world(), site.as_deref(), |site| site.tickets.linking = active),

        // What people do to tickets, and what was written to them.
        C::CreateIssue(new) => tickets::create(&mut world(), new),
        C::CloneIssue { site, issue, account, summary } =>
            tickets::clone(&mut world(), site.as_deref(), &issue, account.as_deref(), summary),
        C::EditIssue { site, issue, account, fields } =>
            tickets::edit(&mut world(), site.as_deref(), &issue, account.as_deref(), fields),
        C::LabelIssue { site, issue, account, add, remove } =>
            tickets::label(&mut world(), site.as_deref(), &issue, account.as_deref(), (add, remove)),
        C::SetIssueProperty { site, issue, account, key, value } =>
            tickets::set_property(&mut world(), site.as_deref(), &issue, account.as_deref(), (key, value)),
        C::CommentOnIssue { site, issue, account, text, internal } =>
            tickets::comment(&mut world(), site.as_deref(), &issue, account.as_deref(), (text, internal)),
        C::DeleteComment { site, comment } => tickets::delete_comment(&mut world(), site.as_deref(), comment),
        C::TransitionIssue { site, issue, account, to } =>
            tickets::transition(&mut world(), site.as_deref(), &issue, account.as_deref(), &to),
        C::RevertField { site, issue, field, after_seconds, off } =>
            tickets::revert(&mut world(), site.as_deref(), &issue, field, (!off).then_some(after_seconds)),
        C::DescribeLedger { site, issue, by_app } =>
            tickets::describe_ledger(&mut world(), site.as_deref(), issue.as_deref(), by_app),
        C::SetUndocumented { site, set } => tickets::set_undocumented(&mut world(), site.as_deref(), set),
        C::SetIssueLimit { off } => done(limits::set_issue_limit(shared, off)),

        // Webhooks.
        C::ShareApp { client_id, shared, owner } => grants::share(&mut world(), client_id, shared, owner),
        C::MapWebhookHost { host, port } => done(shared.outbox.map_host(&host, port)),
        C::SetWebhookDelivery(change) => done(shared.outbox.change_settings(change)),
        C::SetWebhookRules { site, set } => webhooks::set_rules(&mut world(), site.as_deref(), set),
        C::AddWebhookFault { fault } => done(shared.outbox.add_fault(fault)),
        C::ClearWebhookFaults => done(shared.outbox.clear_faults()),
        C::ForgetWebhooks { site, client_id, account, ids } => webhooks::forget(
            &mut world(), site.as_deref(), client_id.as_deref(), account.as_deref(), ids.as_deref(),
        ),
        C::ForgeWebhook(forged) => webhooks::forge(shared, forged),
        C::DescribeWebhooks { site } => webhooks::describe(&mut world(), site.as_deref()),
        C::DescribeDeliveries => Ok(Answer::Deliveries { deliveries: shared.outbox.deliveries() }),

        // Limits, delays and pages.
        C::SetQuota { points, off, per_tenant, post_reads } =>
            done(limits::set_quota(shared, points, off, per_tenant, post_reads)),
        C::SpendPoints { client_id, site, points } => limits::spend(shared, client_id, site.as_deref(), points),
        C::DescribeQuota { client_id, site } => limits::describe(shared, client_id, site.as_deref()),
        C::SetBurst { endpoint, method, per_second, off } =>
            done(limits::set_burst(shared, endpoint, method, per_second, off)),
        C::StartStorm { seconds, path, reason, retry_after_seconds } =>
            done(limits::start_storm(shared, seconds, path, reason, retry_after_seconds)),
        C::EndStorm => done(shared.limits.lock().storms.clear()),
        C::SetLimitHeaders { omit, beta } => done(limits::set_headers(shared, &omit, beta)),
        C::SetLatency { milliseconds } => done(shared.set_latency(milliseconds)),
        C::SetCallDuration { milliseconds } => done(shared.set_call_duration(milliseconds)),
        C::AddPageFault { fault } => done(shared.pages.add(fault)),
        C::ClearPageFaults => done(shared.pages.clear()),
    }
}

/// The world to be changed, as a new version of itself.
fn changing(shared: &Shared) -> RwLockWriteGuard<'_, World> {
    let mut world = shared.world_mut();
    world.version += 1;
    world
}

fn remove_fault(shared: &Shared, id: u64) -> Applied {
    let known = shared.faults.remove(id);
    let unknown = || CommandError::unknown("fault", id.to_string());
    known.then_some(Answer::Done).ok_or_else(unknown)
}
