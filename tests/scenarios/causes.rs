//! The causes of problem that are known: what people see, and what is then named to them. Each has a
//! scenario that calls [`caused`](crate::coverage::caused) with its id.

/// A known cause of problem.
#[derive(Debug)]
pub struct Cause {
    /// Name of the row.
    pub id: &'static str,
    /// What people see, and what causes it: read when no scenario reports it.
    #[allow(dead_code)]
    pub what: (&'static str, &'static str),
}

const fn row(id: &'static str, seen: &'static str, cause: &'static str) -> Cause {
    Cause {
        id,
        what: (seen, cause),
    }
}

const CONNECTION: &str = "connection fails";
const PROJECTS: &str = "projects do not appear";
const REQUESTS: &str = "request types or forms do not load";
const PERMISSIONS: &str = "permission errors";
const ARTICLES: &str = "knowledge base";
const TICKETS: &str = "a ticket for a person fails";
const OLD: &str = "data looks old";

/// All of them.
pub const CAUSES: &[Cause] = &[
    row("another-account", CONNECTION, "another account than the dedicated one"),
    row("service-account", CONNECTION, "a managed service account"),
    row("app-account", CONNECTION, "an app's account"),
    row("portal-account", CONNECTION, "a portal account"),
    row("no-product-access", CONNECTION, "an account without product access"),
    row(
        "inactive-account",
        CONNECTION,
        "an inactive account, while the token lasts",
    ),
    row("grant-revoked", CONNECTION, "the grant was revoked"),
    row("grant-expired", CONNECTION, "the grant expired"),
    row("client-secret-wrong", CONNECTION, "the client secret is wrong"),
    row("site-unreachable", CONNECTION, "the site is unreachable"),
    row("site-name-wrong", CONNECTION, "the site's name is wrong"),
    row("site-not-granted", CONNECTION, "the site is not among those granted"),
    row("no-site-granted", CONNECTION, "no site is granted at all"),
    row("no-project-at-all", PROJECTS, "no project at all on the site"),
    row("project-not-visible", PROJECTS, "not added, private, or mistyped"),
    row("project-key-mistyped", PROJECTS, "the nearest visible key is suggested"),
    row("browsing-denied", PROJECTS, "the permission scheme denies browsing"),
    row("project-archived", PROJECTS, "archived"),
    row("project-in-trash", PROJECTS, "in the trash"),
    row("project-renamed", PROJECTS, "its key was changed"),
    row(
        "portal-only-named",
        PROJECTS,
        "a named project is seen through its portal only",
    ),
    row(
        "portal-only-tickets",
        PROJECTS,
        "listed, but a portal customer's, to be written",
    ),
    row(
        "portal-only-reading",
        PROJECTS,
        "listed, but a portal customer's, to be read",
    ),
    row("request-types-none", REQUESTS, "none is published"),
    row("request-types-hidden", REQUESTS, "all are in no group"),
    row(
        "request-types-restricted",
        REQUESTS,
        "all are restricted, seen by an administrator",
    ),
    row(
        "request-types-maybe-restricted",
        REQUESTS,
        "restricted, a possible cause of none",
    ),
    row("no-agent-licence", REQUESTS, "no agent, for want of a licence"),
    row("no-agent-role", REQUESTS, "no agent, for want of the role"),
    row(
        "no-agent-renamed-role",
        REQUESTS,
        "no agent, for want of a role that was renamed",
    ),
    row("request-types-not-creatable", REQUESTS, "not creatable by this account"),
    row(
        "form-field-hidden",
        REQUESTS,
        "a form requires a field that the account cannot see",
    ),
    row(
        "service-desk-missing",
        REQUESTS,
        "a service project without a service desk",
    ),
    row("scope-missing", PERMISSIONS, "a scope for writing is missing"),
    row(
        "desk-reading-scope-missing",
        PERMISSIONS,
        "a scope for reading desks is missing",
    ),
    row(
        "desk-writing-scope-missing",
        PERMISSIONS,
        "a scope for writing requests is missing",
    ),
    row("scope-added-later", PERMISSIONS, "granted before the scope was added"),
    row("site-restricts-apps", PERMISSIONS, "the site restricts apps"),
    row("no-create", PERMISSIONS, "the role is too low to create"),
    row("no-edit", PERMISSIONS, "the role is too low to edit"),
    row("no-comment", PERMISSIONS, "the role is too low to comment"),
    row(
        "no-internal-comment",
        PERMISSIONS,
        "the role is too low to comment internally",
    ),
    row("no-transition", PERMISSIONS, "the role is too low to transition"),
    row("no-assign", PERMISSIONS, "the role is too low to assign"),
    row(
        "no-reporter-change",
        PERMISSIONS,
        "the role is too low to set the reporter",
    ),
    row(
        "articles-licence",
        ARTICLES,
        "articles are refused for want of a licence",
    ),
    row("articles-scope", ARTICLES, "articles are refused for want of a scope"),
    row("person-not-in-directory", TICKETS, "not in the directory"),
    row("person-inactive", TICKETS, "inactive"),
    row("person-email-hidden", TICKETS, "e-mail hidden: pin it"),
    row("person-not-assignable", TICKETS, "not assignable in that project"),
    row(
        "person-may-not-be-raised-for",
        TICKETS,
        "the account may not raise requests for others there",
    ),
    row("person-not-looked-up", TICKETS, "the account may not browse users"),
    row("quota-spent", OLD, "the quota is spent"),
    row("sync-failing", OLD, "the synchronisation fails, and since when"),
    row("status-unknown", OLD, "the mapping names a status that no workflow has"),
];
