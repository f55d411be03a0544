//! The table of endpoints: method, path, the scopes of which one suffices, and the handler.

use super::call::Call;
use super::{
    articles, desks, issues, permissions, projects, queries, request_types, search, server_info, statuses, users,
};
use crate::sandbox::reply::Answered;

/// One endpoint.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    /// Scopes of which one suffices; none means that any token will do.
    pub(super) scopes: &'static [&'static str],
    /// Whether portal customers may call it.
    pub(super) for_customers: bool,
    pub(super) handler: fn(&Call<'_>) -> Answered,
}

const WORK: &[&str] = &["read:jira-work"];
const USER: &[&str] = &["read:jira-user"];
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
        for_customers: false,
        handler,
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

/// Every endpoint of the sandbox. Literal paths stand before those with a placeholder in the same place.
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
    portal("GET", "rest/servicedeskapi/servicedesk", DESK, desks::list),
    portal(
        "GET",
        "rest/servicedeskapi/requesttype",
        DESK,
        request_types::everywhere,
    ),
    portal("GET", "rest/servicedeskapi/servicedesk/{}", DESK, desks::get),
    portal(
        "GET",
        "rest/servicedeskapi/servicedesk/{}/requesttype",
        DESK,
        request_types::of_desk,
    ),
    portal(
        "GET",
        "rest/servicedeskapi/servicedesk/{}/requesttype/{}/field",
        DESK,
        request_types::fields,
    ),
    portal(
        "POST",
        "rest/servicedeskapi/servicedesk/{}/requesttype/permissions/check",
        DESK,
        request_types::check,
    ),
    portal(
        "GET",
        "rest/servicedeskapi/servicedesk/{}/knowledgebase/article",
        ARTICLES,
        articles::of_desk,
    ),
    portal(
        "GET",
        "rest/servicedeskapi/knowledgebase/article",
        DESK,
        articles::everywhere,
    ),
];

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
