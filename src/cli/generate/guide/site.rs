//! `SiteReachable` and `ScopesGranted`: the site, and what the grant covers there.

use super::Guide;

pub(super) static SITE_NOT_ALLOWED: Guide = Guide {
    found: "`spec.site` was read, and nothing was asked. The operator sends requests only to hosts under `atlassian.net`, `jira.com` and those that its flag `--allow-site-suffix` adds.",
    apart: &[
        "A company's own address for Jira (a custom domain) does not work: the site's address at Atlassian is needed.",
        "Jira Data Center and Jira Server are other products, which this operator does not connect.",
    ],
    mend: &["The browser shows it while you use Jira; only the beginning is needed, without a path."],
    operator: "It removes the access token from the consumers' Secret, and looks again when the spec changes.",
    terms: &["custom domain", "Data Center", "`--allow-site-suffix`"],
};

pub(super) static SITE_NOT_FOUND: Guide = Guide {
    found: "Atlassian's list of the sites that the grant reaches has none under this address. Every Jira Cloud site tells its id without a log-in, too, and here none did: there is none, or the address leads elsewhere. The message lists the sites that the grant reaches, which often shows the slip.",
    apart: &[
        "*Mistyped*: a site in the list of the message is nearly the same.",
        "*Renamed*: an organization admin sees the site's present address in [Atlassian Administration](https://admin.atlassian.com). A site that was connected before its renaming is followed, and this reason does not appear.",
        "*Deleted or deactivated*: it is missing in Atlassian Administration as well, or its subscription has ended.",
    ],
    mend: &["Only the beginning is needed, such as `https://your-site.atlassian.net`, without a path."],
    operator: "It removes the access token from the consumers' Secret. Projects and their last answers stay.",
    terms: &["site name", "instance URL", "cloudId"],
};

pub(super) static SITE_NOT_GRANTED: Guide = Guide {
    found: "The site told its id, and Atlassian's list of the sites that the grant reaches does not have it. The message names those that it has. An empty list has several causes that Atlassian answers alike.",
    apart: &[
        "*The list has other sites*: another site was chosen on the consent screen, or `spec.site` names the wrong one.",
        "*The list is empty, scopes*: the consent covered no Jira scope. Compare with [the scopes](permissions.md#scopes-of-the-app).",
        "*The list is empty, access*: the account has no access to Jira on the site. Log in to the site with it and see.",
        "*The list is empty, blocked*: the site blocks apps that users install. The consent screen then says that an admin has not allowed the app; an administrator sees it in Atlassian Administration under *Apps* → the site → *Connected apps* → *Settings*.",
    ],
    mend: &[
        "[Connect again](#how-to-connect) with the dedicated account, and choose this site on the consent screen. A second consent adds a site to the grant and takes none away.",
        "Blocked? Let an organization or site admin allow user-installed apps there, then connect again.",
    ],
    operator: "It removes the access token from the consumers' Secret, so that no workload talks to a site that nobody meant.",
    terms: &[
        "accessible-resources",
        "app is blocked by an admin",
        "user-installed apps",
    ],
};

pub(super) static SITE_CHANGED: Guide = Guide {
    found: "The id that the site told is not the one in `status.site.cloudId`. A site keeps its id when it is renamed, so this is another site.",
    apart: &[
        "*spec.site was changed*: Git or the object's `managedFields` say by whom.",
        "*The name was taken over*: the former site was deleted, and somebody else's has its name now.",
    ],
    mend: &["The JiraProjects that there are belong to the old site and go with the old JiraIntegration."],
    operator: "It touches nothing of the new site, deletes no JiraProject, and removes the access token from the consumers' Secret.",
    terms: &["cloudId"],
};

pub(super) static SITE_UNAVAILABLE: Guide = Guide {
    found: "A question to Jira was answered by an error of its servers, by a page instead of data, too late, not at all, or by a refusal that says nothing of what was asked. So the condition is Unknown. The message says which, and what follows from it.",
    apart: &[
        "*Asked to slow down*: the app's quota or a limit of calls a second was reached. Nothing is broken.",
        "*Refused*, with Jira's own words: that stays, and is a fault of the operator that wants to be reported.",
        "[status.atlassian.com](https://status.atlassian.com) tells of outages.",
        "*Only from this cluster*: a NetworkPolicy, proxy or firewall holds back `api.atlassian.com` or the site's own host. Both are needed.",
    ],
    mend: &["`curl -sI https://api.atlassian.com` from a pod in the operator's namespace shows whether there is one."],
    operator: "It respects a wait that Atlassian asks for. JiraProjects keep their last answer, and the consumers' Secret its token.",
    terms: &["outage", "time-out", "egress"],
};

pub(super) static SCOPES_MISSING: Guide = Guide {
    found: "Atlassian says which scopes a token has: once when it is issued, once in the list of granted sites. A scope that the spec needs is missing in one of them; or all are there and Jira still refused a call because \"scope does not match\". The message names each scope and what needs it.",
    apart: &[
        "*Not asked for*: the `refresh-token` came from a consent that asked for less. Connecting in the browser or in the terminal asks for all scopes, and Atlassian refuses one that is missing in the app's *Permissions*.",
        "*Added later*: the app has it, and the consent is older. A scope that is added to the app never reaches an existing grant.",
        "*Only some APIs*: the service desk scopes belong to the Jira Service Management API; adding the Jira platform's API does not bring them.",
        "*Granular scopes*: a hand-made list of granular scopes lacks one of those that a call needs. Use the classic ones.",
    ],
    mend: &[
        "In the [developer console](https://developer.atlassian.com/console/myapps/) open the app, then *Permissions*, and add the scope. [Scopes of the app](permissions.md#scopes-of-the-app) has the whole list to copy.",
        "[Connect again](#how-to-connect). Refreshing does not help.",
        "Want to read only? `mode: Observe` needs no scope that writes.",
    ],
    operator: "It asks what the scopes allow and skips the rest: without service desk scopes, for example, projects are still looked at.",
    terms: &[
        "scope does not match",
        "insufficient scope",
        "re-authorise",
        "re-consent",
    ],
};
