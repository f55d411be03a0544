//! The table of endpoints: method, path, the scopes of which one suffices, and the handler.

use super::call::{Call, Judged};
use super::requests::{self, participants, request_comments};
use super::tickets::{
    changelog, comment_properties, comments, create, create_meta, edit, field_list, issue_links, properties,
    remote_links, transition, transitions,
};
use super::webhooks::{registering, registrations};
use super::{
    articles, desks, issues, permissions, projects, queries, request_types, search, server_info, statuses, users,
};
use crate::sandbox::reply::Answered;
use crate::sandbox::world::{Receipt, Site};

/// One endpoint.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    /// Scopes of which one suffices; none means that any token will do.
    pub(super) scopes: &'static [&'static str],
    /// A scope that is needed beside.
    pub(super) besides: Option<&'static str>,
    /// Whether portal customers may call it.
    pub(super) for_customers: bool,
    pub(super) handler: Handler,
}

/// What answers a call.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Reads the world.
    Read(fn(&Call<'_>) -> Answered),
    /// Writes: what is to be written is judged, then carried out, and then answered, with nobody in between.
    Write {
        judge: fn(&Call<'_>) -> Judged,
        answer: fn(&Call<'_>, &Receipt) -> Answered,
    },
}

const WORK: &[&str] = &["read:jira-work"];
const USER: &[&str] = &["read:jira-user"];
const WORK_WRITE: &[&str] = &["write:jira-work"];
const DESK_WRITE: &[&str] = &["write:servicedesk-request"];
const DESK: &[&str] = &["read:servicedesk-request"];
/// The one endpoint that takes no classic scope.
const ARTICLES: &[&str] = &["read:knowledgebase:jira-service-management"];
const CONFIGURATION: &[&str] = &["manage:jira-configuration"];

const fn route(
    method: &'static str,
    pattern: &'static str,
    scopes: &'static [&'static str],
    handler: fn(&Call<'_>) -> Answered,
) -> Route {
    Route {
        method,
        pattern,
        scopes,
        besides: None,
        for_customers: false,
        handler: Handler::Read(handler),
    }
}

/// An endpoint that writes.
const fn write(
    method: &'static str,
    pattern: &'static str,
    scopes: &'static [&'static str],
    judge: fn(&Call<'_>) -> Judged,
    answer: fn(&Call<'_>, &Receipt) -> Answered,
) -> Route {
    Route {
        method,
        pattern,
        scopes,
        besides: None,
        for_customers: false,
        handler: Handler::Write { judge, answer },
    }
}

/// The same for portal customers too.
const fn portal_write(
    method: &'static str,
    pattern: &'static str,
    judge: fn(&Call<'_>) -> Judged,
    answer: fn(&Call<'_>, &Receipt) -> Answered,
) -> Route {
    Route {
        for_customers: true,
        ..write(method, pattern, DESK_WRITE, judge, answer)
    }
}

/// The same for portal customers too.
const fn portal(
    method: &'static str,
    pattern: &'static str,
    scopes: &'static [&'static str],
    handler: fn(&Call<'_>) -> Answered,
) -> Route {
    Route {
        for_customers: true,
        ..route(method, pattern, scopes, handler)
    }
}

/// An endpoint of webhooks, which takes two scopes.
const fn hook(route: Route) -> Route {
    Route {
        besides: Some("manage:jira-webhook"),
        ..route
    }
}

/// Every endpoint of the sandbox. Literal paths stand before those with a placeholder in the same place.
#[rustfmt::skip] // A table: an endpoint in a line.
const ROUTES: &[Route] = &[
    portal("GET", "rest/api/3/myself", USER, users::myself),
    route("GET", "rest/api/3/serverInfo", &[], server_info::get),
    route("GET", "rest/api/3/mypermissions", WORK, permissions::mine),
    route("GET", "rest/api/3/permissions", CONFIGURATION, permissions::all),
    route("POST", "rest/api/3/permissions/check", WORK, permissions::check),
    route("POST", "rest/api/3/permissions/project", WORK, permissions::projects),
    route("GET", "rest/api/3/project/search", WORK, projects::search),
    route("GET", "rest/api/3/project/{}", WORK, projects::get),
    route("GET", "rest/api/3/project/{}/statuses", WORK, projects::statuses),
    route("GET", "rest/api/3/status", WORK, statuses::all),
    route("GET", "rest/api/3/users", USER, users::all),
    route("GET", "rest/api/3/users/search", USER, users::all),
    route("GET", "rest/api/3/user", USER, users::get),
    route("GET", "rest/api/3/user/search", USER, users::search),
    route("GET", "rest/api/3/user/bulk", USER, users::bulk),
    route("GET", "rest/api/3/user/assignable/search", USER, users::assignable),
    route("GET", "rest/api/3/search", WORK, search::gone),
    route("POST", "rest/api/3/search", WORK, search::gone),
    route("GET", "rest/api/3/search/jql", WORK, search::search),
    route("POST", "rest/api/3/search/jql", WORK, search::search),
    route("POST", "rest/api/3/search/approximate-count", WORK, search::count),
    route("POST", "rest/api/3/jql/match", WORK, queries::match_issues),
    route("POST", "rest/api/3/jql/parse", WORK, queries::parse),
    route("POST", "rest/api/3/issue/bulkfetch", WORK, issues::bulk_fetch),
    route("GET", "rest/api/3/issue/{}", WORK, issues::get),
    route("GET", "rest/api/3/field", WORK, field_list::all),
    route("GET", "rest/api/3/issue/createmeta/{}/issuetypes", WORK, create_meta::types),
    route("GET", "rest/api/3/issue/createmeta/{}/issuetypes/{}", WORK, create_meta::fields),
    write("POST", "rest/api/3/issue", WORK_WRITE, create::judge, create::answer),
    write("PUT", "rest/api/3/issue/{}", WORK_WRITE, edit::judge, edit::answer),
    write("DELETE", "rest/api/3/issue/{}", WORK_WRITE, edit::judge_deletion, edit::done),
    write("PUT", "rest/api/3/issue/{}/assignee", WORK_WRITE, edit::judge_assignee, edit::done),
    route("GET", "rest/api/3/issue/{}/transitions", WORK, transitions::list),
    write("POST", "rest/api/3/issue/{}/transitions", WORK_WRITE, transition::judge, edit::done),
    route("GET", "rest/api/3/issue/{}/changelog", WORK, changelog::list),
    route("GET", "rest/api/3/issue/{}/properties", WORK, properties::keys),
    route("GET", "rest/api/3/issue/{}/properties/{}", WORK, properties::get),
    write("PUT", "rest/api/3/issue/{}/properties/{}", WORK_WRITE, properties::judge, properties::answer),
    write("DELETE", "rest/api/3/issue/{}/properties/{}", WORK_WRITE, properties::judge_deletion, edit::done),
    route("GET", "rest/api/3/issue/{}/comment", WORK, comments::list),
    write("POST", "rest/api/3/issue/{}/comment", WORK_WRITE, comments::judge, comments::answer),
    route("GET", "rest/api/3/issue/{}/comment/{}", WORK, comments::get),
    write("PUT", "rest/api/3/issue/{}/comment/{}", WORK_WRITE, comments::judge_edit, comments::answer),
    write("DELETE", "rest/api/3/issue/{}/comment/{}", WORK_WRITE, comments::judge_deletion, edit::done),
    route("POST", "rest/api/3/comment/list", WORK, comments::by_ids),
    route("GET", "rest/api/3/comment/{}/properties", WORK, comment_properties::keys),
    route("GET", "rest/api/3/comment/{}/properties/{}", WORK, comment_properties::get),
    write("PUT", "rest/api/3/comment/{}/properties/{}", WORK_WRITE, comment_properties::judge, properties::answer),
    write("DELETE", "rest/api/3/comment/{}/properties/{}", WORK_WRITE, comment_properties::judge_deletion, edit::done),
    route("GET", "rest/api/3/issue/{}/remotelink", WORK, remote_links::list),
    write("POST", "rest/api/3/issue/{}/remotelink", WORK_WRITE, remote_links::judge, remote_links::answer),
    write("DELETE", "rest/api/3/issue/{}/remotelink", WORK_WRITE, remote_links::judge_deletion, edit::done),
    route("GET", "rest/api/3/issue/{}/remotelink/{}", WORK, remote_links::get),
    write("DELETE", "rest/api/3/issue/{}/remotelink/{}", WORK_WRITE, remote_links::judge_deletion, edit::done),
    route("GET", "rest/api/3/issueLinkType", WORK, issue_links::types),
    hook(route("GET", "rest/api/3/webhook", WORK, registrations::list)),
    hook(write("POST", "rest/api/3/webhook", WORK, registering::judge, registering::answer)),
    hook(write("DELETE", "rest/api/3/webhook", WORK, registrations::judge_deletion, registrations::deleted)),
    hook(write("PUT", "rest/api/3/webhook/refresh", WORK, registrations::judge_refresh, registrations::refreshed)),
    hook(route("GET", "rest/api/3/webhook/failed", WORK, registrations::failed)),
    write("POST", "rest/api/3/issueLink", WORK_WRITE, issue_links::judge, issue_links::answer),
    portal_write("POST", "rest/servicedeskapi/request", requests::create::judge, requests::create::answer),
    portal("GET", "rest/servicedeskapi/request/{}", DESK, requests::body::get),
    portal("GET", "rest/servicedeskapi/request/{}/comment", DESK, request_comments::list),
    portal_write("POST", "rest/servicedeskapi/request/{}/comment", request_comments::judge, request_comments::answer),
    portal("GET", "rest/servicedeskapi/request/{}/comment/{}", DESK, request_comments::get),
    portal("GET", "rest/servicedeskapi/request/{}/participant", DESK, participants::list),
    portal_write("POST", "rest/servicedeskapi/request/{}/participant", participants::judge, participants::answer),
    portal_write(
        "DELETE", "rest/servicedeskapi/request/{}/participant", participants::judge_removal, participants::answer,
    ),
    portal("GET", "rest/servicedeskapi/servicedesk", DESK, desks::list),
    portal("GET", "rest/servicedeskapi/requesttype", DESK, request_types::everywhere),
    portal("GET", "rest/servicedeskapi/servicedesk/{}", DESK, desks::get),
    portal("GET", "rest/servicedeskapi/servicedesk/{}/requesttype", DESK, request_types::of_desk),
    portal("GET", "rest/servicedeskapi/servicedesk/{}/requesttype/{}/field", DESK, request_types::fields),
    portal("POST", "rest/servicedeskapi/servicedesk/{}/requesttype/permissions/check", DESK, request_types::check),
    portal("GET", "rest/servicedeskapi/servicedesk/{}/knowledgebase/article", ARTICLES, articles::of_desk),
    portal("GET", "rest/servicedeskapi/knowledgebase/article", DESK, articles::everywhere),
];

/// Whether a method writes at a path.
pub(super) fn is_write(method: &str, path: &str) -> bool {
    matches!(find(method, path), Found::Endpoint(route, _) if matches!(route.handler, Handler::Write { .. }))
}

/// Id of the issue that a path writes to, if there is such an issue.
pub(super) fn written_issue(site: &Site, route: &Route, params: &[String]) -> Option<u64> {
    let name = params.first()?;
    if route.pattern.starts_with("rest/api/3/comment/") {
        return site.comment(name.parse().ok()?).map(|(issue, _)| issue);
    }
    site.issue(name).map(|(_, issue)| issue.id)
}

/// What a path leads to.
pub(super) enum Found {
    /// The endpoint and what stood at its placeholders.
    Endpoint(&'static Route, Vec<String>),
    /// The path exists, the method does not.
    OtherMethod,
    /// No such path.
    Nothing,
}

/// Finds the endpoint for a method and a path below the cloud id.
pub(super) fn find(method: &str, path: &str) -> Found {
    let mut answer = Found::Nothing;
    for route in ROUTES {
        let Some(params) = matches(route.pattern, path) else {
            continue;
        };
        if route.method == method {
            return Found::Endpoint(route, params);
        }
        answer = Found::OtherMethod;
    }
    answer
}

/// The values of the placeholders if the path has the shape of the pattern.
fn matches(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some("{}"), Some(value)) if !value.is_empty() => params.push(value.to_owned()),
            (Some(literal), Some(value)) if literal == value => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_path_goes_before_a_placeholder() {
        let Found::Endpoint(route, params) = find("GET", "rest/api/3/project/search") else {
            panic!("project/search is missing");
        };
        assert_eq!((route.pattern, params.len()), ("rest/api/3/project/search", 0));
        assert!(matches!(find("PUT", "rest/api/3/myself"), Found::OtherMethod));
        assert!(matches!(find("GET", "rest/api/3/nothing"), Found::Nothing));
    }
}
